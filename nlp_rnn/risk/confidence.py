"""Signs of a generator that went wrong: stretches that it found improbable itself, and loops.

Knows characters and their log-probabilities; no model. Every answer about a sentence depends only on the
text up to its end, so that a stream can give it.

Shapes: N characters, P periods.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Span = tuple[int, int]
LONGEST_PERIOD = 120
REPEATS = 3
_NO_CHARACTER = 2**32 - 1
_IMPOSSIBLE = 100.0  # nats of a character of probability 0: large, and finite


def find_improbable(nats_N: NDArray[np.float64], *, window: int, limit: float) -> list[tuple[Span, float]]:
    """Return the stretches whose characters cost the model ``limit`` nats or more on average.

    Args:
        nats_N: Minus the natural log-probability of each character; NaN where it is unknown.
        window: Characters averaged over; a shorter text is averaged whole.
        limit: Nats per character.

    Returns:
        Each stretch, and the nats per character of its worst window.
    """
    window = min(window, len(nats_N))
    known_N = np.clip(np.nan_to_num(nats_N, nan=0.0), 0.0, _IMPOSSIBLE)
    if not window:
        return []
    # The sum of a window is the difference of two running sums.
    sums_N = np.concatenate([[0.0], np.cumsum(known_N)])
    mean_N = (sums_N[window:] - sums_N[:-window]) / window
    found: list[tuple[Span, float]] = []
    for start in np.flatnonzero(mean_N >= limit).tolist():
        worst = float(mean_N[start])
        # A window that touches the stretch before it makes that longer; else it begins a new one.
        if found and start <= found[-1][0][1]:
            (first, _), before = found.pop()
            found.append(((first, start + window), max(before, worst)))
        else:
            found.append(((start, start + window), worst))
    return found


def find_loop(text: str, *, shortest: int) -> tuple[Span, int] | None:
    """Return the longest stretch that repeats one piece of text at least three times in a row.

    Args:
        text: The text.
        shortest: Characters of the whole stretch, repetitions included, at least.

    Returns:
        The stretch and the characters of the piece; None if there is none, or it has no letter or digit.
    """
    codes_N = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    periods = min(LONGEST_PERIOD, len(codes_N) // REPEATS)
    if periods < 1:
        return None
    # Row p is True where a character is the same as the one p + 1 places before it.
    before = np.concatenate([np.full(periods, _NO_CHARACTER, np.uint32), codes_N])
    same_PN = (
        np.stack([before[periods - p : periods - p + len(codes_N)] for p in range(1, periods + 1)]) == codes_N
    )
    best: tuple[Span, int] | None = None
    for row in _with_long_runs(same_PN, 2 * shortest // REPEATS).tolist():
        period = row + 1
        # Runs of True begin and end where the row changes; a period before a run is its first copy.
        edges_N = np.flatnonzero(np.diff(np.concatenate([[False], same_PN[row], [False]])))
        starts_N, ends_N = edges_N[::2] - period, edges_N[1::2]
        longest = int((ends_N - starts_N).argmax())
        start, end = int(starts_N[longest]), int(ends_N[longest])
        # At least three copies, longer than what was found before, and not of blanks or signs alone.
        long_enough = end - start >= max(shortest, REPEATS * period)
        longer = best is None or end - start > best[0][1] - best[0][0]
        if long_enough and longer and any(map(str.isalnum, text[start : start + period])):
            best = (start, end), period
    return best


def _with_long_runs(same_PN: NDArray[np.bool_], length: int) -> NDArray[np.int64]:
    """Return the rows that are True ``length`` or more times in a row."""
    # After each round an entry says that ``reached`` entries from it on are True: doubling needs few rounds.
    run_PN, reached = same_PN, 1
    while reached < length and run_PN.shape[1]:
        step = min(reached, length - reached)
        run_PN = run_PN[:, step:] & run_PN[:, :-step]
        reached += step
    return np.flatnonzero(run_PN.any(axis=1))
