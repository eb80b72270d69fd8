"""Which sentences are not English, so that no rule and no model of the filter can read them.

A sentence of which most words are in the filter's own list is English; about the others the package's model
of languages is asked. Knows sentences as they are read; no signals.
"""

from __future__ import annotations

from collections.abc import Sequence

from nlp_rnn.classification.languages import shared_guesser
from nlp_rnn.risk.overlap import WORD
from nlp_rnn.risk.short import kept_if_short
from nlp_rnn.risk.words import known_words

_KNOWN_SHARE, _LESS = 0.85, 0.7
_ENGLISH = frozenset(
    "the and that with this you was were have they which would of from are been what".split()
)


def languages(sentences: Sequence[str]) -> list[str | None]:
    """Return the language of each sentence that is not English, as a code or a script; else None."""
    found: list[str | None] = [None] * len(sentences)
    asked = [n for n, text in enumerate(sentences) if not _known(text)]
    if asked:
        guessed = shared_guesser().guess_many([sentences[n] for n in asked])
        for n, language in zip(asked, guessed, strict=True):
            if language.unread:
                found[n] = language.name
    return found


@kept_if_short()
def _known(text: str) -> bool:
    """Return True if most words of a sentence are known, or it has none."""
    words, known = list(map(str.lower, WORD.findall(text))), known_words()
    share = _LESS if len(_ENGLISH.intersection(words)) > 1 else _KNOWN_SHARE
    return sum(map(known.__contains__, words)) >= share * len(words)
