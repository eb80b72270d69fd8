"""Bars on standard error: how far a long task is, and how long it will still take.

Knows terminals and logs; knows no tasks.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nlp_rnn.cli.output import say

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from nlp_rnn.bulk.run import Progress as RowsProgress
    from nlp_rnn.training.loop import Progress

_LINE_SECONDS = 60  # between two lines of a long work without a terminal


def progress_bar(*columns: str) -> Bar:
    """Return a bar on standard error that vanishes when done; silent where that is no terminal.

    Args:
        columns: Formats of the texts to the right of the bar, e.g. ``"{task.fields[loss]:.3f}"``.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    silent = not sys.stderr.isatty()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *map(TextColumn, columns),
        TimeRemainingColumn(),
        console=Console(stderr=True, quiet=silent),
        transient=True,
        disable=silent,
    )


@contextmanager
def training_bar(unit: str) -> Iterator[Callable[[Progress], None]]:
    """Show a bar for a training, as the callback that moves it; ``unit`` of its rate, e.g. ``tokens/s``.

    Where standard error is no terminal, such as the log of a long run, a line every minute.
    """
    with progress_bar("loss {task.fields[loss]}", f"{{task.fields[rate]}} {unit}") as bar:
        task = bar.add_task("epoch 1", total=None, loss="-", rate="-")
        is_due = _each_minute()

        def show(now: Progress) -> None:
            if bar.disable and is_due():
                say(
                    f"epoch {now.epoch + 1}, step {now.step:,} of {now.total_steps:,}: loss {now.loss:.3f}, "
                    f"{now.tokens_per_second:,.0f} {unit}, {now.seconds_left / 60:.0f} minutes left"
                )
            bar.update(
                task,
                description=f"epoch {now.epoch + 1}",
                completed=now.step,
                total=now.total_steps,
                loss=f"{now.loss:.3f}",
                rate=f"{now.tokens_per_second:,.0f}",
            )

        yield show


@contextmanager
def rows_bar(total: int | None) -> Iterator[Callable[[RowsProgress], None]]:
    """Show a bar for a run over files, as the callback that moves it; ``total`` rows, if that is known.

    Where standard error is no terminal, a line every minute.
    """
    of_total = "" if total is None else f" of {total:,}"
    with progress_bar("{task.fields[rows]} rows, {task.fields[rate]} rows/s") as bar:
        task = bar.add_task("Classifying", total=1, rows="0" + of_total, rate="-")
        is_due = _each_minute()

        def show(now: RowsProgress) -> None:
            if bar.disable and is_due():
                say(
                    f"{now.rows:,}{of_total} rows ({now.share:.0%}), {now.rows_per_second:,.0f} rows/s, "
                    f"{now.seconds_left / 60:.0f} minutes left"
                )
            rows, rate = f"{now.rows:,}{of_total}", f"{now.rows_per_second:,.0f}"
            bar.update(task, completed=now.share, rows=rows, rate=rate)

        yield show


def _each_minute() -> Callable[[], bool]:
    """Return a function that is True when a minute has gone by since it last was, or since now."""
    due = time.monotonic() + _LINE_SECONDS

    def is_due() -> bool:
        nonlocal due
        if time.monotonic() < due:
            return False
        due = time.monotonic() + _LINE_SECONDS
        return True

    return is_due
