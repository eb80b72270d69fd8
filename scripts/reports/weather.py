"""Forecast the temperature an hour and a day from the last 24 hours, beside simple and classical methods.

``--data FILE`` is hourly weather as CSV with the columns of ``TARGET`` and ``BESIDE`` (UCI's Beijing PM2.5
has them). Split by time: the last 8,760 hours are held out, and forecast from each hour before; the latest
tenth of the rest chooses the epoch. A missing value is the one before it, so that nothing is known too early.
Writes ``weather.png`` and ``weather.json``. Needs the extras ``forecast`` and ``plot``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from nlp_rnn import Forecaster
from nlp_rnn.cli import run_script
from nlp_rnn.config import ForecastTrainConfig
from nlp_rnn.figure import BLUE, GREY, OTHER_COLOURS, VERMILION, new_figure, save_figure
from nlp_rnn.files import read_series, with_clock
from nlp_rnn.forecasting import (
    actual_ahead,
    arima_ahead,
    coverage,
    ets_ahead,
    histories,
    linear_ahead,
    mase,
    naive_ahead,
)

F64 = NDArray[np.float64]

TARGET = "temperature"
BESIDE = ("dew_point", "pressure", "wind_cumulated", "snow_hours", "rain_hours", "pm25")
CONTEXT, DAY, TEST = 24, 24, 8_760
# Chosen on the validation part: without a linear path, and a GRU of this width.
SHAPE: dict[str, Any] = {"cell": "gru", "hidden_size": 48, "linear": False}


def recurrent(series: Any, split: int, steps: int, seed: int, epochs: int) -> tuple[F64, F64]:
    """Return our forecasts from each origin (N, K), and the outermost quantiles of them (N, K, 2)."""
    train = ForecastTrainConfig(
        max_epochs=epochs, epoch_steps=100, batch_size=128, patience=epochs, seed=seed
    )
    forecaster = Forecaster(context=CONTEXT, horizon=steps, seed=seed, **SHAPE)
    forecaster.fit(series.values_TF[:split], columns=series.columns, beside=series.columns[1:], config=train)
    read_NCR = histories(forecaster, series.values_TF, split)[: len(series.values_TF) - split - steps + 1]
    quantiles_NKQ = forecaster.predict_quantiles(read_NCR)
    return quantiles_NKQ[..., 2], quantiles_NKQ[..., [0, -1]]


def compare(series: Any, split: int, steps: int, seeds: int, epochs: int) -> dict[str, Any]:
    """Return the forecasts of every method, ours by seed, and what they are held against."""
    methods = {
        "naive": naive_ahead(0),
        "seasonal naive": naive_ahead(0, season=DAY),
        "linear": linear_ahead(0, context=CONTEXT),
        "ETS": ets_ahead(0, season=DAY),
        "ARIMA": arima_ahead(0, season=DAY),
    }
    found = {name: [method(series.values_TF, split, steps)] for name, method in methods.items()}
    ours = [recurrent(series, split, steps, seed, epochs) for seed in range(seeds)]
    actual_NK = actual_ahead(series.values_TF[:, 0], split, steps)
    return {
        "actual": actual_NK,
        "intervals": [interval for _, interval in ours],
        "forecasts": {"recurrent": [forecast for forecast, _ in ours], **found},
        "covered": [coverage(actual_NK, low_high[..., 0], low_high[..., 1]) for _, low_high in ours],
    }


def scores(found: dict[str, Any], training_T: F64) -> dict[str, dict[str, list[float]]]:
    """Return each method's MASE over all its steps, and over the last of them alone, by seed."""
    actual_NK = found["actual"]
    return {
        name: {
            "mase": [mase(actual_NK, each, training_T) for each in forecasts],
            "last": [mase(actual_NK[:, -1], each[:, -1], training_T) for each in forecasts],
        }
        for name, forecasts in found["forecasts"].items()
    }


def written(values: list[float]) -> str:
    """Return a mean, with the range of several."""
    mean = f"{np.mean(values):.3f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.3f} to {max(values):.3f})"


def picture(hour: dict[str, Any], day: dict[str, Any], training_T: F64, path: Path, shown: int = 120) -> Path:
    """Draw five days forecast an hour ahead, and each method's error by the hours ahead; ours of seed 0."""
    figure = new_figure(11, 3.6)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    steps, interval = np.arange(shown), hour["intervals"][0][:shown, 0]
    left.fill_between(steps, interval[:, 0], interval[:, 1], color=BLUE, alpha=0.2, linewidth=0)
    left.plot(steps, hour["actual"][:shown, 0], color=GREY, label="actual")
    left.plot(
        steps, hour["forecasts"]["recurrent"][0][:shown, 0], color=BLUE, linewidth=1, label="an hour ahead"
    )
    left.set(title=f"{TARGET}, degrees: the first {shown} held-out hours", xlabel="hours")
    left.legend(frameon=False, fontsize=8)
    ahead = np.arange(1, DAY + 1)
    colours = (BLUE, GREY, GREY, VERMILION, *OTHER_COLOURS)
    for (name, forecasts), colour in zip(day["forecasts"].items(), colours, strict=False):
        errors = [mase(day["actual"][:, k], forecasts[0][:, k], training_T) for k in range(DAY)]
        right.plot(ahead, errors, color=colour, linestyle=":" if "seasonal" in name else "-", label=name)
    right.set(title="MASE by hours ahead", xlabel="hours ahead", ylim=(0, 5))
    right.legend(frameon=False, fontsize=8)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return save_figure(figure, path, dpi=80)


def main(
    data: Annotated[Path, typer.Option(help="Hourly weather as CSV.")],
    output: Annotated[Path, typer.Option(help="Folder for the picture and the figures.")] = Path("."),
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of ours.")] = 3,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of 100 steps of each.")] = 12,
) -> None:
    """Forecast the temperature an hour and a day ahead, beside simple and classical methods."""
    output.mkdir(parents=True, exist_ok=True)
    series = with_clock(read_series(data, columns=[TARGET, *BESIDE], fill="previous"))
    for note in series.notes:
        print(f"note: {note}")
    split = len(series.values_TF) - TEST
    training_T = series.values_TF[:split, 0]
    print(f"{split:,} hours to learn from, {TEST:,} held out; read: {', '.join(series.columns)}")
    hour, day = (compare(series, split, steps, seeds, epochs) for steps in (1, DAY))
    figures = [scores(each, training_T) for each in (hour, day)]
    table = Table("method", "next hour", f"next {DAY} hours", f"hour {DAY} alone", title="MASE")
    for name in figures[0]:
        cells = (figures[0][name]["mase"], figures[1][name]["mase"], figures[1][name]["last"])
        table.add_row(name, *map(written, cells))
    Console(width=110).print(table)
    for label, each in (("next hour", hour), ("next day", day)):
        print(f"{label}: inside our 80 % interval {', '.join(f'{share:.0%}' for share in each['covered'])}")
    named = {"next hour": figures[0], "next day": figures[1]}
    (output / "weather.json").write_text(json.dumps(named, indent=2) + "\n", encoding="utf-8")
    print(f"picture: {picture(hour, day, training_T, output / 'weather.png')}")


if __name__ == "__main__":
    run_script(main)
