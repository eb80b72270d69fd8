"""Train the claims model: ``python -m scripts.recipes.claims --data FOLDER --answers FILE``.

The teacher answers first (``claims_teacher.py``). Three seeds learn the mean of label and answer, and its
answers to sentences that nobody labelled. Recipe, epoch, threshold and the seed to keep are chosen on
sentences held out of training; ``--no-test`` ends there, to compare recipes. Only then is ClaimBuster's test
split measured, and the seed of the best validation figure saved. Needs the extra ``train``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from nlp_rnn import TextClassifier, __version__
from nlp_rnn.artifact import TextArtifact, fingerprint, save
from nlp_rnn.cli import run_script
from nlp_rnn.config import ModelConfig, TrainConfig
from nlp_rnn.distillation import Answers
from nlp_rnn.metrics import evaluate
from nlp_rnn.probabilities import one_hot
from nlp_rnn.risk import CHECK_WORTHY
from nlp_rnn.text import TextTokenizer, cooccurrence_vectors
from scripts.recipes.claims_texts import CLASSES, SOURCES, WRITTEN, Sets, claimbuster, training_sets
from scripts.recipes.opinions import Labelled

COLUMN = CLASSES.index(CHECK_WORTHY)
OFTEN = 3
"""How often the written sentences are learned in an epoch."""

CARD = (Path(__file__).parent / "cards" / "claims.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class SeedResult:
    """The result of one seed: its validation F1, its threshold, and the model with that moved to 0.5."""

    seed: int
    validation: float
    threshold: float
    artifact: TextArtifact[ModelConfig]


def main(
    data: Annotated[Path, typer.Option(help="Folder with claims/, text/, parallel/ and sentiment/.")],
    answers: Annotated[
        Path | None, typer.Option(help="What the teacher said: the file that claims_teacher.py wrote.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Where the model folder goes.")] = Path("runs/claims-en/model"),
    seeds: Annotated[str, typer.Option(help="Seeds to train, e.g. 0,1,2.")] = "0,1,2",
    test: Annotated[bool, typer.Option(help="Measure the test split, and save the best seed.")] = True,
    vocab_size: int = 12_000,
    embedding_dim: int = 64,
    hidden_size: int = 64,
    max_epochs: int = 8,
) -> None:
    """Train, choose, measure, describe and save."""
    console = Console(stderr=True)
    tested = claimbuster(data, "test")
    sets = training_sets(data, avoid=tested[0])
    texts, targets_NC = lessons(sets, None if answers is None else Answers(answers, CLASSES))
    console.print(f"{len(texts):,} sentences")
    tokenizer = TextTokenizer("word", vocab_size=vocab_size, min_count=3, max_tokens=256)
    tokenizer.train(sets.corpus)
    rows = tokenizer.encode_batch(sets.corpus)
    vectors = cooccurrence_vectors(rows, vocab_size=tokenizer.vocab_size, dim=embedding_dim)
    runs: list[SeedResult] = []
    for seed in map(int, seeds.split(",")):
        classifier = TextClassifier(embedding_dim=embedding_dim, hidden_size=hidden_size, tokenizer=tokenizer)
        config = TrainConfig(
            max_epochs=max_epochs, patience=3, batch_size=32, batch_tokens=2048, learning_rate=2e-3,
            embedding_rate=0.3, dropout=0.4, embedding_dropout=0.1, ema_decay=0.99, seed=seed,
        )  # fmt: skip
        classifier.fit(
            texts, targets_NC, validation=sets.chosen_on, classes=CLASSES, vectors=vectors, config=config
        )
        f1, threshold = best_threshold(
            {name: (probabilities(classifier, own), labels) for name, (own, labels) in sets.chosen_on.items()}
        )
        runs.append(SeedResult(seed, f1, threshold, at_half(classifier.artifact, threshold)))
        console.print(f"seed {seed}: F1 {f1:.4f} on the validation sentences, threshold {threshold:.2f}")
    best = max(runs, key=lambda run: run.validation)
    figures: dict[str, Any] = {"kept": best.seed, "validation": {run.seed: run.validation for run in runs}}
    if test:
        figures |= measured(runs, best, tested, sets)
        card = describe(best, figures, len(tested[0]), sets)
        save(
            replace(best.artifact, card=card, notes={**best.artifact.notes, **figures}),
            output,
            dtype="float16",
        )
        figures["fingerprint"] = fingerprint(output)
    print(json.dumps(figures))


def lessons(sets: Sets, said: Answers | None) -> tuple[list[str], NDArray[np.float32]]:
    """Return the sentences to learn, and the target of each.

    Shape:
        N texts, and (N, C).
    """
    parts = [part for name, part in sets.train.items() for _ in range(OFTEN if name == WRITTEN else 1)]
    texts, labels = (list(chain(*each)) for each in zip(*parts, strict=True))
    targets_NC: NDArray[np.float32] = one_hot(labels, CLASSES).astype(np.float32)
    if said is None:
        return texts, targets_NC
    targets_NC = (targets_NC + said.look_up(texts)) / np.float32(2)
    return texts + sets.unlabelled, np.concatenate([targets_NC, said.look_up(sets.unlabelled)])


def probabilities(classifier: TextClassifier, texts: list[str]) -> NDArray[np.float32]:
    """Return the probability of check-worthy for each text."""
    return classifier.predict_proba(texts)[:, COLUMN]


def best_threshold(sets: Mapping[str, tuple[NDArray[np.float32], list[str]]]) -> tuple[float, float]:
    """Return the best mean F1 over sets, each weighted as if its classes were even, and its threshold."""
    found: list[tuple[float, float]] = []
    for threshold in np.linspace(0.2, 0.8, 61).round(2).tolist():
        f1s = []
        for probs_N, labels in sets.values():
            positive_N = np.array(labels) == CHECK_WORTHY
            recall, alarms = (
                float((probs_N[part] >= threshold).mean()) for part in (positive_N, ~positive_N)
            )
            f1s.append(2 * recall / (1 + recall + alarms))
        found.append((float(np.mean(f1s)), threshold))
    return max(found)


def at_half(artifact: TextArtifact[ModelConfig], threshold: float) -> TextArtifact[ModelConfig]:
    """Return the same model for its own task, with its threshold moved to 0.5."""
    bias = artifact.weights["output.bias"].copy()
    bias[COLUMN] -= artifact.temperature * math.log(threshold / (1 - threshold))
    return replace(artifact, task="check-worthiness", weights={**artifact.weights, "output.bias": bias})


def measured(runs: Sequence[SeedResult], best: SeedResult, tested: Labelled, sets: Sets) -> dict[str, Any]:
    """Return test figures of all seeds as they would ship, and what the best one calls check-worthy."""
    f1s: list[float] = []
    figures: dict[str, Any] = {}
    for run in runs:
        with TemporaryDirectory() as folder:
            classifier = TextClassifier.from_pretrained(save(run.artifact, folder, dtype="float16"))
        scores = evaluate(tested[1], classifier.predict_proba(tested[0]), CLASSES)
        precision, recall = float(scores.precision[COLUMN]), float(scores.recall[COLUMN])
        f1s.append(2 * precision * recall / (precision + recall))
        if run is best:
            figures |= {"f1": f1s[-1], "precision": precision, "recall": recall}
            figures["called"] = called(classifier, sets)
    return figures | {"f1_of_seeds": f1s, "mean": float(np.mean(f1s)), "spread": float(np.std(f1s))}


def called(classifier: TextClassifier, sets: Sets) -> dict[str, tuple[int, float]]:
    """Return the number of held-out sentences of each source and class, and the share called check-worthy."""
    found: dict[str, tuple[int, float]] = {}
    for name, (texts, labels) in sets.validation.items():
        probs_N = probabilities(classifier, texts)
        for label in sorted(set(labels)):
            part = probs_N[np.array(labels) == label]
            found[f"{name}: {label}"] = part.size, round(float((part >= 0.5).mean()), 4)
    return found


def describe(best: SeedResult, figures: dict[str, Any], tested: int, sets: Sets) -> str:
    """Return the model card."""
    return CARD.format(
        **{key: figures[key] for key in ("f1", "precision", "recall", "mean", "spread")},
        parameters=sum(weight.size for weight in best.artifact.weights.values()),
        version=__version__,
        n=tested,
        seed=best.seed,
        count=len(figures["f1_of_seeds"]),
        validation=best.validation,
        threshold=best.threshold,
        chosen=sum(len(texts) for texts, _ in sets.chosen_on.values()),
        aside="\n".join(
            f"| {name} | {n:,} | {share:.1%} |" for name, (n, share) in figures["called"].items()
        ),
        sources="\n".join(f"| {SOURCES[name]} | {len(texts):,} |" for name, (texts, _) in sets.train.items()),
    )


if __name__ == "__main__":
    run_script(main)
