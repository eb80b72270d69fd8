"""Pairs of texts in a file: one column for each language.

Knows columns; knows no tokens and no models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nlp_rnn.errors import DataError
from nlp_rnn.files.rows import BadRow, Complaints, Fields, RowReader, text_of
from nlp_rnn.files.tables import Layout


class PairList(list[tuple[str, str]]):
    """The pairs of a file: a list, and a record of the rows that are not in it.

    Attributes:
        one_sided: Rows with one text of the two.
        first_one_sided: The first of them, counted from 1; None if there are none.
        empty: Rows with neither.
        skipped: Bad rows.
        reasons: Messages about the first few of the bad rows.
    """

    def __init__(self) -> None:
        """Begin without pairs."""
        super().__init__()
        self.one_sided = self.empty = self.skipped = 0
        self.first_one_sided: int | None = None
        self.reasons: list[str] = []

    def left_out(self) -> str:
        """Return a sentence about the rows with an empty text; "" if there are none."""
        parts = []
        if self.one_sided:
            first = f"the first is row {self.first_one_sided:,}"
            parts.append(f"{self.one_sided:,} with one text of the two ({first})")
        if self.empty:
            parts.append(f"{self.empty:,} with neither")
        return f"rows left out: {', '.join(parts)}" if parts else ""


def read_pairs(
    path: str | Path,
    source: str,
    target: str,
    *,
    on_error: str = "raise",
    layout: Layout | None = None,
) -> PairList:
    """Read the pairs of a CSV, TSV, JSONL or Parquet file; rows with an empty text are left out, and counted.

    Args:
        path: The file.
        source: The column of the texts to translate.
        target: The column of their translations.
        on_error: ``raise`` stops at a bad row, ``skip`` counts it.
        layout: Delimiter, quoting, encoding and header, where the file does not show them.

    Returns:
        The pairs, in a list that says how many rows were left out.

    Raises:
        DataError: If there is no such file or column, a row holds something else than texts, or there are
            no pairs.
        ConfigError: If ``on_error`` is unknown.
    """
    complaints = Complaints(on_error)
    found = PairList()
    with RowReader(path, complaints=complaints, layout=layout) as rows:
        for row, fields in rows:
            try:
                pair = _side(fields, source), _side(fields, target)
            except BadRow as bad:
                rows.reject(row, str(bad))
                continue
            if all(text.strip() for text in pair):
                found.append(pair)
            elif any(text.strip() for text in pair):
                found.one_sided += 1
                found.first_one_sided = found.first_one_sided or row
            else:
                found.empty += 1
    found.skipped, found.reasons = complaints.skipped, complaints.reasons
    if not found:
        why = "; ".join([*filter(None, [found.left_out()]), *found.reasons[:1]])
        raise DataError(
            f"{path} holds no pair of texts in the columns {source!r} and {target!r}{why and f' ({why})'}"
        )
    return found


def _side(fields: Fields, column: str) -> str:
    """Return one text of a row; a missing one is empty.

    Raises:
        BadRow: If the row has no such column or holds something else there.
    """
    value: Any = fields.get(column, "")
    missing = value is None or value != value  # NaN
    return "" if missing else text_of(fields, column)


def references_of(pairs: Iterable[tuple[str, str]]) -> tuple[list[str], list[Sequence[str]]]:
    """Return each source text once, with all its translations.

    >>> references_of([("Hi", "Salut"), ("Go", "Va"), ("Hi", "Coucou")])
    (['Hi', 'Go'], [['Salut', 'Coucou'], ['Va']])
    """
    found: dict[str, list[str]] = {}
    for source, target in pairs:
        found.setdefault(source, []).append(target)
    return list(found), list(found.values())
