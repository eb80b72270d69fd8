"""The scaling around a forecaster's network: from series to its inputs, and from its answers back.

Knows series as arrays, and a network that is given to it; knows no files. Two forms of input:

- Windows: each series minus its last value, in units of its mean absolute change within the window. So the
  network sees shapes, whatever the level and the noise of the day.
- Carried: the level and the last change, in units fitted on the training part; a network whose state is
  carried along the series cannot know the window's end.

In both, the network answers with changes from the last value, in the same units.

Shapes: B windows, T steps, F series, E inputs, K steps ahead, Q quantiles, H hidden units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.config import ForecastConfig
from nlp_rnn.errors import InputError
from nlp_rnn.runtime.encoder import F32
from nlp_rnn.runtime.timeseries import TimeSeriesLSTM

F64 = NDArray[np.float64]
_LEAST_CHANGE = 0.01  # unit of a flat window, over the training part's standard deviation


@dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation of each series, taken from the training part and from nothing else.

    Attributes:
        mean, scale: Those of each series, or of its logarithm.
        log: True if the logarithm is forecast.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    log: bool

    @classmethod
    def fit(cls, values_TF: F64, *, log: bool) -> Scaling:
        """Return the scaling of a training part."""
        values_TF = np.log(values_TF) if log else values_TF
        return cls(tuple(values_TF.mean(axis=0).tolist()), tuple(values_TF.std(axis=0).tolist()), log)

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
        x_BTE = np.concatenate([z_BTF[:, 1:], np.diff(z_BTF, axis=1)], axis=-1)
        return x_BTE.astype(np.float32), np.ones((len(z_BTF), z_BTF.shape[2]))
    unit_B1F = np.abs(np.diff(z_BTF, axis=1)).mean(axis=1, keepdims=True) + _LEAST_CHANGE
    return ((z_BTF - z_BTF[:, -1:]) / unit_B1F).astype(np.float32), unit_B1F[:, 0]


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
