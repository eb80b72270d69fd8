"""Runs of ids as rows of a table."""

from __future__ import annotations

import numpy as np

from nlp_rnn.batch import pad
from nlp_rnn.grams import LONGEST, gram_rows


def rows_of(texts: list[list[int]], table_rows: int = 1 << 20) -> list[list[int]]:
    batch = pad(texts, pad_id=0)
    rows_G, counts_B = gram_rows(batch.ids_BT, batch.lengths_B, table_rows)
    assert rows_G.min() >= 0
    assert rows_G.max() < table_rows
    return [part.tolist() for part in np.split(rows_G, np.cumsum(counts_B)[:-1])]


def grams(text: list[int]) -> list[tuple[int, ...]]:
    sizes = range(1, LONGEST + 1)
    return [tuple(text[at : at + size]) for size in sizes for at in range(len(text) - size + 1)]


def test_every_run_of_one_to_three_ids_has_a_row_of_its_own() -> None:
    rng = np.random.default_rng(0)
    texts = [rng.integers(0, 40, length).tolist() for length in rng.integers(1, 30, 200)]
    row_of: dict[tuple[int, ...], int] = {}
    for text, rows in zip(texts, rows_of(texts), strict=True):
        assert len(rows) == len(grams(text))
        for gram, row in zip(grams(text), rows, strict=True):
            assert row_of.setdefault(gram, row) == row
    shared = len(row_of) - len(set(row_of.values()))
    expected = len(row_of) ** 2 / 2 / (1 << 20)  # by chance (the birthday problem)
    assert shared < 2 * expected


def test_a_small_table_is_filled_evenly() -> None:
    rows = np.concatenate(rows_of([[*range(3_000)]], table_rows=97))
    counts = np.bincount(rows, minlength=97)
    assert counts.max() < 1.5 * counts.mean()
    assert counts.min() > 0.6 * counts.mean()


def test_order_and_padding_count() -> None:
    alone, longer, turned = rows_of([[3, 0]]), rows_of([[3, 0], [7, 7, 7, 7]]), rows_of([[0, 3]])
    assert alone[0] == longer[0]
    assert sorted(alone[0][:2]) == sorted(turned[0][:2])
    assert alone[0][2] != turned[0][2]
