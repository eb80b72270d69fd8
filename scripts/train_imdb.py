#!/usr/bin/env python
"""Train a classifier for film reviews alone: ``python scripts/train_imdb.py --data FOLDER``.

It starts from the language models of ``train_pretrained.py`` (made here if they are not there yet) and learns
the labelled reviews, with virtual adversarial training and entropy on those that nobody labelled (Miyato et
al. 2017, Sachan et al. 2019). Run again, it goes on where it was stopped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from train_pretrained import language_model

from nlp_rnn import SentimentClassifier
from nlp_rnn.cli.common import training_bar
from nlp_rnn.config import TrainConfig
from nlp_rnn.errors import NlpRnnError
from nlp_rnn.metrics import evaluate
from nlp_rnn.sentiment.mixture import build, official_tests
from nlp_rnn.training.curves import best_epoch

CLASSES = ("negative", "positive")


def main(
    data: Annotated[Path, typer.Option(help="Folder with sentiment/, parallel/ and text/.")],
    language: Annotated[Path, typer.Option(help="Run folder of the language models.")] = Path(
        "runs/sentiment-en/language"
    ),
    run: Annotated[Path, typer.Option(help="Where checkpoints, history and model go.")] = Path("runs/imdb"),
    seed: int = 0,
    max_epochs: int = 6,
    test: Annotated[
        bool, typer.Option("--test", help="Measure on the test split, when all is chosen.")
    ] = False,
) -> None:
    """Train and save; the best validation figure, and on request that of the test split."""
    console = Console(stderr=True)
    mixture = build(data)
    start = language_model(mixture, language, console, hidden_size=128, seed=0)
    with training_bar("tokens/s") as progress:
        classifier = SentimentClassifier().fit(
            *mixture.sources["imdb"],
            validation=mixture.validation["imdb"],
            unlabelled=mixture.reviews,
            classes=CLASSES,
            config=TrainConfig(
                max_epochs=max_epochs,
                batch_tokens=4096,
                learning_rate=3e-3,
                embedding_rate=0.5,
                dropout=0.5,
                embedding_dropout=0.1,
                unk_dropout=0.05,
                objectives={"virtual_adversarial": 1.0, "entropy": 0.2},
                objective_share=0.5,
                patience=max_epochs,
                checkpoint_every=200,
                seed=seed,
            ),
            init_from=start,
            output=run,
            resume=True,
            progress=progress,
        )
    classifier.save_pretrained(run / "model", dtype="float16")
    figures = {"validation": best_epoch(classifier.artifact.notes["history"])["validation"]}
    if test:
        texts, labels = official_tests(data)["IMDb"]
        saved = SentimentClassifier.from_pretrained(run / "model")
        figures["test"] = evaluate(labels, saved.predict_proba(texts), CLASSES).to_dict()
    console.print_json(json.dumps(figures))


if __name__ == "__main__":
    try:
        typer.run(main)
    except NlpRnnError as error:
        Console(stderr=True).print(f"Error: {error}", markup=False, soft_wrap=True)
        raise SystemExit(2) from None
