#!/usr/bin/env python
"""Train the shipped model from the corpora: ``python scripts/train_pretrained.py --data ../shared/data``.

Vocabulary, word vectors, training, calibration, test figures, model card: everything that is in
``nlp_rnn/pretrained/sentiment-en`` comes out of this file. Run again, it goes on where it was stopped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from nlp_rnn import SentimentClassifier
from nlp_rnn.artifact import save
from nlp_rnn.cli.common import training_bar
from nlp_rnn.config import TrainConfig
from nlp_rnn.cooccurrence import cooccurrence_vectors
from nlp_rnn.errors import NlpRnnError
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
    texts, labels = mixture.training(seed=seed, share=share)
    tokenizer, vectors = _start(mixture, run, console)
    classifier = SentimentClassifier(hidden_size=hidden_size, tokenizer=tokenizer)
    with training_bar("tokens/s") as progress:
        classifier.fit(
            texts,
            labels,
            validation=mixture.validation,
            classes=CLASSES,
            vectors=vectors,
            config=TrainConfig(
                max_epochs=max_epochs,
                embedding_rate=0.3,
                dropout=0.35,
                unk_dropout=0.04,
                checkpoint_every=500,
                seed=seed,
            ),
            output=run,
            resume=True,
            progress=progress,
        )
    save(classifier.artifact, run / "model", dtype="float16")
    shipped = SentimentClassifier.from_pretrained(run / "model")
    figures = measure(shipped, data)
    save(describe(shipped.artifact, mixture, figures), output, dtype="float16")
    console.print_json(json.dumps(figures))


def _start(mixture: Mixture, run: Path, console: Console) -> tuple[TextTokenizer, np.ndarray]:
    """The tokenizer and the word vectors, made once per run folder."""
    made = run / "tokenizer.json", run / "vectors.npy"
    if not all(path.exists() for path in made):
        console.print("learning the vocabulary and word vectors")
        run.mkdir(parents=True, exist_ok=True)
        tokenizer = TextTokenizer("word", vocab_size=30_000, min_count=3, max_tokens=1024).train(
            mixture.unlabelled
        )
        rows = tokenizer.encode_batch(mixture.unlabelled)
        np.save(made[1], cooccurrence_vectors(rows, vocab_size=tokenizer.vocab_size))
        made[0].write_text(tokenizer.to_json(), encoding="utf-8")
    json_text = made[0].read_text(encoding="utf-8")
    return TextTokenizer.from_json(json_text, kind="word", max_tokens=1024), np.load(made[1])


if __name__ == "__main__":
    try:
        typer.run(main)
    except NlpRnnError as error:
        Console(stderr=True).print(f"Error: {error}", markup=False, soft_wrap=True)
        raise SystemExit(2) from None
