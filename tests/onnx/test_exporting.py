"""An exported folder serves every engine, and a graph of another version or of other weights is refused."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn import SentimentClassifier
from nlp_rnn.cli import main
from nlp_rnn.config import TrainConfig
from nlp_rnn.errors import ArtifactError
from nlp_rnn.onnx import export_folder

pytest.importorskip("onnx", reason="the extra [export] is not installed")
pytest.importorskip("onnxruntime", reason="the extra [onnx] is not installed")

OLDER = Path(__file__).parents[1] / "older" / "classifier"
TEXTS = ["a good film", "a bad one", "", "it is the film ."]


@pytest.fixture
def exported(tiny_model: Path, tmp_path: Path) -> Path:
    return export_folder(tiny_model, tmp_path / "exported")


def answers(folder: Path | None, engine: str) -> np.ndarray:
    return SentimentClassifier.from_pretrained(folder, engine=engine, threads=1).predict_proba(TEXTS)


def test_one_folder_serves_every_engine(tiny_model: Path, exported: Path) -> None:
    assert {path.name for path in tiny_model.iterdir()} < {path.name for path in exported.iterdir()}
    for engine in ("numpy", "onnx"):
        np.testing.assert_allclose(answers(exported, engine), answers(tiny_model, "numpy"), rtol=0, atol=1e-6)


def test_the_graph_in_the_folder_is_what_computes(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)  # so that no graph can be written
    classifier = SentimentClassifier.from_pretrained(exported, engine="onnx")
    assert classifier.classify("good").label == "positive"
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.predict_proba(TEXTS), classifier.predict_proba(TEXTS))
    assert classifier.explain("a good film").attributions.argmax() == 1


def test_training_leaves_the_old_graph_behind(exported: Path) -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    classifier = SentimentClassifier.from_pretrained(exported, engine="onnx")
    before = classifier.predict_proba(TEXTS)
    texts = ["the film is good", "the film is bad", "it is a film", "was good", "was bad", "was it"] * 2
    labels = ["negative", "positive", "neutral"] * 4
    classifier.fit(texts, labels, config=TrainConfig(max_epochs=1, learning_rate=0.1))
    assert np.abs(classifier.predict_proba(TEXTS) - before).max() > 0.01
    classifier.save_pretrained(exported.parent / "trained")
    np.testing.assert_allclose(
        classifier.predict_proba(TEXTS), answers(exported.parent / "trained", "numpy"), rtol=0, atol=1e-6
    )


def test_a_model_without_a_graph_gets_one(tiny_model: Path) -> None:
    np.testing.assert_allclose(answers(tiny_model, "onnx"), answers(tiny_model, "numpy"), rtol=0, atol=1e-6)


def test_the_shipped_model_in_int8(tmp_path: Path) -> None:
    folder = export_folder(SentimentClassifier.SHIPPED, tmp_path / "int8", int8=True)
    assert (folder / "model.onnx").stat().st_size < 4.5e6
    texts = ["Movie was not good", "It arrived on time and works well.", "The office opens at nine."]
    exact, near = (
        SentimentClassifier.from_pretrained(folder, engine=engine, threads=1).predict_proba(texts)
        for engine in ("numpy", "onnx")
    )
    np.testing.assert_allclose(near, exact, rtol=0, atol=0.02)
    assert near.argmax(axis=1).tolist() == exact.argmax(axis=1).tolist()


def test_the_commands(exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--onnx", str(tmp_path / "new"), "--model", str(exported)]) == 0
    assert "float32" in capsys.readouterr().err
    assert (
        main(["classify", "good", "--model", str(tmp_path / "new"), "--engine", "onnx", "--threads", "1"])
        == 0
    )
    assert capsys.readouterr().out.startswith("positive")


def damage(folder: Path, name: str) -> None:
    """Do to an exported folder what the name says."""
    facts = json.loads((folder / "onnx.json").read_text(encoding="utf-8"))
    changes = {"format": {"format": 2}, "weights": {"weights": "0" * 64}, "keys": {"more": 1}}
    (folder / "onnx.json").write_text(json.dumps(facts | changes.get(name, {})), encoding="utf-8")
    if name == "facts":
        (folder / "onnx.json").unlink()
    if name == "graph":
        (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:-1])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("format", "it has format 2 and this version reads 1"),
        ("weights", "it was made from other weights than the folder's"),
        ("keys", "the keys of onnx.json should be"),
        ("facts", "onnx.json is missing or damaged"),
        ("graph", "it is truncated or was changed"),
    ],
)
def test_a_graph_that_does_not_fit_is_refused(
    exported: Path, name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(exported, name)
    assert main(["classify", "good", "--model", str(exported), "--engine", "onnx"]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert said in sentence
    assert f"nlp-rnn export --onnx {exported}" in sentence
    answers(exported, "numpy")  # the other engines do not mind
    assert main(["export", "--onnx", str(exported), "--model", str(exported)]) == 0  # as it says
    answers(exported, "onnx")


def test_a_model_saved_over_it_makes_the_graph_stale(exported: Path) -> None:
    SentimentClassifier.from_pretrained(OLDER).save_pretrained(exported)
    with pytest.raises(ArtifactError, match="other weights"):
        answers(exported, "onnx")


def test_another_model_in_the_folder_is_not_overwritten(exported: Path) -> None:
    with pytest.raises(ArtifactError, match="holds another model"):
        export_folder(OLDER, exported)


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="made for the task 'generation'"):
        export_folder(OLDER.parent / "generator", tmp_path / "exported")
    assert not (tmp_path / "exported").exists()
