#!/usr/bin/env python
"""Label texts with the shipped model: ``python scripts/examples/classify.py "Movie was not good"``.

Without texts, each line of standard input is one. ``nlp-rnn classify`` does the same, and reads and
writes tables of any length.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from nlp_rnn import SentimentClassifier
from nlp_rnn.cli import run_script
from nlp_rnn.files import read_texts


def main(texts: Annotated[list[str] | None, typer.Argument(help="Texts to label.")] = None) -> None:
    """Print label, probability, polarity and text."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    texts = texts or [record.text for record in read_texts("-")]
    classifier = SentimentClassifier.from_pretrained()
    for text, probs in zip(texts, classifier.predict_proba(texts), strict=True):
        sentiment = classifier.sentiment(probs)
        print(f"{sentiment.label}\t{sentiment.score:.2f}\t{sentiment.polarity:+.2f}\t{text}")


if __name__ == "__main__":
    run_script(main)
