"""The component in real pipelines of spaCy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_rnn import SentimentClassifier
from nlp_rnn.errors import ArtifactError, ConfigError
from nlp_rnn.resources import CLAIMS_MODEL

pytest.importorskip("spacy", reason="needs the spacy extra")
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

import nlp_rnn.integrations.spacy as ours

ROOT = Path(__file__).parents[2]
TEXTS = ["The film was good. It was a film.", "a bad film", "", "it was", "good film . bad film ."]


@pytest.fixture
def pipeline(tiny_model: Path) -> Any:
    return make(tiny_model)


def make(model: Path | str | None, *first: str) -> Any:
    nlp = spacy.blank("en")
    for name in first:
        nlp.add_pipe(name)
    component = nlp.add_pipe("nlp_rnn_sentiment", config={"model": None if model is None else str(model)})
    assert isinstance(component, ours.SentimentComponent)
    return nlp


def found(docs: Any) -> list[Any]:
    return [
        (
            doc.cats,
            doc._.polarity,
            [sent._.polarity for sent in doc.sents] if doc.has_annotation("SENT_START") else [],
        )
        for doc in docs
    ]


def test_a_document_has_the_classifiers_answer(pipeline: Any, tiny_model: Path) -> None:
    classifier = SentimentClassifier.from_pretrained(tiny_model)
    for text in TEXTS:
        doc = pipeline(text)
        sentiment = classifier.classify(text)
        assert doc.cats == sentiment.probabilities
        assert doc._.polarity == pytest.approx(sentiment.polarity, abs=1e-6)
    assert pipeline.pipe_labels["nlp_rnn_sentiment"] == ["negative", "neutral", "positive"]


def test_sentences_have_a_polarity_where_the_pipeline_finds_them(tiny_model: Path) -> None:
    doc = make(tiny_model, "sentencizer")("The film was good. It was bad. It was a film.")
    assert [np.sign(np.round(sent._.polarity, 2)) for sent in doc.sents] == [1, -1, 0]
    plain = make(tiny_model)("The film was good. It was bad.")
    assert plain[:5]._.polarity is None


def test_many_documents_are_as_one_by_one(tiny_model: Path) -> None:
    nlp = make(tiny_model, "sentencizer")
    alone = found(nlp(text) for text in TEXTS)
    for size in (1, 2, 100):
        for one, other in zip(found(nlp.pipe(TEXTS, batch_size=size)), alone, strict=True):
            assert one[0] == pytest.approx(other[0], abs=1e-6)
            np.testing.assert_allclose([one[1], *one[2]], [other[1], *other[2]], atol=1e-6)


def test_two_processes_answer_as_one(tiny_model: Path) -> None:
    nlp = make(tiny_model, "sentencizer")
    assert found(nlp.pipe(TEXTS * 3, n_process=2, batch_size=2)) == found(nlp.pipe(TEXTS * 3, batch_size=2))


def test_a_folder_and_bytes_hold_the_model(tiny_model: Path, tmp_path: Path) -> None:
    nlp = make(tiny_model)
    nlp.to_disk(tmp_path / "pipeline")
    assert sorted(path.name for path in (tmp_path / "pipeline" / "nlp_rnn_sentiment").iterdir()) == [
        "README.md", "config.json", "model.safetensors", "tokenizer.json",
    ]  # fmt: skip
    SentimentClassifier.from_pretrained(tmp_path / "pipeline" / "nlp_rnn_sentiment")
    nlp.to_disk(tmp_path / "pipeline")  # once more, over it
    expected = found(map(nlp, TEXTS))
    assert found(map(spacy.load(tmp_path / "pipeline"), TEXTS)) == expected
    other = make("no/such/folder")
    assert found(map(other.from_bytes(nlp.to_bytes()), TEXTS)) == expected


def test_a_pipelines_folder_needs_no_other_model(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny_model, tmp_path / "mine")
    make(tmp_path / "mine").to_disk(tmp_path / "pipeline")
    shutil.rmtree(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert spacy.load("pipeline")("good").cats["positive"] > 0.9


def test_a_pipeline_without_its_models_folder_says_so(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tiny_model).to_disk(tmp_path / "pipeline")
    shutil.rmtree(tmp_path / "pipeline" / "nlp_rnn_sentiment")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ArtifactError, match=r"^There is no model folder .*nlp_rnn_sentiment: give a folder [^\n]*$"
    ):
        spacy.load("pipeline")
    with pytest.raises(ArtifactError, match="There is no model folder nowhere"):
        make("nowhere")("good")


@pytest.mark.parametrize("packed", [b"", b"nonsense", b"\x80", b"\x05"])
def test_bytes_without_a_model_are_refused(packed: bytes, tiny_model: Path) -> None:
    component = make(tiny_model).get_pipe("nlp_rnn_sentiment")
    with pytest.raises(ArtifactError, match=r"these bytes hold no model .*: give what to_bytes returned"):
        component.from_bytes(packed)


def test_it_is_scored_as_categories_of_which_each_text_has_one(pipeline: Any) -> None:
    gold = [
        ("good", "positive"),
        ("bad", "negative"),
        ("film", "neutral"),
        ("bad film", "positive"),
        ("", "neutral"),
    ]
    examples = [
        Example.from_dict(
            pipeline.make_doc(text),
            {"cats": {name: float(name == label) for name in ("negative", "neutral", "positive")}},
        )
        for text, label in gold
    ]
    figures = pipeline.evaluate(examples)
    assert figures["cats_micro_f"] == pytest.approx(0.8)
    assert figures["cats_f_per_type"]["positive"]["r"] == 0.5
    assert figures["cats_score_desc"] == "macro F"


def test_a_model_of_other_labels_has_categories_and_no_polarity(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parents[1] / "older" / "classifier", tmp_path / "older")
    classifier = SentimentClassifier.from_pretrained(tmp_path / "older")
    doc = make(tmp_path / "older")("the parcel came late")
    assert doc.cats.keys() == {*classifier.classes_.tolist()}
    assert (doc._.polarity is None) == ("positive" not in doc.cats)
    with pytest.raises(ArtifactError, match="made for the task 'check-worthiness'"):
        make(CLAIMS_MODEL)("good")


def test_a_polarity_of_another_component_that_cannot_be_set_is_refused(tiny_model: Path) -> None:
    for kind in (Doc, Span):
        kind.set_extension("polarity", getter=lambda doc: 0.0, force=True)
        try:
            with pytest.raises(ConfigError, match=f"gives {kind.__name__} a polarity that cannot be set"):
                make(tiny_model)
        finally:
            kind.set_extension("polarity", default=None, force=True)


def test_spacy_finds_the_component_by_its_entry_point(tmp_path: Path) -> None:
    toml = pytest.importorskip("tomllib", reason="Python 3.11 or newer reads TOML")
    if not (ROOT / "pyproject.toml").is_file():
        pytest.skip("the source is not beside these tests")
    points = toml.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    lines = [f"{name} = {value}" for name, value in points["spacy_factories"].items()]
    info = tmp_path / "as_installed-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: as-installed\nVersion: 1\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text("[spacy_factories]\n" + "\n".join(lines), encoding="utf-8")
    code = """
import spacy
nlp = spacy.blank("en")
nlp.add_pipe("nlp_rnn_sentiment")
cats = nlp("Movie was not good").cats
print(max(cats, key=cats.get))
"""
    path = os.pathsep.join([str(tmp_path), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
        check=False, encoding="utf-8",
    )  # fmt: skip
    assert done.stdout.strip() == "negative", done.stderr
