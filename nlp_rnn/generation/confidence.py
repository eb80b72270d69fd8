"""Where a generator seems to have lost its way: stretches it found improbable itself, and loops.

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
_IMPOSSIBLE = 100.0  # nats: enough of them, and yet a number


def improbable(nats_N: NDArray[np.float64], *, window: int, limit: float) -> list[tuple[Span, float]]:
    """Stretches whose characters cost the model ``limit`` nats or more on average.

    Args:
        nats_N: Minus the natural log-probability of each character; NaN where nobody knows.
        window: Characters averaged over; a shorter text is averaged whole.
        limit: Nats per character.

    Returns:
        Each stretch, and the nats per character of its worst window.
    """
    window = min(window, len(nats_N))
    known_N = np.clip(np.nan_to_num(nats_N, nan=0.0), 0.0, _IMPOSSIBLE)
    if not window:
        return []
    sums_N = np.concatenate([[0.0], np.cumsum(known_N)])
    mean_N = (sums_N[window:] - sums_N[:-window]) / window
    found: list[tuple[Span, float]] = []
    for start in np.flatnonzero(mean_N >= limit).tolist():
        worst = float(mean_N[start])
        if found and start <= found[-1][0][1]:
            (first, _), before = found.pop()
            found.append(((first, start + window), max(before, worst)))
        else:
            found.append(((start, start + window), worst))
    return found


def loop(text: str, *, shortest: int) -> tuple[Span, int] | None:
    """The longest stretch that repeats one piece of text at least three times on end.

    Args:
        text: The text.
        shortest: Characters of the whole stretch, repetitions included, at least.

    Returns:
        The stretch and the characters of the piece; None if there is none, or it has no letter or digit.
    """
    codes_N = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    best: tuple[Span, int] | None = None
    for period in range(1, min(LONGEST_PERIOD, len(codes_N) // REPEATS) + 1):
        least = max(shortest, REPEATS * period) - period
        same_N = codes_N[period:] == codes_N[:-period]
        if int(same_N.sum()) < least:
            continue
        edges_N = np.flatnonzero(np.diff(np.concatenate([[False], same_N, [False]])))
        starts_N, ends_N = edges_N[::2], edges_N[1::2]
        longest = int((ends_N - starts_N).argmax())
        start, end = int(starts_N[longest]), int(ends_N[longest]) + period
        long_enough = end - start - period >= least and (
            best is None or end - start > best[0][1] - best[0][0]
        )
        if long_enough and any(letter.isalnum() for letter in text[start : start + period]):
            best = (start, end), period
    return best
