#!/usr/bin/env python
"""Measure a model: ``python scripts/examples/evaluate.py data/samples/reviews.csv [MODEL]``.

The file has the columns ``text`` and ``label``. ``nlp-rnn evaluate`` does the same, renames labels, chooses
classes and reads named corpora. Needs the extra ``train``.
"""

from __future__ import annotations

import sys

from nlp_rnn import SentimentClassifier
from nlp_rnn.errors import NlpRnnError
from nlp_rnn.files.labelled import load_corpus
from nlp_rnn.metrics import evaluate


def main(data: str, model: str | None = None) -> None:
    """Print the figures of ``model`` on ``data`` and draw ``confusion.png``."""
    corpus = load_corpus(data, label_column="label")
    classifier = SentimentClassifier.from_pretrained(model)
    probs = classifier.predict_proba(corpus.texts)
    scores = evaluate(corpus.labels or [], probs, classifier.classes_.tolist())
    print(f"{scores.n:,} texts: accuracy {scores.accuracy:.4f}, macro-F1 {scores.macro_f1:.4f}")
    print(f"macro-recall {scores.macro_recall:.4f}, ECE {scores.ece:.4f}")
    print(f"confusion matrix: {scores.plot('confusion.png')}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(f"Usage: {sys.argv[0]} DATA [MODEL]")
    try:
        main(*sys.argv[1:])
    except NlpRnnError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
