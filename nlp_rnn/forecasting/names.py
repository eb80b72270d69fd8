"""Names of series: those that are forecast, and those that are only read beside them. Knows no numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nlp_rnn.config import ForecastConfig
from nlp_rnn.errors import InputError
from nlp_rnn.files.series import Series


def check_steps(steps: int, config: ForecastConfig) -> None:
    """Refuse a closed loop that would need what is not forecast.

    Raises:
        InputError: If there are more steps than the horizon, and series that are only read.
    """
    if config.beside and steps > config.horizon:
        raise InputError(
            f"{steps} steps cannot be forecast: after {config.horizon} (the horizon) the model would need "
            f"{', '.join(config.beside)}, which it reads and does not forecast; ask for {config.horizon} or "
            "fewer, or fit with a longer horizon"
        )


def default_names(count: int) -> tuple[str, ...]:
    """Return the names of series that were given without: value, or value_0, value_1, ..."""
    return ("value",) if count == 1 else tuple(f"value_{number}" for number in range(count))


def names_of(series: Any, columns: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """Return the names given, else those of a ``Series``, else the default ones.

    Raises:
        InputError: If there are more or fewer names than series.
    """
    if columns is None and isinstance(series, Series):
        columns = series.columns
    if columns is None:
        columns = default_names(count)
    if len(columns) != count:
        raise InputError(f"there are {count} series and {len(columns)} names: give one name for each")
    return tuple(columns)


def split_names_beside(
    names: tuple[str, ...], beside: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of all series if some are only read, else none; and of those that are forecast.

    Raises:
        InputError: If ``beside`` names a series that is not there, or leaves none to forecast.
    """
    if isinstance(beside, str):
        raise InputError(f"beside is a list of names, not one text: [{beside!r}]")
    if unknown := [name for name in beside if name not in names]:
        raise InputError(f"there is no series {unknown[0]!r} to read beside; they are {', '.join(names)}")
    forecast = tuple(name for name in names if name not in beside)
    if not forecast:
        raise InputError("all series are only read beside: leave at least one to forecast")
    return (names if beside else ()), forecast
