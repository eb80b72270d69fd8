"""Continuous batching on a fake model: who joins, who leaves, and that company changes nobody's text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from nlp_rnn.generation import decoding
from nlp_rnn.generation.decoding import Decoder, Draft
from nlp_rnn.generation.sampling import Sampling

V = 7


class Fake:
    """Remembers the sum of what each stream read; its logits are a little off but for one, in one thread."""

    vocab_size = V

    def __init__(self, noise: float = 0.0) -> None:
        self.noise = noise
        self.sizes: list[int] = []
        self.is_single_threaded = 0
        self.table = np.random.default_rng(0).normal(0, 1.5, (50, V)).astype(np.float32)

    def start(self, streams: int) -> np.ndarray:
        return np.zeros((1, 1, streams, 1))

    @contextmanager
    def single_threaded(self) -> Iterator[None]:
        self.is_single_threaded += 1
        yield
        self.is_single_threaded -= 1

    def stepper(self, state: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        n = state.shape[2]
        noise = np.random.default_rng(n).uniform(-self.noise, self.noise, V)

        def step(ids: np.ndarray) -> np.ndarray:
            self.sizes.append(n)
            off = 0.0 if n == 1 and self.is_single_threaded else noise
            state[0, 0, :, 0] += ids + 1
            return (self.table[state[0, 0, :, 0].astype(int) % 50] + off).astype(np.float32)

        return step


def draft(prompt: list[int], seed: int, length: int) -> Draft:
    made = Draft(prompt, seed, lambda chosen, log_prob: len(made.ids) < length)
    return made


def drafts() -> list[Draft]:
    return [draft([i % 5, 2], seed=i, length=3 + 7 * i % 40) for i in range(30)]


def texts(fake: Fake, width: int, sampling: Sampling) -> list[list[int]]:
    made = drafts()
    for _ in Decoder(
        fake, made, sampling, width=width, banned=[0], single_threaded=fake.single_threaded
    ).run():
        assert not fake.is_single_threaded  # while the caller has control
    return [one.ids for one in made]


def test_company_changes_no_text() -> None:
    for sampling in (Sampling(temperature=1), Sampling(top_p=0.7), Sampling(repetition_penalty=1.4)):
        alone = texts(Fake(), 1, sampling)
        for width in (2, 7, 64):
            assert texts(Fake(noise=2.8e-5), width, sampling) == alone


def test_a_text_left_over_in_a_wide_decoder_is_what_it_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "NOISE", 3e-3)  # so that some choices do depend on it
    alone, wide = draft([1], seed=5, length=3000), draft([1], seed=5, length=3000)
    fake = Fake(noise=2.8e-3)
    for one, width in ((alone, 1), (wide, 8)):
        for _ in Decoder(
            fake, [one], Sampling(temperature=1), width=width, single_threaded=fake.single_threaded
        ).run():
            pass
    assert wide.ids == alone.ids


def test_noise_that_is_not_recomputed_would_change_texts() -> None:
    sampling = Sampling(temperature=1)
    assert texts(Fake(noise=0.05), 64, sampling) != texts(Fake(), 1, sampling)


def test_a_finished_text_leaves_and_a_waiting_one_joins_at_once() -> None:
    fake = Fake()
    made = [draft([1], seed=i, length=10 if i else 30) for i in range(5)]
    decoder = Decoder(fake, made, Sampling(), width=2)
    while decoder.advance():
        pass
    steps = [size for size in fake.sizes if size == 2]
    assert len(steps) >= 25  # the long text is hardly ever alone
    assert [len(one.ids) for one in made] == [30, 10, 10, 10, 10]


def test_texts_are_asked_for_only_when_there_is_room() -> None:
    asked = []

    def endless() -> Iterator[Draft]:
        while True:
            asked.append(1)
            yield draft([1], seed=len(asked), length=4)

    decoder = Decoder(Fake(), endless(), Sampling(), width=3)
    for _ in range(4):
        decoder.advance()
    assert len(asked) == 3


def test_a_shared_prompt_is_read_once() -> None:
    fake = Fake()
    made = [draft([1, 2, 3, 4, 5], seed=i, length=2) for i in range(8)]
    for _ in Decoder(fake, made, Sampling(), width=8).run():
        pass
    assert fake.sizes.count(1) == 5
    assert fake.sizes.count(8) == 1


def test_banned_ids_never_come_and_log_probs_are_the_models() -> None:
    fake, seen = Fake(), []
    one = Draft([1], 0, lambda chosen, log_prob: seen.append((chosen, log_prob)) or len(seen) < 200)
    for _ in Decoder(fake, [one], Sampling(temperature=3), banned=[0, 1]).run():
        pass
    assert not {0, 1} & {chosen for chosen, _ in seen}
    logits = fake.table[2][2:]  # after the prompt, without the banned
    expected = logits - np.log(np.exp(logits).sum())
    assert np.isclose(seen[0][1], expected[seen[0][0] - 2])


def test_greedy_is_the_most_probable_each_time() -> None:
    fake = Fake()
    one = draft([1], seed=0, length=20)
    for _ in Decoder(fake, [one], Sampling(temperature=0)).run():
        pass
    total = 2
    for chosen in one.ids:
        assert chosen == fake.table[total % 50].argmax()
        total += chosen + 1


class Drifting(Fake):
    """Every choice of ids 0 and 1 is 4e-6 from its border; company drifts by 1e-5 each step, across it."""

    def __init__(self, sampling: Sampling) -> None:
        super().__init__()
        self.is_greedy = sampling.temperature == 0

    def start(self, streams: int) -> np.ndarray:
        return np.zeros((1, 1, streams, 3))  # the prompt, which is the seed; ids read; how far it is off

    def stepper(self, state: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        n = state.shape[2]
        seed_n, read_n, off_n = state[0, 0].T

        def step(ids: np.ndarray) -> np.ndarray:
            seed_n[read_n == 0] = ids[read_n == 0]
            if not (n == 1 and self.is_single_threaded):
                off_n[:] += 1e-5
            border_n = np.full(n, 0.5)
            if not self.is_greedy:
                border_n[:] = [
                    np.random.default_rng(int(seed)).random(256)[int(read)]
                    for seed, read in zip(seed_n, read_n, strict=True)
                ]
            logits_nV = np.full((n, V), -30.0)
            logits_nV[:, 0] = np.log(border_n) + (off_n - 4e-6) * np.where(read_n % 3, 1, -1)
            logits_nV[:, 1] = np.log1p(-border_n)
            read_n[:] += 1
            return logits_nV.astype(np.float32)

        return step


@pytest.mark.parametrize("temperature", [0, 1])
def test_on_a_border_a_text_is_read_again_and_goes_on_from_there(temperature: float) -> None:
    sampling = Sampling(temperature=temperature)

    def written(width: int) -> list[list[int]]:
        made, fake = [draft([seed], seed, length=40) for seed in range(4)], Drifting(sampling)
        for _ in Decoder(fake, made, sampling, width=width, single_threaded=fake.single_threaded).run():
            pass
        return [one.ids for one in made]

    alone = written(1)
    assert alone == [[int(step % 3 > 0) for step in range(40)]] * 4
    assert written(4) == alone


def test_the_last_ids_are_those_of_the_prompt_until_there_are_enough() -> None:
    one = draft([4, 5, 6], seed=0, length=9)
    assert one.recent(2) == [5, 6]
    one.uniform()
    one.add(1, 0.0)
    assert one.recent(2) == [6, 1]
    assert one.recent(9) == [4, 5, 6, 1]
    one.uniform()
    one.add(2, 0.0)
    assert one.recent(2) == [1, 2]


@pytest.mark.parametrize(("window", "is_seen"), [(1, False), (2, True)])
def test_the_repetition_penalty_counts_the_prompt(window: int, is_seen: bool) -> None:
    fake = Fake()
    fake.table[:] = [0, 0, 0, 2, 0, 1.5, 0]
    one = draft([3, 1], seed=0, length=1)
    sampling = Sampling(temperature=0, repetition_penalty=2, repetition_window=window)
    for _ in Decoder(fake, [one], sampling).run():
        pass
    assert one.ids == [5 if is_seen else 3]
