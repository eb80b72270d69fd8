#!/usr/bin/env python
"""Forecast a series, or a sine wave: ``python scripts/examples/forecast.py series.csv --steps 24``.

``nlp-rnn forecast`` does the same with every setting, and measures beside simpler methods. Needs the extra
``train``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from nlp_rnn import Forecaster
from nlp_rnn.cli import run_script
from nlp_rnn.errors import InputError
from nlp_rnn.files import Series, read_series


def main(
    data: Annotated[Path | None, typer.Argument(help="A CSV file, a step a row.")] = None,
    column: Annotated[str | None, typer.Option(help="The column to forecast.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="How many steps to forecast.")] = 24,
    fill: Annotated[str | None, typer.Option(help="Fill gaps: linear, previous or zero.")] = None,
) -> None:
    """Learn the series, and print the steps that come next."""
    if data is None:
        series = Series(("sine",), np.sin(2 * np.pi * np.arange(1_000) / 50)[:, None])
    else:
        series = read_series(data, columns=None if column is None else [column], fill=fill)
        if len(series.columns) > 1:
            raise InputError(f"{data} has several columns of numbers: name one with --column")
    forecaster = Forecaster(context=24, horizon=1, seed=0).fit(series)
    for time, value in zip(series.next_steps(steps), forecaster.rollout(steps), strict=True):
        print(f"{time}\t{series.write(0, value)}")


if __name__ == "__main__":
    run_script(main)
