"""``TextClassifier``: any labels, no polarity, and its folder in a ``SentimentClassifier``."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from nlp_rnn import SentimentClassifier, TextClassifier
from nlp_rnn.artifact import load
from nlp_rnn.cli import main
from nlp_rnn.config import TrainConfig
from nlp_rnn.errors import ArtifactError
from nlp_rnn.resources import CLAIMS_MODEL, SENTIMENT_MODEL

TEXTS = ["the parcel came late", "my bill is wrong", "where is my parcel", "the bill came twice"] * 5
LABELS = ["delivery", "billing"] * 10
CONFIG = TrainConfig(max_epochs=8, batch_size=4, learning_rate=0.05, dropout=0.0, unk_dropout=0.0, seed=0)


@pytest.fixture(scope="module")
def classifier() -> TextClassifier:
    pytest.importorskip("torch", reason="training needs the train extra")
    return TextClassifier(embedding_dim=6, hidden_size=6, min_count=1).fit(TEXTS, LABELS, config=CONFIG)


def test_it_learns_labels_of_any_kind(classifier: TextClassifier) -> None:
    found = classifier.classify("a late parcel")
    assert found.label == "delivery"
    assert found.score == max(found.probabilities.values())
    assert set(found.probabilities) == {"billing", "delivery"}
    assert not hasattr(found, "polarity")
    assert classifier.predict(["a bill", "a parcel"]).tolist() == ["billing", "delivery"]


def test_it_explains_the_class_it_answers(classifier: TextClassifier) -> None:
    why = classifier.explain("my parcel")
    assert (why.label, why.target) == ("delivery", "delivery")
    assert why.attributions[1] > 0


def test_a_sentiment_classifier_reads_its_folder_and_has_no_polarity_for_it(
    classifier: TextClassifier, tmp_path: Path
) -> None:
    folder = classifier.save_pretrained(tmp_path / "model")
    assert load(folder).task == "classification"
    found = SentimentClassifier.from_pretrained(folder).classify("my parcel")
    assert found.label == "delivery"
    assert math.isnan(found.polarity)


def test_it_reads_every_classifier_and_a_sentiment_classifier_no_claims(tmp_path: Path) -> None:
    assert TextClassifier.from_pretrained(SENTIMENT_MODEL).predict(["so good"]).tolist() == ["positive"]
    assert TextClassifier.from_pretrained(CLAIMS_MODEL).classes_.tolist() == ["other", "check-worthy"]
    with pytest.raises(ArtifactError, match="made for the task 'check-worthiness'"):
        SentimentClassifier.from_pretrained(CLAIMS_MODEL)


@pytest.mark.parametrize(
    ("names", "task"), [(("delivery", "billing"), "classification"), (("negative", "positive"), "sentiment")]
)
def test_the_labels_say_what_a_trained_model_is_for(
    names: tuple[str, str], task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    data, output = tmp_path / "data.csv", tmp_path / "run"
    rows = [f"{text},{names[number % 2]}\n" for number, text in enumerate(TEXTS)]
    data.write_text("text,label\n" + "".join(rows), encoding="utf-8")
    args = ["--data", str(data), "--output", str(output), "--max-epochs", "1", "--hidden-size", "4"]
    assert main(["train", *args]) == 0
    assert json.loads((output / "model" / "config.json").read_text(encoding="utf-8"))["task"] == task
    assert main(["classify", "--model", str(output / "model"), "my parcel"]) == 0
    assert capsys.readouterr().out.split()[0] in names
