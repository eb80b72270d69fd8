"""Train the shipped model from the corpora: ``python -m scripts.recipes.sentiment --data FOLDER``.

All of ``nlp_rnn/pretrained/sentiment-en`` comes out of this file: vocabulary and word vectors; the teachers'
answers (``teacher.py``, extra ``teach``); a classifier that learns labels and answers; calibration, test
figures, card. Run again, it goes on where it was stopped. With ``--refine MODEL`` an existing model goes on
learning, and is one of the judges of reviews; of sentences, too, unless there is a ``--teacher``.
"""

from __future__ import annotations

import itertools
import json
import random
import textwrap
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from nlp_rnn import SentimentClassifier
from nlp_rnn.artifact import fingerprint, save
from nlp_rnn.cli import run_script, training_bar
from nlp_rnn.config import TrainConfig
from nlp_rnn.distillation import (
    Classifier,
    Judge,
    TransformerClassifier,
    classifier_judge,
    digest,
    feature_judge,
    save_arrays,
    sentences_of,
    stacked_proba,
)
from nlp_rnn.errors import ArtifactError, ConfigError
from nlp_rnn.probabilities import one_hot
from nlp_rnn.sentiment import NbSvm, perturbed, perturbed_pairs, toggled
from nlp_rnn.text import TextTokenizer, cooccurrence_vectors
from scripts.recipes.mixture import CHANGED, CLASSES, Mixture, build, labelled_reviews
from scripts.recipes.opinions import Labelled
from scripts.recipes.sentiment_card import describe, measure
from scripts.recipes.teacher import START, reading_bar, sentence_teacher

SHORT = 60  # words up to which the transformer is asked about a labelled text
SENTENCES, EDITS = 250_000, 80_000  # of unlabelled reviews
PAIRED = 200_000  # short training texts that are paired with changed copies

TAUGHT = """\
Teachers answered the reviews without labels (a transformer and an NB-SVM together), and some of their
sentences, as they stand and with a *not* more or less (the transformer, {teacher},
fine-tuned on the texts below). Of labelled texts of up to {words} words, the templates aside, the mean of
label and transformer's answer was learned. {alike}"""
REFINED = """\
This model goes on from another of its kind. That model and an NB-SVM together answered the reviews without
labels; {speaker} answered some of their sentences, as they stand and with a *not* more or less, and labelled
texts of up to {words} words, the templates aside, of which the mean of label and answer was learned. {alike}

How that model was taught: {before}"""
ALIKE = """\
Texts of up to {words} words were to be answered like copies of them with other names, places, numbers,
identities of people or the other gender, a typo or a link ({pairs:,} such pairs)."""

Lessons = tuple[list[str], NDArray[np.float32]]


def main(
    data: Annotated[Path, typer.Option(help="Folder with sentiment/, parallel/ and text/.")],
    output: Annotated[Path, typer.Option(help="Where the model folder goes.")] = Path(
        "runs/sentiment-en/model"
    ),
    run: Annotated[Path, typer.Option(help="Where checkpoints, answers and history go.")] = Path(
        "runs/sentiment-en"
    ),
    teacher: Annotated[
        str | None,
        typer.Option(
            help="The BERT to fine-tune: a folder, or an id of the Hugging Face Hub; by default "
            "all-MiniLM-L6-v2, with --refine none."
        ),
    ] = None,
    refine: Annotated[
        Path | None, typer.Option(help="The folder of a model of this kind that goes on learning.")
    ] = None,
    seed: int = 0,
    hidden_size: Annotated[int, typer.Option(help="Width of a new model.")] = 128,
    max_epochs: int = 4,
    learning_rate: Annotated[
        float, typer.Option(help="Half of it suits a model that goes on learning.")
    ] = 2e-3,
    share: Annotated[
        float, typer.Option(help="Train on this share of the mixture; the teachers learn all of it still.")
    ] = 1.0,
) -> None:
    """Train, calibrate, measure, describe and save."""
    console = Console(stderr=True)
    started = time.perf_counter()
    if refine is not None and refine.resolve() == output.resolve():
        raise ConfigError(f"{output} would be lost: give another --output, or --refine a copy of it")
    before = None if refine is None else three_classes(SentimentClassifier.from_pretrained(refine))
    mixture = build(data)
    console.print("asking the teachers")
    speaker: TransformerClassifier | SentimentClassifier
    if before is not None and teacher is None:
        speaker, folder = before, run
    else:
        teacher = teacher or START
        speaker = sentence_teacher(mixture, teacher, run, seed=0).quantized()
        folder = run / speaker.fingerprint
    if refine is not None:
        folder /= fingerprint(refine)

    with reading_bar() as reading:
        judges = partial(judges_of, mixture, before or speaker, run, reading)
        texts, targets_NC = lessons(mixture, speaker, judges, folder, seed=seed, share=share)
    if before is None:
        console.print("learning the vocabulary and word vectors")
        tokenizer = TextTokenizer("word", vocab_size=30_000, min_count=3, max_tokens=1024, mend_typos=True)
        rows = tokenizer.train(mixture.unlabelled).encode_batch(mixture.unlabelled)
        vectors = cooccurrence_vectors(rows, vocab_size=tokenizer.vocab_size)
        fresh = SentimentClassifier(tokenizer=tokenizer, hidden_size=hidden_size)
    else:
        vectors, fresh = None, SentimentClassifier()
    copies = perturbed_pairs([text for text in texts if len(text.split()) <= SHORT], seed=seed, most=PAIRED)
    console.print(f"training the classifier on {len(texts):,} texts and {len(copies):,} pairs")
    with training_bar("tokens/s") as progress:
        classifier = fresh.fit(
            texts,
            targets_NC,
            validation=mixture.validation,
            pairs=copies,
            classes=CLASSES,
            config=TrainConfig(
                max_epochs=max_epochs,
                learning_rate=learning_rate,
                embedding_rate=0.5,
                dropout=0.25,
                unk_dropout=0.03,
                label_smoothing=0.0,
                calibration="classes",
                objectives={"pairing": 8.0},
                objective_share=0.25,
                checkpoint_every=500,
                seed=seed,
            ),
            vectors=vectors,
            init_from=before,
            output=folder / f"student-{seed}",
            resume=True,
            progress=progress,
        )
    saved = save(classifier.artifact, folder / f"student-{seed}" / "model", dtype="float16")
    shipped = SentimentClassifier.from_pretrained(saved)
    figures = measure(shipped, data)
    notes = {} if before is None else before.artifact.notes
    seconds = time.perf_counter() - started + notes.get("training_seconds", 0)
    taught = how_taught(teacher, None if before is None else notes.get("taught", "not noted."), len(copies))
    described = describe(shipped.artifact, mixture, figures, texts=len(texts), taught=taught, seconds=seconds)
    save(described, output, dtype="float16")
    console.print_json(json.dumps(figures))


def judges_of(
    mixture: Mixture,
    other: TransformerClassifier | SentimentClassifier,
    run: Path,
    reading: Callable[[int, int], None],
) -> list[Judge]:
    """Return the judges of reviews: an NB-SVM, and another that knows the mixture's sentences."""
    texts, labels = labelled_reviews(mixture)
    linear = NbSvm().fit(texts, labels).margins
    if isinstance(other, SentimentClassifier):
        return [linear, classifier_judge(other)]
    return [linear, feature_judge(texts, labels, other, folder=run, progress=reading)]


def three_classes(classifier: SentimentClassifier) -> SentimentClassifier:
    """Return a model to start from.

    Raises:
        ArtifactError: If its classes are not ``CLASSES``.
    """
    if tuple(classifier.classes_) != CLASSES:
        found = ", ".join(classifier.classes_)
        raise ArtifactError(f"the model to start from answers {found}: give one for {', '.join(CLASSES)}")
    return classifier


def how_taught(teacher: str | None, before: str | None, paired: int) -> str:
    """Return the card's text about the teachers, the model that this one started from, and the pairs."""
    known = {"words": SHORT, "alike": ALIKE.format(words=SHORT, pairs=paired)}
    if before is None:
        text = TAUGHT.format(**known, teacher=teacher)
    else:
        transformer = f"a transformer ({teacher}, fine-tuned on the texts below)"
        speaker = "that model alone" if teacher is None else transformer
        text = REFINED.format(**known, speaker=speaker, before=before)
    return "\n\n".join(textwrap.fill(part, 110, break_on_hyphens=False) for part in text.split("\n\n"))


def lessons(
    mixture: Mixture,
    speaker: Classifier,
    judges: Callable[[], Sequence[Judge]],
    folder: Path,
    *,
    seed: int,
    share: float,
) -> Lessons:
    """Return texts, and the target of each (N, C), kept in a file of a folder for these teachers.

    Templates and texts of more than ``SHORT`` words keep their labels; other labelled texts have the mean of
    label and the speaker's answer; some sentences of unlabelled reviews and edits of these have the speaker's
    answer, and the reviews that of the judges.
    """
    labelled = mixture.training(seed=seed, share=share)
    file = folder / f"lessons-{digest(str(share), *labelled[0], *labelled[1], *mixture.reviews)}.npz"
    if not file.is_file():
        held_out = mixture.validation["imdb"]
        answers_NC = stacked_proba(judges(), mixture.reviews, held_out=held_out, classes=CLASSES)
        found, targets_NC = _taught(mixture, labelled, speaker, answers_NC, seed=seed, share=share)
        save_arrays(file, texts=np.frombuffer("\0".join(found).encode(), np.uint8), targets=targets_NC)
    with np.load(file) as kept:
        return kept["texts"].tobytes().decode().split("\0"), kept["targets"]


def _taught(
    mixture: Mixture,
    labelled: Labelled,
    speaker: Classifier,
    answers_NC: NDArray[np.float32],
    *,
    seed: int,
    share: float,
) -> Lessons:
    texts, labels = labelled
    targets_NC = one_hot(labels, CLASSES)
    templates = set(mixture.sources["templates"][0])
    short = [i for i, text in enumerate(texts) if len(text.split()) <= SHORT and text not in templates]
    targets_NC[short] = (targets_NC[short] + speaker.predict_proba([texts[i] for i in short])) / 2
    rng = np.random.default_rng(seed)
    whole = rng.permutation(len(mixture.reviews))[: round(share * len(mixture.reviews))]
    spoken = (text for review in mixture.reviews for text in sentences_of(review))
    fresh = [text for text in spoken if len(text.split()) > 2 and not mixture.held_out(text)]
    some = [fresh[i] for i in rng.permutation(len(fresh))[: round(share * SENTENCES)]]
    edits = (toggled(text, random.Random(f"{seed}/{number}")) for number, text in enumerate(some))
    allowed = (edit for edit in edits if edit is not None and not mixture.held_out(edit))
    edited = list(itertools.islice(allowed, round(share * EDITS)))
    more = [mixture.reviews[i] for i in whole] + some + edited
    answers = answers_NC[whole], speaker.predict_proba(some), speaker.predict_proba(edited)
    return texts + perturbed(more, share=CHANGED, seed=seed), np.concatenate([targets_NC, *answers])


if __name__ == "__main__":
    run_script(main)
