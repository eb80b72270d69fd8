"""Abstention: thresholds from held-out answers, and what is then left unanswered."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn import SentimentClassifier
from nlp_rnn.classification import UNSURE, fit_thresholds
from nlp_rnn.classification.abstention import ERRORS, MOST_UNKNOWN, least_probability, mark_unsure
from nlp_rnn.errors import ConfigError, InputError

FRENCH = "Le service était vraiment mauvais et personne ne nous a aidés hier soir."


def drawn(rng: np.random.Generator, count: int, sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """Answers of three classes, each as often right as its probability says."""
    probs_NC = rng.dirichlet([sharpness] * 3, size=count)
    labels_N = np.array([rng.choice(3, p=probs_C) for probs_C in probs_NC])
    return probs_NC, labels_N


def with_notes(**notes: object) -> SentimentClassifier:
    """The shipped model with other notes."""
    classifier = SentimentClassifier.from_pretrained()
    artifact = classifier.artifact
    classifier._use(replace(artifact, notes=artifact.notes | notes))
    return classifier


def test_of_the_answers_that_are_given_as_many_are_wrong_as_was_allowed() -> None:
    rng = np.random.default_rng(0)
    thresholds = fit_thresholds([drawn(rng, 8_000, 0.3), drawn(rng, 8_000, 0.2)])
    probs_NC, labels_N = drawn(rng, 40_000, 0.25)
    for error in (0.02, 0.05, 0.1):
        given = probs_NC.max(axis=1) >= least_probability(thresholds, error)
        wrong = (probs_NC.argmax(axis=1) != labels_N)[given].mean()
        assert 0.75 * error < wrong < 1.2 * error
    assert [least for _, least in thresholds] == sorted((least for _, least in thresholds), reverse=True)


def test_each_kind_of_text_counts_alike() -> None:
    """A small kind whose sure answers are wrong raises the threshold as a large one does."""
    easy = np.tile([0.8, 0.2], (10_000, 1)), np.zeros(10_000, int)
    hard = np.array([[0.8, 0.2], [0.95, 0.05]] * 200), np.array([1, 0] * 200)
    assert least_probability(fit_thresholds([easy]), 0.05) == 0.0
    assert least_probability(fit_thresholds([easy, hard]), 0.05) == 0.95
    assert least_probability(fit_thresholds([easy, hard]), 0.3) == 0.0


def test_few_texts_promise_little() -> None:
    right = np.tile([0.9, 0.1], (8, 1)), np.zeros(8, int)
    assert fit_thresholds([right])[0][0] == 0.1
    assert fit_thresholds([(np.tile([0.9, 0.1], (8, 1)), np.ones(8, int))]) == []


def test_a_share_that_was_not_measured_takes_the_next_smaller_one() -> None:
    thresholds = [[0.02, 0.9], [0.05, 0.7], [0.3, 0.0]]
    assert [least_probability(thresholds, share) for share in (0.02, 0.049, 0.06, 0.99)] == [0.9, 0.9, 0.7, 0]
    with pytest.raises(ConfigError, match=r"no fewer than 0\.02 of wrong answers"):
        least_probability(thresholds, 0.01)
    for wrong in (1, -0.1, float("nan"), "much"):
        with pytest.raises(ConfigError, match="abstain"):
            least_probability(thresholds, wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="saved without thresholds"):
        least_probability(None, 0.05)


def test_what_is_not_understood_is_not_answered_however_sure() -> None:
    probs = np.array([[0.99, 0.01], [0.99, 0.01], [0.99, 0.01], [0.6, 0.4]])
    unknown = [0.0, MOST_UNKNOWN + 0.1, 0.0, 0.0]
    unread = [False, False, True, False]
    assert mark_unsure(probs, unknown_shares=unknown, unread=unread).tolist() == [False, True, True, False]
    surer = mark_unsure(probs, unknown_shares=unknown, unread=unread, least=0.7)
    assert surer.tolist() == [False, True, True, True]


def test_a_model_for_english_says_what_it_cannot_read() -> None:
    classifier = with_notes(language="en", abstention=[[0.05, 0.8], [0.3, 0.0]])
    texts = [
        "It is a wonderful film.",
        FRENCH,
        "zxqv wqpz kjhq vvxq",
        "The film is a film with some people in it.",
    ]
    answers = classifier.classify_many(texts)
    assert [answer.unsure for answer in answers] == [False, True, True, False]
    assert [answer.language for answer in answers][:2] == ["en", "fr"]
    assert answers[2].unknown_share > MOST_UNKNOWN
    assert answers[0].unknown_share == 0
    assert classifier.unsure(texts).tolist() == [False, True, True, False]
    assert classifier.predict(texts, abstain=0.3).tolist() == ["positive", UNSURE, UNSURE, answers[3].label]
    # Without being asked to abstain, it answers a class for each.
    assert UNSURE not in classifier.predict(texts)
    assert [answer.label for answer in answers] == classifier.predict(texts).tolist()
    one = classifier.classify(FRENCH, abstain=0.05)
    assert one.unsure
    assert one.label == answers[1].label
    assert one.polarity == pytest.approx(answers[1].polarity, abs=1e-5)


def test_what_is_not_probable_enough_is_unsure() -> None:
    classifier = with_notes(language="en", abstention=[[0.05, 0.8], [0.3, 0.0]])
    texts = ["Good.", "Thanks anyway.", "It is what it is."]
    scores = classifier.predict_proba(texts).max(axis=1)
    assert classifier.unsure(texts, abstain=0.05).tolist() == (scores < 0.8).tolist()
    assert 0 < (scores < 0.8).sum() < 3


def test_a_model_of_another_language_does_not_call_its_texts_foreign() -> None:
    classifier = with_notes(language=None, abstention=[[0.05, 0.0]])
    answer = classifier.classify(FRENCH)
    assert answer.language is None
    assert answer.unsure == (answer.unknown_share > MOST_UNKNOWN)


def test_a_model_without_thresholds_refuses_to_abstain() -> None:
    classifier = with_notes(abstention=None)
    with pytest.raises(ConfigError, match="saved without thresholds"):
        classifier.predict(["Good."], abstain=0.05)
    with pytest.raises(InputError, match=r"single str|one str|list"):
        with_notes(abstention=[[0.05, 0.5]]).predict("Good.", abstain=0.05)


def test_training_keeps_thresholds_and_notes_the_language(tmp_path: Path) -> None:
    pytest.importorskip("accelerate", reason="training needs the train extra")
    from nlp_rnn import TextClassifier
    from nlp_rnn.config import TrainConfig

    nouns = ["film", "soup", "hotel", "phone", "song", "book", "game", "seat", "shop", "beer"]
    good = [
        f"I think that the {noun} was really {word}" for noun in nouns for word in ("good", "great", "fine")
    ]
    bad = [
        f"I think that the {noun} was really {word}" for noun in nouns for word in ("bad", "awful", "poor")
    ]
    texts, labels = [*good, *bad], ["positive"] * len(good) + ["negative"] * len(bad)
    config = TrainConfig(max_epochs=2, batch_size=8)
    classifier = TextClassifier(hidden_size=8, embedding_dim=8, min_count=1).fit(
        texts, labels, validation=(texts, labels), config=config
    )
    classifier.save_pretrained(tmp_path / "model")
    notes = json.loads((tmp_path / "model" / "config.json").read_text(encoding="utf-8"))["notes"]
    assert notes["language"] == "en"
    right = (classifier.predict(texts) == np.array(labels)).mean()
    allowed = [error for error, _ in notes["abstention"]]
    assert allowed == [error for error in ERRORS if error >= 1 / (len(texts) + 2)] or right < 1
    german = [
        f"Ich finde, dass {noun} wirklich ganz {word} war" for noun in nouns for word in ("gut", "toll")
    ]
    other = [f"Ich finde, dass {noun} wirklich ganz {word} war" for noun in nouns for word in ("mies", "arg")]
    labels = ["gut"] * len(german) + ["mies"] * len(other)
    foreign = TextClassifier(hidden_size=8, embedding_dim=8, min_count=1).fit(
        german + other, labels, validation=(german + other, labels), config=config
    )
    assert "language" not in foreign.artifact.notes
