"""Evidence: the passages of a user's own reference texts that are closest to a claim, and where they differ.

Passages are found by BM25 over word stems and numbers; how close they are is the share of the claim's words,
each weighed by how rare it is, that passage and heading have. It says what the sources contain, never what
is true. Knows sources and claims; nothing about signals and levels.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nlp_rnn.errors import InputError, require, whole_number
from nlp_rnn.risk.differences import (
    STOP_WORDS,
    WORD,
    Difference,
    Lexicon,
    find_differences,
    find_negation,
    name_key,
)
from nlp_rnn.risk.sources import Source, Span, cut_passages, read_sources
from nlp_rnn.text.quantities import find_quantities

STATED, DIFFERS, NOT_FOUND = "stated in", "differs", "not found in"
CLOSE = 0.375
"""Closeness from which a passage is about the claim; chosen on other examples than it is measured on."""
_LITERAL = 0.65  # closeness from which a *not* in one of the two alone is a difference
_CANDIDATES = 30
_BESIDE = 0.25  # what the BM25 score of a neighbour counts
_NEAR_WORD = 0.4  # what a word counts that only a neighbour has
_MISSING, _CHANGEABLE = 0.35, 0.1  # what a word counts that is not there, and a number or name that is not
_CACHED = 2**17  # words whose stem is kept
_BIAS = 1.3  # ... and what counts against every passage, so that a few words in common are little


class _Wanted(NamedTuple):
    """A word or number of a claim: its known terms, its weight, and whether it may have been changed."""

    terms: frozenset[int]
    weight: float
    changeable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SourcePassage:
    """A sentence, list item or table row of a source.

    Attributes:
        file: Its file, as the sources name it.
        line: Its line there, from 1.
        start, end: Its place there, in characters.
        text: It, as it stands there.
        heading: The heading above it; "" if there is none.
        closeness: From 0 to nearly 1: how many of the claim's words it has, rare ones counting more.
    """

    file: str
    line: int
    start: int
    end: int
    text: str
    heading: str
    closeness: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What the sources have on a claim, which is no verdict on it.

    Attributes:
        start, end: The claim's place in the text under review.
        status: ``stated in``: the first passage is close, and has all numbers and names of the claim;
            ``differs``: it is close, and some are others; ``not found in``: no passage is close.
        passages: The closest passages, the closest first; also where none is close.
        differences: Between the claim and the first passage; empty unless ``status`` is ``differs``.
    """

    start: int
    end: int
    status: str
    passages: tuple[SourcePassage, ...]
    differences: tuple[Difference, ...]

    def to_dict(self, *, quoted: bool = True) -> dict[str, Any]:
        """Return the evidence as plain JSON values; without ``quoted``, without words of the claim."""
        unquoted = {} if quoted else {"claim": None}
        return {**asdict(self), "differences": [asdict(d) | unquoted for d in self.differences]}


class EvidenceIndex:
    """An index of reference texts, in which the passages closest to a claim are found; see ``build``."""

    def __init__(self, sources: Sequence[Source], notes: Sequence[str] = ()) -> None:
        """Cut the texts into passages and index them."""
        bm25s = require("bm25s", extra="evidence")
        self.notes = tuple(notes)
        self._sources = list(sources)
        self._titles: list[str] = []
        self._spans: list[Span] = []
        self._vocab: dict[str, int] = {}
        files: list[int] = []
        ids: list[list[int]] = []
        small: set[str] = set()
        capitalised: set[str] = set()
        for number, source in enumerate(self._sources):
            spans = list(cut_passages(source.text))
            self._titles.append(_title(source, spans) if spans else "")
            above: tuple[str, list[str]] = ("", [])
            for span in spans:
                text = source.text[span.start : span.end]
                heading = self._heading(number, span)
                if heading != above[0]:
                    above = (heading, terms_of(heading))
                terms = [*terms_of(text), *above[1]]
                ids.append([self._vocab.setdefault(term, len(self._vocab)) for term in terms])
                _note_writing(text, small, capitalised)
            self._spans += spans
            files += [number] * len(spans)
        self._file_N = np.array(files, np.int32)
        # The terms of all passages, one behind the other, and where each passage's begin.
        self._term_T = np.fromiter(itertools.chain.from_iterable(ids), np.int32)
        self._first_N = np.cumsum([0, *map(len, ids)])
        self._lexicon = Lexicon(frozenset(small), frozenset(capitalised))
        self._bm25 = bm25s.BM25(csc_backend="numpy")
        self._bm25.index((ids, self._vocab), create_empty_token=False, show_progress=False)

    @classmethod
    def build(cls, sources: Sequence[str | Path], *, encoding: str = "auto") -> EvidenceIndex:
        """Read files and folders of reference texts and index them; arguments and errors as ``read_sources``.

        Raises:
            MissingExtraError: If the extra ``evidence`` is not installed.
        """
        require("bm25s", extra="evidence")
        require("snowballstemmer", extra="evidence")
        return cls(*read_sources(sources, encoding=encoding))

    def __len__(self) -> int:
        """Return the number of passages."""
        return len(self._spans)

    @property
    def files(self) -> list[str]:
        """The files that were read."""
        return [source.file for source in self._sources]

    def find(self, claim: str, *, start: int = 0, most: int = 3) -> Evidence:
        """Return the passages closest to a claim, and where the first differs from it.

        Args:
            claim: A sentence.
            start: Its place in a longer text, from which the answer's places count.
            most: Greatest number of passages.

        Raises:
            InputError: If ``claim`` is no str, or ``most`` no whole number from 1 on.
        """
        if not isinstance(claim, str):
            raise InputError(f"a claim is str, got {type(claim).__name__}")
        most = whole_number("most", most, 1, error=InputError)
        first = start + len(claim) - len(claim.lstrip())
        end = start + len(claim.rstrip())
        ranked = self._rank(claim)[:most]
        passages = tuple(self._passage(number, closeness) for number, closeness in ranked)
        if not ranked or ranked[0][1] < CLOSE:
            return Evidence(start=first, end=end, status=NOT_FOUND, passages=passages, differences=())
        differences = tuple(self._differences(claim, start, *ranked[0]))
        status = DIFFERS if differences else STATED
        return Evidence(start=first, end=end, status=status, passages=passages, differences=differences)

    def _rank(self, claim: str) -> list[tuple[int, float]]:
        """Return the passages that share words with the claim and how close they are, the closest first."""
        terms = list(dict.fromkeys(terms_of(claim)))
        ids = [self._vocab[term] for term in terms if term in self._vocab]
        if not ids:
            return []
        alone_N = self._bm25.get_scores_from_ids(ids)
        score_N = alone_N.copy()
        # A sentence whose neighbours are about the claim, too, is likelier to be: it may say "it".
        same_file = self._file_N[1:] == self._file_N[:-1]
        score_N[1:] += _BESIDE * alone_N[:-1] * same_file
        score_N[:-1] += _BESIDE * alone_N[1:] * same_file
        count = min(_CANDIDATES, len(score_N))
        best = np.argpartition(-score_N, count - 1)[:count]
        wanted = self._wanted(claim)
        top = float(score_N.max())
        found = [
            (self._closeness(int(n), wanted), float(score_N[n]) / top, int(n)) for n in best if score_N[n] > 0
        ]
        found.sort(key=lambda item: (-item[0] - item[1], item[2]))
        return [(number, closeness) for closeness, _, number in found]

    def _wanted(self, claim: str) -> list[_Wanted]:
        """Return the words and numbers of a claim, and what each weighs: a word in every passage nothing."""
        indptr = self._bm25.scores["indptr"]
        total = len(self._spans)

        def rarity(term: str) -> float:
            place = self._vocab.get(term)
            count = 0 if place is None else int(indptr[place + 1] - indptr[place])
            return min(1.0, math.log((total + 1) / (count + 0.5)) / math.log((total + 1) / 1.5))

        units = dict(_units_of(claim))
        return [
            _Wanted(
                frozenset(self._vocab[term] for term in terms if term in self._vocab),
                max(map(rarity, terms)),
                changeable,
            )
            for terms, changeable in units.items()
        ]

    def _closeness(self, number: int, wanted: Sequence[_Wanted]) -> float:
        """Return how much of a claim a passage has: the weight found, over that and part of what is missing.

        What may have been changed, a number or a name, counts for it if it is there, and little against it.
        """
        own = self._terms(number)
        near = set().union(*(self._terms(beside) for beside in self._beside(number)))
        found = missing = 0.0
        shared = 0
        for terms, weight, changeable in wanted:
            share = 0.0 if terms.isdisjoint(own) else 1.0
            if not share and not terms.isdisjoint(near):
                share = _NEAR_WORD
            found += share * weight
            shared += share > 0
            missing += (1 - share) * weight * (_CHANGEABLE if changeable else _MISSING)
        # One word in common is about anything, unless all else in the claim may have been changed.
        plain = sum(not changeable for _, _, changeable in wanted)
        if shared < 2 and (plain > 1 or plain == len(wanted)):
            found /= 2
        return round(found / (found + missing + _BIAS), 3)

    def _differences(self, claim: str, start: int, number: int, closeness: float) -> Iterator[Difference]:
        """Yield the differences between a claim and a passage, with their places."""
        passage, span = self._text(number), self._spans[number]
        around = "\n\n".join(map(self._text, self._beside(number)))
        heading = self._heading(self._file(number), span)
        pairs = find_differences(claim, passage, around, heading, self._lexicon, key_of)
        negation = find_negation(claim, passage) if closeness >= _LITERAL and not pairs else None
        for kind, ours, theirs in [*pairs, *([] if negation is None else [negation])]:
            first, end = ours or (0, len(claim.rstrip()))
            yield Difference(
                kind=kind,
                claim=None if ours is None else claim[slice(*ours)],
                start=start + first,
                end=start + end,
                source=None if theirs is None else passage[slice(*theirs)],
                source_start=None if theirs is None else span.start + theirs[0],
                source_end=None if theirs is None else span.start + theirs[1],
            )

    def _passage(self, number: int, closeness: float) -> SourcePassage:
        source, span = self._sources[self._file(number)], self._spans[number]
        return SourcePassage(
            file=source.file,
            line=source.text.count("\n", 0, span.start) + 1,
            start=span.start,
            end=span.end,
            text=source.text[span.start : span.end],
            heading=source.text[span.heading_start : span.heading_end],
            closeness=closeness,
        )

    def _file(self, number: int) -> int:
        return int(self._file_N[number])

    def _text(self, number: int) -> str:
        span = self._spans[number]
        return self._sources[self._file(number)].text[span.start : span.end]

    def _heading(self, file: int, span: Span) -> str:
        """Return what is said once for a passage and others: its heading, the title and the file's name."""
        heading = self._sources[file].text[span.heading_start : span.heading_end]
        title = self._titles[file]
        return title if heading in title else f"{heading}. {title}"

    def _beside(self, number: int) -> list[int]:
        """Return the passages before and behind one, of its file."""
        beside = (number - 1, number + 1)
        return [n for n in beside if 0 <= n < len(self._spans) and self._file(n) == self._file(number)]

    def _terms(self, number: int) -> set[int]:
        """Return the terms of a passage and its heading, by their numbers in the vocabulary."""
        return set(self._term_T[self._first_N[number] : self._first_N[number + 1]].tolist())


def terms_of(text: str) -> list[str]:
    """Return what a text is found by: the stems of its words but for stop words, and its numbers.

    >>> terms_of("Dogs are kept on a two-metre lead.")
    ['dog', 'kept', 'lead', '#length 2', '#2']
    """
    return [term for terms, _ in _units_of(text) for term in terms]


def _units_of(text: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the terms of each word or number, and whether it may be exchanged: a number or a name."""
    numbers = find_quantities(text)
    inside = iter(numbers)
    number = next(inside, None)
    for word in WORD.finditer(text):
        while number is not None and number.end <= word.start():
            number = next(inside, None)
        if number is not None and number.start <= word.start():
            continue
        named = word.start() > 0 and word[0][0].isupper()
        for term in _terms_of_word(word[0]):
            yield (term,), named
    for number in numbers:
        terms = [f"#{unit} {_shown(value)}" for unit, value in sorted(number.readings, key=str) if unit]
        yield (*terms, *(f"#{value:g}" for value in sorted(number.raw))), True


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@lru_cache(_CACHED)
def _terms_of_word(word: str) -> tuple[str, ...]:
    """Return the keys of a word, or of the parts of one with hyphens, but for stop words."""
    return tuple(name_key(part, key_of) for part in word.split("-") if part.lower() not in STOP_WORDS)


@lru_cache(_CACHED)
def key_of(word: str) -> str:
    """Return the stem of a word in small letters."""
    stem: str = _stemmer().stemWord(word.lower())
    return stem


@cache
def _stemmer() -> Any:
    return require("snowballstemmer", extra="evidence").stemmer("english")


def _title(source: Source, spans: Sequence[Span]) -> str:
    """Return a file's first line, if it is a heading, and its name."""
    name = Path(source.file).name.partition(".")[0].replace("_", " ").replace("-", " ")
    first = spans[0]
    return f"{source.text[first.start : first.end]}. {name}" if first.is_heading else name


def _note_writing(text: str, small: set[str], capitalised: set[str]) -> None:
    """Note which words a passage writes in small letters, and which with a capital within its sentences."""
    for word in WORD.finditer(text):
        if not word[0][0].isupper():
            small.update(_terms_of_word(word[0]))
        elif word.start() > 0 and text[word.start() - 2 : word.start() - 1].isalnum():
            capitalised.update(_terms_of_word(word[0]))
