"""The test figures and the model card of the shipped model.

Measures a classifier on the corpora's test splits and on the negation suite, after every choice was
made on validation splits; writes the figures and the limits into the model's folder.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from nlp_rnn.artifact import TextArtifact
from nlp_rnn.config import ModelConfig
from nlp_rnn.metrics import evaluate_present
from nlp_rnn.sentiment import RobustnessReport, SentimentClassifier, load_suite, measure_robustness, run_suite
from nlp_rnn.training import best_epoch
from scripts.recipes.mixture import CLASSES, RATES, Mixture, counterfactual_pairs, official_tests

_CARD = (Path(__file__).parent / "cards" / "sentiment.md").read_text(encoding="utf-8")


def measure(classifier: SentimentClassifier, data: str | Path) -> dict[str, Any]:
    """Measure a model on every test set below ``data``, and on the negation suite.

    Raises:
        DataError: If a corpus is missing.
    """
    tests: dict[str, Any] = {}
    for name, (texts, labels) in official_tests(data).items():
        scores = evaluate_present(labels, classifier.predict_proba(texts), CLASSES)
        tests[name] = {
            key: scores.to_dict()[key] for key in ("n", "accuracy", "macro_f1", "macro_recall", "ece")
        }
    report = run_suite(classifier.predict_proba, load_suite(), classes=CLASSES)
    return {
        "tests": tests,
        "negation": {"passed": report.pass_share, "rows": report.rows()},
        "robustness": robustness_on(classifier, data).to_dict(),
    }


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
    texts = {"sentences": tests["SST, three classes"][0], "reviews": tests["IMDb"][0]}
    edited = counterfactual_pairs(data)
    return measure_robustness(classifier, texts, edited=edited, most=most, seed=seed)


def describe(
    artifact: TextArtifact[ModelConfig],
    mixture: Mixture,
    figures: dict[str, Any],
    *,
    texts: int,
    taught: str,
    seconds: float,
) -> TextArtifact[ModelConfig]:
    """Return the artifact with its figures noted and its card written.

    Args:
        artifact: The model.
        mixture: The mixture it was trained on.
        figures: The figures of ``measure``.
        texts: Texts in an epoch.
        taught: Sentences on what it learned beside the labels.
        seconds: Time of all its training, the teachers' included.
    """
    from nlp_rnn.version import __version__

    config = artifact.config
    history = artifact.notes["history"]
    best = best_epoch(history)
    sources = {name: (len(texts), RATES[name]) for name, (texts, _) in mixture.sources.items()}
    rows = figures["negation"]["rows"]
    card = _CARD.format(
        layers="two" if config.num_layers == 2 else "one" if config.num_layers == 1 else config.num_layers,
        direction="bidirectional" if config.bidirectional else "one-way",
        cell=config.cell.upper(),
        parameters=sum(weight.size for weight in artifact.weights.values()) / 1e6,
        embedding=f"{artifact.weights['embedding.weight'].size / 1e6:.1f}",
        version=__version__,
        tests="\n".join(
            "| {} | {n:,} | {accuracy:.2%} | {macro_recall:.4f} | {ece:.4f} |".format(name, **test)
            for name, test in figures["tests"].items()
        ),
        calibration="a scale and a bias for each class"
        if artifact.notes["train"].get("calibration") == "classes"
        else f"temperature ({artifact.temperature:.3f})",
        passed=figures["negation"]["passed"],
        cases=rows[-1][1],
        negation="\n".join(f"| {name} | {cases} | {rate:.1%} |" for name, cases, _, rate in rows),
        moved="\n".join(
            f"| {title} | {kind} | {row['count']:,} | {row['flip_share']:.1%} | {row['move_share']:.1%} |"
            for title, rows in figures["robustness"]["moved"].items()
            for kind, row in rows.items()
        ),
        pairs=figures["robustness"]["pairs_both_right"],
        reviews=len(mixture.reviews),
        texts=texts,
        taught=taught,
        epochs=best["epoch"],
        run=len(history),
        sources="\n".join(f"| {name} | {count:,} | {rate} |" for name, (count, rate) in sources.items()),
        half=(artifact.tokenizer.max_tokens or 0) // 2,
    )
    notes = artifact.notes | {
        "figures": figures,
        "sources": sources,
        "taught": taught,
        "training_seconds": round(seconds),
    }
    return replace(artifact, card=card, notes=notes)
