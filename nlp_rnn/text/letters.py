r"""Letters as they look: without what nobody sees, and without the costumes that Unicode has for them.

Characters that are not shown (joiners, soft hyphens, marks of direction) are taken out; full-width, bold,
circled and small-capital letters become plain ones; Cyrillic and Greek letters that look like Latin ones are
read as these inside Latin words. Knows characters; no words and no marks of layout.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from nlp_rnn.text.rewriting import Edit

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), the marks of ruby texts, and controls
# that are no white space.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
)
"""What no reader sees, as the inside of a set of a regular expression."""

# Where letters in costume stand: full width, mathematical, enclosed, small capitals, raised, ligatures, Roman
# numerals.
_DRESSED_RANGES = (
    (0xFF01, 0xFF5E), (0x1D400, 0x1D7FF), (0x2460, 0x24EA), (0x1F110, 0x1F189), (0x2102, 0x2149),
    (0x1D00, 0x1D6A), (0x0262, 0x029F), (0x02B0, 0x02E3), (0x2090, 0x209C), (0x2160, 0x217F),
    (0xFB00, 0xFB06), (0xA730, 0xA731), (0x017F, 0x017F), (0x2071, 0x2071), (0x207F, 0x207F),
)  # fmt: skip
_MARKS_ABOVE = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f"
_LETTER_NAME = re.compile(r"LATIN (?:SMALL |CAPITAL )?(?:LETTER )?(?:SMALL CAPITAL )?(?:LETTER )?([A-Z])$")
# Letters of other scripts, and the Latin ones that they look like (after Unicode's confusables.txt).
_LOOK_ALIKES = str.maketrans(
    "асеорхуіјѕһԁԛԝӏѵкмнтвАВСЕНІЈКМОРЅТХУοανρυικτχγϲηωΑΒΕΖΗΙΚΜΝΟΡΤΥΧօսհոցզıɑɡ",
    "aceopxyijshdqwlvkmhtbABCEHIJKMOPSTXYoavpuiktxycnwABEZHIKMNOPTYXouhngqiag",
)
_ALIKE = "".join(map(chr, _LOOK_ALIKES))
_DRESSED = "".join(f"{chr(first)}-{chr(last)}" for first, last in _DRESSED_RANGES)
_ANY = re.compile(f"[{INVISIBLE}{_DRESSED}{_MARKS_ABOVE}{_ALIKE}\u2800]")
_UNSEEN = re.compile(f"[{INVISIBLE}]+")
_COSTUMES = re.compile(f"[{_DRESSED}\u2800]|[^{_MARKS_ABOVE}][{_MARKS_ABOVE}]+")
_WORD = re.compile(r"[^\W\d_]+")
_STRANGER = re.compile(f"[{_ALIKE}]")
_LATIN = re.compile("[A-Za-z]")
_LETTER = re.compile(r"[^\W\d_]")


def has_costumes(text: str) -> bool:
    """Return True if there is anything in a text that ``unseen_edits`` and the others may change."""
    return (_UNSEEN if text.isascii() else _ANY).search(text) is not None


def unseen_edits(text: str) -> Iterator[Edit]:
    """Yield nothing for what nobody sees."""
    return ((found.start(), found.end(), "") for found in _UNSEEN.finditer(text))


def costume_edits(text: str) -> Iterator[Edit]:
    r"""Yield the plain letter for each in costume, and for each with marks heaped on it.

    >>> list(costume_edits("\uff43\U0001d42e\u24e1e\u0336s"))
    [(0, 1, 'c'), (1, 2, 'u'), (2, 3, 'r'), (3, 5, 'e')]
    """
    for found in _COSTUMES.finditer(text):
        written = _marked_letter(found[0]) if len(found[0]) > 1 else _undressed().get(found[0])
        if written is not None:
            yield found.start(), found.end(), written


def look_alike_edits(text: str) -> Iterator[Edit]:
    r"""Yield Latin letters for those of other scripts that look like them, in words that pretend to be Latin.

    A word does so if it has Latin letters, or if most other letters of the text are Latin.

    >>> list(look_alike_edits("h\u0435als"))
    [(1, 2, 'e')]
    """
    for found in _WORD.finditer(text):
        word = found[0]
        if _STRANGER.search(word) is None:
            continue
        plain = word.translate(_LOOK_ALIKES)
        if _LATIN.search(word) is None and not (plain.isascii() and _is_latin(text)):
            continue
        for at, (old, new) in enumerate(zip(word, plain, strict=True), found.start()):
            if old != new:
                yield at, at + 1, new


def _marked_letter(cluster: str) -> str | None:
    """Return a letter with its own mark, without marks that are heaped on it or strike it out."""
    composed = unicodedata.normalize("NFC", cluster)
    if composed == cluster and len(cluster) == 1:
        return None
    return composed if len(composed) == 1 else cluster[0]


def _is_latin(text: str) -> bool:
    return 2 * len(_LATIN.findall(text)) > len(_LETTER.findall(text))


@cache
def _undressed() -> dict[str, str]:
    """Return the plain form of each character in costume."""
    found = {"\u2800": " "}
    for first, last in _DRESSED_RANGES:
        for character in map(chr, range(first, last + 1)):
            plain = unicodedata.normalize("NFKC", character)
            name = _LETTER_NAME.search(unicodedata.name(character, ""))
            joined = first in (0xFB00, 0x2160)  # the only ones that stand for several letters
            if plain != character and plain.isascii() and (len(plain) == 1 or joined):
                found[character] = plain
            elif name is not None:
                small = "SMALL" in unicodedata.name(character)
                found[character] = name[1].lower() if small else name[1]
    return found
