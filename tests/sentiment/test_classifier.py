"""``SentimentClassifier.fit``: what a fit starts from, what it leaves alone, and what it refuses."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("accelerate", reason="training needs the train extra")

from nlp_rnn import SentimentClassifier
from nlp_rnn.artifact import save
from nlp_rnn.config import TrainConfig
from nlp_rnn.errors import ConfigError, InputError, MissingExtraError
from nlp_rnn.text.tokenizer import TextTokenizer

TEXTS = ["good soup", "bad soup", "a good day", "a bad day", "so good", "so bad"] * 3
LABELS = ["up", "down"] * 9
OTHERS = ["red brick", "blue brick", "a red lamp", "a blue lamp"] * 4
COLOURS = ["red", "blue"] * 8
CONFIG = TrainConfig(max_epochs=1, batch_size=8, learning_rate=0.01, seed=0)


def small(**settings: object) -> SentimentClassifier:
    return SentimentClassifier(embedding_dim=6, hidden_size=4, min_count=1, **settings)  # type: ignore[arg-type]


@pytest.fixture
def fitted() -> SentimentClassifier:
    return small().fit(TEXTS, LABELS, config=CONFIG)


def test_fitting_twice_is_fitting_once(fitted: SentimentClassifier) -> None:
    again = small().fit(OTHERS, COLOURS, config=CONFIG)
    again.fit(TEXTS, LABELS, config=CONFIG)
    np.testing.assert_array_equal(again.predict_proba(TEXTS), fitted.predict_proba(TEXTS))


def test_what_another_started_from_is_left_alone(fitted: SentimentClassifier) -> None:
    before = fitted.predict_proba(TEXTS)
    mine = small().fit(OTHERS, COLOURS, init_from=fitted, config=CONFIG)
    mine.fit(OTHERS, COLOURS, config=CONFIG)
    np.testing.assert_array_equal(fitted.predict_proba(TEXTS), before)


def test_a_refused_fit_leaves_the_model_as_it_was(fitted: SentimentClassifier) -> None:
    before = fitted.predict_proba(TEXTS)
    with pytest.raises(InputError, match="has the label 'mauve'"):
        fitted.fit(OTHERS, COLOURS, validation=(["x", "y"], ["mauve", "red"]), config=CONFIG)
    np.testing.assert_array_equal(fitted.predict_proba(TEXTS), before)


def test_a_loaded_model_is_fine_tuned_and_a_made_one_trained_anew(
    fitted: SentimentClassifier, tmp_path: Path
) -> None:
    folder = fitted.save_pretrained(tmp_path / "model")
    still = TrainConfig(max_epochs=1, learning_rate=1e-8, ema_decay=0.0, weight_decay=0.0)
    loaded = SentimentClassifier.from_pretrained(folder).fit(TEXTS, LABELS, config=still)
    weights = loaded.artifact.weights
    for name, weight in fitted.artifact.weights.items():
        np.testing.assert_allclose(weights[name], weight, atol=1e-5)
    assert loaded.artifact.tokenizer.vocab == fitted.artifact.tokenizer.vocab
    other = SentimentClassifier.from_pretrained(folder).fit(OTHERS, COLOURS, config=still)
    np.testing.assert_allclose(
        other.artifact.weights["embedding.weight"], weights["embedding.weight"], atol=1e-5
    )
    assert other.classes_.tolist() == ["blue", "red"]


def test_vectors_are_one_for_each_token() -> None:
    tokenizer = TextTokenizer("word").train(TEXTS)
    with pytest.raises(InputError, match=r"vectors must have the shape \(\d+, 6\), got \(3, 6\)"):
        small(tokenizer=tokenizer).fit(TEXTS, LABELS, vectors=np.zeros((3, 6)), config=CONFIG)


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ((["a", "b"], None), "the labels of the validation set validation must be a sequence"),
        ((["a", "b"], ["up"]), "has 2 texts and 1 labels"),
        ({"mine": (["a", "b"], ["up", "up"])}, "the validation set mine needs texts of two classes"),
    ],
)
def test_a_validation_set_that_cannot_select_is_refused(validation: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        small().fit(TEXTS, LABELS, validation=validation, config=CONFIG)  # type: ignore[arg-type]


def test_texts_by_name_are_refused(fitted: SentimentClassifier) -> None:
    with pytest.raises(InputError, match="got dict: give a list"):
        fitted.predict({"a": 1})  # type: ignore[arg-type]


def test_engine_and_device_are_checked_before_any_work() -> None:
    with pytest.raises(ConfigError, match="Invalid engine"):
        SentimentClassifier(engine="fast")
    with pytest.raises(ConfigError, match="only engine='torch' has others"):
        SentimentClassifier(device="cuda")
    with pytest.raises(ConfigError, match="torch says"):
        SentimentClassifier.from_pretrained(engine="torch", device="nonsense")


@pytest.mark.parametrize("settings", [{"learning_rate": "x"}, {"dropout": None}, {"seed": [1]}])
def test_a_setting_that_is_no_number_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="Received"):
        TrainConfig(**settings)  # type: ignore[arg-type]


def test_calibrating_classes_undoes_what_an_uneven_training_set_taught() -> None:
    """Nine of ten unclear texts are *up* in training and half of them in the held-out set."""
    texts, labels = TEXTS + ["some soup"] * 90, LABELS + ["up"] * 81 + ["down"] * 9
    held_out = (TEXTS + ["some soup"] * 90) * 10, (LABELS + ["up", "down"] * 45) * 10
    settings = {"max_epochs": 8, "batch_size": 16, "learning_rate": 0.02, "ema_decay": 0.0, "seed": 0}
    by_classes = TrainConfig(calibration="classes", **settings)  # type: ignore[arg-type]
    model = small().fit(texts, labels, validation=held_out, config=by_classes)
    plain = small().fit(texts, labels, validation=held_out, config=TrainConfig(**settings))  # type: ignore[arg-type]
    expected = [(each.predict_proba(held_out[0])[:, 1]).sum() for each in (model, plain)]
    assert model.classes_.tolist() == ["down", "up"]
    assert expected[0] == pytest.approx(held_out[1].count("up"), abs=1)
    assert expected[1] > held_out[1].count("up") + 20
    assert model.artifact.temperature == 1.0


def test_calibrating_classes_ignores_what_all_logits_share(
    fitted: SentimentClassifier, tmp_path: Path
) -> None:
    """A number added to every logit of a text changes no probability, so it may not change the scales."""
    weights = dict(fitted.artifact.weights)
    weights["output.weight"] = weights["output.weight"] + np.linspace(
        -2, 2, weights["output.weight"].shape[1]
    )
    weights["output.bias"] = weights["output.bias"] + 3
    save(fitted.artifact, tmp_path / "as it is")
    save(replace(fitted.artifact, weights=weights), tmp_path / "shifted")
    held_out = TEXTS * 60, (["up", "down"] * 8 + ["down", "up"]) * 60
    config = TrainConfig(max_epochs=1, learning_rate=1e-8, calibration="classes", ema_decay=0.0)
    one, other = (
        SentimentClassifier()
        .fit(TEXTS, LABELS, validation=held_out, config=config, init_from=folder)
        .predict_proba(TEXTS)
        for folder in (tmp_path / "as it is", tmp_path / "shifted")
    )
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_calibrating_classes_takes_many_held_out_texts() -> None:
    config = TrainConfig(max_epochs=1, calibration="classes")
    with pytest.raises(InputError, match=r"takes 1,000 held-out texts or more, not 18"):
        small().fit(TEXTS, LABELS, validation=(TEXTS, LABELS), config=config)


def test_what_calibrating_classes_needs_is_asked_for_before_the_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    config = TrainConfig(max_epochs=1, calibration="classes")
    with pytest.raises(MissingExtraError, match=r'needs scipy.*pip install "nlp-rnn\[train\]"'):
        small().fit(TEXTS, LABELS, validation=(TEXTS, LABELS), config=config)


def test_an_unknown_calibration_is_refused() -> None:
    with pytest.raises(ConfigError, match="Invalid calibration"):
        TrainConfig(calibration="isotonic")
