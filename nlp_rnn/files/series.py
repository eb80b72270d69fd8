"""Series of numbers in time: read from a file, and refused where no forecaster can learn from them.

Knows rows and numbers; knows no models.

Shapes: T steps, F series.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlp_rnn.errors import DataError, InputError
from nlp_rnn.files.rows import Complaints, RowReader

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Series:
    """One or several series over the same steps.

    Attributes:
        columns: Their names.
        values_TF: Their values.
        times_T: When each step was; None where the file has no times.
    """

    columns: tuple[str, ...]
    values_TF: F64
    times_T: NDArray[np.datetime64] | None = None


def read_series(
    path: str | Path, *, columns: Sequence[str] | None = None, time_column: str | None = None
) -> Series:
    """Read the series of a CSV, TSV, JSON Lines or Parquet file.

    Args:
        path: The file; ``-`` is standard input.
        columns: Which columns to read; None takes all but the times.
        time_column: Which column holds the times, in ISO form (2024-01, 2024-01-31, 2024-01-31 13:00); None
            takes the first column if it holds no numbers. Times with a zone (Z, +02:00) become UTC.

    Raises:
        DataError: On a missing or unreadable value (a blank line between rows is one, too), and on times that
            are not in order or come twice; the message names file and row.
    """
    with RowReader(path, complaints=Complaints("raise"), blank=True) as rows:
        name, found = rows.name, list(rows)
    first = next((fields for _, fields in found if fields), None)
    if first is None:
        raise DataError(f"{name} has no rows")
    names = list(first)
    for wanted in [*(columns or ()), *([time_column] if time_column else ())]:
        if wanted not in names:
            raise DataError(f"{name}: no column {wanted!r}; the columns are {', '.join(names)}")
    if time_column is None and names[0] not in (columns or ()) and not _is_number(first[names[0]]):
        time_column = names[0]
    kept = tuple(columns or (each for each in names if each != time_column))
    if not kept:
        raise DataError(f"{name} has no column of values; its columns are {', '.join(names)}")
    values_TF = np.array(
        [[_number(fields, column, f"{name}, row {row}") for column in kept] for row, fields in found]
    )
    times_T = None if time_column is None else _times(found, time_column, name)
    return Series(kept, values_TF, times_T)


def values_of(series: ArrayLike | Series) -> F64:
    """Return the values of one or several series, as (T, F), each of them a finite number.

    Raises:
        InputError: If they are no numbers, one is missing (NaN) or infinite, or the shape is another.
    """
    if isinstance(series, Series):
        series = series.values_TF
    try:
        values = np.asarray(series, np.float64)
    except (TypeError, ValueError):
        raise InputError("a series holds numbers only: give an array of shape (T,) or (T, F)") from None
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or not values.size:
        raise InputError(f"a series has shape (T,), or (T, F) for several; this one has {np.shape(series)}")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        step, column = bad[0]
        kind = "missing" if np.isnan(values[step, column]) else "infinite"
        raise InputError(
            f"the value at step {step} of series {column} is {kind} ({len(bad)} such values in all): "
            "fill the gaps, or use a stretch without them"
        )
    return values


def check_trainable(values_TF: F64, columns: Sequence[str], *, least: int, log: bool) -> None:
    """Refuse a series that no forecaster can learn from.

    Args:
        values_TF: The training part.
        columns: Names for messages.
        least: Steps needed.
        log: True if logarithms will be taken.

    Raises:
        InputError: If the series is too short, constant, or not positive where ``log`` asks for it.
    """
    if len(values_TF) < least:
        raise InputError(
            f"the series is too short: it has {len(values_TF)} steps, and this context and horizon need at "
            f"least {least}; use a longer series, or a smaller context or horizon"
        )
    for column, values_T in zip(columns, values_TF.T, strict=True):
        if np.ptp(values_T) <= 1e-9 * max(1.0, float(np.abs(values_T).max())):
            raise InputError(
                f"the series {column!r} is constant ({values_T[0]:g}) in the part to learn from: "
                "there is nothing to learn; leave it out"
            )
        if log and values_T.min() <= 0:
            raise InputError(
                f"the series {column!r} has the value {values_T.min():g}, and log=True needs values above 0"
            )


def next_times(times_T: NDArray[np.datetime64], steps: int) -> NDArray[np.datetime64]:
    """Return the times of the steps after the last, at the most common distance.

    >>> next_times(np.array(["2024-11", "2024-12"], "datetime64[M]"), 2).astype(str).tolist()
    ['2025-01', '2025-02']
    """
    distances, counts = np.unique(np.diff(times_T), return_counts=True)
    future: NDArray[np.datetime64] = times_T[-1] + distances[counts.argmax()] * np.arange(1, steps + 1)
    return future


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def _number(fields: Mapping[str, Any], column: str, where: str) -> float:
    value = fields.get(column)
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", "na", "nan", "null")):
        raise DataError(f"{where}: {column!r} is missing; fill the gap, or leave the row's stretch out")
    if isinstance(value, bool) or not _is_number(value) or not np.isfinite(float(value)):
        raise DataError(f"{where}: {column!r} is {value!r:.40}, not a finite number")
    return float(value)


def _times(found: Sequence[tuple[int, Mapping[str, Any]]], column: str, name: str) -> NDArray[np.datetime64]:
    texts = [str(fields.get(column) or "").strip() for _, fields in found]
    times = []
    with warnings.catch_warnings():
        # NumPy turns a zone into UTC, which is what is wanted here, and warns of it.
        warnings.filterwarnings("ignore", "no explicit representation of timezones", UserWarning)
        for (row, _), text in zip(found, texts, strict=True):
            try:
                times.append(np.datetime64(text))
            except ValueError:
                times.append(np.datetime64("NaT"))
            if np.isnat(times[-1]):
                raise DataError(
                    f"{name}, row {row}: {text!r:.40} is no time in ISO form, like 2024-01-31 or "
                    "2024-01-31 13:00"
                )
    times_T = np.array(times)
    # The first row whose time is not after that of the row before it.
    for t in np.flatnonzero(np.diff(times_T) <= np.timedelta64(0))[:1]:
        row, text = found[t + 1][0], texts[t + 1]
        if np.unique(times_T).size < times_T.size and (times_T[: t + 1] == times_T[t + 1]).any():
            raise DataError(f"{name}, row {row}: the time {text} comes twice; keep one row for each time")
        raise DataError(
            f"{name}, row {row}: the time {text} is before that of the row above ({texts[t]}); sort the rows"
        )
    return times_T
