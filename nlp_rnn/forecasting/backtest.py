"""Forecasts of held-out last steps, ours beside simple and classical ones, and a probe that finds leaks.

Every method fits on the part before the split and forecasts each step after it from the true values before
that step. The others are in ``classical.py``.

Shapes: T steps, F series, N held-out steps, C steps read, Q quantiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nlp_rnn.config import ForecastTrainConfig
from nlp_rnn.errors import InputError, require, whole_number
from nlp_rnn.figure import BLUE, GREY, OTHER_COLOURS, VERMILION, new_figure, save_figure
from nlp_rnn.forecasting.ahead import linear_ahead
from nlp_rnn.forecasting.classical import Method, arima, ets, naive
from nlp_rnn.forecasting.forecaster import Forecaster
from nlp_rnn.forecasting.names import default_names
from nlp_rnn.forecasting.scaling import F64
from nlp_rnn.forecasting.scores import coverage, mase, rmse, smape


def recurrent(
    forecaster: Forecaster,
    target: int = -1,
    *,
    config: ForecastTrainConfig | None = None,
    beside: Sequence[int] = (),
) -> Method:
    """Return our method, one step at a time; calling it fits ``forecaster`` on the part before the split.

    Args:
        forecaster: Ours.
        target: The series that is scored.
        config: How to train.
        beside: Numbers of the series that are only read.
    """

    def forecast(values_TF: F64, split: int) -> F64:
        names = default_names(values_TF.shape[1])
        forecaster.fit(
            values_TF[:split],
            target=place_of(target, values_TF.shape[1], beside),
            beside=[names[at] for at in beside],
            config=config,
        )
        found = forecaster.predict(histories(forecaster, values_TF, split))[:, 0]
        return found if found.ndim == 1 else found[:, place_of(target, values_TF.shape[1], beside)]

    return forecast


def place_of(target: int, count: int, beside: Sequence[int]) -> int:
    """Return the number of a series among those that are forecast.

    Raises:
        InputError: If it is only read.
    """
    forecast = [at for at in range(count) if at not in beside]
    if target % count not in forecast:
        raise InputError("the series that is scored is only read beside: score one that is forecast")
    return forecast.index(target % count)


def histories(forecaster: Forecaster, values_TF: F64, split: int) -> F64:
    """Return the steps read before each held-out step: (N, C, F)."""
    context = forecaster.config.context
    read_NCF: F64 = sliding_window_view(values_TF[split - context : -1], context, axis=0).swapaxes(1, 2)
    return read_NCF


def find_leak(method: Method, values_TF: F64, split: int, *, probes: int = 2) -> int | None:
    """Return a held-out step whose forecast depends on that step or on later ones, or None.

    The values from some step on are replaced by others, and the method is run again: no forecast up to that
    step may change. The first probe replaces all that is held out, so it also finds a model or a scaling
    that was fitted on it.

    Args:
        method: The method to probe; it must give the same forecasts when called again.
        values_TF: The series, all values above 0 if the method takes logarithms.
        split: First step of the held-out part.
        probes: Number of steps that are tried, evenly spaced.
    """
    before_N = method(values_TF, split)
    for step in np.linspace(split, len(values_TF) - 1, probes).astype(int):
        # Replace all values from this step on; forecasts up to it must stay the same to the last bit.
        changed_TF = values_TF.copy()
        changed_TF[step:] = 2 * np.abs(values_TF[step:]) + np.ptp(values_TF, axis=0)
        after_N = method(changed_TF, split)
        moved = np.flatnonzero(before_N[: step - split + 1] != after_N[: step - split + 1])
        if len(moved):
            return split + int(moved[0])
    return None


@dataclass(frozen=True)
class MethodScore:
    """The scores of one method on the held-out steps.

    Attributes:
        method: Its name.
        mase: Mean absolute error over the naive forecast's within the training part.
        smape: Symmetric mean absolute percentage error.
        rmse: Root mean square error, in the series' unit.
    """

    method: str
    mase: float
    smape: float
    rmse: float


@dataclass(frozen=True, eq=False)
class Backtest:
    """One series, forecast one step ahead by every method.

    Attributes:
        name: Name of the series.
        scores: The scores of each method, ours first.
        covered: Share of the held-out values between our outermost quantiles, one step ahead.
        expected: The share there should be.
        covered_ahead: The same in closed loops of ``ahead`` steps, one behind the other; None without any.
        ahead: Steps of a closed loop.
        actual_N: The held-out values.
        forecasts: The forecasts of each method, by name.
        low_N, high_N: Our outermost quantiles.
    """

    name: str
    scores: list[MethodScore]
    covered: float
    expected: float
    actual_N: F64
    forecasts: dict[str, F64]
    low_N: F64
    high_N: F64
    covered_ahead: float | None = None
    ahead: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the figures, without the series."""
        return {
            "name": self.name,
            "steps": len(self.actual_N),
            "scores": [asdict(score) for score in self.scores],
            "covered": self.covered,
            "expected": self.expected,
            "covered_ahead": self.covered_ahead,
            "ahead": self.ahead,
        }

    def table(self) -> list[list[str]]:
        """Return a header, and a row for each method."""
        rows = [["method", "MASE", "sMAPE %", "RMSE"]]
        return rows + [[s.method, f"{s.mase:.3f}", f"{s.smape:.2f}", f"{s.rmse:.4g}"] for s in self.scores]


def run_backtest(
    values_TF: F64,
    test: int,
    *,
    name: str,
    forecaster: Forecaster,
    season: int = 1,
    target: int = -1,
    classical: bool = True,
    config: ForecastTrainConfig | None = None,
    ahead: int = 0,
    beside: Sequence[int] = (),
) -> Backtest:
    """Hold out the last ``test`` steps, and forecast each of them from the steps before it.

    Args:
        values_TF: The series.
        test: Steps held out.
        name: Name of the series in tables and pictures.
        forecaster: Ours; it is fitted here.
        season: Steps of a season; 1 leaves out the seasonal naive forecast.
        target: The series that is scored; all are read.
        classical: Set a linear model of the same columns, ETS and ARIMA beside ours (extra ``forecast``).
        config: Training settings of ours.
        ahead: Also measure what the intervals of closed loops of so many steps cover; 0 does not.
        beside: Numbers of the series that ours only reads.

    Raises:
        InputError: If the part before the split is too short, or for a season longer than it.
        MissingExtraError: If statsmodels or torch is not installed.
    """
    test = whole_number("test", test, 1, error=InputError)
    season = whole_number("season", season, 1, error=InputError)
    target = whole_number("target", target, -values_TF.shape[1], values_TF.shape[1] - 1, error=InputError)
    split, log = len(values_TF) - test, forecaster.config.log
    if split < 2:
        raise InputError(f"{test} of {len(values_TF)} steps cannot be held out: leave some to learn from")
    if season > split:
        raise InputError(f"a season of {season} steps is longer than the {split} steps before the split")
    if classical:
        require("statsmodels", extra="forecast")
    methods = {
        "recurrent": recurrent(forecaster, target, config=config, beside=beside),
        "naive": naive(target),
    }
    if season > 1:
        methods["seasonal naive"] = naive(target, season=season)
    if classical:
        linear = linear_ahead(target, context=forecaster.config.context, log=log)
        methods |= {
            "linear": lambda values_TF, split: linear(values_TF, split, 1)[:, 0],
            "ETS": ets(target, season=season, log=log),
            "ARIMA": arima(target, season=season, log=log),
        }
    forecasts = {label: method(values_TF, split) for label, method in methods.items()}
    actual_N, training_T = values_TF[split:, target], values_TF[:split, target]
    quantiles = forecaster.predict_quantiles(histories(forecaster, values_TF, split))[:, 0]
    place = place_of(target, values_TF.shape[1], beside)
    quantiles_NQ = quantiles if quantiles.ndim == 2 else quantiles[:, place]
    low_N, high_N = quantiles_NQ[:, 0], quantiles_NQ[:, -1]
    levels = forecaster.config.quantiles
    scores = [
        MethodScore(
            label, mase(actual_N, found_N, training_T), smape(actual_N, found_N), rmse(actual_N, found_N)
        )
        for label, found_N in forecasts.items()
    ]
    return Backtest(
        name,
        scores,
        coverage(actual_N, low_N, high_N),
        levels[-1] - levels[0],
        actual_N,
        forecasts,
        low_N,
        high_N,
        covered_ahead(forecaster, values_TF, split, ahead, target, place) if ahead else None,
        ahead,
    )


def covered_ahead(
    forecaster: Forecaster, values_TF: F64, split: int, steps: int, target: int = -1, place: int | None = None
) -> float:
    """Return the share of held-out values between the outermost quantiles of closed loops from the split on.

    Each loop goes on from the true values before it, and the next begins where it ends.

    Args:
        forecaster: Ours, fitted on the part before the split.
        values_TF: The series.
        split: First step of the held-out part.
        steps: Steps of a loop.
        target: The series that is scored.
        place: Its number among those that are forecast, if that is another.
    """
    inside = 0.0
    for start in range(split, len(values_TF), steps):
        actual_K = values_TF[start : start + steps, target]
        found = forecaster.rollout_quantiles(len(actual_K), values_TF[:start])
        found_KQ = found if found.ndim == 2 else found[:, target if place is None else place]
        inside += len(actual_K) * coverage(actual_K, found_KQ[:, 0], found_KQ[:, -1])
    return inside / (len(values_TF) - split)


def plot_backtests(tests: Sequence[Backtest], path: str | Path, *, last: int = 120) -> Path:
    """Draw, for each series, the first held-out steps with our forecasts, and every method's MASE.

    Raises:
        MissingExtraError: If matplotlib is not installed.
        InputError: If the picture cannot be written.
    """
    last = whole_number("last", last, 1, error=InputError)
    figure = new_figure(11, 2.6 * len(tests))
    grid = figure.subplots(len(tests), 2, width_ratios=(3, 1), squeeze=False)
    colours = (BLUE, GREY, GREY, VERMILION, *OTHER_COLOURS[:2])
    for (left, right), test in zip(grid, tests, strict=True):
        shown = slice(0, last)
        steps = np.arange(len(test.actual_N[shown]))
        left.fill_between(steps, test.low_N[shown], test.high_N[shown], color=BLUE, alpha=0.2, linewidth=0)
        left.plot(steps, test.actual_N[shown], color=GREY, label="actual")
        left.plot(steps, test.forecasts["recurrent"][shown], color=BLUE, linewidth=1, label="one step ahead")
        left.set(title=f"{test.name}: first {len(steps)} of {len(test.actual_N):,} held-out steps")
        left.legend(frameon=False, fontsize=8, loc="upper left")
        names = [score.method for score in test.scores]
        bars = right.barh(names, [score.mase for score in test.scores], color=colours[: len(names)])
        right.bar_label(bars, fmt="%.3f", padding=2, fontsize=8)
        right.invert_yaxis()
        right.set(title="MASE")
        for axes in (left, right):
            axes.spines[["top", "right"]].set_visible(False)
    return save_figure(figure, path, dpi=80)


def plot_forecast(
    history_T: F64,
    forecast_K: F64,
    quantiles_KQ: F64,
    path: str | Path,
    *,
    name: str,
    actual_K: F64 | None = None,
    one_step_K: F64 | None = None,
) -> Path:
    """Draw the end of a history and the steps after it, with the outermost quantiles.

    Args:
        history_T: The steps before.
        forecast_K: The closed loop.
        quantiles_KQ: Its quantiles.
        path: The picture.
        name: Its title.
        actual_K: The true values, if they are known.
        one_step_K: Forecasts one step ahead, if there are some.

    Raises:
        MissingExtraError: If matplotlib is not installed.
        InputError: If the picture cannot be written.
    """
    figure = new_figure(9, 3.6)
    axes = figure.subplots()
    steps = np.arange(len(forecast_K))
    axes.plot(np.arange(-len(history_T), 0), history_T, color=GREY)
    axes.fill_between(steps, quantiles_KQ[:, 0], quantiles_KQ[:, -1], color=BLUE, alpha=0.2, linewidth=0)
    if actual_K is not None:
        axes.plot(steps, actual_K, color=GREY, linewidth=3, alpha=0.6, label="actual")
    if one_step_K is not None:
        axes.plot(steps, one_step_K, ":", color=VERMILION, linewidth=2, label="one step ahead")
    axes.plot(steps, forecast_K, color=BLUE, linewidth=1.2, label="closed loop")
    axes.axvline(-0.5, color=GREY, linewidth=0.8, linestyle=":")
    axes.set(title=name, xlabel="steps from the end of the history")
    figure.legend(frameon=False, loc="outside lower center", ncols=3)
    axes.spines[["top", "right"]].set_visible(False)
    return save_figure(figure, path, dpi=100)
