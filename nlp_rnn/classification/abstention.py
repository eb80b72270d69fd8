"""Abstention: which answers are better not given, so that few of the others are wrong.

On held-out texts of all kinds, each kind counting alike, the least probability is sought with which at most a
given share of the answers is wrong (selective classification; Geifman & El-Yaniv 2017, section 3). Knows
probabilities and right answers; knows no model and no texts.

Shapes: N texts, C classes, M points of the curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlp_rnn.errors import ConfigError, in_range
from nlp_rnn.metrics import risk_coverage

UNSURE: Final = "unsure"
"""What is answered in place of a class."""
ERRORS: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3)
"""Shares of wrong answers for which a model's thresholds are kept."""
MOST_UNKNOWN: Final = 0.5
"""Share of unknown tokens above which a text was not understood."""

Thresholds = list[list[float]]
"""Pairs of a share of wrong answers, and the least probability of an answer that is given; rising shares."""


def fit_thresholds(
    sets: Sequence[tuple[Sequence[Any] | NDArray[Any], Sequence[int] | NDArray[Any]]],
) -> Thresholds:
    """Return, for each of ``ERRORS`` that can be kept, the least probability of an answer that is given.

    The sets count alike, whatever their sizes. One wrong answer more than there are is reckoned with, so a
    few texts that are all answered rightly promise little.

    Args:
        sets: Probabilities *(N, C)* and right columns *(N,)* of held-out texts, by kind of text.

    Raises:
        InputError: If probabilities or columns are none.

    >>> fit_thresholds([([[0.9, 0.1]] * 98 + [[0.6, 0.4]] * 2, [0] * 98 + [1] * 2)])[:3]
    [[0.01, 0.9], [0.02, 0.9], [0.03, 0.0]]
    """
    probs_NC = np.concatenate([np.asarray(probs) for probs, _ in sets])
    labels_N = np.concatenate([np.asarray(labels) for _, labels in sets])
    weights_N = np.concatenate([np.full(len(labels), 1 / len(labels)) for _, labels in sets])
    curve = risk_coverage(probs_NC, labels_N, weights=weights_N)
    given_M = np.rint(curve.coverage * len(labels_N))
    cautious_M = (curve.error * given_M + 1) / (given_M + 2)
    found: Thresholds = []
    for error in ERRORS:
        kept = np.flatnonzero(cautious_M <= error)
        if len(kept):
            everything = kept[-1] == len(cautious_M) - 1
            found.append([error, 0.0 if everything else float(curve.confidence[kept[-1]])])
    return found


def least_probability(thresholds: Any, abstain: float) -> float:
    """Return the least probability of an answer that is given if so many of them may be wrong.

    Args:
        thresholds: What ``fit_thresholds`` returned; of a model without any, None.
        abstain: The share of wrong answers that is allowed; the next smaller one that was measured counts.

    Raises:
        ConfigError: If the model has no thresholds, or none for so small a share.
    """
    abstain = in_range("abstain", abstain, 0, 1, open_high=True)
    if not thresholds:
        raise ConfigError(
            "this model cannot abstain: it was saved without thresholds; train it again, with held-out texts "
            "of all kinds"
        )
    kept = [least for error, least in thresholds if error <= abstain]
    if not kept:
        raise ConfigError(
            f"Invalid abstain. Received: {abstain:g}; on held-out texts this model could promise no fewer "
            f"than {thresholds[0][0]:g} of wrong answers"
        )
    return float(kept[-1])


def mark_unsure(
    probs: NDArray[Any],
    *,
    unknown_shares: ArrayLike,
    unread: ArrayLike,
    least: float = 0.0,
) -> NDArray[np.bool_]:
    """Return for each answer if it is better not given.

    Args:
        probs: Probabilities, *shape (N, C)*.
        unknown_shares: Share of unknown tokens of each text, *shape (N,)*.
        unread: True for a text in another language than the model's, *shape (N,)*.
        least: What ``least_probability`` returned.

    Shape:
        (N,).
    """
    not_understood_N = np.asarray(unread, np.bool_) | (np.asarray(unknown_shares) > MOST_UNKNOWN)
    return np.asarray(not_understood_N | (probs.max(axis=1) < least))
