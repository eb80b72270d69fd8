"""Pairs of texts in a file: one column for each language.

Knows columns; knows no tokens and no models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from nlp_rnn.errors import DataError
from nlp_rnn.files.rows import BadRow, Complaints, RowReader, text_of
from nlp_rnn.files.tables import Layout


def read_pairs(
    path: str | Path, source: str, target: str, *, layout: Layout | None = None
) -> list[tuple[str, str]]:
    """Read the pairs of a CSV, TSV, JSONL or Parquet file; rows with an empty text are left out.

    Args:
        path: The file.
        source: The column of the texts to translate.
        target: The column of their translations.
        layout: Delimiter, quoting, encoding and header, where the file does not show them.

    Raises:
        DataError: If there is no such file or column, a row holds something else than texts, or there are
            no pairs.
    """
    found = []
    with RowReader(path, complaints=Complaints("raise"), layout=layout) as rows:
        for row, fields in rows:
            try:
                pair = text_of(fields, source), text_of(fields, target)
            except BadRow as bad:
                raise DataError(f"{rows.name}, row {row}: {bad}") from None
            if pair[0].strip() and pair[1].strip():
                found.append(pair)
    if not found:
        raise DataError(f"{path} holds no pair of texts in the columns {source!r} and {target!r}")
    return found


def references_of(pairs: Iterable[tuple[str, str]]) -> tuple[list[str], list[Sequence[str]]]:
    """Return each source text once, with all its translations.

    >>> references_of([("Hi", "Salut"), ("Go", "Va"), ("Hi", "Coucou")])
    (['Hi', 'Go'], [['Salut', 'Coucou'], ['Va']])
    """
    found: dict[str, list[str]] = {}
    for source, target in pairs:
        found.setdefault(source, []).append(target)
    return list(found), list(found.values())
