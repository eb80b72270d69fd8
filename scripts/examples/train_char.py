#!/usr/bin/env python
"""Train a model that writes text, on any text: ``python scripts/examples/train_char.py plays.txt my-writer``.

The last tenth of the text is held out. ``nlp-rnn train char`` does the same with every setting, checkpoints
and curves. Needs the extra ``train``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from nlp_rnn import CharGenerator
from nlp_rnn.config import CharTrainConfig
from nlp_rnn.errors import NlpRnnError


def main(data: str, output: str) -> None:
    """Train on ``data`` and save the model in ``output``."""
    generator = CharGenerator(cell="lstm", hidden_size=256)
    generator.fit(
        Path(data),
        config=CharTrainConfig(max_epochs=10, seed=0),
        progress=lambda now: print(f"step {now.step} of {now.total_steps}: loss {now.loss:.3f}", end="\r"),
    )
    print(f"\nsaved in {generator.save_pretrained(output)}")
    print(generator.generate("The ", seed=1))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"Usage: {sys.argv[0]} DATA OUTPUT")
    try:
        main(*sys.argv[1:])
    except NlpRnnError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
