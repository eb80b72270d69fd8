#!/usr/bin/env python
"""Train a model that writes text, on any text: ``python scripts/examples/train_char.py plays.txt my-writer``.

The last tenth of the text is held out. ``nlp-rnn train char`` does the same with every setting, checkpoints
and curves. Needs the extra ``train``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nlp_rnn import CharGenerator
from nlp_rnn.cli import run_script
from nlp_rnn.config import CharTrainConfig


def main(
    data: Annotated[Path, typer.Argument(help="A text file.")],
    output: Annotated[Path, typer.Argument(help="Where the model folder goes.")],
) -> None:
    """Train, save and write a first text."""
    generator = CharGenerator(cell="lstm", hidden_size=256)
    generator.fit(
        data,
        config=CharTrainConfig(max_epochs=10, seed=0),
        progress=lambda now: print(f"step {now.step} of {now.total_steps}: loss {now.loss:.3f}", end="\r"),
    )
    print(f"\nsaved in {generator.save_pretrained(output)}")
    print(generator.generate("The ", seed=1))


if __name__ == "__main__":
    run_script(main)
