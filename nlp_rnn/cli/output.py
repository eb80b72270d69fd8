"""The output of a command: answers to standard output, all else to standard error, reports to files.

So a pipe carries answers alone.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from nlp_rnn.files.pairs import PairList


def prepare_output() -> None:
    """Make standard output take every character, as UTF-8 or, in a terminal without, as an escape.

    What goes into a file or a pipe is UTF-8 like all files, also where the system has another encoding,
    unless ``PYTHONIOENCODING`` asks for one.
    """
    if not isinstance(sys.stdout, io.TextIOWrapper):
        return
    asked = os.environ.get("PYTHONIOENCODING", "").partition(":")[0]
    encoding = None if asked or sys.stdout.isatty() else "utf-8"
    sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")


def to_json(value: object) -> str:
    """Return one JSON document, with JSON's own escapes if standard output cannot show all characters."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def say(message: str) -> None:
    """Write a note for the person at the terminal."""
    typer.echo(message, err=True)


def say_skipped(count: int, reasons: Sequence[str]) -> None:
    """Say how many bad rows were left out, and what was wrong with the first."""
    if count == 1:
        say(f"Skipped 1 bad row: {'; '.join(reasons)}")
    else:
        say(f"Skipped {count:,} bad rows, the first of them: {'; '.join(reasons)}")


def say_notes(notes: Iterable[str]) -> None:
    """Say how a file was understood where it leaves a choice."""
    for note in notes:
        say(f"Note: {note}")


def say_pairs(path: Path, pairs: PairList) -> None:
    """Say how many pairs a file has, and how many of its rows were left out."""
    left_out = pairs.left_out()
    say(f"{path}: {len(pairs):,} pairs{left_out and f'; {left_out}'}")
    if pairs.skipped:
        say_skipped(pairs.skipped, pairs.reasons)


def console(*, stderr: bool = False) -> Console:
    """Return a rich console on standard output, or on standard error for what is no answer."""
    from rich.console import Console

    return Console(highlight=False, stderr=stderr)


def print_table(rows: Iterable[Sequence[str]], *, title: str | None = None, stderr: bool = False) -> None:
    """Print rows of cells as a table; the first row is the header."""
    from rich.table import Table
    from rich.text import Text

    header, *rest = rows
    table = Table(*header, title=title, title_justify="left")
    for row in rest:
        table.add_row(*map(Text, row))  # a Text: [brackets] in names are no markup
    console(stderr=stderr).print(table)


def print_json(value: object) -> None:
    """Print one JSON document on standard output."""
    typer.echo(to_json(value))


def write_json(value: Any, path: Path) -> None:
    """Write one JSON document into a file."""
    write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", path)


def write_text(text: str, path: Path) -> None:
    """Write a text into a UTF-8 file, half characters (lone surrogates) replaced."""
    path.write_text(text, encoding="utf-8", errors="replace", newline="\n")


def check_files(*paths: Path | None, plot: Path | None = None) -> None:
    """Refuse files that cannot be written: before the work, not after it."""
    from nlp_rnn.figure import check_name
    from nlp_rnn.files.texts import check_target

    for path in (*paths, plot):
        if path is not None:
            check_target(path)
    if plot is not None:
        check_name(plot)
