"""Tell by its letters in which script a text is written: Latin, Cyrillic, Han and so on.

Knows ranges of Unicode, and which language most often uses a script; no words, so for Latin letters it cannot
tell the language (``classification/languages.py`` can). Accents, digits, signs and emoji are of no script.
"""

from __future__ import annotations

import re

import numpy as np

LATIN = "latin"

# First and last code point, script. Letters that are in no range here are of the script "other".
_RANGES = [
    (0x0041, 0x005A, LATIN), (0x0061, 0x007A, LATIN), (0x00AA, 0x00AA, LATIN), (0x00BA, 0x00BA, LATIN),
    (0x00C0, 0x00D6, LATIN), (0x00D8, 0x00F6, LATIN), (0x00F8, 0x02AF, LATIN), (0x0370, 0x03FF, "greek"),
    (0x0400, 0x052F, "cyrillic"), (0x0531, 0x0588, "armenian"), (0x0591, 0x05F4, "hebrew"),
    (0x0600, 0x0605, "arabic"), (0x0610, 0x061A, "arabic"), (0x0620, 0x065F, "arabic"),
    (0x066E, 0x06D3, "arabic"), (0x06D5, 0x06DC, "arabic"), (0x06DF, 0x06E8, "arabic"),
    (0x06EA, 0x06EF, "arabic"), (0x06FA, 0x06FF, "arabic"), (0x0700, 0x074F, "syriac"),
    (0x0750, 0x077F, "arabic"), (0x0780, 0x07B1, "thaana"), (0x07C0, 0x07FF, "nko"),
    (0x0870, 0x08FF, "arabic"), (0x0900, 0x0963, "devanagari"), (0x0970, 0x097F, "devanagari"),
    (0x0980, 0x09E3, "bengali"), (0x09F0, 0x09FE, "bengali"), (0x0A01, 0x0A5E, "gurmukhi"),
    (0x0A70, 0x0A76, "gurmukhi"), (0x0A81, 0x0AE3, "gujarati"), (0x0B01, 0x0B63, "oriya"),
    (0x0B82, 0x0BD7, "tamil"), (0x0C00, 0x0C63, "telugu"), (0x0C80, 0x0CE3, "kannada"),
    (0x0D00, 0x0D63, "malayalam"), (0x0D7A, 0x0D7F, "malayalam"), (0x0D81, 0x0DDF, "sinhala"),
    (0x0E01, 0x0E3A, "thai"), (0x0E40, 0x0E4E, "thai"), (0x0E81, 0x0ECD, "lao"), (0x0F00, 0x0F1F, "tibetan"),
    (0x0F40, 0x0FBC, "tibetan"), (0x1000, 0x103F, "burmese"), (0x1050, 0x108F, "burmese"),
    (0x10A0, 0x10FF, "georgian"), (0x1100, 0x11FF, "hangul"), (0x1200, 0x135A, "ethiopic"),
    (0x13A0, 0x13FD, "cherokee"), (0x1780, 0x17D3, "khmer"), (0x1820, 0x18AA, "mongolian"),
    (0x1C80, 0x1C8A, "cyrillic"), (0x1C90, 0x1CBF, "georgian"), (0x1E00, 0x1EFF, LATIN),
    (0x1F00, 0x1FFF, "greek"),
    (0x2C60, 0x2C7F, LATIN), (0x3041, 0x309F, "kana"), (0x30A1, 0x30FA, "kana"), (0x30FC, 0x30FF, "kana"),
    (0x3105, 0x312F, "bopomofo"), (0x3131, 0x318E, "hangul"), (0x31F0, 0x31FF, "kana"),
    (0x3400, 0x4DBF, "han"), (0x4E00, 0x9FFF, "han"), (0xA720, 0xA7FF, LATIN), (0xAC00, 0xD7FB, "hangul"),
    (0xF900, 0xFAD9, "han"), (0xFB1D, 0xFB4F, "hebrew"), (0xFB50, 0xFDFC, "arabic"),
    (0xFE70, 0xFEFC, "arabic"), (0xFF21, 0xFF3A, LATIN), (0xFF41, 0xFF5A, LATIN), (0xFF66, 0xFF9D, "kana"),
    (0x20000, 0x323AF, "han"),
]  # fmt: skip
_FIRST = np.array([first for first, _, _ in _RANGES])
_LAST = np.array([last for _, last, _ in _RANGES])
_NAMES = list(dict.fromkeys(name for _, _, name in _RANGES))
_SCRIPT = np.array([_NAMES.index(name) for _, _, name in _RANGES])
# One sign says as much as several letters do.
_WEIGHTS = {"han": 2, "kana": 2, "hangul": 2}
LONGEST = 4000
"""Characters that are looked at, half of them at the text's end."""

LANGUAGES = {
    "cyrillic": "ru", "arabic": "ar", "devanagari": "hi", "han": "zh", "kana": "ja", "hangul": "ko",
    "greek": "el", "hebrew": "he", "thai": "th", "armenian": "hy", "georgian": "ka",
}  # fmt: skip
"""The language that most of what is written in a script is in."""
# Letters that this language does not have: of their script, it is another one.
_STRANGERS = {
    "cyrillic": re.compile("[\u0400\u0402-\u040f\u0450\u0452-\u045f\u0460-\u052f]"),
    "arabic": re.compile("[\u0679\u067e\u0686\u0688\u0691\u0698\u06a9\u06af\u06ba\u06be\u06c1\u06cc\u06d2]"),
}


def script_counts(text: str) -> dict[str, int]:
    """Count the letters of each script in a text, most first; of a long one in its beginning and end.

    >>> script_counts("Мир, peace")
    {'latin': 5, 'cyrillic': 3}
    """
    if len(text) > LONGEST:
        text = text[: LONGEST // 2] + text[-LONGEST // 2 :]
    points_N = np.frombuffer(text.encode("utf-32-le", "replace"), "<u4")
    # The last range that begins at or before each character; it may end before it.
    range_N = np.searchsorted(_FIRST, points_N, side="right") - 1
    inside_N = (range_N >= 0) & (points_N <= _LAST[range_N])
    counts = np.bincount(_SCRIPT[range_N[inside_N]], minlength=len(_NAMES)).tolist()
    found = {name: count for name, count in zip(_NAMES, counts, strict=True) if count}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def script_of(text: str) -> str | None:
    """Return the script of most letters, None if there are none; signs that stand for syllables count twice.

    >>> [script_of(text) for text in ("Grüße!", "東京", "12:30 🙂")]
    ['latin', 'han', None]
    """
    return script_share(text)[0]


def script_share(text: str) -> tuple[str | None, float]:
    """Return what ``script_of`` does, and the share of the letters that are of it, in [0, 1]."""
    if text.isascii():  # all of most English texts
        return (LATIN, 1.0) if any(map(str.isalpha, text)) else (None, 0.0)
    counts = {name: count * _WEIGHTS.get(name, 1) for name, count in script_counts(text).items()}
    if not counts:
        return None, 0.0
    # Japanese is written in both.
    if "kana" in counts and counts["kana"] * 5 >= counts.get("han", 0):
        counts["kana"] += counts.pop("han", 0)
    best = max(counts, key=lambda name: counts[name])
    return best, counts[best] / sum(counts.values())


def language_of_script(script: str, text: str) -> str:
    """Return the code of the language that a text in a script is most likely in, else the script's name.

    >>> language_of_script("cyrillic", "Доброе утро"), language_of_script("cyrillic", "Добрий ранок, Україно")
    ('ru', 'cyrillic')
    """
    stranger = _STRANGERS.get(script)
    if stranger is not None and stranger.search(text, 0, LONGEST):
        return script
    return LANGUAGES.get(script, script)
