"""``SentimentClassifier``: what a text says about its subject, and how strongly.

A ``TextClassifier`` whose classes may be *negative*, *neutral* and *positive*: it has a polarity and a model
that ships.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.classification.classifier import Classification, TextClassifier
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
        unsure: True if the answer is better not believed (``TextClassifier.unsure``).
        language: The language of the text (``LanguageGuesser``); None of a model that is not for English.
        unknown_share: Share of the text's tokens that the model does not know, in [0, 1].
    """

    label: str
    score: float
    polarity: float
    probabilities: dict[str, float]
    unsure: bool = False
    language: str | None = None
    unknown_share: float = 0.0


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
    def classify(self, text: str, *, abstain: float | None = None) -> Sentiment:  # type: ignore[override]
        """Return the answer for one text.

        Args:
            text: One text.
            abstain: As ``unsure`` takes it.

        Raises:
            InputError: If ``text`` is no str.
            ConfigError: As ``unsure``.
        """
        return super().classify(text, abstain=abstain)  # type: ignore[return-value]

    def classify_many(  # type: ignore[override]
        self, texts: Sequence[str], *, abstain: float | None = None
    ) -> list[Sentiment]:
        """Return the answer for each text, as ``classify`` has it, for much less than one by one.

        Raises:
            InputError: If ``texts`` is a single str, or holds anything but str.
            ConfigError: As ``unsure``.
        """
        return [self._with_polarity(found) for found in super().classify_many(texts, abstain=abstain)]

    def sentiment(self, probs_C: NDArray[np.float32]) -> Sentiment:
        """Return one row of ``predict_proba`` with its names; of its text nothing is known.

        Shape:
            (C,).
        """
        return self._with_polarity(self._named(probs_C))

    def _with_polarity(self, found: Classification) -> Sentiment:
        """Return an answer with its polarity."""
        probs_C = np.array([found.probabilities[name] for name in self.artifact.classes], np.float32)
        return Sentiment(**vars(found), polarity=float(polarity(probs_C, self.artifact.classes)))
