"""Answers kept for short texts: they come by the ten thousand, and mostly again and again."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar

SHORT: Final = 12
"""Characters of a sentence, at most, of which what was found is kept for the next of the same words."""
MOST_ANSWERS: Final = 4_096
"""Answers that are kept at most."""

Answer = TypeVar("Answer")


def kept_if_short(longest: int = SHORT) -> Callable[[Callable[[str], Answer]], Callable[[str], Answer]]:
    """Return a decorator that keeps what a function answers to texts of at most so many characters.

    The answers must not be changed by those who get them.
    """

    def decorate(function: Callable[[str], Answer]) -> Callable[[str], Answer]:
        kept = lru_cache(MOST_ANSWERS)(function)

        @wraps(function)
        def answer(text: str) -> Answer:
            return kept(text) if len(text) <= longest else function(text)

        return answer

    return decorate
