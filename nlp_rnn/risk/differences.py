"""What a claim and a passage of a source do not share: numbers, names, and a "not".

Capitalised words are names, but for the first of a sentence, which may be one. Knows two texts and the words
around the second; says nothing about which is right.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from nlp_rnn.text.quantities import Quantity, find_quantities

WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october"),
    *("november", "december"),
)
_CALENDAR = {name: _WEEKDAYS for name in _WEEKDAYS} | {name: _MONTHS for name in _MONTHS}
_SHORT = {name[:3]: name for name in (*_WEEKDAYS, *_MONTHS)} | {
    "tues": "tuesday", "wednes": "wednesday", "thur": "thursday", "thurs": "thursday", "sept": "september",
}  # fmt: skip
_BESIDE = 3
"""Words on each side of a number or name that tell which of several it stands for."""
_TITLES = frozenset("mr mrs ms miss dr prof professor sir lady lord sister brother st saint i ok".split())
_NO_NAME = re.compile(r"(?:s|ing|ed|ly|tion|ment|ness|ity|ance|ence|able|ful|ive|ous)$")
_FIRST = re.compile(r"(?:^|[.!?:\u2026|][\"'\u201d\u2019)\]]*\s|\n\s*\n)[^\w]*$")
_NOT = re.compile(r"\b(?:not|never|no|cannot)\b|n['\u2019]t\b", re.IGNORECASE)
_NO_MORE = re.compile(
    r"\b(?:no|not)\s+(?:more|less|fewer|longer|later|earlier|older|only|just|even)\b", re.IGNORECASE
)
_NEGATED = re.compile(
    r"\b(?:forbidden|prohibited|banned|refused?|un\w{4,}|except|unless|only|free)\b", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A number, a name or a *not* in which a claim and a passage differ.

    Attributes:
        kind: ``number``, ``name`` or ``negation``.
        claim: It, as the claim has it; None if the claim has no *not* where the passage has one.
        start, end: Its place in the text under review; of the whole claim where ``claim`` is None.
        source: What stands for it in the passage; None if nothing does.
        source_start, source_end: Its place in the file; None with ``source``.
    """

    kind: str
    claim: str | None
    start: int
    end: int
    source: str | None
    source_start: int | None
    source_end: int | None


class Lexicon(NamedTuple):
    """How the words of the sources are written: keys seen in small letters, and capitalised in a sentence."""

    small: Set[str]
    capitalised: Set[str]


class Pair(NamedTuple):
    """Two spans that differ, the second in the passage or None."""

    kind: str
    claim: tuple[int, int] | None
    source: tuple[int, int] | None


class _Name(NamedTuple):
    """A capitalised word.

    ``run`` numbers the names that stand together; ``sure`` is False of one that only begins its sentence.
    """

    start: int
    end: int
    key: str
    run: int
    sure: bool


def find_differences(
    claim: str, passage: str, around: str, heading: str, lexicon: Lexicon, key_of: Callable[[str], str]
) -> list[Pair]:
    """Return the numbers and names of a claim that a passage does not have.

    Args:
        claim: The claim.
        passage: The passage.
        around: The sentences around it, in which a number or name counts that has no rival in the passage.
        heading: What is said once for the whole file or section: names in it count as the passage's.
        lexicon: How the words of the sources are written.
        key_of: Gives words that are one word with different endings the same key.
    """
    texts = _Texts(claim, passage, around, heading, lexicon, key_of)
    own = find_quantities(claim)
    numbers, names = _numbers(texts, own), _names(texts, own)
    return sorted([*numbers, *names], key=lambda pair: pair.claim or (0, 0))


def find_negation(claim: str, passage: str) -> Pair | None:
    """Return the *not* that only one of a claim and its almost literal passage has; else None."""
    ours, theirs = _negations(claim), _negations(passage)
    if bool(ours) == bool(theirs) or _NEGATED.search(passage if ours else claim):
        return None
    return Pair("negation", ours[0] if ours else None, theirs[0] if theirs else None)


def _negations(text: str) -> list[tuple[int, int]]:
    other = {match.start() for match in _NO_MORE.finditer(text)}
    return [match.span() for match in _NOT.finditer(text) if match.start() not in other]


class _Texts(NamedTuple):
    """The arguments of ``find_differences``."""

    claim: str
    passage: str
    around: str
    heading: str
    lexicon: Lexicon
    key_of: Callable[[str], str]

    def likest(self, ours: tuple[int, int], rivals: Sequence[tuple[int, int]]) -> int:
        """Return which span of the passage is the most like the claim's, by the words at and beside it."""
        own = self._words(self.claim, *ours)
        shared = [len(own & self._words(self.passage, *rival)) for rival in rivals]
        return shared.index(max(shared))

    def _words(self, text: str, start: int, end: int) -> set[str]:
        before, after = WORD.findall(text[:start])[-_BESIDE:], WORD.findall(text[end:])[:_BESIDE]
        return {self.key_of(word) for word in (*before, *WORD.findall(text[start:end]), *after)}


def _numbers(texts: _Texts, claim: Sequence[Quantity]) -> Iterator[Pair]:
    """Yield the numbers of the claim that the passage lacks, each with its rival there."""
    passage = find_quantities(texts.passage)
    around = [*find_quantities(texts.around), *find_quantities(texts.heading)]
    rivals = [theirs for theirs in passage if not any(ours.agrees(theirs) for ours in claim)]
    for ours in claim:
        if any(ours.agrees(theirs) for theirs in passage):
            continue
        like = [rival for rival in rivals if _may_stand_for(rival, ours)]
        same_unit = [rival for rival in like if rival.unit == ours.unit]
        like = same_unit or like
        if like:
            spans = [(rival.start, rival.end) for rival in like]
            place = texts.likest((ours.start, ours.end), spans)
            rivals.remove(like[place])
            yield Pair("number", (ours.start, ours.end), spans[place])
        elif not ours.loose and not any(ours.agrees(theirs) for theirs in around):
            yield Pair("number", (ours.start, ours.end), None)


def _may_stand_for(rival: Quantity, ours: Quantity) -> bool:
    """Return True if a number of a passage may be what the claim has another number for."""
    if ours.loose or rival.loose:  # *a week* is an amount only beside *two weeks*
        return rival.unit == ours.unit != "" and (not rival.loose or ours.unit == "ordinal" or not ours.loose)
    return rival.unit == ours.unit or "" in (rival.unit, ours.unit)


def _names(texts: _Texts, numbers: Sequence[Quantity]) -> Iterator[Pair]:
    """Yield the names of the claim that the passage lacks, each with its rival there."""
    key_of, passage = texts.key_of, texts.passage
    ours = list(_find_names(texts.claim, numbers, texts.lexicon, key_of))
    theirs = list(_find_names(passage, find_quantities(passage), texts.lexicon, key_of))
    known = _keys(f"{passage} {texts.heading}", key_of) | _days_between(theirs, passage)
    said, near = _keys(texts.claim, key_of), _keys(texts.around, key_of)
    missing = [name for name in ours if name.key not in known]
    rivals = [name for name in theirs if name.key not in said and name.sure]
    for group in _runs(missing):
        kind = _CALENDAR.get(group[0].key)
        # Of a run of which the passage has a part, the rival is what stands beside that part there.
        shared = {name.key for name in ours if name.run == group[0].run} - {name.key for name in group}
        like = [rival for rival in rivals if _CALENDAR.get(rival.key) is kind]
        beside = {name.run for name in theirs if name.key in shared}
        runs = list(_runs([rival for rival in like if rival.run in beside] or like))
        span = (group[0].start, group[-1].end)
        if runs:
            spans = [(run[0].start, run[-1].end) for run in runs]
            place = texts.likest(span, spans)
            rivals = [rival for rival in rivals if rival not in runs[place]]
            yield Pair("name", span, spans[place])
        elif all(name.sure for name in group) and not all(name.key in near for name in group):
            yield Pair("name", span, None)


def _find_names(
    text: str, numbers: Sequence[Quantity], lexicon: Lexicon, key_of: Callable[[str], str]
) -> Iterator[_Name]:
    """Yield the names in a text, but for titles and what is part of a number."""
    words = list(WORD.finditer(text))
    letters = [char for char in text if char.isalpha()]
    shouting = sum(map(str.isupper, letters)) * 2 > len(letters) and len(words) > 3
    run, last = 0, -2
    for place, word in enumerate(words):
        key = name_key(word[0], key_of)
        written = word[0][0].isupper() and key != ""
        inside = any(number.start <= word.start() < number.end for number in numbers)
        if not written or inside or key in _STOPS or (shouting and not _is_name(key, lexicon)):
            continue
        follows = last == place - 1 and re.fullmatch(r"\s*&?\s*", text[words[last].end() : word.start()])
        run += not follows
        last = place
        if key in _TITLES:
            continue
        first = _FIRST.search(text, max(0, word.start() - 20), word.start()) is not None
        after = words[place + 1][0] if place + 1 < len(words) else ""
        full = after[:1].isupper() and text[word.end() : words[place + 1].start()] == " "
        sure = not first or key in _CALENDAR or _is_name(key, lexicon) or full
        if not sure and (key in lexicon.small or _NO_NAME.search(word[0])):
            continue
        yield _Name(word.start(), word.end(), key, run, sure)


def _is_name(key: str, lexicon: Lexicon) -> bool:
    return key in lexicon.capitalised and key not in lexicon.small


def _runs(names: Sequence[_Name]) -> Iterator[list[_Name]]:
    """Yield the names that stand together."""
    group: list[_Name] = []
    for name in names:
        if group and name.run != group[-1].run:
            yield group
            group = []
        group.append(name)
    if group:
        yield group


def _days_between(names: Sequence[_Name], text: str) -> set[str]:
    """Return the weekdays and months inside ranges, such as Tuesday of *Monday to Friday*."""
    found: set[str] = set()
    for first, last in pairwise(names):
        days = _CALENDAR.get(first.key)
        between = text[first.end : last.start].strip().lower()
        if (
            days
            and days is _CALENDAR.get(last.key)
            and between in ("-", "\u2013", "to", "until", "till", "through")
        ):
            a, b = days.index(first.key), days.index(last.key)
            found |= set(days[a : b + 1] if a <= b else days[a:] + days[: b + 1])
    return found


def name_key(word: str, key_of: Callable[[str], str]) -> str:
    """Return the key of a word; of a day or month its full name, however it is shortened."""
    plain = re.sub(r"['\u2019]s?$", "", word).lower()
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    for name in (plain, plain.removesuffix("s")):
        if name in _CALENDAR:
            return name
    if word[:1].isupper() and plain in _SHORT:
        return _SHORT[plain]
    return key_of(plain)


def _keys(text: str, key_of: Callable[[str], str]) -> set[str]:
    """Return the keys of all words of a text, and of the parts of those with a hyphen."""
    found = set()
    for word in WORD.findall(text):
        found.add(name_key(word, key_of))
        if "-" in word:
            found |= {name_key(part, key_of) for part in word.split("-")}
    return found


STOP_WORDS = frozenset(
    """a about above after again against all also am an and any anyone are as at be because been before
    being below between both but by can could did do does doing down during each every few for from
    further had has have having he her here hers him his how i if in into is it its itself just let
    may me might more most much must my myself no nor not of off on once one only or other our ours
    out over own per same shall she should so some such than that the their theirs them then there
    these they this those through to too under until up upon us very was we were what when where
    which while who whom whose why will with within without would you your yours yourself don doesn
    isn aren wasn won didn can't cannot ve ll re it's that's you're you'll they're we're i'm""".split()
)
_STOPS = STOP_WORDS | frozenset("please dear never always yes nobody somebody anybody everybody".split())
