#!/usr/bin/env python
"""Measure a model: ``python scripts/examples/evaluate.py data/samples/reviews.csv --model FOLDER``.

The file has the columns ``text`` and ``label``. ``nlp-rnn evaluate`` does the same, renames labels, chooses
classes and reads named corpora. Needs the extra ``train``.
"""

from __future__ import annotations

from typing import Annotated

import typer

from nlp_rnn import SentimentClassifier
from nlp_rnn.cli import run_script
from nlp_rnn.files import load_corpus
from nlp_rnn.metrics import evaluate


def main(
    data: Annotated[str, typer.Argument(help="A file of texts and labels.")],
    model: Annotated[str | None, typer.Option(help="A saved model; without it, the shipped one.")] = None,
) -> None:
    """Print the figures of a model and draw ``confusion.png``."""
    corpus = load_corpus(data, label_column="label")
    classifier = SentimentClassifier.from_pretrained(model)
    probs = classifier.predict_proba(corpus.texts)
    scores = evaluate(corpus.labels or [], probs, classifier.classes_.tolist())
    print(f"{scores.n:,} texts: accuracy {scores.accuracy:.4f}, macro-F1 {scores.macro_f1:.4f}")
    print(f"macro-recall {scores.macro_recall:.4f}, ECE {scores.ece:.4f}")
    print(f"confusion matrix: {scores.plot('confusion.png')}")


if __name__ == "__main__":
    run_script(main)
