"""A text that is rewritten step by step, and where in the original each of its characters came from.

Knows replacements and places; not what is replaced, nor why.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nlp_rnn.text.alignment import Places

Edit = tuple[int, int, str]
"""Start, end, and what is written instead; a start lies before its end, and edits rise and do not overlap."""


class Rewriting:
    """A text and its places, changed by ``replace``.

    >>> rewriting = Rewriting("so <b>good</b>")
    >>> rewriting.replace([(3, 6, ""), (10, 14, "")])
    >>> rewriting.text, rewriting.places_2N[:, 3].tolist()
    ('so good', [6, 7])

    Args:
        text: The original.
        keep_places: If False, ``places_2N`` stays None: rewriting costs less.

    Attributes:
        text: What it is now.
        places_2N: Start and end in the original of each character, *shape (2, N)*; None while all of them are
            in their own places.
    """

    def __init__(self, text: str, *, keep_places: bool = True) -> None:
        self.text = text
        self.places_2N: Places | None = None
        self._keep_places = keep_places

    def replace(self, edits: Sequence[Edit]) -> None:
        """Write other text in some places; all that is written has the place of all that it replaces."""
        if not edits:
            return
        text, pieces, reached = self.text, [], 0
        for start, end, written in edits:
            pieces.append(text[reached:start])
            pieces.append(written)
            reached = end
        pieces.append(text[reached:])
        self.text = "".join(pieces)
        if self._keep_places:
            before_2N = own_places(len(text)) if self.places_2N is None else self.places_2N
            self.places_2N = _moved(before_2N, edits)


def own_places(length: int) -> Places:
    """Return the places of characters that are where they were: from i to i + 1."""
    starts_N = np.arange(length, dtype=np.int64)
    return np.stack([starts_N, starts_N + 1])


def through(outer_2N: Places | None, inner_2N: Places) -> Places:
    """Return the places in the original of what has ``inner_2N`` in a text that itself has ``outer_2N``.

    Shape:
        (2, M), (2, N) -> (2, N).
    """
    if outer_2N is None:
        return inner_2N
    # The last character that a place covers is the one before its end; an empty place covers none.
    last_N = np.maximum(inner_2N[1] - 1, inner_2N[0])
    return np.stack([outer_2N[0, inner_2N[0]], outer_2N[1, last_N]])


def _moved(places_2N: Places, edits: Sequence[Edit]) -> Places:
    """Return the places after all edits."""
    # Which old character each new one begins with, and with which it ends.
    firsts: list[np.ndarray] = []
    lasts: list[np.ndarray] = []
    reached = 0
    for start, end, written in edits:
        kept_N = np.arange(reached, start)
        firsts += [kept_N, np.full(len(written), start)]
        lasts += [kept_N, np.full(len(written), end - 1)]
        reached = end
    kept_N = np.arange(reached, places_2N.shape[1])
    first_N = np.concatenate([*firsts, kept_N])
    last_N = np.concatenate([*lasts, kept_N])
    return np.stack([places_2N[0, first_N], places_2N[1, last_N]])
