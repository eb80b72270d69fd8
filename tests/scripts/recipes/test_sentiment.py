"""The lessons of the shipped classifier: each text has its own answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("accelerate", reason="training needs the train extra")
pytest.importorskip("sklearn", reason="training needs the train extra")
pytest.importorskip("scripts.recipes", reason="the scripts are not beside these tests")

from nlp_rnn.distillation import Answers
from nlp_rnn.errors import ArtifactError
from nlp_rnn.probabilities import one_hot, softmax
from scripts.recipes import sentiment
from scripts.recipes.mixture import CLASSES, Mixture


def counted(texts: list[str]) -> np.ndarray:
    """A teacher that counts good and bad words: its answers are their softmax."""
    return softmax(np.array([[text.count("bad"), 0, text.count("good")] for text in texts], np.float32))


def test_a_model_of_other_classes_is_none_to_start_from() -> None:
    class Polar:
        classes_ = np.array(["negative", "positive"])

    with pytest.raises(ArtifactError, match="answers negative, positive: give one for negative, neutral"):
        sentiment.three_classes(Polar())


def test_every_lesson_has_its_own_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {
        "yelp": (["good it is", "bad it is", "not asked"], ["negative", "positive", "neutral"]),
        "templates": (["a bad day"], ["positive"]),
        "imdb": (["so good", "so bad"], ["positive", "negative"]),
        "counterfactual": ([], []),
    }
    reviews = ["It was said to be good.", "It is not bad here."]
    mixture = Mixture(sources, {"imdb": ([], [])}, [], {}, reviews)
    said = Answers(tmp_path / "answers.npz", CLASSES)
    spoken = ["a good soup", "a bad soup"]
    said.ask(counted, ["good it is", "bad it is", "a bad day", *spoken], teacher="one")
    judged_NC = np.array([[0.25, 0, 0.75], [0.5, 0, 0.5]], np.float32)
    monkeypatch.setattr(sentiment, "stacked_proba", lambda *_, **__: judged_NC)
    monkeypatch.setattr(sentiment, "classifier_judge", lambda _: None)
    monkeypatch.setattr(sentiment, "CHANGED", 0.0)
    monkeypatch.setattr("scripts.recipes.mixture.CHANGED", 0.0)
    before: Any = None
    texts, targets_NC = sentiment.lessons(mixture, said, spoken, before, tmp_path, seed=0, share=1.0)
    taught = dict(zip(texts, targets_NC, strict=True))
    assert len(taught) == len(texts) == 10
    np.testing.assert_array_equal([taught["not asked"], taught["a bad day"]], [[0, 1, 0], [0, 0, 1]])
    for text, label in (("good it is", "negative"), ("bad it is", "positive")):
        expected = (one_hot([label], CLASSES) + counted([text])) / 2
        np.testing.assert_allclose(taught[text], expected[0], atol=0.003)
    np.testing.assert_array_equal([taught[review] for review in reviews], judged_NC)
    np.testing.assert_allclose([taught[text] for text in spoken], counted(spoken), atol=0.005)
    monkeypatch.delattr(sentiment, "stacked_proba")  # kept: nothing is asked again
    again, same_NC = sentiment.lessons(mixture, said, spoken, before, tmp_path, seed=0, share=1.0)
    assert again == texts
    np.testing.assert_array_equal(same_NC, targets_NC)
