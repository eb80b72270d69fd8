"""The scaling around a forecaster's network: from series to its inputs, and from its answers back.

Knows series as arrays, and a network that is given to it; knows no files. Two forms of input:

- Windows: each series minus its last value, in units of its mean absolute change within the window. So the
  network sees shapes, whatever the level and the noise of the day.
- Carried: the level, counted from a moving mean, and the last change, in units fitted on the training part; a
  network whose state is carried along the series cannot know the window's end.

In both, the network answers with changes from the last value, in the same units.

Shapes: B windows, T steps, F series, E inputs, K steps ahead, Q quantiles, H hidden units.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nlp_rnn.config import ForecastConfig
from nlp_rnn.errors import InputError
from nlp_rnn.runtime.encoder import F32
from nlp_rnn.runtime.timeseries import TimeSeriesLSTM

F64 = NDArray[np.float64]
_LEAST_CHANGE = 0.01  # unit of a flat window, over that of the training part
_MOST_WINDOWS = 1_024  # windows that tell how alike errors are


@dataclass(frozen=True)
class Scaling:
    """Mean and unit of each series, taken from the training part and from nothing else.

    Attributes:
        mean, scale: Those of each series, or of its logarithm. The unit is the root mean square of the
            changes from step to step: that of a trend is the same however long it is. (Older versions took
            the standard deviation.)
        log: True if the logarithm is forecast.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    log: bool

    @classmethod
    def fit(cls, values_TF: F64, *, log: bool) -> Scaling:
        """Return the scaling of a training part."""
        values_TF = np.log(values_TF) if log else values_TF
        # In units of the largest value, lest a square be too small or too large for a number.
        unit_F = np.abs(values_TF).max(axis=0)
        parts_TF = values_TF / unit_F
        mean_F = parts_TF.mean(axis=0)
        scale_F = np.sqrt(np.square(np.diff(parts_TF, axis=0)).mean(axis=0))
        return cls(tuple((mean_F * unit_F).tolist()), tuple((scale_F * unit_F).tolist()), log)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Scaling:
        """Return the scaling that a model folder holds."""
        return cls(tuple(values["mean"]), tuple(values["scale"]), bool(values["log"]))

    def apply(self, values: F64) -> F64:
        """Turn values into the network's units; the last axis is F.

        Raises:
            InputError: If a logarithm is needed and a value is not above 0.
        """
        if self.log and values.min(initial=1.0) <= 0:
            raise InputError(
                f"the value {values.min():g} has no logarithm, and this model was fitted with log"
            )
        scaled: F64 = ((np.log(values) if self.log else values) - self.mean) / self.scale
        return scaled

    def undo(self, scaled: F64) -> F64:
        """Turn the network's units into values; the last axis is F."""
        values = scaled * self.scale + self.mean
        return np.exp(values) if self.log else values


def inputs_of(config: ForecastConfig, z_BTF: F64) -> tuple[F32, F64]:
    """Return the network's input for scaled steps, and the unit of its answer.

    Shape:
        (B, T, F) -> (B, T, E), (B, F); carried: T is one less, as the first step has no change.
    """
    if config.carried:
        level_BTF = z_BTF
        if not config.level:  # as far from its mean as a random walk of unit steps would be
            level_BTF = (z_BTF - moving_mean(z_BTF, config.context)) / math.sqrt(config.context)
        x_BTE = np.concatenate([level_BTF[:, 1:], np.diff(z_BTF, axis=1)], axis=-1)
        return x_BTE.astype(np.float32), np.ones((len(z_BTF), z_BTF.shape[2]))
    unit_B1F = np.abs(np.diff(z_BTF, axis=1)).mean(axis=1, keepdims=True) + _LEAST_CHANGE
    return ((z_BTF - z_BTF[:, -1:]) / unit_B1F).astype(np.float32), unit_B1F[:, 0]


def moving_mean(z_BTF: F64, steps: int) -> F64:
    """Return the exponential moving mean up to each step, which begins with the first value."""
    share = 2 / (steps + 1)
    mean_BTF: F64 = z_BTF.copy()
    for t in range(1, z_BTF.shape[1]):
        mean_BTF[:, t] = (1 - share) * mean_BTF[:, t - 1] + share * z_BTF[:, t]
    return mean_BTF


def forecast_quantiles(network: TimeSeriesLSTM, z_BTF: F64) -> F64:
    """Return quantiles of the next steps in scaled units, rising along Q.

    Args:
        network: The network that forecasts changes.
        z_BTF: The scaled steps before.

    Shape:
        (B, T, F) -> (B, K, F, Q).
    """
    x_BTE, unit_BF = inputs_of(network.config, z_BTF)
    changes_BKFQ = np.sort(network.forward(x_BTE).astype(np.float64), axis=-1)
    return z_BTF[:, -1, None, :, None] + changes_BKFQ * unit_BF[:, None, :, None]


def draw(quantiles: F64, levels: tuple[float, ...], u: F64) -> F64:
    """Return values at the levels ``u`` of a distribution given by quantiles, linear between and beyond them.

    Shape:
        (..., Q), (Q,), (...) -> (...).

    >>> draw(np.array([1.0, 2.0, 4.0]), (0.25, 0.5, 0.75), np.array(0.625))
    array(3.)
    """
    levels_Q = np.array(levels)
    if len(levels_Q) == 1:
        return quantiles[..., 0]
    # The two quantiles around u; the outermost two where u is beyond them.
    low = np.clip(np.searchsorted(levels_Q, u) - 1, 0, len(levels_Q) - 2)
    share = (u - levels_Q[low]) / (levels_Q[low + 1] - levels_Q[low])
    below, above = (np.take_along_axis(quantiles, at[..., None], -1)[..., 0] for at in (low, low + 1))
    return np.asarray(below + share * (above - below))


def draw_levels(
    rng: np.random.Generator, paths: int, steps: int, series: int, persistence: float, *, mirrored: bool
) -> F64:
    """Return levels in [0, 1] to draw one forecast's steps at, (paths, steps, series).

    Each step has the level of the step before it with the chance ``persistence``, else one of its own.
    Mirrored, the levels of every second path and those of the path before it add up to 1.
    """
    half = (paths + 1) // 2 if mirrored else paths
    levels_NKF = rng.uniform(size=(half, 1, series)).repeat(steps, axis=1)
    if persistence < 1 and steps > 1:
        fresh_NKF = rng.uniform(size=(half, steps, series))
        kept_NKF = rng.uniform(size=(half, steps, series)) < persistence
        for k in range(1, steps):
            levels_NKF[:, k] = np.where(kept_NKF[:, k], levels_NKF[:, k - 1], fresh_NKF[:, k])
    if not mirrored:
        return levels_NKF
    both_N2KF = np.stack([levels_NKF, 1 - levels_NKF], axis=1)
    return both_N2KF.reshape(-1, steps, series)[:paths]


def levels_of(quantiles: F64, levels: tuple[float, ...], values: F64) -> F64:
    """Return the levels of values in distributions given by quantiles; what ``draw`` turns back.

    Shape:
        (..., Q), (Q,), (...) -> (...).

    >>> levels_of(np.array([1.0, 2.0, 4.0]), (0.25, 0.5, 0.75), np.array(3.0))
    array(0.625)
    """
    levels_Q = np.array(levels)
    if len(levels_Q) == 1:
        return np.where(values < quantiles[..., 0], 0.0, 1.0)
    # The two quantiles around the value; the outermost two where it is beyond them.
    low = np.clip((quantiles <= values[..., None]).sum(axis=-1) - 1, 0, len(levels_Q) - 2)
    below, above = (np.take_along_axis(quantiles, at[..., None], -1)[..., 0] for at in (low, low + 1))
    width = np.where(above > below, above - below, 1.0)
    share = np.where(above > below, (values - below) / width, 0.5)
    return np.asarray(np.clip(levels_Q[low] + share * (levels_Q[low + 1] - levels_Q[low]), 0.0, 1.0))


def persistence_of(network: TimeSeriesLSTM, z_TF: F64) -> float:
    """Return how alike the errors of one forecast's steps are: the rank correlation of a step and the next.

    Args:
        network: The network that forecasts changes.
        z_TF: A scaled series, longer than its context and its horizon.
    """
    config = network.config
    if config.horizon == 1:
        return 1.0
    windows_NWF = sliding_window_view(z_TF, config.context + config.horizon, axis=0).swapaxes(1, 2)
    which = np.linspace(0, len(windows_NWF) - 1, min(_MOST_WINDOWS, len(windows_NWF))).astype(int)
    read_NCF, actual_NKF = np.split(windows_NWF[which], [config.context], axis=1)
    found_NKF = levels_of(forecast_quantiles(network, read_NCF), config.quantiles, actual_NKF) - 0.5
    together = (found_NKF[:, 1:] * found_NKF[:, :-1]).mean()
    alone = np.sqrt((found_NKF[:, 1:] ** 2).mean() * (found_NKF[:, :-1] ** 2).mean())
    return float(np.clip(together / alone, 0.0, 1.0)) if alone > 0 else 1.0
