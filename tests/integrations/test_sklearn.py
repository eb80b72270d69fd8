"""The text checks: good classifiers pass them, and each sees a broken one; our classifier in real tools."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_rnn import SentimentClassifier, TextClassifier
from nlp_rnn.config import TrainConfig
from nlp_rnn.errors import ConfigError, InputError, NotFittedError

pytest.importorskip("sklearn", reason="needs the sklearn extra")
import joblib
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from nlp_rnn.integrations.sklearn import LABELS, TEXTS, text_checks
from tests.integrations.broken import BROKEN, Good, linear

OLDER = Path(__file__).parents[1] / "older" / "classifier"
CONFIG = TrainConfig(
    max_epochs=8, batch_size=9, learning_rate=0.05, dropout=0.0, unk_dropout=0.0, ema_decay=0.0
)


def small(**settings: Any) -> TextClassifier:
    """A classifier that learns the checks' texts in a fraction of a second."""
    pytest.importorskip("torch", reason="training needs the train extra")
    usual = {"cell": "rnn", "embedding_dim": 8, "hidden_size": 8, "bidirectional": False, "pooling": "mean"}
    return TextClassifier(**{**usual, "min_count": 1, "config": CONFIG, **settings})


@pytest.mark.parametrize("name", text_checks)
def test_ours_keeps_the_contract(name: str) -> None:
    text_checks[name](small())


@pytest.mark.parametrize("make", [linear, Good()])
@pytest.mark.parametrize("name", text_checks)
def test_a_linear_classifier_keeps_the_contract(name: str, make: Any) -> None:
    text_checks[name](make)


@pytest.mark.parametrize("name", text_checks)
def test_a_broken_one_is_seen(name: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - some break by what they raise themselves
        text_checks[name](BROKEN[name])
    kinds = (AssertionError, ValueError, ZeroDivisionError, AttributeError, pickle.PicklingError)
    assert isinstance(caught.value, kinds)


def test_settings_are_read_and_set_by_name() -> None:
    model = TextClassifier(hidden_size=3, tokenizer="char", config=TrainConfig(max_epochs=2))
    assert model.get_params(deep=False).keys() == TextClassifier().get_params().keys()
    assert model.get_params()["config__max_epochs"] == 2
    assert model.set_params(hidden_size=np.int64(5), config__learning_rate=0.5) is model
    params = model.get_params()
    assert (params["hidden_size"], params["tokenizer"], params["config__max_epochs"]) == (5, "char", 2)
    assert params["config"] == TrainConfig(max_epochs=2, learning_rate=0.5)
    assert TextClassifier().set_params(config__seed=3).get_params()["config"] == TrainConfig(seed=3)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"hiden_size": 3}, "Unknown setting 'hiden_size'; the settings are .*hidden_size"),
        ({"config__epochs": 3}, "Unknown setting 'epochs'; the settings are .*max_epochs"),
        ({"hidden_size": 0}, "Invalid hidden_size"),
        ({"config": {"max_epochs": 3}}, r"give TrainConfig\(\*\*settings\)"),
        ({"engine": "numpi"}, "Invalid engine"),
    ],
)
def test_a_bad_setting_is_refused_and_changes_nothing(params: dict[str, Any], said: str) -> None:
    model = small()
    before = model.get_params()
    with pytest.raises(ConfigError, match=said):
        model.set_params(**{"cell": "gru", **params})
    assert model.get_params() == before


def test_threads_of_a_fitted_model_move_neither_its_answers_nor_its_name() -> None:
    model = SentimentClassifier.from_pretrained(OLDER)
    before, named = model.predict_proba(TEXTS), (model.name, model.fingerprint)
    assert model.set_params(threads=1).get_params()["threads"] == 1
    np.testing.assert_allclose(model.predict_proba(TEXTS), before, atol=1e-6)
    assert (model.name, model.fingerprint) == named


def test_a_fitted_model_is_given_another_engine() -> None:
    pytest.importorskip("torch", reason="the torch engine needs the train extra")
    model = SentimentClassifier.from_pretrained(OLDER)
    before, engine = model.predict_proba(TEXTS), model._engine
    model.set_params(engine="torch")
    assert type(model._engine) is not type(engine)
    np.testing.assert_allclose(model.predict_proba(TEXTS), before, atol=1e-5)


def test_a_clone_of_a_loaded_model_is_fine_tuned_from_it() -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    model = TextClassifier.from_pretrained(OLDER)
    with pytest.raises(ConfigError, match="goes on from a trained model"):
        model.set_params(hidden_size=64)
    cloned = clone(model.set_params(config=CONFIG))
    assert not hasattr(cloned, "classes_")
    with pytest.raises(NotFittedError, match="call fit"):
        cloned.predict(TEXTS)
    labels = [model.classes_[number % 2] for number in range(len(TEXTS))]
    expected = TextClassifier.from_pretrained(OLDER).fit(TEXTS, labels, config=CONFIG)
    np.testing.assert_array_equal(
        cloned.fit(TEXTS, labels).predict_proba(TEXTS), expected.predict_proba(TEXTS)
    )


def test_score_is_accuracy_and_wants_one_label_for_each_text() -> None:
    model = SentimentClassifier.from_pretrained(OLDER)
    labels = [model.classes_[0]] * len(TEXTS)
    assert model.score(TEXTS, labels) == accuracy_score(labels, model.predict(TEXTS))
    with pytest.raises(InputError, match="27 texts and 1 labels"):
        model.score(TEXTS, labels[:1])
    with pytest.raises(InputError, match="0 texts"):
        model.score([], [])


def test_it_works_in_a_pipeline() -> None:
    lower = FunctionTransformer(lambda texts: [text.lower() for text in texts])
    pipeline = make_pipeline(lower, small()).set_params(textclassifier__config__seed=1)
    assert is_classifier(pipeline)
    pipeline.fit([text.upper() for text in TEXTS], LABELS)
    alone = small().set_params(config__seed=1).fit(TEXTS, LABELS)
    np.testing.assert_array_equal(pipeline.predict_proba(["THE PARCEL"]), alone.predict_proba(["the parcel"]))
    assert pipeline.score(TEXTS, LABELS) > 0.8
    assert pipeline.classes_.tolist() == ["account", "invoice", "parcel"]


def test_a_grid_search_finds_the_epochs_that_learn() -> None:
    grid = {"config__max_epochs": [1, 8], "cell": ["rnn"]}
    search = GridSearchCV(small(), grid, cv=2, error_score="raise").fit(TEXTS, LABELS)
    assert search.best_params_["config__max_epochs"] == 8
    assert search.predict(["the parcel"]).tolist() == ["parcel"]


def test_cross_validation_has_an_answer_for_each_text() -> None:
    assert cross_val_predict(small(), TEXTS, LABELS, cv=2).shape == (len(TEXTS),)


@pytest.mark.slow
def test_searches_in_processes_give_the_scores_of_one() -> None:
    alone = cross_val_score(small(), TEXTS, LABELS, cv=2, error_score="raise")
    np.testing.assert_array_equal(cross_val_score(small(), TEXTS, LABELS, cv=2, n_jobs=2), alone)
    search = GridSearchCV(small(), {"config__max_epochs": [1, 8]}, cv=2, n_jobs=2).fit(TEXTS, LABELS)
    assert search.best_score_ == alone.mean()


@pytest.mark.parametrize("frozen", [False, True])
def test_it_is_calibrated(frozen: bool) -> None:
    model = FrozenEstimator(small().fit(TEXTS, LABELS)) if frozen else small()
    calibrated = CalibratedClassifierCV(model, cv=2).fit(TEXTS, LABELS)
    probs_NC = calibrated.predict_proba(TEXTS)
    np.testing.assert_allclose(probs_NC.sum(axis=1), 1)
    assert calibrated.score(TEXTS, LABELS) > 0.8


def test_processes_answer_as_one(tmp_path: Path) -> None:
    model = SentimentClassifier.from_pretrained(OLDER)
    parts = joblib.Parallel(n_jobs=2)(joblib.delayed(model.predict_proba)([text]) for text in TEXTS[:4])
    np.testing.assert_allclose(np.concatenate(parts), model.predict_proba(TEXTS[:4]), atol=1e-6)
    pipeline = make_pipeline(FunctionTransformer(), model)
    joblib.dump(pipeline, tmp_path / "pipeline.joblib")
    np.testing.assert_array_equal(
        joblib.load(tmp_path / "pipeline.joblib").predict(TEXTS), model.predict(TEXTS)
    )


def test_using_a_model_imports_no_scikit_learn() -> None:
    code = (
        "import sys; from nlp_rnn import TextClassifier; model = TextClassifier();"
        "model.set_params(**model.get_params()); print('sklearn' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stdout.strip() == "False"
