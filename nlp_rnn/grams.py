"""Runs of one to three ids as rows of a table, by a hash: what the wide path of a classifier reads.

No list of n-grams is kept (feature hashing; Weinberger et al. 2009): two that fall on one row share it. Knows
ids and lengths; all engines count the same rows.

Shapes: B texts, T steps, G n-grams of all texts together.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.batch import Ids

LONGEST: Final = 3
"""Ids in the longest run."""

# Odd numbers of 64 bits: a product with one spreads what differs in any bit over the bits above it.
_SPREAD, _NEXT = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


def gram_rows(ids_BT: Ids, lengths_B: Ids, table_rows: int) -> tuple[Ids, Ids]:
    """Return the row of each n-gram in a table, text by text, and the number of n-grams of each text.

    Args:
        ids_BT: Right-padded ids, *shape (B, T)*.
        lengths_B: Length of each text, at least 1, *shape (B,)*.
        table_rows: Rows of the table.

    Shape:
        (G,) and (B,).

    >>> rows_G, counts_B = gram_rows(np.array([[5, 6, 7], [5, 0, 0]]), np.array([3, 1]), 1000)
    >>> counts_B.tolist(), bool(rows_G[0] == rows_G[6])
    ([6, 1], True)
    """
    steps_T = np.arange(ids_BT.shape[1])
    key_BT: NDArray[np.uint64] = ids_BT.astype(np.uint64) + np.uint64(1)
    last_BT = key_BT
    found, is_there = [], []
    for size in range(1, LONGEST + 1):
        if size > 1:
            # A run's key is that of the run without its last id, spread, and that id.
            key_BT = _mixed(key_BT[:, :-1]) * _NEXT + last_BT[:, size - 1 :]
        found.append(_mixed(key_BT) % np.uint64(table_rows))
        is_there.append(steps_T[size - 1 :] < lengths_B[:, None])
    is_there_BG = np.concatenate(is_there, axis=1)
    rows_G = np.concatenate(found, axis=1)[is_there_BG].astype(np.int64)
    return rows_G, is_there_BG.sum(axis=1)


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return numbers of which every bit hangs on all bits of the keys."""
    spread: NDArray[np.uint64] = (keys ^ (keys >> np.uint64(31))) * _SPREAD
    mixed: NDArray[np.uint64] = spread ^ (spread >> np.uint64(32))
    return mixed
