"""Missing values, filled by a named rule. Knows arrays alone.

Shapes: T steps, F series.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlp_rnn.errors import InputError, one_of

F64 = NDArray[np.float64]
FILLS = ("linear", "previous", "zero")
"""Rules: on a straight line between the values around a gap; the value before it; 0."""


def fill_missing(values: ArrayLike, rule: str = "linear") -> F64:
    """Return a series with its missing values (NaN) filled, each series by itself.

    ``linear`` draws a straight line from the value before a gap to the one after it; ``previous`` repeats the
    value before it, so it never looks ahead; ``zero`` is for what counts events, where no row means none. At
    the end of a series ``linear`` repeats the last value, too.

    Args:
        values: Shape (T,) or (T, F); its steps are evenly apart, so a step that has no row is a row of NaN.
        rule: One of the three.

    Returns:
        The same shape.

    Raises:
        ConfigError: If there is no such rule.
        InputError: If a series has no value, or begins with a gap (but with ``zero``): cut that off.

    >>> fill_missing([1.0, float("nan"), 3.0])
    array([1., 2., 3.])
    """
    try:
        filled = np.array(values, np.float64)
    except (TypeError, ValueError):
        raise InputError("a series holds numbers only: give an array of shape (T,) or (T, F)") from None
    if filled.ndim not in (1, 2):
        raise InputError(f"a series has shape (T,), or (T, F) for several; this one has {filled.shape}")
    filled_TF = fill_begun(filled.reshape(len(filled), -1), rule)
    for column, missing_T in enumerate(np.isnan(filled_TF).T):
        if missing_T.all():
            raise InputError(f"series {column} has no value: leave it out")
        if missing_T.any():
            raise InputError(
                f"series {column} has no value before step {int(missing_T.sum()):,}, so there is nothing to "
                "fill its beginning from: cut that off"
            )
    return filled_TF.reshape(filled.shape)


def fill_begun(values_TF: F64, rule: str) -> F64:
    """Return ``fill_missing``'s values, but that a series which has not begun is still missing."""
    one_of("fill", rule, FILLS)
    filled_TF: F64 = values_TF.copy()
    for values_T in filled_TF.T:
        known, gaps = np.flatnonzero(~np.isnan(values_T)), np.flatnonzero(np.isnan(values_T))
        if rule == "zero":
            values_T[gaps] = 0.0
        elif len(known):
            gaps = gaps[gaps > known[0]]
            # The values at the last known place before each gap, or on the line from there to the next.
            before = values_T[known[np.searchsorted(known, gaps) - 1]]
            values_T[gaps] = before if rule == "previous" else np.interp(gaps, known, values_T[known])
    return filled_TF


def first_complete(values_TF: F64) -> int:
    """Return the first step where every series has begun; the number of steps if one never does."""
    known_TF = ~np.isnan(values_TF)
    return int(np.where(known_TF.any(axis=0), known_TF.argmax(axis=0), len(values_TF)).max(initial=0))


def longest_gap(values_TF: F64) -> int:
    """Return the length of the longest run of missing values in any series."""
    longest = 0
    for missing_T in np.isnan(values_TF).T:
        edges = np.flatnonzero(np.diff(np.concatenate([[False], missing_T, [False]])))
        longest = max(longest, int(np.diff(edges)[::2].max(initial=0)))
    return longest
