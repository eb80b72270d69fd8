"""Simple and classical forecasts of several steps from each origin: naive, linear, ETS, ARIMA.

Every method fits on the part before the split alone, and forecasts from each later origin with the values
before it (a rolling origin). ETS and ARIMA are statsmodels' (extra ``forecast``): fitted once, their state is
carried along the held-out part. ``classical.py`` has the fits.

Shapes: T steps, F series, N origins, K steps ahead, C steps read, D numbers in a state.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nlp_rnn.errors import InputError
from nlp_rnn.forecasting.classical import check_season, fit_arima, fit_ets, recent
from nlp_rnn.forecasting.scaling import F64

MethodAhead = Callable[[F64, int, int], F64]
"""Values (T, F), the split and the steps ahead to forecasts (N, K) of the target.

Row n begins with step ``split + n``; the last row ends with the last step.
"""

_RIDGE = 1e-6  # of the windows' own variance: columns that are sums of others do no harm


def actual_ahead(values_T: F64, split: int, steps: int) -> F64:
    """Return the true values that forecasts from each origin are held against: (N, K)."""
    if len(values_T) - split < steps:
        raise InputError(f"{len(values_T) - split} held-out steps have no forecast of {steps}: hold out more")
    return sliding_window_view(values_T[split:], steps)


def naive_ahead(target: int = -1, *, season: int = 1) -> MethodAhead:
    """Return the naive method: the last value, or the latest that is whole seasons before the step."""

    def forecast(values_TF: F64, split: int, steps: int) -> F64:
        check_season(season, split)
        origins_N = np.arange(split, len(values_TF) - steps + 1)
        # The last season before the origin, again and again.
        back_K = np.arange(steps) % season - season
        found_NK: F64 = values_TF[origins_N[:, None] + back_K, target]
        return found_NK

    return forecast


def linear_ahead(target: int = -1, *, context: int = 24, log: bool = False) -> MethodAhead:
    """Return linear regression: least squares from all columns of the last steps to the change from now.

    Each step ahead has its own weights ("direct"), so the columns need no forecasts of their own.
    """

    def forecast(values_TF: F64, split: int, steps: int) -> F64:
        values_TF = np.log(values_TF) if log else values_TF
        windows_NFC = sliding_window_view(values_TF[:-1], context, axis=0)
        x_NE = windows_NFC.reshape(len(windows_NFC), -1)
        known = split - context - steps + 1  # windows whose targets lie before the split
        mean_E, scale_E = x_NE[:known].mean(axis=0), x_NE[:known].std(axis=0)
        x_NE = (x_NE - mean_E) / np.where(scale_E > 0, scale_E, 1.0)
        x_NE = np.column_stack([x_NE, np.ones(len(x_NE))])
        ahead_NK = sliding_window_view(values_TF[context:, target], steps)
        now_N1 = values_TF[context - 1 : -1, target][:, None]
        learned_NE, change_NK = x_NE[:known], ahead_NK[:known] - now_N1[:known]
        square_EE = learned_NE.T @ learned_NE + _RIDGE * known * np.eye(x_NE.shape[1])
        weights_EK = np.linalg.solve(square_EE, learned_NE.T @ change_NK)
        origins = slice(split - context, len(ahead_NK))
        found_NK: F64 = x_NE[origins] @ weights_EK + now_N1[origins]
        return np.exp(found_NK) if log else found_NK

    return forecast


def ets_ahead(target: int = -1, *, season: int = 1, log: bool = False) -> MethodAhead:
    """Return exponential smoothing as ``classical.ets`` fits it: level, damped trend, season of each origin.

    Raises:
        MissingExtraError: When called, if statsmodels is not installed.
    """

    def forecast(values_TF: F64, split: int, steps: int) -> F64:
        y_T, split = recent(values_TF[:, target], split, log)
        smoothed = fit_ets(y_T, split, season)
        last_N = np.arange(split - 1, len(y_T) - steps)
        found_NK = np.asarray(smoothed.level)[last_N][:, None].repeat(steps, axis=1)
        damping = float(smoothed.params[list(smoothed.param_names).index("damping_trend")])
        damped_K = np.cumsum(damping ** np.arange(1, steps + 1))
        found_NK += np.asarray(smoothed.slope)[last_N][:, None] * damped_K
        if smoothed.model.has_seasonal:
            back_K = np.arange(steps) % season - season + 1  # from the last step: the season before each
            found_NK += np.asarray(smoothed.season)[last_N[:, None] + back_K]
        return np.exp(found_NK) if log else found_NK

    return forecast


def arima_ahead(target: int = -1, *, season: int = 1, log: bool = False) -> MethodAhead:
    """Return ARIMA as ``classical.arima`` fits it, its Kalman filter's state of each origin moved on.

    Raises:
        MissingExtraError: When called, if statsmodels is not installed.
    """

    def forecast(values_TF: F64, split: int, steps: int) -> F64:
        y_T, split = recent(values_TF[:, target], split, log)
        filtered = fit_arima(y_T, split, season).filter_results
        # The state expected at each origin; its moves and what is read off it are the same at all times.
        state_ND = filtered.predicted_state[:, split : len(y_T) - steps + 1].T
        move_DD, rise_D = filtered.transition[..., -1], filtered.state_intercept[:, -1]
        read_D, base = filtered.design[0, :, -1], float(filtered.obs_intercept[0, -1])
        found = []
        for _ in range(steps):
            found.append(state_ND @ read_D + base)
            state_ND = state_ND @ move_DD.T + rise_D
        found_NK = np.stack(found, axis=1)
        return np.exp(found_NK) if log else found_NK

    return forecast
