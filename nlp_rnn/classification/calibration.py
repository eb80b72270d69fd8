"""Calibration: a trained model's probabilities made as high as its answers are right.

Knows logits and right answers of held-out texts; knows no model. Dividing the logits by one temperature
changes no answer, only its probability; a scale and a bias for each class change answers, too, where a class
is answered too often (temperature and vector scaling; Guo et al. 2017, section 4.2).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlp_rnn.errors import InputError, require
from nlp_rnn.probabilities import check_columns, softmax

MIN_TEMPERATURE: Final = 0.05
MAX_TEMPERATURE: Final = 20.0
ABSENT: Final = -1e9
"""The logit of a class that a set of texts does not have."""

F64 = NDArray[np.float64]


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """Return the temperature under which held-out labels are likeliest.

    The negative log-likelihood is convex in 1 / T, so the sign of its slope tells on which side the
    minimum lies: bisection of log T always finds it. As in Platt (1999), a right answer counts as
    1 - 1 / (N + 2) right, the rest spread over the other classes: a few texts, all answered rightly, are
    no reason for high confidence. Where no temperature matters (all logits of each text are equal), it is 1.

    Args:
        logits: *shape (N, C)*, of texts that the model was not trained on; ``ABSENT`` for a class that
            cannot be the answer.
        labels: Column of the right class, *shape (N,)*, whole numbers.

    Returns:
        T in [0.05, 20], for ``softmax(logits, T)``; above 1 the model was overconfident.

    Raises:
        InputError: If the shapes do not fit, a logit is not finite, or a label is no column.
    """
    logits_NC, labels_N = _checked(logits, labels)
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


def fit_class_scaling(logits: ArrayLike, labels: ArrayLike) -> tuple[F64, F64]:
    """Return the scale and bias of each class under which held-out labels are likeliest (vector scaling).

    The negative log-likelihood, with right answers as in ``fit_temperature``, is convex in both; its minimum
    is sought from the temperature's scales and biases of 0 (BFGS; extra ``train``). For thousands of texts:
    with few, the numbers fit those few. Where a scale would be negative, the temperature's scales are
    returned.

    Args:
        logits: *shape (N, C)*, of texts that the model was not trained on, best with mean 0 over the classes
            (a number added to all of them means nothing, but a scale would make it mean something);
            ``ABSENT`` for a class that cannot be the answer.
        labels: Column of the right class, *shape (N,)*, whole numbers.

    Returns:
        Scales and biases, both *(C,)*, for ``softmax(scales * logits + biases)``.

    Raises:
        InputError: As ``fit_temperature``.
        MissingExtraError: If SciPy is not installed.
    """
    minimize = require("scipy.optimize", extra="train").minimize
    logits_NC, labels_N = _checked(logits, labels)
    targets_NC = _targets(logits_NC, labels_N)
    count, classes = logits_NC.shape
    present_NC = logits_NC > ABSENT / 2
    known_NC = np.where(present_NC, logits_NC, 0.0)
    start_K = np.repeat([1 / fit_temperature(logits_NC, labels_N), 0.0], classes)

    def loss(now_K: F64) -> tuple[float, F64]:
        scaled_NC = now_K[:classes] * known_NC + now_K[classes:]
        probs_NC = softmax(np.where(present_NC, scaled_NC, ABSENT))
        errors_NC = probs_NC - targets_NC
        slope_K = np.concatenate([(errors_NC * known_NC).sum(axis=0), errors_NC.sum(axis=0)]) / count
        return float(-(targets_NC * np.log(np.maximum(probs_NC, 1e-300))).sum() / count), slope_K

    found_K: F64 = minimize(loss, start_K, jac=True, method="BFGS", options={"gtol": 1e-8}).x
    if found_K[:classes].min() <= 0:
        found_K = start_K
    return found_K[:classes], found_K[classes:]


def _checked(logits: ArrayLike, labels: ArrayLike) -> tuple[F64, NDArray[np.int64]]:
    """Return logits and labels as arrays, if they fit together."""
    logits_NC = np.asarray(logits, dtype=np.float64)
    if logits_NC.ndim != 2 or 0 in logits_NC.shape:
        raise InputError(f"logits must have the shape (texts, classes), neither 0; got {logits_NC.shape}")
    if not np.isfinite(logits_NC).all():
        raise InputError("the logits hold NaN or an infinite number: the model is broken, train it again")
    return logits_NC, check_columns(labels, logits_NC.shape)


def _targets(logits_NC: F64, labels_N: NDArray[np.int64]) -> F64:
    """Return the probabilities that the answers should have: nearly one for the right class."""
    rows_N, doubt = np.arange(len(labels_N)), 1 / (len(labels_N) + 2)
    others_NC = logits_NC > ABSENT / 2
    others_NC[rows_N, labels_N] = False
    targets_NC: F64 = doubt * others_NC / np.maximum(1, others_NC.sum(axis=1, keepdims=True))
    targets_NC[rows_N, labels_N] = 1 - targets_NC.sum(axis=1)
    return targets_NC


def _slope(logits_NC: F64, targets_NC: F64, temperature: float) -> float:
    """Return the derivative of the mean negative log-likelihood by 1 / T: expected logit minus target's."""
    difference_NC = softmax(logits_NC, temperature) - targets_NC
    return float((difference_NC * logits_NC).sum(axis=1).mean())
