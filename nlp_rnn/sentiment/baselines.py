"""What a model of sentiment is measured against: VADER, a lexicon with rules, and NB-SVM, a linear model.

NB-SVM also judges texts that teach a model (``distillation/judges.py``). Knows texts and labels; no corpus,
and none of this package's models.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlp_rnn.errors import DataError, InputError, NotFittedError, as_texts, in_range, require
from nlp_rnn.probabilities import softmax
from nlp_rnn.sentiment.suite import PredictProba

VADER_THRESHOLD = 0.05
TOKEN = r"(?u)\w+|[^\w\s]"
"""What NB-SVM counts: a word, or a mark of punctuation."""


def score_proba(scores: ArrayLike, neutral_below: float = 0.0) -> NDArray[np.float64]:
    """Return one number per text as probabilities over negative, neutral, positive.

    They are not calibrated; they are the simplest for which P(positive) - P(negative) is exactly the number,
    and the likeliest class is neutral where it is nearer to 0 than ``neutral_below``, else that of its sign.

    Args:
        scores: Numbers in [-1, 1]. Shape: (n,).
        neutral_below: At most 0.5; 0 for a model that knows no neutral.

    Returns:
        Shape: (n, 3).

    >>> score_proba([0.5, -0.01], neutral_below=0.05).round(3).tolist()
    [[0.25, 0.0, 0.75], [0.01, 0.99, 0.0]]
    """
    neutral_below = in_range("neutral_below", neutral_below, 0, 0.5)
    score = np.asarray(scores, dtype=np.float64)
    neutral = np.where(np.abs(score) < neutral_below, 1 - np.abs(score), 0.0)
    rest = 1 - neutral
    return np.stack([(rest - score) / 2, neutral, (rest + score) / 2], axis=1)


def vader_predict_proba() -> PredictProba:
    """Return VADER (Hutto & Gilbert 2014) as a ``predict_proba`` over negative, neutral, positive.

    VADER gives one number, ``compound`` in [-1, 1], and its authors call a text positive from 0.05 up and
    negative from -0.05 down; ``score_proba`` makes probabilities of it.

    Returns:
        A callable from n texts to their probabilities. Shape: (n, 3).

    Raises:
        MissingExtraError: If vaderSentiment is not installed.
    """
    analyzer = require("vaderSentiment.vaderSentiment", extra="bench").SentimentIntensityAnalyzer()

    def predict_proba(texts: list[str]) -> NDArray[np.float64]:
        return score_proba([analyzer.polarity_scores(text)["compound"] for text in texts], VADER_THRESHOLD)

    return predict_proba


class NbSvm:
    """NB-SVM: a linear support vector machine on n-grams weighted by naive Bayes (extra ``bench``).

    Binary 1-3 grams times their log-count ratio, squared hinge loss with C = 1, one added to each count,
    weights interpolated with their mean magnitude by 0.75: all as in the paper.

    Attributes:
        classes_: The two labels in alphabetical order, once fitted.
        grams: The n-grams, *N of them*, once fitted.
        weights_N: The weight of each.
        bias: The bias that is added.

    Source:
        Wang & Manning 2012, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification".
    """

    classes_: NDArray[np.str_]
    grams: list[str]
    weights_N: NDArray[np.floating]
    bias: float
    _vectorizer: Any = None

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> NbSvm:
        """Learn from labelled texts; returns itself.

        Args:
            texts: At least two of each label, with n-grams in common.
            labels: Labels of two classes, one for each text.

        Raises:
            InputError: If there are not two classes, or no n-gram occurs twice.
            MissingExtraError: If scikit-learn is not installed.
        """
        texts, classes = as_texts(texts), sorted(set(labels))
        if len(classes) != 2 or len(texts) != len(labels):
            raise InputError(
                f"NB-SVM tells two classes apart, one label for each text; got {len(texts)} texts and "
                f"{len(labels)} labels of {len(classes)} classes"
            )
        vectorizer = _vectorizer(min_df=2)
        try:
            counts = vectorizer.fit_transform(texts)
        except ValueError:
            raise InputError("no n-gram occurs in two texts: give more texts to learn from") from None
        second = np.array(labels) == classes[1]
        # How much more often each n-gram comes with the second class than with the first (naive Bayes).
        p_N, q_N = (1 + np.asarray(counts[rows].sum(axis=0))[0] for rows in (second, ~second))
        ratio_N = np.log((p_N / p_N.sum()) / (q_N / q_N.sum())).astype(np.float32)
        svm = require("sklearn.svm", extra="bench").LinearSVC(C=1.0, tol=0.01, random_state=0)
        svm.fit(counts.multiply(ratio_N).tocsr(), second)
        # Between the machine's own weights and naive Bayes, which gives all ratios the same weight.
        weights_N = (0.25 * svm.coef_[0] + 0.75 * np.abs(svm.coef_).mean()) * ratio_N
        return self._set(classes, vectorizer.get_feature_names_out().tolist(), weights_N, svm.intercept_[0])

    def margins(self, texts: Sequence[str]) -> NDArray[np.floating]:
        """Return the signed distance of each text from the border, above 0 for the second class. Shape: (n,).

        Raises:
            NotFittedError: If nothing was fitted or loaded.
        """
        if self._vectorizer is None:
            raise NotFittedError("this NB-SVM has learned nothing: call fit, or load one")
        return np.asarray(self._vectorizer.transform(as_texts(texts)) @ self.weights_N + self.bias)

    def predict(self, texts: Sequence[str]) -> NDArray[np.str_]:
        """Return the label of each text. Shape: (n,).

        Raises:
            NotFittedError: If nothing was fitted or loaded.
        """
        margins_N = self.margins(texts)
        return np.asarray(self.classes_[(margins_N > 0).astype(int)])

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.floating]:
        """Return the logistic function of the margins, not calibrated. Shape: (n, 2).

        Raises:
            NotFittedError: If nothing was fitted or loaded.
        """
        margins_N = self.margins(texts)
        return softmax(np.stack([np.zeros_like(margins_N), margins_N], axis=1))

    def save(self, path: str | Path) -> Path:
        """Write it into one ``.npz``; returns the path.

        Raises:
            NotFittedError: If nothing was fitted or loaded.
        """
        if self._vectorizer is None:
            raise NotFittedError("this NB-SVM has learned nothing: call fit before save")
        grams = np.frombuffer("\n".join(self.grams).encode(), np.uint8)
        path = Path(path)
        with path.open("wb") as file:
            np.savez(file, grams=grams, weights=self.weights_N, bias=self.bias, classes=self.classes_)
        return path

    @classmethod
    def load(cls, path: str | Path) -> NbSvm:
        """Read what ``save`` wrote.

        Raises:
            DataError: If there is no such file, or it holds something else.
            MissingExtraError: If scikit-learn is not installed.
        """
        require("sklearn", extra="bench")
        try:
            with np.load(path) as arrays:
                grams = arrays["grams"].tobytes().decode().split("\n")
                return cls()._set(arrays["classes"].tolist(), grams, arrays["weights"], float(arrays["bias"]))
        except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise DataError(f"{path} holds no NB-SVM that save wrote: {error}") from None

    def _set(self, classes: list[str], grams: list[str], weights_N: NDArray[Any], bias: float) -> NbSvm:
        self._vectorizer = _vectorizer(vocabulary={gram: number for number, gram in enumerate(grams)})
        self.classes_, self.grams = np.array(classes), grams
        self.weights_N, self.bias = weights_N, float(bias)
        return self


def _vectorizer(**options: Any) -> Any:
    text = require("sklearn.feature_extraction.text", extra="bench")
    return text.CountVectorizer(
        binary=True, ngram_range=(1, 3), token_pattern=TOKEN, dtype=np.float32, **options
    )
