#!/usr/bin/env python
"""Watch gradients vanish, explode and survive: ``python scripts/gradient_flow.py [--quick]``.

Prints the tables of ``nlp-rnn study gradients`` and draws ``gradients.png``. Needs the extra ``train``.
"""

from __future__ import annotations

import sys

from nlp_rnn.errors import NlpRnnError
from nlp_rnn.studies.gradients import FULL, QUICK, run_study


def main(quick: bool) -> None:
    """Run the study and print its tables."""
    study = run_study(QUICK if quick else FULL, progress=print)
    for title, rows in study.tables().items():
        print(f"\n{title}")
        for row in rows:
            print("  ".join(f"{cell:<24}" for cell in row))
    print(f"\npicture: {study.plot('gradients.png')}")


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--quick"]):
        sys.exit(f"Usage: {sys.argv[0]} [--quick]")
    try:
        main("--quick" in sys.argv)
    except NlpRnnError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
