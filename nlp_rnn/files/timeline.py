"""The timeline of a series: which of its steps are missing, and how the times after its last are written.

Joins how a file writes times (``stamps.py``) with the rule that they follow (``calendar.py``).

Shapes: T steps, N places on the rule's grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import InputError
from nlp_rnn.files.calendar import Places, Rule, Times, Weekly, find_rule
from nlp_rnn.files.digits import places_of_all, write_number
from nlp_rnn.files.stamps import F64, ROUNDED, Stamps, Style


@dataclass(frozen=True, eq=False)
class Timeline:
    """Regular times, or numbers of steps.

    Attributes:
        style: How they are written.
        places_T: Where each step stands on the rule; a gap is a jump of more than 1.
        name: The rule in a user's words, such as ``1 hour``.
        notes: What a user should know of them, one sentence each.
    """

    style: Style
    places_T: Places
    name: str
    notes: tuple[str, ...] = ()
    _rule: Rule | None = field(default=None, repr=False)
    _first: np.datetime64 | None = field(default=None, repr=False)
    _offset: int | None = field(default=None, repr=False)  # from UTC, in minutes, where the rule is UTC's
    _numbers: tuple[float, float, int] = field(default=(0.0, 1.0, 0), repr=False)  # first, distance, places

    def write(self, places_N: Places) -> list[str]:
        """Return the times at places, as the file writes its own."""
        if self._rule is None or self._first is None:
            first, distance, decimals = self._numbers
            return [write_number(first + distance * place, decimals) for place in places_N.tolist()]
        times_N = self._rule.times(self._first, places_N)
        if self._offset is not None:
            times_N = times_N + np.timedelta64(self._offset, "m")
        return self.style.write(times_N)

    def after(self, steps: int) -> list[str]:
        """Return the times of the steps after the last."""
        return self.write(self.places_T[-1] + np.arange(1, steps + 1))

    def times(self) -> Times | None:
        """Return the times of all places up to the last, those of gaps included; None for numbers.

        In UTC if the rule is UTC's, else on the zone's own clock.
        """
        if self._rule is None or self._first is None:
            return None
        return self._rule.times(self._first, np.arange(self.places_T[-1] + 1))


def timeline_of(stamps: Stamps, texts: Sequence[str]) -> Timeline:
    """Return the timeline of rising times.

    Args:
        stamps: The times.
        texts: As they are written.

    Raises:
        InputError: If there are fewer than two, or they follow no rule.
    """
    if stamps.numbers_T is not None:
        return _numbered(stamps.style, stamps.numbers_T, texts)
    local_T, utc_T = stamps.local_T, stamps.utc_T
    assert local_T is not None
    assert utc_T is not None
    offset_T = stamps.offset_T
    rule, places_T, on_local = _better(local_T, utc_T, offset_T)
    notes = []
    if isinstance(rule, Weekly):
        notes.append(f"a step is {rule.name}")
    if offset_T is not None and len(np.unique(offset_T)) > 1:
        notes.append(
            f"the zone of the times changes; later times are written in the last, {stamps.style.zone}"
        )
    first = (local_T if on_local else utc_T)[0]
    offset = None if on_local or offset_T is None else int(offset_T[-1])
    return Timeline(stamps.style, places_T, rule.name, tuple(notes), rule, first, offset)


def _better(local_T: Times, utc_T: Times, offset_T: NDArray[np.int64] | None) -> tuple[Rule, Places, bool]:
    """Return the rule of UTC or of the zone's own clock, whichever leaves fewer steps out; and which it is.

    Hours are even in UTC where clocks are put forward; months and midnights are those of a zone's clock.
    """
    if offset_T is None:
        return *find_rule(local_T), True
    found: list[tuple[Rule, Places, bool]] = []
    problem = None
    for times_T, on_local in ((local_T, True), (utc_T, False)):
        if (np.diff(times_T).astype(np.int64) > 0).all():
            try:
                found.append((*find_rule(times_T), on_local))
            except InputError as error:
                problem = error
    if not found:
        raise problem or InputError("the times do not rise")
    return min(found, key=lambda each: int(each[1][-1]))


def _numbered(style: Style, numbers_T: F64, texts: Sequence[str]) -> Timeline:
    if len(numbers_T) < 2:
        raise InputError("one step has no distance to a next one: give at least two")
    changes_T = np.diff(numbers_T)
    steps_T = changes_T / np.median(changes_T)
    off = np.flatnonzero(np.abs(steps_T - np.round(steps_T)) > ROUNDED * np.round(steps_T))
    if len(off):
        raise InputError(
            f"the numbers of the steps follow no rule: {texts[off[0] + 1]} comes {changes_T[off[0]]:g} after "
            f"{texts[off[0]]}, where the commonest distance is {np.median(changes_T):g}"
        )
    places_T = np.concatenate([[0], np.cumsum(np.round(steps_T))]).astype(np.int64)
    # Of all steps, so that what rounding takes from one it gives to another.
    away_T = places_T - places_T.mean()
    distance = float(away_T @ (numbers_T - numbers_T[0]) / (away_T @ away_T))
    numbers = (float(numbers_T[0]), distance, places_of_all(texts))
    return Timeline(style, places_T, f"{distance:g}", _numbers=numbers)
