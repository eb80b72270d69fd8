"""The units of a run that are still to be done, in order; rows of text files are read here, in one process.

Reading a row costs a hundredth of labelling it, so one reader feeds many processes. Knows files and the
journal, and where a chunk ends; asks no models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from nlp_rnn.bulk.inputs import Input, Inputs
from nlp_rnn.bulk.journal import Journal
from nlp_rnn.bulk.parts import Unit
from nlp_rnn.bulk.settings import BulkSettings
from nlp_rnn.classification.columns import in_chunks
from nlp_rnn.errors import DataError
from nlp_rnn.files.texts import Record, read_texts

BLOCK_CHARACTERS = 2**23
"""A block of rows ends at so many characters, too, so that a few of them fit into memory."""


class Units:
    """An iterator over the units that are not done.

    Args:
        inputs: The files.
        settings: How they are read.
        journal: What is done; the end of each text file is written into it.
        is_there: Says whether the part of a unit that is done is still there; if not, it is done again.

    Attributes:
        share: Share of the files that has been read, in [0, 1].
    """

    def __init__(
        self, inputs: Inputs, settings: BulkSettings, journal: Journal, is_there: Callable[[int, int], bool]
    ) -> None:
        self._inputs, self._settings, self._journal = inputs, settings, journal
        self._is_there = is_there
        self._read = 0  # bytes of the files before the present one
        self.share = 0.0

    def __iter__(self) -> Iterator[Unit]:
        """Yield the units.

        Raises:
            DataError: On a bad row, if such are errors, and where a file is damaged.
            InputError: If a file has changed since the run began.
        """
        find = self._groups if self._inputs.format == "parquet" else self._blocks
        for number, file in enumerate(self._inputs.files):
            yield from find(number, file)
            self._read += file.size
            self._set_share(0.0)

    def _groups(self, number: int, file: Input) -> Iterator[Unit]:
        """Yield the row groups of a Parquet file."""
        for group in range(len(file.group_rows)):
            if not self._done(number, group):
                _check_unchanged(file)
                yield Unit(file=number, number=group, name=file.name, path=file.path)

    def _blocks(self, number: int, file: Input) -> Iterator[Unit]:
        """Yield the blocks of a text file; what is done is read over."""
        end = self._journal.ended.get(number)
        if end is not None and all(self._done(number, block) for block in range(end["units"])):
            return
        settings = self._settings
        with read_texts(
            file.path,
            column=self._inputs.column,
            format=self._inputs.format,
            on_error=settings.on_error,
            layout=settings.layout,
        ) as reader:
            block, skipped, told = 0, 0, 0
            unit = Unit(file=number, number=0, name=file.name, path=file.path, style=reader.rows.style)
            # The same file is always cut in the same places.
            for records in in_chunks(
                reader, _length_of, most=settings.block_rows, characters=BLOCK_CHARACTERS
            ):
                self._set_share((reader.progress or 0.0) * file.size)
                if not self._done(number, block):
                    yield replace(
                        unit,
                        number=block,
                        records=tuple(records),
                        skipped=reader.skipped - skipped,
                        reasons=tuple(reader.reasons[told:]),
                    )
                block, skipped, told = block + 1, reader.skipped, len(reader.reasons)
            _check_unchanged(file)
            self._journal.add(
                {
                    "file": number,
                    "units": block,
                    "skipped": reader.skipped - skipped,
                    "reasons": reader.reasons[told:],
                }
            )

    def _done(self, file: int, number: int) -> bool:
        return (file, number) in self._journal.done and self._is_there(file, number)

    def _set_share(self, more: float) -> None:
        self.share = (self._read + more) / max(1, self._inputs.size)


def _length_of(record: Record) -> int:
    """Return the characters of a row."""
    return sum(len(value) for value in record.fields.values() if isinstance(value, str))


def _check_unchanged(file: Input) -> None:
    """Refuse a file that was changed while the run goes on."""
    try:
        state = Path(file.path).stat()
    except OSError as error:
        raise DataError(f"{file.name} cannot be read any more: {error.strerror or error}") from None
    now = replace(file, size=state.st_size, changed=state.st_mtime_ns)
    now.check_unchanged(file.state())
