#!/usr/bin/env python
"""Label texts with the shipped model: ``python scripts/examples/classify.py "Movie was not good"``.

Without texts, each line of standard input is one. ``nlp-rnn classify`` does the same, and reads and
writes tables of any length.
"""

from __future__ import annotations

import io
import sys

from nlp_rnn import SentimentClassifier
from nlp_rnn.errors import NlpRnnError
from nlp_rnn.files.texts import read_texts


def main(texts: list[str]) -> None:
    """Print label, probability, polarity and text."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    classifier = SentimentClassifier.from_pretrained()
    for text, probs in zip(texts, classifier.predict_proba(texts), strict=True):
        sentiment = classifier.sentiment(probs)
        print(f"{sentiment.label}\t{sentiment.score:.2f}\t{sentiment.polarity:+.2f}\t{text}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:] or [record.text for record in read_texts("-")])
    except NlpRnnError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
