"""What is read of a unit of text: its words, without layout and disguise, each with its place.

Invisible characters, letters in costume, HTML, Markdown, the marks of items and rows, names and times in
front of a turn, footnote marks and shouting are taken off, so that a claim is found as in plain text and its
place is exact. A plain sentence costs one search. Knows one unit at a time; no rules and no models.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from nlp_rnn.risk.short import kept_if_short
from nlp_rnn.risk.signals import Signal
from nlp_rnn.risk.words import known_words
from nlp_rnn.text.alignment import Places
from nlp_rnn.text.letters import (
    INVISIBLE,
    costume_edits,
    has_costumes,
    look_alike_edits,
    unseen_edits,
)
from nlp_rnn.text.markup import take_off_html, take_off_markdown
from nlp_rnn.text.rewriting import Edit, Rewriting
from nlp_rnn.text.units import STAMP

_SHOUTED = re.compile(r"(?<![^\W_])[A-Z]{4,}(?![^\W_])")
_CAPITALS = re.compile(r"(?<![^\W_])[A-Z]{2,}(?![^\W_])")
_SMALL = re.compile("[a-z]")
_FOOTNOTE = re.compile(
    r"(?<=[\w.,;:!?\"”’)])(?:\[\^?(?:\d{1,3}|[a-z]|\*|note \d{1,2}|citation needed)\]"
    r"|[¹²³\u2070-\u2079†‡]+(?!\w))"
)
_NAME = r"[@~]?[^\W\d_][\w.'’-]{0,19}(?: [^\W\d_a-z][\w.'’-]{0,19}){0,2}"
_TURN = re.compile(
    rf"\s*(?:[\[(]?{STAMP}[\])]?[ \t]*(?:[-–—|:][ \t]*)?(?:<[\w.@ -]{{1,30}}>:?|{_NAME}(?: "
    rf"?\([^()\n]{{1,20}}\))?[ \t]?:(?=\s))?"
    rf"|<[\w.@ -]{{1,30}}>:?(?=\s)|(?P<name>{_NAME})(?: ?\([^()\n]{{1,20}}\))?[ \t]?:(?=\s))[ \t]*(?=\S)"
)
_NUMBER = re.compile(r"\s*\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)][ \t]+(?=\S)|\s*\[[ xX]\][ \t]+(?=\S)")
_INITIAL = re.compile(r"\s*[A-Z]\.")
_LEFT_OVER = re.compile(
    r"\*{2,3}|`+|~~|\\(?=[*_`\[\]()#~|])|(?<!\S)[*_](?=\w)|(?<=[\w.!?,])[*_](?!\S)|[|](?!\w)"
    r"|(?<!\w)[|]|[│┃]"
)
_INITIALS = frozenset("nasa nato unesco unicef opec interpol fifa uefa".split())
# Who says something belongs to what is said.
_SOURCES = frozenset(
    """
    study studies research researchers scientists science experts doctors physicians report reports survey
    poll police officials government ministry minister court judge breaking news fact facts myth truth who fda
    nasa cdc nhs official authorities analysts economists sources
    """.split()
)
_SHORT = 64  # characters of a unit whose view is kept
_ANY = re.compile(
    rf"[<&*_`\[\]#~|\\│┃¹²³\u2070-\u2079†‡{INVISIBLE}]"
    rf"|^\s*(?:[-+>=\u2022\u00b7\u2023\u25aa\u25e6\u25cf\d(]|\w{{1,4}}[.)])"
    r"|[A-Z]{4}|:\s|\n[ \t]*[-+>=\d]"
)


@dataclass(frozen=True, slots=True)
class View:
    """A unit as it is read.

    Attributes:
        text: What is read.
        places_2N: Start and end in the unit of each of its characters, *shape (2, N)*; None if it is all of
            the unit as it stands.
        start, end: Place of what is said in the unit, without marks and white space around it.
    """

    text: str
    places_2N: Places | None
    start: int
    end: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the unit of a stretch of the view that is not empty."""
        if self.places_2N is None:
            return start, end
        return int(self.places_2N[0, start]), int(self.places_2N[1, end - 1])

    def placed(self, signal: Signal, offset: int) -> Signal:
        """Return a signal of the view with its place in a text in which the unit stands at ``offset``."""
        start, end = self.span(signal.start, signal.end)
        return replace(signal, start=offset + start, end=offset + end)

    @classmethod
    def of(cls, rewriting: Rewriting) -> View:
        """Return the view that a rewriting of the unit leaves."""
        text, places_2N = rewriting.text, rewriting.places_2N
        first, after = len(text) - len(text.lstrip()), len(text.rstrip())
        if places_2N is None or after <= first:
            return cls(text, places_2N, first, max(first, after))
        return cls(text, places_2N, int(places_2N[0, first]), int(places_2N[1, after - 1]))


@kept_if_short(_SHORT)
def read_through(unit: str) -> View:
    r"""Return what is read of a unit; short ones often come again.

    >>> view = read_through("- The st\u00adudy **confirmed** it&nbsp;all.\n")
    >>> view.text.strip(), view.start, view.end, view.span(0, 3)
    ('The study confirmed it all.', 2, 39, (2, 5))
    """
    rewriting = Rewriting(unit)
    if _ANY.search(unit) is None and not has_costumes(unit):
        return View.of(rewriting)
    if has_costumes(unit):
        for edits in (unseen_edits, costume_edits, look_alike_edits):
            rewriting.replace(list(edits(rewriting.text)))
    rewriting.replace(list(_nicknames(rewriting.text)))
    take_off_html(rewriting)
    take_off_markdown(rewriting)
    for steps in (_left_over, _beginning, _shouted):
        rewriting.replace(list(steps(rewriting.text)))
    return View.of(rewriting)


def _nicknames(text: str) -> Iterator[Edit]:
    """Yield nothing for a name in angle brackets in front of a turn, which would be read as a tag."""
    found = _TURN.match(text) if "<" in text[:60] else None
    if found is not None and found["name"] is None:
        yield found.start(), found.end(), ""


def _left_over(text: str) -> Iterator[Edit]:
    """Yield nothing for footnote marks, and for marks whose other half is in another unit."""
    edits = [
        (found.start(), found.end(), "")
        for pattern in (_FOOTNOTE, _LEFT_OVER)
        for found in pattern.finditer(text)
    ]
    reached = 0
    for start, end, written in sorted(edits):
        if start >= reached:
            yield start, end, written
            reached = end


def _beginning(text: str) -> Iterator[Edit]:
    """Yield nothing for the number of an item, and for the time and the name in front of a turn."""
    at = 0
    number = _NUMBER.match(text)
    if number is not None and _INITIAL.match(text) is None:
        at = number.end()
    turn = _TURN.match(text, at)
    if turn is not None and not (turn["name"] and _SOURCES & set(turn["name"].lower().split())):
        at = turn.end()
    if at:
        yield 0, at, ""


def _shouted(text: str) -> Iterator[Edit]:
    """Yield small letters for words in capitals that are no names, one after a stop with its capital."""
    # Where nearly everything is in capitals, short words are no initials either.
    capitals = sum(map(len, _CAPITALS.findall(text)))
    for found in (_CAPITALS if capitals > 4 * len(_SMALL.findall(text)) else _SHOUTED).finditer(text):
        word = found[0].lower()
        if word in known_words() and word not in _INITIALS:
            first = text[: found.start()].rstrip(" \t\n\"'“‘(*-")
            yield found.start(), found.end(), word if first and first[-1] not in ".!?:" else word.capitalize()
