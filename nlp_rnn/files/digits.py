"""Numbers as a file writes them: how many places they have, and new ones with as many.

Knows cells and numbers; knows no files.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST_DIGITS = 15  # that a float holds for certain
_SMALL, _LARGE = 1e-5, 1e15  # sizes outside are written with an exponent
_FEW_PLACES = 8  # a small number is written without one where its column has so few
_SHOWN, _MOST_SHOWN = 1e3, 1e9  # a series' spread, in units of the last place: at least, at most


def places_of(cell: Any) -> int:
    """Return how many places after the point a number is written with.

    >>> places_of("84000030"), places_of("0.50"), places_of("1.08e-09"), places_of(7.25)
    (0, 2, 11, 2)
    """
    text = cell.strip() if isinstance(cell, str) else str(cell)
    if "e" in text.lower():
        exponent = Decimal(text).as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0
    return len(text.partition(".")[2])


def output_places(values_T: NDArray[np.float64], places: int) -> int:
    """Return the places for forecasts of a series: its own, and enough to see a thousandth of its spread."""
    spread = float(np.std(values_T))
    if not spread:
        return places
    least, most = (math.ceil(math.log10(shown / spread)) for shown in (_SHOWN, _MOST_SHOWN))
    return max(0, least, min(places, most))


def write_number(value: float, places: int) -> str:
    """Return a number with so many places; very large and small ones with an exponent, all within 15 digits.

    >>> write_number(84000030.4, 0), write_number(112.0, 2), write_number(1.0841e-09, 13)
    ('84000030', '112.00', '1.0841e-09')
    """
    size = abs(value)
    before = math.floor(math.log10(size)) + 1 if size > 0 else 1
    if size < _LARGE and (size >= _SMALL or size == 0 or places <= _FEW_PLACES):
        text = f"{value:.{max(0, min(places, _MOST_DIGITS - before))}f}"
    else:
        text = f"{value:.{min(_MOST_DIGITS, max(1, before + places))}g}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def places_of_all(cells: Iterable[Any]) -> int:
    """Return the most places that any of the cells has."""
    return max(map(places_of, cells), default=0)
