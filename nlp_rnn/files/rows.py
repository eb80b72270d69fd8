"""Rows of a user's file, one by one and in constant memory; errors say where a row is bad.

CSV, TSV, JSON Lines and plain text (one text a line), each also as ``.gz`` or ``.xz`` or through a pipe, and
Parquet (extra ``parquet``). An error names the file, the row and the reason. Knows files, rows and columns;
does not know which column holds what (``texts.py``, ``labelled.py``), nor how bytes become characters
(``encoding.py``) and lines cells (``tables.py``).
"""

from __future__ import annotations

import gzip
import itertools
import json
import lzma
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from nlp_rnn.errors import DataError, InputError, one_of, require
from nlp_rnn.files.encoding import DAMAGED as DAMAGED
from nlp_rnn.files.encoding import TextLines, bad_bytes, check_encoding, encoding_of, read_head
from nlp_rnn.files.tables import LONGEST as LONGEST
from nlp_rnn.files.tables import OWN, Layout, find_delimiter, keys_of, read_records, shows_quotes
from nlp_rnn.files.tables import Record as TableRecord
from nlp_rnn.files.values import Number, arrow_rows, is_missing, plain

FORMATS = ("csv", "tsv", "jsonl", "txt", "parquet")
ON_ERROR = ("raise", "skip")
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
_ONE_COLUMN = (
    "; name what parts the columns with --delimiter, or read each line as a text with --input-format txt"
)
_MORE_NUMBERS = (
    "; name what parts the columns with --delimiter, and write numbers with a decimal point, not a comma"
)
_USUAL = frozenset(
    "answer answers article articles body caption chat column comment comments content contents customer "
    "data description document documents feedback full headline input line lines message messages name news "
    "note notes opinion passage phrase post posts prompt question questions quote quotes raw response "
    "responses review reviews sentence sentences statement string subject summary text texts title "
    "transcript tweet tweets user utterance value verbatim avis bewertung commentaire commentaires "
    "comentario kommentar kommentare phrase satz testo texte texto".split()
)
_PACKED = (".gz", ".xz")

Fields = dict[str, Any]


@dataclass(frozen=True)
class RowStyle:
    """How a table was written, for one that is written like it; see ``RowReader``."""

    format: str
    columns: list[str] | None
    header: list[str] | None
    delimiter: str
    quoted: bool
    layout: Layout


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
        notes: What else the reader of a file should be told: how it was understood where it leaves a choice.

    Raises:
        ConfigError: If ``on_error`` is none of ``ON_ERROR``.
    """

    def __init__(self, on_error: str) -> None:
        """Begin without bad rows."""
        one_of("on_error", on_error, ON_ERROR)
        self._stop = on_error == "raise"
        self.skipped = 0
        self.reasons: list[str] = []
        self.notes: list[str] = []

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
            at the end never count. Where a table has one column, a blank line is an empty cell.
        layout: What the file's name does not say; None finds it out.
        texts: False if its rows hold numbers: then messages do not speak of texts, and a single column
            without a header is called ``value``.

    Attributes:
        name: The file as messages call it.
        columns: Names of the columns, or None where each row has its own (JSON Lines). No two are alike:
            those of a repeated name are numbered, as in ``note (1)``.
        header: The same as they stand in the file; None where it has no header.
        delimiter: What parts the columns of a table; "" in other files.
        quoted: True if the beginning of a table shows that cells stand in quotes.
        layout: How the file is read.

    Raises:
        DataError: If there is no such file, it has no header, or leaves a doubt how it is to be read; while
            reading, on a bad row.
        InputError: If ``layout`` has what means nothing in this format.
        MissingExtraError: If pyarrow, which Parquet needs, is not installed.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        format: str = "auto",  # noqa: A002
        complaints: Complaints,
        blank: bool = False,
        layout: Layout | None = None,
        texts: bool = True,
    ) -> None:
        """Open the file and read its header."""
        self.format = format_of(path, format)
        self.name = "standard input" if str(path) == "-" else str(path)
        self.layout = layout or Layout()
        self.layout.check_table(self.name, self.format)
        self._texts = texts
        self._lone = "text" if texts else "value"
        self.columns: list[str] | None = [self._lone] if self.format == "txt" else None
        self.header: list[str] | None = None
        self.delimiter = ""
        self.quoted = False
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
    def style(self) -> RowStyle:
        """How the file is written, without the file: for another process."""
        return RowStyle(self.format, self.columns, self.header, self.delimiter, self.quoted, self.layout)

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
        # A table needs its beginning to be told apart; lines are answered as a pipe brings them.
        head = read_head(self._stream, self.name, patient=self.format not in ("txt", "jsonl"))
        encoding = encoding_of(head.content, self.name, self.layout.encoding)
        quoted = self.format in OWN and self.layout.quoting != "none"
        text = TextLines(self._stream, head, self.name, encoding, quoted=quoted)
        if self.format == "txt":
            return self._plain(text)
        if self.format == "jsonl":
            return self._json(text)
        return self._table(text)

    def _table(self, text: TextLines) -> Iterator[tuple[int, Fields]]:
        """Return the rows of a table; the header is read at once."""
        self.delimiter, skipped = find_delimiter(
            text.start,
            whole=text.whole,
            layout=self.layout,
            format=self.format,
            name=self.name,
            texts=self._texts,
        )
        self.quoted = shows_quotes(text.start, self.delimiter)
        lines = _lines(text)
        for _ in range(skipped):
            next(lines)
        records = read_records(
            lines,
            self.delimiter,
            self.layout.quoting,
            name=self.name,
            format=self.format,
            check=partial(bad_bytes, encoding=text.encoding),
            quoted=self.quoted,
            first_line=1 + skipped,
        )
        first = next((record for record in records if record.cells or record.problem), None)
        if first is None:
            raise DataError(f"{self.name} is empty: a table begins with a row of column names")
        if self.layout.header:
            if first.problem:
                raise DataError(f"{self.name}, header: {first.problem}")
            self.header, self.columns = first.cells, keys_of(first.cells)
        else:
            count = len(first.cells)
            self.columns = [self._lone] if count == 1 else [str(number) for number in range(1, count + 1)]
            records = itertools.chain([first], records)
        return self._table_rows(records, self.columns)

    def _table_rows(self, records: Iterator[TableRecord], columns: list[str]) -> Iterator[tuple[int, Fields]]:
        """Yield the rows below the header."""
        row, gap = 0, 0
        blank: Fields = dict.fromkeys(columns, "") if len(columns) == 1 and not self._blank else {}
        kept = self._blank or len(columns) == 1
        for record in records:
            if not record.cells and not record.problem:
                # Blank lines become rows only once a row follows: those at the end are none.
                gap += kept
                continue
            for _ in range(gap):
                row += 1
                yield row, dict(blank)
            row, gap = row + 1, 0
            problem = record.problem
            if not problem and len(record.cells) != len(columns):
                where = "the header" if self.layout.header else "the first row"
                advice = _ONE_COLUMN if len(columns) == 1 else record.advice
                if not self._texts and len(record.cells) > len(columns):
                    advice = _MORE_NUMBERS
                problem = f"{len(record.cells)} cells where {where} has {len(columns)}{advice}"
            if problem:
                self.reject(row, problem, record.line)
            else:
                yield row, dict(zip(columns, record.cells, strict=True))

    @property
    def hint(self) -> str:
        """What may be wrong where a column is missing: that the table has no header; "" in other files."""
        return "; if its first row is no header, give --no-header" if self.delimiter and self.header else ""

    def note_column(self, column: str) -> None:
        """Note that a column was taken as that of the texts because there is no other.

        Its name may be the first text of a file without a header.
        """
        if self.header is not None and len(self.header) == 1 and not _is_usual_name(column):
            self._complaints.notes.append(
                f"{self.name}: the first row is taken as the name of the column, {column!r:.60}; "
                "if it is a row like the others, say so with --no-header"
            )

    def _json(self, text: TextLines) -> Iterator[tuple[int, Fields]]:
        """Yield the objects of JSON Lines; blank lines are skipped."""
        for row, line in enumerate(_lines(text), 1):
            if not line.strip():
                continue
            problem = bad_bytes(line, text.encoding)
            value: Any = None
            if not problem:
                try:
                    value = json.loads(line, parse_float=Number)
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

    def _plain(self, text: TextLines) -> Iterator[tuple[int, Fields]]:
        """Yield each line as a row with the column ``text``."""
        for row, line in enumerate(_lines(text), 1):
            line = line.rstrip("\r") if text.ends == "\r" else line.removesuffix("\n").rstrip("\r")
            if text.ends == "\r" and "\n" in line:
                raise DataError(
                    f"{self.name}, line {row}: ends with a line feed, and the first with a carriage return: "
                    "save the file with one kind of line end"
                )
            problem = bad_bytes(line, text.encoding)
            if not problem and "\r" in line:
                problem = (
                    "a carriage return stands in it, which ends a line elsewhere: "
                    "save the file with one kind of line end"
                )
            if problem:
                self.reject(row, problem)
            else:
                yield row, {self._lone: line}

    def _parquet(self) -> Iterator[tuple[int, Fields]]:
        """Return the rows of a Parquet file, read in small batches."""
        parquet = require("pyarrow.parquet", extra="parquet")
        if self._stream is not self._raw or self._piped:
            raise DataError(f"{self.name}: Parquet is read from a plain file, not packed and not from a pipe")
        try:
            file = parquet.ParquetFile(self._raw)
        except (ValueError, OSError) as error:
            raise DataError(f"{self.name} is no readable Parquet file ({one_line(error)})") from None
        self.header = [str(name) for name in file.schema_arrow.names]
        self.columns = columns = keys_of(self.header)

        def rows() -> Iterator[tuple[int, Fields]]:
            row = 0
            try:
                for batch in file.iter_batches(batch_size=512):
                    for fields in arrow_rows(batch, columns):
                        row += 1
                        yield row, fields
            except (ValueError, OSError) as error:
                if isinstance(error, DataError):
                    raise
                raise DataError(f"{self.name}, after row {row}: damaged ({one_line(error)})") from None

        return rows()


def _lines(text: TextLines) -> Iterator[str]:
    """Yield lines with their ends.

    Raises:
        DataError: If one is longer than ``LONGEST``.
    """
    for number in itertools.count(1):
        line = text.readline(LONGEST)
        if len(line) >= LONGEST:
            raise DataError(f"{text.name}, line {number}: longer than {LONGEST:,} characters")
        if not line:
            return
        yield line


def list_columns(columns: Sequence[str]) -> str:
    """Return the names of columns for a message: on one line, long ones cut.

    >>> list_columns(["id", "a text that is no name, as the table has no header"])
    'id, a text that is no name, as the table has...'
    """
    names = (" ".join(name.split()) for name in columns)
    return ", ".join(name if len(name) <= 43 else f"{name[:40]}..." for name in names)


def _is_usual_name(name: str) -> bool:
    """Return True if a name is that of a column beyond doubt, and no first text of a table without a header.

    >>> [_is_usual_name(name) for name in ("Review Text", "review_body", "tweetText", "Great phone", "Bad.")]
    [True, True, True, False, False]
    """
    if re.fullmatch(r"[A-Za-z]\w*_\w+|[a-z]+[A-Z][A-Za-z]*", name):  # as only programs write
        return True
    words = re.findall(r"[^\W\d_]+", name.lower())
    return bool(words) and len(words) <= 3 and _USUAL.issuperset(words) and not re.search(r"[.!?,;]", name)


def no_column(name: str, columns: Sequence[str]) -> str:
    """Return the message for a column that is not there, or is there several times.

    >>> no_column("text", ["id", "text (1)", "text (2)"])
    "2 columns are called 'text', so name one as here: id, text (1), text (2)"
    """
    same = [each for each in columns if re.fullmatch(re.escape(name) + r" \(\d+\)", each)]
    if len(same) > 1:
        return f"{len(same)} columns are called {name!r}, so name one as here: {list_columns(columns)}"
    return f"no column {name!r}; the columns are {list_columns(columns)}"


def text_column_of(columns: list[str], asked: str | None, where: str, hint: str = "") -> str:
    """Return the column of texts: the one asked for, else ``text``, else the only one.

    Args:
        columns: The columns there are.
        asked: The one asked for, or None.
        where: The file in messages.
        hint: What else may be wrong, for the end of a message.

    Raises:
        DataError: If there is no such column; the message lists the columns.
    """
    listed = list_columns(columns)
    if asked is not None:
        if asked not in columns:
            raise DataError(f"{where}: {no_column(asked, columns)}{hint}")
        return asked
    if "text" in columns:
        return "text"
    if len(columns) == 1:
        return columns[0]
    raise DataError(f"{where}: say which column holds the texts; the columns are {listed}{hint}")


def text_of(fields: Mapping[str, Any], column: str) -> str:
    """Return the text in a row; "" where it is missing (null, NaN), as in an empty cell.

    Raises:
        BadRow: If the row has no such column or holds something else there.
    """
    if column not in fields:
        raise BadRow(f"no column {column!r}; this row has {', '.join(fields) or 'none'}")
    value = fields[column]
    if is_missing(value):
        return ""
    if not isinstance(value, str):
        raise BadRow(f"the text in {column!r} is {kind_of(value)}, not a string")
    return value


def read_document(path: str | Path, *, encoding: str = "auto") -> tuple[str, str]:
    """Return a whole file as one text, and what is wrong with its characters; "" if nothing.

    Args:
        path: The file, also ``.gz`` or ``.xz``; ``-`` is standard input.
        encoding: As in ``Layout``.

    Raises:
        DataError: If there is no such file, it is damaged, or longer than ``LONGEST``.
    """
    name = "standard input" if str(path) == "-" else str(path)
    encoding = check_encoding(encoding)
    raw, stream = unpacked(path, name)
    try:
        head = read_head(stream, name)
        lines = TextLines(stream, head, name, encoding_of(head.content, name, encoding), quoted=False)
        text = lines.read(LONGEST)
    finally:
        if str(path) != "-":
            stream.close()
            raw.close()
    if len(text) >= LONGEST:
        raise DataError(f"{name} is longer than {LONGEST:,} characters")
    return text, bad_bytes(text, lines.encoding)


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


_KINDS: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (lambda value: value is None, "missing (null)"),
    (lambda value: isinstance(plain(value), bool), "true or false"),
    (lambda value: isinstance(plain(value), int | float | Decimal), "a number"),
    (lambda value: isinstance(value, str), "a string"),
    (lambda value: isinstance(value, list), "a list"),
    (lambda value: isinstance(value, dict), "an object"),
)


def kind_of(value: object) -> str:
    """Return the kind of a value, in a user's words."""
    return next((words for test, words in _KINDS if test(value)), f"of type {type(value).__name__}")


def one_line(error: Exception) -> str:
    """Return what an error of another library says, on one line and not too long."""
    return " ".join(str(error).split())[:200]
