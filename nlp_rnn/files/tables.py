"""Tables of text: what parts their columns, whether quotes mean anything, and their records.

Nothing is guessed in silence: what the beginning of a file does not show beyond doubt is refused, with the
option to give; so is a cell in quotes that may have swallowed rows. Knows lines and cells; knows no bytes,
and not which column holds what.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from nlp_rnn.errors import ConfigError, DataError, InputError, one_of
from nlp_rnn.files.encoding import check_encoding

LONGEST = 2**26
"""Greatest length of a line or cell: a stray quote may include so many characters before it is noticed."""
QUOTING = ("auto", "quotes", "none")
OWN = {"csv": ",", "tsv": "\t"}
"""What parts the columns of each format if nothing else is said."""

_MODES: dict[str, Literal[0, 3]] = {
    "auto": csv.QUOTE_MINIMAL,
    "quotes": csv.QUOTE_MINIMAL,
    "none": csv.QUOTE_NONE,
}
_PARTING = ",;\t|"
_ODD = "^~¦§:\x01\x1c\x1d\x1e\x1f"
_WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_NAMES = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "pipes"}
_SEP = re.compile(r'(?P<quote>"?)sep=(?P<mark>[^"\r\n])(?P=quote)[ \r]*\n?', re.IGNORECASE)
_COLON = re.compile(r":(?:\s|//)")  # as in prose, and in addresses
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a file of rows is written, where its name does not say it.

    Attributes:
        delimiter: What parts the columns of a table: one character, or ``tab``; None finds it in the file, or
            refuses to guess.
        quoting: Whether a cell of a table may stand in double quotes, doubled inside: ``quotes``, ``none`` (a
            quote is a character like any other), or ``auto``: as ``quotes``, but a cell that may have
            swallowed the rows after it is an error.
        encoding: A name that Python knows, like ``cp1252``; ``auto`` takes UTF-8, and UTF-16 where it shows.
        header: False if the first row of a table is no header: then a single column is called ``text``,
            several are called ``1``, ``2``, ...

    Raises:
        ConfigError: If a value is outside what is allowed.
    """

    delimiter: str | None = None
    quoting: str = "auto"
    encoding: str = "auto"
    header: bool = True

    def __post_init__(self) -> None:
        """Refuse values outside what is allowed; names become the characters that they name."""
        one_of("quoting", self.quoting, QUOTING)
        object.__setattr__(self, "encoding", check_encoding(self.encoding))
        if self.delimiter is not None:
            mark = _WORDS.get(self.delimiter.lower(), self.delimiter)
            if len(mark) != 1 or mark in '"\r\n':
                raise ConfigError(
                    f"Invalid delimiter. Received: {self.delimiter!r}; it should be one character, like ';', "
                    "or the word tab"
                )
            object.__setattr__(self, "delimiter", mark)

    def check_table(self, name: str, format: str) -> None:  # noqa: A002
        """Refuse what is for tables of text where a file is none.

        Raises:
            InputError: Naming what has no effect.
        """
        given = {"--delimiter": self.delimiter, "--quoting": self.quoting != "auto"}
        for option, value in {**given, "--no-header": not self.header}.items():
            if value and format not in OWN:
                raise InputError(
                    f"{name} is read as {format}, where {option} has no effect: leave it out, or name "
                    "the format of a table (--input-format csv)"
                )
        if format == "parquet" and self.encoding != "auto":
            raise InputError(f"{name} is read as parquet, where --encoding has no effect: leave it out")

    def fitting(self, format: str) -> Layout:  # noqa: A002
        """Return what of it means something in a file of this format."""
        if format in OWN:
            return self
        return Layout() if format == "parquet" else Layout(encoding=self.encoding)


@dataclass(frozen=True)
class Record:
    """A record of a table.

    Attributes:
        line: The number of its first line, from 1.
        cells: Its cells; none if the line is blank.
        problem: What is wrong with it; "" if nothing.
        advice: What to try where it has not the cells that it should have; "" if nothing.
    """

    line: int
    cells: list[str]
    problem: str
    advice: str = ""


def find_delimiter(
    start: str,
    *,
    whole: bool,
    layout: Layout,
    format: str,  # noqa: A002
    name: str,
    texts: bool = True,
) -> tuple[str, int]:
    """Return what parts the columns of a table, and how many lines come before its first row.

    Args:
        start: The beginning of the file.
        whole: True if that is all of it.
        layout: What is known; a delimiter in it is taken.
        format: ``csv`` or ``tsv``.
        name: The file in messages.
        texts: False if its rows hold numbers, so that no line can be a text.

    Raises:
        DataError: If the beginning leaves a doubt.
    """
    said = _SEP.match(start)
    if said is not None:
        if layout.delimiter not in (None, said["mark"]):
            raise DataError(
                f"{name} says in its first line that {said['mark']!r} parts its columns, not "
                f"{layout.delimiter!r}: leave out --delimiter"
            )
        return said["mark"], 1
    if layout.delimiter is not None:
        return layout.delimiter, 0
    sample = _Sample(start, whole, quoted=layout.quoting != "none")
    return _found(sample, OWN[format], name, texts), 0


def shows_quotes(start: str, delimiter: str) -> bool:
    r"""Return True if a cell at a table's beginning needs its quotes: it has a delimiter or a doubled quote.

    A cell over several lines counts if other rows stand beside it: one with such a mark, or two without
    (where quotes mean nothing, hardly two pairs of lines begin and end with one; a TSV needs the mark).

    >>> shows_quotes('text\n"Good, really"\n', ","), shows_quotes('text\n"Good" she said\n', ",")
    (True, False)
    >>> shows_quotes('text\n"Good,\nreally"\nBad\n', ","), shows_quotes('text\n"Good\nreally"\nBad\n', ",")
    (True, False)
    """
    mark = re.escape(delimiter)
    cells = re.findall(rf'(?:^|{mark})"((?:[^"\r\n]|"")*)"(?={mark}|\r|\n|\Z)', start, re.MULTILINE)
    if any(delimiter in cell or '""' in cell for cell in cells):
        return True
    records: list[list[str]] = []
    try:
        records.extend(filter(None, csv.reader(io.StringIO(start, ""), delimiter=delimiter, strict=True)))
    except csv.Error as error:
        if "unexpected end" not in str(error):  # the last cell may be cut where the beginning ends
            return False
    wide = [cell for record in records[1:] for cell in record if "\n" in cell or "\r" in cell]
    if len({*map(len, records)}) > 1 or len(records) < 3:
        return False
    return any(delimiter in cell or '"' in cell for cell in wide) or (delimiter != "\t" and len(wide) > 1)


class _Sample:
    """The rows at the beginning of a table, read with one delimiter or another."""

    def __init__(self, start: str, whole: bool, *, quoted: bool) -> None:
        self._quoted = quoted
        self._lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", start)
        self._whole = whole
        if not whole and len(self._lines) > 1:
            del self._lines[-1]  # it may be cut
        self.header = _first_record(self._lines, quoted=quoted)
        self.bare = re.sub(r'"[^"]*"?', "", self.header) if quoted else self.header

    def even(self, mark: str) -> bool:
        """Return True if all rows have as many cells as the first, at least two.

        Where the quotes of a file make no cells, its rows are counted as if quotes meant nothing: reading
        them says what is wrong with the quotes.
        """
        try:
            widths = self._widths(mark, csv.QUOTE_MINIMAL if self._quoted else csv.QUOTE_NONE)
        except csv.Error:
            widths = self._widths(mark, csv.QUOTE_NONE)
        return len(widths) == 1 and min(widths) > 1

    def _widths(self, mark: str, quoting: Literal[0, 3]) -> set[int]:
        """Return the numbers of cells that rows have, blank lines aside."""
        widths: set[int] = set()
        reader = csv.reader(iter(self._lines), delimiter=mark, quoting=quoting, strict=True)
        while True:
            try:
                cells = next_record(reader)
            except StopIteration:
                return widths
            except csv.Error as error:
                # The last cell may be cut where the beginning ends.
                if self._whole or "unexpected end" not in str(error):
                    raise
                return widths
            if cells:
                widths.add(len(cells))

    def odd(self) -> str:
        """Return a character that stands as often in each row as in the first; "" if there is none."""
        rows = [line for line in self._lines if line.strip()]
        if len(rows) < 2:
            return ""
        prose = any(_COLON.search(row) for row in rows)
        for mark in _ODD.replace(":", "") if prose else _ODD:
            counts = {row.count(mark) for row in rows}
            if len(counts) == 1 and min(counts) > 0:
                return mark
        return ""


def _found(sample: _Sample, own: str, name: str, texts: bool) -> str:
    """Return what parts the columns, given what the format's name says.

    Raises:
        DataError: If the beginning leaves a doubt.
    """
    present = [mark for mark in _PARTING if mark in sample.bare]
    if present == [own]:
        return own
    first = sample.header.strip()
    if not present:
        odd = sample.odd()
        if odd:
            raise DataError(
                f"{name}: each row has {odd!r} as often as the first, {first!r:.60}: if it parts the "
                f"columns, give it as --delimiter; if not, --delimiter {_option(own)}"
            )
        return own  # one column
    even = [mark for mark in present if sample.even(mark)]
    if "\t" in even:  # prose has no tabs
        return "\t"
    if len(even) == 1:
        return even[0]
    listed = " or ".join(_NAMES[mark] for mark in present)
    raise DataError(
        f"{name}: it is not certain that {listed} part the columns: the first row is {first!r:.60}"
        f"{', and not all rows have as many of them' if not even else ''}; say it, as in "
        f"--delimiter {_option(present[0])}"
        f"{', or read each line as a text with --input-format txt' if texts else ''}"
    )


def _option(mark: str) -> str:
    """Return a delimiter as it is typed."""
    return "tab" if mark == "\t" else f"'{mark}'"


def _first_record(lines: Sequence[str], *, quoted: bool) -> str:
    """Return the first lines that belong together: more than one where a line end stands in quotes."""
    record = ""
    for line in lines:
        if not record and not line.strip():
            continue
        record += line
        if not quoted or record.count('"') % 2 == 0:
            break
    return record


def read_records(
    lines: Iterator[str],
    delimiter: str,
    quoting: str,
    *,
    name: str,
    format: str,  # noqa: A002
    check: Callable[[str], str],
    quoted: bool,
    first_line: int = 1,
) -> Iterator[Record]:
    """Yield the records of a table.

    If a record is broken (a stray quote includes the lines after it), reading continues with the line
    after its first, so that one bad row costs one row.

    Args:
        lines: Its lines, with their ends.
        delimiter: What parts the columns.
        quoting: One of ``QUOTING``.
        name: The file in messages.
        format: Its format in messages.
        check: Says what is wrong with the characters of a record; "" if nothing.
        quoted: True if the file shows that cells stand in quotes.
        first_line: The number of the first of the lines.

    Raises:
        DataError: With ``quoting="auto"``, if a cell in quotes may have swallowed rows: which of them are
            good is not known then.
    """
    waiting: deque[str] = deque()
    taken: list[str] = []

    # Gives csv one line at a time: first those to read again, then new ones; notes what it gave.
    def feed() -> Iterator[str]:
        while True:
            line = waiting.popleft() if waiting else next(lines, None)
            if line is None:
                return
            taken.append(line)
            yield line

    def fresh() -> Iterator[list[str]]:
        return csv.reader(feed(), delimiter=delimiter, quoting=_MODES[quoting], strict=True)

    reader = fresh()
    line = first_line
    while True:
        taken.clear()
        cells: list[str] = []
        problem = ""
        try:
            cells = next_record(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = f"malformed {format.upper()} ({_reason(error)}){_advice(taken[0], quoting)}"
            # Only the record's first line is lost: the others are read again, by a fresh reader.
            waiting.extendleft(reversed(taken[1:]))
            del taken[1:]
            reader = fresh()
        if len(taken) > 1 and quoting == "auto" and _swallows(taken, cells, delimiter, quoted):
            last = line + len(taken) - 1
            raise DataError(
                f"{name}, line {line}: a quote that opens here closes only in line {last}, and "
                "what is between looks like rows: say whether cells stand in quotes (--quoting quotes) or "
                "quotes mean nothing (--quoting none)"
            )
        yield Record(line, cells, problem or check("".join(taken)), _advice(taken[0], quoting))
        # A cell in quotes may hold line ends: a record has as many lines as were taken.
        line += len(taken)


def _reason(error: csv.Error) -> str:
    """Return what csv says is wrong, without its words about Python's files."""
    if "new-line character" in str(error):
        return "a line end of another kind stands in it without quotes: save the file with one kind"
    return re.sub(r"'([\0-\x1f])'", lambda mark: "a tab" if mark[1] == "\t" else ascii(mark[1]), str(error))


def _advice(line: str, quoting: str) -> str:
    """Return what to do about a malformed record that has quotes; "" if it has none."""
    if quoting == "none" or '"' not in line:
        return ""
    return "; quotes in a cell in quotes are doubled, and where quotes mean nothing, give --quoting none"


def _swallows(lines: Sequence[str], cells: Sequence[str], delimiter: str, quoted: bool) -> bool:
    """Return True if a cell in quotes, over several lines, may hold rows that nobody meant to quote.

    That is so if the lines, read without quotes, look like rows: they have the cells of one. Commas and
    semicolons stand in prose, too, so there each line has to look like one in all that can be seen: numbers
    where the record has numbers, or else no space or line end behind a delimiter.
    """
    width = len(cells)
    if width == 1:  # each line looks like a row
        return not quoted
    rows = [line.rstrip("\r\n").split(delimiter) for line in lines]
    if delimiter not in ",;":
        return len(rows[0]) >= width and any(len(row) == width for row in rows[1:])
    wide = [at for at, cell in enumerate(cells) if "\n" in cell or "\r" in cell]
    if len(wide) != 1 or len(rows[0]) < width:
        return False
    # A record's first line always looks like a row if the cell is its last, its last line if it is its first.
    at = wide[0]
    telling = rows[1:] if at else rows[:-1]
    if any(len(row) != width for row in telling):
        return False
    beside = range(at) if at else range(1, width)
    numbers = [i for i in beside if _NUMBER.fullmatch(cells[i].strip())]
    alike = [all(_NUMBER.fullmatch(row[i].strip().strip('"')) for row in telling) for i in numbers]
    if at and numbers:
        return all(alike)
    prose = any(
        cell[:1] in (" ", "") for row in telling for cell in row[1:]
    )  # a comma, a space or a line end
    return any(alike) or (not prose and all(len(row) == width for row in rows))


def next_record(reader: Iterator[list[str]]) -> list[str]:
    """Return the next record, with cells up to ``LONGEST``; csv's own limit is the whole process's."""
    before = csv.field_size_limit(LONGEST)
    try:
        return next(reader)
    finally:
        csv.field_size_limit(before)


def keys_of(header: Sequence[str]) -> list[str]:
    """Return a name for each column that no other has: without spaces around it, numbered where it repeats.

    >>> keys_of(["id", " text", "note", "note", ""])
    ['id', 'text', 'note (1)', 'note (2)', '']
    """
    names = [name.strip() for name in header]
    keys: list[str] = []
    for at, name in enumerate(names):
        key = name
        if names.count(name) > 1:
            number = names[:at].count(name) + 1
            while (key := f"{name} ({number})") in names or key in keys:
                number += 1
        keys.append(key)
    return keys
