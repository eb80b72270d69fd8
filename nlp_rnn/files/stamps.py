"""Times as a file writes them: read from its cells, and written the same way.

ISO 8601 (2024-01, 2024-01-31, 2024-01-31 13:00+02:00), digits alone (20240131), seconds since 1970, years,
and steps that are numbered. Knows cells; knows no files, and not which times come next (``calendar.py``).

Shapes: T steps.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.datetime64]
F64 = NDArray[np.float64]

_UNITS = ("Y", "M", "D", "h", "m", "s", "ms", "us", "ns")  # from coarse to fine
_ISO = re.compile(
    r"(?P<Y>\d{4})(?:-(?P<M>\d\d)(?:-(?P<D>\d\d)(?:(?P<mark>[T ])(?P<h>\d\d)"
    r"(?::(?P<m>\d\d)(?::(?P<s>\d\d)(?:\.(?P<part>\d{1,9}))?)?)?(?: ?(?P<zone>Z|[+-]\d\d(?::?\d\d)?))?)?)?)?",
    re.ASCII,
)
_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)?(?:(T?)(\d\d)(\d\d)?(\d\d)?(Z?))?", re.ASCII)
_WHOLE = re.compile(r"-?\d+(?:\.0*)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

_FIRST_YEAR, _LAST_YEAR = 1500, 2300
_MOST, _ALL = (
    0.5,
    0.999,
)  # shares of even steps: of a column that may count, and of one that does nothing else
ROUNDED = 0.02
"""How far a numbered step may be from the commonest, as a share of it: months of 0.083 and 0.084 years."""
_MANY = 8  # rows that show that
_TIME_NAMES = (
    *("year", "years", "yr", "month", "day", "hour", "date", "dates", "time", "times", "datetime"),
    *("timestamp", "epoch", "unixtime", "unix_time", "ts"),
)
_STEP_NAMES = (
    *("", "index", "idx", "id", "row", "rows", "row_number", "row number", "no", "no.", "nr", "nr."),
    *("number", "#", "n", "step", "steps", "t", "period", "obs", "unnamed: 0"),
)


class BadTime(Exception):
    """A cell that is no time, with its place in the column."""

    def __init__(self, step: int, reason: str) -> None:
        super().__init__(reason)
        self.step = step


@dataclass(frozen=True)
class Style:
    """How a column writes its times.

    Attributes:
        kind: ``iso``, ``digits``, ``epoch`` or ``number``.
        unit: What the last place counts, as NumPy calls it; "" for numbers.
        mark: Between day and hour.
        zone: As written at the last step; "" without one.
    """

    kind: str
    unit: str = ""
    mark: str = ""
    zone: str = ""

    def write(self, times_T: Times) -> list[str]:
        """Return local times as the column writes them."""
        if self.kind == "epoch":
            return [str(number) for number in times_T.astype(f"datetime64[{self.unit}]").astype(np.int64)]
        texts = times_T.astype(f"datetime64[{self.unit}]").astype(str).tolist()
        if self.kind == "digits":
            texts = [re.sub("[-:]", "", text) for text in texts]
        return [text.replace("T", self.mark) + self.zone for text in texts]

    @property
    def name(self) -> str:
        """What the column holds, in a user's words."""
        if self.kind == "number":
            return "the numbers of the steps"
        if self.kind == "epoch":
            return {"s": "seconds", "ms": "milliseconds"}.get(self.unit, self.unit) + " since 1970"
        return "years" if self.unit == "Y" else "times" if self.unit not in ("M", "D") else "dates"


# Which whole numbers are taken for times: years, and seconds (or their parts) since 1970, from 1973 to 2100.
_RANGES = (
    (Style("iso", "Y"), _FIRST_YEAR, _LAST_YEAR),
    *((Style("epoch", unit), 1e8 * 1e3**at, 4.2e9 * 1e3**at) for at, unit in enumerate(_UNITS[5:])),
)


@dataclass(frozen=True, eq=False)
class Stamps:
    """The times of a column.

    Attributes:
        style: How they are written.
        local_T: Times on the clock of their zone; None where steps are numbered.
        offset_T: What to subtract for UTC, in minutes; None without zones.
        numbers_T: The numbers of the steps; None where there are times.
    """

    style: Style
    local_T: Times | None = None
    offset_T: NDArray[np.int64] | None = None
    numbers_T: F64 | None = None

    @property
    def utc_T(self) -> Times | None:
        """The times in UTC (as they stand where there is no zone)."""
        if self.local_T is None or self.offset_T is None:
            return self.local_T
        utc_T: Times = self.local_T - self.offset_T.astype("timedelta64[m]")
        return utc_T


def text_of_cell(value: Any) -> str:
    """Return a cell as text: whole numbers without the point that tables with gaps give them.

    >>> text_of_cell(2015.0), text_of_cell(" 2024-01 "), text_of_cell(None)
    ('2015', '2024-01', '')
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


def is_number(text: str) -> bool:
    """Return whether a text is a plain decimal number, in ASCII; ``1_96``, which Python reads, is none.

    >>> is_number("-1.5e3"), is_number("1_96"), is_number("nan")
    (True, False, False)
    """
    return _NUMBER.fullmatch(text) is not None


def is_time(text: str) -> bool:
    """Return whether a text is a time with a sign between year and month; a bare number is none."""
    return "-" in text[1:] and _ISO.fullmatch(text) is not None


def number_style(texts: Sequence[str], name: str) -> Style | None:
    """Return what times a column of numbers holds, or None if it is like a series of values.

    Args:
        texts: Its cells.
        name: The column's name: *year* or *id* say more than numbers do.
    """
    if not all(map(is_number, texts)) or len(texts) < 2:
        return None
    called = name.strip().lower()
    numbers_T = np.array(texts, np.float64)
    rising, even = _is_monotone(numbers_T), _share_even(numbers_T)
    if all(_WHOLE.fullmatch(text) for text in texts):
        style = _digit_style([text.partition(".")[0] for text in texts])
        if style is not None:
            return style
        likely = rising and (even > _MOST or called in (*_TIME_NAMES, *_STEP_NAMES))
        for style, low, high in _RANGES:
            if likely and low <= numbers_T.min() and numbers_T.max() <= high:
                return style
    # A column that only counts is no series; of few rows, or with gaps, its name or its start must say so.
    counted = numbers_T[0] in (0, 1) and bool((np.diff(numbers_T) == 1).all())
    many = even > _ALL and len(numbers_T) >= _MANY
    named = even > _MOST and (called in _STEP_NAMES or (rising and called in _TIME_NAMES))
    return Style("number") if many or counted or named else None


def read_stamps(texts: Sequence[str], style: Style | None = None) -> Stamps:
    """Return the times of a column.

    Args:
        texts: Its cells.
        style: What ``number_style`` said of a column of numbers; None reads ISO forms.

    Raises:
        BadTime: At the first cell that is no time of that style.
    """
    if style is None:
        return _iso(texts)
    if style.kind == "iso":  # years
        return _iso([text.partition(".")[0] for text in texts])
    if style.kind == "digits":
        return _from_digits(texts, style)
    numbers_T = np.array(texts, np.float64)
    if style.kind == "number":
        return Stamps(style, numbers_T=numbers_T)
    whole_T = np.array([int(text.partition(".")[0]) for text in texts])
    return Stamps(style, whole_T.astype(f"datetime64[{style.unit}]"))


def _digit_style(texts: Sequence[str]) -> Style | None:
    """Return the style of dates in digits alone, if every cell is one; else None."""
    length = len(texts[0])
    if length not in (6, 8, 10, 12, 14) or any(len(text) != length for text in texts):
        return None
    try:
        local_T = _from_digits(texts, Style("digits")).local_T
    except BadTime:
        return None
    assert local_T is not None
    years = local_T.astype("datetime64[Y]").astype(np.int64) + 1970
    if years.min() < _FIRST_YEAR or years.max() > _LAST_YEAR:
        return None
    # A few numbers look like months by chance (202401): months must also go on, or back.
    if length == 6 and (len(local_T) < 2 or not _is_monotone(local_T.astype(np.float64))):
        return None
    return Style("digits", _UNITS[length // 2 - 2])


def _is_monotone(numbers_T: F64) -> bool:
    changes = np.diff(numbers_T)
    return len(changes) > 0 and bool((changes >= 0).all() or (changes <= 0).all()) and bool(changes.any())


def _share_even(numbers_T: F64) -> float:
    """Return the share of steps that are as long as most are, but for rounding; 0 if they do not move."""
    changes = np.diff(numbers_T)
    middle = np.median(changes)
    return 0.0 if middle == 0 else float((np.abs(changes - middle) <= ROUNDED * np.abs(middle)).mean())


def _from_digits(texts: Sequence[str], style: Style) -> Stamps:
    isos, found = [], None
    for step, text in enumerate(texts):
        found = _DIGITS.fullmatch(text.partition(".")[0])
        if found is None:
            raise BadTime(step, f"{text!r:.40} is no date in digits, like 20240131")
        year, month, day, _, hour, minute, second, _ = found.groups()
        date = "-".join(part for part in (year, month, day) if part)
        isos.append(date + ("T" + ":".join(part for part in (hour, minute, second) if part) if hour else ""))
    stamps = _iso(isos)
    mark, zone = (found[4] or "", found[8] or "") if found is not None else ("", "")
    return Stamps(Style("digits", stamps.style.unit, mark, zone), stamps.local_T)


def _iso(texts: Sequence[str]) -> Stamps:
    bare, units, offsets = [], set(), []
    mark = zone = ""
    for step, text in enumerate(texts):
        found = _ISO.fullmatch(text)
        if found is None:
            digits = _DIGITS.fullmatch(text)
            if digits is not None and digits[4]:  # ISO's basic form: 20240131T1300
                return _from_digits(texts, Style("digits"))
            raise BadTime(step, f"{text!r:.40} is no time in ISO form, like 2024-01-31 or 2024-01-31 13:00")
        zone, mark = found["zone"] or "", found["mark"] or mark
        bare.append(text[: found.start("zone")].rstrip() if zone else text)
        units.add(_unit_of(found))
        offsets.append(_minutes(zone))
        if (offsets[-1] is None) != (offsets[0] is None):
            kinds = ("has no zone", "has one") if zone == "" else ("has a zone", "has none")
            raise BadTime(
                step, f"the time {text} {kinds[0]}, and the first {kinds[1]}: write all the same way"
            )
    unit = max(units, key=_UNITS.index)
    local_T = _converted(bare, unit)
    if offsets[0] is None:
        return Stamps(Style("iso", unit, mark), local_T)
    return Stamps(Style("iso", unit, mark, zone), local_T, np.array(offsets, np.int64))


def _converted(texts: Sequence[str], unit: str) -> Times:
    """Return texts of ISO form as times; finds the one that is on no calendar (30 February)."""
    try:
        return np.array(texts, f"datetime64[{unit}]")
    except ValueError:
        for step, text in enumerate(texts):
            try:
                np.datetime64(text)
            except ValueError:
                raise BadTime(step, f"{text!r:.40} is on no calendar or clock") from None
        raise


def _unit_of(found: re.Match[str]) -> str:
    if found["part"]:
        return _UNITS[5 + -(-len(found["part"]) // 3)]
    return next(unit for unit in ("s", "m", "h", "D", "M", "Y") if found[unit])


def _minutes(zone: str) -> int | None:
    """Return a zone's distance from UTC in minutes; None without a zone."""
    if zone in ("", "Z"):
        return None if not zone else 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (-1 if zone[0] == "-" else 1) * (60 * int(digits[:2]) + int(digits[2:]))
