"""A table of pairs of characters (a bigram model): the least that a trained character model should beat.

Knows ids; knows no models and no characters.

Shapes: N ids to count, M ids to measure, V vocabulary, P different pairs among those measured.
"""

from __future__ import annotations

import numpy as np

from nlp_rnn.batch import AnyIds

_COUNTED = 2**24  # pairs at most; more move the table no more
_AT_ONCE = 2**20
_PRIOR = 1.0  # how often each context counts as seen before, followed by any id in its share


def bigram_nats(train_N: AnyIds, validation_M: AnyIds, vocab_size: int) -> float:
    """Return the mean nats of an id by the pairs counted in a training text (0.0 where it is sure).

    A pair's probability is its share among those that begin alike, smoothed towards the second id's share of
    all (MacKay & Peto 1995). Only the pairs of the validation text are counted, so any vocabulary fits.

    >>> ids_N = np.array([1, 2] * 500)
    >>> round(bigram_nats(ids_N, ids_N[:9], vocab_size=4), 2)
    0.0
    """
    V = vocab_size
    pairs_P, where_M = np.unique(_codes(validation_M, V), return_inverse=True)
    pair_counts_P, id_counts_V = np.zeros(len(pairs_P), np.int64), np.zeros(V, np.int64)
    for start in range(0, min(len(train_N) - 1, _COUNTED), _AT_ONCE):
        # One id more than the pairs that begin here: the last pair ends with the next piece's first id.
        part = np.asarray(train_N[start : start + _AT_ONCE + 1])
        codes = _codes(part, V)
        at = np.minimum(np.searchsorted(pairs_P, codes), len(pairs_P) - 1)
        pair_counts_P += np.bincount(at[pairs_P[at] == codes], minlength=len(pairs_P))
        id_counts_V += np.bincount(part[:-1], minlength=V)
    first_P, second_P = np.divmod(pairs_P, V)
    share_P = (id_counts_V[second_P] + 1) / (id_counts_V.sum() + V)
    probs_P = (pair_counts_P + _PRIOR * share_P) / (id_counts_V[first_P] + _PRIOR)
    return float(-np.log(probs_P)[where_M].mean())


def _codes(ids_N: AnyIds, vocab_size: int) -> np.ndarray:
    """Return a number for each pair of neighbours.

    Shape:
        (N,) -> (N - 1,).
    """
    ids = np.asarray(ids_N).astype(np.int64)
    return ids[:-1] * vocab_size + ids[1:]
