"""Numbers as a file writes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp_rnn.files.digits import output_places, places_of, write_number


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (84_000_030.4, 0, "84000030"),
        (1e12 + 7.25, 2, "1000000000007.25"),
        (0.5, 3, "0.500"),
        (-0.0001, 2, "0.00"),
        (-12.346, 2, "-12.35"),
        (1.0841e-9, 13, "1.0841e-09"),
        (0.0, 13, "0.0000000000000"),
        (1.25e20, 0, "1.25e+20"),
    ],
)
def test_numbers_keep_their_places(value: float, places: int, text: str) -> None:
    assert write_number(value, places) == text


@settings(max_examples=40, deadline=None)
@given(st.floats(-1e14, 1e14), st.integers(0, 6))
def test_what_is_written_is_within_half_of_the_last_place(value: float, places: int) -> None:
    assert abs(float(write_number(value, places)) - value) <= 0.5 * 10.0**-places + abs(value) * 1e-14


def test_places_are_the_inputs_and_enough_to_see_a_thousandth_of_the_spread() -> None:
    assert [places_of(cell) for cell in ("12", "1.50", 2.25, "3e-4", 1e-05, " 1.5 ", 7)] == [
        0,
        2,
        2,
        4,
        5,
        1,
        0,
    ]
    wave_T = np.sin(np.arange(50))
    assert output_places(100 * wave_T, 0) == 2
    assert output_places(1e6 * wave_T, 0) == 0
    assert output_places(wave_T, 6) == 6
    assert output_places(wave_T, 17) == 10  # the rest is a float's, not the series'
    assert output_places(np.ones(3), 2) == 2
