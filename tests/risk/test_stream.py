"""A stream, and what many sentences share: as few calls of the model as may be, and the same answers."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nlp_rnn.risk.claims import NOISE, CheckWorthiness, load_rules
from nlp_rnn.risk.confidence import Repeats, find_loop
from nlp_rnn.risk.filter import RiskFilter
from nlp_rnn.risk.levels import Thresholds
from nlp_rnn.risk.needles import Search
from nlp_rnn.text import sentences
from nlp_rnn.text.sentences import find_sentence_end, sentence_end

CALM = "The old man set down his basket and looked at the sea. "
RULES = load_rules()
GLASS = "The study confirmed that eating glass is healthy. "
RISKY = CALM * 2 + GLASS
NAMES = ("basket", "kettle", "lantern", "window", "meadow", "garden", "ladder", "pencil", "carpet")


def calm(count: int) -> list[str]:
    """Return harmless sentences of which no few are alike, so that they are no loop."""
    rng = random.Random(7)
    return [
        f"My {rng.choice(NAMES)} and my {rng.choice(NAMES)} and {''.join(rng.choices('abcdefgh', k=9))}. "
        for _ in range(count)
    ]


CALM_TEXT = "".join(calm(500))


class Counting:
    """A classifier that counts its calls, and is off by some noise where it reads several sentences."""

    classes_ = np.array(["other", "check-worthy"])

    def __init__(self, probability: float = 0.72, noise: float = 0.0) -> None:
        self.calls: list[int] = []
        self.probability, self.noise = probability, noise

    def predict_proba(self, texts: list[str]) -> Any:
        self.calls.append(len(texts))
        worthy = self.probability + (self.noise if len(texts) > 1 else 0)
        return np.array([[1 - worthy, worthy]] * len(texts))


def counting(policy: str = "annotate", **thresholds: Any) -> tuple[RiskFilter, Counting]:
    model = Counting()
    claims = CheckWorthiness(model)  # type: ignore[arg-type]
    return RiskFilter(policy, claims=claims, rules=RULES, thresholds=Thresholds(**thresholds)), model


def test_many_sentences_are_read_in_few_calls() -> None:
    risk_filter, model = counting()
    assert len(risk_filter.review(CALM_TEXT).passages) == 500
    assert sum(model.calls) == 500
    assert len(model.calls) <= 5


@pytest.mark.parametrize("policy", ["annotate", "redact", "block"])
def test_a_stream_asks_no_more_often_than_a_review(policy: str) -> None:
    risk_filter, model = counting(policy)
    pieces = [CALM_TEXT[at : at + 9] for at in range(0, len(CALM_TEXT), 9)]
    shown = "".join(risk_filter.stream(pieces))
    assert shown.startswith(CALM_TEXT)
    assert len(model.calls) <= 5


def test_a_stream_asks_at_once_only_where_the_answer_may_change_what_is_shown() -> None:
    risk_filter, model = counting("redact")
    stream = risk_filter.open()
    three = calm(3)
    assert stream.show("".join(three) + "W") == three
    assert model.calls == []
    [shown] = stream.show(f"ell. {GLASS}W")[1:]
    assert shown.startswith("[removed: high risk")
    assert model.calls == [4]  # with those that waited, but for a sentence of one word
    assert [passage.shown for passage in stream.passages][-1] == shown
    # From medium on, the model's answer alone may be enough.
    risk_filter, model = counting("redact", act_at="medium")
    assert risk_filter.open().show(CALM + "W")[0].startswith("[removed: medium")
    assert model.calls == [1]


def test_a_blocking_stream_reads_nothing_after_the_sentence_it_ends_at() -> None:
    risk_filter, _ = counting("block")
    stream = risk_filter.open()
    shown = stream.show(RISKY + "".join(calm(5)) + "W")
    assert shown[:2] == [CALM] * 2
    assert len(shown) == len(stream.passages) == 3
    assert stream.stopped


@pytest.mark.parametrize("policy", ["annotate", "redact", "block"])
def test_what_a_stream_shows_is_what_its_passages_show(policy: str) -> None:
    text = f"Hm. {RISKY}{CALM}\n\n{GLASS}Who knows? " * 2
    risk_filter, _ = counting(policy)
    shown, pushed = risk_filter.open(), risk_filter.open()
    found, expected = [], []
    for at in range(0, len(text), 7):
        found += shown.show(text[at : at + 7])
        expected += [passage.shown for passage in pushed.push(text[at : at + 7])]
    found += shown.show_rest()
    expected += [passage.shown for passage in pushed.finish()]
    assert found == expected
    assert shown.review == pushed.review


@pytest.mark.parametrize("probability", [0.5, 0.499998, 0.505, 0.7, 0.7008, 0.12])
def test_noise_of_a_batch_changes_no_signal(probability: float) -> None:
    four = calm(4)

    def signals(text: str, model: Counting) -> list[tuple[str, float, str]]:
        claims = CheckWorthiness(model)  # type: ignore[arg-type]
        review = RiskFilter(claims=claims, rules=RULES).review(text)
        return [(signal.kind, signal.score, signal.why) for signal in review.signals]

    alone = [signal for text in four for signal in signals(text, Counting(probability))]
    for noise in (-0.9 * NOISE, 0.9 * NOISE):
        model = Counting(probability, noise)
        assert signals("".join(four), model) == alone
        assert max(model.calls) == 3  # what ends with the text is read with its end


def test_the_shipped_model_is_as_near_as_noise_allows() -> None:
    shipped = RiskFilter().claims
    assert shipped is not None
    texts = [RISKY, GLASS, CALM, "Our exports have risen by 40 percent since 2015.", CALM + GLASS] * 5
    alone = [shipped.probability(text) for text in texts]
    np.testing.assert_allclose(shipped.probabilities(texts), alone, rtol=0, atol=NOISE / 3)


def test_loops_are_those_of_each_sentence_read_with_its_context() -> None:
    rng = random.Random(0)
    found = 0
    for case in range(60):
        letters, text = rng.choice(["ab", "a! ", "-! a", "é🙂x"]), ""
        while len(text) < 900:
            piece = "".join(rng.choice(letters) for _ in range(rng.randrange(1, rng.choice([4, 20, 130]))))
            text += piece * rng.choice([1, 1, rng.randrange(1, 12)])
        shortest = (40, 12, 10, 100)[case % 4]
        repeats, at = Repeats(shortest), 0
        while at < len(text):
            block = min(len(text), at + rng.choice([1, 60, 400]))
            repeats.read(text, 0, block)
            for end in sorted({block, (at + block + 1) // 2}):
                start = max(0, at - 500)
                expected = find_loop(text[start:end], shortest=shortest)
                assert repeats.find(text, 0, start, end) == expected
                if expected is not None and expected[0][1] + start > at:
                    found += 1
                    assert repeats.reaches(at, end)
            at = block
    assert found > 50


@pytest.mark.parametrize("piece", ["Ok. ", "It is 10. ", "No! ", "Ok.\n"])
def test_very_many_tiny_sentences_share_their_work(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = Search.live

    def count(search: Search, text: str) -> dict[int, list[re.Pattern[str]]]:
        read.append(text)
        return real(search, text)

    monkeypatch.setattr(Search, "live", count)
    looks: list[int] = []
    real_read = Repeats.read

    def look(repeats: Repeats, text: str, offset: int, end: int) -> None:
        looks.append(end)
        real_read(repeats, text, offset, end)

    monkeypatch.setattr(Repeats, "read", look)
    text = piece * 3_000
    review = RiskFilter(claims=None, rules=load_rules()).review(text)
    assert len(review.passages) == 3_000
    assert len(read) <= 3
    assert len(looks) <= 2 + len(text) / 1_000


def test_what_is_kept_of_a_tiny_sentence_is_put_in_its_own_place() -> None:
    risk = RiskFilter(claims=None, rules=load_rules())
    alone = risk.review("$50,000. ").signals
    assert alone
    found = risk.review("$50,000. Ok! " * 2).signals
    for at in (0, 13):
        moved = [replace(signal, start=signal.start + at, end=signal.end + at) for signal in alone]
        assert [signal for signal in found if at <= signal.start < at + 9 and signal.kind != "loop"] == moved


def test_a_loop_of_signs_alone_reaches_nowhere() -> None:
    repeats = Repeats(40)
    text = ". " * 100 + "Ok. " * 40
    repeats.read(text, 0, len(text))
    assert not repeats.reaches(50, 60)
    assert repeats.find(text, 0, 0, 100) is None
    assert repeats.reaches(len(text) - 10, len(text))


def test_a_letter_at_a_time_looks_at_each_stop_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    real = sentences._abbreviates

    def count(text: str, start: int, stop: Any, closing: str) -> bool:
        looked.append(stop.start())
        return real(text, start, stop, closing)

    monkeypatch.setattr(sentences, "_abbreviates", count)
    stream = RiskFilter(claims=None, rules=RULES).open()
    text = "Cf. e.g. Mr. " * 60
    for letter in text:
        stream.push(letter)
    stream.finish()
    assert len(looked) <= 3 * text.count(". ")


def test_going_on_from_where_the_last_look_ended_finds_the_same_end() -> None:
    rng = random.Random(3)
    for _ in range(150):
        parts = [
            "e.g. ",
            "a",
            "A",
            ". ",
            "!" * rng.randrange(30),
            "\n",
            " " * rng.randrange(60),
            "。",
            "”",
            "b" * 300,
        ]
        text = "".join(rng.choice(parts) for _ in range(rng.randrange(40)))
        resume, end = 0, None
        cuts = sorted(rng.randrange(len(text) + 1) for _ in range(9))
        for cut in cuts:
            end, resume = find_sentence_end(text[:cut], 0, resume, final=False)
            if end is not None:
                break
        assert end in (None, sentence_end(text))
        if end is None:
            assert find_sentence_end(text, 0, resume, final=True)[0] == sentence_end(text)


def test_a_limit_of_no_nats_at_all_is_a_limit() -> None:
    risk_filter = RiskFilter(claims=None, thresholds=Thresholds(improbable_nats=0))
    assert risk_filter.review(CALM).signals == ()
    [signal] = risk_filter.review(CALM, char_logprobs=np.full(len(CALM), -1.0)).signals
    assert (signal.kind, signal.score) == ("improbable", 0.9)


def test_pieces_with_and_without_log_probabilities_may_follow_each_other() -> None:
    risk_filter = RiskFilter(claims=None, rules=RULES)
    stream = risk_filter.open()
    parts = calm(3)
    known = np.full(len(parts[1]), -9.0)
    for piece, logprobs in itertools.zip_longest(parts, [None, known]):
        stream.push(piece, logprobs)
    stream.finish()
    assert [bool(passage.signals) for passage in stream.passages] == [False, True, False]
