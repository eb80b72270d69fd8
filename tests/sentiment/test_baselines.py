"""VADER and NB-SVM: what they answer, and that they refuse in one sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn.errors import DataError, InputError, MissingExtraError, NotFittedError
from nlp_rnn.sentiment.baselines import NbSvm, score_proba, vader_predict_proba
from nlp_rnn.sentiment.suite import load_suite

TEXTS = ["a good cast", "good fun, good music", "so good", "bad jokes", "a bad cast", "so bad"]
LABELS = ["positive"] * 3 + ["negative"] * 3


def test_vader_keeps_its_label_and_its_compound() -> None:
    analyzer = pytest.importorskip("vaderSentiment.vaderSentiment").SentimentIntensityAnalyzer()
    texts = [text for case in load_suite() for text in case.texts]
    compound = np.array([analyzer.polarity_scores(text)["compound"] for text in texts])
    probs = np.asarray(vader_predict_proba()(texts))
    assert probs.shape == (len(texts), 3)
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    np.testing.assert_allclose(probs[:, 2] - probs[:, 0], compound, atol=1e-12)
    np.testing.assert_array_equal(probs.argmax(axis=1) - 1, np.sign(compound) * (np.abs(compound) >= 0.05))


def test_a_score_without_a_neutral_class_is_split_between_the_poles() -> None:
    np.testing.assert_allclose(score_proba([-1, 0, 0.5]), [[1, 0, 0], [0.5, 0, 0.5], [0.25, 0, 0.75]])


@pytest.mark.parametrize("package", ["vaderSentiment.vaderSentiment", "sklearn"])
def test_a_missing_package_names_the_line_to_type(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    for name in [name for name in sys.modules if name.startswith(package.partition(".")[0])]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r'pip install "nlp-rnn\[bench\]"'):
        vader_predict_proba() if "vader" in package else NbSvm.load("nowhere.npz")


def test_nb_svm_weighs_n_grams_as_the_paper_says() -> None:
    """Two n-grams, each under one class alone, so that the machine's weight can be written down."""
    pytest.importorskip("sklearn")
    model = NbSvm().fit(["good", "good", "bad", "bad"], ["positive"] * 2 + ["negative"] * 2)
    assert model.grams == ["bad", "good"]
    assert model.classes_.tolist() == ["negative", "positive"]
    ratio = np.log(((1 + 2) / 4) / ((1 + 0) / 4))
    weight = 4 * ratio / (1 + 4 * ratio**2)  # where the slope of weight^2 / 2 + 2 (1 - weight ratio)^2 is 0
    np.testing.assert_allclose(model.weights_N, [-weight * ratio, weight * ratio], rtol=1e-3)
    assert model.bias == pytest.approx(0, abs=1e-6)


def test_nb_svm_tells_two_classes_of_any_name_apart_whatever_the_company() -> None:
    pytest.importorskip("sklearn")
    model = NbSvm().fit(TEXTS, ["warm"] * 3 + ["cold"] * 3)
    asked = ["good music", "bad music", "", "good"]
    probs_NC = model.predict_proba(asked)
    np.testing.assert_allclose(probs_NC.sum(axis=1), 1)
    assert model.predict(asked[:2]).tolist() == ["warm", "cold"]
    np.testing.assert_array_equal(probs_NC[:, 1] > 0.5, model.margins(asked) > 0)
    np.testing.assert_allclose(np.log(probs_NC[:, 1] / probs_NC[:, 0]), model.margins(asked), atol=1e-9)
    np.testing.assert_allclose(model.predict_proba(asked[::-1])[::-1], probs_NC)


def test_nb_svm_is_the_same_when_loaded(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    model = NbSvm().fit(TEXTS, LABELS)
    loaded = NbSvm.load(model.save(tmp_path / "model.npz"))
    np.testing.assert_array_equal(loaded.margins(TEXTS), model.margins(TEXTS))
    assert loaded.predict(TEXTS).tolist() == LABELS


def test_nb_svm_refuses_in_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    with pytest.raises(InputError, match="got 6 texts and 6 labels of 1 classes"):
        NbSvm().fit(TEXTS, ["positive"] * 6)
    with pytest.raises(InputError, match="no n-gram occurs in two texts"):
        NbSvm().fit(["warm soup", "cold tea"], ["positive", "negative"])
    for ask in (NbSvm().margins, NbSvm().predict, NbSvm().predict_proba):
        with pytest.raises(NotFittedError, match="has learned nothing"):
            ask(["good"])
    with pytest.raises(NotFittedError, match="call fit before save"):
        NbSvm().save(tmp_path / "empty.npz")
    (tmp_path / "other.npz").write_text("no arrays", encoding="utf-8")
    for name in ("nowhere.npz", "other.npz"):
        with pytest.raises(DataError, match=f"{name} holds no NB-SVM"):
            NbSvm.load(tmp_path / name)
