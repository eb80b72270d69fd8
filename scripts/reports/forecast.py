"""Forecast the textbook's sine wave, and with ``--data FOLDER`` four real series beside classical models.

Writes ``forecast_sine.png``; with data also ``forecast_real.png`` and ``forecast.json``. Needs the extra
``forecast``. For a series of your own: ``nlp-rnn forecast --data FILE``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from nlp_rnn import Forecaster
from nlp_rnn.cli import run_script
from nlp_rnn.files import read_series
from nlp_rnn.forecasting import Backtest, histories, plot_backtests, plot_forecast, rmse, run_backtest

# Name, file, steps used (ETTh1's customary 20 months), steps held out, steps of a season, logarithm.
SERIES = (
    ("airline passengers", "airline-passengers.csv", None, 24, 12, True),
    ("daily minimum temperatures", "daily-min-temperatures.csv", None, 730, 365, False),
    ("monthly sunspots", "monthly-sunspots.csv", None, 564, 132, False),
    ("ETTh1, oil temperature", "ETTh1.csv", 14_400, 2_880, 24, False),
)


def sine(output: Path, steps: int = 200) -> None:
    """Forecast the smallest example: 1,000 steps of a sine wave, and the next 200 in closed loop."""
    wave_T1 = np.sin(2 * np.pi * np.arange(1_000 + steps) / 50)[:, None]
    forecaster = Forecaster(context=24, horizon=1, seed=0).fit(wave_T1[:1_000])
    actual, loop = wave_T1[1_000:, 0], forecaster.rollout(steps)
    one_step = forecaster.predict(histories(forecaster, wave_T1, 1_000))[:, 0]
    picture = plot_forecast(
        wave_T1[900:1_000, 0],
        loop,
        forecaster.rollout_quantiles(steps),
        output / "forecast_sine.png",
        name="a sine wave: one step ahead, and 200 steps in closed loop",
        actual_K=actual,
        one_step_K=one_step,
    )
    print(f"sine, amplitude 1: one step ahead RMSE {rmse(actual, one_step):.4f}", end=", ")
    print(f"{steps} steps in closed loop RMSE {rmse(actual, loop):.4f}; picture: {picture}")


def real(data: Path, output: Path, seeds: int) -> None:
    """Forecast the four series, each split by time; the picture shows the first seed."""
    found = [compare(data, *each, seeds=seeds) for each in SERIES]
    figures = json.dumps([[one.to_dict() for one in each] for each in found], indent=2)
    (output / "forecast.json").write_text(figures + "\n", encoding="utf-8")
    print(f"picture: {plot_backtests([each[0] for each in found], output / 'forecast_real.png')}")


def compare(
    data: Path, name: str, file: str, used: int | None, test: int, season: int, log: bool, *, seeds: int
) -> list[Backtest]:
    """Forecast one series: every method with the first seed, and ours alone with the others."""
    # The daily temperatures leave out the last day of leap years.
    values_TF = read_series(data / file, fill="linear").values_TF[:used]
    found = []
    for seed in range(seeds):
        forecaster = Forecaster(context=24, horizon=1, seed=seed, log=log)
        found.append(
            run_backtest(
                values_TF, test, name=name, forecaster=forecaster, season=season, classical=seed == 0
            )
        )
    first = found[0]
    header, *rows = first.table()
    table = Table(*header, title=f"{name}: the last {test:,} steps", title_justify="left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    ours = [each.scores[0].mase for each in found]
    print(f"MASE over {seeds} seeds: {np.mean(ours):.3f}, from {min(ours):.3f} to {max(ours):.3f}")
    print(f"{first.covered:.0%} of the values are inside the {first.expected:.0%} interval\n")
    return found


def main(
    data: Annotated[Path | None, typer.Option(help="Folder with the four series as CSV.")] = None,
    output: Annotated[Path, typer.Option(help="Folder for pictures and figures.")] = Path("."),
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each real series.")] = 1,
) -> None:
    """Forecast a sine wave, and four real series if their folder is given."""
    output.mkdir(parents=True, exist_ok=True)
    sine(output)
    if data is not None:
        real(data, output, seeds)


if __name__ == "__main__":
    run_script(main)
