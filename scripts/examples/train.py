#!/usr/bin/env python
"""Train a classifier on your own labels: ``python scripts/examples/train.py reviews.csv my-model``.

The file has the columns ``text`` and ``label``; a tenth of it is held out to stop early and to calibrate.
``nlp-rnn train`` does the same with every setting, checkpoints and curves. Needs the extra ``train``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nlp_rnn import TextClassifier
from nlp_rnn.cli import run_script
from nlp_rnn.config import TrainConfig
from nlp_rnn.files import load_corpus


def main(
    data: Annotated[str, typer.Argument(help="A file of texts and labels.")],
    output: Annotated[Path, typer.Argument(help="Where the model folder goes.")],
) -> None:
    """Train and save."""
    corpus = load_corpus(data, label_column="label")
    classifier = TextClassifier(cell="lstm", hidden_size=128)
    classifier.fit(
        corpus.texts,
        corpus.labels or [],
        config=TrainConfig(max_epochs=5, seed=0),
        progress=lambda now: print(f"step {now.step} of {now.total_steps}: loss {now.loss:.3f}", end="\r"),
    )
    print(f"\nsaved in {classifier.save_pretrained(output)}")


if __name__ == "__main__":
    run_script(main)
