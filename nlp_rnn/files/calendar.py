"""Regular times: the rule that they follow, which of them are missing, and which come next.

A rule is one of three: a fixed distance; a day in every so many months (the 15th, the last day, the first or
last weekday, the third Friday); the same hours on the same weekdays (business days, business hours). They are
found by trial: the rule is right if it gives back the very times, and the one that leaves fewest out is
taken. They are the rules behind pandas' offsets (B, ME, MS, BME, BMS, QE, YE, WOM, bh), without pandas.

Shapes: T steps, N places on the rule's grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import InputError

Times = NDArray[np.datetime64]
Places = NDArray[np.int64]
Changes = NDArray[np.timedelta64]

_DAY = np.timedelta64(1, "D")
_MONDAY = np.datetime64("1970-01-05", "D")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SATURDAY = 5
_MOST_HOURS = 96  # times of the day in a weekly pattern
_OFTEN = 3  # how often a weekday or an hour must have come to be part of one
_UNITS = (
    ("week", np.timedelta64(1, "W")),
    ("day", _DAY),
    ("hour", np.timedelta64(1, "h")),
    ("minute", np.timedelta64(1, "m")),
    ("second", np.timedelta64(1, "s")),
)


class Rule(Protocol):
    """A rule that times follow: places on it are whole numbers, one for each step."""

    @property
    def name(self) -> str:
        """The rule in a user's words, such as ``1 hour``."""

    def places(self, times_T: Times) -> Places | None:
        """Return where times stand on the rule, the first at 0; None if the rule is not theirs."""

    def times(self, first: np.datetime64, places_N: Places) -> Times:
        """Return the times at places, counted from ``first``."""


@dataclass(frozen=True)
class Fixed:
    """One distance between all steps."""

    distance: np.timedelta64

    @property
    def name(self) -> str:
        """The rule in a user's words."""
        for unit, code in (("year", "Y"), ("month", "M")):
            if np.datetime_data(self.distance)[0] == code:
                return _counted(int(self.distance.astype(np.int64)), unit)
        for unit, size in _UNITS:
            if self.distance % size == np.timedelta64(0):
                return _counted(int(self.distance / size), unit)
        return str(self.distance)

    def places(self, times_T: Times) -> Places | None:
        """Return where times stand on the rule, the first at 0; None if the rule is not theirs."""
        away_T: Any = times_T - times_T[0]
        if (away_T % self.distance).astype(np.int64).any():
            return None
        places_T: Places = (away_T // self.distance).astype(np.int64)
        return places_T

    def times(self, first: np.datetime64, places_N: Places) -> Times:
        """Return the times at places, counted from ``first``."""
        found: Any = first + self.distance * places_N
        return np.asarray(found)


@dataclass(frozen=True)
class Monthly:
    """A day in every so many months.

    Attributes:
        count: Months from step to step.
        day: Of the month; 31 is the last day, whatever the month.
        weekday: Instead: Monday is 0; ``None`` is any of Monday to Friday if ``week`` is given.
        week: Of the month: 0 is the first such weekday in it, -1 the last; None goes by ``day``.
    """

    count: int
    day: int = 0
    weekday: int | None = None
    week: int | None = None

    @property
    def name(self) -> str:
        """The rule in a user's words."""
        every = {1: "month", 3: "quarter", 12: "year"}.get(self.count)
        every = _counted(1, every) if every else _counted(self.count, "month")
        if self.week is None:
            return f"{every} (the last day)" if self.day == 31 else every
        order = {-1: "last", 0: "first", 1: "second", 2: "third", 3: "fourth"}.get(self.week, "fifth")
        return f"{every} (the {order} {'weekday' if self.weekday is None else _WEEKDAYS[self.weekday]})"

    def places(self, times_T: Times) -> Places | None:
        """Return where times stand on the rule, the first at 0; None if the rule is not theirs."""
        months_T = _months(times_T)
        away_T = months_T - months_T[0]
        if (away_T % self.count).any():
            return None
        places_T: Places = away_T // self.count
        return places_T if _equal(self.times(times_T[0], places_T), times_T) else None

    def times(self, first: np.datetime64, places_N: Places) -> Times:
        """Return the times at places, counted from ``first``."""
        months_N = (_months(first) + self.count * places_N).astype("datetime64[M]")
        start_N, end_N = months_N.astype("datetime64[D]"), (months_N + 1).astype("datetime64[D]") - _DAY
        if self.week is None:
            days_N = np.minimum(start_N + (self.day - 1), end_N)
        else:
            mask = "1111100" if self.weekday is None else [day == self.weekday for day in range(7)]
            if self.week >= 0:
                days_N = np.busday_offset(start_N, self.week, roll="forward", weekmask=mask)
            else:
                days_N = np.busday_offset(end_N, self.week + 1, roll="backward", weekmask=mask)
        return _at_hour(days_N, first)


@dataclass(frozen=True)
class Weekly:
    """The same times of the day on the same weekdays.

    Attributes:
        weekdays: Seven flags, Monday first.
        hours: Distances from midnight, rising.
    """

    weekdays: tuple[bool, ...]
    hours: tuple[np.timedelta64, ...]

    @property
    def name(self) -> str:
        """The rule in a user's words."""
        days = " ".join(name for name, on in zip(_WEEKDAYS, self.weekdays, strict=True) if on)
        if days == "Mon Tue Wed Thu Fri":
            days = "business days"
        if len(self.hours) > 1:
            return (
                f"one of {len(self.hours)} times of every day"
                if all(self.weekdays)
                else (f"one of {len(self.hours)} times on {days}")
            )
        return "1 business day" if days == "business days" else f"one of {days}"

    def places(self, times_T: Times) -> Places | None:
        """Return where times stand on the rule, the first at 0; None if the rule is not theirs."""
        if not np.isin(_hours(times_T), self._hours).all():
            return None
        if not np.is_busday(_days(times_T), weekmask=self.weekdays).all():
            return None
        numbers_T = self._numbers(times_T)
        places_T: Places = numbers_T - numbers_T[0]
        return places_T

    def times(self, first: np.datetime64, places_N: Places) -> Times:
        """Return the times at places, counted from ``first``."""
        start = int(self._numbers(np.array([first]))[0])
        days_N, at_N = np.divmod(start + places_N, len(self.hours))
        dates_N = np.busday_offset(self._origin(), days_N, roll="forward", weekmask=self.weekdays)
        found: Times = (dates_N + self._hours[at_N]).astype(first.dtype)
        return found

    @property
    def _hours(self) -> Changes:
        return np.array(self.hours)

    def _origin(self) -> np.datetime64:
        """Return a day that is one of the rule's."""
        origin: np.datetime64 = _MONDAY + self.weekdays.index(True) * _DAY
        return origin

    def _numbers(self, times_T: Times) -> Places:
        """Return the numbers of times, counted from the origin."""
        days_T = np.busday_count(self._origin(), _days(times_T), weekmask=self.weekdays)
        numbers_T: Places = days_T * len(self.hours) + np.searchsorted(self._hours, _hours(times_T))
        return numbers_T


def find_rule(times_T: Times) -> tuple[Rule, Places]:
    """Return the rule of rising times, and where each of them stands on it.

    Of the rules that give back all of the times, the one that leaves fewest out.

    Raises:
        InputError: If there are fewer than two times, or they follow no rule: none of the three kinds
            gives more of its times than it leaves out.

    >>> rule, places = find_rule(np.array(["2024-01-31", "2024-02-29", "2024-04-30"], "datetime64[D]"))
    >>> rule.name, places.tolist()
    ('1 month (the last day)', [0, 1, 3])
    """
    if len(times_T) < 2:
        raise InputError("one time has no distance to a next one: give at least two")
    best: tuple[Rule, Places] | None = None
    for rule in _candidates(times_T):
        places_T = rule.places(times_T)
        if places_T is not None and (best is None or places_T[-1] < best[1][-1]):
            best = rule, places_T
            if places_T[-1] == len(times_T) - 1:
                break
    if best is None or (best[1][-1] >= 2 * len(times_T) and not _mostly_next(best[1])):
        raise InputError(_irregular(times_T))
    return best


def next_times(times_T: Times, steps: int) -> Times:
    """Return the times of the steps after the last, by the rule that the times follow.

    Raises:
        InputError: As ``find_rule``.

    >>> next_times(np.array(["2024-11", "2024-12"], "datetime64[M]"), 2).astype(str).tolist()
    ['2025-01', '2025-02']
    >>> next_times(np.array(["2024-01-01", "2024-02-01"], "datetime64[D]"), 2).astype(str).tolist()
    ['2024-03-01', '2024-04-01']
    """
    rule, places_T = find_rule(times_T)
    return rule.times(times_T[0], places_T[-1] + np.arange(1, steps + 1))


def _mostly_next(places_T: Places) -> bool:
    """Return whether most times follow the one before at once: long gaps, but a rule."""
    return bool((np.diff(places_T) == 1).mean() > 0.5)


def _candidates(times_T: Times) -> Iterator[Rule]:
    """Yield rules that may be those of the times, the simple ones first."""
    changes_T = np.diff(times_T)
    common = _commonest(changes_T)
    if np.datetime_data(times_T.dtype)[0] in ("Y", "M"):
        yield Fixed(common)
        yield Fixed(np.gcd.reduce(changes_T.astype(np.int64)).astype(changes_T.dtype))
        return
    # Three first days of a month are months, though they may be 31 days apart; a 4th Friday may be 4 weeks.
    monthly = list(_monthly(times_T))
    yield from (rule for rule in monthly if rule.weekday is None)
    yield Fixed(common)
    yield from (rule for rule in monthly if rule.weekday is not None)
    yield from _weekly(times_T)
    yield Fixed(np.gcd.reduce(changes_T.astype(np.int64)).astype(changes_T.dtype))


def _monthly(times_T: Times) -> Iterator[Monthly]:
    changes_T = np.diff(_months(times_T))
    if (changes_T <= 0).any() or len(np.unique(_hours(times_T))) > 1:
        return
    day_T = _day(times_T)
    last_T = ((_months(times_T) + 1).astype("datetime64[M]").astype("datetime64[D]") - _DAY) == _days(times_T)
    day = 31 if last_T.all() else int(day_T.max())
    weekdays = set(_weekday(times_T).tolist())
    for count in dict.fromkeys((int(_commonest(changes_T)), int(np.gcd.reduce(changes_T)))):
        yield Monthly(count, day)
        yield from (Monthly(count, week=week) for week in (0, -1))
        if len(weekdays) == 1:
            weeks = {int(week) for week in (day_T - 1) // 7}
            yield from (Monthly(count, weekday=min(weekdays), week=week) for week in [*sorted(weeks)[:1], -1])


def _weekly(times_T: Times) -> Iterator[Weekly]:
    hours = np.unique(_hours(times_T))
    if len(hours) > _MOST_HOURS:
        return
    steps = tuple(hours)
    found, counts = np.unique(_weekday(times_T), return_counts=True)
    _, days = np.unique(_hours(times_T), return_counts=True)
    # Uneven hours, and weeks that are not ours, only where each of them has come often enough to be meant.
    if len(hours) > 1 and days.min() < _OFTEN:
        return
    if found.max() < _SATURDAY:
        yield Weekly((True,) * _SATURDAY + (False,) * 2, steps)
    if counts.min() >= _OFTEN:
        yield Weekly(tuple(bool(day in found) for day in range(7)), steps)


def _irregular(times_T: Times) -> str:
    common = _commonest(np.diff(times_T))
    at = int(np.flatnonzero(np.diff(times_T) != common)[0])
    return (
        f"the times follow no rule: {times_T[at + 1]} comes {_distance(times_T[at + 1] - times_T[at])} after "
        f"{times_T[at]}, where the commonest distance is {_distance(common)}"
    )


def _distance(change: np.timedelta64) -> str:
    return Fixed(change).name


def _commonest(changes_T: NDArray[Any]) -> Any:
    found, counts = np.unique(changes_T, return_counts=True)
    return found[counts.argmax()]


def _counted(count: int, unit: str) -> str:
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


def _days(times: Times | np.datetime64) -> Times:
    found: Times = times.astype("datetime64[D]")
    return found


def _months(times: Times | np.datetime64) -> Places:
    found: Places = times.astype("datetime64[M]").astype(np.int64)
    return found


def _day(times_T: Times) -> Places:
    """Return the days of the month, from 1."""
    days_T: Places = (_days(times_T) - times_T.astype("datetime64[M]").astype("datetime64[D]")).astype(
        np.int64
    )
    return days_T + 1


def _weekday(times_T: Times) -> Places:
    return (_days(times_T) - _MONDAY).astype(np.int64) % 7


def _hours(times_T: Times) -> Changes:
    """Return the distances from midnight."""
    found: Any = times_T - _days(times_T)
    return np.asarray(found)


def _at_hour(days_N: Times, first: np.datetime64) -> Times:
    """Return days at the hour of a time, in its unit."""
    found: Any = days_N.astype(first.dtype) + (first - _days(first))
    return np.asarray(found)


def _equal(first_T: Times, second_T: Times) -> bool:
    return bool((first_T == second_T).all())
