#!/usr/bin/env python
"""Train the shipped model from the corpora: ``python scripts/train_pretrained.py --data FOLDER``.

All of ``nlp_rnn/pretrained/sentiment-en`` comes out of this file: vocabulary and word vectors; a pair of
language models; a classifier that starts from them; a second one that starts from the first, and also learns
what the first and an NB-SVM together answer to reviews nobody labelled; calibration, test figures, card.
Run again, it goes on where it was stopped.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from benchmarks.peers import NbSvm
from numpy.typing import NDArray
from rich.console import Console

from nlp_rnn import LanguageModel, SentimentClassifier
from nlp_rnn.artifact import fingerprint, save
from nlp_rnn.cli.common import training_bar
from nlp_rnn.config import PretrainConfig, TrainConfig
from nlp_rnn.cooccurrence import cooccurrence_vectors
from nlp_rnn.errors import NlpRnnError, require
from nlp_rnn.sentiment.card import describe, measure
from nlp_rnn.sentiment.mixture import CLASSES, Mixture, build
from nlp_rnn.tokenizer import TextTokenizer

SHIPPED = Path(__file__).parent.parent / "nlp_rnn" / "pretrained" / "sentiment-en"


def main(
    data: Annotated[Path, typer.Option(help="Folder with sentiment/, parallel/ and text/.")],
    output: Annotated[Path, typer.Option(help="Where the model folder goes.")] = SHIPPED,
    run: Annotated[Path, typer.Option(help="Where checkpoints and history go.")] = Path("runs/sentiment-en"),
    seed: int = 0,
    hidden_size: int = 128,
    max_epochs: int = 3,
    share: Annotated[
        float, typer.Option(help="Train on this share of the mixture, to try things out.")
    ] = 1.0,
) -> None:
    """Train, calibrate, measure, describe and save."""
    console = Console(stderr=True)
    mixture = build(data, seed=seed)
    language = language_model(mixture, run / "language", console, hidden_size=hidden_size, seed=seed)
    config = TrainConfig(
        max_epochs=max_epochs,
        embedding_rate=0.3,
        dropout=0.35,
        unk_dropout=0.03,
        checkpoint_every=500,
        seed=seed,
    )
    console.print("training the first classifier")
    first = _fitted(
        mixture,
        mixture.training(seed=seed, share=share),
        config,
        language,
        run / "first",
    )
    console.print("asking the teachers")
    first.save_pretrained(run / "first" / "model")
    answers = _answers(mixture, first, run / f"answers-{fingerprint(run / 'first' / 'model')}.npy")
    console.print("training the second classifier")
    texts, labels = mixture.training(seed=seed + 1, share=0.6 * share)
    targets = np.eye(len(CLASSES), dtype=np.float32)[[CLASSES.index(label) for label in labels]]
    some = mixture.reviews[: round(share * len(mixture.reviews))]
    second = _fitted(
        mixture,
        (texts + some, np.concatenate([targets, answers[: len(some)]])),
        replace(config, max_epochs=2, learning_rate=1e-3),
        first,
        run / "second",
    )
    save(second.artifact, run / "model", dtype="float16")
    shipped = SentimentClassifier.from_pretrained(run / "model")
    figures = measure(shipped, data)
    parts = language.artifact, first.artifact, second.artifact
    seconds = sum(epoch["seconds"] for part in parts for epoch in part.notes["history"])
    described = describe(shipped.artifact, mixture, figures, texts=len(texts) + len(some), seconds=seconds)
    save(described, output, dtype="float16")
    console.print_json(json.dumps(figures))


def language_model(
    mixture: Mixture, run: Path, console: Console, *, hidden_size: int, seed: int
) -> LanguageModel:
    """The language models that the classifiers start from, made once per run folder."""
    if (run / "model").is_dir():
        return LanguageModel.from_pretrained(run / "model")
    console.print("learning the vocabulary and word vectors")
    tokenizer = TextTokenizer("word", vocab_size=30_000, min_count=3, max_tokens=1024, mend_typos=True)
    rows = tokenizer.train(mixture.unlabelled).encode_batch(mixture.unlabelled)
    console.print("training the language models")
    with training_bar("tokens/s") as progress:
        model = LanguageModel(tokenizer=tokenizer, hidden_size=hidden_size).fit(
            mixture.prose,
            validation=[
                text for name in ("imdb", "tweets", "amazon") for text in mixture.validation[name][0][:200]
            ],
            vectors=cooccurrence_vectors(rows, vocab_size=tokenizer.vocab_size),
            config=PretrainConfig(
                max_epochs=2, samples=512, dropout=0.05, learning_rate=3e-3, checkpoint_every=500, seed=seed
            ),
            output=run,
            resume=True,
            progress=progress,
        )
    model.save_pretrained(run / "model")
    return model


def _fitted(
    mixture: Mixture,
    data: tuple[list[str], Any],
    config: TrainConfig,
    start: LanguageModel | SentimentClassifier,
    run: Path,
) -> SentimentClassifier:
    """A classifier that starts from a model and learns texts with their labels or probabilities."""
    with training_bar("tokens/s") as progress:
        return SentimentClassifier().fit(
            *data,
            validation=mixture.validation,
            classes=CLASSES,
            config=config,
            init_from=start,
            output=run,
            resume=True,
            progress=progress,
        )


def _answers(mixture: Mixture, first: SentimentClassifier, file: Path) -> NDArray[np.float32]:
    """What the first classifier and an NB-SVM together think of the unlabelled reviews.

    The mean of the two log-odds of positive against negative, the NB-SVM's scaled to held-out reviews.

    Shape:
        (n reviews, 3), columns as ``CLASSES``.
    """
    if file.exists():
        found: NDArray[np.float32] = np.load(file)
        return found
    logistic = require("sklearn.linear_model", extra="train").LogisticRegression
    reviews, labels = mixture.validation["imdb"]
    own, edited = mixture.sources["imdb"], mixture.sources["counterfactual"]
    nbsvm = NbSvm.fit(own[0] + edited[0], own[1] + edited[1])
    scale = logistic(C=1e6).fit(nbsvm.margins(reviews)[:, None], labels)
    odds_N = scale.decision_function(nbsvm.margins(mixture.reviews)[:, None])
    probs_NC = first.predict_proba(mixture.reviews)
    odds_N = (odds_N + np.log(probs_NC[:, 2]) - np.log(probs_NC[:, 0])) / 2
    positive_N = 1 / (1 + np.exp(-odds_N))
    found = np.stack([1 - positive_N, 0 * positive_N, positive_N], axis=1).astype(np.float32)
    np.save(file, found)
    return found


if __name__ == "__main__":
    try:
        typer.run(main)
    except NlpRnnError as error:
        Console(stderr=True).print(f"Error: {error}", markup=False, soft_wrap=True)
        raise SystemExit(2) from None
