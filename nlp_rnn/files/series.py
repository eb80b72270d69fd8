"""Series of numbers in time: read from a file, and refused where no forecaster can learn from them.

Knows rows and numbers; knows no models. How times are written is ``stamps.py``'s to know, which of them are
missing ``calendar.py``'s, how gaps are filled ``gaps.py``'s.

Shapes: T steps, F series.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlp_rnn.errors import DataError, InputError, one_of
from nlp_rnn.files.digits import output_places, places_of_all, write_number
from nlp_rnn.files.gaps import FILLS, fill_begun, first_complete, longest_gap
from nlp_rnn.files.rows import Complaints, RowReader, no_column
from nlp_rnn.files.stamps import (
    BadTime,
    Stamps,
    Style,
    is_number,
    is_time,
    number_style,
    read_stamps,
    text_of_cell,
)
from nlp_rnn.files.tables import Layout
from nlp_rnn.files.timeline import Timeline, timeline_of

F64 = NDArray[np.float64]
Rows = list[tuple[int, dict[str, Any]]]

_MISSING = frozenset(["", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none"])
_WAYS_OUT = f"name a rule to fill it (--fill {', '.join(FILLS)}), or use a stretch without gaps"
_ROUNDING = 4 * float(np.finfo(np.float64).eps)  # a series that moves less stands still
_COMMA = re.compile(r"[-+]?\d[\d.]*(?:,\d+)+(?:\.\d+)?")
_POINT = "write it with a decimal point, and with nothing between the thousands: 0.5, 1234.5"
_IGNORED = "ignore"  # of gaps in time: rows follow each other, whatever their times say


@dataclass(frozen=True, eq=False)
class Series:
    """One or several series over the same steps.

    Attributes:
        columns: Their names.
        values_TF: Their values.
        times_T: When each step was, in UTC where the file has zones; None where it has no times.
        timeline: The rule that the times, or the numbers of the steps, follow; None where there are none.
        decimals: Places after the point that each series is written with.
        notes: What a reader decided that its user should know, one sentence each.
    """

    columns: tuple[str, ...]
    values_TF: F64
    times_T: NDArray[np.datetime64] | None = None
    timeline: Timeline | None = None
    decimals: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()

    def next_steps(self, steps: int) -> list[str]:
        """Return the times of the steps after the last as the file writes them; else numbers from 1."""
        if self.timeline is None:
            return [str(step) for step in range(1, steps + 1)]
        return self.timeline.after(steps)

    def write(self, column: int, value: float) -> str:
        """Return a forecast of a series with the digits that the series has, and enough to see its spread."""
        places = self.decimals[column] if self.decimals is not None else 0
        return write_number(value, output_places(self.values_TF[:, column], places))


def read_series(
    path: str | Path,
    *,
    columns: Sequence[str] | None = None,
    time_column: str | None = None,
    fill: str | None = None,
    format: str = "auto",  # noqa: A002
    layout: Layout | None = None,
) -> Series:
    """Read the series of a CSV, TSV, JSON Lines or Parquet file.

    Times are in ISO form (2024-01, 2024-01-31, 2024-01-31 13:00, with a zone or without), in digits
    (20240131), seconds or milliseconds since 1970, years, or numbers of steps. They must follow a rule: a
    fixed distance, a day in every so many months, or the same hours on the same weekdays. A step that the
    rule has and the file has not is a gap.

    Args:
        path: The file; ``-`` is standard input.
        columns: Which columns to read; None takes all that have a name, but the times.
        time_column: Which column holds the times; None takes the first if it holds times or counts steps,
            else the first that holds times in ISO form.
        fill: What to do with missing values and gaps: ``linear``, ``previous`` or ``zero``, as in
            ``fill_missing``; steps before the first value of each series are left out, but with ``zero``.
            ``ignore`` takes the rows as they follow each other, whatever their times say. None refuses both.
        format: One of ``FORMATS``, or ``auto`` to go by the name.
        layout: Delimiter, quoting, encoding and header, where the file does not show them. Without a header,
            a single column is called ``value``, several are called ``1``, ``2``, ...

    Raises:
        ConfigError: If there is no such rule to fill, or no such format.
        InputError: If the name does not say a format, or ``layout`` has what means nothing in it.
        DataError: On a missing or unreadable value (a blank line between rows is one, too), on a header
            that is a row of numbers, and on times that are not in order, come twice, leave gaps or follow no
            rule; the message names file and row.
    """
    if fill is not None:
        one_of("fill", fill, (*FILLS, _IGNORED))
    name, found, unnamed = _read_rows(path, columns or (), format, layout)
    time_column, kept, notes = _choose_columns(name, found, unnamed, columns, time_column)
    rule = None if fill == _IGNORED else fill
    if rule is not None and time_column is not None:
        found = [each for each in found if each[1]]  # a blank line is no step where times say what one is
    values_TF = np.array(
        [[_number(fields, column, f"{name}, row {row}", rule) for column in kept] for row, fields in found]
    )
    times_T, timeline = None, None
    if time_column is not None and fill != _IGNORED:
        stamps, timeline = _timeline(found, time_column, name)
        times_T = stamps.utc_T
    if timeline is not None:
        times_T, values_TF = _on_grid(timeline, times_T, values_TF, rule, found, name)
        notes += timeline.notes
    if rule is not None:
        values_TF, cut, said = _filled(values_TF, kept, rule, name)
        times_T = times_T if times_T is None else times_T[cut:]
        notes += said
    return Series(kept, values_TF, times_T, timeline, _decimals(found, kept), tuple(notes))


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
            "fill the gaps (nlp_rnn.files.fill_missing), or use a stretch without them"
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
        if np.ptp(values_T) <= _ROUNDING * float(np.abs(values_T).max()):
            raise InputError(
                f"the series {column!r} is constant ({values_T[0]:g}) in the part to learn from: "
                "there is nothing to learn; leave it out"
            )
        if log and values_T.min() <= 0:
            raise InputError(
                f"the series {column!r} has the value {values_T.min():g}, and log=True needs values above 0"
            )


def _read_rows(
    path: str | Path,
    asked: Sequence[str],
    format: str,  # noqa: A002
    layout: Layout | None,
) -> tuple[str, Rows, list[str]]:
    """Return a file's name, its rows and the columns that its header gives no name.

    Raises:
        DataError: If it has no rows, or a row of values for a header.
    """
    reader = RowReader(
        path, format=format, complaints=Complaints("raise"), blank=True, layout=layout, texts=False
    )
    with reader as rows:
        header = zip(rows.columns or (), rows.header or (), strict=False)
        unnamed = [column for column, written in header if not written.strip()]
        if rows.delimiter and rows.header is not None:
            _check_header([each for each in rows.columns or () if each not in unnamed], asked, rows.name)
        found = list(rows)
    if not any(fields for _, fields in found):
        raise DataError(f"{rows.name} has no rows")
    return rows.name, found, unnamed


def _choose_columns(
    name: str, found: Rows, unnamed: Sequence[str], columns: Sequence[str] | None, time_column: str | None
) -> tuple[str | None, tuple[str, ...], list[str]]:
    """Return the column of times, those of values, and what to say of a choice that may not be meant.

    Raises:
        DataError: If a column that is asked for is not there, or none is left for values.
    """
    names = list(next(fields for _, fields in found if fields))
    for wanted in [*(columns or ()), *([time_column] if time_column is not None else ())]:
        if wanted not in names:
            raise DataError(f"{name}: {no_column(wanted, names)}")
    notes: list[str] = []
    names = _without_empty(names, unnamed, found)
    if time_column is None:
        time_column, notes = _find_times(names, found, columns)
    values = [each for each in names if each != time_column]
    kept = tuple(columns or [each for each in values if each not in unnamed] or values)
    if not kept:
        raise DataError(f"{name} has no column of values; its columns are {', '.join(names)}")
    if not columns and len(kept) < len(values):
        notes.append("left out what stands in columns without a name")
    return time_column, kept, notes


def _without_empty(names: list[str], unnamed: Sequence[str], found: Rows) -> list[str]:
    """Return the columns without those that have neither a name nor a value, as behind a last comma."""
    empty = [each for each in unnamed if all(_is_missing(fields.get(each)) for _, fields in found if fields)]
    return [each for each in names if each not in empty] or names


def _decimals(found: Rows, columns: Sequence[str]) -> tuple[int, ...]:
    """Return the most places after the point in each column."""
    cells = ((fields.get(column) for _, fields in found) for column in columns)
    return tuple(places_of_all(cell for cell in each if not _is_missing(cell)) for each in cells)


def _check_header(header: Sequence[str], asked: Sequence[str], name: str) -> None:
    """Refuse a header that is a row of values: of numbers, or of numbers and times."""
    if any(map(is_number, header)) and all(
        is_number(cell) or is_time(cell) for cell in header if cell not in asked
    ):
        if set(header) <= set(asked):
            return  # columns that are called 2019 and 2020, and asked for by these names
        raise DataError(
            f"{name}: its first row is {', '.join(header)[:60]}, so the row of names is missing: add one "
            "above it, such as time,value, or say so with --no-header"
        )


def _find_times(
    names: Sequence[str], found: Rows, columns: Sequence[str] | None
) -> tuple[str | None, list[str]]:
    """Return the column of times, if there is one, and what to say of a choice that may not be meant."""
    firsts = {
        each: next((text for _, row in found if not _is_missing(text := row.get(each))), None)
        for each in names
    }
    texts = {each: text_of_cell(cell) for each, cell in firsts.items()}
    free = [each for each in names if each not in (columns or ())]
    if names[0] in free and texts[names[0]] and not is_number(texts[names[0]]):
        # A single column whose first cell is no number is a series with a bad value, unless it is a time.
        if is_time(texts[names[0]]) or (len(names) > 1 and not any(is_time(texts[each]) for each in free)):
            return names[0], []
    elif names[0] in free and len(names) > 1:
        style = number_style([text_of_cell(row.get(names[0])) for _, row in found if row], names[0])
        if style is not None:
            note = (
                f"the first column, {names[0]!r}, is read as {style.name}; to read it as a series, name it "
                "among the columns"
            )
            return names[0], [] if columns else [note]
    for each in free:
        if is_time(texts[each]) and len(names) > 1:
            return each, [f"the column {each!r} is read as the times"]
    return None, []


def _is_missing(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in _MISSING
    return value is None or bool(value != value)  # NaN, NaT


def _number(fields: Mapping[str, Any], column: str, where: str, rule: str | None) -> float:
    value = fields.get(column)
    if _is_missing(value):
        if rule is None:
            raise DataError(f"{where}: {column!r} is missing: {_WAYS_OUT}")
        return float("nan")
    number = float("nan")
    if isinstance(value, str):
        # Python's float() also reads 1_96 and digits of other scripts, and nobody means these as numbers.
        number = float(value) if is_number(value.strip()) else number
    elif isinstance(value, (int, float, Decimal, np.number)) and not isinstance(value, bool):
        number = float(value)
    if not np.isfinite(number):
        comma = isinstance(value, str) and _COMMA.fullmatch(value.strip()) is not None
        raise DataError(
            f"{where}: {column!r} is {value!r:.40}, not a finite number; "
            f"{_POINT if comma else 'to read other columns, name them'}"
        )
    return number


def _timeline(found: Rows, column: str, name: str) -> tuple[Stamps, Timeline | None]:
    """Return the times of a column, and the rule that they follow; no rule for a single row."""
    texts = [text_of_cell(fields.get(column)) for _, fields in found]
    try:
        numbers = all(map(is_number, texts))
        style = number_style(texts, column) if numbers and len(texts) > 1 else None
        if numbers and style is None:
            style = Style("number")
        stamps = read_stamps(texts, style)
    except BadTime as error:
        raise DataError(f"{name}, row {found[error.step][0]}: {error}") from None
    order = stamps.utc_T if stamps.utc_T is not None else stamps.numbers_T
    assert order is not None
    _check_rising(order, texts, found, name)
    if len(texts) < 2:
        return stamps, None
    try:
        return stamps, timeline_of(stamps, texts)
    except InputError as error:
        raise DataError(
            f"{name}, column {column!r}: {error}; mend the times, or take the rows as they follow each other "
            f"(--fill {_IGNORED})"
        ) from None


def _check_rising(order_T: NDArray[Any], texts: Sequence[str], found: Rows, name: str) -> None:
    """Refuse the first row whose time is not after that of the row before it."""
    for t in np.flatnonzero(order_T[1:] <= order_T[:-1])[:1]:
        row, text = found[t + 1][0], texts[t + 1]
        if (order_T[: t + 1] == order_T[t + 1]).any():
            hint = " (where a clock was put back, write the zone: 02:00+01:00)" if ":" in text else ""
            raise DataError(
                f"{name}, row {row}: the time {text} comes twice; keep one row for each time{hint}"
            )
        raise DataError(
            f"{name}, row {row}: the time {text} is before that of the row above ({texts[t]}); sort the rows"
        )


def _on_grid(
    timeline: Timeline,
    times_T: NDArray[np.datetime64] | None,
    values_TF: F64,
    rule: str | None,
    found: Rows,
    name: str,
) -> tuple[NDArray[np.datetime64] | None, F64]:
    """Return times and values with a row of NaN for each step that has none.

    Raises:
        DataError: If there are gaps and no rule to fill them, or more gaps than rows.
    """
    places_T = timeline.places_T
    gaps = np.flatnonzero(np.diff(places_T) > 1)
    if not len(gaps):
        return times_T, values_TF
    count, at = int(places_T[-1]) + 1 - len(places_T), int(gaps[0])
    before, after = timeline.write(places_T[[at, at + 1]])
    if rule is None or count > len(places_T):
        way_out = _WAYS_OUT if rule is None else "more are missing than are there, so use one stretch of it"
        lost = int(places_T[at + 1] - places_T[at]) - 1
        raise DataError(
            f"{name}, row {found[at + 1][0]}: {_counted(lost)} missing between {before} and {after} "
            f"({count:,} in all; a step is {timeline.name}): {way_out}"
        )
    grid_TF = np.full((places_T[-1] + 1, values_TF.shape[1]), np.nan)
    grid_TF[places_T] = values_TF
    grid_T = timeline.times()
    if times_T is None or grid_T is None:
        return None, grid_TF
    # Where the rule is that of a zone's clock, a filled step has the zone of the step before it.
    behind = np.searchsorted(places_T, np.arange(len(grid_T)), "right") - 1
    return grid_T + (times_T - grid_T[places_T])[behind], grid_TF


def _filled(values_TF: F64, columns: Sequence[str], rule: str, name: str) -> tuple[F64, int, list[str]]:
    """Return the values filled, how many steps were cut off before them, and what to say of both."""
    empty = [
        column for column, values_T in zip(columns, values_TF.T, strict=True) if np.isnan(values_T).all()
    ]
    if empty:
        raise DataError(f"{name}: {empty[0]!r} has no value; name the columns to read without it")
    cut = 0 if rule == "zero" else first_complete(values_TF)
    notes = []
    if cut:
        notes.append(f"left out the first {_counted(cut)}, where a series has not begun")
    missing_TF = values_TF[cut:]
    count = int(np.isnan(missing_TF).sum())
    if count:
        notes.append(
            f"filled {count:,} of {missing_TF.size:,} values ({rule}); the longest gap has "
            f"{_counted(longest_gap(missing_TF))}"
        )
    return fill_begun(values_TF, rule)[cut:], cut, notes


def _counted(steps: int) -> str:
    return f"{steps:,} step{'' if steps == 1 else 's'}"
