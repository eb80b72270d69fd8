r"""What a text must hold, and must not, for a pattern to match in it: most patterns then need not be run.

A pattern such as ``\b(?:cures?|heals) \w+ disease`` matches nowhere in a text without the word *disease*, and
one that begins with ``^(?!.*\b(?:i|my)\b)`` nowhere in a text with the word *my*. Such needles (whole words,
beginnings of words, signs, any digit) are read off the parsed pattern. One look-up for each word of a text
then tells which of hundreds of patterns may match. The others cannot, so leaving them out changes no answer;
a pattern of which nothing can be read off is always run. Knows patterns; not what they find.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

try:  # the parser of ``re`` itself; Python 3.10 has it under another name
    from re import _constants as _op  # type: ignore[attr-defined]
    from re import _parser  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover
    import sre_constants as _op
    import sre_parse as _parser

DIGIT = "\\d"
"""The needle that any digit is."""
BEGINS = "<"
"""First character of a needle that is the beginning of a word."""

_PREFIX = 3  # letters of the beginning of a word
_MOST_NEEDS = 3  # of one pattern
_MOST_LITERALS = 600
_WIDEST_SET = 8
_EDGE = "\x02"  # stands for \b in a literal
_WORD = re.compile(r"\w+")
_SIGN = re.compile(r"[^\w\s]")
_OTHER_LETTERS = re.compile(r"\(\?[a-zA-Z]*[aL]")  # (?a) and (?L) have other word characters
_HAS_DIGIT = re.compile(r"\d")
# What a pattern that ignores case takes for an ASCII letter.
_LIKE_ASCII = {0x130: "i", 0x131: "i", 0x17F: "s", 0x212A: "k"}
_COMMON = frozenset(
    """a all also an and are as at be been but by can do does for from had has have he her his i in is it its
    me most must my never no not now of on one only or our out she so that the their them there they this to
    too up us was we were what who will with would you your . , ' -""".split()
)

Need = frozenset[str]
"""Needles of which a text must hold one."""


class Needles:
    r"""The needles of many patterns, looked up all at once.

    >>> needles = Needles([r"\bcures? cancer\b", r"\d+ %", r"\w+", r"^(?!.*\bmy\b).*\bcancer\b"])
    >>> needles.possible("It CURES my cancer."), needles.possible("About 5 %")
    ([0, 2], [1, 2])

    Args:
        patterns: Regular expressions, matched without regard to case.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._count = count = len(patterns)
        # Bit n + k * count stands for the k-th need of pattern n; what has fewer needs has the others met.
        self._always = 0
        self._needed: dict[str, int] = {}
        self._forbidden: dict[str, int] = {}
        for number, pattern in enumerate(patterns):
            needs = needs_of(pattern)[:_MOST_NEEDS]
            for k in range(_MOST_NEEDS):
                bit = 1 << (number + k * count)
                if k >= len(needs):
                    self._always |= bit
                    continue
                for needle in needs[k]:
                    self._needed[needle] = self._needed.get(needle, 0) | bit
            for needle in forbidden_by(pattern):
                self._forbidden[needle] = self._forbidden.get(needle, 0) | 1 << number

    def possible(self, text: str) -> list[int]:
        """Return the numbers of the patterns that may match somewhere in a text, in their order."""
        plain = folded(text)
        words = set(_WORD.findall(plain))
        found, needed, gone = self._always, self._needed.get, 0
        for needle in (words | set(_SIGN.findall(plain))) if "\n" not in text else ():
            gone |= self._forbidden.get(needle, 0)
        for needle in (*words, *_SIGN.findall(plain), *{BEGINS + word[:_PREFIX] for word in words}):
            found |= needed(needle, 0)
        if _HAS_DIGIT.search(plain):
            found |= needed(DIGIT, 0)
        # A pattern is possible where all of its needs are met.
        met = found & ~gone
        for k in range(1, _MOST_NEEDS):
            met &= found >> (k * self._count)
        met &= (1 << self._count) - 1
        numbers = []
        while met:
            lowest = met & -met
            numbers.append(lowest.bit_length() - 1)
            met ^= lowest
        return numbers


def folded(text: str) -> str:
    """Return a text with each letter that a pattern without case takes for an ASCII one as that, in small."""
    return text.lower() if text.isascii() else text.translate(_LIKE_ASCII).lower()


def needs_of(pattern: str) -> list[Need]:
    r"""Return what a text must hold for a pattern to match in it, the rarest need first; none if not known.

    >>> [sorted(need) for need in needs_of(r"\b(?:heals|cures?) \w+ \d")]
    [['cure', 'cures', 'heals'], ['\\d']]
    """
    parsed = _parsed(pattern)
    needs = () if parsed is None else {need for need in _needs(parsed) if need}
    return sorted(needs, key=lambda need: (_cost(need), sorted(need)))


def forbidden_by(pattern: str) -> set[str]:
    r"""Return words and signs that no line may hold in which a pattern matches.

    >>> sorted(forbidden_by(r"^(?!.*\b(?:i|my)\b)(?!.*[?!]).*\bcures\b"))
    ['!', '?', 'i', 'my']
    """
    items = [*(_parsed(pattern) or ())]
    found: set[str] = set()
    if not items or items[0] != (_op.AT, _op.AT_BEGINNING):
        return found
    for op, value in items[1:]:
        if op is not _op.ASSERT_NOT or value[0] != 1:
            return found
        anything, *rest = value[1]
        if anything != (_op.MAX_REPEAT, (0, _op.MAXREPEAT, [(_op.ANY, None)])) and not _is_anything(anything):
            continue
        for literal in _all_literals(rest) or ():
            word = literal.strip(_EDGE)
            whole = literal == _EDGE + word + _EDGE and word.isascii() and _WORD.fullmatch(word)
            if whole or (literal == word and len(word) == 1 and _SIGN.fullmatch(word)):
                found.add(word)
    return found


def stands_alone(pattern: str) -> bool:
    """Return True if a pattern is valid, has no groups that count, and matches at least one character."""
    parsed = _parsed(pattern)
    return parsed is not None and parsed.getwidth()[0] >= 1 and parsed.state.groups == 1


class Search:
    """Alternations of patterns, of which only those parts are run that may match.

    >>> search = Search([(re.compile("(?:cats?)|(?:dogs?)", re.I), ["cats?", "dogs?"])])
    >>> [match[0] for match in merged_matches(search.live("Dogs and cats")[0], "Dogs and cats")]
    ['Dogs', 'cats']

    Args:
        alternations: Each as one compiled pattern, and its alternatives, matched without regard to case; no
            alternatives if they are not known.
    """

    def __init__(self, alternations: Sequence[tuple[re.Pattern[str], Sequence[str]]]) -> None:
        self._parts: list[tuple[int, str, re.Pattern[str] | None]] = []
        for number, (whole, parts) in enumerate(alternations):
            if parts and all(map(stands_alone, parts)):
                self._parts += [(number, part, whole if len(parts) == 1 else None) for part in parts]
            else:
                self._parts.append((number, "", whole))
        self._needles = Needles([part for _, part, _ in self._parts])

    def live(self, text: str) -> dict[int, list[re.Pattern[str]]]:
        """Return, by the number of its alternation, the parts that may match somewhere in a text."""
        live: dict[int, list[re.Pattern[str]]] = {}
        for at in self._needles.possible(text):
            number, part, compiled = self._parts[at]
            if compiled is None:  # when it is first needed: few of them ever are
                compiled = re.compile(part, re.IGNORECASE)
                self._parts[at] = number, part, compiled
            live.setdefault(number, []).append(compiled)
        return live


def merged_matches(patterns: Sequence[re.Pattern[str]], text: str) -> Iterator[re.Match[str]]:
    """Yield what ``finditer`` of ``p1|p2|...`` does, for patterns of which none matches the empty string."""
    if len(patterns) == 1:
        yield from patterns[0].finditer(text)
        return
    after = 0
    waiting = [pattern.search(text) for pattern in patterns]
    while True:
        # A match that the last one overlaps is looked for anew, behind that.
        for number, match in enumerate(waiting):
            if match is not None and match.start() < after:
                waiting[number] = patterns[number].search(text, after)
        # The leftmost comes first; of several at one place, the first pattern's, as in an alternation.
        first = min((match for match in waiting if match is not None), key=re.Match.start, default=None)
        if first is None:
            return
        yield first
        after = first.end()


def _parsed(pattern: str) -> Any:
    """Return a pattern as ``re`` parses it; None if it is none, or reads letters in another way."""
    if _OTHER_LETTERS.search(pattern):
        return None
    try:
        return _parser.parse(pattern, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError):
        return None


def _is_anything(item: Any) -> bool:
    """Return True for ``.*``."""
    op, value = item
    return op is _op.MAX_REPEAT and value[:2] == (0, _op.MAXREPEAT) and list(value[2]) == [(_op.ANY, None)]


def _needs(items: Iterable[Any], before: str = "", after: str = "") -> Iterator[Need]:
    """Yield needs of a sequence: those of its parts, and of the literals that neighbours make together.

    Args:
        items: The sequence, as parsed.
        before: ``_EDGE`` if no letter can stand before it, else nothing.
        after: The same of what follows.
    """
    sequence = list(items)
    literals: set[str] = {before}
    for item, following in zip(sequence, [*sequence, None][1:], strict=True):
        own = _literals(item)
        if own is not None and len(own) * len(literals) <= _MOST_LITERALS:
            literals = {a + b for a, b in product(literals, own)}
            continue
        # The run of literals ends: what has been gathered is a need, and so is what this item needs.
        yield _need_of_literals(literals)
        left = _EDGE if all(map(_ends_at_edge, literals)) else ""
        right = after if following is None else _edge_before(following)
        yield from _needs_of_item(item, left, right)
        if own is not None:
            literals = {left + literal for literal in own}
        else:
            literals = {_EDGE if _ends_word(item, left) else ""}
    yield _need_of_literals({literal + after for literal in literals})


def _ends_at_edge(literal: str) -> bool:
    return bool(literal) and (literal[-1] == _EDGE or not _WORD.match(literal[-1]))


def _edge_before(item: Any) -> str:
    """Return ``_EDGE`` if no letter can stand at the beginning of an item."""
    found = _literals(item)
    edge = found and all(s and (s[0] == _EDGE or not _WORD.match(s[0])) for s in found)
    return _EDGE if edge else ""


def _ends_word(item: Any, before: str) -> bool:
    """Return True if no letter can stand at the end of an item that is no literal."""
    op, value = item
    if op in (_op.MAX_REPEAT, _op.MIN_REPEAT):
        return (value[0] > 0 or before == _EDGE) and _sequence_ends_word(value[2])
    if op is _op.SUBPATTERN:
        return _sequence_ends_word(value[-1])
    return op is _op.BRANCH and all(map(_sequence_ends_word, value[1]))


def _sequence_ends_word(items: Iterable[Any]) -> bool:
    last = list(items)[-1:]
    found = _literals(last[0]) if last else None
    return bool(found and all(map(_ends_at_edge, found))) or bool(last and _ends_word(last[0], ""))


def _literals(item: Any) -> set[str] | None:
    """Return all strings that an item may match; None if they are not known, or many."""
    op, value = item
    if op is _op.AT:
        return {_EDGE} if value is _op.AT_BOUNDARY else {""}
    if op in (_op.ASSERT, _op.ASSERT_NOT):
        return {""}  # takes no character, so its neighbours touch
    if op is _op.LITERAL:
        return {chr(value).lower()}
    if op is _op.IN and len(value) <= _WIDEST_SET and all(kind is _op.LITERAL for kind, _ in value):
        return {chr(code).lower() for _, code in value}
    if op is _op.SUBPATTERN:
        return _all_literals(value[-1])
    if op is _op.BRANCH:
        parts = [_all_literals(branch) for branch in value[1]]
        known = [part for part in parts if part is not None]
        return set().union(*known) if len(known) == len(parts) else None
    if op in (_op.MAX_REPEAT, _op.MIN_REPEAT) and value[1] == 1:
        inner = _all_literals(value[2])
        return None if inner is None else inner | ({""} if value[0] == 0 else set())
    return None


def _all_literals(items: Iterable[Any]) -> set[str] | None:
    """Return all strings that a sequence may match; None if they are not known, or many."""
    literals = {""}
    for item in items:
        own = _literals(item)
        if own is None or len(own) * len(literals) > _MOST_LITERALS:
            return None
        literals = {a + b for a, b in product(literals, own)}
    return literals


def _needs_of_item(item: Any, before: str, after: str) -> Iterator[Need]:
    """Yield needs of one item that is no literal, or too many of them."""
    op, value = item
    if op is _op.SUBPATTERN:
        yield from _needs(value[-1], before, after)
    elif op is _op.BRANCH:
        # One of the branches has to match: together they need what each of them needs most.
        best = [min(_needs(branch, before, after), key=_cost) for branch in value[1]]
        yield frozenset().union(*best) if all(best) else frozenset()
    elif op in (_op.MAX_REPEAT, _op.MIN_REPEAT) and value[0] >= 1:
        yield from _needs(value[2], before if value[1] == 1 else "", after if value[1] == 1 else "")
    elif op is _op.IN and value == [(_op.CATEGORY, _op.CATEGORY_DIGIT)]:
        yield frozenset([DIGIT])


def _need_of_literals(literals: set[str]) -> Need:
    """Return one needle of each literal; nothing if one of them has none."""
    needles = [min(_needles(literal), key=_commonness, default="") for literal in literals]
    return frozenset(needles) if all(needles) else frozenset()


def _needles(literal: str) -> Iterator[str]:
    """Yield the needles in a literal: whole words, beginnings of words, signs."""
    for word in _WORD.finditer(literal):
        # A word is whole where something else, or an edge, stands on both sides of it.
        if word.start() > 0 and word[0].isascii():
            if word.end() < len(literal):
                yield word[0]
            elif len(word[0]) >= _PREFIX:
                yield BEGINS + word[0][:_PREFIX]
    signs = _SIGN.findall(literal.replace(_EDGE, ""))
    yield from (sign for sign in signs if sign.lower() == sign.upper())


def _commonness(needle: str) -> float:
    """Return roughly how many sentences hold a needle; only the order matters."""
    if needle == DIGIT:
        return 0.1
    if needle in _COMMON:
        return 0.3
    return 0.03 if needle.startswith(BEGINS) and len(needle) > 1 else 0.01


def _cost(need: Need) -> float:
    return sum(map(_commonness, need)) if need else float("inf")
