"""The card of the shipped classifier says what was measured, and what it was trained on."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp_rnn import SentimentClassifier

pytest.importorskip("scripts.recipes", reason="the scripts are not beside these tests")
from scripts.recipes import sentiment_card
from scripts.recipes.mixture import Mixture


def test_the_card_says_what_was_measured(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    three = ["the film is good", "a bad film", "the film"], ["positive", "negative", "positive"]
    tests = {"SST, three classes": three, "IMDb": (["it was good", "it was bad"], ["positive", "negative"])}
    edited = ["a good film", "a bad film"], ["positive", "negative"], ["1", "1"]
    monkeypatch.setattr(sentiment_card, "official_tests", lambda data: tests)
    monkeypatch.setattr(sentiment_card, "counterfactual_pairs", lambda data: edited)
    classifier = SentimentClassifier.from_pretrained(tiny_model)
    figures = sentiment_card.measure(classifier, "corpora")
    assert figures["tests"]["IMDb"]["accuracy"] == 1.0
    assert figures["tests"]["SST, three classes"]["n"] == 3
    assert figures["robustness"]["pairs_both_right"] == 1.0
    assert figures["robustness"]["moved"]["sentences and reviews"]["links"]["count"] == 5

    artifact = classifier.artifact
    artifact.notes["history"] = [{"epoch": 1, "validation": {"score": 0.5}}]
    artifact.notes["train"] = {"calibration": "classes"}
    mixture = Mixture({"imdb": (["a", "b"], ["positive", "negative"])}, {}, [], {}, ["review"] * 7)
    described = sentiment_card.describe(artifact, mixture, figures, texts=12, taught="By hand.", seconds=3.4)
    for line in (
        "| IMDb | 2 | 100.00% | 1.0000 |",
        f"| all | {figures['negation']['rows'][-1][1]} |",
        "Pairs of reviews of which one is the other, edited until its label flips: both right in 100.0%.",
        "| sentences and reviews | links | 5 | 0.0% | 0.0% |",
        "12 texts an epoch (1 epochs kept of 1): all that is listed below, and 7 reviews",
        "By hand.",
        "| imdb | 2 | 1.0 |",
        "of a long text it reads the first and the last 32 tokens",
    ):
        assert line.lower() in described.card.lower(), line
    assert described.notes["figures"] == figures
    assert described.notes["training_seconds"] == 3
