"""Typing errors mended: an unknown word read as the commonest known one that is a single slip away.

The error model of Norvig's spelling corrector ("How to Write a Spelling Corrector", 2007), kept to what slips
of the keyboard are: a letter too many, one too few, two that traded places, a key beside the right one.
Knows words; no texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_WORD = re.compile(r"[a-z]{4,}")  # in lower case: an unknown word with a capital is a name
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
BESIDE = {
    key: row[max(0, place - 1) : place] + row[place + 1 : place + 2]
    for row in _ROWS
    for place, key in enumerate(row)
}
_MOST = 1 << 16  # answers remembered


class Speller:
    """The known word behind an unknown one.

    Args:
        ids: Ids of the known words; of several, the one with the smallest id is meant, the most frequent.
    """

    def __init__(self, ids: Mapping[str, int]) -> None:
        self._ids = ids
        self._answers: dict[str, int | None] = {}

    def __call__(self, word: str) -> int | None:
        """Id of the word that was meant, if one is a single slip away and the first letter is right.

        >>> Speller({"wonderful": 7})("wonderfull")
        7
        """
        if word not in self._answers:
            if len(self._answers) >= _MOST:
                self._answers.clear()
            near = (self._ids.get(other) for other in _slips(word)) if _WORD.fullmatch(word) else ()
            self._answers[word] = min((found for found in near if found is not None), default=None)
        return self._answers[word]


def _slips(word: str) -> Iterator[str]:
    """What may have been meant."""
    for at in range(1, len(word) + 1):
        before, after = word[:at], word[at:]
        for letter in _LETTERS:
            yield before + letter + after
        if after:
            yield before + after[1:]
            for key in BESIDE[after[0]]:
                yield before + key + after[1:]
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
