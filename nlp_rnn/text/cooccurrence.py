"""Word vectors from unlabelled text: co-occurrence counts, positive PMI, truncated SVD.

As good a start for a recurrent model as skip-gram, of which it is a factorisation (Levy & Goldberg
2014), in seconds and the same for the same seed. Knows rows of ids; no words, no models.

Shapes: N tokens in a row, V vocabulary, E embedding width.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import InputError, require


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
    """Vectors of ids that stand in like company (extra ``train``).

    Args:
        rows: Token ids of each text.
        vocab_size: V.
        dim: E, less than V.
        window: Tokens to either side that count, a token d steps away for 1 / d.
        smoothing: Exponent on the context's frequency (Levy, Goldberg & Dagan 2015).
        first_id: Smaller ids (padding, unknown) take no part and get small random vectors.
        seed: Of the SVD's random projection and of those vectors.

    Returns:
        Shape (V, E); the mean length of a row is 1.

    Raises:
        InputError: If there is too little text for ``dim`` vectors.
        MissingExtraError: If scikit-learn is not installed.
    """
    sparse = require("scipy.sparse", extra="train")
    randomized_svd = require("sklearn.utils.extmath", extra="train").randomized_svd
    gap = np.full(window, -1, dtype=np.int32)  # no pair reaches over a text's end
    parts = [np.concatenate([np.asarray(row, dtype=np.int32), gap]) for row in rows]
    stream_N = np.concatenate(parts) if parts else gap
    shape = (vocab_size, vocab_size)
    counts = sparse.csr_matrix(shape, dtype=np.float32)
    for distance in range(1, window + 1):
        left_N, right_N = stream_N[:-distance], stream_N[distance:]
        both = (left_N >= first_id) & (right_N >= first_id)
        weight = np.full(int(both.sum()), 1 / distance, dtype=np.float32)
        counts = counts + sparse.coo_matrix((weight, (left_N[both], right_N[both])), shape=shape).tocsr()
    counts = (counts + counts.T).tocoo()
    if counts.nnz <= dim or vocab_size <= dim:
        raise InputError(
            f"too little text for word vectors of width {dim}: give more text or a smaller width"
        )
    word_V = np.asarray(counts.sum(axis=1)).ravel()
    context_V = word_V**smoothing / (word_V**smoothing).sum()
    pmi = np.log(counts.data / (word_V[counts.row] * context_V[counts.col])).astype(np.float32)
    positive = pmi > 0
    matrix = sparse.csr_matrix((pmi[positive], (counts.row[positive], counts.col[positive])), shape=shape)
    left_VE, scale_E, _ = randomized_svd(matrix, dim, n_iter=3, random_state=seed)
    vectors_VE: NDArray[np.float32] = (left_VE * np.sqrt(scale_E)).astype(np.float32)
    bare = word_V == 0
    vectors_VE /= np.linalg.norm(vectors_VE[~bare], axis=1).mean()
    vectors_VE[bare] = np.random.default_rng(seed).normal(0, 0.02, (int(bare.sum()), dim))
    return vectors_VE
