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
_VOWELS, _LONG = "aeiou", 5
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


_RUN = re.compile(r"([a-z])\1+")
_STRETCHED = re.compile(r"[a-z]*([a-z])\1\1[a-z]*")
_MOST_RUNS = 5
_SHORTER = 25  # "tooo" is too, not to, though to is ten times as frequent


def unstretched(word: str, ids: Mapping[str, int]) -> int | None:
    """Return the id of the known word that was stretched: ``sooooo`` is so, ``niceee`` nice, ``goood`` good.

    Every run of a letter is read as two of it and as one; of the known words that come out the most
    frequent is meant, but one with a run of two if it is at most 25 times rarer.

    Args:
        word: In lower case.
        ids: The ids of the known words: the more frequent a word, the smaller.

    >>> unstretched("niceee", {"nice": 7})
    7
    """
    if not _STRETCHED.fullmatch(word):
        return None
    runs = [found for found in _RUN.finditer(word)]
    if len(runs) > _MOST_RUNS:
        return None
    # Each option: what was read of the word up to here, and by how much less likely it is than its rank says.
    options = [("", 1)]
    reached = 0
    for run in runs:
        kept = word[reached : run.start()]
        options = [
            (before + kept + run[1] * times, weight * (1 if times == 2 else _SHORTER))
            for before, weight in options
            for times in (2, 1)
        ]
        reached = run.end()
    whole = [(before + word[reached:], weight) for before, weight in options]
    likely = [(ids[found] * weight, ids[found]) for found, weight in whole if found in ids]
    return min(likely)[1] if likely else None


def likely_slips(word: str) -> Iterator[str]:
    """Yield words of which a common slip makes this one: letters swapped, doubled or not, another vowel."""
    for at in range(len(word) - 1):
        if word[at] != word[at + 1]:
            yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        else:
            yield word[:at] + word[at + 1 :]
    for at in range(len(word)):
        yield word[: at + 1] + word[at:]
        if 0 < at < len(word) - 1 and word[at] in _VOWELS and len(word) > _LONG:
            yield from (word[:at] + vowel + word[at + 1 :] for vowel in _VOWELS if vowel != word[at])
