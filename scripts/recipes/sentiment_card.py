"""The model card of the shipped model: its figures (``sentiment_figures.py``), its sources and its limits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from nlp_rnn.artifact import TextArtifact
from nlp_rnn.config import ModelConfig
from nlp_rnn.training import best_epoch
from scripts.recipes.corpora import licence_of
from scripts.recipes.mixture import RATES, Mixture

_CARD = (Path(__file__).parent / "cards" / "sentiment.md").read_text(encoding="utf-8")


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
    abstention, suites = figures["abstention"], figures["suites"]
    card = _CARD.format(
        layers="two" if config.num_layers == 2 else "one" if config.num_layers == 1 else config.num_layers,
        direction="bidirectional" if config.bidirectional else "one-way",
        cell=config.cell.upper(),
        parameters=sum(weight.size for weight in artifact.weights.values()) / 1e6,
        embedding=f"{artifact.weights['embedding.weight'].size / 1e6:.1f}",
        version=__version__,
        tests="\n".join(
            f"| {name} | {test['n']:,} | {test['accuracy']:.2%} | {test['macro_recall']:.4f} | "
            f"{test['ece']:.4f} | {abstention['sets'][name]['coverage']:.0%} | "
            f"{abstention['sets'][name]['error']:.1%} |"
            for name, test in figures["tests"].items()
        ),
        calibration="a scale and a bias for each class"
        if artifact.notes["train"].get("calibration") == "classes"
        else f"temperature ({artifact.temperature:.3f})",
        coverage=abstention["coverage"],
        error=abstention["error"],
        foreign=figures["foreign"],
        requests=figures["requests"]["neutral"],
        polar_requests=figures["requests"]["neutral_with_polar_word"],
        aspects=figures["aspects"]["all others"],
        mams=figures["aspects"]["MAMS, two sides a sentence"],
        **{name: _suite(suite) for name, suite in suites.items()},
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
        sources="\n".join(
            f"| {name} | {count:,} | {rate} | {licence_of(name)} |" for name, (count, rate) in sources.items()
        ),
        half=(artifact.tokenizer.max_tokens or 0) // 2,
    )
    notes = artifact.notes | {
        "figures": figures,
        "sources": sources,
        "taught": taught,
        "training_seconds": round(seconds),
    }
    return replace(artifact, card=card, notes=notes)


def _suite(figures: dict[str, Any]) -> str:
    """Return a suite's share passed, and its table."""
    *kinds, (_, cases, _, _) = figures["rows"]
    head = (
        f"{figures['passed']:.1%} of {cases:,} cases passed; {figures['turned_round']:.1%} turned round "
        "(positive for negative, or the reverse).\n\n| kind | cases | failed |\n|---|---|---|\n"
    )
    return head + "\n".join(f"| {name} | {count} | {rate:.1%} |" for name, count, _, rate in kinds)
