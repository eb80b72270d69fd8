"""Word vectors from co-occurrence: like company, like vectors; the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="word vectors need the train extra")

from nlp_rnn.errors import InputError
from nlp_rnn.text.cooccurrence import cooccurrence_vectors


def two_worlds(seed: int = 0) -> list[list[int]]:
    """Ids 2-9 keep company with each other, and so do ids 10-17; they never meet."""
    rng = np.random.default_rng(seed)
    return [rng.integers(*((2, 10) if number % 2 else (10, 18)), size=12).tolist() for number in range(200)]


def test_words_of_one_world_are_nearer_than_words_of_two() -> None:
    vectors_VE = cooccurrence_vectors(two_worlds(), vocab_size=18, dim=4)
    unit_VE = vectors_VE / np.linalg.norm(vectors_VE, axis=1, keepdims=True)
    likeness_VV = unit_VE @ unit_VE.T
    assert likeness_VV[2:10, 2:10].mean() > likeness_VV[2:10, 10:].mean() + 0.2


def test_same_seed_same_vectors_and_mean_length_one() -> None:
    first = cooccurrence_vectors(two_worlds(), vocab_size=20, dim=4, seed=3)
    assert np.array_equal(first, cooccurrence_vectors(two_worlds(), vocab_size=20, dim=4, seed=3))
    assert first.shape == (20, 4)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert np.linalg.norm(first[2:18], axis=1).mean() == pytest.approx(1, abs=1e-5)


def test_no_pair_reaches_over_the_end_of_a_text() -> None:
    with pytest.raises(InputError, match="too little text"):
        cooccurrence_vectors([[2], [3], [4]] * 50, vocab_size=6, dim=2)


def test_too_little_text_is_an_error() -> None:
    with pytest.raises(InputError, match="too little text"):
        cooccurrence_vectors([[2, 3]], vocab_size=400, dim=128)
