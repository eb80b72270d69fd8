"""Endless repetition: a row that says the same again and again is cut after the first time, and marked.

Recurrent decoders fall into such loops where they have learned too little (Holtzman et al. 2020). Knows
pieces; knows no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nlp_rnn.text.tokenizer import SPACE

MARK = "[…]"
"""Stands where something was cut."""
_ROUNDS = 3  # of words, more are no speech: "no, no, no"
_ROUNDS_INSIDE = 8  # of pieces inside a word: "haaaaaaa"


@dataclass(frozen=True)
class _Loop:
    """Pieces from ``start`` on that say ``unit`` pieces ``rounds`` times, and ``rest`` of them once more."""

    start: int
    unit: int
    rounds: int
    rest: int


def cut(pieces: Sequence[str], source: Sequence[str], *, ended: bool) -> tuple[list[str], str | None]:
    """Return the pieces without what only repeats, and why some were cut.

    >>> cut("▁il ▁est ▁là ▁là ▁là ▁là ▁là".split(), "▁he ▁is ▁here".split(), ended=False)
    (['▁il', '▁est', '▁là', '▁[…]'], 'repetition')

    Args:
        pieces: The row that was written.
        source: The pieces that were read: what repeats itself there may do so in the translation.
        ended: Whether the row ends with the end's mark; one that does not is cut at its longest.

    Returns:
        The row, with a mark where something is left out, and ``repetition``, ``length`` or None.
    """
    found, why = list(pieces), None
    said = max((loop.rounds for loop in _loops(source)), default=1)
    while (loop := _endless(found, said, ended)) is not None:
        why = "repetition"
        at_end = loop.start + loop.unit * loop.rounds + loop.rest == len(found)
        after = loop.start + loop.unit * loop.rounds + (loop.rest if at_end and not ended else 0)
        found[loop.start + loop.unit : after] = [SPACE + MARK]
        ended = ended or at_end
    if why is None and not ended:
        why = "length"
        found.append(SPACE + MARK)
    return found, why


def _endless(pieces: Sequence[str], said: int, ended: bool) -> _Loop | None:
    """Return a loop that goes on for too long, or None; ``said`` is how often the source says something."""
    for loop in _loops(pieces):
        unit = pieces[loop.start : loop.start + loop.unit]
        words = any(piece.startswith(SPACE) for piece in unit)
        # A row without an end that stops in a loop would have gone on with it.
        if not ended and loop.start + loop.unit * loop.rounds + loop.rest == len(pieces):
            most = max(_ROUNDS - 1, said)
        else:
            most = max(_ROUNDS if words else _ROUNDS_INSIDE, 2 * said)
            if not any(letter.isalpha() for piece in unit for letter in piece):
                continue  # a million has six zeros
        if loop.rounds > most:
            return loop
    return None


def _loops(pieces: Sequence[str]) -> list[_Loop]:
    """Return, for each length of a unit, shortest first, the longest stretch that repeats one."""
    known: dict[str, int] = {}
    ids_T = np.array([known.setdefault(piece, len(known)) for piece in pieces], dtype=np.int64)
    found = []
    for unit in range(1, len(pieces) // 2 + 1):
        # A stretch repeats a unit as long as each piece is the one a unit before.
        same = np.concatenate([[False], ids_T[unit:] == ids_T[:-unit], [False]])
        edges = np.flatnonzero(same[1:] != same[:-1]).reshape(-1, 2)
        if not len(edges):
            continue
        start, end = edges[np.argmax(edges[:, 1] - edges[:, 0])].tolist()
        # A round begins where a word does.
        first = next((i for i in range(start, start + unit) if pieces[i].startswith(SPACE)), start)
        rounds, rest = divmod(end + unit - first, unit)
        if rounds > 1:
            found.append(_Loop(first, unit, rounds, rest))
    return found
