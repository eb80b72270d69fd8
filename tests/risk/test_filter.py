"""The risk filter: rules, cases, levels, places, policies, and a stream that agrees with the whole text."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_rnn.cli import main
from nlp_rnn.errors import ConfigError, DataError, InputError
from nlp_rnn.resources import CLAIMS_MODEL, data_folder
from nlp_rnn.risk import claims
from nlp_rnn.risk import filter as risk
from nlp_rnn.risk.claims import CheckWorthiness, load_rules, mask_digits
from nlp_rnn.risk.confidence import find_improbable, find_loop
from nlp_rnn.risk.disclaimer import MACHINE, SUBJECTS, disclaimer
from nlp_rnn.risk.filter import BLOCKED, NOT_ENGLISH, RiskFilter
from nlp_rnn.risk.levels import LEVELS, Thresholds
from nlp_rnn.risk.overlap import OverlapIndex
from nlp_rnn.risk.review import Passage, Review
from nlp_rnn.risk.scanner import RiskScanner
from nlp_rnn.risk.signals import Signal, combined
from nlp_rnn.risk.suite import load_cases, run_cases
from nlp_rnn.text.sentences import LONGEST_SENTENCE, sentence_end, split_sentences

hypothesis = pytest.importorskip("hypothesis")
given, settings, st = hypothesis.given, hypothesis.settings, hypothesis.strategies

GLASS = "The study confirmed that eating glass is healthy."
HARMLESS = "The old man set down his basket and looked at the sea. "
TRAINING = (
    "The lantern in the harbour went out at dusk, and the island kept its kettle warm for the ferryman. " * 2
)
RULES = load_rules()
FILTER = RiskFilter(claims=None)
MEMORY = OverlapIndex.build(TRAINING)
STORY = (
    f"“It is late,” said Dr. Moss 🙂.\n{HARMLESS}{GLASS} {TRAINING} Who knows? I know. I know. I know. "
    "I know. I know. I know. I know. I know. I know. I know. Zzyxq grumbfl wexy.\n\nSee https://example.org/a"
)


class Fake:
    """A classifier that finds every sentence with a 0 check-worthy."""

    classes_ = np.array(["other", "check-worthy"])

    @staticmethod
    def predict_proba(texts: list[str]) -> Any:
        return np.array([[0.1, 0.9] if "0" in text else [0.8, 0.2] for text in texts])


def kinds(review: Review) -> set[str]:
    return {signal.kind for signal in review.signals}


# What the filter is for


def test_borrowed_authority_and_a_health_claim_are_high_with_both_reasons() -> None:
    review = FILTER.review(GLASS)
    assert review.level == "high"
    found = {signal.kind: GLASS[signal.start : signal.end] for signal in review.signals}
    assert found == {"authority": "study confirmed that", "health": "eating glass is healthy"}
    assert all(found[signal.kind] in signal.why for signal in review.signals)
    assert "claims about health" in review.disclaimer
    assert "authorities" in review.disclaimer


def test_it_never_says_what_is_true() -> None:
    texts = [disclaimer(level, SUBJECTS) for level in LEVELS] + [rule.why for rule in RULES.rules]
    for text in texts:
        assert not {"false", "wrong", "untrue", "hallucination", "fake"} & set(text.lower().split())
    assert all(disclaimer(level).startswith(MACHINE) for level in LEVELS)
    with pytest.raises(ConfigError, match="low, medium, high"):
        disclaimer("extreme")


def test_without_memory_model_or_log_probabilities_it_says_so() -> None:
    assert len(FILTER.review("x").not_checked) == 3
    whole = RiskFilter(claims=CheckWorthiness(Fake())).review(  # type: ignore[arg-type]
        "x", memory=MEMORY, char_logprobs=[-1.0]
    )
    assert whole.not_checked == ()


def test_a_missing_claims_model_leaves_the_rules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(risk, "CLAIMS_MODEL", tmp_path / "none")
    assert RiskFilter().claims is None
    assert RiskFilter().review(GLASS).level == "high"


# The rules


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.kind)
def test_every_rule_finds_its_examples_and_leaves_the_rest_alone(rule: claims.Rule) -> None:
    assert rule.examples
    assert rule.counterexamples
    assert rule.kind in SUBJECTS
    for text in rule.examples:
        assert rule.pattern.search(text), text
        assert any(signal.kind == rule.kind for signal in RULES.find(text)), text
    for text in rule.counterexamples:
        assert not rule.pattern.search(text), text


def test_a_question_and_a_tale_weigh_less() -> None:
    weights = [
        FILTER.review(text).score for text in ("Honey cures cancer.", "Did you know honey cures cancer?")
    ]
    assert weights[0] == weights[1]
    for text in ("Does honey cure cancer?", "Once upon a time honey cured cancer."):
        assert FILTER.review(text).score < weights[0]


def test_line_breaks_curly_quotes_and_invisible_letters_hide_nothing() -> None:
    plain = FILTER.review("It's a well-known fact that the study confirmed it.")
    odd = "It’s a well-known \n fact that the st\u00adudy con\u200bfirmed it."
    found = FILTER.review(odd)
    assert [s.kind for s in found.signals] == [s.kind for s in plain.signals]
    assert any(odd[s.start : s.end].startswith("st\u00adudy con\u200bfirmed") for s in found.signals)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[", "Expecting value"),
        ("{}", "lacks 'words'"),
        ('{"words": {}, "rules": [{"kind": "x"}], "dampers": []}', "rule 1 should have the keys"),
        ('{"words": {}, "rules": [], "dampers": [{"why": "", "factor": 1, "patterns": ["("]}]}', "damper 1"),
    ],
)
def test_malformed_rules_are_refused(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "rules.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=says) as caught:
        load_rules(path)
    assert str(path) in str(caught.value)


# The cases


def test_cases_are_many_different_and_even() -> None:
    cases = load_cases() + load_cases(data_folder("risk") / "held_out.jsonl")
    assert len(cases) >= 400
    assert len({case.id for case in cases}) == len({case.text for case in cases}) == len(cases)
    counts = Counter(case.expect for case in cases)
    assert min(counts.values()) > 0.4 * len(cases)
    assert sum(case.topic in ("fiction", "fantasy", "dialogue", "verse") for case in cases) >= 50


def test_cases_are_judged_as_a_reader_would() -> None:
    risk_filter = RiskFilter()
    report = run_cases(risk_filter.review, load_cases())
    assert report.flagged_share("risky") >= (0.85 if risk_filter.claims is None else 0.95)
    assert report.flagged_share("harmless") <= 0.05


def test_a_case_report_counts() -> None:
    cases = [case for case in load_cases() if case.topic in ("verse", "health")]
    report = run_cases(lambda text: FILTER.review(""), cases)
    assert (report.flagged_share("risky"), report.flagged_share("harmless")) == (0, 0)
    assert {outcome.case.topic for outcome in report.failures} == {"health"}
    assert {row[1]: row[3] for row in report.rows()} == {"verse": 0, "health": 0}
    assert json.loads(json.dumps(report.to_dict()))["cases"] == len(cases)
    with pytest.raises(InputError, match="no cases"):
        run_cases(FILTER.review, [])


@pytest.mark.parametrize(
    "line", ["{", '{"id": "a"}', "[]", '{"id":"a","expect":"bad","topic":"t","text":"x"}']
)
def test_a_malformed_case_names_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(DataError, match="line 1"):
        load_cases(path)


# The check-worthiness classifier


def test_digits_have_one_shape() -> None:
    assert mask_digits(" In 1999, 3.5 % ") == "In 0000, 0.0 %"


def test_a_check_worthy_sentence_is_a_signal_and_a_short_one_is_not_read() -> None:
    risk_filter = RiskFilter(claims=CheckWorthiness(Fake()))  # type: ignore[arg-type]
    text = " The lake has 7 corners and a lid.  \nRow 7."
    [signal] = [signal for signal in risk_filter.review(text).signals if signal.kind == "check-worthy"]
    assert text[signal.start : signal.end] == "The lake has 7 corners and a lid."
    strict = RiskFilter(
        claims=CheckWorthiness(Fake()),  # type: ignore[arg-type]
        thresholds=Thresholds(check_worthy=0.95),
    )
    assert "check-worthy" not in kinds(strict.review(text))


def test_what_takes_weight_off_rules_takes_it_off_the_classifier() -> None:
    risk_filter = RiskFilter(claims=CheckWorthiness(Fake()))  # type: ignore[arg-type]
    plain = "The lake has 7 corners and a lid"
    weights = []
    for text in (f"{plain}.", f"{plain}?"):
        [signal] = risk_filter.review(text).signals
        assert signal.kind == "check-worthy"
        weights.append(signal.score)
    assert RULES.damping(f"{plain}?") == 0.5
    assert weights[1] == pytest.approx(weights[0] / 2, abs=1e-3)


def test_the_model_in_the_package_is_small_and_used() -> None:
    shipped = RiskFilter().claims
    assert shipped is not None
    assert sum(file.stat().st_size for file in CLAIMS_MODEL.iterdir()) <= 1_500_000
    thanks = shipped.probability("Thank you very much, and good night to all of you.")
    figures = shipped.probability("Our exports have risen by 40 percent since 2015.")
    assert thanks < 0.1 < 0.9 < figures
    assert RiskFilter().review(GLASS).level == "high"
    assert kinds(RiskFilter().review(GLASS)) == {"authority", "health", "check-worthy"}


def test_a_classifier_of_other_classes_is_refused(tiny_model: Path) -> None:
    with pytest.raises(InputError, match="check-worthy"):
        CheckWorthiness.from_pretrained(tiny_model)


# Memory and confidence


def test_a_copy_is_marked_where_it_stands_and_counted_once() -> None:
    text = HARMLESS + TRAINING[:198] + HARMLESS
    review = FILTER.review(text, memory=MEMORY)
    copies = [signal for signal in review.signals if signal.kind == "memorised"]
    assert copies
    assert all(text[signal.start + 4 : signal.end - 4] in TRAINING for signal in copies)
    assert review.overlap == MEMORY.report(text)
    assert review.overlap is not None
    assert review.overlap.runs == 1
    assert "copied from the training text" in review.disclaimer
    assert FILTER.review(HARMLESS, memory=MEMORY).overlap == MEMORY.report(HARMLESS)


def test_a_copy_is_told_beside_what_is_riskier() -> None:
    copied = FILTER.review(TRAINING[:60], memory=MEMORY)
    both = FILTER.review(f"{GLASS} {TRAINING[:60]}", memory=MEMORY)
    assert (copied.level, both.level) == ("medium", "high")
    assert "claims about health" in both.disclaimer
    assert all("copied from the training text" in review.disclaimer for review in (copied, both))


def test_invented_words_weigh_by_their_share() -> None:
    gibberish = FILTER.review("Zzyxq grumbfl wexy plunk.", memory=MEMORY)
    single = FILTER.review(
        "The kettle and the lantern and the harbour and the grumbfl went out.", memory=MEMORY
    )
    assert kinds(gibberish) - {"unread"} == kinds(single) == {"unknown-word"}
    assert single.score < 0.1 < gibberish.score
    assert "“grumbfl”" in single.signals[0].why


def test_improbable_stretches_are_found_where_they_are() -> None:
    logprobs = np.full(100, -1.0)
    logprobs[40:60] = -6.0
    logprobs[:10] = np.nan
    review = FILTER.review("a" + " b" * 49 + "c", char_logprobs=logprobs)
    [signal] = [signal for signal in review.signals if signal.kind == "improbable"]
    assert 30 <= signal.start <= 40
    assert 60 <= signal.end <= 70
    assert "6.0 nats" in signal.why
    assert find_improbable(np.full(100, np.nan), window=16, limit=3.5) == []
    assert find_improbable(np.array([np.inf]), window=16, limit=3.5)[0][0] == (0, 1)
    assert find_improbable(np.empty(0), window=16, limit=3.5) == []


@pytest.mark.parametrize("wrong", [[-1.0], "abc", [[-1.0, -1.0]]])
def test_log_probabilities_are_one_per_character(wrong: Any) -> None:
    with pytest.raises(InputError, match="char_logprobs"):
        FILTER.review("ab", char_logprobs=wrong)


def test_loops_are_found_and_rulers_are_not() -> None:
    assert find_loop("so we go " * 6 + "home", shortest=40) == ((0, 54), 9)
    assert find_loop("never, never, never", shortest=40) is None
    assert find_loop("-" * 200, shortest=40) is None
    assert find_loop("", shortest=40) is None
    assert "loop" in kinds(FILTER.review("and then " * 9))


# Levels and thresholds


def test_of_each_kind_the_heaviest_signal_counts_wherever_it_stands() -> None:
    def signal(kind: str, score: float) -> Signal:
        return Signal(kind=kind, start=0, end=1, score=score, why="")

    for scores in itertools.permutations([0.2, 0.6, 0.3]):
        same = [signal("url", score) for score in scores]
        assert combined(same) == 0.6
        assert combined([*same, signal("date", 0.5)]) == 0.8


def test_a_text_is_as_risky_as_its_riskiest_sentence() -> None:
    review = FILTER.review(HARMLESS + GLASS)
    assert review.score == max(passage.score for passage in review.passages)
    assert [passage.level for passage in review.passages] == ["low", "high"]
    assert "".join(passage.text for passage in review.passages) == HARMLESS + GLASS


def test_thresholds_decide_and_are_reported() -> None:
    lax = RiskFilter(claims=None, thresholds=Thresholds(medium=0.8, high=0.9))
    review = lax.review(GLASS)
    assert (review.level, review.score) == ("low", FILTER.review(GLASS).score)
    assert review.to_dict()["thresholds"]["high"] == 0.9


@pytest.mark.parametrize(
    "wrong",
    [{"medium": 0.9}, {"high": 1.1}, {"high": float("nan")}, {"act_at": "low"}, {"improbable_window": 0}],
)
def test_impossible_thresholds_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="Invalid"):
        Thresholds(**wrong)


def test_a_review_is_plain_json() -> None:
    found = json.loads(json.dumps(FILTER.review(STORY, memory=MEMORY).to_dict()))
    assert {"level", "score", "disclaimer", "signals", "overlap", "thresholds", "not_checked"} <= set(found)
    assert {"kind", "start", "end", "score", "why"} == set(found["signals"][0])


# Policies


def test_annotate_keeps_the_text_and_str_ends_with_the_disclaimer() -> None:
    filtered = FILTER.apply(STORY)
    assert filtered.text == STORY
    assert str(filtered) == f"{STORY}\n\n{filtered.review.disclaimer}"
    assert str(FILTER.apply("")) == FILTER.review("").disclaimer


def test_redact_replaces_risky_sentences_alone() -> None:
    filtered = RiskFilter("redact", claims=None).apply(HARMLESS + GLASS + "\n\n" + HARMLESS)
    assert filtered.text == f"{HARMLESS}[removed: high risk, authority, health]\n\n{HARMLESS}"
    milder = RiskFilter("redact", claims=None, thresholds=Thresholds(act_at="medium"))
    assert milder.apply("Scientists say so.").text == "[removed: medium risk, authority]"


def test_block_withholds_the_whole_text_but_a_stream_ends_there() -> None:
    blocking = RiskFilter("block", claims=None)
    assert blocking.apply(HARMLESS + GLASS + " " + HARMLESS).text == BLOCKED
    assert blocking.apply(HARMLESS).text == HARMLESS
    *shown, last = blocking.stream(HARMLESS + GLASS + " " + HARMLESS)
    assert "".join(shown) == f"{HARMLESS}{BLOCKED} "
    assert MACHINE in last


def test_a_function_decides_what_is_shown() -> None:
    seen: list[Passage] = []

    def shout(passage: Passage) -> str:
        seen.append(passage)
        return passage.text.upper()

    assert RiskFilter(shout, claims=None).apply(HARMLESS + GLASS).text == HARMLESS + GLASS.upper()
    assert [passage.level for passage in seen] == ["high"]
    with pytest.raises(InputError, match="return the text"):
        RiskFilter(lambda passage: None, claims=None).apply(GLASS)  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"policy": "mumble"}, "annotate, redact, block"), ({"claims": "none"}, "auto")],
)
def test_unknown_settings_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        RiskFilter(**wrong)


def test_what_is_no_text_is_refused() -> None:
    stream = FILTER.open()
    with pytest.raises(InputError, match="bytes"):
        stream.push(b"x")  # type: ignore[arg-type]
    stream.finish()
    assert stream.finish() == []
    with pytest.raises(InputError, match="finished"):
        stream.push("x")


def test_the_scanner_has_the_form_of_llm_guard() -> None:
    text, is_valid, score = RiskScanner(RiskFilter("redact", claims=None)).scan("prompt", GLASS)
    assert (is_valid, score) == (False, FILTER.review(GLASS).score)
    assert GLASS not in text
    assert RiskScanner(FILTER).scan("", HARMLESS) == (HARMLESS, True, 0.0)


# Streams


def streamed(text: str, cuts: list[int], **given_: Any) -> Review:
    stream = FILTER.open(memory=MEMORY)
    logprobs = given_.get("char_logprobs")
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    for start, end in itertools.pairwise(edges):
        stream.push(text[start:end], None if logprobs is None else logprobs[start:end])
    stream.finish()
    return stream.review


@pytest.mark.parametrize("length", [1, 7, 64, 1000])
def test_a_stream_is_judged_as_the_whole_text(length: int) -> None:
    text = STORY * 3
    logprobs = np.random.default_rng(0).uniform(-8, 0, len(text))
    whole = FILTER.review(text, memory=MEMORY, char_logprobs=logprobs)
    assert {"memorised", "loop", "unknown-word", "improbable", "url", "health"} <= kinds(whole)
    assert streamed(text, list(range(0, len(text), length)), char_logprobs=logprobs) == whole


def test_a_sentence_is_handed_out_as_soon_as_it_is_decided() -> None:
    stream = FILTER.open()
    assert stream.push("It rains") == []
    assert stream.push(". ") == []
    [passage] = stream.push("W")
    assert (passage.shown, passage.start, passage.end) == ("It rains. ", 0, 10)
    assert stream.review.passages == (passage,)
    assert [passage.text for passage in stream.finish()] == ["W"]


def test_a_streamed_text_ends_with_its_disclaimer() -> None:
    assert "".join(FILTER.stream(iter(STORY))) == str(FILTER.apply(STORY))


TEXTS = st.one_of(
    st.text(max_size=100),
    st.text(alphabet='aA.!? \n"“”’)…。é🙂\ud83d\u0301\x00', max_size=120),
    st.lists(
        st.sampled_from([GLASS, HARMLESS, TRAINING, "🙂", "’", "\n\n", "7 %", "\ud83d"]), max_size=8
    ).map("".join),
)


@settings(max_examples=30)
@given(TEXTS, st.lists(st.integers(0, 400), max_size=6))
def test_any_text_is_reviewed_alike_in_any_pieces(text: str, cuts: list[int]) -> None:
    whole = FILTER.review(text, memory=MEMORY)
    assert streamed(text, cuts) == whole
    assert "".join(passage.text for passage in whole.passages) == text
    assert whole.overlap == MEMORY.report(text)
    for signal in whole.signals:
        assert 0 <= signal.start < signal.end <= len(text)
        assert (signal.score == 0) == (signal.kind == "unread")
        assert 0 <= signal.score <= 1
    assert whole.level == whole.thresholds.level(whole.score)


@settings(max_examples=100)
@given(TEXTS, st.integers(0, 400))
def test_sentences_join_to_the_text_and_more_text_changes_none_that_is_decided(text: str, cut: int) -> None:
    parts = split_sentences(text)
    assert "".join(parts) == text
    assert all(0 < len(part) <= LONGEST_SENTENCE + 300 for part in parts)
    decided = sentence_end(text[:cut], final=False)
    assert decided in (None, sentence_end(text))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Mr. Fox met J. R. Poe. They ate.", 2),
        ("He said “Go.” She went.", 2),
        ("Wait... what? No!", 2),
        ("One line\n\nanother", 2),
        ("It cost 3.50 euros.", 1),
        ("你好。再见\uff01", 2),
        ("a " * 2000, 4),
        ("", 0),
    ],
)
def test_where_sentences_end(text: str, count: int) -> None:
    assert len(split_sentences(text)) == count


# The command line


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    def call(*args: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        code = main(["review", *args])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def test_review_shows_the_sentence_its_reasons_and_the_disclaimer(run: Callable[..., Any]) -> None:
    code, out, _ = run(HARMLESS + GLASS)
    assert code == 0
    assert out.startswith("high")
    assert all(part in out for part in (GLASS, "authority: ", "health: ", MACHINE))
    assert HARMLESS.strip() not in out


def test_review_reads_a_file_and_a_pipe(run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text(GLASS, encoding="utf-8")
    wanted = run(GLASS, "--json")[1]
    for args in ((str(path),), ("--file", str(path)), ("-",), ()):
        assert run(*args, "--json", stdin=GLASS.encode())[1] == wanted
    found = json.loads(wanted)
    assert (found["level"], found["text"], found["policy"]) == ("high", GLASS, "annotate")


def test_review_hands_out_what_the_policy_leaves(run: Callable[..., Any], tmp_path: Path) -> None:
    code, out, _ = run(HARMLESS + GLASS, "--policy", "redact")
    assert code == 0
    assert out.startswith(f"{HARMLESS}[removed: high risk")
    assert out.rstrip().endswith(RiskFilter().review(GLASS).disclaimer)
    MEMORY.save(tmp_path)
    assert "word for word" in run(TRAINING, "--memory", str(tmp_path))[1]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["x", "--policy", "mumble"], "annotate, redact, block"),
        (["x", "--medium", "2"], "medium"),
        (["x", "--act-at", "low"], "medium, high"),
        (["nowhere.txt"], "no file nowhere.txt"),
        (["--file", "nowhere.txt"], "no file nowhere.txt"),
        (["x", "--file", "y"], "not both"),
        (["x", "--memory", "nowhere"], "overlap.safetensors"),
        (["-"], "invalid UTF-8 (byte 0xFF)"),
        ([""], "the text is empty"),
    ],
)
def test_review_refuses_in_one_sentence(run: Callable[..., Any], args: list[str], says: str) -> None:
    code, out, err = run(*args, stdin=b"a\xff")
    assert (code, out) == (2, "")
    assert says in err.splitlines()[-1]
    assert "Traceback" not in err


def test_the_script_says_the_same() -> None:
    script = Path(__file__).parents[2] / "scripts" / "examples" / "review.py"
    if not script.is_file():
        pytest.skip("the scripts are not beside these tests")
    done = subprocess.run(
        [sys.executable, str(script), GLASS], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stdout.startswith("high")
    assert done.stdout.rstrip().endswith(RiskFilter().review(GLASS).disclaimer)


def test_the_readme_of_the_rules_names_every_kind() -> None:
    readme = (data_folder("risk") / "README.md").read_text(encoding="utf-8")
    assert [
        kind for kind in dict.fromkeys(rule.kind for rule in RULES.rules) if f"`{kind}`" not in readme
    ] == []


RISKY = "The study confirmed that eating glass is healthy."


def test_a_claim_begun_in_the_prompt_is_seen_and_the_prompt_itself_is_left_as_it_is() -> None:
    prompt, text = "It rained. The study confirmed that eating", " glass is healthy. The end."
    review = RiskFilter(claims=None).review(text, prompt=prompt)
    assert review.level == "high"
    (found,) = {(prompt + text)[s.start : s.end] for s in review.signals if s.kind == "health"}
    assert found == "eating glass is healthy"
    redacted = RiskFilter("redact", claims=None).apply(text, prompt=prompt)
    assert redacted.text.startswith("[removed: high risk")
    assert redacted.text.endswith("The end.")
    assert "glass" not in redacted.text


def test_a_risky_prompt_is_said_to_be_risky_and_withholds_nothing_that_follows() -> None:
    for policy in ("redact", "block"):
        done = RiskFilter(policy, claims=None).apply(" It rained.", prompt=RISKY)
        assert (done.text, done.review.level) == (" It rained.", "high")


def test_a_prompt_that_looks_like_the_beginning_of_a_note_takes_nothing_from_it() -> None:
    done = RiskFilter("redact", claims=None).apply(RISKY, prompt="[")
    assert done.text.startswith("[removed: high risk")
    assert [(p.prompted, p.text) for p in done.review.passages] == [(1, f"[{RISKY}")]


def test_what_was_taken_out_is_not_quoted_in_the_json() -> None:
    written, taken = (RiskFilter(policy, claims=None).apply(RISKY) for policy in ("annotate", "redact"))
    assert "eating glass" in json.dumps(written.review.to_dict())
    assert "eating glass" not in json.dumps(taken.review.to_dict())
    assert taken.review.to_dict()["signals"]


@pytest.mark.parametrize("name", ["nofile.csv", "/nope/x", "reviews/out.html", "notes.txt", "."])
def test_a_missing_file_is_not_taken_for_a_text(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", name]) == 2
    assert "there is no file" in capsys.readouterr().err


def test_a_text_that_it_cannot_read_is_said_to_be_one() -> None:
    risk = RiskFilter(claims=None)
    for foreign in ("Die Studie bestätigte, dass Glasessen gesund ist.", "研究 证实 了 吃 玻璃 有益 健康。"):
        assert NOT_ENGLISH in risk.review(foreign).not_checked
    for text in (RISKY, "Jörg and Zoë met Mr Xu.", "Ok.", ""):
        assert NOT_ENGLISH not in risk.review(text).not_checked
