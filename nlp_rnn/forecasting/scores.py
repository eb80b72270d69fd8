"""Scores of forecasts: MASE, sMAPE, RMSE, coverage. Knows arrays alone.

Shapes: N forecasts, T steps of the training part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import InputError, whole_number

F64 = NDArray[np.float64]


def mase(actual_N: F64, forecast_N: F64, training_T: F64, *, season: int = 1) -> float:
    """Return the mean absolute scaled error (Hyndman & Koehler 2006).

    The mean absolute error over that of the (seasonal) naive forecast within the training part: below 1 is
    better than that forecast was there.

    Args:
        actual_N: The true values.
        forecast_N: The forecasts.
        training_T: The part the model was fitted on; gives the scale.
        season: 1 scales by the naive forecast, more by the seasonal one.

    Raises:
        InputError: If the training part is not longer than a season, or never changes.
    """
    season = whole_number("season", season, 1, error=InputError)
    if len(training_T) <= season:
        raise InputError(f"a training part of {len(training_T)} steps gives no scale for season {season}")
    scale = float(np.abs(training_T[season:] - training_T[:-season]).mean())
    if scale == 0:
        raise InputError(f"the training part repeats itself every {season} steps, so it gives no scale")
    return float(np.abs(actual_N - forecast_N).mean()) / scale


def smape(actual_N: F64, forecast_N: F64) -> float:
    """Return the symmetric mean absolute percentage error (Makridakis 1993), 0 to 200; 0 / 0 counts as 0.

    >>> round(smape(np.array([100.0, 0.0]), np.array([110.0, 0.0])), 3)
    4.762
    """
    size_N = np.abs(actual_N) + np.abs(forecast_N)
    share_N = np.divide(
        2 * np.abs(actual_N - forecast_N), size_N, out=np.zeros_like(size_N), where=size_N > 0
    )
    return 100 * float(share_N.mean())


def rmse(actual_N: F64, forecast_N: F64) -> float:
    """Return the root mean square error, in the series' own unit."""
    return float(np.sqrt(np.square(actual_N - forecast_N).mean()))


def coverage(actual_N: F64, low_N: F64, high_N: F64) -> float:
    """Return the share of the values inside their interval."""
    return float(((low_N <= actual_N) & (actual_N <= high_N)).mean())
