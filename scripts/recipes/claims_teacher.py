"""The teacher of the claims model: ``python -m scripts.recipes.claims_teacher --data FOLDER --start FOLDER``.

A transformer of 110 million parameters learns the labelled sentences by low-rank adapters in its upper half,
and answers them and sentences that nobody labelled (extra ``teach``): about an hour of two cores. Run again,
it goes on where it was stopped.
"""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from nlp_rnn.cli import run_script, say
from nlp_rnn.distillation import Answers, digest
from nlp_rnn.metrics import evaluate
from scripts.recipes.claims_texts import CLAIMBUSTER, CLASSES, Sets, claimbuster, training_sets
from scripts.recipes.teacher import START, taught

# Share of each source that it learns; all of what is not named.
RATES = {
    CLAIMBUSTER: 0.7,
    "cures": 0.4,
    "prose": 0.4,
    "plays": 0.4,
    "talk": 0.4,
    "requests": 0.3,
    "captions": 0.5,
}


def main(
    data: Annotated[Path, typer.Option(help="Folder with claims/, text/, parallel/ and sentiment/.")],
    start: Annotated[str, typer.Option(help="The transformer: a folder, or an id of the Hub.")] = START,
    output: Annotated[Path, typer.Option(help="Where adapters, figures and answers go.")] = Path(
        "runs/claims-teacher"
    ),
    seed: int = 0,
    learning_rate: float = 3e-4,
    epochs: int = 1,
) -> None:
    """Teach the teacher, measure it on the held-out sets, and let it answer."""
    sets = training_sets(data, avoid=claimbuster(data, "test")[0])
    texts, labels = drawn(sets, seed=seed)
    teacher = taught(
        start,
        CLASSES,
        (texts, labels),
        validation=sets.chosen_on,
        folder=output / f"teacher-{digest(str(start), str(epochs), *texts, *labels)}",
        seed=seed,
        learning_rate=learning_rate,
        epochs=epochs,
    )
    small = teacher.quantized([text for texts, _ in sets.chosen_on.values() for text in texts[:100]])
    figures = {}
    for name, (held, own) in sets.chosen_on.items():
        scores = evaluate(own, small.predict_proba(held), CLASSES)
        figures[name] = {"n": len(held), "accuracy": scores.accuracy, "recall": scores.recall.tolist()}
    Console().print_json(json.dumps(figures))
    answers = Answers(output / "answers.npz", CLASSES)
    asked = [*chain(*(own for own, _ in sets.train.values())), *sets.unlabelled]
    answers.ask(
        small.predict_proba,
        asked,
        teacher=small.fingerprint,
        progress=lambda done, of: say(f"{done:,} of {of:,} answered"),
    )


def drawn(sets: Sets, *, seed: int) -> tuple[list[str], list[str]]:
    """Return the labelled sentences that the teacher learns."""
    rng = np.random.default_rng(seed)
    texts: list[str] = []
    labels: list[str] = []
    for name, (own, own_labels) in sets.train.items():
        which = rng.permutation(len(own))[: round(RATES.get(name, 1.0) * len(own))].tolist()
        texts += [own[i] for i in which]
        labels += [own_labels[i] for i in which]
    return texts, labels


if __name__ == "__main__":
    run_script(main)
