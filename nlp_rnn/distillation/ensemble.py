"""Several classifiers as one: the mean of their probabilities, which can teach a smaller one.

Knows classifiers; trains none. ``SentimentClassifier.fit`` takes the probabilities as labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import InputError


class Classifier(Protocol):
    """A model from texts to probabilities, such as ``SentimentClassifier`` or ``TransformerClassifier``."""

    @property
    def classes_(self) -> NDArray[np.str_]:
        """Names of the classes, in the order of the columns."""

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the probabilities of texts, *shape (n_texts, n_classes)*."""


def average_proba(
    classifiers: Sequence[Classifier],
    texts: Sequence[str],
    *,
    weights: Sequence[float] | None = None,
) -> NDArray[np.float32]:
    """Return the mean of the classifiers' probabilities.

    To distil them, let a student learn the answers on any texts (Hinton et al. 2015; Bucila et al. 2006)::

        teachers = [SentimentClassifier.from_pretrained(folder) for folder in folders]
        classes = teachers[0].classes_
        student.fit(unlabelled, average_proba(teachers, unlabelled), classes=classes)

    Args:
        classifiers: At least one, all of the same classes in any order.
        texts: Any number of texts.
        weights: How much each counts; None is all the same.

    Returns:
        Shape (n_texts, n_classes), float32, rows sum to 1, columns as the first classifier's ``classes_``.

    Raises:
        InputError: If there is no classifier, their classes differ, or the weights do not fit.
    """
    if not classifiers:
        raise InputError("there is no classifier to average: give at least one")
    names = classifiers[0].classes_.tolist()
    shares = np.ones(len(classifiers)) if weights is None else np.asarray(weights, np.float64)
    if shares.shape != (len(classifiers),) or not (shares >= 0).all() or not 0 < shares.sum() < np.inf:
        raise InputError(
            f"weights must be {len(classifiers)} numbers, one per classifier, none below 0, not all 0; "
            f"got {weights}"
        )
    mean_NC = np.zeros((len(texts), len(names)))
    for share, classifier in zip(shares / shares.sum(), classifiers, strict=True):
        own = classifier.classes_.tolist()
        if sorted(own) != sorted(names):
            raise InputError(
                "classifiers of different classes cannot be averaged: "
                f"{', '.join(names)} and {', '.join(own)}"
            )
        mean_NC += share * classifier.predict_proba(texts)[:, [own.index(name) for name in names]]
    return mean_NC.astype(np.float32)
