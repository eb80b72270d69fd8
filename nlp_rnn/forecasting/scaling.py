"""The scaling around a forecaster's network: from series to its inputs, and from its answers back.

Knows series as arrays, and a network that is given to it; knows no files. Two forms of input:

- Windows: each series minus its last value, in units of its mean absolute change within the window. So the
  network sees shapes, whatever the level and the noise of the day.
- Windows with series that are only read beside: of every series the change from now and the level, in units
  fitted on the training part, so that it is seen how warm it is, and how moist.
- Carried: the level, counted from a moving mean, and the last change, in units fitted on the training part; a
  network whose state is carried along the series cannot know the window's end.

In all, the network answers with changes from the last value, in the same units. A trend that the
training part shows is taken out before and added to the answer, so that it goes on whatever was learned.

Shapes: B windows, T steps, R series that are read, F that are forecast, E inputs, K steps ahead, Q quantiles,
H hidden units.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
_USUAL_CHANGE = 2.0  # within a window, in fitted units
_LEAST_REST = 1e-3  # unit of a series that is its trend and little else, over its changes
_PARTS, _LEAST_TREND = 10, 3.0  # parts of a series whose means tell a trend, and the t value that does
_MOST_WINDOWS = 1_024  # windows that tell how alike errors are


@dataclass(frozen=True)
class Scaling:
    """Mean and unit of each series, taken from the training part and from nothing else.

    Attributes:
        mean, scale: Those of each series, or of its logarithm. The unit is the root mean square of the
            changes from step to step, less the drift: that of a trend is the same however long it is. (Older
            versions took the standard deviation.) Where levels are read, it is no less than what leaves the
            levels a standard deviation of 1 after ``inputs_of``.
        log: True if the logarithm is forecast.
        drift: What each series, or its logarithm, rises in a step; 0 without a trend that is clear.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    log: bool
    drift: tuple[float, ...]

    @classmethod
    def fit(cls, values_TF: F64, *, log: bool, context: int | None = None) -> Scaling:
        """Return the scaling of a training part; for a network that reads levels too, with its context."""
        values_TF = np.log(values_TF) if log else values_TF
        # In units of the largest value, lest a square be too small or too large for a number.
        unit_F = np.abs(values_TF).max(axis=0)
        parts_TF = values_TF / unit_F
        mean_F = parts_TF.mean(axis=0)
        changes_TF, drift_F = np.diff(parts_TF, axis=0), drift_of(parts_TF)
        least_F = _LEAST_REST * np.sqrt(np.square(changes_TF).mean(axis=0))
        scale_F = np.maximum(np.sqrt(np.square(changes_TF - drift_F).mean(axis=0)), least_F)
        if context is not None:
            scale_F = np.maximum(scale_F, parts_TF.std(axis=0) / math.sqrt(context))
        mean, scale, drift = (tuple((found_F * unit_F).tolist()) for found_F in (mean_F, scale_F, drift_F))
        return cls(mean, scale, log, drift)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Scaling:
        """Return the scaling that a model folder holds."""
        mean, scale = tuple(values["mean"]), tuple(values["scale"])
        return cls(mean, scale, bool(values["log"]), tuple(values.get("drift", [0.0] * len(mean))))

    def only(self, places: Sequence[int]) -> Scaling:
        """Return the scaling of some of the series."""
        mean, scale, drift = (
            tuple(each[at] for at in places) for each in (self.mean, self.scale, self.drift)
        )
        return Scaling(mean, scale, self.log, drift)

    def apply(self, values: F64) -> F64:
        """Turn values into the network's units, without the drift up to the last step.

        Raises:
            InputError: If a logarithm is needed and a value is not above 0.

        Shape:
            (..., T, F) -> (..., T, F).
        """
        if self.log and values.min(initial=1.0) <= 0:
            raise InputError(
                f"the value {values.min():g} has no logarithm, and this model was fitted with log"
            )
        scaled: F64 = ((np.log(values) if self.log else values) - self.mean) / self.scale
        return scaled - self._risen(1 - values.shape[-2], values.shape[-2])

    def undo(self, scaled: F64, *, first: int = 1) -> F64:
        """Turn the network's units into values.

        Args:
            scaled: The steps.
            first: Number of the first of them, counted from 0, the last step that ``apply`` was given.

        Shape:
            (..., K, F) -> (..., K, F).
        """
        values = (scaled + self._risen(first, scaled.shape[-2])) * self.scale + self.mean
        return np.exp(values) if self.log else values

    def _risen(self, first: int, steps: int) -> F64:
        """What the drift adds to each of some steps, in the network's units: (steps, F)."""
        risen_TF: F64 = np.arange(first, first + steps)[:, None] * (np.array(self.drift) / self.scale)
        return risen_TF


def drift_of(values_TF: F64) -> F64:
    """Return what each series rises in a step if it has a clear trend, else 0: (F,).

    The means of ten parts of a series follow each other. Where their changes differ from 0 by much more than
    they differ from each other (Student's t is 3 or more), as they seldom do by chance, also in a random
    walk, the series has a trend: their mean change, as in a random walk with drift (Hyndman & Athanasopoulos
    2021, section 5.2). A wave comes back, so it has none.
    """
    length = len(values_TF) // _PARTS
    if length == 0:
        return np.zeros(values_TF.shape[1])
    latest_TF = values_TF[len(values_TF) - length * _PARTS :]
    changes_PF = np.diff(latest_TF.reshape(_PARTS, length, -1).mean(axis=1), axis=0)
    rise_F = changes_PF.mean(axis=0)
    error_F = changes_PF.std(axis=0, ddof=1) / math.sqrt(len(changes_PF))
    return np.where(np.abs(rise_F) > _LEAST_TREND * error_F, rise_F / length, 0.0)


def inputs_of(config: ForecastConfig, z_BTF: F64) -> tuple[F32, F64]:
    """Return the network's input for scaled steps, and the unit of its answer.

    Shape:
        (B, T, R) -> (B, T, E), (B, F); carried: T is one less, as the first step has no change.
    """
    fitted_BF = np.ones((len(z_BTF), len(config.columns)))
    if config.carried:
        level_BTF = z_BTF
        if not config.level:  # as far from its mean as a random walk of unit steps would be
            level_BTF = (z_BTF - moving_mean(z_BTF, config.context)) / math.sqrt(config.context)
        x_BTE = np.concatenate([level_BTF[:, 1:], np.diff(z_BTF, axis=1)], axis=-1)
        return x_BTE.astype(np.float32), fitted_BF
    if config.reads:
        x_BTE = np.concatenate([z_BTF - z_BTF[:, -1:], z_BTF], axis=-1) / [
            *[_USUAL_CHANGE] * z_BTF.shape[2],
            *[math.sqrt(config.context)] * z_BTF.shape[2],
        ]
        return x_BTE.astype(np.float32), fitted_BF
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
        (B, T, R) -> (B, K, F, Q).
    """
    x_BTE, unit_BF = inputs_of(network.config, z_BTF)
    changes_BKFQ = np.sort(network.forward(x_BTE).astype(np.float64), axis=-1)
    now_BF = z_BTF[:, -1][:, network.config.places]
    return now_BF[:, None, :, None] + changes_BKFQ * unit_BF[:, None, :, None]


def draw(quantiles: F64, levels: tuple[float, ...], u: F64, *, tails: bool = False) -> F64:
    """Return values at the levels ``u`` of a distribution given by quantiles, linear between and beyond them.

    Args:
        quantiles: The values at ``levels``, rising.
        levels: Their levels.
        u: Levels from 0 to 1.
        tails: Beyond the outermost quantiles the distribution has an exponential tail, of the density that it
            has inside of them, instead of an end: futures drawn from it are no calmer than the series.

    Shape:
        (..., Q), (Q,), (...) -> (...).

    >>> draw(np.array([1.0, 2.0, 4.0]), (0.25, 0.5, 0.75), np.array(0.625))
    array(3.)
    """
    levels_Q = np.array(levels)
    if len(levels_Q) == 1:
        return quantiles[..., 0]
    if tails:  # where a straight line leads as far as the tail does; the ends would be infinitely far
        u, first, rest = np.clip(u, 1e-9, 1 - 1e-9), levels[0], 1 - levels[-1]
        low_tail = first + first * np.log(np.minimum(u, first) / first)
        high_tail = levels[-1] - rest * np.log(np.minimum(1 - u, rest) / rest)
        u = np.where(u < first, low_tail, np.where(u > levels[-1], high_tail, u))
    # The two quantiles around u; the outermost two where it is beyond them.
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
    actual_NKF = actual_NKF[:, :, config.places]
    found_NKF = levels_of(forecast_quantiles(network, read_NCF), config.quantiles, actual_NKF) - 0.5
    together = (found_NKF[:, 1:] * found_NKF[:, :-1]).mean()
    alone = np.sqrt((found_NKF[:, 1:] ** 2).mean() * (found_NKF[:, :-1] ** 2).mean())
    return float(np.clip(together / alone, 0.0, 1.0)) if alone > 0 else 1.0
