#!/usr/bin/env python
"""Train a classifier on your own labels: ``python scripts/examples/train.py reviews.csv my-model``.

The file has the columns ``text`` and ``label``; a tenth of it is held out to stop early and to calibrate.
``nlp-rnn train`` does the same with every setting, checkpoints and curves. Needs the extra ``train``.
"""

from __future__ import annotations

import sys

from nlp_rnn import SentimentClassifier
from nlp_rnn.config import TrainConfig
from nlp_rnn.errors import NlpRnnError
from nlp_rnn.files.labelled import load_corpus


def main(data: str, output: str) -> None:
    """Train on ``data`` and save the model in ``output``."""
    corpus = load_corpus(data, label_column="label")
    classifier = SentimentClassifier(cell="lstm", hidden_size=128)
    classifier.fit(
        corpus.texts,
        corpus.labels or [],
        config=TrainConfig(max_epochs=5, seed=0),
        progress=lambda now: print(f"step {now.step} of {now.total_steps}: loss {now.loss:.3f}", end="\r"),
    )
    print(f"\nsaved in {classifier.save_pretrained(output)}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"Usage: {sys.argv[0]} DATA OUTPUT")
    try:
        main(*sys.argv[1:])
    except NlpRnnError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
