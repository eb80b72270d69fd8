"""Rows of ids become ``Batch``es: the only file that pads, and the only thing models accept.

Length buckets: within a window of shuffled rows, rows of like length share a batch, whose size is
counted in tokens, so that little of it is padding. One long text becomes parallel streams, read window by
window. Knows ids and lengths; not texts, not models.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import InputError

Ids = NDArray[np.int64]
AnyIds = NDArray[np.integer[Any]]

_COUNTED_AT_ONCE = 4096  # rows


@dataclass(frozen=True)
class Batch:
    """Right-padded rows of ids.

    Attributes:
        ids_BT: Token ids, *shape (B, T)*, int64; ``pad_id`` after each row's end.
        lengths_B: Length of each row, *shape (B,)*, int64, at least 1.
        rows_B: Number of each row in the caller's sequence, *shape (B,)*, int64.
    """

    ids_BT: Ids
    lengths_B: Ids
    rows_B: Ids


def pad(
    rows: Sequence[Sequence[int]] | Sequence[AnyIds],
    *,
    pad_id: int,
    which: Ids | None = None,
) -> Batch:
    """Return one batch of the given rows (all of them, or those ``which`` names).

    >>> pad([[5], [6, 7]], pad_id=0).ids_BT.tolist()
    [[5, 0], [6, 7]]
    """
    if which is None:
        which = np.arange(len(rows), dtype=np.int64)
    lengths_B = np.array([len(rows[i]) for i in which], dtype=np.int64)
    ids_BT = np.full((len(which), int(lengths_B.max(initial=1))), pad_id, dtype=np.int64)
    for b, i in enumerate(which):
        ids_BT[b, : lengths_B[b]] = rows[i]
    return Batch(ids_BT, lengths_B, which)


def check_ids(ids: Ids, vocab_size: int) -> None:
    """Refuse ids that are none of a vocabulary of this size; there is at least one id.

    Raises:
        InputError: Naming the ids and the range.
    """
    if ids.min() < 0 or ids.max() >= vocab_size:
        raise InputError(
            f"Invalid token id. Received: {ids.min()} to {ids.max()}; ids should be in [0, {vocab_size - 1}]"
        )


def plan(
    lengths: Sequence[int],
    *,
    batch_tokens: int,
    batch_size: int = 256,
    seed: int | None = None,
    window: int = 16_384,
) -> list[Ids]:
    """Choose the rows that share a batch.

    Args:
        lengths: Length of each row.
        batch_tokens: Cells (rows times longest row) of a batch at most; one longer row is a batch alone.
        batch_size: Rows of a batch at most.
        seed: Shuffles rows before bucketing and batches after; None keeps a fixed order, longest first.
        window: Rows that are sorted together when shuffled.

    Returns:
        One array of row numbers per batch, each sorted by falling length; every row is in exactly one.
    """
    lengths_N = np.asarray(lengths, dtype=np.int64)
    order = np.arange(len(lengths_N))
    rng = None if seed is None else np.random.default_rng(seed)
    if rng is None:
        window = max(1, len(order))
    else:
        rng.shuffle(order)
    batches: list[Ids] = []
    # Sort within a window only: rows of similar length meet, and still in another order each epoch.
    for start in range(0, len(order), window):
        part = order[start : start + window]
        part = part[np.argsort(-lengths_N[part], kind="stable")]
        at = 0
        while at < len(part):
            # The first row of a batch is its longest: its length times the rows is what the batch costs.
            longest = max(1, int(lengths_N[part[at]]))
            size = max(1, min(batch_size, batch_tokens // longest))
            batches.append(part[at : at + size])
            at += size
    # Else each window would go from long rows to short ones.
    if rng is not None:
        rng.shuffle(batches)
    return batches


def batches(
    rows: Sequence[Sequence[int]],
    *,
    pad_id: int,
    batch_tokens: int,
    batch_size: int = 256,
    seed: int | None = None,
) -> Iterator[Batch]:
    """Yield every row once, in length buckets; see ``plan`` for the arguments."""
    lengths = [len(row) for row in rows]
    for which in plan(lengths, batch_tokens=batch_tokens, batch_size=batch_size, seed=seed):
        yield pad(rows, pad_id=pad_id, which=which)


def padding_share(lengths: Sequence[int], plan_: Sequence[Ids]) -> float:
    """Return the share of padding in all cells, in [0, 1), if ``lengths`` are batched as ``plan_`` says."""
    lengths_N = np.asarray(lengths, dtype=np.int64)
    cells = sum(len(which) * int(lengths_N[which].max()) for which in plan_)
    tokens = sum(int(lengths_N[which].sum()) for which in plan_)
    return 1.0 - tokens / cells if cells else 0.0


def token_counts(rows: Iterable[Sequence[int] | AnyIds], vocab_size: int) -> Ids:
    """Count how often each id occurs in the rows.

    Shape:
        (vocab_size,).

    >>> token_counts([[2, 1], [2]], 4).tolist()
    [0, 1, 2, 0]
    """
    counts_V = np.zeros(vocab_size, dtype=np.int64)
    rows = iter(rows)
    while some_rows := [np.asarray(row, dtype=np.int64) for row in islice(rows, _COUNTED_AT_ONCE)]:
        counts_V += np.bincount(np.concatenate(some_rows), minlength=vocab_size)
    return counts_V


def unigram_nats(
    train: Iterable[Sequence[int] | AnyIds], validation: Iterable[Sequence[int] | AnyIds], vocab_size: int
) -> float:
    """Return the mean nats of a validation id by the shares of the ids in training, each counted once more.

    >>> round(unigram_nats([[1, 1, 2]], [[1, 2]], 4), 2)
    1.05
    """
    seen_V = 1 + token_counts(train, vocab_size)
    nats_V = -np.log(seen_V / seen_V.sum())
    asked_V = token_counts(validation, vocab_size)
    return float((asked_V * nats_V).sum() / asked_V.sum())


@dataclass(frozen=True, eq=False)
class Streams:
    """One long row of ids as B stretches read in parallel, so that a recurrent state can be carried on.

    Stream b starts at ``shift + b * steps`` and continues at the row's beginning after its end; what does not
    fill a stretch is left for an epoch with another shift. The ids may be memory-mapped: only the ids of a
    window are read.

    Attributes:
        ids_N: The row, any integer type.
        count: B.
        shift: Place at which the first stream starts.
    """

    ids_N: AnyIds
    count: int
    shift: int = 0

    @property
    def steps(self) -> int:
        """Characters that each stream predicts."""
        return (len(self.ids_N) - 1) // self.count

    def window(self, start: int, length: int) -> tuple[Ids, Ids]:
        """Return ids, and the id that follows each: the stream's steps ``start`` to ``start + length``.

        Shape:
            (B, T), (B, T).

        >>> Streams(np.arange(7), 2).window(1, 2)[0].tolist()
        [[1, 2], [4, 5]]
        """
        N = len(self.ids_N)
        # Where each stream is at ``start``; modulo N, as a shifted stream passes the end of the row.
        at_B1 = (self.shift + start + self.steps * np.arange(self.count)[:, None]) % N
        # One more id than asked for: the targets are the same ids one step later.
        ids_BT = self.ids_N[(at_B1 + np.arange(length + 1)) % N].astype(np.int64)
        return ids_BT[:, :-1], ids_BT[:, 1:]


def windows(steps: int, *, window: int, jitter: float, seed: int) -> list[tuple[int, int]]:
    """Cut ``steps`` into windows of about the given length, as (start, length), one after the other.

    Args:
        steps: Number of steps.
        window: Mean length; what would be less than half of one at the end makes the last one longer.
        jitter: Each is longer or shorter by up to this share of it.
        seed: Seed of the lengths.

    >>> windows(10, window=4, jitter=0.0, seed=0)
    [(0, 4), (4, 6)]
    """
    rng = np.random.default_rng(seed)
    spread = int(window * jitter)
    found = []
    start = 0
    while start < steps:
        length = window + int(rng.integers(-spread, spread + 1))
        # A rest of less than half a window is no window of its own.
        if steps - start - length < window // 2 + 1:
            length = steps - start
        found.append((start, length))
        start += length
    return found
