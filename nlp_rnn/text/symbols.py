"""Signs of feeling in one spelling each: emoji, emoticons, ratings.

Each function returns what to write where, with spaces around it, so that it is a token of its own. Knows
characters; no words, no vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlp_rnn.text.rewriting import Edit

# Emoji. Unicode's Extended_Pictographic, its wide blocks as they are reserved: Python's re has no such
# property.
_PICTURE = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa\u24c2"
    "\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2604\u2607-\u2612\u2614-\u2685\u2690-\u2705\u2708-\u2712\u2714\u2716"
    "\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763-\u2767\u2795-\u2797\u27a1\u27b0\u27bf"
    "\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa"
    "\U0001f400-\U0001faff\U0001fc00-\U0001fffd"
)
_SKIN = "\U0001f3fb-\U0001f3ff"
_SELECTOR = "\ufe0e\ufe0f"
_ONE = rf"[{_PICTURE}][{_SKIN}{_SELECTOR}\U000e0020-\U000e007f]*"
_JOINED = rf"{_ONE}(?:\u200d+(?:{_ONE}|[\u2640\u2642][{_SELECTOR}]*))*\u200d*"
_EMOJI = re.compile(rf"(?P<emoji>{_JOINED}|[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*][{_SELECTOR}]*\u20e3)")
_WITHOUT_MEANING = re.compile(
    rf"[{_SKIN}{_SELECTOR}]|\u200d+[\u2640\u2642\u27a1\U0001f9b0-\U0001f9b3]|\u200d+(?![{_PICTURE}\u2640\u2642])"
)
_PERSON_AT_WORK = re.compile(
    "^[\U0001f468\U0001f469](?=\u200d[^\u2764\U0001f466-\U0001f469\U0001f48b\U0001f91d])"
)
_MOST_REPEATED = 3
_HEARTS = {"\u2665": "\u2764", "\u2661": "\u2764", "\U0001f90d": "\u2764"}

# Emoticons: eyes, nose, mouth, in any of their spellings, by what they mean.
_UNIT = r"\s?(?:%|k?m\b|kg|lbs?\b|mins?\b|minutes|hours|hrs?\b|days|weeks|months|years|ms\b|stars|out of)"
_FACES: list[tuple[str, str]] = [
    ("<", rf"<(?=3+{_UNIT})"),  # less than three minutes: no heart
    # A letter is a mouth only behind white space or a mark, and where no letter or digit follows.
    (
        ":)",
        r"[:=][',]?[-o^~]?[)\]}]+|[(\[]{1,9}[-o^]?['’]?[:=]|:-?>(?![\w>])|(?<![\w])(?::-?3|8-\)|[xX]\)|c:)(?!\w)",
    ),
    (
        ":(",
        r"[:=][-o^~]?[(\[{]+(?!\w)|\){1,9}[-o^]?[:=](?!\w)|:-?<(?![\w<3/])|(?<!\w)(?::-?c|D-?[:=]|x\()(?!\w)",
    ),
    (
        ":'(",
        r"[:=;]['’,´`]-?[(\[{]+|:-?['’]\(|;-?\(+(?!\w)|(?<!\w)(?:T[_.]+T|t_+t|;[_-]+;|Q_+Q|[ToO]~[ToO])(?!\w)",
    ),
    (">:(", r">[:=;][-o^]?[(\[{/\\|]+(?!\w)|>?[:=]-?@(?!\w)|\){1,9}[-o^]?[:=]<"),
    (":d", r"(?<!\w)(?:[:=;]['’]?[-o^]?D+|[xX]-?D+|xd+)(?!\w)|(?<=[a-z]{2}):D+(?!\w)"),
    (
        ":/",
        r"[:=]-[/\\]+(?!\w)|(?<![\w.])[:=][/\\](?![\w/\\])|(?<=[^\W\d_]{3})\s?:[/\\](?!\S)|(?<!\w)(?::-?[sS]|>[_.]+<|:-?L)(?!\w)",
    ),
    (";)", r";[-o^~]?[)\]}]+|[(\[]{1,9}[-o^]?;(?!\w)|>[:=]-?[)\]D]|(?<!\w)[*;]-?[Dd](?!\w)"),
    (":p", r"(?<!\w)(?:[:=;][-o^]?[pPbþÞ]|[xX][pP])(?!\w)"),
    (":|", r"[:=]-\|+|(?<![\w|])[:=]\|(?![\w|])"),
    (":o", r"(?<!\w)(?:[:=][-^]?[oO]|:-0|[oO0][_.]+[oO0])(?!\w)"),
    (":*", r"(?<![\w*])[:;=][-^]?\*+(?!\w)"),
    ("</3", r"<[/\\]3(?!\d)"),
    ("<3", r"<3+(?!\d)"),
    ("^_^", r"(?<![\w^])\^[_.\-o]*\^(?![\w^])"),
    ("-_-", r"(?<![\w-])-[_.]+-(?![\w-])"),
    ("\U0001f937", r"¯\\+_\((?:ツ|ッ|シ)\)_/+¯"),
]
EMOTICONS = tuple(name for name, _ in _FACES if name.isascii() and len(name) > 1)
"""The emoticons that are written for all others."""
_FACE = re.compile("|".join(f"(?P<f{number}>{pattern})" for number, (_, pattern) in enumerate(_FACES)))
# Where a face may begin: each pattern begins with one of a few characters, so that texts are searched fast.
_EYES = re.compile(r"[:;=^][-o^~'’,´`._]{0,9}[()\[\]{}DPpbcoOsS3@/\\|*<>L^;-]|[:;=][Dd](?!\w)")
_TURNED = re.compile(r"[(\[)]['’(\[)]{0,9}[-o^]?[:;=]")
_OTHERS = (
    *(
        "<3",
        "</3",
        "<\\3",
        "-_",
        "-.-",
        "-..",
        ">_",
        ">.",
        " xD",
        " XD",
        " xd",
        "x(",
        "x)",
        "X)",
        " xP",
        " XP",
        " xp",
        "T_",
        "T.T",
    ),
    *(
        "t_",
        "Q_",
        "O_",
        "o_",
        "0_",
        "O.o",
        "o.O",
        "O.O",
        "8-)",
        "T~",
        "o~",
        "*D",
        "*d",
        "D:",
        "D-:",
        "D=",
        "c:",
        "¯",
        "\nx",
        "\nX",
    ),
)
_NEAR = 200  # characters in which a bracket may have been opened

# Ratings.
_NUMBERS = {
    word: number
    for number, word in enumerate("zero one two three four five six seven eight nine ten".split())
}
_WORDS = "|".join(_NUMBERS)
_RATING = re.compile(
    rf"(?<![\w./,:-])(?P<value>\d{{1,2}}(?:[.,]\d{{1,2}})?"
    rf"|(?P<word>{_WORDS}))(?P<half>\s?½|\s1/2|\sand a half)?"
    r"(?P<of>\s{0,2}[/\u2044]\s{0,2}|\s{1,3}(?:stars\s)?out\sof\s(?:a\s(?:possible|total)\s)?|(?<=stars)/)"
    r"(?P<best>5|10|five|ten)(?:[.,]0{1,2})?(?![\w/%]|[.,:-]\d|\s?(?:%|am\b|pm\b))",
    re.IGNORECASE,
)
_SLASH = re.compile(r"[/\u2044]\s{0,2}(?:5|10)")
_OUT_OF = re.compile(r"[uU][tT]\s[oO][fF]\s(?:[51fFtT]|[aA]\s)")
_FULL, _EMPTY = "★⭐\U0001f31f✭✮", "☆✩✰⚝"
_STARS = re.compile(
    rf"[{_FULL}]\ufe0f?(?: [{_FULL}]\ufe0f?){{0,9}}(?: [{_EMPTY}]\ufe0f?){{0,9}}(?!"
    rf" ?[{_FULL}{_EMPTY}\ufe0f½]| 1/2)"
    rf"|(?:[{_FULL}]\ufe0f?){{1,10}}(?P<half>\s?½|1/2\b)?(?:[{_EMPTY}]\ufe0f?){{0,10}}"
)
_ASTERISKS = re.compile(
    r"(?<![\w*])(?P<full>\*{1,5})(?P<half>\s?½"
    r"|\s?1/2)?(?:\s?/\s?(?P<best>5|\*{5})|\s?out of (?:\*{5}|5|five))(?![\w*])"
    r"|(?:(?<=rating: )|(?<=rating )|(?<=rated )|(?<=stars: )"
    r"|(?<=rated: ))(?P<named>\*{1,5})(?![\w*])|(?:\A\s?|(?<=\w[ ])|(?<=[.!][ ]))(?P<alone>\*{5})(?=\s?\Z)"
    r"|\A(?P<first>\*{5})(?=\s\w)",
    re.IGNORECASE,
)


def emoji_edits(text: str) -> Iterator[Edit]:
    """Yield each emoji as a token of its own; of a row of the same one, three.

    Skin tones, genders and selectors are folded; families and flags stay whole.
    """
    before, times, reached = "", 0, -1
    for found in _EMOJI.finditer(text):
        start, end = found.span()
        folded = fold_emoji(found[0])
        times = times + 1 if folded == before and start == reached else 1
        before, reached = folded, end
        yield start, end, f" {folded} " if times <= _MOST_REPEATED else " "


def fold_emoji(emoji: str) -> str:
    """Return an emoji without what does not change its meaning.

    >>> fold_emoji("\N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-5}") == "\N{WAVING HAND SIGN}"
    True
    """
    if len(emoji) == 1:
        return _HEARTS.get(emoji, emoji)
    folded = _WITHOUT_MEANING.sub("", emoji) or emoji
    folded = _PERSON_AT_WORK.sub("\U0001f9d1", folded)
    return _HEARTS.get(folded, folded)


def emoticon_edits(text: str) -> Iterator[Edit]:
    """Yield each emoticon as one of ``EMOTICONS``; times, paths and closing brackets are none."""
    reached = 0
    for found in _faces(text):
        start, end = found.span()
        if start >= reached and _is_face(text, start, end):
            yield start, end, f" {_FACES[int(str(found.lastgroup)[1:])][0]} "
            reached = end


def _faces(text: str) -> Iterator[re.Match[str]]:
    """Yield what has the form of an emoticon, in order."""
    if text[:1] in ("x", "X") or any(sign in text for sign in _OTHERS):
        yield from _FACE.finditer(text)
        return
    starts = [found.start() for found in _EYES.finditer(text)]
    starts += [start - 1 for start in starts if text[start - 1 : start] == ">"]
    starts += [found.start() for found in _TURNED.finditer(text)]
    for start in sorted(starts):
        found = _FACE.match(text, start)
        if found is not None:
            yield found


def _is_face(text: str, start: int, end: int) -> bool:
    """Return False for what has the form of an emoticon and is something else."""
    face, before, after = text[start:end], text[start - 1 : start], text[end : end + 1]
    if face[0] in ":;=<8" and face[0] != "<":
        # Behind a digit are times and ratios; behind a bracket or an equals sign is code.
        if (
            before.isdigit()
            or before in tuple(")]=:;&")
            or (face[0] == "=" and before and not before.isspace())
        ):
            return False
        if face[-1] in ")]}" and before.isalnum() and (after.isalnum() or _closes(text, start, face[-1])):
            return False
        return not (before.isalnum() and (face[-1] in "{[" or after.isalnum()))
    if face[0] in "([)]" and face[-1] in ":;=<":
        # The other way round only between spaces: a): is a list.
        return (not before or before.isspace() or before in ".!?,") and (not after or not after.isalnum())
    return True


def _closes(text: str, start: int, bracket: str) -> bool:
    """Return True if a bracket was opened a little before, so that this one closes it."""
    before = text[max(0, start - _NEAR) : start]
    return before.rfind("([{"[")]}".index(bracket)]) > before.rfind(bracket)


def rating_edits(text: str) -> Iterator[Edit]:
    """Yield each rating in figures or words as ``N/5`` or ``N/10``, halves rounded up."""
    if _SLASH.search(text) or _OUT_OF.search(text):
        for found in _RATING.finditer(text):
            edit = _rating(found)
            if edit is not None:
                yield edit


def star_edits(text: str) -> Iterator[Edit]:
    """Yield each row of stars, and each row of asterisks that clearly is one, as ``N/5`` or ``N/10``."""
    if not text.isascii() and (found_all := [_stars(found) for found in _STARS.finditer(text)]):
        yield from (edit for edit in found_all if edit is not None)
    elif "*" in text:
        for found in _ASTERISKS.finditer(text):
            row = next(found[name] for name in ("full", "named", "alone", "first") if found[name])
            yield found.start(), found.end(), f" {min(5, len(row) + bool(found['half']))}/5 "


def _rating(found: re.Match[str]) -> Edit | None:
    """Return how a rating in figures is written; None if it is greater than the best."""
    best = _NUMBERS.get(found["best"].lower(), 0) or int(found["best"])
    if found["word"] and "/" in found["of"]:
        return None
    value = float(_NUMBERS[found["word"].lower()] if found["word"] else found["value"].replace(",", "."))
    value += 0.5 if found["half"] else 0
    if value > best:
        return None
    return found.start(), found.end(), f" {int(value + 0.5)}/{best} "


def _stars(found: re.Match[str]) -> Edit | None:
    """Return how a row of stars is written; None for one star alone, or too many."""
    row = found[0]
    full = sum(row.count(star) for star in _FULL)
    empty = sum(row.count(star) for star in _EMPTY)
    half = 1 if found["half"] else 0
    if full + empty + half < 2 or (full + empty + half > 5 and full + empty + half != 10):
        return None
    best = 10 if full + empty + half == 10 else 5
    return found.start(), found.end(), f" {min(best, full + half)}/{best} "
