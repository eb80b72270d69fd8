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
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from teachers import START, Transformer, digest, sentence_teacher, taught_reviews, write

from nlp_rnn import SentimentClassifier
from nlp_rnn.artifact import save
from nlp_rnn.cli.common import training_bar
from nlp_rnn.config import TrainConfig
from nlp_rnn.cooccurrence import cooccurrence_vectors
from nlp_rnn.errors import NlpRnnError
from nlp_rnn.probabilities import one_hot, softmax
from nlp_rnn.sentiment.card import describe, measure
from nlp_rnn.sentiment.mixture import CHANGED, CLASSES, Mixture, build
from nlp_rnn.sentiment.opinions import Labelled
from nlp_rnn.sentiment.perturb import perturbed, toggled
from nlp_rnn.tokenizer import TextTokenizer

SHIPPED = Path(__file__).parent.parent / "nlp_rnn" / "pretrained" / "sentiment-en"

SHORT = 60  # words up to which the transformer is asked about a labelled text
SENTENCES, EDITS = 250_000, 80_000  # of unlabelled reviews

TAUGHT = """\
Teachers answered the reviews without labels (a transformer and an NB-SVM together), and some of their
sentences, as they stand and with a *not* more or less (the transformer, {teacher},
fine-tuned on the texts below). Of labelled texts of up to {words} words, the templates aside, the mean of
label and transformer's answer was learned."""

Lessons = tuple[list[str], NDArray[np.float32]]


def main(
    data: Annotated[Path, typer.Option(help="Folder with sentiment/, parallel/ and text/.")],
    output: Annotated[Path, typer.Option(help="Where the model folder goes.")] = SHIPPED,
    run: Annotated[Path, typer.Option(help="Where checkpoints, answers and history go.")] = Path(
        "runs/sentiment-en"
    ),
    teacher: Annotated[
        str, typer.Option(help="The BERT to fine-tune: a folder, or an id of the Hugging Face Hub.")
    ] = START,
    seed: int = 0,
    hidden_size: int = 128,
    max_epochs: int = 4,
    share: Annotated[
        float, typer.Option(help="Train on this share of the mixture; the teachers read all of it still.")
    ] = 1.0,
) -> None:
    """Train, calibrate, measure, describe and save."""
    console = Console(stderr=True)
    started = time.perf_counter()
    mixture = build(data)
    console.print("asking the teachers")
    texts, targets_NC = lessons(mixture, teacher, run, seed=seed, share=share)
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
    seconds = time.perf_counter() - started
    taught = TAUGHT.format(teacher=teacher, words=SHORT)
    described = describe(shipped.artifact, mixture, figures, texts=len(texts), taught=taught, seconds=seconds)
    save(described, output, dtype="float16")
    console.print_json(json.dumps(figures))


def lessons(mixture: Mixture, teacher: str, run: Path, *, seed: int, share: float) -> Lessons:
    """Texts, and what to answer to each (N, C), kept in a file of ``run``.

    Templates and texts of more than ``SHORT`` words keep their labels; other labelled texts have the mean of
    label and answer; unlabelled reviews, some of their sentences and edits of these have the teachers'.
    """
    texts, labels = mixture.training(seed=seed, share=share)
    transformer = sentence_teacher(mixture, teacher, run, seed=0)
    name = digest(transformer.fingerprint, str(share), *texts, *mixture.reviews)
    file = run / f"lessons-{name}.npz"
    if not file.is_file():
        found, targets_NC = _taught(mixture, (texts, labels), transformer, run, seed=seed, share=share)
        write(file, texts=np.frombuffer("\0".join(found).encode(), np.uint8), targets=targets_NC)
    with np.load(file) as kept:
        return kept["texts"].tobytes().decode().split("\0"), kept["targets"]


def _taught(
    mixture: Mixture, labelled: Labelled, teacher: Transformer, run: Path, *, seed: int, share: float
) -> Lessons:
    texts, labels = labelled
    teacher = teacher.quantized()
    targets_NC = one_hot(labels, CLASSES)
    templates = set(mixture.sources["templates"][0])
    short = [i for i, text in enumerate(texts) if len(text.split()) <= SHORT and text not in templates]
    targets_NC[short] = (targets_NC[short] + teacher.predict_proba([texts[i] for i in short])) / 2
    unlabelled, answers_NC = taught_reviews(mixture, teacher, run)
    rng = np.random.default_rng(seed)
    whole = rng.permutation(len(mixture.reviews))[: round(share * len(mixture.reviews))]
    sentences = unlabelled.sentences
    fresh = [s for s, text in enumerate(sentences) if len(text.split()) > 2 and not mixture.held_out(text)]
    some = rng.permutation(fresh)[: round(share * SENTENCES)]
    edits = (toggled(sentences[s], random.Random(int(s))) for s in some)
    allowed = (edit for edit in edits if edit is not None and not mixture.held_out(edit))
    edited = list(itertools.islice(allowed, round(share * EDITS)))
    more = [mixture.reviews[i] for i in whole] + [sentences[s] for s in some] + edited
    answers = answers_NC[whole], softmax(unlabelled.logits_SC[some]), teacher.predict_proba(edited)
    return texts + perturbed(more, share=CHANGED, seed=seed), np.concatenate([targets_NC, *answers])


if __name__ == "__main__":
    try:
        typer.run(main)
    except NlpRnnError as error:
        Console(stderr=True).print(f"Error: {error}", markup=False, soft_wrap=True)
        raise SystemExit(2) from None
