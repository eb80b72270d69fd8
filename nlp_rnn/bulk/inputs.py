"""The files of a run: what they have in common, and what each was when the run began.

All are opened before the work starts, so that a column that the ninetieth lacks is not found after hours.
Knows files and their columns; knows no models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp_rnn.bulk.settings import BulkSettings
from nlp_rnn.errors import DataError, InputError, require
from nlp_rnn.files.rows import format_of, list_columns, one_line, text_column_of, unpacked
from nlp_rnn.files.tables import keys_of
from nlp_rnn.files.texts import read_texts
from nlp_rnn.integrations.arrow import check_texts


@dataclass(frozen=True)
class Input:
    """One file.

    Attributes:
        path: Where it lies, from the root.
        name: The file as it was named, for messages.
        size: Bytes.
        changed: When it was last changed, in nanoseconds.
        group_rows: Rows of each row group; of Parquet alone.
    """

    path: str
    name: str
    size: int
    changed: int
    group_rows: tuple[int, ...] = ()

    def state(self) -> dict[str, Any]:
        """Return what the journal keeps, to see later whether it is still the same."""
        return {"path": self.path, "size": self.size, "changed": self.changed}

    def check_unchanged(self, kept: dict[str, Any]) -> None:
        """Refuse a file that is not what it was.

        Raises:
            InputError: Saying what has changed.
        """
        if self.size != kept["size"]:
            grown = "longer" if self.size > kept["size"] else "shorter"
            said = f"it is {grown} ({self.size:,} bytes, {kept['size']:,} then)"
        elif self.changed != kept["changed"]:
            said = "it was written to"
        else:
            return
        raise InputError(
            f"{self.name} is not the file that the run was begun with, {said}: put the old one back, or "
            "label the new one into a new folder"
        )


@dataclass(frozen=True)
class Inputs:
    """The files of a run, in their order, checked.

    Attributes:
        files: One or more.
        format: Of all of them.
        column: The column of the texts; None in plain text.
        columns: Names of the columns; of JSON Lines, those of the first row.
        notes: How the files were understood where they leave a choice.
    """

    files: tuple[Input, ...]
    format: str
    column: str | None
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int | None:
        """Rows of all files, where that is known: in Parquet."""
        if self.format != "parquet":
            return None
        return sum(sum(file.group_rows) for file in self.files)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def check_inputs(files: Sequence[str | Path], settings: BulkSettings) -> Inputs:
    """Return files to label, after a look at the columns of each.

    Args:
        files: One or more, in the order of the rows.
        settings: How they are read.

    Raises:
        InputError: If there is none, or they are of several formats.
        DataError: If one cannot be read, lacks the column, or has other columns than the first.
        MissingExtraError: If pyarrow, which Parquet needs, is not installed.
    """
    if not files:
        raise InputError("there are no files to label")
    formats = {str(file): format_of(file, settings.format) for file in files}
    first, *others = formats
    for name in others:
        if formats[name] != formats[first]:
            raise InputError(
                f"{name} is {formats[name]} and {first} is {formats[first]}: label one format at "
                "once, named by --input-format or by a pattern"
            )
    look = _look_at_parquet if formats[first] == "parquet" else _look_at_text
    return look(list(formats), formats[first], settings)


def _input(name: str, group_rows: tuple[int, ...] = ()) -> Input:
    path = Path(name).resolve()
    state = path.stat()
    return Input(str(path), name, state.st_size, state.st_mtime_ns, group_rows)


def _look_at_parquet(names: Sequence[str], format: str, settings: BulkSettings) -> Inputs:  # noqa: A002
    """Return Parquet files whose schemas are alike."""
    parquet = require("pyarrow.parquet", extra="parquet")
    column, first = settings.column, None
    files = []
    for name in names:
        settings.layout.check_table(name, format)
        raw, _ = unpacked(name, name)
        with raw:
            try:
                found = parquet.ParquetFile(raw)
            except (ValueError, OSError) as error:
                raise DataError(f"{name} is no readable Parquet file ({one_line(error)})") from None
            schema, footer = found.schema_arrow, found.metadata
            groups = tuple(footer.row_group(group).num_rows for group in range(footer.num_row_groups))
        column = text_column_of(keys_of(schema.names), column, name)
        check_texts(schema, column, name)
        shape = {key: str(kind) for key, kind in zip(keys_of(schema.names), schema.types, strict=True)}
        first = shape if first is None else first
        _check_alike(name, shape, names[0], first)
        files.append(_input(name, groups))
    return Inputs(tuple(files), format, column, tuple(first or ()))


def _look_at_text(names: Sequence[str], format: str, settings: BulkSettings) -> Inputs:  # noqa: A002
    """Return text files whose columns are alike; of JSON Lines, those of the first row count."""
    column = settings.column
    columns: list[str] | None = None
    files: list[Input] = []
    notes: list[str] = []
    for name in names:
        with read_texts(
            name, column=column, format=format, on_error=settings.on_error, layout=settings.layout
        ) as reader:
            peek = format == "jsonl" and (columns is None or settings.on_error == "raise")
            record = next(reader, None) if peek else None
            found = reader.rows.columns or ([] if record is None else list(record.fields))
            column = None if format == "txt" else reader.column or column
            notes.extend(note for note in reader.notes if note not in notes)
        if columns is None:
            columns = found
        elif format != "jsonl":
            _check_alike(name, dict.fromkeys(found, ""), names[0], dict.fromkeys(columns, ""))
        files.append(_input(name))
    return Inputs(tuple(files), format, column, tuple(columns or ()), tuple(notes))


def _check_alike(name: str, shape: dict[str, str], first_name: str, first: dict[str, str]) -> None:
    """Refuse a file whose columns are not those of the first: their names, kinds and order.

    Raises:
        DataError: Naming the file and the column.
    """
    if list(shape.items()) == list(first.items()):
        return
    for key in [*first, *shape]:
        here, there = shape.get(key), first.get(key)
        if here == there:
            continue
        said = (
            f"has no column {key!r}, as {first_name} has"
            if here is None
            else f"has a column {key!r}, as {first_name} has not"
            if there is None
            else f"has {here} in the column {key!r}, where {first_name} has {there}"
        )
        raise DataError(f"{name} {said}: label files of other columns into a folder of their own")
    raise DataError(f"{name} has the columns {list_columns(list(shape))}, in another order than {first_name}")
