"""Rows of a user's file, one by one and in constant memory; errors say where a row is bad.

CSV, TSV, JSON Lines and plain text (one text a line), each also as ``.gz`` or ``.xz`` or through a pipe, and
Parquet (extra ``train``). An error names the file, the row and the reason. Knows files, rows and columns;
does not know which column holds what (``texts.py``, ``labelled.py``).
"""

from __future__ import annotations

import csv
import gzip
import json
import lzma
import os
import re
import sys
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

from nlp_rnn.errors import DataError, InputError, one_of, require

FORMATS = ("csv", "tsv", "jsonl", "txt", "parquet")
ON_ERROR = ("raise", "skip")
LONGEST = 2**26
"""Greatest length of a line or cell: a stray quote may include so many characters before it is noticed."""

_ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".txt": "txt",
    ".text": "txt",
    ".parquet": "parquet",
}
_PACKED = (".gz", ".xz")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)

Fields = dict[str, Any]


class BadRow(Exception):
    """A row that cannot be used, with the reason; callers add file and number to the message."""


def format_of(path: str | Path, format: str = "auto") -> str:  # noqa: A002
    """Return the format that a file's name says, ``.gz`` and ``.xz`` aside; a pipe (``-``) is plain text.

    Raises:
        ConfigError: If ``format`` is none of ``FORMATS`` and not ``auto``.
        InputError: If the name does not say a format.
    """
    one_of("format", format, ("auto", *FORMATS))
    if format != "auto":
        return format
    if str(path) == "-":
        return "txt"
    name = Path(path)
    if name.suffix.lower() in _PACKED:
        name = name.with_suffix("")
    found = _ENDINGS.get(name.suffix.lower())
    if found is None:
        raise InputError(
            f"{path}: the ending does not say the format; it should be one of "
            f"{', '.join(_ENDINGS)} (also with .gz or .xz), or name the format"
        )
    return found


class Complaints:
    """A record of bad rows, of which the first stops the reading, or all are counted.

    Attributes:
        skipped: Bad rows so far.
        reasons: Messages about the first five of them.

    Raises:
        ConfigError: If ``on_error`` is none of ``ON_ERROR``.
    """

    def __init__(self, on_error: str) -> None:
        """Begin without bad rows."""
        one_of("on_error", on_error, ON_ERROR)
        self._stop = on_error == "raise"
        self.skipped = 0
        self.reasons: list[str] = []

    def add(self, message: str) -> None:
        """Raise the message as an error, or count it.

        Raises:
            DataError: If bad rows are errors.
        """
        if self._stop:
            raise DataError(message)
        self.skipped += 1
        if len(self.reasons) < 5:
            self.reasons.append(message)


class RowReader:
    """Rows of a file as ``(number, fields)``, one at a time.

    Args:
        path: The file; ``-`` is standard input.
        format: One of ``FORMATS``, or ``auto`` to go by the name.
        complaints: The record of bad rows.
        blank: If True, a blank line inside a table is a row without fields; else it is skipped. Blank lines
            at the end never count.

    Attributes:
        name: The file as messages call it.
        columns: Names of the columns, or None where each row has its own (JSON Lines).

    Raises:
        DataError: If there is no such file or it has no header; while reading, on a bad row.
        MissingExtraError: If pyarrow, which Parquet needs, is not installed.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        format: str = "auto",  # noqa: A002
        complaints: Complaints,
        blank: bool = False,
    ) -> None:
        """Open the file and read its header."""
        self.format = format_of(path, format)
        self.name = "standard input" if str(path) == "-" else str(path)
        self.columns: list[str] | None = ["text"] if self.format == "txt" else None
        self._complaints = complaints
        self._blank = blank
        self._piped = str(path) == "-"
        self._raw, self._stream = unpacked(path, self.name)
        self._size = 0 if self._piped else os.fstat(self._raw.fileno()).st_size
        try:
            self._rows = self._start()
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> RowReader:
        """Return itself."""
        return self

    def __next__(self) -> tuple[int, Fields]:
        """Return the next good row."""
        try:
            return next(self._rows)
        except BaseException:  # the end of the file, too
            self.close()
            raise

    def __enter__(self) -> RowReader:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file (standard input stays open)."""
        if not self._piped:
            self._stream.close()
            self._raw.close()

    @property
    def progress(self) -> float | None:
        """Share of the file that has been read, in [0, 1]; None where it is unknown."""
        if not self._size:
            return None
        return 1.0 if self._raw.closed else min(1.0, self._raw.tell() / self._size)

    def reject(self, row: int, reason: str, line: int | None = None) -> None:
        """Record a bad row.

        Raises:
            DataError: If bad rows are errors.
        """
        place = f"row {row}" if line is None else f"row {row} (line {line})"
        try:
            self._complaints.add(f"{self.name}, {place}: {reason}")
        except DataError:
            self.close()
            raise

    def _start(self) -> Iterator[tuple[int, Fields]]:
        """Return the rows in the file's format; the header is read at once."""
        if self.format == "parquet":
            return self._parquet()
        if self.format == "txt":
            return self._plain()
        if self.format == "jsonl":
            return self._json()
        records = self._cells("," if self.format == "csv" else "\t")
        header = next((record for record in records if record[1] or record[2]), None)
        if header is None:
            raise DataError(f"{self.name} is empty: a table begins with a row of column names")
        _, cells, problem = header
        problem = problem or self._wrong_delimiter(cells)
        if problem:
            raise DataError(f"{self.name}, header: {problem}")
        twice = [cell for i, cell in enumerate(cells) if cell in cells[:i]]
        if twice:
            raise DataError(f"{self.name}: two columns are called {twice[0]!r}; rename one")
        self.columns = cells
        return self._table(records, cells)

    def _wrong_delimiter(self, cells: list[str]) -> str:
        """Return what is wrong with a header of one cell that has another separator in it; "" if nothing."""
        # The other table format's separator and name, and the words for this one's.
        other, format_, own = ("\t", "tsv", "commas") if self.format == "csv" else (",", "csv", "tabs")
        if len(cells) != 1 or not (";" in cells[0] or other in cells[0]):
            return ""
        mark = repr(other if other in cells[0] else ";")
        way_out = f"save it with {own}" if mark == "';'" else f"name the format {format_}"
        name = self.format.upper()
        return f"{cells[0]!r} is one column, as {name} is separated by {own}, not {mark}: {way_out}"

    def _table(
        self, records: Iterator[tuple[int, list[str], str]], columns: list[str]
    ) -> Iterator[tuple[int, Fields]]:
        """Yield the rows below the header."""
        row, gap = 0, 0
        for line, cells, problem in records:
            if not cells and not problem:
                # Blank lines become rows only once a row follows: those at the end are none.
                gap += self._blank
                continue
            for _ in range(gap):
                row += 1
                yield row, {}
            row, gap = row + 1, 0
            if not problem and len(cells) != len(columns):
                problem = f"{len(cells)} cells where the header has {len(columns)}"
            if problem:
                self.reject(row, problem, line)
            else:
                yield row, dict(zip(columns, cells, strict=True))

    def _cells(self, delimiter: str) -> Iterator[tuple[int, list[str], str]]:
        """Yield first line, cells and problem of each record of a table; a blank line has neither of the two.

        If a record is broken (a stray quote includes the lines after it), reading continues with the line
        after its first, so that one bad row costs one row.
        """
        lines = self._lines()
        waiting: deque[str] = deque()
        taken: list[str] = []

        # Gives csv one line at a time: first those to read again, then new ones; notes what it gave.
        def feed() -> Iterator[str]:
            while True:
                line = waiting.popleft() if waiting else next(lines, None)
                if line is None:
                    return
                taken.append(line)
                yield line

        reader = csv.reader(feed(), delimiter=delimiter, strict=True)
        line = 1
        while True:
            taken.clear()
            cells: list[str] = []
            problem = ""
            try:
                cells = _next_wide(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problem = f"malformed {self.format.upper()} ({error})"
                # Only the record's first line is lost: the others are read again, by a fresh reader.
                waiting.extendleft(reversed(taken[1:]))
                del taken[1:]
                reader = csv.reader(feed(), delimiter=delimiter, strict=True)
            problem = problem or not_utf8("".join(taken))
            yield line, cells, problem
            # A cell in quotes may hold line ends: a record has as many lines as were taken.
            line += len(taken)

    def _json(self) -> Iterator[tuple[int, Fields]]:
        """Yield the objects of JSON Lines; blank lines are skipped."""
        for row, line in enumerate(self._lines(), 1):
            if not line.strip():
                continue
            problem = not_utf8(line)
            value: Any = None
            if not problem:
                try:
                    value = json.loads(line)
                except (ValueError, RecursionError) as error:
                    problem = f"malformed JSON ({error})"
                else:
                    if not isinstance(value, dict):
                        problem = f"holds {kind_of(value)} where an object is needed"
                if problem and line.lstrip().startswith("["):
                    problem += "; write one object a line (JSON Lines), not one array"
            if problem:
                self.reject(row, problem)
            else:
                yield row, value

    def _plain(self) -> Iterator[tuple[int, Fields]]:
        """Yield each line as a row with the column ``text``."""
        for row, line in enumerate(self._lines(), 1):
            problem = not_utf8(line)
            if problem:
                self.reject(row, problem)
            else:
                yield row, {"text": line.removesuffix("\n").removesuffix("\r")}

    def _parquet(self) -> Iterator[tuple[int, Fields]]:
        """Return the rows of a Parquet file, read in small batches."""
        parquet = require("pyarrow.parquet", extra="train")
        if self._stream is not self._raw or self._piped:
            raise DataError(f"{self.name}: Parquet is read from a plain file, not packed and not from a pipe")
        try:
            file = parquet.ParquetFile(self._raw)
        except (ValueError, OSError) as error:
            raise DataError(f"{self.name} is no readable Parquet file ({_one_line(error)})") from None
        self.columns = [str(name) for name in file.schema_arrow.names]

        def rows() -> Iterator[tuple[int, Fields]]:
            row = 0
            try:
                for batch in file.iter_batches(batch_size=512):
                    for fields in batch.to_pylist():
                        row += 1
                        yield row, fields
            except (ValueError, OSError) as error:
                if isinstance(error, DataError):
                    raise
                raise DataError(f"{self.name}, after row {row}: damaged ({_one_line(error)})") from None

        return rows()

    def _lines(self) -> Iterator[str]:
        """Yield lines with their ends; bytes that are not UTF-8 come as lone surrogates."""
        number = 0
        while True:
            try:
                raw = self._stream.readline(LONGEST)
            except DAMAGED as error:
                raise DataError(f"{self.name}, after line {number}: damaged or cut short ({error})") from None
            number += 1
            if number == 1:
                if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
                    raise DataError(f"{self.name} is UTF-16: save it as UTF-8")
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            if len(raw) >= LONGEST:
                raise DataError(f"{self.name}, line {number}: longer than {LONGEST:,} bytes")
            if not raw:
                return
            yield raw.decode("utf-8", "surrogateescape")


def text_column_of(columns: list[str], asked: str | None, where: str) -> str:
    """Return the column of texts: the one asked for, else ``text``, else the only one.

    Raises:
        DataError: If there is no such column; the message lists the columns.
    """
    listed = ", ".join(columns)
    if asked is not None:
        if asked not in columns:
            raise DataError(f"{where}: no column {asked!r}; the columns are {listed}")
        return asked
    if "text" in columns:
        return "text"
    if len(columns) == 1:
        return columns[0]
    raise DataError(f"{where}: say which column holds the texts; the columns are {listed}")


def text_of(fields: Mapping[str, Any], column: str) -> str:
    """Return the text in a row.

    Raises:
        BadRow: If the row has no such column or holds something else there.
    """
    if column not in fields:
        raise BadRow(f"no column {column!r}; this row has {', '.join(fields) or 'none'}")
    value = fields[column]
    if not isinstance(value, str):
        raise BadRow(f"the text in {column!r} is {kind_of(value)}, not a string")
    return value


def unpacked(path: str | Path, name: str) -> tuple[IO[bytes], IO[bytes]]:
    """Return the raw stream of a file, and one that unpacks ``.gz`` or ``.xz``; ``-`` is standard input.

    Raises:
        DataError: If there is no such file, or it may not be read.
    """
    if str(path) == "-":
        return sys.stdin.buffer, sys.stdin.buffer
    try:
        raw = Path(path).open("rb")
    except FileNotFoundError:
        raise DataError(f"there is no file {name}") from None
    except IsADirectoryError:
        raise DataError(f"{name} is a folder, not a file") from None
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}") from None
    ending = Path(path).suffix.lower()
    if ending == ".gz":
        return raw, cast(IO[bytes], gzip.GzipFile(fileobj=raw))
    if ending == ".xz":
        return raw, cast(IO[bytes], lzma.LZMAFile(raw))
    return raw, raw


def _next_wide(reader: Iterator[list[str]]) -> list[str]:
    """Return the next record, with cells up to ``LONGEST``; csv's own limit is the whole process's."""
    before = csv.field_size_limit(LONGEST)
    try:
        return next(reader)
    finally:
        csv.field_size_limit(before)


def not_utf8(text: str) -> str:
    """Return what is wrong with text whose undecodable bytes were read as lone surrogates; "" if nothing."""
    found = None if text.isascii() else _NOT_UTF8.search(text)
    if found is None:
        return ""
    return f"invalid UTF-8 (byte 0x{ord(found[0]) - 0xDC00:02X}); save the file as UTF-8"


_KINDS: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (lambda value: value is None, "missing (null)"),
    (lambda value: isinstance(value, bool), "true or false"),
    (lambda value: isinstance(value, int | float), "a number"),
    (lambda value: isinstance(value, str), "a string"),
    (lambda value: isinstance(value, list), "a list"),
    (lambda value: isinstance(value, dict), "an object"),
)


def kind_of(value: object) -> str:
    """Return the kind of a value, in a user's words."""
    return next((words for test, words in _KINDS if test(value)), f"of type {type(value).__name__}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
