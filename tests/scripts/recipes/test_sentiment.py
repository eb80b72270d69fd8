"""The lessons of the shipped classifier: each text has its own answer, and none is held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("accelerate", reason="training needs the train extra")
pytest.importorskip("sklearn", reason="training needs the train extra")
pytest.importorskip("scripts.recipes", reason="the scripts are not beside these tests")

from nlp_rnn.errors import ArtifactError, ConfigError
from nlp_rnn.probabilities import one_hot, softmax
from scripts.recipes import sentiment
from scripts.recipes.mixture import CLASSES, Mixture


class Words:
    """A teacher that counts good and bad words: its answers are their softmax."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def predict_proba(self, texts: list[str]) -> np.ndarray:
        self.asked += texts
        return softmax(np.array([[text.count("bad"), 0, text.count("good")] for text in texts], np.float32))


def test_a_model_is_not_refined_in_its_own_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="would be lost"):
        sentiment.main(tmp_path, output=tmp_path, refine=tmp_path / "." / "")


def test_a_model_of_other_classes_is_none_to_start_from() -> None:
    class Polar:
        classes_ = np.array(["negative", "positive"])

    with pytest.raises(ArtifactError, match="answers negative, positive: give one for negative, neutral"):
        sentiment.three_classes(Polar())


def test_every_lesson_has_its_own_answer_and_none_is_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "bad " * 70
    sources = {
        "yelp": (["good it is", "bad it is"], ["negative", "positive"]),
        "templates": (["a bad day"], ["positive"]),
        "amazon": ([long], ["positive"]),
    }
    reviews = ["It was said to be good. This one they hold. Yes.", "It is not bad here. No."]
    secret = ["This one they hold.", "It is bad here."]
    mixture = Mixture(sources, {"imdb": ([], [])}, [], {}, reviews, lambda text: text in secret)
    teacher, answers_NC = Words(), np.array([[0.25, 0, 0.75], [0.5, 0, 0.5]], np.float32)
    monkeypatch.setattr(sentiment, "stacked_proba", lambda *_, **__: answers_NC)
    monkeypatch.setattr(sentiment, "CHANGED", 0.0)
    texts, targets_NC = sentiment.lessons(mixture, teacher, list, tmp_path, seed=0, share=1.0)
    taught = dict(zip(texts, targets_NC, strict=True))
    assert len(taught) == len(texts)
    np.testing.assert_array_equal([taught[long], taught["a bad day"]], [[0, 0, 1]] * 2)
    for text, label in (("good it is", "negative"), ("bad it is", "positive")):
        expected = (one_hot([label], CLASSES) + teacher.predict_proba([text])) / 2
        np.testing.assert_allclose(taught[text], expected[0], rtol=1e-6)
    np.testing.assert_array_equal([taught[review] for review in reviews], answers_NC)
    others = {text for own, _ in sources.values() for text in own} | {*reviews}
    spoken = [text for text in texts if text not in others]
    assert {*spoken} - {"It was not said to be good.", "It wasn't said to be good."} == {
        "It was said to be good.",
        "It is not bad here.",  # without its not it is held out
    }
    assert len(spoken) == 3
    np.testing.assert_allclose([taught[text] for text in spoken], teacher.predict_proba(spoken), rtol=1e-6)
    asked = len(teacher.asked)
    again, same_NC = sentiment.lessons(mixture, teacher, list, tmp_path, seed=0, share=1.0)
    assert again == texts
    np.testing.assert_array_equal(same_NC, targets_NC)
    assert len(teacher.asked) == asked
