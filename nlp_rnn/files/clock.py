"""The time of the day and of the year as columns beside a series: what the next hour has that no value shows.

Knows times alone. Each is a sine and a cosine, so that midnight is as near to 23:00 as to 1:00.

Shapes: T steps.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nlp_rnn.errors import InputError
from nlp_rnn.files.series import Series

CLOCK = ("day sin", "day cos", "year sin", "year cos")
"""Names of the columns: how far the day and the year have gone."""

_YEAR = np.timedelta64(31_556_952, "s")  # 365.2425 days


def with_clock(series: Series) -> Series:
    """Return a series with the time of the day (where steps are shorter than one) and of the year as columns.

    They are computed from each step's own time, in UTC where the file has zones, and look at no value.

    Args:
        series: One with times, and without columns of these names.

    Raises:
        InputError: If it has no times, or a column of such a name.
    """
    if series.times_T is None:
        raise InputError("the series has no times, so it has no time of the day or of the year")
    if taken := [name for name in CLOCK if name in series.columns]:
        raise InputError(
            f"the series has a column {taken[0]!r} already: leave it out, or do without the clock"
        )
    times_T = series.times_T.astype("datetime64[s]")
    names, columns = [], []
    for unit, length, (sine, cosine) in (("D", np.timedelta64(1, "D"), CLOCK[:2]), ("Y", _YEAR, CLOCK[2:])):
        phase_T = 2 * np.pi * ((times_T - times_T.astype(f"datetime64[{unit}]")) / length)
        if np.ptp(phase_T) > 0:  # days have no time of the day
            names += [sine, cosine]
            columns += [np.sin(phase_T), np.cos(phase_T)]
    return replace(
        series,
        columns=(*series.columns, *names),
        values_TF=np.column_stack([series.values_TF, *columns]),
        decimals=None if series.decimals is None else (*series.decimals, *[0] * len(names)),
    )
