"""Temperature scaling: one number that makes a trained model's probabilities honest.

Knows logits and right answers of held-out texts; knows no model. Dividing the logits by a
temperature moves no answer, only its probability (Guo et al. 2017, section 4.2).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlp_rnn.errors import InputError
from nlp_rnn.probabilities import check_columns, softmax

MIN_TEMPERATURE: Final = 0.05
MAX_TEMPERATURE: Final = 20.0
ABSENT: Final = -1e9
"""The logit of a class that a set of texts does not have."""

Floats = NDArray[np.float64]


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """The temperature under which held-out labels are likeliest.

    The negative log-likelihood is convex in 1 / T, so the sign of its slope tells on which side the
    minimum lies: bisection of log T always finds it. As in Platt (1999), a right answer counts as
    1 - 1 / (N + 2) right, the rest spread over the other classes: a few texts, all answered rightly, are
    no reason to be sure. Where no temperature matters (all logits of each text are equal), it is 1.

    Args:
        logits: *shape (N, C)*, of texts that the model was not trained on; ``ABSENT`` for a class that
            cannot be the answer.
        labels: Column of the right class, *shape (N,)*, whole numbers.

    Returns:
        T in [0.05, 20], for ``softmax(logits, T)``; above 1 the model was too sure of itself.

    Raises:
        InputError: If the shapes do not fit, a logit is not finite, or a label is no column.
    """
    logits_NC = np.asarray(logits, dtype=np.float64)
    if logits_NC.ndim != 2 or 0 in logits_NC.shape:
        raise InputError(f"logits must have the shape (texts, classes), neither 0; got {logits_NC.shape}")
    if not np.isfinite(logits_NC).all():
        raise InputError("the logits hold NaN or an infinite number: the model is broken, train it again")
    labels_N = check_columns(labels, logits_NC.shape)
    logits_NC = logits_NC - logits_NC.max(axis=1, keepdims=True)
    if not logits_NC.any():
        return 1.0
    targets_NC = _targets(logits_NC, labels_N)
    low, high = np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE)
    if _slope(logits_NC, targets_NC, MIN_TEMPERATURE) <= 0:
        return MIN_TEMPERATURE
    if _slope(logits_NC, targets_NC, MAX_TEMPERATURE) >= 0:
        return MAX_TEMPERATURE
    while high - low > 1e-10:
        middle = (low + high) / 2
        if _slope(logits_NC, targets_NC, float(np.exp(middle))) > 0:
            low = middle
        else:
            high = middle
    return float(np.exp((low + high) / 2))


def _targets(logits_NC: Floats, labels_N: NDArray[np.int64]) -> Floats:
    """Probabilities that the answers should have: nearly one for the right class."""
    rows_N, doubt = np.arange(len(labels_N)), 1 / (len(labels_N) + 2)
    others_NC = logits_NC > ABSENT / 2
    others_NC[rows_N, labels_N] = False
    targets_NC: Floats = doubt * others_NC / np.maximum(1, others_NC.sum(axis=1, keepdims=True))
    targets_NC[rows_N, labels_N] = 1 - targets_NC.sum(axis=1)
    return targets_NC


def _slope(logits_NC: Floats, targets_NC: Floats, temperature: float) -> float:
    """Derivative of the mean negative log-likelihood by 1 / T: expected logit minus the target's."""
    difference_NC = softmax(logits_NC, temperature) - targets_NC
    return float((difference_NC * logits_NC).sum(axis=1).mean())
