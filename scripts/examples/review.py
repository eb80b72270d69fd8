#!/usr/bin/env python
"""Say what makes a text risky to rely on: ``python scripts/examples/review.py "Scientists say so."``.

Without an argument, standard input is the text. ``nlp-rnn review`` does the same, with every option.
"""

from __future__ import annotations

import sys

from nlp_rnn import RiskFilter
from nlp_rnn.errors import NlpRnnError


def main(text: str) -> None:
    """Print the level, every signal with its place, and the disclaimer."""
    review = RiskFilter().review(text)
    print(f"{review.level}\t{review.score:.2f}")
    for signal in review.signals:
        print(f"{signal.start}-{signal.end}\t{signal.score:.2f}\t{signal.kind}\t{signal.why}")
    print(review.disclaimer)


if __name__ == "__main__":
    try:
        main(" ".join(sys.argv[1:]) or sys.stdin.read())
    except NlpRnnError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
