"""Missing values: each rule fills what it says, and leaves the rest as it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp_rnn.errors import ConfigError, InputError
from nlp_rnn.files import fill_missing
from nlp_rnn.files.gaps import FILLS, first_complete, longest_gap

GAP = float("nan")


@pytest.mark.parametrize(
    ("rule", "filled"),
    [("linear", [1, 2, 3, 5, 5]), ("previous", [1, 1, 3, 5, 5]), ("zero", [1, 0, 3, 5, 0])],
)
def test_each_rule_by_hand(rule: str, filled: list[float]) -> None:
    given_T = np.array([1, GAP, 3, 5, GAP])
    np.testing.assert_array_equal(fill_missing(given_T, rule), filled)
    np.testing.assert_array_equal(fill_missing(given_T[:, None] * [1, 2], rule)[:, 1], 2 * np.array(filled))
    assert np.isnan(given_T[1])  # it is a copy


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.just(GAP), st.floats(-1e6, 1e6)), max_size=30), st.sampled_from(FILLS))
def test_what_was_there_stays_and_nothing_is_missing(values: list[float], rule: str) -> None:
    given_T = np.array([0.0, *values])
    filled_T = fill_missing(given_T, rule)
    known_T = ~np.isnan(given_T)
    np.testing.assert_array_equal(filled_T[known_T], given_T[known_T])
    assert np.isfinite(filled_T).all()


def test_previous_never_looks_ahead() -> None:
    given_T = np.array([1, GAP, GAP, 4, GAP])
    for step in range(1, 6):
        np.testing.assert_array_equal(
            fill_missing(given_T[:step], "previous"), fill_missing(given_T, "previous")[:step]
        )


def test_what_cannot_be_filled_is_refused() -> None:
    with pytest.raises(ConfigError, match="linear, previous, zero"):
        fill_missing([1.0], "guess")
    with pytest.raises(InputError, match="no value before step 2"):
        fill_missing([GAP, GAP, 1.0])
    with pytest.raises(InputError, match="series 1 has no value"):
        fill_missing([[1.0, GAP], [2.0, GAP]])
    with pytest.raises(InputError, match="numbers only"):
        fill_missing(["a"])
    with pytest.raises(InputError, match="shape"):
        fill_missing(np.zeros((1, 1, 1)))
    assert fill_missing([GAP, 1.0], "zero").tolist() == [0, 1]


def test_where_series_have_begun_and_how_long_gaps_are() -> None:
    values_TF = np.array([[GAP, 1], [2, GAP], [GAP, GAP], [3, GAP], [4, 5]])
    assert first_complete(values_TF) == 1
    assert first_complete(np.full((2, 1), GAP)) == 2
    assert longest_gap(values_TF) == 3
    assert longest_gap(values_TF[:1, 1:]) == 0
