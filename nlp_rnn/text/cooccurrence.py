"""Word vectors from unlabelled text: co-occurrence counts, positive PMI, truncated SVD.

As good a start for a recurrent model as skip-gram, of which it is a factorisation (Levy & Goldberg
2014), in seconds and the same for the same seed. Knows rows of ids; no words, no models.

Shapes: N tokens in a row, V vocabulary, E embedding width.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import InputError, in_range, require, whole_number


def cooccurrence_vectors(
    rows: Iterable[Sequence[int]],
    *,
    vocab_size: int,
    dim: int = 128,
    window: int = 5,
    smoothing: float = 0.75,
    first_id: int = 2,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Return vectors that are similar for ids that stand beside the same ids (extra ``train``).

    Args:
        rows: Token ids of each text.
        vocab_size: V.
        dim: E, less than V.
        window: Tokens to either side that count, a token d steps away for 1 / d.
        smoothing: Exponent on the context's frequency (Levy, Goldberg & Dagan 2015).
        first_id: Smaller ids (padding, unknown) take no part and get small random vectors.
        seed: Seed of the SVD's random projection and of those vectors.

    Returns:
        Shape (V, E); the mean length of a row is 1.

    Raises:
        InputError: If there is too little text for ``dim`` vectors.
        ConfigError: If a number is outside its range.
        MissingExtraError: If scikit-learn is not installed.
    """
    vocab_size, dim = whole_number("vocab_size", vocab_size, 2), whole_number("dim", dim, 1)
    window, first_id = whole_number("window", window, 1), whole_number("first_id", first_id, 0)
    smoothing, seed = in_range("smoothing", smoothing, 0, 10), whole_number("seed", seed, 0, 2**32 - 1)
    sparse = require("scipy.sparse", extra="train")
    randomized_svd = require("sklearn.utils.extmath", extra="train").randomized_svd
    # All texts in one row of ids, with so wide a gap between them that no pair reaches over a text's end.
    gap = np.full(window, -1, dtype=np.int32)
    parts = [np.concatenate([np.asarray(row, dtype=np.int32), gap]) for row in rows]
    stream_N = np.concatenate(parts) if parts else gap
    counts = _counts(stream_N, window, first_id, vocab_size).tocoo()
    if counts.nnz <= dim or vocab_size <= dim:
        raise InputError(
            f"too little text for word vectors of width {dim}: give more text or a smaller width"
        )
    # Frequencies of words and of contexts. The exponent makes rare contexts seem less rare, or they would
    # have the greatest PMI of all.
    word_V = np.asarray(counts.sum(axis=1)).ravel()
    context_V = word_V**smoothing / (word_V**smoothing).sum()
    # Pointwise mutual information of the pairs that occur: log P(context | word) / P(context).
    pmi = np.log(counts.data / (word_V[counts.row] * context_V[counts.col])).astype(np.float32)
    # Keep what is above chance; all other cells are 0, so the matrix stays sparse.
    positive = pmi > 0
    cells = (pmi[positive], (counts.row[positive], counts.col[positive]))
    matrix = sparse.csr_matrix(cells, shape=(vocab_size, vocab_size))
    # The best approximation of rank E; half of the singular values goes to the words, half to the contexts.
    left_VE, scale_E, _ = randomized_svd(matrix, dim, n_iter=3, random_state=seed)
    vectors_VE: NDArray[np.float32] = (left_VE * np.sqrt(scale_E)).astype(np.float32)
    # Words that were never seen beside another have no vector: short random ones keep them near zero.
    unseen = word_V == 0
    vectors_VE /= np.linalg.norm(vectors_VE[~unseen], axis=1).mean()
    vectors_VE[unseen] = np.random.default_rng(seed).normal(0, 0.02, (int(unseen.sum()), dim))
    return vectors_VE


def _counts(stream_N: NDArray[np.int32], window: int, first_id: int, vocab_size: int) -> Any:
    """Return how often each id stands near each other one, weighted by 1 / distance: sparse (V, V)."""
    sparse = require("scipy.sparse", extra="train")
    shape = (vocab_size, vocab_size)
    counts = sparse.csr_matrix(shape, dtype=np.float32)
    for distance in range(1, window + 1):
        # All pairs at this distance: the row against itself, shifted.
        left_N, right_N = stream_N[:-distance], stream_N[distance:]
        both = (left_N >= first_id) & (right_N >= first_id)
        weight = np.full(int(both.sum()), 1 / distance, dtype=np.float32)
        counts = counts + sparse.coo_matrix((weight, (left_N[both], right_N[both])), shape=shape).tocsr()
    # Seen from the right word, too.
    return counts + counts.T
