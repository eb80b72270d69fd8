"""Labels for Arrow batches, one after the other: the one function that clusters and data frames wrap.

Knows Arrow and classifiers; knows no files and no engines that deal batches out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_rnn.classification.classifier import TextClassifier
from nlp_rnn.classification.columns import WORDS, added_columns, answers_of
from nlp_rnn.errors import DataError, InputError, require
from nlp_rnn.files.rows import no_column
from nlp_rnn.files.tables import keys_of
from nlp_rnn.files.texts import prefix_for, taken_name
from nlp_rnn.folder import CONFIG

if TYPE_CHECKING:
    import pyarrow

__all__ = ["load_once", "score_batches", "scored_schema"]


def score_batches(
    batches: Iterable[pyarrow.RecordBatch],
    *,
    column: str,
    model: str | Path | TextClassifier | None = None,
    prefix: str | None = None,
    abstain: float | None = None,
) -> Iterator[pyarrow.RecordBatch]:
    """Yield each batch with the columns that ``nlp-rnn classify --file`` adds: label, score, polarity.

    Batches come in the order in which they went in, with the same rows, and no more than one is held. A text
    that is missing (null) or has nothing but spaces has a null in each added column. A model that is named is
    loaded once per process.

    Args:
        batches: Any number of batches.
        column: The column of the texts.
        model: A model folder, a Hub id, or a classifier; None is the model that comes with the package.
        prefix: Put before the names of the added columns. None puts nothing, or ``predicted_`` if the first
            batch has a column of such a name: nothing is overwritten.
        abstain: Answer ``unsure`` as ``TextClassifier.unsure`` does; adds ``language`` and ``unknown_share``.

    Raises:
        InputError: If ``batches`` holds something else.
        DataError: If a batch has no such column, it holds no texts, or an added name is taken.
        ArtifactError: If there is no model there.
        ConfigError: If ``abstain`` is no share, or the model has no thresholds for it.
        MissingExtraError: If pyarrow is not installed.
    """
    arrow = require("pyarrow", extra="parquet")
    classifier = load_once(model)
    for number, batch in enumerate(batches, 1):
        if not isinstance(batch, arrow.RecordBatch):
            raise InputError(
                f"score_batches takes pyarrow's RecordBatch, got {type(batch).__name__}: "
                "of a table, give table.to_batches()"
            )
        added = _added_fields(classifier, batch.schema, column, prefix, abstain, f"batch {number}")
        prefix = added[0].name.removesuffix("label")
        texts = _texts(batch, column)
        for field, values in zip(added, answers_of(classifier, texts, abstain=abstain).values(), strict=True):
            batch = batch.append_column(field, arrow.array(values, field.type))
        yield batch


def scored_schema(
    schema: pyarrow.Schema,
    *,
    column: str,
    model: str | Path | TextClassifier | None = None,
    prefix: str | None = None,
    abstain: float | None = None,
) -> pyarrow.Schema:
    """Return the schema of the batches that ``score_batches`` makes of batches of this schema.

    Raises:
        DataError, ArtifactError, MissingExtraError: As ``score_batches``.
    """
    for field in _added_fields(load_once(model), schema, column, prefix, abstain, "the schema"):
        schema = schema.append(field)
    return schema


def load_once(model: str | Path | TextClassifier | None, *, threads: int | None = None) -> TextClassifier:
    """Return a classifier, or load the one named; the one used last in this process is kept.

    A folder whose ``config.json`` (it has the checksums of the other files) has changed is read again.

    Args:
        model: As ``score_batches`` takes it.
        threads: Of a model that is loaded; 1 where there is a process for each core.

    Raises:
        InputError: If it is neither a name nor a classifier.
        ArtifactError: If there is no model there.
    """
    if isinstance(model, TextClassifier):
        return model
    if model is not None and not isinstance(model, str | Path):
        raise InputError(f"model must be a folder, a Hub id or a classifier, got {type(model).__name__}")
    config = Path(model or "") / CONFIG
    return _loaded(model, threads, config.read_bytes() if model is not None and config.is_file() else b"")


@lru_cache(maxsize=1)
def _loaded(model: str | Path | None, threads: int | None, config: bytes) -> TextClassifier:
    from nlp_rnn.sentiment.classifier import SentimentClassifier

    return SentimentClassifier.from_pretrained(model, threads=threads)


def check_texts(schema: pyarrow.Schema, column: str, where: str) -> int:
    """Return the place of the column of texts.

    Args:
        schema: Names and types of the columns; those of a repeated name are told apart as in files.
        column: The name.
        where: What has the schema, in messages.

    Raises:
        DataError: If there is no such column, or it holds something else.
    """
    types = require("pyarrow", extra="parquet").types
    keys = keys_of(schema.names)
    if column not in keys:
        raise DataError(f"{where}: {no_column(column, keys)}")
    at = keys.index(column)
    kind = schema.types[at]
    inner = kind.value_type if types.is_dictionary(kind) else kind
    if not any(is_text(inner) for is_text in _text_checks(types)):
        raise DataError(f"{where}: the column {column!r} holds {kind}, where texts (string) are wanted")
    return at


def _text_checks(types: Any) -> list[Any]:
    """Return pyarrow's checks of the types that a column of texts may have; older releases have fewer."""
    names = ("is_string", "is_large_string", "is_string_view", "is_null")
    return [getattr(types, name) for name in names if hasattr(types, name)]


def _texts(batch: pyarrow.RecordBatch, column: str) -> list[str | None]:
    """Return the texts of a batch; None where one is missing."""
    values = batch.column(keys_of(batch.schema.names).index(column))
    if hasattr(values, "dictionary_decode"):
        values = values.dictionary_decode()
    texts: list[str | None] = values.to_pylist()
    return texts


def added_kinds(
    classifier: TextClassifier,
    columns: Sequence[str],
    *,
    prefix: str | None,
    abstain: float | None,
    where: str,
) -> dict[str, str]:
    """Return the names of the added columns with their kinds, ``string`` or ``double``.

    Args:
        classifier: What answers.
        columns: The columns that there are.
        prefix: As ``score_batches`` takes it.
        abstain: Likewise.
        where: What has the columns, in messages.

    Raises:
        DataError: If one of the names is taken.
    """
    added = added_columns(classifier.artifact.classes, abstain=abstain is not None)
    before = prefix_for(added, columns, prefix)
    taken = [before + name for name in added if before + name in columns]
    if taken:
        raise DataError(f"{where} {taken_name(taken[0], 'give the added columns another prefix')}")
    return {before + name: "string" if name in WORDS else "double" for name in added}


def _added_fields(
    classifier: TextClassifier,
    schema: pyarrow.Schema,
    column: str,
    prefix: str | None,
    abstain: float | None,
    where: str,
) -> list[pyarrow.Field]:
    """Return the fields to add, once the schema is found to have texts and room for them."""
    arrow = require("pyarrow", extra="parquet")
    check_texts(schema, column, where)
    keys = keys_of(schema.names)
    kinds = added_kinds(classifier, keys, prefix=prefix, abstain=abstain, where=where)
    return [arrow.field(name, arrow.type_for_alias(kind)) for name, kind in kinds.items()]
