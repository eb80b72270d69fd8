"""Train a classifier for film reviews alone: ``python -m scripts.recipes.film_reviews --data FOLDER``.

It starts from a general model, as ``sentiment.py`` makes, and learns the labelled reviews, and of
the others the answers of that model and an NB-SVM together. Run again, it goes on where it was
stopped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from nlp_rnn import SentimentClassifier
from nlp_rnn.artifact import fingerprint
from nlp_rnn.cli import run_script, training_bar
from nlp_rnn.config import TrainConfig
from nlp_rnn.distillation import classifier_judge, digest, save_arrays, stacked_proba
from nlp_rnn.metrics import evaluate
from nlp_rnn.probabilities import one_hot
from nlp_rnn.resources import SENTIMENT_MODEL
from nlp_rnn.sentiment import NbSvm
from nlp_rnn.training import best_epoch
from scripts.recipes.mixture import CLASSES, build, labelled_reviews, official_tests
from scripts.recipes.sentiment import three_classes

POLES = [CLASSES.index("negative"), CLASSES.index("positive")]


def main(
    data: Annotated[Path, typer.Option(help="Folder with sentiment/, parallel/ and text/.")],
    general: Annotated[Path, typer.Option(help="The model to start from.")] = SENTIMENT_MODEL,
    run: Annotated[Path, typer.Option(help="Where checkpoints, answers, history and models go.")] = Path(
        "runs/imdb"
    ),
    seeds: Annotated[int, typer.Option(min=1, help="How many models, with seeds 0, 1, ...")] = 3,
    max_epochs: int = 1,
    test: Annotated[
        bool, typer.Option("--test", help="Measure on the test split, when all is chosen.")
    ] = False,
) -> None:
    """Train and save; print the validation figures, and on request those of the test split."""
    student = three_classes(SentimentClassifier.from_pretrained(general))
    mixture = build(data)
    file = run / f"answers-{digest(fingerprint(general), *mixture.reviews)}.npz"
    if not file.is_file():
        judges = [NbSvm().fit(*labelled_reviews(mixture)).margins, classifier_judge(student)]
        held_out = mixture.validation["imdb"]
        save_arrays(file, probs=stacked_proba(judges, mixture.reviews, held_out=held_out, classes=CLASSES))
    with np.load(file) as kept:  # exactly the same answers when a run is resumed
        answers_NC = kept["probs"]
    texts, labels = mixture.sources["imdb"]
    targets_NC = np.concatenate([one_hot(labels, CLASSES), answers_NC])[:, POLES]
    if test:
        reviews, right = official_tests(data)["IMDb"]
    figures: dict[str, list[float]] = {"validation": [], "test": []}
    for seed in range(seeds):
        with training_bar("tokens/s") as progress:
            classifier = SentimentClassifier().fit(
                texts + mixture.reviews,
                targets_NC,
                validation=mixture.validation["imdb"],
                classes=[CLASSES[pole] for pole in POLES],
                config=TrainConfig(
                    max_epochs=max_epochs,
                    learning_rate=1e-3,
                    embedding_rate=0.5,
                    dropout=0.3,
                    unk_dropout=0.03,
                    label_smoothing=0.0,
                    patience=max_epochs,
                    checkpoint_every=500,
                    seed=seed,
                ),
                init_from=student,
                output=run / str(seed),
                resume=True,
                progress=progress,
            )
        classifier.save_pretrained(run / f"model-{seed}", dtype="float16")
        best = best_epoch(classifier.artifact.notes["history"])
        figures["validation"].append(best["validation"]["accuracy"])
        if test:
            saved = SentimentClassifier.from_pretrained(run / f"model-{seed}")
            scores = evaluate(right, saved.predict_proba(reviews), saved.classes_.tolist())
            figures["test"].append(scores.accuracy)
    found = {
        name: {"each": each, "mean": float(np.mean(each)), "spread": float(np.std(each))}
        for name, each in figures.items()
        if each
    }
    Console().print_json(json.dumps(found))


if __name__ == "__main__":
    run_script(main)
