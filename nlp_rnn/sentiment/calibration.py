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


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """The temperature under which held-out labels are likeliest.

    The negative log-likelihood is convex in 1 / T, so the sign of its slope tells on which side the
    minimum lies: bisection of log T always finds it. Where there is no minimum (every text is answered
    rightly) the nearer end of [0.05, 20] is returned; where no temperature matters (all logits of each
    text are equal), 1.

    Args:
        logits: *shape (N, C)*, of texts that the model was not trained on.
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
    low, high = np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE)
    if _slope(logits_NC, labels_N, MIN_TEMPERATURE) <= 0:
        return MIN_TEMPERATURE
    if _slope(logits_NC, labels_N, MAX_TEMPERATURE) >= 0:
        return MAX_TEMPERATURE
    while high - low > 1e-10:
        middle = (low + high) / 2
        if _slope(logits_NC, labels_N, float(np.exp(middle))) > 0:
            low = middle
        else:
            high = middle
    return float(np.exp((low + high) / 2))


def _slope(logits_NC: NDArray[np.float64], labels_N: NDArray[np.int64], temperature: float) -> float:
    """Derivative of the mean negative log-likelihood by 1 / T: expected logit minus the right one's."""
    expected_N = (softmax(logits_NC, temperature) * logits_NC).sum(axis=1)
    return float((expected_N - logits_NC[np.arange(len(labels_N)), labels_N]).mean())
