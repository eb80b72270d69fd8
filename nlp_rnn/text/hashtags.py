"""Hashtags as the words that were written together: ``#WorstDayEver``, ``#worstdayever``.

Capitals and digits divide first; then the division whose words are the most frequent, found by dynamic
programming over their ranks as SymSpell and Word Ninja do it (a word of rank r costs log r: Zipf's law).
A hashtag that cannot be divided well stays one word. Knows ranks of words; no tokens.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping

from nlp_rnn.text.rewriting import Edit

_HASHTAG = re.compile(r"(?<![\w&/#])#(?P<name>\w{2,80})(?!\w)")
_PIECES = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|_+|[^\W\d_A-Za-z]+")
_LONGEST = 18  # letters of a word that is looked for
_SHORT = ("a", "i")  # words of one letter
_PER_WORD = 1.0  # each word more costs as much, so that few words are better than many
_PER_LETTER = 1.9  # a division that costs more for each of its letters is none
_TOGETHER = "im ive id youre youve theyre were hes shes thats whats theres lets".split()
_NEGATED = "is are was were do does did has have had wo would ca could should ai".split()


class HashtagSplitter:
    """What divides hashtags, by the words of a vocabulary.

    Args:
        ranks: Gives the rank of each word in lower case, the most frequent with the smallest; called when
        first
            needed. Without any word only capitals and digits divide.
        known: Says of a word outside the vocabulary that it is one, so that it stays whole.
    """

    def __init__(
        self, ranks: Callable[[], Mapping[str, int]], known: Callable[[str], bool] = lambda word: False
    ) -> None:
        self._ranks_of, self._known = ranks, known
        self._ranks: dict[str, float] | None = None

    def edits(self, text: str) -> Iterator[Edit]:
        """Yield each word of each hashtag that is divided, to be written with spaces around it."""
        for found in _HASHTAG.finditer(text):
            name, start = found["name"], found.start("name")
            places = self.split(name)
            if len(places) > 1:
                for first, end in places:
                    word = name[first:end]
                    yield start + first, start + end, " " if word.startswith("_") else f" {word} "

    def split(self, name: str) -> list[tuple[int, int]]:
        """Return the places of the words in the name of a hashtag.

        >>> words = {"worst": 2, "day": 3, "ever": 4}
        >>> HashtagSplitter(lambda: words).split("worstdayever")
        [(0, 5), (5, 8), (8, 12)]
        """
        if name.lower() in self._costs and not name[1:2].isupper():
            return [(0, len(name))]
        places: list[tuple[int, int]] = []
        for found in _PIECES.finditer(name):
            piece, start = found[0].lower(), found.start()
            if len(piece) != len(found[0]):  # a letter that is two in lower case, such as İ
                piece = found[0]
            places += [(start + first, start + end) for first, end in self._division(piece)]
        return places

    def _division(self, piece: str) -> list[tuple[int, int]]:
        """Return the places of the words in letters that neither capitals nor digits divide."""
        whole = [(0, len(piece))]
        costs = self._costs
        if len(piece) < 4 or piece in costs or not piece.isalpha() or self._known(piece):
            return whole
        # best[n]: the least cost of the first n letters, and where the last word begins.
        best: list[tuple[float, int]] = [(0.0, 0)]
        for end in range(1, len(piece) + 1):
            options = (
                (best[start][0] + costs[piece[start:end]], start)
                for start in range(max(0, end - _LONGEST), end)
                if piece[start:end] in costs
            )
            best.append(min(options, default=(math.inf, 0)))
        if best[-1][0] > _PER_LETTER * len(piece):
            return whole
        places, end = [], len(piece)
        while end:
            places.append((best[end][1], end))
            end = best[end][1]
        return places[::-1]

    @property
    def _costs(self) -> dict[str, float]:
        """The cost of each word."""
        if self._ranks is None:
            ranks = {word: rank for word, rank in self._ranks_of().items() if word.isalpha()}
            ranks = {word: rank for word, rank in ranks.items() if len(word) > 1 or word in _SHORT}
            negation = self._ranks_of().get("n't")
            if negation is not None:
                ranks |= {f"{verb}nt": 2 * negation for verb in _NEGATED} | {"cannot": 2 * negation}
                ranks |= {word: 2 * negation for word in _TOGETHER if word not in ranks}
            self._ranks = {word: math.log(max(2, rank)) + _PER_WORD for word, rank in ranks.items()}
        return self._ranks
