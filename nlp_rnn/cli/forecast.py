"""``nlp-rnn forecast``: a series in a file, its next steps with intervals in another, and a picture."""

from __future__ import annotations

import csv
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nlp_rnn.cli.loading import layout_of, split_names
from nlp_rnn.cli.options import (
    DATA,
    MODEL,
    OUTPUT,
    TRAINING,
    Delimiter,
    Encoding,
    InputFormat,
    Plot,
    Quoting,
    Seed,
    refuse_given,
)
from nlp_rnn.cli.output import check_files, print_table, say
from nlp_rnn.cli.progress import progress_bar
from nlp_rnn.errors import InputError

_TRAINED = "context horizon log window test season save"  # options of a training

if TYPE_CHECKING:
    from nlp_rnn.files.series import Series
    from nlp_rnn.forecasting.forecaster import Forecaster


def forecast(
    ctx: typer.Context,
    *,
    data: Annotated[
        Path,
        typer.Option(help="A CSV, TSV, JSONL or Parquet file, oldest row first.", rich_help_panel=DATA),
    ],
    column: Annotated[
        str | None,
        typer.Option(
            help="The columns of values, e.g. load,price; by default all but the times.", rich_help_panel=DATA
        ),
    ] = None,
    time_column: Annotated[
        str | None,
        typer.Option(
            help="The column of times; by default the first, if it holds times or counts steps.",
            rich_help_panel=DATA,
        ),
    ] = None,
    input_format: InputFormat = "auto",
    delimiter: Delimiter = None,
    quoting: Quoting = "auto",
    encoding: Encoding = "auto",
    no_header: Annotated[
        bool,
        typer.Option(
            "--no-header",
            help="The first row is a step like the others; the columns are value, or 1, 2, ...",
            rich_help_panel=DATA,
        ),
    ] = False,
    fill: Annotated[
        str | None,
        typer.Option(
            help="Fill missing values and steps: linear, previous or zero; ignore: rows follow each other.",
            rich_help_panel=DATA,
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            help="The column that matters, compared and drawn; by default the last.", rich_help_panel=DATA
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="A saved forecaster; without it, one is trained.", rich_help_panel=MODEL),
    ] = None,
    context: Annotated[int, typer.Option(help="Steps read before a forecast.", rich_help_panel=MODEL)] = 24,
    horizon: Annotated[int, typer.Option(help="Steps forecast at once.", rich_help_panel=MODEL)] = 1,
    log: Annotated[
        bool, typer.Option("--log", help="For series that grow by shares.", rich_help_panel=MODEL)
    ] = False,
    window: Annotated[
        int,
        typer.Option(
            help="Train along the series, the gradient cut after so many steps; 0: windows.",
            rich_help_panel=TRAINING,
        ),
    ] = 0,
    test: Annotated[
        int,
        typer.Option(
            min=0,
            help="Hold out so many last steps first, and compare; says what the interval covers (extra: "
            "forecast).",
            rich_help_panel=TRAINING,
        ),
    ] = 0,
    season: Annotated[
        int,
        typer.Option(min=1, help="Steps of a season, for the comparison.", rich_help_panel=TRAINING),
    ] = 1,
    seed: Seed = 0,
    steps: Annotated[
        int, typer.Option(min=1, help="Steps to forecast, in closed loop.", rich_help_panel=OUTPUT)
    ] = 24,
    output: Annotated[
        Path | None,
        typer.Option(help="CSV to write; standard output if left out.", rich_help_panel=OUTPUT),
    ] = None,
    plot: Plot = None,
    save: Annotated[
        Path | None,
        typer.Option(help="Save the trained forecaster in this folder.", rich_help_panel=OUTPUT),
    ] = None,
) -> None:
    """Forecast a series with intervals; train first if no model is given (extra: train)."""
    from nlp_rnn.files.series import read_series
    from nlp_rnn.folder import check_destination
    from nlp_rnn.forecasting.backtest import plot_forecast
    from nlp_rnn.forecasting.forecaster import Forecaster

    check_files(output, plot=plot)
    if model is not None:
        refuse_given(ctx, _TRAINED, "it is for a forecaster to be trained, and --model names one that was")
    if save is not None:
        check_destination(save)
    series = read_series(
        data,
        columns=split_names(column),
        time_column=time_column,
        fill=fill,
        format=input_format,
        layout=layout_of(delimiter, quoting, encoding, no_header),
    )
    for note in series.notes:
        say(f"Note: {data}: {note}")
    if target is not None and target not in series.columns:
        raise InputError(f"there is no series {target!r}; they are {', '.join(series.columns)}")
    at = len(series.columns) - 1 if target is None else series.columns.index(target)
    if model is None:
        settings: dict[str, Any] = {"seed": seed, "log": log, "window": window}
        if test:
            _compare(Forecaster(context, horizon, **settings), series, test, season, at, min(steps, test))
        forecaster = _trained(
            Forecaster(context, horizon, **settings), series, None if target is None else at
        )
        if save is not None:
            say(f"Model: {forecaster.save_pretrained(save)}")
    else:
        forecaster = Forecaster.from_pretrained(model)
        learned, given = forecaster.artifact.notes.get("step"), series.timeline and series.timeline.name
        if learned is not None and given is not None and learned != given:
            say(f"Note: the model learned steps of {learned}, and those of {data} are {given}")
    # The forecast is the middle one of its quantiles, so that it cannot leave its own interval.
    levels = forecaster.config.quantiles
    quantiles_KFQ = forecaster.rollout_quantiles(steps, series, seed=seed).reshape(steps, -1, len(levels))
    middle_KF = quantiles_KFQ[..., levels.index(0.5)]
    _write(output, series, middle_KF, quantiles_KFQ, levels)
    if plot is not None:
        shown = series.values_TF[-4 * forecaster.config.context :, at]
        name = f"{data.name}: {series.columns[at]}"
        say(f"Picture: {plot_forecast(shown, middle_KF[:, at], quantiles_KFQ[:, at], plot, name=name)}")


def _trained(forecaster: Forecaster, series: Series, target: int | None) -> Forecaster:
    """Train a forecaster, and show a bar meanwhile."""
    with progress_bar("loss {task.fields[loss]}") as bar:
        task = bar.add_task("Training", total=None, loss="-")
        return forecaster.fit(
            series,
            target=target,
            progress=lambda now: bar.update(
                task, completed=now.step, total=now.total_steps, loss=f"{now.loss:.3f}"
            ),
        )


def _compare(forecaster: Forecaster, series: Series, test: int, season: int, target: int, ahead: int) -> None:
    """Print how every method would have forecast the last ``test`` steps, and what our intervals cover."""
    from nlp_rnn.forecasting.backtest import run_backtest

    name = series.columns[target]
    found = run_backtest(
        series.values_TF, test, name=name, forecaster=forecaster, season=season, target=target, ahead=ahead
    )
    print_table(found.table(), title=f"{name}: the last {test:,} steps, one step ahead", stderr=True)
    say(
        f"{found.covered:.0%} of the values are inside the {found.expected:.0%} interval one step ahead, and "
        f"{found.covered_ahead:.0%} in closed loops of {ahead:,} steps"
    )


def _write(
    output: Path | None, series: Series, middle_KF: Any, quantiles_KFQ: Any, levels: tuple[float, ...]
) -> None:
    """Write one row for each step: its time or number, and for each series the forecast and its quantiles."""
    when = series.next_steps(len(middle_KF))
    names = [name for column in series.columns for name in (column, *(f"{column} q{q:g}" for q in levels))]
    with (
        nullcontext(sys.stdout) if output is None else output.open("w", encoding="utf-8", newline="") as file
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["step" if series.times_T is None or series.timeline is None else "time", *names])
        for time, middle_F, quantiles_FQ in zip(when, middle_KF, quantiles_KFQ, strict=True):
            cells = [
                series.write(at, value)
                for at, (middle, quantiles_Q) in enumerate(zip(middle_F, quantiles_FQ, strict=True))
                for value in (middle, *quantiles_Q)
            ]
            writer.writerow([time, *cells])
    if output is not None:
        say(f"Forecast {len(middle_KF):,} steps: {output}")
