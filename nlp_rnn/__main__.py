"""``python -m nlp_rnn``: the command line where its script is not on the path."""

from __future__ import annotations

import sys

from nlp_rnn.cli import main

sys.exit(main())
