"""Batches cover every row once, keep their budget and hold little padding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp_rnn.batch import batches, pad, padding_share, plan


def realistic_lengths(count: int = 20_000) -> np.ndarray:
    """Like reviews: most of some 200 tokens, a long tail, cut at 1,024."""
    drawn = np.random.default_rng(0).lognormal(mean=5.4, sigma=0.6, size=count)
    return np.clip(drawn, 1, 1024).astype(np.int64)


@given(
    lengths=st.lists(st.integers(1, 60), max_size=80),
    batch_tokens=st.integers(1, 200),
    batch_size=st.integers(1, 20),
    seed=st.none() | st.integers(0, 5),
    window=st.integers(1, 100),
)
def test_a_plan_covers_every_row_once_within_its_budget(
    lengths: list[int], batch_tokens: int, batch_size: int, seed: int | None, window: int
) -> None:
    planned = plan(lengths, batch_tokens=batch_tokens, batch_size=batch_size, seed=seed, window=window)
    assert sorted(row for which in planned for row in which) == list(range(len(lengths)))
    for which in planned:
        own = [lengths[row] for row in which]
        assert own == sorted(own, reverse=True)
        assert len(which) <= batch_size
        assert len(which) * own[0] <= batch_tokens or len(which) == 1


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_little_of_a_realistic_epoch_is_padding(seed: int | None) -> None:
    lengths = realistic_lengths()
    planned = plan(lengths, batch_tokens=8192, seed=seed, window=16_384)
    assert padding_share(lengths, planned) < 0.05
    alone = np.array_split(np.random.default_rng(0).permutation(len(lengths)), len(planned))
    assert padding_share(lengths, alone) > 0.3


def test_padding_share_is_what_the_batches_hold() -> None:
    rows = [[1] * length for length in (3, 9, 4, 8, 1, 1)]
    made = list(batches(rows, pad_id=0, batch_tokens=18, seed=1))
    cells = sum(batch.ids_BT.size for batch in made)
    planned = plan([len(row) for row in rows], batch_tokens=18, seed=1)
    assert padding_share([len(row) for row in rows], planned) == pytest.approx(1 - 26 / cells)
    assert sum(batch.lengths_B.sum() for batch in made) == 26
    assert padding_share([], []) == 0


def test_a_seed_fixes_the_plan_and_another_changes_it() -> None:
    lengths = realistic_lengths(2000)

    def rows(seed: int | None) -> list[list[int]]:
        return [which.tolist() for which in plan(lengths, batch_tokens=4096, seed=seed, window=512)]

    assert rows(3) == rows(3)
    assert rows(3) != rows(4)
    assert rows(None) == rows(None)
    first = [lengths[which[0]] for which in rows(None)]
    assert first == sorted(first, reverse=True)
    shuffled = [lengths[which[0]] for which in rows(3)]
    assert shuffled != sorted(shuffled, reverse=True)


def test_batches_carry_ids_lengths_and_their_rows() -> None:
    rows = [[5], [6, 7, 8], [9, 9], [4, 4, 4]]
    seen = {}
    for batch in batches(rows, pad_id=3, batch_tokens=6, seed=0):
        assert batch.ids_BT.dtype == np.int64
        for ids, length, row in zip(batch.ids_BT, batch.lengths_B, batch.rows_B, strict=True):
            assert ids[:length].tolist() == rows[row]
            assert set(ids[length:].tolist()) <= {3}
            seen[int(row)] = True
    assert sorted(seen) == [0, 1, 2, 3]
    assert pad(rows, pad_id=0, which=np.array([2, 0])).ids_BT.tolist() == [[9, 9], [5, 0]]
