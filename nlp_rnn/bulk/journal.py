"""The journal of a run: what it was begun with and which units are done, a line of JSON for each.

A line is written when its part has its name, so a unit without one is done again; its part then takes the
place of the one that may be there. Knows folders and JSON; knows no texts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from nlp_rnn.errors import DataError, InputError
from nlp_rnn.files.texts import sync_folder
from nlp_rnn.version import __version__

JOURNAL, LOCK = "_journal.jsonl", "_lock"
"""Names in the folder of a run; what reads a folder of tables leaves out names that begin so."""
_FORM = 1
_NEW = "or label into a new folder"


@contextmanager
def only_run_in(folder: Path) -> Iterator[None]:
    """Make the folder, and keep other runs out of it: by a lock of the system, which ends with the process.

    Raises:
        InputError: If another run has it, or it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("ab")
    except OSError as error:
        raise InputError(f"{folder} is no folder to write to: {error.strerror or error}") from None
    with file:
        try:
            _lock(file)
        except OSError:
            raise InputError(f"another run writes into {folder} now: wait for its end, {_NEW}") from None
        yield


def _lock(file: IO[bytes]) -> None:
    """Lock a file until it is closed.

    Raises:
        OSError: If another process has locked it.
    """
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Journal:
    """The journal in a folder, open to add to.

    Args:
        folder: Of the run, locked.
        begun: What the run is begun with: ``model``, ``settings``, ``inputs``; plain JSON values.
        resume: Whether a run that has been begun there may be gone on with.

    Attributes:
        done: The entry of each unit that is done, by number of file and unit.
        ended: The entry of each file that has been read to its end, by its number.
        kept: What the run was begun with, if it is resumed.

    Raises:
        InputError: If the folder has other files, a run that is not to be resumed, or one begun otherwise.
        DataError: If the journal there is damaged.
    """

    def __init__(self, folder: Path, begun: Mapping[str, Any], *, resume: bool) -> None:
        self.done: dict[tuple[int, int], dict[str, Any]] = {}
        self.ended: dict[int, dict[str, Any]] = {}
        self._path = folder / JOURNAL
        lines, size = self._read()
        self.kept: dict[str, Any] | None = lines[0] if lines else None
        if self.kept is None:
            others = sorted(path.name for path in folder.iterdir() if path.name not in (JOURNAL, LOCK))
            if others:
                raise InputError(
                    f"{folder} has other files, such as {others[0]}: name a new folder, or a file in it"
                )
        else:
            for entry in lines[1:]:
                self._take(entry)
            if not resume:
                raise InputError(
                    f"{folder} has a run that was begun before, {len(self.done):,} of its parts done: "
                    f"go on with --resume, {_NEW}"
                )
            _check_same(folder, self.kept, begun)
        self._file = self._path.open("r+b" if self._path.exists() else "wb")
        self._file.truncate(size)  # a line that a kill has cut
        self._file.seek(size)
        if self.kept is None:
            self.add({"journal": _FORM, "version": __version__, **begun})
            sync_folder(folder)

    def __enter__(self) -> Journal:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def add(self, entry: dict[str, Any]) -> None:
        """Write a line, and have the system write it to the disk."""
        self._file.write(json.dumps(entry, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._take(entry)

    def _take(self, entry: dict[str, Any]) -> None:
        """Note a line's entry."""
        if "unit" in entry:
            self.done[entry["file"], entry["unit"]] = entry
        elif "units" in entry:
            self.ended[entry["file"]] = entry

    def _read(self) -> tuple[list[dict[str, Any]], int]:
        """Return the entries, and how many bytes they take.

        Raises:
            DataError: If a line before the last is no entry.
        """
        content = self._path.read_bytes() if self._path.exists() else b""
        entries: list[dict[str, Any]] = []
        size = 0
        for line in content.splitlines(keepends=True):
            try:
                entry = json.loads(line)
                whole = line.endswith(b"\n") and isinstance(entry, dict)
            except ValueError:
                whole = False
            if not whole:
                break
            entries.append(entry)
            size += len(line)
        if b"\n" in content[size:-1] or (entries and entries[0].get("journal") != _FORM):
            raise DataError(f"{self._path}, line {len(entries) + 1}: no journal of a run: name a new folder")
        return entries, size


def _check_same(folder: Path, kept: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to go on with a run that was begun otherwise; its inputs are looked at elsewhere.

    Raises:
        InputError: Naming the first difference.
    """
    if kept["version"] != __version__:
        raise InputError(
            f"{folder} was begun with nlp_rnn {kept['version']}, and this is {__version__}: end it "
            f"with that, {_NEW}"
        )
    if kept["model"]["fingerprint"] != now["model"]["fingerprint"]:
        old, new = kept["model"], now["model"]
        raise InputError(
            f"{folder} was begun with another model ({old['name']} {old['fingerprint']}; this one is "
            f"{new['name']} {new['fingerprint']}): go on with that one, {_NEW}"
        )
    before, after = _flat(kept["settings"]), _flat(now["settings"])
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            raise InputError(
                f"{folder} was begun with other settings ({name.replace('_', ' ')} {before.get(name)!r}, "
                f"{after.get(name)!r} now): go on with those, {_NEW}"
            )


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with those of the layout among them."""
    return {**{name: value for name, value in settings.items() if name != "layout"}, **settings["layout"]}
