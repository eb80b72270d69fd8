"""The attempts that a long study has finished, a line of JSON for each: a run that was killed goes on.

A trial says all that it was tried with, so studies of other sizes may share a journal: each finds its own. A
line that a kill has cut is taken away, and its attempt made again. Knows attempts and files; trains nothing.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from nlp_rnn.errors import DataError, InputError
from nlp_rnn.studies.learning import Attempt, Trial


def read_trials(path: Path) -> list[Trial]:
    """Return the trials in a journal; make an empty one, and its folder, where there is none.

    Raises:
        InputError: If it cannot be written to.
        DataError: If the file is no journal.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            file.seek(0)
            content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            file.truncate(len(whole))
    except OSError as error:
        raise InputError(f"{path.parent} is no folder to write to: {error.strerror}") from None
    try:
        entries = [json.loads(line) for line in whole.splitlines()]
        return [Trial(Attempt(**entry.pop("attempt")), **entry) for entry in entries]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DataError(f"{path} is no journal of a study: name a new folder, or delete it") from None


def add_trial(path: Path, trial: Trial) -> None:
    """Write a trial, whole and on the disk before this returns."""
    with path.open("ab") as file:
        file.write(json.dumps(asdict(trial)).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
