"""The texts in a user's file, and the same rows written with their answers; in constant memory.

Knows which column holds the text and which columns an answer adds; knows nothing about labels to
learn from (``labelled.py``) or about models.
"""

from __future__ import annotations

import csv
import gzip
import io
import lzma
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

from nlp_rnn.errors import DataError, InputError, one_of
from nlp_rnn.files.rows import (
    BadRow,
    Complaints,
    Fields,
    RowReader,
    RowStyle,
    format_of,
    text_column_of,
    text_of,
)
from nlp_rnn.files.tables import OWN, Layout
from nlp_rnn.files.values import cell_of, json_line, utf8

WRITABLE = ("csv", "tsv", "jsonl", "txt")


@dataclass(frozen=True)
class Record:
    """One row with a text.

    Attributes:
        row: Its number, from 1: the row below the header of a table, the line of other files.
        text: Its text; "" where it is missing: an empty cell, or null and NaN where a format has them.
        fields: All columns of the row, ``text`` among them.
    """

    row: int
    text: str
    fields: Fields

    @property
    def blank(self) -> bool:
        """True if there is no text, or nothing but spaces: in a file, that has no label."""
        return not self.text.strip()


class TextReader:
    """An iterator of a file's ``Record``s; see ``read_texts``."""

    def __init__(self, rows: RowReader, column: str | None, complaints: Complaints) -> None:
        """Find the column of texts where the columns are known."""
        self.rows = rows
        self._complaints = complaints
        self._column = column
        if rows.format == "txt" and column is not None:
            raise InputError(
                f"{rows.name} is read as plain text, where each line is a text and there is no column "
                f"{column!r}; if it is a table, name its format (--input-format csv)"
            )
        if rows.columns is not None:
            self._column = text_column_of(rows.columns, column, rows.name, rows.hint)
            if column is None:
                rows.note_column(self._column)

    @property
    def column(self) -> str | None:
        """The column of the texts; None where the first row, which says it, has not been read yet."""
        return self._column

    @property
    def skipped(self) -> int:
        """Bad rows so far."""
        return self._complaints.skipped

    @property
    def reasons(self) -> list[str]:
        """Messages about the first few bad rows."""
        return self._complaints.reasons

    @property
    def notes(self) -> list[str]:
        """How the file was understood where it leaves a choice: sentences for its user."""
        return self._complaints.notes

    @property
    def progress(self) -> float | None:
        """Share of the file that has been read, in [0, 1]; None where it is unknown."""
        return self.rows.progress

    def reject(self, row: int, reason: str) -> None:
        """Record a row that turned out to be bad after it was read.

        Raises:
            DataError: If bad rows are errors.
        """
        self.rows.reject(row, reason)

    def __iter__(self) -> TextReader:
        """Return itself."""
        return self

    def __next__(self) -> Record:
        """Return the next row with a text."""
        for row, fields in self.rows:
            try:
                if self._column is None:
                    self._column = text_column_of(list(fields), None, f"{self.rows.name}, row {row}")
                return Record(row, text_of(fields, self._column), fields)
            except BadRow as bad:
                self.rows.reject(row, str(bad))
            except DataError:
                self.rows.close()
                raise
        raise StopIteration

    def __enter__(self) -> TextReader:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.rows.close()


def read_texts(
    path: str | Path,
    *,
    column: str | None = None,
    format: str = "auto",  # noqa: A002
    on_error: str = "raise",
    layout: Layout | None = None,
) -> TextReader:
    """Read the texts of a file, one row at a time: an iterator of ``Record``.

    Args:
        path: The file; ``-`` is standard input.
        column: The column of the texts; None takes ``text``, or the only column there is.
        format: One of ``FORMATS``, or ``auto`` to go by the name.
        on_error: ``raise`` stops at a bad row; ``skip`` counts it in ``skipped`` and keeps the first
            ``reasons``. A damaged file stops either way.
        layout: Delimiter, quoting, encoding and header, where the file does not show them.

    A missing text is an empty one, not a bad row: an empty cell or line; null and NaN in JSON Lines and
    Parquet. The cells ``NaN`` and ``null`` of a CSV are texts.

    Raises:
        DataError: If there is no such file or column; while reading, on a bad row.
        InputError: If the name does not say a format, a column of plain text is asked for, or ``layout`` has
            what means nothing there.
        ConfigError: If ``format`` or ``on_error`` is unknown.
        MissingExtraError: If pyarrow, which Parquet needs, is not installed.
    """
    complaints = Complaints(on_error)
    rows = RowReader(path, format=format, complaints=complaints, layout=layout)
    try:
        return TextReader(rows, column, complaints)
    except BaseException:
        rows.close()
        raise


@dataclass
class RecordWriter:
    """A writer of rows with their answers; see ``write_records``.

    Attributes:
        written: Rows so far.
    """

    path: str | Path
    format: str
    prefix: str | None
    reject: Callable[[int, str], None] | None = None
    like: RowReader | RowStyle | None = None
    added: Sequence[str] = ()
    durable: bool = False
    written: int = field(default=0, init=False)
    _final: Path | None = field(default=None, init=False)
    _part: Path | None = field(default=None, init=False)
    _raw: IO[bytes] | None = field(default=None, init=False)
    _stream: IO[bytes] | None = field(default=None, init=False)
    _columns: list[str] | None = field(default=None, init=False)

    def __enter__(self) -> RecordWriter:
        """Open a file beside the target."""
        if str(self.path) == "-":
            self._raw = self._stream = sys.stdout.buffer
            return self
        final = Path(os.path.realpath(self.path))
        try:
            if final.exists() and not final.is_file():  # a pipe or a device: nothing to rename
                self._raw = final.open("wb")
            else:
                self._final = final
                self._part = final.with_name(f".{final.name}.{os.getpid()}.part")
                self._raw = self._part.open("wb")
        except OSError as error:
            raise InputError(f"{self.path} cannot be written: {error.strerror or error}") from None
        self._stream = _packer(final, self._raw)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the finished file its name; after an error leave no file."""
        raw, stream = cast(IO[bytes], self._raw), cast(IO[bytes], self._stream)
        if kind is None:
            self._head()
        if str(self.path) == "-":
            raw.flush()
            return
        try:
            if stream is not raw:
                stream.close()
            if kind is None and self.durable:
                raw.flush()
                os.fsync(raw.fileno())
            if kind is None and self._final is not None and self._part is not None:
                raw.close()
                if self._final.exists():
                    shutil.copymode(self._final, self._part)
                part, self._part = self._part, None
                try:
                    part.replace(self._final)
                    if self.durable:
                        sync_folder(self._final.parent)
                except OSError as problem:  # on Windows, a table that is open in another program
                    raise InputError(
                        f"{self.path} cannot be replaced ({problem.strerror or problem}): close it "
                        f"elsewhere; the rows are in {part}"
                    ) from None
        finally:
            raw.close()
            if self._part is not None:
                self._part.unlink(missing_ok=True)

    def flush(self) -> None:
        """Pass on what has been written, for the reader at the other end of a pipe."""
        cast(IO[bytes], self._stream).flush()

    def write(
        self,
        record: Record,
        *,
        label: str | None,
        score: float | None,
        polarity: float | None = None,
        probabilities: Mapping[str, float] | None = None,
    ) -> None:
        """Write one row.

        Args:
            record: The row as it was read.
            label: Its label; None leaves the cell empty (null in JSON Lines).
            score: Probability of that label, in [0, 1]; None likewise.
            polarity: P(positive) - P(negative), in [-1, 1]; left out if None.
            probabilities: Per class; each becomes a column ``p_<class>``.

        Raises:
            DataError: If the row has other columns than the first, or one with the name of an added one,
                and no ``reject`` was given for such rows.
        """
        added: dict[str, Any] = {"label": label, "score": None if score is None else round(float(score), 6)}
        if polarity is not None:
            added["polarity"] = round(float(polarity), 6)
        for name, value in (probabilities or {}).items():
            added[f"p_{name}"] = round(float(value), 6)
        self.add(record, added)

    def add(self, record: Record, added: Mapping[str, Any]) -> None:
        """Write one row with any other columns.

        Args:
            record: The row as it was read.
            added: Names and values of the columns added.

        Raises:
            DataError: If the row has other columns than the first, or one with the name of an added one.
        """
        self.prefix = prefix_for(added, record.fields, self.prefix)
        columns = {self.prefix + name: value for name, value in added.items()}
        try:
            self._put(record, columns)
        except BadRow as bad:
            if self.reject is None:
                raise DataError(f"row {record.row}: {bad}") from None
            self.reject(record.row, str(bad))
        else:
            self.written += 1

    def _put(self, record: Record, added: dict[str, Any]) -> None:
        """Write one row in the file's format.

        Raises:
            BadRow: If it does not fit the rows before it, or has a column with an added name.
        """
        stream = cast(IO[bytes], self._stream)
        taken = [name for name in added if name in record.fields]
        if taken:
            raise BadRow(taken_name(taken[0], "give the added columns another --prefix"))
        whole = record.fields | added
        if self.format == "jsonl":
            stream.write(json_line(whole))
            return
        if self.format == "txt":
            cells = [*map(cell_of, added.values()), re.sub(r"\s+", " ", record.text)]
            stream.write(utf8("\t".join(cells) + "\n"))
            return
        if self._columns is None:
            self._begin(list(whole))
        columns = cast(list[str], self._columns)
        extra = [name for name in whole if name not in columns]
        if extra:
            raise BadRow(
                f"has a column {extra[0]!r} that the first row has not: "
                "a table cannot hold it, write JSON Lines"
            )
        stream.write(self._line([cell_of(whole.get(name)) for name in columns]))

    def _begin(self, columns: list[str]) -> None:
        """Write the header of a table, with the names that stood in the file that was read."""
        written: dict[str, str] = {}
        if self.like is not None and self.like.columns is not None and self.like.header is not None:
            written = dict(zip(self.like.columns, self.like.header, strict=True))
        line = self._line([written.get(name, name) for name in columns])
        cast(IO[bytes], self._stream).write(line)
        self._columns = columns

    def _head(self) -> None:
        """Write the header of a table that got no row."""
        if self.format not in OWN or self._columns is not None or self.like is None:
            return
        columns = self.like.columns or []
        prefix = prefix_for(self.added, columns, self.prefix)
        self._begin([*columns, *(prefix + name for name in self.added)])

    def _line(self, cells: list[str]) -> bytes:
        """Return one record, parted and quoted as in the file that was read if it has the same format.

        csv quotes a lone carriage return only if its own line end has one.

        Raises:
            BadRow: If a cell cannot stand in a table without quotes.
        """
        like = self.like if self.like is not None and self.like.format == self.format else None
        delimiter = OWN[self.format] if like is None else like.delimiter
        if like is not None and like.layout.quoting == "none":
            for cell in cells:
                if delimiter in cell or "\n" in cell or "\r" in cell:
                    raise BadRow(f"{cell!r:.60} cannot stand in a table without quotes: write another format")
            return utf8(delimiter.join(cells) + "\n")
        plain = like is not None and delimiter == "\t" and not like.quoted and len(cells) > 1
        if plain and not any(cell.startswith('"') or set(cell) & {*"\t\r\n"} for cell in cells):
            # A quote inside a cell is read as it stands, by those who read quotes, too.
            return utf8("\t".join(cells) + "\n")
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
        return utf8(text.getvalue().removesuffix("\r\n") + "\n")


def write_records(
    path: str | Path,
    *,
    format: str = "auto",  # noqa: A002
    source: str | Path | None = None,
    prefix: str | None = None,
    reject: Callable[[int, str], None] | None = None,
    like: RowReader | RowStyle | None = None,
    added: Sequence[str] = (),
    durable: bool = False,
) -> RecordWriter:
    """Return a writer of rows with their answers, to be used in a ``with`` block, row by row with ``write``.

    The rows are written to a temporary file beside the target and renamed at the end, so an interrupted run
    leaves no half file under that name. All columns of the row are kept, ``label``, ``score``, ``polarity``
    and, if given, ``p_<class>`` are added. Plain text gets the label, the figures and the text, separated
    by tabs.

    Args:
        path: The file, ``.gz`` and ``.xz`` allowed; ``-`` is standard output.
        format: One of ``WRITABLE``, or ``auto`` to go by the name.
        source: The file that is read; it is never written over.
        prefix: Put before the names of the added columns. None puts nothing, or ``predicted_`` if the
            first row has a column of such a name: nothing of the user's is overwritten.
        reject: Called with number and reason of a row that cannot be written, which is then left out
            (``TextReader.reject`` counts it among the bad ones); None makes it an error.
        like: The rows that are read (``TextReader.rows``): a table gets its header as it stands there, even
            if no row comes, and a table of the same format the same delimiter and quoting. The output is
            UTF-8 and has a header in any case.
        added: The names of the columns that will be added, for a header that no row follows.
        durable: Have the system write it to the disk before it gets its name: then it outlasts a power cut.

    Raises:
        ConfigError: If ``format`` is unknown.
        InputError: If ``path`` is the file being read, a folder, or not writable.
    """
    one_of("format", format, ("auto", *WRITABLE))
    found = format_of(path, format)
    if found not in WRITABLE:
        raise InputError(f"{path}: {found} is only read; write one of {', '.join(WRITABLE)}")
    if str(path) != "-":
        target = check_target(path)
        if source is not None and target.exists() and Path(source).exists() and target.samefile(source):
            raise InputError(f"{path} is the file being read: write to another")
    return RecordWriter(path, found, prefix, reject, like, added, durable)


def sync_folder(folder: Path) -> None:
    """Have the system write a folder's names to the disk, where it can."""
    if os.name == "nt":  # there, a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def prefix_for(added: Iterable[str], columns: Iterable[str], asked: str | None = None) -> str:
    """Return what stands before the names of added columns: what was asked for, or what parts them.

    >>> prefix_for(["label"], ["text"]), prefix_for(["label"], ["text", "label"])
    ('', 'predicted_')
    """
    if asked is not None:
        return asked
    return "" if set(added).isdisjoint(columns) else "predicted_"


def taken_name(name: str, way_out: str) -> str:
    """Return the end of a message about an added column whose name is taken."""
    return f"has a column {name!r} already, and nothing of yours is overwritten: {way_out}"


def check_target(path: str | Path) -> Path:
    """Return the path of a file to write.

    Raises:
        InputError: If it is a folder, or does not lie in an existing one.
    """
    target = Path(path)
    if target.is_dir():
        raise InputError(f"{path} is a folder: name a file in it")
    if not Path(os.path.realpath(target)).parent.is_dir():
        raise InputError(f"{path} cannot be written: there is no folder {target.parent}")
    return target


def _packer(final: Path, raw: IO[bytes]) -> IO[bytes]:
    """Return a stream that packs as the target's name says."""
    ending = final.suffix.lower()
    if ending == ".gz":
        return cast(IO[bytes], gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0))
    if ending == ".xz":
        return cast(IO[bytes], lzma.LZMAFile(raw, "wb"))
    return raw
