"""The vectors of one vocabulary carried to another: shared words keep theirs, new ones are mapped there.

A trained model's word vectors hold what it learned of them. When its vocabulary is made anew, words that both
know keep their vectors; for the others, a linear map between two spaces of vectors, learned on the shared
words, says where they would lie (Mikolov, Le & Sutskever 2013, "Exploiting Similarities among Languages for
Machine Translation", section 4). Knows tokens and vectors; no texts and no models.

Shapes: V old tokens, W new tokens, E old width, F width of the fresh vectors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import InputError

F32 = NDArray[np.float32]
_RIDGE = 1e-2


def transfer_vectors(
    old: Mapping[str, int],
    old_VE: F32,
    new: Sequence[str],
    fresh_WF: F32,
    *,
    seen: Sequence[float] | None = None,
) -> F32:
    """Return vectors in the old space for the tokens of a new vocabulary.

    Args:
        old: The row of each old token.
        old_VE: Their vectors.
        new: The new tokens, in the order of their ids.
        fresh_WF: Vectors of all new tokens from any text, such as ``cooccurrence_vectors``: the map's domain.
        seen: How much each new token counts when the map is learned; None is all the same.

    Shape:
        (W, E), float32.

    Raises:
        InputError: If the numbers of tokens and vectors differ, or fewer tokens are shared than the map has
            columns.
    """
    if len(old) != len(old_VE) or len(new) != len(fresh_WF):
        raise InputError(
            f"there must be a vector for each token; got {len(old)} and {len(old_VE)} old ones, "
            f"{len(new)} and {len(fresh_WF)} new ones"
        )
    shared = [row for row, token in enumerate(new) if token in old]
    known_KE = old_VE[[old[new[row]] for row in shared]].astype(np.float64)
    # One column more, of ones, shifts the origin.
    domain_WF = np.hstack([fresh_WF.astype(np.float64), np.ones((len(new), 1))])
    if len(shared) < domain_WF.shape[1]:
        raise InputError(
            f"the vocabularies share {len(shared)} tokens, and a map of {domain_WF.shape[1] - 1} columns "
            "takes more: train the vectors anew"
        )
    shares_K1 = np.ones((len(shared), 1)) if seen is None else np.sqrt([[seen[row]] for row in shared])
    left_KF = domain_WF[shared] * shares_K1
    # Ridge regression: (X'X + r I) M = X'Y.
    square_FF = left_KF.T @ left_KF
    square_FF += _RIDGE * np.trace(square_FF) / len(square_FF) * np.eye(len(square_FF))
    map_FE = np.linalg.solve(square_FF, left_KF.T @ (known_KE * shares_K1))
    found_WE = domain_WF @ map_FE
    found_WE[shared] = known_KE
    return found_WE.astype(np.float32)
