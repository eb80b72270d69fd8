"""``classify_frame``: a data frame with answers beside its texts, whatever library made it.

Pandas, Polars, PyArrow's tables and others, through narwhals (extra ``frames``): what comes back is of the
kind that was given, and pandas' index is kept. The columns are named as ``nlp-rnn classify --file`` names
them. Knows frames; computes nothing itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from nlp_rnn.classification.classifier import TextClassifier
from nlp_rnn.classification.columns import WORDS, answers_of
from nlp_rnn.errors import DataError, InputError, require
from nlp_rnn.files.rows import BadRow, text_column_of, text_of
from nlp_rnn.files.texts import prefix_for, taken_name
from nlp_rnn.integrations.arrow import load_once

__all__ = ["classify_frame"]

Frame = TypeVar("Frame")

_NAME = "the data frame"


def classify_frame(
    frame: Frame,
    column: str | None = None,
    *,
    model: TextClassifier | str | Path | None = None,
    prefix: str | None = None,
    abstain: float | None = None,
) -> Frame:
    """Return the frame with columns ``label``, ``score`` and, of a model that has one, ``polarity`` added.

    A text that is missing (null, NaN), empty or blank has no answer: its row is null there.

    Args:
        frame: A data frame of pandas, Polars, PyArrow or another library that narwhals knows, in memory.
        column: The column of the texts; None takes ``text``, or the only column there is.
        model: A classifier, a model folder, or a repository's id on the Hugging Face Hub; None is the model
            that comes with the package.
        prefix: Put before the names of the added columns. None puts nothing, or ``predicted_`` if the frame
            has a column of such a name: nothing of yours is overwritten.
        abstain: Answer ``unsure`` as ``TextClassifier.unsure`` does; adds ``language`` and ``unknown_share``.

    Raises:
        InputError: If it is no such frame, two of its columns have one name, or an added name is taken.
        DataError: If there is no such column, or it holds something else than texts.
        ArtifactError, MissingExtraError: As ``SentimentClassifier.from_pretrained``.
    """
    nw = require("narwhals.stable.v2", extra="frames")
    table = _table(nw, frame)
    texts = _texts(table, column)
    answers = answers_of(load_once(model), texts, abstain=abstain)
    before = prefix_for(answers, table.columns, prefix)
    for name in answers:
        if before + name in table.columns:
            raise InputError(f"{_NAME} {taken_name(before + name, 'give the added columns another prefix')}")
    added = [
        nw.new_series(
            before + name, values, nw.String if name in WORDS else nw.Float64, backend=table.implementation
        )
        for name, values in answers.items()
    ]
    labelled: Frame = table.with_columns(*added).to_native()
    return labelled


def _table(nw: Any, frame: Any) -> Any:
    """Return a frame as narwhals sees it."""
    exceptions = require("narwhals.exceptions", extra="frames")
    try:
        table = nw.from_native(frame, eager_only=True)
        list(table.columns)  # of some kinds of frame, names that repeat are seen here
    except exceptions.DuplicateError:
        raise InputError(f"two columns of {_NAME} have one name: give one of them another") from None
    except TypeError:
        lazy = hasattr(frame, "collect")
        advice = "call its collect() first" if lazy else "give one of pandas, Polars or PyArrow"
        raise InputError(
            f"classify_frame wants a data frame in memory, got {type(frame).__name__}: {advice}"
        ) from None
    return table


def _texts(table: Any, column: str | None) -> list[str]:
    """Return the texts in a column, "" where there is none."""
    names = {str(name): name for name in table.columns}  # pandas' may be numbers
    shown = text_column_of([*names], None if column is None else str(column), _NAME)
    texts = []
    for row, value in enumerate(table.get_column(names[shown]).to_list(), 1):
        try:
            texts.append(text_of({shown: value}, shown))
        except BadRow as bad:
            raise DataError(f"{_NAME}, row {row}: {bad}") from None
    return texts
