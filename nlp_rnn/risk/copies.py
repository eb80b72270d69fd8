"""Copied runs and unknown words of a text that comes unit by unit, read through its layout.

The index is asked about many units at once. Runs may begin in one unit and end in another: each character of
them is counted once. Knows views and an index; no rules, no levels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nlp_rnn.risk.disclaimer import COPIED
from nlp_rnn.risk.overlap import WORD, OverlapIndex, OverlapReport
from nlp_rnn.risk.signals import Signal
from nlp_rnn.risk.view import View
from nlp_rnn.risk.words import known_words
from nlp_rnn.text.rewriting import own_places

CONTEXT = 500
"""Number of characters before a unit in which a copied run may have begun."""
_KEPT = 2_048  # characters that are done with before they are let go


class Copies:
    """What units share with the training text of an index, and what they have that it lacks."""

    def __init__(self, memory: OverlapIndex) -> None:
        self._memory = memory
        # The units as they are read, joined; the place in the text of each character; the stretches that the
        # training text has.
        self._read = ""
        self._places_2N = own_places(0)
        self._hit_N = np.zeros(0, np.bool_)
        self._offset = 0  # characters that were let go
        self._units: list[tuple[View, int, int]] = []  # of the last call: view, place in the text, in _read
        self._unknown: list[list[tuple[int, int]]] = []
        self._copied = self._runs = self._longest = 0
        self._first = self._last = -1  # of the run that may still go on, let-go characters counted

    def take(self, views: Sequence[View], starts: Sequence[int]) -> None:
        """Look up the next units, whose places in the text are ``starts``."""
        gone = len(self._read) - CONTEXT
        if gone >= _KEPT:
            self._read, self._places_2N = self._read[gone:], self._places_2N[:, gone:]
            self._hit_N = self._hit_N[gone:]
            self._offset += gone
        self._units, at = [], len(self._read)
        places = [self._places_2N]
        for view, start in zip(views, starts, strict=True):
            self._units.append((view, start, at))
            own_2N = own_places(len(view.text)) if view.places_2N is None else view.places_2N
            places.append(own_2N + start)
            at += len(view.text)
        self._read += "".join(view.text for view in views)
        self._places_2N = np.concatenate(places, axis=1)
        known = len(self._hit_N)  # a stretch is known by its first character
        if at - known >= self._memory.window:
            self._hit_N = np.concatenate([self._hit_N, self._memory.hits(self._read[known:])])
        self._unknown = self._memory.unknown_words_of([view.text for view in views])

    def find(self, number: int) -> list[Signal]:
        """Return the signals of one of the units taken last; each is asked for once, in their order."""
        view, start, at = self._units[number]
        found = [*self._unknown_words(number)]
        first, end = max(0, at - CONTEXT), at + len(view.text)
        hit_N = self._hit_N[first : max(first, end - self._memory.window + 1)]
        if hit_N.any():
            for run in self._memory.runs_of(self._read[first:end], hit_N):
                # Runs that end before the unit were counted with the units before it.
                if run[1] + first > at:
                    length = self._count(run[0] + first, run[1] + first)
                    placed = view.span(max(0, run[0] + first - at), run[1] + first - at)
                    found.append(_copied(start + placed[0], start + placed[1], length))
        return found

    def report(self, characters: int) -> OverlapReport:
        """Return the shares of copied and new text so far."""
        return OverlapReport(characters, self._copied, self._runs, self._longest)

    def _count(self, start: int, end: int) -> int:
        """Count what is new of a run at a place of ``_read``; return the run's length so far."""
        # A run that does not touch the one before it is another one.
        if self._offset + start > self._last:
            self._runs += 1
            self._first = self._last = self._offset + start
        new = self._last - self._offset
        self._copied += int(self._places_2N[1, end - 1] - self._places_2N[0, new]) if new < end else 0
        self._last = max(self._last, self._offset + end)
        length = self._last - self._first
        self._longest = max(self._longest, length)
        return length

    def _unknown_words(self, number: int) -> Iterator[Signal]:
        """Yield signals for the words of a unit that nobody seems to know."""
        view, start, _ = self._units[number]
        spans = self._unknown[number]
        unknown = [span for span in spans if view.text[slice(*span)].lower() not in known_words()]
        count = len(WORD.findall(view.text)) if unknown else 1
        for span in unknown:
            first, after = view.span(*span)
            yield Signal(
                kind="unknown-word",
                start=start + first,
                end=start + after,
                score=round(min(0.6, len(unknown) / count), 3),
                why=f"the training text does not have the word “{view.text[slice(*span)]}”",
            )


def _copied(start: int, end: int, length: int) -> Signal:
    return Signal(
        kind=COPIED,
        start=start,
        end=end,
        score=round(min(0.9, 0.4 + length / 500), 3),
        why=f"stands in the training text word for word, in a run of {length} characters or more",
    )
