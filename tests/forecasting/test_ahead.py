"""Simple and classical forecasts of several steps: each origin, each step, and that none looks ahead."""

from __future__ import annotations

import numpy as np
import pytest

from nlp_rnn.errors import InputError
from nlp_rnn.forecasting import actual_ahead, arima_ahead, ets_ahead, linear_ahead, naive_ahead
from nlp_rnn.forecasting.ahead import MethodAhead
from nlp_rnn.forecasting.backtest import find_leak
from nlp_rnn.forecasting.classical import arima, ets, fit_arima, fit_ets, naive
from nlp_rnn.forecasting.scaling import F64


def wave(steps: int = 120, columns: int = 1) -> F64:
    noise_TF = 0.3 * np.random.default_rng(0).normal(size=(steps, columns))
    return 20 + 3 * np.sin(2 * np.pi * np.arange(steps)[:, None] / 12 + np.arange(columns)) + noise_TF


def test_the_naive_methods_by_hand() -> None:
    counted_T1 = np.arange(20.0)[:, None]
    np.testing.assert_array_equal(naive_ahead()(counted_T1, 17, 3), [[16, 16, 16]])
    # Steps 4 and 5 ahead of a season of 3 take the season before the origin again.
    np.testing.assert_array_equal(
        naive_ahead(season=3)(counted_T1, 14, 5), [[11, 12, 13, 11, 12], [12, 13, 14, 12, 13]]
    )
    np.testing.assert_array_equal(actual_ahead(counted_T1[:, 0], 17, 2), [[17, 18], [18, 19]])
    with pytest.raises(InputError, match="3 held-out steps have no forecast of 4"):
        actual_ahead(counted_T1[:, 0], 17, 4)


def test_a_linear_rule_over_two_columns_is_found() -> None:
    driver_T = np.random.default_rng(1).normal(size=200)
    # The target follows the driver two steps later, so two steps ahead can be known and three cannot.
    values_TF = np.column_stack([np.concatenate([[0, 0], driver_T[:-2]]), driver_T])
    found_NK = linear_ahead(0, context=4)(values_TF, 150, 3)
    off_K = np.abs(found_NK - actual_ahead(values_TF[:, 0], 150, 3)).mean(axis=0)
    assert (off_K[:2] < 1e-3).all()
    assert off_K[2] > 0.3


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize(
    "method",
    [naive_ahead(0), naive_ahead(0, season=12), linear_ahead(0, context=6), linear_ahead(0, log=True)],
)
def test_no_method_looks_ahead(method: MethodAhead, steps: int) -> None:
    # Each origin's last step: were it to know a step from its origin on, it would move.
    assert find_leak(lambda values, split: method(values, split, steps)[:, -1], wave(columns=2), 90) is None


@pytest.mark.parametrize(("method", "season"), [("ets", 1), ("ets", 12), ("arima", 12)])
def test_the_classical_methods_go_on_from_each_origin(method: str, season: int) -> None:
    pytest.importorskip("statsmodels", reason="the extra [forecast] is not installed")
    values_TF, split, steps = wave(80), 60, 14
    ahead, one, fit = (ets_ahead, ets, fit_ets) if method == "ets" else (arima_ahead, arima, fit_arima)
    found_NK = ahead(0, season=season)(values_TF, split, steps)
    assert found_NK.shape == (7, steps)
    np.testing.assert_allclose(found_NK[:, 0], one(0, season=season)(values_TF, split)[:7])
    # The last origin's steps are what statsmodels itself forecasts from there.
    known = fit(values_TF[: split + 6, 0], split, season)
    np.testing.assert_allclose(found_NK[-1], known.forecast(steps))


def test_one_step_ahead_is_what_the_backtest_takes() -> None:
    np.testing.assert_array_equal(naive_ahead(season=12)(wave(), 90, 1)[:, 0], naive(season=12)(wave(), 90))
