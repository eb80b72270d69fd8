"""One of several processes on one port: ``server.py`` starts it, with its settings as JSON on a pipe."""

from __future__ import annotations

import logging
import sys

from nlp_rnn.service.server import work

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    sys.exit(work(int(sys.argv[1]), sys.stdin.read(), lambda message: print(message, file=sys.stderr)))  # noqa: T201
