"""Correction of typing errors: an unknown word is read as the known one that was most likely meant.

The candidates of Norvig's spelling corrector ("How to Write a Spelling Corrector", 2007), a letter changed,
left out, added, or swapped with the next, weighted by how common the word and how likely the error is (the
noisy channel; Kernighan, Church & Gale 1990). Knows words; no texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

_WORD = re.compile(r"[a-z]{3,40}")
_SHORT = 3  # letters of a word with too many neighbours: no wrong letter is looked for
_COMMON = 2_000  # ids, the most frequent, that count as common
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_RARER = 25  # a wrong letter may be one of 25, so each of these errors is so many times rarer
_MOST = 1 << 16  # answers remembered


class Speller:
    """A corrector from an unknown word to the known one that was meant.

    Args:
        known: Function that gives the ids of the known words, called when they are first needed. The more
            frequent a word, the smaller its id: a word is taken to be as frequent as 1 / id (Zipf's law).
    """

    def __init__(self, known: Callable[[], Mapping[str, int]]) -> None:
        self._known = known
        self._answers: dict[str, int | None] = {}

    def __call__(self, word: str, *, common: bool = False) -> int | None:
        """Return the id of the word that was meant, if one is a single letter away.

        >>> Speller(lambda: {"wonderful": 7})("wonderfull")
        7

        Args:
            word: In lower case. In a word of three letters two may have been swapped or one left out, but no
                letter changed; shorter words and those of more than 40 letters stay unknown.
            common: If True, give None for a word that is not among the 2,000 smallest ids.
        """
        if word not in self._answers:
            if len(self._answers) >= _MOST:
                self._answers.clear()
            self._answers[word] = self._most_likely(word)
        found = self._answers[word]
        return None if common and found is not None and found >= _COMMON else found

    def _most_likely(self, word: str) -> int | None:
        if not _WORD.fullmatch(word):
            return None
        near = ((self._ids.get(other), times) for other, times in _edits(word))
        likely = [(found * times, found) for found, times in near if found is not None]
        return min(likely)[1] if likely else None

    @cached_property
    def _ids(self) -> Mapping[str, int]:
        return self._known()


def _edits(word: str) -> Iterator[tuple[str, int]]:
    """Yield every word that one error may turn into this one, and how many times rarer that error is."""
    for at in range(len(word) + 1):
        for letter in _LETTERS:
            yield word[:at] + letter + word[at:], 1
    for at in range(len(word)):
        before, here, after = word[:at], word[at], word[at + 1 :]
        yield before + after[:1] + here + after[1:], 1
        if len(word) > _SHORT:
            yield before + after, 1 if here == after[:1] else _RARER
            for letter in _LETTERS:
                yield before + letter + after, _RARER
