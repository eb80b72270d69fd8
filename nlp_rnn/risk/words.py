"""The filter's own word list: words that are known, even where one training text lacks them."""

from __future__ import annotations

from functools import cache

from nlp_rnn.resources import data_folder


@cache
def known_words() -> frozenset[str]:
    """Return the words of ``data/risk/words.txt``, in small letters."""
    return frozenset((data_folder("risk") / "words.txt").read_text(encoding="utf-8").split("\n"))
