"""The files of a folder: which are read, and which are left out and named.

Knows names; knows no contents.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_NAMED = 5


def named_files(folder: Path) -> list[Path]:
    """Return what lies in a folder, by name, but for hidden files and folders."""
    return sorted(file for file in folder.iterdir() if not file.name.startswith("."))


def all_files(folder: Path) -> list[Path]:
    """Return the files in a folder and its folders, by name, without what is hidden."""
    found = (file for file in folder.rglob("*") if file.is_file())
    return sorted(file for file in found if not _hidden(file.relative_to(folder)))


def left_out_sentence(folder: Path, files: Sequence[Path], taken: str) -> str:
    """Return a sentence that names the files of a folder that are not read.

    >>> left_out_sentence(Path("a"), [Path("a/b.md")], "only texts (.txt)")
    'a: left out 1 of its files, as it takes only texts (.txt): b.md'

    Args:
        folder: The folder.
        files: The files that are not read.
        taken: What is read.
    """
    names = [file.relative_to(folder).as_posix() for file in files]
    listed = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    return f"{folder}: left out {len(names):,} of its files, as it takes {taken}: {listed}"


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
