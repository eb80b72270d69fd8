"""scikit-learn's own suite, whose checks are for rows of numbers, read as words by a classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nlp_rnn import TextClassifier
from nlp_rnn.config import TrainConfig

pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("sklearn", reason="needs the sklearn extra")
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data


class NumbersAsWords(ClassifierMixin, BaseEstimator):
    """A classifier of rows of numbers: each number is spelled as a word that names its column and its size.

    Args:
        hidden_size: As in ``TextClassifier``.
        max_epochs: As in ``TrainConfig``.
    """

    def __init__(self, hidden_size: int = 8, max_epochs: int = 3) -> None:
        self.hidden_size = hidden_size
        self.max_epochs = max_epochs

    def fit(self, X: Any, y: Any) -> NumbersAsWords:
        X, y = validate_data(self, X, y, ensure_min_samples=2)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"there is only one class: {self.classes_[0]}")
        texts, names = self.spelled(X), [f"{label:04}" for label in labels]
        self.classifier_ = TextClassifier(
            cell="rnn",
            embedding_dim=8,
            hidden_size=self.hidden_size,
            bidirectional=False,
            pooling="mean",
            min_count=1,
            config=TrainConfig(
                max_epochs=self.max_epochs,
                batch_size=32,
                learning_rate=0.1,
                dropout=0.0,
                unk_dropout=0.0,
                ema_decay=0.0,
            ),
        ).fit(texts, names, validation=(texts, names))
        return self

    def predict_proba(self, X: Any) -> Any:
        check_is_fitted(self)
        return self.classifier_.predict_proba(self.spelled(validate_data(self, X, reset=False)))

    def predict(self, X: Any) -> Any:
        probs_NC = self.predict_proba(X)
        return self.classes_[probs_NC.argmax(axis=1)]

    def spelled(self, X: Any) -> list[str]:
        halves = np.round(2 * np.clip(X, -1e9, 1e9)).astype(np.int64)
        return [
            " ".join(f"c{column}{'m' if half < 0 else 'p'}{abs(half)}" for column, half in enumerate(row))
            for row in halves
        ]


# None of the suite's checks is expected to fail.
@parametrize_with_checks([NumbersAsWords()])
def test_scikit_learns_suite(estimator: Any, check: Any) -> None:
    check(estimator)
