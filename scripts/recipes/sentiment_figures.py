"""The figures of the shipped model: every test part, the suites, what should move nothing, and not knowing.

    python -m scripts.recipes.sentiment_figures --data FOLDER [--model FOLDER]

Measures a classifier once, after every choice was made on validation parts. Knows corpora and a classifier;
how the figures are told is ``sentiment_card.py``'s.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from nlp_rnn.classification import shared_guesser
from nlp_rnn.cli import run_script
from nlp_rnn.metrics import evaluate_present
from nlp_rnn.sentiment import (
    RobustnessReport,
    Sentiment,
    SentimentClassifier,
    load_suite,
    measure_robustness,
    run_suite,
)
from scripts.recipes.corpora import Read, everyday_tests, reader
from scripts.recipes.mixture import CLASSES, counterfactual_pairs, official_tests
from scripts.recipes.opinions import Labelled

ALLOWED = 0.05  # share of wrong answers for which abstention is measured
_SCORES = ("n", "accuracy", "macro_f1", "macro_recall", "ece", "coverage_at_5_percent_error")
_HAND = " \N{THUMBS UP SIGN}"


def main(
    data: Annotated[Path, typer.Option(help="Folder with sentiment/, parallel/ and text/.")],
    model: Annotated[Path | None, typer.Option(help="A model folder; by default the shipped one.")] = None,
) -> None:
    """Print the figures of a model as JSON."""
    figures = measure(SentimentClassifier.from_pretrained(model), data)
    typer.echo(json.dumps(figures, indent=2))


def measure(classifier: SentimentClassifier, data: str | Path) -> dict[str, Any]:
    """Measure a model of three classes on every test part below ``data``, and on the project's own suites.

    Raises:
        DataError: If a corpus is missing.
    """
    sets = official_tests(data) | everyday_tests(data)
    tests: dict[str, Any] = {}
    answered: dict[str, dict[str, float]] = {}
    can_abstain = bool(classifier.artifact.notes.get("abstention"))
    for name, (texts, labels) in sets.items():
        answers = classifier.classify_many(texts, abstain=ALLOWED if can_abstain else None)
        scores = evaluate_present(labels, _probs(answers), CLASSES).to_dict()
        tests[name] = {key: scores[key] for key in _SCORES}
        answered[name] = _answered(answers, labels)
    given = sum(row["answered"] for row in answered.values())
    wrong = sum(row["wrong"] for row in answered.values())
    return {
        "tests": tests,
        "abstention": {
            "allowed": ALLOWED,
            "error": wrong / max(1, given),
            "coverage": given / sum(len(texts) for texts, _ in sets.values()),
            "sets": answered,
        },
        "foreign": _called_foreign(sets),
        "requests": _requests(classifier, reader(Path(data))),
        "aspects": _aspects(classifier, reader(Path(data))),
        "suites": {name: suite_figures(classifier, name) for name in ("negation", "everyday")},
        "robustness": robustness_on(classifier, data).to_dict(),
    }


def suite_figures(classifier: SentimentClassifier, name: str) -> dict[str, Any]:
    """Return the share of a suite's cases passed, of those turned round, and the rows of its table."""
    cases = load_suite(suite=name)
    report = run_suite(classifier.predict_proba, cases, classes=classifier.classes_, unsure=classifier.unsure)
    return {"passed": report.pass_share, "turned_round": report.turned_round, "rows": report.rows()}


def robustness_on(
    classifier: SentimentClassifier, data: str | Path, *, most: int = 2_000, seed: int = 0
) -> RobustnessReport:
    """Measure how often identities, noise and names move the answer, and how many edited pairs are right.

    Args:
        classifier: Three classes or two.
        data: Folder of corpora.
        most: Texts of each test set, drawn by ``seed``, which also draws the changes.
        seed: Seed of texts and changes.

    Raises:
        DataError: If a corpus is missing.
    """
    tests = official_tests(data)
    sentences = tests["SST, three classes"][0]
    texts = {"sentences": sentences, "reviews": tests["IMDb"][0]}
    report = measure_robustness(classifier, texts, edited=counterfactual_pairs(data), most=most, seed=seed)
    # Few sentences have a hand: some get one, so that its skin can be changed.
    toned = measure_robustness(
        classifier, {"sentences with a hand": [text + _HAND for text in sentences]}, most=most, seed=seed
    )
    tones = {"skin tone": toned.moved["sentences with a hand"]["skin tone"]}
    moved = dict(report.moved) | {"sentences with a hand": tones}
    return RobustnessReport(moved=moved, both_right=report.both_right, pairs=report.pairs)


def _probs(answers: Sequence[Sentiment]) -> NDArray[np.float64]:
    return np.array([[answer.probabilities[name] for name in CLASSES] for answer in answers])


def _answered(answers: Sequence[Sentiment], labels: Sequence[str]) -> dict[str, float]:
    """Return the number of texts answered, of wrong answers among them, and both as shares."""
    pairs = zip(answers, labels, strict=True)
    right = [answer.label == label for answer, label in pairs if not answer.unsure]
    wrong = len(right) - sum(right)
    return {
        "answered": len(right),
        "wrong": wrong,
        "coverage": len(right) / len(labels),
        "error": wrong / max(1, len(right)),
    }


def _called_foreign(sets: dict[str, Labelled]) -> float:
    """Return the share of the test texts, all of them English, that are called another language."""
    found = [language.unread for texts, _ in sets.values() for language in shared_guesser().guess_many(texts)]
    return sum(found) / len(found)


def _requests(classifier: SentimentClassifier, read: Read) -> dict[str, float]:
    """Return how many of the neutral requests and questions are called neutral."""
    table = read("sentiment/neutral_requests/test")
    neutral_N = classifier.predict(table["text"]) == "neutral"
    polar_N = np.array(table["polar_word"], np.bool_)
    return {"neutral": float(neutral_N.mean()), "neutral_with_polar_word": float(neutral_N[polar_N].mean())}


def _aspects(classifier: SentimentClassifier, read: Read) -> dict[str, float]:
    """Return the macro recall of the sentences' answers against each aspect's label, by source."""
    table = read("sentiment/aspects/test")
    probs_NC, labels = classifier.predict_proba(table["text"]), np.array(table["label"])
    two_sided_N = np.array([source.startswith("MAMS") for source in table["source"]])
    parts = {"MAMS, two sides a sentence": two_sided_N, "all others": ~two_sided_N}
    return {
        name: evaluate_present(labels[which].tolist(), probs_NC[which], CLASSES).macro_recall
        for name, which in parts.items()
    }


if __name__ == "__main__":
    run_script(main)
