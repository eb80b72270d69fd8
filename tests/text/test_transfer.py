"""Vectors carried to a new vocabulary: shared tokens keep theirs, new ones land where the map says."""

from __future__ import annotations

import numpy as np
import pytest

from nlp_rnn.errors import InputError
from nlp_rnn.text import transfer_vectors


def test_shared_tokens_keep_their_vectors_and_new_ones_are_mapped() -> None:
    """The old space is the fresh one turned, stretched and shifted, so the map can be found."""
    rng = np.random.default_rng(0)
    fresh_WF = rng.normal(size=(60, 4)).astype(np.float32)
    turned_WE = (fresh_WF @ rng.normal(size=(4, 6)) + 3).astype(np.float32)
    new = [f"w{number}" for number in range(60)]
    old = {name: row for row, name in enumerate(["gone", *new[:50]])}
    old_VE = np.vstack([np.zeros((1, 6)), turned_WE[:50]]).astype(np.float32)
    old_VE[1] += 5  # one that lies elsewhere stays there
    found_WE = transfer_vectors(old, old_VE, new, fresh_WF)
    np.testing.assert_array_equal(found_WE[:50], old_VE[1:])
    far = np.linalg.norm(found_WE[50:] - turned_WE[50:], axis=1) / np.linalg.norm(turned_WE[50:], axis=1)
    assert far.max() < 0.25
    # Counted for nothing, the one that lies elsewhere no longer pulls the map.
    counted = transfer_vectors(old, old_VE, new, fresh_WF, seen=[0.0] + [1.0] * 59)
    nearer = np.linalg.norm(counted[50:] - turned_WE[50:]) / np.linalg.norm(found_WE[50:] - turned_WE[50:])
    assert nearer < 1
    np.testing.assert_array_equal(counted[0], old_VE[1])


def test_too_few_shared_tokens_and_missing_vectors_are_refused() -> None:
    vectors = np.ones((3, 4), np.float32)
    with pytest.raises(InputError, match="share 1 tokens, and a map of 4 columns takes more"):
        transfer_vectors({"a": 0, "x": 1, "y": 2}, vectors, ["a", "b", "c"], vectors)
    with pytest.raises(InputError, match="a vector for each token; got 1 and 3"):
        transfer_vectors({"a": 0}, vectors, ["a", "b", "c"], vectors)
