#!/usr/bin/env python
"""Let a transformer teach another: ``python scripts/examples/distill.py labelled.csv more.txt my-model``.

The transformer is fine-tuned on the labelled texts (columns ``text`` and ``label``); the small model learns
the labels, and the transformer's answers to texts without any. Needs the extra ``teach``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from nlp_rnn import TextClassifier
from nlp_rnn.cli import run_script, training_bar
from nlp_rnn.config import TrainConfig
from nlp_rnn.distillation import TransformerClassifier
from nlp_rnn.files import load_corpus, read_texts
from nlp_rnn.probabilities import one_hot


def main(
    labelled: Annotated[str, typer.Argument(help="A file of texts and labels.")],
    unlabelled: Annotated[str, typer.Argument(help="A file of texts without labels.")],
    output: Annotated[Path, typer.Argument(help="Where the small model goes.")],
    start: Annotated[
        str, typer.Option(help="The BERT to fine-tune: a folder, or an id of the Hugging Face Hub.")
    ] = "sentence-transformers/all-MiniLM-L6-v2",
    max_epochs: Annotated[int, typer.Option(min=1, help="Of the small model.")] = 5,
) -> None:
    """Train the teacher and its student, and save the student."""
    corpus = load_corpus(labelled, label_column="label")
    texts, labels = corpus.texts, list(corpus.labels or [])
    more = [record.text for record in read_texts(unlabelled)]
    classes = sorted(set(labels))
    held_out = texts[::10], labels[::10]
    own = [text for number, text in enumerate(texts) if number % 10]
    right = [label for number, label in enumerate(labels) if number % 10]
    teacher = TransformerClassifier.from_pretrained(start, classes=classes)
    with training_bar("tokens/s") as progress:
        teacher.fit(own, right, validation={"held out": held_out}, progress=progress)
    answers_NC = np.concatenate([one_hot(right, classes), teacher.predict_proba(more)])
    with training_bar("tokens/s") as progress:
        student = TextClassifier().fit(
            own + more,
            answers_NC,
            validation=held_out,
            classes=classes,
            config=TrainConfig(max_epochs=max_epochs, label_smoothing=0.0),
            progress=progress,
        )
    print(f"saved in {student.save_pretrained(output)}")


if __name__ == "__main__":
    run_script(main)
