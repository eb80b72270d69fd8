"""The table of pairs that a character model should beat."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from nlp_rnn.generation import bigrams
from nlp_rnn.generation.bigrams import bigram_nats


def counted(train: list[int], held_out: list[int], vocab_size: int) -> float:
    """The same, pair by pair."""
    pairs, firsts = Counter(itertools.pairwise(train)), Counter(train[:-1])
    nats = []
    for first, second in itertools.pairwise(held_out):
        share = (firsts[second] + 1) / (len(train) - 1 + vocab_size)
        nats.append(-np.log((pairs[first, second] + share) / (firsts[first] + 1)))
    return float(np.mean(nats))


@pytest.mark.parametrize("at_once", [7, 1000])
@pytest.mark.parametrize("vocab_size", [5, 100_000])
def test_it_is_what_counting_gives_whatever_the_pieces(
    monkeypatch: pytest.MonkeyPatch, at_once: int, vocab_size: int
) -> None:
    monkeypatch.setattr(bigrams, "_AT_ONCE", at_once)
    rng = np.random.default_rng(0)
    train, held_out = rng.integers(0, 5, 101), rng.integers(0, 5, 40)
    found = bigram_nats(train.astype(np.uint8), held_out.astype(np.uint8), vocab_size)
    assert found == pytest.approx(counted(train.tolist(), held_out.tolist(), vocab_size))
