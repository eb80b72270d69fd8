"""How probable a character model finds a text: log-probabilities, and the logits they come from.

Knows ids and the NumPy model; knows no sampling and no texts.

Shapes: N ids of a text, T ids read at once, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.batch import AnyIds
from nlp_rnn.runtime.characters import CharRNN
from nlp_rnn.runtime.threads import single_threaded

_READ = 4096  # ids read at once


def log_probs(model: CharRNN, ids_N: AnyIds) -> NDArray[np.float64]:
    """Return the natural log-probability of each id after the first, read with the state carried.

    Shape:
        (N,) -> (N - 1,).
    """
    state, parts = model.start(1), []
    with single_threaded():
        for start in range(0, len(ids_N) - 1, _READ):
            # One id more than is read: each is scored by the logits after the one before it.
            ids_T = ids_N[start : start + _READ + 1].astype(np.int64)
            logits_TV = model.read(ids_T[:-1], state).astype(np.float64)
            # log softmax, with the greatest logit taken off first so that exp cannot overflow
            logits_TV -= logits_TV.max(axis=1, keepdims=True)
            chosen_T = logits_TV[np.arange(len(ids_T) - 1), ids_T[1:]]
            parts.append(chosen_T - np.log(np.exp(logits_TV).sum(axis=1)))
    return np.concatenate(parts)


def next_logits(
    model: CharRNN, before: Sequence[int], ids: Sequence[int], *, banned: Sequence[int]
) -> NDArray[np.float32]:
    """Return the logits by which each id was chosen; minus infinity for those that are never written.

    Args:
        model: The model.
        before: Ids that the text goes on from.
        ids: Ids of the text, T.
        banned: Ids that are never written.

    Shape:
        -> (T, V).
    """
    with single_threaded():
        logits_NV = model.read(np.array([*before, *ids]), model.start(1))
    logits_TV = logits_NV[len(before) - 1 : -1]
    logits_TV[:, list(banned)] = -np.inf
    return logits_TV
