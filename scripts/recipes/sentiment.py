"""Train the shipped model: ``python -m scripts.recipes.sentiment --data FOLDER --answers FILE``.

All of ``nlp_rnn/pretrained/sentiment-en`` comes out of this file and three before it: the transformer
learns (``teacher.py``), it answers what the student will read (``answers.py``), and here a model goes on
from the one before it with a new vocabulary (``vocabulary.py``): it learns labels and answers, is
calibrated, measured on the test parts, and described. Run again, it goes on where it was stopped.
"""

from __future__ import annotations

import json
import textwrap
import time
from collections.abc import Sequence
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
from nlp_rnn.distillation import Answers, classifier_judge, digest, save_arrays, stacked_proba
from nlp_rnn.errors import ArtifactError
from nlp_rnn.probabilities import one_hot
from nlp_rnn.sentiment import NbSvm, perturbed, perturbed_pairs
from scripts.recipes.answers import SHORT, UNASKED, to_ask
from scripts.recipes.corpora import reader, unlabelled_parts
from scripts.recipes.mixture import CHANGED, CLASSES, Mixture, build, labelled_reviews
from scripts.recipes.sentiment_card import describe
from scripts.recipes.sentiment_figures import measure
from scripts.recipes.vocabulary import carried_over, emoji_ratings, new_tokenizer

PAIRED = 200_000  # short training texts that are paired with changed copies

TAUGHT = """\
This model goes on from another of its kind, with a new vocabulary: words that both know kept their vectors.
That model and an NB-SVM together answered the reviews without labels. A transformer of 110 million
parameters (all-mpnet-base-v2, Apache-2.0), taught by low-rank adapters on the texts below, answered
{spoken:,} everyday texts and sentences of reviews, as they stand and with a *not* more or less, and the
labelled texts of up to {words} words, the templates aside, of which the mean of label and answer was
learned. Texts of up to {words} words were to be answered like copies of them with other names, places,
numbers, identities of people or the other gender, a typo or a link ({pairs:,} such pairs).

How that model was taught: {before}"""

Lessons = tuple[list[str], NDArray[np.float32]]


def main(
    data: Annotated[Path, typer.Option(help="Folder with sentiment/, parallel/ and text/.")],
    answers: Annotated[Path, typer.Option(help="What the teacher said: the file that answers.py wrote.")],
    start: Annotated[
        Path | None, typer.Option(help="The model to go on from; by default the shipped one.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Where the model folder goes.")] = Path(
        "runs/sentiment-en/model"
    ),
    run: Annotated[Path, typer.Option(help="Where vocabulary, lessons and checkpoints go.")] = Path(
        "runs/sentiment-en"
    ),
    seed: int = 0,
    max_epochs: int = 4,
    learning_rate: float = 1e-3,
    share: Annotated[float, typer.Option(help="Train on this share of the mixture.")] = 1.0,
) -> None:
    """Train, calibrate, measure, describe and save."""
    console = Console(stderr=True)
    started = time.perf_counter()
    before = three_classes(SentimentClassifier.from_pretrained(start))
    mixture = build(data)
    read = reader(data)
    unlabelled = unlabelled_parts(read)
    begun = run / "start"
    if not begun.is_dir():
        console.print("making the vocabulary")
        texts = [*mixture.unlabelled, *(text for own in unlabelled.values() for text in own)]
        tokenizer = new_tokenizer(texts)
        phrases = mixture.sources["sst_phrases"]
        made = carried_over(before, tokenizer, texts, rated=emoji_ratings(read), words=phrases)
        save(made, begun, dtype="float32")
    folder = run / digest(fingerprint(begun), answers.read_bytes().hex(), str(share), str(seed))
    said = Answers(answers, CLASSES)
    spoken = [
        text
        for name, own in to_ask(mixture, unlabelled, seed=0)
        if name not in mixture.sources
        for text in own
        if text in said
    ]
    console.print(f"{len(said):,} answers, {len(spoken):,} of texts without labels")
    texts, targets_NC = lessons(mixture, said, spoken, before, folder, seed=seed, share=share)
    copies = perturbed_pairs([text for text in texts if len(text.split()) <= SHORT], seed=seed, most=PAIRED)
    console.print(f"training the classifier on {len(texts):,} texts and {len(copies):,} pairs")
    with training_bar("tokens/s") as progress:
        classifier = SentimentClassifier().fit(
            texts,
            targets_NC,
            validation=mixture.validation,
            pairs=copies,
            classes=CLASSES,
            config=TrainConfig(
                max_epochs=max_epochs,
                batch_size=256,
                patience=max_epochs,
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
            init_from=begun,
            output=folder / "student",
            resume=True,
            progress=progress,
        )
    shipped = SentimentClassifier.from_pretrained(
        save(classifier.artifact, folder / "student" / "model", dtype="int8")
    )
    figures = measure(shipped, data)
    notes = before.artifact.notes
    seconds = time.perf_counter() - started + notes.get("training_seconds", 0)
    taught = how_taught(notes.get("taught", "not noted."), len(copies), len(spoken))
    described = describe(shipped.artifact, mixture, figures, texts=len(texts), taught=taught, seconds=seconds)
    save(described, output, dtype="int8")
    console.print_json(json.dumps(figures))


def three_classes(classifier: SentimentClassifier) -> SentimentClassifier:
    """Return a model to start from.

    Raises:
        ArtifactError: If its classes are not ``CLASSES``.
    """
    if tuple(classifier.classes_) != CLASSES:
        found = ", ".join(classifier.classes_)
        raise ArtifactError(f"the model to start from answers {found}: give one for {', '.join(CLASSES)}")
    return classifier


def how_taught(before: str, paired: int, spoken: int) -> str:
    """Return the card's text about the teachers, the model that this one started from, and the pairs."""
    text = TAUGHT.format(words=SHORT, pairs=paired, spoken=spoken, before=before)
    return "\n\n".join(textwrap.fill(part, 110, break_on_hyphens=False) for part in text.split("\n\n"))


def lessons(
    mixture: Mixture,
    said: Answers,
    spoken: Sequence[str],
    before: SentimentClassifier,
    folder: Path,
    *,
    seed: int,
    share: float,
) -> Lessons:
    """Return texts, and the target of each (N, C), kept in a file of a folder.

    Texts that the teacher was not asked about keep their labels, as templates do; other labelled texts have
    the mean of label and answer. Texts without labels have the teacher's answer, and reviews that of the
    judges: an NB-SVM, and the model before.
    """
    texts, originals, labels = mixture.drawn(seed=seed, share=share)
    file = folder / f"lessons-{digest(*texts, *labels, *spoken, *mixture.reviews)}.npz"
    if not file.is_file():
        targets_NC = one_hot(labels, CLASSES)
        unasked = {text for name in UNASKED & {*mixture.sources} for text in mixture.sources[name][0]}
        asked = [i for i, text in enumerate(originals) if text in said and text not in unasked]
        targets_NC[asked] = (targets_NC[asked] + said.look_up([originals[i] for i in asked])) / 2
        judges = [NbSvm().fit(*labelled_reviews(mixture)).margins, classifier_judge(before)]
        held_out = mixture.validation["imdb"]
        judged_NC = stacked_proba(judges, mixture.reviews, held_out=held_out, classes=CLASSES)
        rng = np.random.default_rng(seed)
        whole = rng.permutation(len(mixture.reviews))[: round(share * len(mixture.reviews))]
        some = [spoken[i] for i in rng.permutation(len(spoken))[: round(share * len(spoken))]]
        more = perturbed([mixture.reviews[i] for i in whole] + some, share=CHANGED, seed=seed)
        found = "\0".join([*texts, *more]).encode()
        targets_NC = np.concatenate([targets_NC, judged_NC[whole], said.look_up(some)])
        save_arrays(file, texts=np.frombuffer(found, np.uint8), targets=targets_NC)
    with np.load(file) as kept:
        return kept["texts"].tobytes().decode().split("\0"), kept["targets"]


if __name__ == "__main__":
    run_script(main)
