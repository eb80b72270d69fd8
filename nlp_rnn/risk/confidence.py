"""Signs of a generator that went wrong: stretches that it found improbable itself, and loops.

Knows characters and their log-probabilities; no model. Every answer about a sentence depends only on the
text up to its end, so that a stream can give it.

Shapes: N characters, P periods.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Span = tuple[int, int]
_Run = tuple[int, int, int]  # a period, the first character that is as the one a period before it, the end
LONGEST_PERIOD = 120
REPEATS = 3
_FEWEST = 8  # runs shorter than this are many: they are not kept
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
    codes_N = _codes(text)
    periods = min(LONGEST_PERIOD, len(codes_N) // REPEATS)
    if periods < 1:
        return None
    same_PN = _same(codes_N, periods)
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
        if long_enough and longer and _has_letter(text[start : start + period]):
            best = (start, end), period
    return best


class Repeats:
    """The stretches of a text that repeat what stands before them, kept while the text comes.

    ``find`` gives what ``find_loop`` does for the text's last part, without comparing again the characters
    that one sentence's context shares with the next one's.

    Args:
        shortest: As for ``find_loop``.
    """

    def __init__(self, shortest: int) -> None:
        self._shortest = shortest
        self._least = 2 * shortest // REPEATS  # characters in a row that are as those a period before
        self._runs: list[_Run] = []
        self._worded: list[_Run] = []  # those of them whose stretch has a letter or digit
        self._multiples: dict[int, list[_Run]] = {}  # by period; a run of a shorter one covers their stretch
        self._open: dict[int, int] = {}  # period and first character of the runs that may still go on
        self._read = 0

    def read(self, text: str, offset: int, end: int) -> None:
        """Take the text up to ``end``.

        Args:
            text: A part of the text: what is new, and before it ``LONGEST_PERIOD`` characters and a run.
            offset: Its place in the text.
            end: A place in the text.
        """
        if end <= self._read or self._least < _FEWEST:
            return
        # Runs go on over the edge of what was read: the last characters of it are read again.
        first = max(0, self._read - self._least)
        start = max(0, first - LONGEST_PERIOD)
        codes_N = _codes(text[start - offset : end - offset])
        same_PN = _same(codes_N, LONGEST_PERIOD)[:, first - start :]
        going_on, self._open = self._open, {}
        found: list[_Run] = []
        rows_R = _with_long_runs(same_PN, self._least)
        # Runs of True begin and end where a row changes; each row begins and ends with False.
        padded_RN = np.zeros((len(rows_R), same_PN.shape[1] + 2), np.bool_)
        padded_RN[:, 1:-1] = same_PN[rows_R]
        rows, edges = np.nonzero(padded_RN[:, 1:] != padded_RN[:, :-1])
        long = edges[1::2] - edges[::2] >= self._least
        periods = (rows_R[rows[::2][long]] + 1).tolist()
        for period, begin, after in zip(
            periods, edges[::2][long].tolist(), edges[1::2][long].tolist(), strict=True
        ):
            known = going_on.get(period, first) if begin == 0 else first + begin
            found.append((period, known, first + after))
        self._open = {period: begin for period, begin, after in found if after == end}
        # What was open is found again, perhaps longer.
        runs, multiples = _without_multiples(found)
        self._runs = [run for run in self._runs if run[2] < self._read] + runs
        # All periods of a run have the same letters: the last is surely in this part of the text.
        self._worded = [run for run in self._worded if run[2] < self._read]
        self._worded += [run for run in runs if _has_letter(text[run[2] - run[0] - offset : run[2] - offset])]
        self._multiples = _by_period(
            [run for run in chain.from_iterable(self._multiples.values()) if run[2] < self._read] + multiples
        )
        self._read = end

    def find(self, text: str, offset: int, start: int, end: int) -> tuple[Span, int] | None:
        """Return ``find_loop(text[start:end])``, places counted from ``start``, of the text read so far."""
        if self._least < _FEWEST:
            return find_loop(text[start - offset : end - offset], shortest=self._shortest)
        longest: dict[int, tuple[int, int]] = {}
        self._add_longest(longest, self._runs, start, end)
        # Multiples of a period say nothing new; but a longer one hides another run of its own period.
        for period in [*longest]:
            if period in self._multiples:
                self._add_longest(longest, self._multiples[period], start, end)
        found: tuple[Span, int] | None = None
        for period in sorted(longest):
            first, after = longest[period][0] - period, longest[period][1]
            length = after - first
            long_enough = length >= max(self._shortest, REPEATS * period)
            longer = found is None or length > found[0][1] - found[0][0]
            if long_enough and longer and _has_letter(text[first - offset : first - offset + period]):
                found = (first - start, after - start), period
        return found

    def _add_longest(
        self, longest: dict[int, tuple[int, int]], runs: list[_Run], start: int, end: int
    ) -> None:
        """Add the longest run of each period, cut to a part of the text; of several, the first."""
        for period, first, after in runs:
            if first < start + period:
                first = start + period
            if after > end:
                after = end
            length = after - first
            if length >= self._least and period * REPEATS <= end - start:
                best = longest.get(period)
                if best is None or (length, -first) > (best[1] - best[0], -best[0]):
                    longest[period] = first, after

    def reaches(self, start: int, end: int) -> bool:
        """Return True if a stretch that ``find`` may return reaches into a part of the text."""
        if self._least < _FEWEST:
            return True
        for _, first, after in self._worded:
            if first < end and start < after:
                return True
        return False

    def forget(self, before: int) -> None:
        """Drop what ends at or before a place."""
        self._runs = [run for run in self._runs if run[2] > before]
        self._worded = [run for run in self._worded if run[2] > before]
        self._multiples = _by_period(
            [run for run in chain.from_iterable(self._multiples.values()) if run[2] > before]
        )


def _without_multiples(runs: list[_Run]) -> tuple[list[_Run], list[_Run]]:
    """Return the runs, apart those of a multiple of a period whose run covers the same stretch of text.

    What repeats every 2 characters repeats every 4, 6, ... as well, and is no longer for that.
    """
    kept: list[_Run] = []
    multiples: list[_Run] = []
    by_period: dict[int, list[_Run]] = {}
    for period, first, after in sorted(runs):
        covered = any(
            begin - shorter <= first - period and after <= last
            for shorter in range(1, period // 2 + 1)
            if period % shorter == 0
            for _, begin, last in by_period.get(shorter, ())
        )
        (multiples if covered else kept).append((period, first, after))
        by_period.setdefault(period, []).append((period, first, after))
    return kept, multiples


def _by_period(runs: Iterable[_Run]) -> dict[int, list[_Run]]:
    found: dict[int, list[_Run]] = {}
    for run in runs:
        found.setdefault(run[0], []).append(run)
    return found


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _has_letter(text: str) -> bool:
    return any(map(str.isalnum, text))


def _same(codes_N: NDArray[np.uint32], periods: int) -> NDArray[np.bool_]:
    """Return True where a character is the same as the one p + 1 places before it, *shape (P, N)*."""
    before = np.concatenate([np.full(periods, _NO_CHARACTER, np.uint32), codes_N])
    # Row p begins p + 1 places before the text does: one view, no copies.
    shape, step = (periods, len(codes_N)), before.itemsize
    shifted_PN = np.ndarray(shape, np.uint32, before, (periods - 1) * step, (-step, step))
    same_PN: NDArray[np.bool_] = shifted_PN == codes_N
    return same_PN


def _with_long_runs(same_PN: NDArray[np.bool_], length: int) -> NDArray[np.int64]:
    """Return the rows that are True ``length`` or more times in a row."""
    # After each round an entry says that ``reached`` entries from it on are True: doubling needs few rounds.
    run_PN, reached = same_PN, 1
    while reached < length and run_PN.shape[1]:
        step = min(reached, length - reached)
        run_PN = run_PN[:, step:] & run_PN[:, :-step]
        reached += step
    return np.flatnonzero(run_PN.any(axis=1))
