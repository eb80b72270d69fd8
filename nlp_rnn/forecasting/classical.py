"""Forecasts one step ahead by simple and classical methods: naive, ETS, ARIMA. Knows arrays alone.

ETS and ARIMA are statsmodels' (extra ``forecast``), fitted on the part before the split.

Shapes: T steps, F series, N held-out steps.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from nlp_rnn.errors import InputError, require
from nlp_rnn.forecasting.scaling import F64

Method = Callable[[F64, int], F64]
"""Values (T, F) and the split to one-step forecasts (N,) of the target."""

_MOST_FITTED = 2_000  # latest steps that the classical models are fitted on
_LONGEST_SEASON = 24  # longer ones cost the classical models hours
_ORDERS = ((1, 0, 0), (2, 0, 1), (3, 0, 2), (0, 1, 1), (1, 1, 1), (2, 1, 2))
_AIRLINE = (0, 1, 1)  # both parts of Box and Jenkins' model of airline passengers


def naive(target: int = -1, *, season: int = 1) -> Method:
    """Return the naive method: the value one step before, or one season before."""

    def forecast(values_TF: F64, split: int) -> F64:
        check_season(season, split)
        before_N: F64 = values_TF[split - season : len(values_TF) - season, target]
        return before_N

    return forecast


def ets(target: int = -1, *, season: int = 1, log: bool = False) -> Method:
    """Return exponential smoothing: additive error, damped trend, a season of up to 24 steps (Hyndman 2008).

    Raises:
        MissingExtraError: When called, if statsmodels is not installed.
    """
    return _one_step(fit_ets, target, season, log)


def fit_ets(y_T: F64, split: int, season: int) -> Any:
    """Return statsmodels' smoothing of a whole series with what was fitted on the part before the split."""
    models = require("statsmodels.tsa.exponential_smoothing.ets", extra="forecast")
    seasonal = "add" if 1 < season <= min(_LONGEST_SEASON, split // 2) else None
    settings: dict[str, Any] = {"error": "add", "trend": "add", "damped_trend": True, "seasonal": seasonal}
    if seasonal:
        settings["seasonal_periods"] = season
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a fit that could be better
        fitted = models.ETSModel(y_T[:split], **settings).fit(disp=False)
        return models.ETSModel(y_T, **settings).smooth(fitted.params)


def arima(target: int = -1, *, season: int = 1, log: bool = False) -> Method:
    """Return ARIMA: Box and Jenkins' seasonal model for up to 12 steps a season, else the order of least AIC.

    Raises:
        MissingExtraError: When called, if statsmodels is not installed.
    """
    return _one_step(fit_arima, target, season, log)


def fit_arima(y_T: F64, split: int, season: int) -> Any:
    """Return statsmodels' filtering of a whole series with what was fitted on the part before the split."""
    models = require("statsmodels.tsa.statespace.sarimax", extra="forecast")
    seasonal = 1 < season <= 12
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits = [
            models.SARIMAX(
                y_T[:split],
                order=order,
                seasonal_order=(*_AIRLINE, season) if seasonal else (0, 0, 0, 0),
                trend="c" if order[1] == 0 else None,
            ).fit(disp=False)
            for order in ((_AIRLINE,) if seasonal else _ORDERS)
        ]
        return min(fits, key=lambda fit: fit.aic).append(y_T[split:], refit=False)


def _one_step(fit: Callable[[F64, int, int], Any], target: int, season: int, log: bool) -> Method:
    """Return the method that a fit of statsmodels' makes: what it expected of each held-out step."""

    def forecast(values_TF: F64, split: int) -> F64:
        y_T, split = recent(values_TF[:, target], split, log)
        level_N = np.asarray(fit(y_T, split, season).fittedvalues)[split:]
        return np.exp(level_N) if log else level_N

    return forecast


def check_season(season: int, split: int) -> None:
    """Refuse a season that is longer than what there is to learn from.

    Raises:
        InputError: If it is.
    """
    if season > split:
        raise InputError(f"a season of {season} steps is longer than the {split} steps before the split")


def recent(y_T: F64, split: int, log: bool) -> tuple[F64, int]:
    """Return the latest steps before the split and all after it, and the place of the split in them."""
    first = max(0, split - _MOST_FITTED)
    return (np.log(y_T[first:]) if log else y_T[first:]), split - first
