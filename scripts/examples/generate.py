#!/usr/bin/env python
"""Write text with the shipped model: ``python scripts/examples/generate.py "ROMEO:"``.

Each piece is shown as it is written, and at the end the disclaimer. ``nlp-rnn generate`` does the
same with every setting.
"""

from __future__ import annotations

from typing import Annotated

import typer

from nlp_rnn import CharGenerator
from nlp_rnn.cli import run_script


def main(
    prompt: Annotated[str, typer.Argument(help="Text to continue.")] = "",
    model: Annotated[str | None, typer.Option(help="A saved model; without it, the shipped one.")] = None,
) -> None:
    """Print the text and its disclaimer."""
    text = CharGenerator.from_pretrained(model).stream(prompt, temperature=0.8, seed=7)
    print(prompt, end="")
    try:
        for piece in text:
            print(piece, end="", flush=True)
    finally:  # a text that is interrupted needs its disclaimer, too
        print(f"\n\n{text.result.disclaimer}")


if __name__ == "__main__":
    run_script(main)
