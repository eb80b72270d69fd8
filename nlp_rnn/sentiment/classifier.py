"""``SentimentClassifier``: what a text says about its subject, and how strongly.

A ``TextClassifier`` whose classes may be *negative*, *neutral* and *positive*: it has a polarity and a model
that ships.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.classification.classifier import TextClassifier
from nlp_rnn.probabilities import polarity
from nlp_rnn.resources import SENTIMENT_MODEL


@dataclass(frozen=True)
class Sentiment:
    """The answer for one text.

    Attributes:
        label: The most probable class.
        score: Its probability, in [0, 1].
        polarity: P(positive) - P(negative), in [-1, 1]; NaN for classes of other names.
        probabilities: Probability of each class, by name.
    """

    label: str
    score: float
    polarity: float
    probabilities: dict[str, float]


class SentimentClassifier(TextClassifier):
    """A recurrent text classifier that knows what *positive* and *negative* mean.

    >>> classifier = SentimentClassifier.from_pretrained()
    >>> classifier.predict(["Movie was not good"]).tolist()
    ['negative']

    Arguments and errors are those of ``TextClassifier``.
    """

    TASKS = ("sentiment", "classification")
    SHIPPED = SENTIMENT_MODEL

    # A Sentiment has all that a Classification has; it is no subclass, for its polarity stands in the middle.
    def classify(self, text: str) -> Sentiment:  # type: ignore[override]
        """Return the answer for one text.

        Raises:
            InputError: If ``text`` is no str.
        """
        return self.sentiment(self._probs_of_one(text))

    def sentiment(self, probs_C: NDArray[np.float32]) -> Sentiment:
        """Return one row of ``predict_proba`` with its names.

        Shape:
            (C,).
        """
        named = self._named(probs_C)
        found = float(polarity(probs_C[None], self.artifact.classes)[0])
        return Sentiment(named.label, named.score, found, named.probabilities)
