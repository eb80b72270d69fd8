"""The time of the day and of the year as columns."""

from __future__ import annotations

import numpy as np
import pytest

from nlp_rnn.errors import InputError
from nlp_rnn.files import with_clock
from nlp_rnn.files.clock import CLOCK
from nlp_rnn.files.series import Series


def hours(first: str, count: int, unit: str = "h") -> Series:
    times_T = np.datetime64(first, unit) + np.arange(count)
    return Series(("value",), np.arange(count, dtype=float)[:, None], times_T, decimals=(1,))


def test_the_clock_tells_the_time_of_the_day_and_of_the_year() -> None:
    found = with_clock(hours("2023-12-31T18", 30))
    assert found.columns == ("value", *CLOCK)
    assert found.decimals == (1, 0, 0, 0, 0)
    # 18:00, midnight and 6:00: three quarters of a turn, none, a quarter.
    np.testing.assert_allclose(found.values_TF[[0, 6, 12], 1], [-1, 0, 1], atol=1e-12)
    np.testing.assert_allclose(found.values_TF[[0, 6, 12], 2], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(
        found.values_TF[[6, 12], 3], np.sin(2 * np.pi * np.array([0, 0.25]) / 365.2425)
    )
    np.testing.assert_allclose(found.values_TF[5:7, 4], [1, 1], atol=1e-3)  # the year's end is its beginning


def test_a_stretch_has_the_clock_of_the_whole() -> None:
    whole = with_clock(hours("2024-02-27T00", 72))
    part = with_clock(hours("2024-02-28T00", 24))
    np.testing.assert_array_equal(part.values_TF[:, 1:], whole.values_TF[24:48, 1:])


def test_days_have_no_time_of_the_day() -> None:
    assert with_clock(hours("2024-01-01", 40, "D")).columns == ("value", "year sin", "year cos")


def test_what_has_no_clock_is_refused() -> None:
    with pytest.raises(InputError, match="the series has no times"):
        with_clock(Series(("value",), np.ones((3, 1))))
    with pytest.raises(InputError, match="a column 'day sin' already"):
        with_clock(with_clock(hours("2024-01-01T00", 30)))
