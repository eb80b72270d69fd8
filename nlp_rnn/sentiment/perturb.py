"""Changes of a text that leave its sentiment as it is: a typo, another name, place or number, a link.

For measuring how often an answer moves without a reason (the invariance tests of CheckList, Ribeiro et al.
2020), and for training against it with other names and places. Knows texts; no model.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from nlp_rnn.sentiment.negation import suite_folder
from nlp_rnn.spelling import BESIDE

Split = Literal["train", "report"]
Change = Callable[[str, random.Random], "str | None"]

_WORD = re.compile(r"[^\W\d_]{4,}")
_RATED = r"(?!\s*(?:/|%|out of|stars?\b|points?\b|of (?:5|10|five|ten)\b))"
_NUMBER = re.compile(rf"(?<![\w/.,$-])(?:[2-9]|[1-9]\d{{1,3}})(?![\w/-]|[.,]\d){_RATED}")
_PAIRS = (
    "he she, him her, his her, himself herself, man woman, men women, boy girl, boys girls, guy lady, "
    "father mother, son daughter, brother sister, husband wife, uncle aunt, actor actress, king queen"
)
_GENDERS: dict[str, str] = {}
for _pair in _PAIRS.split(", "):
    _one, _other = _pair.split()
    _GENDERS |= {_one: _other, _other: _one}
_GENDERED = re.compile(rf"(?<![\w-])(?:{'|'.join(_GENDERS)})(?![\w-])", re.IGNORECASE)
_LEAST_WORDS = 5
_HOSTS = ("example.com", "example.org", "t.example.net", "photos.example.com")


@dataclass(frozen=True)
class Replacements:
    """Names of one sort: those that a text is searched for, and those that take their place."""

    found: re.Pattern[str]
    given: tuple[str, ...]


def robustness_folder() -> Path:
    """The folder of names, places and identities: inside an installed package, else in a source tree.

    Raises:
        DataError: If neither exists.
    """
    return suite_folder().parent / "robustness"


@cache
def _replacements(sort: str, split: Split) -> Replacements:
    lists = json.loads((robustness_folder() / "replacements.json").read_text(encoding="utf-8"))[sort]
    found = "|".join(re.escape(name) for name in sorted(lists["found"], key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w-])(?:{found})(?![\w-])")
    return Replacements(pattern, tuple(lists[split]))


def typo(text: str, rng: random.Random) -> str | None:
    """One slip of the keyboard in one word of four letters or more; its first letter stays.

    Two letters trade places, one is left out, written twice, or taken from the key beside it.

    >>> typo("A wonderful film", random.Random(1))
    'A wonderful flim'
    """
    words = list(_WORD.finditer(text))
    if not words:
        return None
    word = rng.choice(words)
    at = rng.randrange(word.start() + 1, word.end() - 1)
    here, after = text[at], text[at + 1]
    kind = rng.choice(("swap", "drop", "double", "neighbour"))
    if kind == "swap" and here != after:
        new = after + here
    elif kind == "drop":
        new = after
    elif kind == "neighbour" and here.lower() in BESIDE:
        new = rng.choice(BESIDE[here.lower()]) + after
    else:
        new = here + here + after
    return text[:at] + new + text[at + 2 :]


def renamed(text: str, rng: random.Random, *, sort: str = "names", split: Split = "report") -> str | None:
    """Every name that is known replaced, the same one by the same one; None if there is none.

    Args:
        text: Any text.
        rng: What draws.
        sort: ``names`` (first names) or ``places`` (cities and countries).
        split: Whose replacements: training and measuring have none in common.
    """
    lists = _replacements(sort, split)
    chosen: dict[str, str] = {}

    def other(match: re.Match[str]) -> str:
        return chosen.setdefault(match[0], rng.choice(lists.given))

    changed = lists.found.sub(other, text)
    return changed if chosen else None


def identified(text: str, rng: random.Random) -> str | None:
    """An identity (a faith, a nation, ...) before one of the people in the text; None if there are none."""
    lists = _replacements("identities", "train")
    people = list(lists.found.finditer(text))
    if not people:
        return None
    start, identity = rng.choice(people).start(), rng.choice(lists.given)
    before = text[:start]
    if re.search(r"\b[Aa] $", before) and identity[0] in "AEIOaeio":
        before = before[:-1] + "n "
    return f"{before}{identity} {text[start:]}"


def regendered(text: str, rng: random.Random) -> str | None:
    """Every *he* a *she*, every *father* a *mother* and so on; None if there is no such word."""
    changed = _GENDERED.sub(lambda match: _like(_GENDERS[match[0].lower()], match[0]), text)
    return changed if changed != text else None


def renumbered(text: str, rng: random.Random) -> str | None:
    """Every whole number from 2 on replaced by one as long, but for ratings; None if there is none."""

    def other(match: re.Match[str]) -> str:
        length = len(match[0])
        return str(rng.randrange(10 ** (length - 1) if length > 1 else 2, 10**length))

    changed = _NUMBER.sub(other, text)
    return changed if changed != text else None


def linked(text: str, rng: random.Random) -> str | None:
    """A link to nowhere behind the text."""
    path = "".join(rng.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(rng.randrange(4, 11)))
    return f"{text.rstrip()} https://{rng.choice(_HOSTS)}/{path}"


def _like(word: str, other: str) -> str:
    """The word with the capitals of the other."""
    return (
        word.upper()
        if other.isupper() and len(other) > 1
        else word.capitalize()
        if other[0].isupper()
        else word
    )


def changes(split: Split) -> dict[str, Change]:
    """Every change by its name, with the names and places of a split."""
    return {
        "typo": typo,
        "names": lambda text, rng: renamed(text, rng, sort="names", split=split),
        "places": lambda text, rng: renamed(text, rng, sort="places", split=split),
        "numbers": renumbered,
        "links": linked,
    }


def perturbed(texts: Sequence[str], *, share: float, seed: int) -> list[str]:
    """Texts to train on, changed without changing what they say.

    Each change of ``changes("train")``, an identity and the other gender are tried on every text of five
    words or more, each for itself with the same probability.

    Args:
        texts: Texts.
        share: That probability.
        seed: Of what is drawn.
    """
    rng = random.Random(seed)
    kinds = [*changes("train").values(), identified, regendered]
    found = []
    for text in texts:
        long = len(text.split()) >= _LEAST_WORDS
        for change in kinds:
            if rng.random() < share and long:
                text = change(text, rng) or text
        found.append(text)
    return found
