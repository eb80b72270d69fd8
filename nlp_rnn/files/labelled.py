"""Labelled texts to learn from: named corpora of the Hub, and the user's files and folders.

Files are read with ``rows.py``: ``datasets`` cannot say which row of a CSV or JSON file is bad, and guesses
types (a label ``NA`` becomes nothing, ``01`` becomes 1). Labels are names; numbers have to be given
names by the caller. Knows corpora; knows nothing about tokens or models.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from nlp_rnn.errors import DataError, InputError, whole_number
from nlp_rnn.files.folders import left_out_sentence, named_files
from nlp_rnn.files.named import NAMED, HubCorpus, Placed, hub_rows
from nlp_rnn.files.rows import (
    BadRow,
    Complaints,
    RowReader,
    format_of,
    kind_of,
    no_column,
    read_document,
    text_column_of,
    text_of,
)
from nlp_rnn.files.tables import Layout
from nlp_rnn.files.values import is_missing, plain
from nlp_rnn.text.sentences import detokenize_treebank

LabelMap = Mapping[Any, str | None]
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_FRACTION = re.compile(r"[-+]?\d+\.\d*")


@dataclass(frozen=True)
class Corpus:
    """Texts and their labels.

    Attributes:
        texts: The texts.
        labels: The label of each, or None if the source has no labels.
        name: What the source is called in messages.
        skipped: Bad rows left out.
        reasons: What was wrong with the first five of them.
        notes: How the source was understood where it leaves a choice, and what was left out of a folder.
    """

    texts: list[str]
    labels: list[str] | None
    name: str
    skipped: int = 0
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class CorpusStream:
    """``(text, label)`` pairs, one at a time; see ``stream_corpus``."""

    def __init__(self, name: str, pairs: Iterator[tuple[str, str | None]], complaints: Complaints) -> None:
        """Wrap the pairs."""
        self.name = name
        self._pairs = pairs
        self._complaints = complaints

    def __iter__(self) -> CorpusStream:
        """Itself."""
        return self

    def __next__(self) -> tuple[str, str | None]:
        """The next pair; the label is None throughout if the source has no labels."""
        return next(self._pairs)

    @property
    def skipped(self) -> int:
        """Bad rows so far."""
        return self._complaints.skipped

    @property
    def reasons(self) -> list[str]:
        """Reasons why the first five of them were skipped."""
        return self._complaints.reasons

    @property
    def notes(self) -> list[str]:
        """How the source was understood where it leaves a choice, and what was left out of a folder."""
        return self._complaints.notes


def load_corpus(
    source: str | Path,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    label_map: LabelMap | None = None,
    split: str = "train",
    on_error: str = "raise",
    limit: int | None = None,
    classes: Sequence[str] | int | None = None,
    format: str = "auto",  # noqa: A002
    layout: Layout | None = None,
) -> Corpus:
    """A corpus in memory.

    Args:
        source: A CSV, TSV, JSON Lines, Parquet or text file (``.gz`` and ``.xz`` allowed); a folder
            ``<label>/*.txt``, or with ``<split>.csv`` or the like; else a name in ``NAMED``.
        text_column: Column of the texts; None takes ``text``, or the only column beside the labels.
        label_column: Column of the labels; None takes ``label`` if there is one, else there are no labels.
        label_map: Name of each label in the source, e.g. ``{0: "negative", 1: "positive"}``; a label that is
            not in it is a bad row, one that is mapped to None is left out on purpose.
        split: The part of a named corpus or of a folder; a file is one part.
        on_error: ``raise`` stops at a bad row (no text, an empty one, no label, an unknown one); ``skip``
            leaves it out and counts it.
        limit: So many texts at most.
        classes: The labels there should be, or how many; other labels are bad rows, and a label that
            no text has is an error.
        format: One of ``FORMATS`` for a file, or ``auto`` to go by the name.
        layout: Delimiter, quoting, encoding and header of a file, where it does not show them.

    Raises:
        DataError: If the source cannot be read, has a bad row, no texts, or not the classes asked for.
        InputError: If there is no such source.
        ConfigError: If ``on_error`` or ``limit`` is outside what is allowed.
        MissingExtraError: If ``datasets`` (named corpora) or ``pyarrow`` (Parquet) is not installed.
    """
    if classes is not None and (not isinstance(classes, Iterable) or getattr(classes, "ndim", 1) == 0):
        classes = whole_number("classes", classes, 1)
    names = None if classes is None or isinstance(classes, int) else list(classes)
    stream = stream_corpus(
        source,
        text_column=text_column,
        label_column=label_column,
        label_map=label_map,
        split=split,
        on_error=on_error,
        limit=limit,
        classes=names,
        format=format,
        layout=layout,
    )
    texts: list[str] = []
    labels: list[str] = []
    for text, label in stream:
        texts.append(text)
        if label is not None:
            labels.append(label)
    if not texts:
        first = f"; the first bad row: {stream.reasons[0]}" if stream.reasons else ""
        raise DataError(f"{stream.name} holds no texts{first}")
    if classes is not None:
        _check_classes(stream.name, set(labels), names if names is not None else classes)
    reasons, notes = tuple(stream.reasons), tuple(stream.notes)
    return Corpus(texts, labels or None, stream.name, stream.skipped, reasons, notes)


def stream_corpus(
    source: str | Path,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    label_map: LabelMap | None = None,
    split: str = "train",
    on_error: str = "raise",
    limit: int | None = None,
    classes: Sequence[str] | None = None,
    format: str = "auto",  # noqa: A002
    layout: Layout | None = None,
) -> CorpusStream:
    """A corpus larger than memory, as an iterator of ``(text, label)``.

    The arguments and errors are those of ``load_corpus``; whether every class occurs, only the end can tell.
    """
    if limit is not None:
        limit = whole_number("limit", limit, 1)
    complaints = Complaints(on_error)
    opened = _open_source(source, split, complaints, format, layout or Layout())
    hub = opened.hub
    if hub is not None:
        text_column = text_column or hub.text
        label_column = label_column or "label"
        label_map = hub.labels if label_map is None else label_map
    reader = _Reader(text_column, label_column, label_map, classes)
    if opened.columns is not None:
        try:
            text, label = reader.choose(opened.columns, opened.name, opened.hint)
            if text_column is None and label is None:
                opened.note_column(text)
        except DataError:
            opened.close()
            raise
    pairs = reader.pairs(opened, complaints, treebank=hub is not None and hub.treebank)
    return CorpusStream(opened.name, itertools.islice(pairs, limit), complaints)


@dataclass(frozen=True)
class _Opened:
    """A source: ``columns`` is None where each row has its own."""

    name: str
    columns: list[str] | None
    rows: Placed
    close: Callable[[], None] = lambda: None
    note_column: Callable[[str], None] = lambda column: None
    hint: str = ""
    hub: HubCorpus | None = None


class _Reader:
    """Takes text and label out of rows."""

    def __init__(
        self,
        text_column: str | None,
        label_column: str | None,
        label_map: LabelMap | None,
        classes: Sequence[str] | None,
    ) -> None:
        self._asked = text_column, label_column
        self._map = None if label_map is None else {_key(key): name for key, name in label_map.items()}
        self._classes = classes
        self._chosen: tuple[str, str | None] | None = None

    def choose(self, columns: list[str], where: str, hint: str = "") -> tuple[str, str | None]:
        """The columns of the texts and of the labels, if any."""
        text, label = self._asked
        if label is None:
            label = "label" if "label" in columns and text != "label" else None
        elif label not in columns:
            raise DataError(f"{where}: {no_column(label, columns)}{hint}")
        rest = columns if text is not None else [column for column in columns if column != label]
        if text is None and len(rest) != 1:
            rest = columns
        self._chosen = text_column_of(rest, text, where, hint), label
        return self._chosen

    def pairs(
        self, opened: _Opened, complaints: Complaints, *, treebank: bool
    ) -> Iterator[tuple[str, str | None]]:
        """Text and label of every good row."""
        try:
            for place, fields in opened.rows:
                text_column, label_column = self._chosen or self.choose(list(fields), place)
                try:
                    text = text_of(fields, text_column)
                    if not text.strip():
                        raise BadRow("the text is empty")
                    label = None if label_column is None else self._label(fields, label_column, place)
                except BadRow as bad:
                    complaints.add(f"{place}: {bad}")
                    continue
                if label_column is None or label is not None:
                    yield detokenize_treebank(text) if treebank else text, label
        finally:
            opened.close()

    def _label(self, fields: Mapping[str, Any], column: str, place: str) -> str | None:
        """Name of the label in a row; None if it is left out on purpose."""
        if column not in fields:
            raise BadRow(f"no column {column!r}; this row has {', '.join(fields) or 'none'}")
        value = plain(fields[column])
        if is_missing(value):
            raise BadRow("the label is missing")
        if not isinstance(value, str | bool | int | float | Decimal):
            raise BadRow(f"the label is {kind_of(value)}, not a name")
        key = _key(value)
        if not key:
            raise BadRow("the label is empty")
        if self._map is not None:
            if key not in self._map:
                raise BadRow(f"unknown label {key!r}; the label map knows {', '.join(self._map)}")
            name = self._map[key]
        elif not isinstance(value, str) or _NUMBER.fullmatch(key):
            raise DataError(
                f"{place}: the label is {key}, not a name: say what each stands for, "
                'as in label_map={0: "negative", 1: "positive"} (--label-map 0=negative,1=positive)'
            )
        else:
            name = key
        if name is not None and self._classes is not None and name not in self._classes:
            raise BadRow(f"unknown label {name!r}; the classes are {', '.join(self._classes)}")
        return name


def _key(value: object) -> str:
    """A label as the source writes it: ``1``, ``1.0`` and ``" 1"`` are the same, whether numbers or texts.

    >>> _key(4), _key(4.0), _key(" 4.0"), _key("04"), _key(4.5), _key("4.50")
    ('4', '4', '4', '04', '4.5', '4.5')
    """
    value = plain(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    key = str(value).strip()
    return key.rstrip("0").rstrip(".") if _FRACTION.fullmatch(key) else key


def _check_classes(name: str, found: set[str], wanted: Sequence[str] | int) -> None:
    """Refuse a corpus that has not the classes asked for."""
    listed = f"it has {len(found)}: {', '.join(sorted(found))}" if found else "it has no labels"
    if isinstance(wanted, int):
        if len(found) != wanted:
            raise DataError(f"{name}: asked for {wanted} classes, but {listed}")
        return
    absent = [label for label in wanted if label not in found]
    if absent:
        raise DataError(
            f"{name}: no text is labelled {absent[0]!r}; asked for {', '.join(wanted)}, but {listed}"
        )


def _open_source(
    source: str | Path,
    split: str,
    complaints: Complaints,
    format: str,  # noqa: A002
    layout: Layout,
) -> _Opened:
    """Find out what a source is, and open it."""
    path = Path(source)
    if not path.exists() and str(source) in NAMED:
        if format != "auto" or layout != Layout():
            raise InputError(
                f"{source} is a corpus of the Hub, with no format, delimiter or encoding: leave these out"
            )
        hub = NAMED[str(source)]
        return _Opened(str(source), None, hub_rows(str(source), hub, split), hub=hub)
    if path.is_dir():
        if (path / split).is_dir():
            path = path / split
        tables = sorted(file for file in path.glob(f"{split}.*") if file.is_file() and _readable(file))
        if len(tables) > 1:
            raise DataError(f"{path} holds {', '.join(file.name for file in tables)}: give the file itself")
        if not tables:
            layout.check_table(f"each file in {path}", "txt")
            return _Opened(str(path), ["text", "label"], _folder_rows(path, split, complaints, layout))
        path = tables[0]
    elif not path.exists():
        raise InputError(f"no corpus '{source}': neither a file, a folder nor one of {', '.join(NAMED)}")
    rows = RowReader(path, format=format, complaints=complaints, layout=layout)
    placed = ((f"{rows.name}, row {row}", fields) for row, fields in rows)
    return _Opened(rows.name, rows.columns, placed, rows.close, rows.note_column, rows.hint)


def _readable(file: Path) -> bool:
    try:
        format_of(file)
    except InputError:
        return False
    return True


def _folder_rows(folder: Path, split: str, complaints: Complaints, layout: Layout) -> Placed:
    """Texts of ``folder/<label>/*.txt``, in turn from each label so that the first few show them all."""
    queues, left_out = [], []
    for inner in named_files(folder):
        files = [inner] if inner.is_file() else named_files(inner)
        kept = [] if inner.is_file() else [file for file in files if _is_document(file)]
        left_out += [file for file in files if file not in kept]
        if kept:
            queues.append([(inner.name, file) for file in kept])
    if not queues:
        raise DataError(
            f"{folder} holds neither folders of .txt files, named by their label, nor {split}.csv or the like"
        )
    if left_out:
        complaints.notes.append(left_out_sentence(folder, left_out, "only texts (.txt) in a label's folder"))
    return _documents(queues, complaints, layout)


def _is_document(file: Path) -> bool:
    return file.is_file() and _readable(file) and format_of(file) == "txt"


def _documents(queues: list[list[tuple[str, Path]]], complaints: Complaints, layout: Layout) -> Placed:
    for group in itertools.zip_longest(*queues):
        for item in group:
            if item is None:
                continue
            label, file = item
            text, problem = read_document(file, encoding=layout.encoding)
            if problem:
                complaints.add(f"{file}: {problem}")
            else:
                yield str(file), {"text": text, "label": label}
