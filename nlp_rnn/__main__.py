"""``python -m nlp_rnn``: the command line where its script is not on the path."""

from __future__ import annotations

import sys

from nlp_rnn.cli import main

if __name__ == "__main__":  # a process that is spawned imports this file again
    sys.exit(main())
