"""What a long study has finished: a line of JSON for each attempt, so that a run that was killed goes on.

The first line says what the study was begun with. A line that a kill has cut is taken away, and its attempt
made again. Knows files and plain values; knows no models.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nlp_rnn.errors import DataError, InputError
from nlp_rnn.training.loop import differences


def read_journal(path: Path, begun: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of a study that was begun like this one; begin a journal where there is none.

    Args:
        path: Of the journal; its folder is made.
        begun: Plain values by which the study is known.

    Raises:
        InputError: If the study there was begun otherwise, or the file cannot be written.
        DataError: If the file is no journal.
    """
    begun = json.loads(json.dumps(begun))  # as a file has it: lists for tuples
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            file.seek(0)
            content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            file.truncate(len(whole))
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None
    try:
        lines = [json.loads(line) for line in whole.decode().splitlines()]
        first = lines[0]["begun"] if lines else None
    except (ValueError, TypeError, KeyError):
        raise DataError(f"{path} is no journal of a study: name a new folder, or delete it") from None
    if first is None:
        add_to_journal(path, {"begun": begun})
        return []
    if first != begun:
        changed = ", ".join(differences(first, begun))
        raise InputError(
            f"{path} was begun with other settings ({changed}): go on with those, or name a new folder"
        )
    return lines[1:]


def add_to_journal(path: Path, entry: Mapping[str, Any]) -> None:
    """Write an entry, whole and on the disk before this returns."""
    with path.open("ab") as file:
        file.write(json.dumps(entry).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
