"""Spark: the function for ``mapInArrow`` and the schema that it needs (extra ``spark``).

Knows Spark's types; what a label is, ``arrow.py`` knows. ``scorer`` needs no Spark.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_rnn.errors import DataError, require
from nlp_rnn.files.rows import no_column
from nlp_rnn.integrations.arrow import added_kinds, load_once, score_batches

if TYPE_CHECKING:
    import pyarrow

    from nlp_rnn.classification.classifier import TextClassifier

__all__ = ["schema", "scorer"]


def scorer(
    *,
    column: str,
    model: str | Path | None = None,
    prefix: str | None = None,
    abstain: float | None = None,
) -> Callable[[Iterator[pyarrow.RecordBatch]], Iterator[pyarrow.RecordBatch]]:
    """Return the function for ``frame.mapInArrow(scorer(column="text"), schema(frame, column="text"))``.

    The package has to be installed on each executor, and a model folder to lie there under the same path: it
    is loaded once per Python worker, of which Spark keeps one per core.

    Args:
        column: The column of the texts.
        model: As ``score_batches`` takes it.
        prefix: Likewise.
        abstain: Likewise.
    """
    return partial(_score, column=column, model=model, prefix=prefix, abstain=abstain)


def _score(
    batches: Iterator[pyarrow.RecordBatch],
    *,
    column: str,
    model: str | Path | None,
    prefix: str | None,
    abstain: float | None,
) -> Iterator[pyarrow.RecordBatch]:
    """Label a partition; Spark has a worker for each core, so each has one thread."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    classifier = load_once(model, threads=1)
    yield from score_batches(batches, column=column, model=classifier, prefix=prefix, abstain=abstain)


def schema(
    frame: Any,
    *,
    column: str,
    model: str | Path | TextClassifier | None = None,
    prefix: str | None = None,
    abstain: float | None = None,
) -> Any:
    """Return the ``StructType`` of a frame with the columns that ``scorer`` adds.

    Args:
        frame: A Spark data frame.
        column: The column of the texts.
        model: As ``scorer`` takes it.
        prefix: Likewise.
        abstain: Likewise.

    Raises:
        DataError: If the frame has no such column, or one with an added name.
        MissingExtraError: If PySpark is not installed.
    """
    types = require("pyspark.sql.types", extra="spark")
    if column not in frame.columns:
        raise DataError(f"the frame has {no_column(column, frame.columns)}")
    whole = types.StructType(list(frame.schema.fields))
    kinds = added_kinds(load_once(model), frame.columns, prefix=prefix, abstain=abstain, where="the frame")
    for name, kind in kinds.items():
        whole = whole.add(name, kind)
    return whole
