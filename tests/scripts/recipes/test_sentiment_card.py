"""The card of the shipped classifier says what was measured, and what it was trained on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nlp_rnn import SentimentClassifier

pytest.importorskip("scripts.recipes", reason="the scripts are not beside these tests")
pytest.importorskip("sklearn", reason="measuring needs the train extra")
from scripts.recipes import sentiment_card, sentiment_figures
from scripts.recipes.mixture import Mixture

THREE = ["the film is good", "a bad film", "the film"], ["positive", "negative", "positive"]
TESTS = {"SST, three classes": THREE, "IMDb": (["it was good", "it was bad"], ["positive", "negative"])}
EVERYDAY = {"news": (["the film", "Où est passée ma commande de lundi ?"], ["neutral", "neutral"])}
TABLES: dict[str, dict[str, list[Any]]] = {
    "sentiment/neutral_requests/test": {"text": ["the film", "a good film"], "polar_word": [False, True]},
    "sentiment/aspects/test": {
        "text": ["good", "bad", "good"],
        "label": ["positive", "negative", "negative"],
        "source": ["SemEval-2014", "SemEval-2014", "MAMS"],
    },
}


@pytest.fixture(scope="module")
def classifier(tiny_model: Path) -> SentimentClassifier:
    """A model that is sure of nothing under 0.93."""
    classifier = SentimentClassifier.from_pretrained(tiny_model)
    classifier.artifact.notes.update(
        language="en",
        abstention=[[0.05, 0.93]],
        history=[{"epoch": 1, "validation": {"score": 0.5}}],
        train={"calibration": "classes"},
    )
    return classifier


@pytest.fixture(scope="module")
def figures(classifier: SentimentClassifier) -> Iterator[dict[str, Any]]:
    """Its figures on corpora of a few texts."""
    edited = ["a good film", "a bad film"], ["positive", "negative"], ["1", "1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentiment_figures, "official_tests", lambda data: TESTS)
        patch.setattr(sentiment_figures, "everyday_tests", lambda data: EVERYDAY)
        patch.setattr(sentiment_figures, "counterfactual_pairs", lambda data: edited)
        patch.setattr(sentiment_figures, "reader", lambda data: TABLES.__getitem__)
        yield sentiment_figures.measure(classifier, "corpora")


def test_the_figures_are_those_of_the_texts(figures: dict[str, Any]) -> None:
    assert figures["tests"]["IMDb"]["accuracy"] == 1.0
    assert figures["tests"]["SST, three classes"]["n"] == 3
    # "the film" is not sure enough, and the French text is not answered.
    sets = figures["abstention"]["sets"]
    assert [sets[name]["answered"] for name in ("SST, three classes", "IMDb", "news")] == [2, 2, 0]
    assert (figures["abstention"]["error"], figures["abstention"]["coverage"]) == (0.0, 4 / 7)
    assert figures["foreign"] == 1 / 7
    assert figures["requests"] == {"neutral": 0.5, "neutral_with_polar_word": 0.0}
    assert figures["aspects"] == {"MAMS, two sides a sentence": 0.0, "all others": 1.0}
    assert set(figures["suites"]) == {"negation", "everyday"}
    robustness = figures["robustness"]
    assert robustness["pairs_both_right"] == 1.0
    assert robustness["moved"]["sentences and reviews"]["links"]["count"] == 5
    assert robustness["moved"]["sentences with a hand"]["skin tone"]["count"] == 3


def test_the_card_says_what_was_measured(classifier: SentimentClassifier, figures: dict[str, Any]) -> None:
    sources = {"imdb": (["a", "b"], ["positive", "negative"]), "news": (["c"], ["neutral"])}
    described = sentiment_card.describe(
        classifier.artifact,
        Mixture(sources, {}, [], {}, ["review"] * 7),
        figures,
        texts=12,
        taught="By hand.",
        seconds=3.4,
    )
    for line in (
        "| IMDb | 2 | 100.00% | 1.0000 |",
        "over all sets 57% are answered, and 0.0% of these answers are wrong",
        f"% of {figures['suites']['everyday']['rows'][-1][1]:,} cases passed",
        "Pairs of reviews of which one is the other, edited until its label flips: both right in 100.0%.",
        "| sentences and reviews | links | 5 | 0.0% | 0.0% |",
        "12 texts an epoch (1 epochs kept of 1): all that is listed below, and 7 reviews",
        "By hand.",
        "| imdb | 2 | 1.0 | none stated |",
        "| news | 1 | 1.0 | MIT |",
        "of a long text it reads the first and the last 32 tokens",
    ):
        assert line.lower() in described.card.lower(), line
    assert described.notes["figures"] == figures
    assert described.notes["training_seconds"] == 3
