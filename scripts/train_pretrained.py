#!/usr/bin/env python
"""Train the shipped model from the corpora: ``python scripts/train_pretrained.py --data FOLDER``.

All of ``nlp_rnn/pretrained/sentiment-en`` comes out of this file: vocabulary and word vectors; the teachers'
answers (``teachers.py``, extra ``teach``); a classifier that learns labels and answers; calibration, test
figures, card. Run again, it goes on where it was stopped.
"""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from teachers import START, sentence_teacher, taught_reviews, teaching_seconds

from nlp_rnn import SentimentClassifier
from nlp_rnn.artifact import save
from nlp_rnn.cli.common import training_bar
from nlp_rnn.config import TrainConfig
from nlp_rnn.cooccurrence import cooccurrence_vectors
from nlp_rnn.errors import NlpRnnError
from nlp_rnn.probabilities import one_hot, softmax
from nlp_rnn.sentiment.card import describe, measure
from nlp_rnn.sentiment.mixture import CHANGED, CLASSES, Mixture, build
from nlp_rnn.sentiment.perturb import perturbed, toggled
from nlp_rnn.tokenizer import TextTokenizer

SHIPPED = Path(__file__).parent.parent / "nlp_rnn" / "pretrained" / "sentiment-en"

SHORT = 60  # words up to which the transformer is asked about a labelled text
SENTENCES, EDITS = 250_000, 80_000  # of unlabelled reviews

Lessons = tuple[list[str], NDArray[np.float32]]


def main(
    data: Annotated[Path, typer.Option(help="Folder with sentiment/, parallel/ and text/.")],
    output: Annotated[Path, typer.Option(help="Where the model folder goes.")] = SHIPPED,
    run: Annotated[Path, typer.Option(help="Where checkpoints, answers and history go.")] = Path(
        "runs/sentiment-en"
    ),
    teacher: Annotated[
        str, typer.Option(help="The transformer to fine-tune: a folder, or an id of the Hugging Face Hub.")
    ] = START,
    seed: int = 0,
    hidden_size: int = 128,
    max_epochs: int = 4,
    share: Annotated[
        float, typer.Option(help="Train on this share of the mixture, to try things out.")
    ] = 1.0,
) -> None:
    """Train, calibrate, measure, describe and save."""
    console = Console(stderr=True)
    mixture = build(data, seed=seed)
    texts, targets_NC = lessons(mixture, teacher, run, console, seed=seed, share=share)
    console.print("learning the vocabulary and word vectors")
    tokenizer = TextTokenizer("word", vocab_size=30_000, min_count=3, max_tokens=1024, mend_typos=True)
    rows = tokenizer.train(mixture.unlabelled).encode_batch(mixture.unlabelled)
    vectors = cooccurrence_vectors(rows, vocab_size=tokenizer.vocab_size)
    console.print(f"training the classifier on {len(texts):,} texts")
    with training_bar("tokens/s") as progress:
        classifier = SentimentClassifier(tokenizer=tokenizer, hidden_size=hidden_size).fit(
            texts,
            targets_NC,
            validation=mixture.validation,
            classes=CLASSES,
            config=TrainConfig(
                max_epochs=max_epochs,
                embedding_rate=0.5,
                dropout=0.25,
                unk_dropout=0.03,
                label_smoothing=0.0,
                checkpoint_every=500,
                seed=seed,
            ),
            vectors=vectors,
            output=run / f"student-{seed}",
            resume=True,
            progress=progress,
        )
    model = save(classifier.artifact, run / f"model-{seed}", dtype="float16")
    shipped = SentimentClassifier.from_pretrained(model)
    figures = measure(shipped, data)
    seconds = sum(epoch["seconds"] for epoch in classifier.artifact.notes["history"])
    seconds += teaching_seconds(run / "teacher", run / "answers")
    described = describe(shipped.artifact, mixture, figures, texts=len(texts), seconds=seconds)
    save(described, output, dtype="float16")
    console.print_json(json.dumps(figures))


def lessons(
    mixture: Mixture, teacher: str, run: Path, console: Console, *, seed: int, share: float
) -> Lessons:
    """Texts, and what to answer to each (N, C).

    Labelled reviews and templates keep their labels; other labelled texts have the mean of label and answer;
    unlabelled reviews, and some of their sentences, have the teachers' answers.
    """
    console.print("teaching the transformer")
    transformer = sentence_teacher(mixture, teacher, run / "teacher", seed=0).quantized()
    console.print("asking the teachers")
    texts, labels = mixture.training(seed=seed, share=share)
    targets_NC = one_hot(labels, CLASSES)
    templates = set(mixture.sources["templates"][0])
    short = [i for i, text in enumerate(texts) if len(text.split()) <= SHORT and text not in templates]
    targets_NC[short] = (targets_NC[short] + transformer.predict_proba([texts[i] for i in short])) / 2
    unlabelled, answers_NC = taught_reviews(mixture, transformer, run / "answers")
    rng = np.random.default_rng(seed)
    whole = rng.permutation(len(mixture.reviews))[: round(share * len(mixture.reviews))]
    spoken = rng.permutation([s for s, text in enumerate(unlabelled.sentences) if len(text.split()) > 2])
    some = spoken[: round(share * SENTENCES)]
    edits = (toggled(unlabelled.sentences[s], random.Random(int(s))) for s in some)
    edited = list(itertools.islice(filter(None, edits), round(share * EDITS)))
    more = [mixture.reviews[i] for i in whole] + [unlabelled.sentences[s] for s in some] + edited
    answers = answers_NC[whole], softmax(unlabelled.logits_SC[some]), transformer.predict_proba(edited)
    return texts + perturbed(more, share=CHANGED, seed=seed), np.concatenate([targets_NC, *answers])


if __name__ == "__main__":
    try:
        typer.run(main)
    except NlpRnnError as error:
        Console(stderr=True).print(f"Error: {error}", markup=False, soft_wrap=True)
        raise SystemExit(2) from None
