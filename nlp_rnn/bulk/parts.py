"""A unit of work and its part: some rows in, the same rows with their labels out, in a file of their own.

A part has its name only when it is whole and on the disk. Knows files and classifiers; knows no journal and
no other processes. To import it imports no NumPy: a process first says how many threads that may have.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_rnn.errors import DataError, InputError, require
from nlp_rnn.files.rows import Complaints, RowStyle, one_line
from nlp_rnn.files.texts import Record, sync_folder, write_records

if TYPE_CHECKING:
    import pyarrow

    from nlp_rnn.classification.classifier import TextClassifier

KEPT = "what is done is kept, so go on with --resume"
"""What to do where a run broke off, in messages."""
_BATCH_ROWS = 4096
_LEFT = re.compile(r"\.(part-\d+-\d+\.\w+)\.(\d+)\.part")  # as RecordWriter calls what it has not finished


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is the same for all units of a run.

    Attributes:
        folder: Of the parts.
        format: Of the files and of the parts.
        column: The column of the texts; None in plain text.
        prefix: Stands before the names of the added columns.
        abstain, on_error: As in ``BulkSettings``.
    """

    folder: str
    format: str
    column: str | None
    prefix: str
    abstain: float | None
    on_error: str

    def part(self, file: int, number: int) -> Path:
        """Return the path of a part; by name, parts are in the order of the rows."""
        return Path(self.folder) / f"part-{file:05}-{number:07}.{self.format}"


@dataclass(frozen=True, kw_only=True)
class Unit:
    """Some rows of a file: a row group, or a block of rows that were read.

    Attributes:
        file, number: The number of the file, and of the unit in it, from 0.
        name: The file as it was named.
        path: Where it lies.
        records: The rows; None for a row group.
        style: How the file is written.
        skipped, reasons: Bad rows that were met when these were read, and what is wrong with the first.
    """

    file: int
    number: int
    name: str
    path: str
    records: tuple[Record, ...] | None = None
    style: RowStyle | None = None
    skipped: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The rows, in messages."""
        if self.records is None:
            return f"{self.name}, row group {self.number}"
        return f"{self.name}, rows {self.records[0].row:,} to {self.records[-1].row:,}"


def write_part(unit: Unit, plan: Plan, classifier: TextClassifier) -> dict[str, Any]:
    """Write the part of a unit, and return its entry for the journal.

    Raises:
        DataError: If the rows cannot be read, or a row cannot be written and bad rows are errors.
        InputError: If the part cannot be written.
    """
    part = plan.part(unit.file, unit.number)
    try:
        if unit.records is None:
            counts = _write_group(unit, plan, classifier, part)
        else:
            counts = _write_records(unit, plan, classifier, part)
        size = part.stat().st_size
    except OSError as error:
        raise InputError(cannot_write(plan.folder, error)) from None
    except MemoryError:
        raise InputError(f"{unit.where}: there is not enough memory: {KEPT} and fewer --workers") from None
    return {"file": unit.file, "unit": unit.number, "part": part.name, "size": size, **counts}


def cannot_write(folder: str | Path, error: OSError) -> str:
    """Return the message for a folder that takes no more."""
    return f"{folder} cannot be written to ({error.strerror or error}): mend that; {KEPT}"


def _write_records(unit: Unit, plan: Plan, classifier: TextClassifier, part: Path) -> dict[str, Any]:
    """Write rows of a text file."""
    from nlp_rnn.classification.columns import added_columns, answers_of

    records = unit.records or ()
    complaints = Complaints(plan.on_error)
    # The file is there before the work: so, if this process dies, its name says at what.
    with write_records(
        part,
        prefix=plan.prefix,
        reject=lambda row, reason: complaints.add(f"{unit.name}, row {row}: {reason}"),
        like=unit.style,
        added=added_columns(classifier.artifact.classes, abstain=plan.abstain is not None),
        durable=True,
    ) as out:
        columns = answers_of(classifier, (record.text for record in records), abstain=plan.abstain)
        for record, values in zip(records, zip(*columns.values(), strict=True), strict=True):
            out.add(record, dict(zip(columns, values, strict=True)))
    return {
        "rows": out.written,
        "blank": sum(label is None for label in columns["label"]),
        "skipped": unit.skipped + complaints.skipped,
        "reasons": [*unit.reasons, *complaints.reasons],
    }


def _write_group(unit: Unit, plan: Plan, classifier: TextClassifier, part: Path) -> dict[str, Any]:
    """Write a row group."""
    from nlp_rnn.integrations.arrow import score_batches, scored_schema

    parquet = require("pyarrow.parquet", extra="parquet")
    column = plan.column or ""
    rows = blank = 0
    unfinished = part.with_name(f".{part.name}.{os.getpid()}.part")
    try:
        with _open_parquet(unit) as source, unfinished.open("wb") as raw:
            schema = scored_schema(
                source.schema_arrow, column=column, model=classifier, prefix=plan.prefix, abstain=plan.abstain
            )
            scored = score_batches(
                _batches(source, unit),
                column=column,
                model=classifier,
                prefix=plan.prefix,
                abstain=plan.abstain,
            )
            with parquet.ParquetWriter(raw, schema) as out:
                for batch in scored:
                    out.write_batch(batch)
                    rows += batch.num_rows
                    blank += batch.column(batch.schema.get_field_index(f"{plan.prefix}label")).null_count
            raw.flush()
            os.fsync(raw.fileno())
        unfinished.replace(part)
        sync_folder(part.parent)
    finally:
        unfinished.unlink(missing_ok=True)
    return {"rows": rows, "blank": blank, "skipped": 0, "reasons": []}


def _open_parquet(unit: Unit) -> Any:
    """Return the file of a row group, open.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        return require("pyarrow.parquet", extra="parquet").ParquetFile(unit.path)
    except (ValueError, OSError) as error:
        raise DataError(f"{unit.name} cannot be read any more ({one_line(error)})") from None


def _batches(source: Any, unit: Unit) -> Iterator[pyarrow.RecordBatch]:
    """Yield the batches of a row group.

    Raises:
        DataError: If it is damaged.
    """
    try:
        yield from source.iter_batches(_BATCH_ROWS, row_groups=[unit.number], use_threads=False)
    except (ValueError, OSError) as error:
        raise DataError(
            f"{unit.where}: damaged ({one_line(error)}); what is done is kept, but the file must be mended, "
            "and the work begun in a new folder"
        ) from None


def remove_unfinished(folder: Path) -> None:
    """Remove parts that a killed run has not finished."""
    for path in folder.iterdir():
        if _LEFT.fullmatch(path.name):
            path.unlink(missing_ok=True)


def unfinished_part(folder: Path, process: int) -> str | None:
    """Return the name of the part that a process has not finished; None if there is none."""
    found = (_LEFT.fullmatch(path.name) for path in folder.iterdir())
    return next((match[1] for match in found if match is not None and int(match[2]) == process), None)
