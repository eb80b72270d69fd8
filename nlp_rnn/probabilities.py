"""Class probabilities as numbers: from logits to probabilities and polarity, and their checks.

Knows arrays and class names; knows no models, no texts and no labels of corpora.

Shapes: N texts, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlp_rnn.errors import InputError, in_range

NEGATIVE: Final = "negative"
POSITIVE: Final = "positive"
_ROW_SUM_TOLERANCE = 1e-3


def softmax(logits: ArrayLike, temperature: float = 1.0) -> NDArray[Any]:
    """Return the probabilities of logits divided by a temperature; no logit is too large for it.

    Shape:
        (..., C) -> (..., C), of the input's own float type (float64 for whole numbers).

    Raises:
        ConfigError: If the temperature is not a positive number.

    >>> softmax([[0.0, 0.0]]).tolist()
    [[0.5, 0.5]]
    """
    temperature = in_range("temperature", temperature, 1e-6, 1e6)
    values = np.asarray(logits)
    if not np.issubdtype(values.dtype, np.floating):
        values = values.astype(np.float64)
    shifted = (values - values.max(axis=-1, keepdims=True)) / values.dtype.type(temperature)
    np.exp(shifted, out=shifted)
    shifted /= shifted.sum(axis=-1, keepdims=True)
    return np.asarray(shifted)


def has_polarity(classes: Sequence[str]) -> bool:
    """Return True if both ``negative`` and ``positive`` are among the classes."""
    names = list(classes)
    return NEGATIVE in names and POSITIVE in names


def polarity(probs: ArrayLike, classes: Sequence[str]) -> NDArray[Any]:
    """Return P(positive) - P(negative), in [-1, 1]; NaN for classes without these two names.

    Shape:
        (..., C) -> (...).

    >>> polarity([0.7, 0.2, 0.1], ["negative", "neutral", "positive"]).round(6).item()
    -0.6
    """
    names = list(classes)
    values = np.asarray(probs)
    if not has_polarity(names):
        return np.full(values.shape[:-1], np.nan)
    return np.asarray(values[..., names.index(POSITIVE)] - values[..., names.index(NEGATIVE)])


def check_probs(probs: ArrayLike, *, num_classes: int | None = None) -> NDArray[np.float64]:
    """Return the probabilities as float64, if they are probabilities.

    Shape:
        (N, C) -> (N, C), N at least 1.

    Raises:
        InputError: If the shape is another one, a number is not in [0, 1], or a row does not sum to 1.
    """
    try:
        values = np.asarray(probs, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("probs must be numbers, one row per text and one column per class") from None
    if values.ndim != 2 or 0 in values.shape:
        raise InputError(f"probs must have the shape (texts, classes), neither of them 0; got {values.shape}")
    if num_classes is not None and values.shape[1] != num_classes:
        raise InputError(f"probs has {values.shape[1]} columns for {num_classes} classes: give one per class")
    wrong = ~np.isfinite(values).all(axis=1)
    if wrong.any():
        raise InputError(f"row {int(wrong.argmax())} of probs holds NaN or an infinite number")
    wrong = ((values < 0) | (values > 1 + _ROW_SUM_TOLERANCE)).any(axis=1)
    wrong |= np.abs(values.sum(axis=1) - 1) > _ROW_SUM_TOLERANCE
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"row {row} of probs is {np.round(values[row], 4).tolist()}: every row must be in [0, 1] "
            "and sum to 1 (logits go through softmax first)"
        )
    return values


def one_hot(labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.float32]:
    """Return labels as probabilities, to be mixed with a teacher's.

    Shape:
        -> (N, C), columns as ``classes``.

    Raises:
        InputError: If a label is none of the classes.

    >>> one_hot(["b"], ["a", "b"]).tolist()
    [[0.0, 1.0]]
    """
    columns = {name: column for column, name in enumerate(classes)}
    unknown = [label for label in labels if label not in columns]
    if unknown:
        raise InputError(f"unknown label {unknown[0]!r}; the classes are {', '.join(classes)}")
    return np.eye(len(columns), dtype=np.float32)[[columns[label] for label in labels]]


def check_columns(labels: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the labels as int64 if each is a column of an array of the given shape.

    Raises:
        InputError: If they are not whole numbers, not one per row, or not in [0, C).
    """
    labels_N = np.asarray(labels)
    rows, columns = shape
    if not np.issubdtype(labels_N.dtype, np.integer) or labels_N.shape != (rows,):
        raise InputError(
            f"labels must be {rows} whole numbers, one per row; got {labels_N.dtype}, shape {labels_N.shape}"
        )
    wrong = (labels_N < 0) | (labels_N >= columns)
    if wrong.any():
        raise InputError(f"label {labels_N[wrong.argmax()]} is no column: they run from 0 to {columns - 1}")
    return labels_N.astype(np.int64)
