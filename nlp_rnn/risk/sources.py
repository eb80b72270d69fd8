"""Reference texts, and the passages they are cut into: sentences, list items and table rows, under headings.

Knows files, lines and places; nothing about claims.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nlp_rnn.errors import DataError, InputError
from nlp_rnn.files.folders import all_files, left_out_sentence
from nlp_rnn.files.rows import read_document
from nlp_rnn.text.sentences import find_sentence_end

MOST_CHARACTERS = 2**25
"""Characters that all sources together may have: each costs some 40 bytes of memory in the index."""
ENDINGS = (".txt", ".text", ".md", ".markdown")
_PACKED = ("", ".gz", ".xz")

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_MARK = re.compile(
    r"[ \t]*(?:>[ \t]*|(?:[-*+\u2022\u00b7\u2023\u25aa]|\(?(?:\d{1,3}|[a-z])[.)])[ \t]+)+", re.I
)
_HASHES = re.compile(r"[ \t]*#{1,6}[ \t]+")
_UNDERLINE = re.compile(r"[ \t]*(?:={3,}|-{3,})[ \t]*[\r\n]*")
_OPEN = re.compile(r"[^.!?\u2026;][*_\"'\u201d\u2019)\]]*$")  # the end of a line that ends no sentence
_LONGEST_HEADING = 80
_WRAPPED = 40
"""Characters that a line has at least if what follows it may be the rest of its sentence."""


class Source(NamedTuple):
    """A reference text: its file, as it was named, and what is in it."""

    file: str
    text: str


class Span(NamedTuple):
    """A passage's place in its text, that of the heading above it (0 and 0 without one), and its kind."""

    start: int
    end: int
    heading_start: int
    heading_end: int
    is_heading: bool


def read_sources(sources: Sequence[str | Path], *, encoding: str = "auto") -> tuple[list[Source], list[str]]:
    """Return the texts of files and folders, and sentences on files that were left out.

    Args:
        sources: Files; folders are read with their folders, but for what is hidden and what has another
            ending than .txt, .text, .md or .markdown, packed by gzip or xz or not.
        encoding: Of all files; ``auto`` as everywhere.

    Raises:
        ConfigError: If Python knows no such encoding of text.
        DataError: If there is no such file or folder, one has no text, is no text or not in this encoding, or
            all are longer than ``MOST_CHARACTERS`` together.
        InputError: If ``sources`` is no list of paths.
    """
    found: list[Source] = []
    notes: list[str] = []
    characters = 0
    for file in _files(sources, notes):
        text, problem = read_document(file, encoding=encoding)
        if "\0" in text:
            problem = "it has NUL bytes, as no text has: leave it out"
        if problem:
            raise DataError(f"{file}: {problem.replace('--encoding', '--sources-encoding')}")
        characters += len(text)
        if characters > MOST_CHARACTERS:
            raise DataError(
                f"the sources have more than {MOST_CHARACTERS:,} characters (at {file}): give fewer of them"
            )
        if any(map(str.isalnum, text)):
            found.append(Source(str(file), text))
    if not found:
        raise DataError(f"there is not one word in the sources: {', '.join(map(str, sources))}")
    return found, notes


def _files(sources: Sequence[str | Path], notes: list[str]) -> Iterator[Path]:
    """Yield the files to read, each once; add a note for each folder with others."""
    if isinstance(sources, (str, Path)) or not isinstance(sources, Sequence):
        raise InputError(f"sources must be a list of files and folders, got {type(sources).__name__}")
    if not sources:
        raise InputError("sources is empty: give files or folders of reference texts, or None")
    seen: set[Path] = set()
    for source in sources:
        if not isinstance(source, (str, Path)):
            raise InputError(f"a source is a path, got {type(source).__name__}")
        path = Path(source)
        if not path.exists():
            raise DataError(f"there is no file or folder {source}")
        for file in _texts_in(path, notes) if path.is_dir() else [path]:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


def _texts_in(folder: Path, notes: list[str]) -> list[Path]:
    """Return the texts in a folder; add a note if it has other files."""
    inside = all_files(folder)
    files = [file for file in inside if _is_text(file)]
    taken = f"only {', '.join(ENDINGS)}"
    if not files:
        raise DataError(f"{folder} holds no reference text: it takes {taken}")
    if len(files) < len(inside):
        notes.append(left_out_sentence(folder, [file for file in inside if not _is_text(file)], taken))
    return files


def _is_text(file: Path) -> bool:
    return file.name.lower().endswith(tuple(end + packed for end in ENDINGS for packed in _PACKED))


class _Block(NamedTuple):
    """Lines that belong together, without the mark of a list in front."""

    start: int
    end: int
    heading: bool


def cut_passages(text: str) -> Iterator[Span]:
    r"""Yield the passages of a text in its order.

    >>> text = "# Dogs\n- On a lead. Always!\n- Two at most"
    >>> [(text[p.start:p.end], text[p.heading_start:p.heading_end]) for p in cut_passages(text)]
    [('Dogs', ''), ('On a lead.', 'Dogs'), ('Always!', 'Dogs'), ('Two at most', 'Dogs')]
    """
    heading = (0, 0)
    for block in _blocks(text):
        within = text[block.start : block.end]
        start = 0
        while start < len(within):
            end = find_sentence_end(within, start, start, final=True)[0] or len(within)
            sentence = within[start:end]
            if any(map(str.isalnum, sentence)):
                first = block.start + start + len(sentence) - len(sentence.lstrip())
                above = (0, 0) if block.heading else heading
                yield Span(first, block.start + start + len(sentence.rstrip()), *above, block.heading)
            start = end
        if block.heading:
            heading = (block.start, block.end)


def _blocks(text: str) -> Iterator[_Block]:
    """Yield headings, items of lists, rows of tables, and paragraphs, however their lines are wrapped."""
    lines = [match.span() for match in _LINE.finditer(text) if match[0]]
    start = end = -1  # of the open block
    for number, (first, last) in enumerate(lines):
        line = text[first:last]
        if not line.strip() or _UNDERLINE.fullmatch(line):
            if start >= 0:
                yield _Block(start, end, _is_heading_line(text, lines, number - 1, start))
            start = -1
            continue
        mark = _HASHES.match(line) or _MARK.match(line)
        begins = mark is not None or line.lstrip().startswith("|") or start < 0
        if begins or not _goes_on(text[slice(*lines[number - 1])].rstrip(), line):
            if start >= 0:
                yield _Block(start, end, _is_heading_line(text, lines, number - 1, start))
            start = first + (mark.end() if mark is not None else len(line) - len(line.lstrip()))
        end = first + len(line.rstrip())
    if start >= 0:
        yield _Block(start, end, _is_heading_line(text, lines, len(lines) - 1, start))


def _goes_on(before: str, line: str) -> bool:
    """Return True if a line is the rest of a sentence begun in the line before it."""
    if not _OPEN.search(before):
        return False
    return line.lstrip()[:1].islower() or len(before) >= _WRAPPED


def _is_heading_line(text: str, lines: list[tuple[int, int]], number: int, start: int) -> bool:
    """Return True if the block that is one line, the one with this number, is a heading."""
    first, last = lines[number]
    line = text[first:last]
    if _HASHES.match(line):
        return True
    if start < first or len(line.strip()) > _LONGEST_HEADING or not _OPEN.search(line.rstrip()):
        return False
    if _MARK.match(line) or line.lstrip().startswith("|") or line.rstrip().endswith(","):
        return False
    if number == 0:
        return True
    return not _is_filled(text, lines, number - 1) and not _is_filled(text, lines, number + 1)


def _is_filled(text: str, lines: list[tuple[int, int]], number: int) -> bool:
    return 0 <= number < len(lines) and bool(text[slice(*lines[number])].strip())
