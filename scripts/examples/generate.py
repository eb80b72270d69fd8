#!/usr/bin/env python
"""Write text with the shipped model: ``python scripts/examples/generate.py "ROMEO:"``.

Each piece is shown as it is written, and at the end what a reader must know. ``nlp-rnn generate`` does the
same with every setting; a second argument is another model folder.
"""

from __future__ import annotations

import sys

from nlp_rnn import CharGenerator
from nlp_rnn.errors import NlpRnnError


def main(prompt: str = "", model: str | None = None) -> None:
    """Print the text and its disclaimer."""
    text = CharGenerator.from_pretrained(model).stream(prompt, temperature=0.8, seed=7)
    print(prompt, end="")
    try:
        for piece in text:
            print(piece, end="", flush=True)
    finally:  # a text that is broken off is a machine's, too
        print(f"\n\n{text.result.disclaimer}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3])
    except NlpRnnError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
