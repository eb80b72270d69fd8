"""A signal: one reason for doubt, with its place in the text; and how signals add up.

Knows numbers and places; finds no signals itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """One reason for doubt.

    Attributes:
        kind: Kind of the reason, e.g. ``authority`` or ``memorised``.
        start, end: Its place, in characters of the text under review.
        score: Its weight, in [0, 1]; 0 for ``unread``, which says nothing about risk.
        why: The evidence, in words for a reader.
    """

    kind: str
    start: int
    end: int
    score: float
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Return the signal as plain JSON values."""
        return asdict(self)


def combined(signals: Iterable[Signal]) -> float:
    """Return the score of several signals together: 1 - Π(1 - score), of each kind the highest only.

    Two kinds of reason for doubt count more than either; the same reason twice counts no more than once.

    >>> combined([])
    0.0
    >>> half = [Signal(kind=kind, start=0, end=1, score=0.5, why="") for kind in ("url", "url", "date")]
    >>> combined(half)
    0.75
    """
    highest: dict[str, float] = {}
    for signal in signals:
        highest[signal.kind] = max(signal.score, highest.get(signal.kind, 0.0))
    kept = 1.0
    for score in highest.values():
        kept *= 1 - score
    return round(1 - kept, 3)
