"""Several classifiers as one: the mean of their probabilities, class by class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from nlp_rnn.distillation.ensemble import average_proba
from nlp_rnn.errors import InputError

TEXTS = ["warm", "cold", "warm and cold"]


class Counter:
    """Knows one word; the probability of *up* is a share of its own where it stands, 0.5 elsewhere."""

    def __init__(self, word: str, share: float, classes: Sequence[str] = ("up", "down")) -> None:
        self.word, self.share, self.classes_ = word, share, np.array(classes)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        up = np.array([self.share if self.word in text else 0.5 for text in texts], np.float32)
        pair = {"up": up, "down": 1 - up}
        return np.stack([pair.get(name, up / 2) for name in self.classes_.tolist()], axis=1)


def test_teachers_are_averaged_class_by_class() -> None:
    first, second = Counter("warm", 0.9), Counter("cold", 0.2, ("down", "up"))
    probs_NC = average_proba([first, second], TEXTS)
    assert probs_NC.dtype == np.float32
    np.testing.assert_allclose(probs_NC[:, 0], [(0.9 + 0.5) / 2, (0.5 + 0.2) / 2, (0.9 + 0.2) / 2])
    np.testing.assert_allclose(probs_NC.sum(axis=1), 1, rtol=1e-6)
    weighted = average_proba([first, second], TEXTS, weights=[3, 1])
    np.testing.assert_allclose(weighted[:, 0], [0.75 * 0.9 + 0.25 * 0.5, 0.425, 0.75 * 0.9 + 0.25 * 0.2])


def test_teachers_that_do_not_fit_together_are_refused() -> None:
    first, second, third = Counter("warm", 0.9), Counter("cold", 0.2), Counter("x", 0.1, ("x", "y"))
    with pytest.raises(InputError, match="up, down and x, y"):
        average_proba([first, third], TEXTS)
    for weights in ([1.0], [1.0, -1.0], [0.0, 0.0]):
        with pytest.raises(InputError, match="weights must be 2 numbers"):
            average_proba([first, second], TEXTS, weights=weights)
    with pytest.raises(InputError, match="at least one"):
        average_proba([], TEXTS)
