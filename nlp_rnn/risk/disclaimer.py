"""The disclaimer of a generated text: one to three plain sentences that fit how risky it looks.

Knows levels and kinds of signals; reviews nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from nlp_rnn.errors import one_of
from nlp_rnn.risk.levels import LEVELS

MACHINE = "Written by a machine, which does not know what is true; nobody has checked it."
UNFILTERED = f"{MACHINE} The risk filter was switched off."

# How a disclaimer names the signals of each kind, in the order of their weight.
SUBJECTS = {
    "health": "claims about health",
    "law": "claims about the law",
    "finance": "claims about money",
    "election": "claims about elections",
    "disaster": "claims about disasters",
    "news": "news that may not have happened",
    "authority": "authorities that may not exist",
    "citation": "sources that may not exist",
    "url": "addresses that may not exist",
    "quotation": "words put into somebody's mouth",
    "knowledge": "statements of fact",
    "number": "figures",
    "date": "dates",
    "person": "named people or institutions",
    "check-worthy": "sentences that a fact-checker would look into",
    "improbable": "passages that the model itself found improbable",
    "unknown-word": "words that its training text does not have",
    "loop": "a loop",
}
COPIED = "memorised"
UNREAD = "unread"

_LOW = "The risk filter saw no reason for doubt, which does not make it true."
_MEDIUM = "It has {subjects}: look them up before you rely on it."
_HIGH = "Do not rely on it: it has {subjects}."
_UNREAD = "It has sentences that are not in English, and the risk filter cannot read those."
_COPIED = "Parts of it are copied from the training text word for word, and may be somebody's."


def disclaimer(level: str, kinds: Iterable[str] = ()) -> str:
    """Return the disclaimer for a level and the kinds of signals that led to it.

    >>> disclaimer("high", ["authority", "health"])
    'Written by a machine, which does not know what is true; nobody has checked it. Do not rely on it: it has
    claims about health and authorities that may not exist.'

    Raises:
        ConfigError: If the level is none of ``LEVELS``.
    """
    one_of("level", level, LEVELS)
    kinds = set(kinds)
    sentences = [MACHINE]
    subjects = _listed([subject for kind, subject in SUBJECTS.items() if kind in kinds][:4])
    if level == "low" and UNREAD not in kinds:
        sentences.append(_LOW)
    elif level != "low" and subjects:
        sentences.append((_MEDIUM if level == "medium" else _HIGH).format(subjects=subjects))
    if UNREAD in kinds:
        sentences.append(_UNREAD)
    if COPIED in kinds:
        sentences.append(_COPIED)
    return " ".join(sentences)


def _listed(names: list[str]) -> str:
    """Return the names as ``a``, ``a and b`` or ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
