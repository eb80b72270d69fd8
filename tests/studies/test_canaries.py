"""Canaries: sentences hidden in a training text, and how far one stands out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from nlp_rnn.errors import InputError
from nlp_rnn.studies.canaries import exposure, hide, make_canaries


def test_canaries_are_random_and_repeatable() -> None:
    first, *others = make_canaries(100, seed=3)
    assert make_canaries(100, seed=3) == [first, *others]
    assert len({first, *others}) == 100
    assert first not in make_canaries(100, seed=4)
    with pytest.raises(InputError, match="where the word goes"):
        make_canaries(2, seed=0, form="no place")


def test_hidden_sentences_are_lines_of_their_own_and_nothing_is_lost() -> None:
    text = "".join(f"Line {n}.\n" for n in range(50))
    once, often = make_canaries(2, seed=0)
    lines = hide(text, [once, often, often], seed=1).splitlines()
    assert (lines.count(once), lines.count(often)) == (1, 2)
    assert [line for line in lines if line not in (once, often)] == text.splitlines()
    assert hide(text, [once], seed=1) != hide(text, [once], seed=2)
    with pytest.raises(InputError, match="line breaks"):
        hide("one line", [once], seed=0)


def test_exposure_is_highest_for_what_was_learned_by_heart() -> None:
    hidden, *others = make_canaries(256, seed=0)

    def nats_of(known: str) -> list[float]:
        return [1.0 if text == known else 50.0 + sum(map(ord, text)) % 7 for text in (hidden, *others)]

    learned = exposure(lambda texts: nats_of(hidden), hidden, others)
    assert (learned.bits, learned.rank) == (8.0, 1)
    assert learned.most == 8.0

    def flat(texts: Sequence[str]) -> list[float]:
        return [3.0] * len(texts)

    assert exposure(flat, hidden, others).bits == 0  # of equals, the canary comes last
    assert exposure(lambda texts: np.arange(256.0)[::-1], hidden, others).rank == 256
    for wrong in ([1.0], [math.nan] * 256):
        with pytest.raises(InputError, match="one finite number for each"):
            exposure(lambda texts, wrong=wrong: wrong, hidden, others)
    with pytest.raises(InputError, match="other sentences"):
        exposure(lambda texts: [1.0], hidden, [])
