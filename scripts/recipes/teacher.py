"""The teacher of the shipped classifiers: ``python -m scripts.recipes.teacher --data FOLDER --start FOLDER``.

A transformer of 110 million parameters learns sentences of all the mixture's corpora by low-rank adapters in
its upper half (extra ``teach``): about two hours of two cores. Run again, it goes on where it was stopped.
What it learned is a file of a few megabytes. It answers unlabelled texts and training texts, never one that
is held out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from nlp_rnn.cli import run_script, training_bar
from nlp_rnn.config import LoopConfig
from nlp_rnn.distillation import TransformerClassifier, crop_texts, digest
from nlp_rnn.metrics import evaluate_present
from scripts.recipes.mixture import CLASSES, Mixture, build
from scripts.recipes.opinions import Labelled

START = "sentence-transformers/all-mpnet-base-v2"  # 12 layers, 110 million parameters, Apache-2.0
RANK, FIRST_LAYER = 16, 6
TEMPLATES = 40_000
# Share of each source that the transformer learns; of long reviews a window.
RATES = {
    "imdb": 0.03,
    "counterfactual": 0.1,
    "sst_sentences": 1.0,
    "sst_phrases": 0.03,
    "rotten_tomatoes": 1.0,
    "tweets": 0.14,
    "tweets_negative": 0.2,
    "amazon": 0.07,
    "customer_reviews": 0.5,
    "mpqa": 0.1,
    "yelp": 0.05,
    "plots": 0.15,
    "captions": 0.02,
    "encyclopedia": 0.1,
    "templates": 0.15,
    "nothing": 0.3,
    "goemotions": 0.3,
    "topic_tweets": 0.35,
    "software": 0.25,
    "review_sentences": 1.0,
    "rated_snippets": 0.9,
    "finance": 0.7,
    "news": 0.6,
    "neutral_requests": 0.2,
    "hotel_sentences": 1.0,
    "hotel_reviews": 0.12,
    "app_reviews": 1.0,
    "game_reviews": 0.2,
    "course_comments": 1.0,
}
_MOST = 250  # texts of a held-out set that are read after training


def main(
    data: Annotated[Path, typer.Option(help="Folder with sentiment/, parallel/ and text/.")],
    start: Annotated[str, typer.Option(help="The transformer: a folder, or an id of the Hub.")] = START,
    output: Annotated[Path, typer.Option(help="Where adapters and figures go.")] = Path("runs/teacher"),
    seed: int = 0,
    share: Annotated[float, typer.Option(help="Learn this share of the sentences.")] = 1.0,
    templates: Annotated[float, typer.Option(help="Share of the templates' sentences to learn.")] = 0.15,
    go_on_from: Annotated[Path | None, typer.Option(help="Adapters that go on learning.")] = None,
    learning_rate: float = 3e-4,
) -> None:
    """Teach the teacher, measure it on the held-out sets, and save its adapters."""
    mixture = build(data, templates=TEMPLATES)
    rates = {name: share * rate for name, rate in RATES.items()} | {"templates": templates}
    teacher = sentence_teacher(
        mixture, start, output, seed=seed, rates=rates, adapters=go_on_from, learning_rate=learning_rate
    )
    figures = {}
    for name, (texts, labels) in mixture.validation.items():
        scores = evaluate_present(labels, teacher.predict_proba(texts), CLASSES)
        figures[name] = {"n": len(texts), "accuracy": scores.accuracy, "macro_recall": scores.macro_recall}
    output.mkdir(parents=True, exist_ok=True)
    (output / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    Console().print_json(json.dumps(figures))


def sentence_teacher(
    mixture: Mixture,
    start: str | Path,
    run: Path,
    *,
    seed: int,
    rates: Mapping[str, float] = RATES,
    adapters: Path | None = None,
    learning_rate: float = 3e-4,
) -> TransformerClassifier:
    """Return the transformer that learned the mixture's sentences in one epoch.

    It is made once for the same start and texts, in a folder of ``run`` that is named after them; a run that
    was stopped goes on.
    """
    texts, labels = mixture.training(seed=seed, rates=rates)
    texts = crop_texts(texts, seed=seed)
    return taught(
        start,
        CLASSES,
        (texts, labels),
        validation={name: _some(held) for name, held in mixture.validation.items()},
        folder=run / f"teacher-{digest(str(start), *texts, *labels)}",
        seed=seed,
        adapters=adapters,
        learning_rate=learning_rate,
    )


def taught(
    start: str | Path,
    classes: Sequence[str],
    lessons: Labelled,
    *,
    validation: Mapping[str, Labelled],
    folder: Path,
    seed: int,
    adapters: Path | None = None,
    learning_rate: float = 3e-4,
    epochs: int = 1,
) -> TransformerClassifier:
    """Return a transformer that learned texts by adapters, kept in a folder; a stopped run goes on."""
    teacher = TransformerClassifier.from_pretrained(start, classes=classes, seed=seed)
    if (folder / "adapters").is_dir():
        return teacher.with_adapters(folder / "adapters").merged()
    teacher.with_adapters(adapters, rank=RANK, first_layer=FIRST_LAYER, seed=seed)
    with training_bar("tokens/s") as progress:
        teacher.fit(
            *lessons,
            validation=validation,
            config=LoopConfig(
                max_epochs=epochs,
                batch_size=24,
                learning_rate=learning_rate,
                ema_decay=0.0,
                checkpoint_every=100,
                seed=seed,
            ),
            output=folder,
            resume=True,
            progress=progress,
        )
    teacher.save_adapters(folder / "adapters")
    return teacher.merged()


def _some(held: Labelled) -> Labelled:
    """Return a few texts of a held-out set."""
    which = np.random.default_rng(0).permutation(len(held[0]))[:_MOST]
    return [held[0][i] for i in which], [held[1][i] for i in which]


if __name__ == "__main__":
    run_script(main)
