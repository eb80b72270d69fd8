"""Judges of texts that nobody labelled: each alone, and several together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp_rnn.distillation.judges import (
    classifier_judge,
    feature_judge,
    review_features,
    sentences_of,
    stacked_proba,
)
from nlp_rnn.errors import InputError
from nlp_rnn.probabilities import softmax

CLASSES = ("negative", "neutral", "positive")


class Words:
    """A teacher that counts good and bad words; what its head sees are the counts."""

    def __init__(self, fingerprint: str = "words") -> None:
        self.fingerprint = fingerprint
        self.asked: list[str] = []

    def read(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        self.asked += texts
        pooled = np.array([[text.count("good"), text.count("bad")] for text in texts], np.float32)
        return np.stack([pooled[:, 1], 0 * pooled[:, 0], pooled[:, 0]], axis=1), pooled


def test_a_review_is_read_in_its_sentences_and_once_for_each_teacher(tmp_path: Path) -> None:
    reviews = ["It was good. Good it was not, but bad.<br /><br />Well? How bad!", "Bad.", "..."]
    teacher = Words()
    found_NF = review_features(reviews, teacher, folder=tmp_path)
    parts = ["It was good.", "Good it was not, but bad.", "Well?", "How bad!", "Bad.", "..."]
    assert teacher.asked == parts
    one, none = softmax([1.0, 0, 0]), np.full(3, 1 / 3)
    expected = [0.25, 0.5, 0, 1, 1, 1, *(2 * one + one[::-1] + none) / 4, *one[::-1], *one]
    np.testing.assert_allclose(found_NF[0], expected, rtol=1e-3)
    again_NF = review_features(reviews, teacher, folder=tmp_path)
    np.testing.assert_array_equal(again_NF, found_NF)  # bit by bit: a run goes on with them
    assert teacher.asked == parts
    other = Words("retrained")
    review_features(reviews, other, folder=tmp_path)
    review_features(reviews[:1], other, folder=tmp_path)
    assert other.asked == parts + parts[:4]
    steps: list[tuple[int, int]] = []
    alone_NF = review_features(reviews, other, progress=lambda *now: steps.append(now))
    np.testing.assert_array_equal(alone_NF, found_NF)  # the same whether it is kept or not
    assert steps == [(3, 3)]
    with pytest.raises(InputError, match="no texts to read"):
        review_features([], other)


def test_a_text_without_a_word_is_its_own_sentence() -> None:
    assert sentences_of("...") == ["..."]
    assert sentences_of("Good! ... 10/10") == ["Good!"]


def test_a_feature_judge_learns_what_the_transformer_saw(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="a judge needs the train extra")
    train = ["A good day.", "A bad day."] * 30, ["positive", "negative"] * 30
    judge = feature_judge(*train, Words(), folder=tmp_path)
    warm, cold = judge(["So good.", "So bad."])
    assert warm > 0 > cold
    with pytest.raises(InputError, match="2 texts and 2 labels of 1 classes"):
        feature_judge(["A", "B"], ["positive"] * 2, Words())


class Student:
    """Knows one word."""

    classes_ = np.array(CLASSES)

    def __init__(self, word: str) -> None:
        self.word = word

    def predict_proba(self, texts: list[str]) -> np.ndarray:
        positive = np.array([0.9 if self.word in text else 0.1 for text in texts])
        return np.stack([0.99 - positive, 0.01 + 0 * positive, positive], axis=1)


def test_a_classifier_judges_by_its_log_odds() -> None:
    margins = classifier_judge(Student("warm"))(["warm", "cold"])
    np.testing.assert_allclose(margins, [np.log(0.9 / 0.09), np.log(0.1 / 0.89)])


def test_a_classifier_of_other_classes_is_no_judge() -> None:
    student = Student("warm")
    student.classes_ = np.array(["up", "down"])
    with pytest.raises(InputError, match="needs the classes negative and positive; this one has up, down"):
        classifier_judge(student)


def test_reviews_are_answered_by_all_judges_together() -> None:
    """Half of the reviews can be told by one judge alone, half by the other; the third knows nothing."""
    pytest.importorskip("sklearn", reason="judges together need the train extra")
    texts = ["warm film", "cold film", "dry film", "wet film"] * 20
    labels = ["positive", "negative"] * 40
    noise = np.random.default_rng(0)
    known = [
        lambda texts: np.array([("warm" in text) - 1.0 * ("cold" in text) for text in texts]),
        lambda texts: np.array([5.0 * ("dry" in text) - 5 * ("wet" in text) + 1 for text in texts]),
        lambda texts: noise.normal(size=len(texts)),
    ]
    probs_NC = stacked_proba(known, texts[:4], held_out=(texts, labels), classes=CLASSES)
    assert probs_NC.dtype == np.float32
    np.testing.assert_allclose(probs_NC.sum(axis=1), 1, rtol=1e-5)
    assert (probs_NC[:, 1] == 0).all()
    assert [CLASSES[best] for best in probs_NC.argmax(axis=1)] == labels[:4]
    assert probs_NC.max(axis=1).min() > 0.95
    alone_NC = stacked_proba(known[:1], texts[:4], held_out=(texts, labels), classes=CLASSES)
    assert alone_NC[:2].max() > 0.95 > 0.6 > alone_NC[2:].max()
    for judges, names in (([], labels), (known, ["positive"] * 80), (known, ["up", "down"] * 40)):
        with pytest.raises(InputError, match="held-out texts of two or more of the classes negative"):
            stacked_proba(judges, texts[:4], held_out=(texts, names), classes=CLASSES)
