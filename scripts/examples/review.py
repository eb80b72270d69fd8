#!/usr/bin/env python
"""Say what makes a text risky to rely on: ``python scripts/examples/review.py "Scientists say so."``.

Without an argument, standard input is the text. ``nlp-rnn review`` does the same, with every option.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nlp_rnn import RiskFilter
from nlp_rnn.cli import run_script


def main(text: Annotated[str | None, typer.Argument(help="The text to review.")] = None) -> None:
    """Print the level, every signal with its place, and the disclaimer."""
    review = RiskFilter().review(sys.stdin.read() if text is None else text)
    print(f"{review.level}\t{review.score:.2f}")
    for signal in review.signals:
        print(f"{signal.start}-{signal.end}\t{signal.score:.2f}\t{signal.kind}\t{signal.why}")
    print(review.disclaimer)


if __name__ == "__main__":
    run_script(main)
