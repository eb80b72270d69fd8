"""Typing errors mended: an unknown word read as the commonest known one that is a single letter away.

The candidates of Norvig's spelling corrector ("How to Write a Spelling Corrector", 2007): a letter changed,
left out, added, or swapped with the next. Knows words; no texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

_WORD = re.compile(r"[a-z]{4,}")  # in lower case: an unknown word with a capital is a name
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MOST = 1 << 16  # answers remembered


class Speller:
    """The known word behind an unknown one.

    Args:
        known: Gives the ids of the known words, once one is asked for. Of several words the one with the
            smallest id is meant, the most frequent.
    """

    def __init__(self, known: Callable[[], Mapping[str, int]]) -> None:
        self._known = known
        self._answers: dict[str, int | None] = {}

    def __call__(self, word: str) -> int | None:
        """Id of the word that was meant, if one is a single letter away.

        >>> Speller(lambda: {"wonderful": 7})("wonderfull")
        7
        """
        if word not in self._answers:
            if len(self._answers) >= _MOST:
                self._answers.clear()
            near = (self._ids.get(other) for other in _edits(word)) if _WORD.fullmatch(word) else ()
            self._answers[word] = min((found for found in near if found is not None), default=None)
        return self._answers[word]

    @cached_property
    def _ids(self) -> Mapping[str, int]:
        return self._known()


def _edits(word: str) -> Iterator[str]:
    """Every word that is one letter changed, left out, added or swapped with the next away."""
    for at in range(len(word) + 1):
        before, after = word[:at], word[at:]
        for letter in _LETTERS:
            yield before + letter + after
            if after:
                yield before + letter + after[1:]
        if after:
            yield before + after[1:]
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
