"""``nlp-rnn forecast``: a series in a file, its next steps with intervals in another, and a picture."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
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

_TRAINED = "beside clock context horizon log window test season save"  # options of a training

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
    beside: Annotated[
        str | None,
        typer.Option(
            help="Columns that are read and not forecast, e.g. dew_point,pressure: they help.",
            rich_help_panel=DATA,
        ),
    ] = None,
    clock: Annotated[
        bool,
        typer.Option(
            "--clock",
            help="Read the time of the day and of the year beside, for steps that know their time.",
            rich_help_panel=DATA,
        ),
    ] = False,
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
        int | None,
        typer.Option(
            min=1,
            help="Steps to forecast, in closed loop; by default 24. With columns only read, as many as "
            "the horizon at most, and by default.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
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
    from nlp_rnn.files.clock import CLOCK, with_clock
    from nlp_rnn.files.series import read_series
    from nlp_rnn.folder import check_destination
    from nlp_rnn.forecasting.backtest import plot_forecast
    from nlp_rnn.forecasting.forecaster import Forecaster
    from nlp_rnn.forecasting.names import check_steps, split_names_beside

    check_files(output, plot=plot)
    if model is not None:
        refuse_given(ctx, _TRAINED, "it is for a forecaster to be trained, and --model names one that was")
    if save is not None:
        check_destination(save)
    saved = None if model is None else Forecaster.from_pretrained(model)
    helpers = split_names(beside) or [] if saved is None else list(saved.config.beside)
    clock = clock or CLOCK[-1] in helpers
    series = read_series(
        data,
        columns=_columns(split_names(column), helpers, saved),
        time_column=time_column,
        fill=fill,
        format=input_format,
        layout=layout_of(delimiter, quoting, encoding, no_header),
    )
    for note in series.notes:
        say(f"Note: {data}: {note}")
    series = with_clock(series) if clock else series
    if saved is None and clock:
        helpers += [name for name in CLOCK if name in series.columns]
    names = split_names_beside(series.columns, helpers)[1]
    at = _place(target, names)
    steps = steps or ((saved.config.horizon if saved else horizon) if helpers else 24)
    if saved is None:
        new = partial(Forecaster, context, horizon, seed=seed, log=log, window=window)
        if helpers:  # before the training, not after it
            check_steps(steps, replace(new().config, columns=names, reads=series.columns))
        if test:
            _compare(new(), series, test, season, names[at], min(steps, test), helpers)
        forecaster = _trained(new(), series, None if target is None else at, helpers)
        if save is not None:
            say(f"Model: {forecaster.save_pretrained(save)}")
    else:
        forecaster = saved
        _check_step(saved, series, data)
    # The forecast is the middle one of its quantiles, so that it cannot leave its own interval.
    levels = forecaster.config.quantiles
    quantiles_KFQ = forecaster.rollout_quantiles(steps, series, seed=seed).reshape(steps, -1, len(levels))
    middle_KF = quantiles_KFQ[..., levels.index(0.5)]
    places = forecaster.config.places
    _write(output, series, places, middle_KF, quantiles_KFQ, levels)
    if plot is not None:
        shown = series.values_TF[-4 * forecaster.config.context :, places[at]]
        name = f"{data.name}: {names[at]}"
        say(f"Picture: {plot_forecast(shown, middle_KF[:, at], quantiles_KFQ[:, at], plot, name=name)}")


def _columns(columns: list[str] | None, helpers: list[str], saved: Forecaster | None) -> list[str] | None:
    """Return the columns to read of a file: those asked for and those beside, or what a saved model reads."""
    from nlp_rnn.files.clock import CLOCK

    if columns is None and saved is not None and helpers:
        columns = list(saved.config.read)
    if columns is None:
        return None
    columns = [*columns, *(name for name in helpers if name not in columns)]
    return [name for name in columns if name not in CLOCK]


def _place(target: str | None, names: Sequence[str]) -> int:
    """Return which of the series that are forecast is the one that matters, the last if none is named."""
    if target is not None and target not in names:
        raise InputError(f"there is no series {target!r}; they are {', '.join(names)}")
    return len(names) - 1 if target is None else names.index(target)


def _check_step(saved: Forecaster, series: Series, data: Path) -> None:
    """Say it if a saved model learned steps of another length."""
    learned, given = saved.artifact.notes.get("step"), series.timeline and series.timeline.name
    if learned is not None and given is not None and learned != given:
        say(f"Note: the model learned steps of {learned}, and those of {data} are {given}")


def _trained(forecaster: Forecaster, series: Series, target: int | None, beside: Sequence[str]) -> Forecaster:
    """Train a forecaster, and show a bar meanwhile."""
    with progress_bar("loss {task.fields[loss]}") as bar:
        task = bar.add_task("Training", total=None, loss="-")
        return forecaster.fit(
            series,
            target=target,
            beside=beside,
            progress=lambda now: bar.update(
                task, completed=now.step, total=now.total_steps, loss=f"{now.loss:.3f}"
            ),
        )


def _compare(
    forecaster: Forecaster,
    series: Series,
    test: int,
    season: int,
    name: str,
    ahead: int,
    beside: Sequence[str],
) -> None:
    """Print how every method would have forecast the last ``test`` steps, and what our intervals cover."""
    from nlp_rnn.forecasting.backtest import run_backtest

    found = run_backtest(
        series.values_TF,
        test,
        name=name,
        forecaster=forecaster,
        season=season,
        target=series.columns.index(name),
        ahead=ahead,
        beside=[series.columns.index(each) for each in beside],
    )
    print_table(found.table(), title=f"{name}: the last {test:,} steps, one step ahead", stderr=True)
    say(
        f"{found.covered:.0%} of the values are inside the {found.expected:.0%} interval one step ahead, and "
        f"{found.covered_ahead:.0%} in closed loops of {ahead:,} steps"
    )


def _write(
    output: Path | None,
    series: Series,
    places: Sequence[int],
    middle_KF: Any,
    quantiles_KFQ: Any,
    levels: tuple[float, ...],
) -> None:
    """Write one row for each step: its time or number, and for each series the forecast and its quantiles.

    ``places`` says where the series that were forecast stand in ``series``.
    """
    when = series.next_steps(len(middle_KF))
    columns = [series.columns[at] for at in places]
    names = [name for column in columns for name in (column, *(f"{column} q{q:g}" for q in levels))]
    with (
        nullcontext(sys.stdout) if output is None else output.open("w", encoding="utf-8", newline="") as file
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["step" if series.times_T is None or series.timeline is None else "time", *names])
        for time, middle_F, quantiles_FQ in zip(when, middle_KF, quantiles_KFQ, strict=True):
            cells = [
                series.write(at, value)
                for at, middle, quantiles_Q in zip(places, middle_F, quantiles_FQ, strict=True)
                for value in (middle, *quantiles_Q)
            ]
            writer.writerow([time, *cells])
    if output is not None:
        say(f"Forecast {len(middle_KF):,} steps: {output}")
