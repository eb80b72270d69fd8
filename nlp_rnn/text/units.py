r"""Where the units of a laid-out text end: its sentences, list items, rows, cells, headings, lines of a chat.

A unit ends where a sentence does (``sentences.py``), or where its layout says so: at the end of a line that
is an item, a row, a heading or somebody's turn, and at a tag such as ``</li>`` or ``<br>``. A line that is
merely full goes on in the next one. How far is looked ahead is bounded, so that a text that comes piece by
piece is cut as the whole one. Knows lines and marks; not what they say.
"""

from __future__ import annotations

import re

from nlp_rnn.text.letters import INVISIBLE
from nlp_rnn.text.sentences import LONGEST_SENTENCE, Stops, find_sentence_end

LINE = 400
"""Characters of a line that are looked at, before and after a place."""
_AHEAD = 60  # characters of the next line that tell whether this one ends
_FULL_LINE = 50  # a line that has so many characters may be full
_FEW = 6  # words of a line that stands alone; verse has more
_SAYING = 4  # words of a cell that says something by itself

# A full stop with what may stand behind it: quotes, marks, closing tags, footnotes, pictures.
_EMOJI = "\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_BEHIND = (
    rf"[\"'”’»)\]*_~`†‡¹²³\u2070-\u2079{_EMOJI}{INVISIBLE}]|</?[a-zA-Z]{{1,10}}>"
    r"|&(?:quot|apos|rdquo|rsquo|raquo|\#(?!160)\d{2,4});|\[\^?\w{1,3}\]"
)
_STOPS = Stops(
    pattern=re.compile(
        rf"[.!?…\uff0e]{{1,20}}(?:{_BEHIND}){{0,8}}(?=\s|&nbsp;|&\#160;)"
        r"|\n[^\S\n]{0,40}\n|[\u3002\uff01\uff1f]{1,20}"
    ),
    longest=140,
    closing="*_~`\u200b\u200c\u200d\u2060\ufeff\u00ad",
    opening=re.compile(rf"[*_~`{INVISIBLE}]{{0,8}}"),
)

# Where layout may end a unit: at the end of a line, between cells, at a tag that is no part of a sentence.
_BLOCKS = (
    "address|article|aside|blockquote|body|br|button|caption|center|dd|details|div|dl|dt|figcaption"
    "|figure"
    "|footer|form|h[1-6]|head|header|hr|html|legend|li|main|nav|ol|option|p|pre|section|summary|table"
    "|tbody|td"
    "|tfoot|th|thead|title|tr|ul"
)
_TAG = rf"</?(?:{_BLOCKS})(?:\s[^<>]{{0,300}})?\s?/?>"
_EDGE = re.compile(rf"\n|(?<=\S)\t+(?=\S)|(?<![|\\])\|(?!\|)|<(?=/?(?:{_BLOCKS})\b)", re.IGNORECASE)
_STOP_OR_EDGE = re.compile("[.!?…\uff0e\u3002\uff01\uff1f\n\t|<]")
_TAGS = re.compile(rf"(?:{_TAG}\s{{0,40}}){{1,20}}", re.IGNORECASE)
_OPEN_TAG = re.compile(r"<[^<>]{0,310}\Z")
_SPACE = re.compile(r"\s{0,200}")

# Beginnings of lines.
_QUOTES = re.compile(r"[ \t]{0,8}(?:>[ \t]{0,4}){0,9}[ \t]{0,8}")
STAMP = r"(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? ?)?\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp]\.?[Mm]\b\.?)?"
_ITEM = re.compile(
    r"[-*+\u2022\u00b7\u2023\u25aa\u25e6\u25cf\u2013\u2014\u2192\u25ba\u2713\u2714\u2717\u2610-\u2612]"
    r"[ \t]+\S"
    r"|\(?\d{1,3}[.)][ \t]+\S|\(?[a-zA-Z]\)[ \t]|\(?[ivx]{1,4}[.)][ \t]|\[[ xX]\][ \t]"
)
_ROW = re.compile(
    r"\||\+-|.{0,300}\S[ \t]\|[ \t]|[^\t\n]{0,300}\S\t+\S|[^,\s][^,]{0,40}(?:,[^,\s][^,]{0,40}){2}"
)
_HEADING = re.compile(r"#{1,6}[ \t]|[-=_*~`]{3,}")
_TURN = re.compile(
    rf"[\[(]?{STAMP}[\])]?|<[\w.@-]{{1,30}}>[ \t]|\*\*[^*\n]{{1,40}}\*\*:?[ \t]"
    r"|[@~]?[^\W\d_a-z][\w.'’-]{0,19}(?: [^\W\d_a-z][\w.'’-]{0,19}){0,2}(?: "
    r"?\([^()\n]{1,20}\))?[ \t]?:[ \t]"
)
_SMALL_TURN = re.compile(r"[a-z][\w.-]{0,19}:[ \t]")
_CODE_END = re.compile(r"(?:[{}\\]|[=()<>][^\n]{0,200};)[ \t]*\Z")
_GOES_ON = re.compile(
    r"(?:[,\u2013\u2014&+(\[/-]|\b(?:a|an|the|of|to|in|on|at|by|for|from|with|and|or|that|as|is|are"
    r"|was|were"
    r"|be|than|not|no|his|her|their|its|our|your|my|who|which|will|has|have))[\"'’”*_]{0,3}[ \t]*\Z",
    re.IGNORECASE,
)
# Most lines: full ones, and what follows them.
_FULL_PROSE = re.compile(rf"[^\W\d_](?:[^|\t{{}}\\;=<>,]|,(?!\S)){{{_FULL_LINE},}}\Z")
_PROSE = re.compile(r"[^\W\d_]{2,20}[ ,]+[^:\n]{2}[^:]*\Z|[aAI] [^:]*\Z")
_NUMBER_ALONE = re.compile(r"[\s>#*_~`(]{0,20}(?:\d{1,3}|[ivx]{1,4})[.)][*_~`]{0,3}\s*", re.IGNORECASE)
# The first word or figure of a unit, or the end of its line.
_WORD = re.compile(r"[^\W_]{2}|(?=[\u3040-\U0003ffff])[^\W_]|[^\w\s]{0,20}[^\S\n]{0,40}\n")
_WORDS = re.compile(r"[^\W\d_]+")
_SAYING_CELL = re.compile(rf"[^\W\d_]+(?:(?:[^\w|\t\n]|[\d_])+[^\W\d_]+){{{_SAYING - 1}}}")


def find_unit_end(text: str, start: int, resume: int, *, final: bool) -> tuple[int | None, int]:
    r"""Return the end of the unit that begins at ``start``, after its white space, as ``find_sentence_end``.

    Args:
        text: The text so far; of a text whose beginning is gone, with ``LINE`` characters before ``start``.
        start: Where the unit begins.
        resume: The place that the last call returned, or ``start``.
        final: True if this is all of the text.

    Returns:
        The end, or None where more text has to come; and from where to look again.

    >>> find_unit_end("- one thing\n- another thing", 0, 0, final=True)[0]
    12
    >>> find_unit_end("a line that\ngoes on", 0, 0, final=True)[0]
    19
    """
    if (broken := _early_end(text, start, resume, final)) is not None:
        return broken, broken
    end, stopped = _sentence_end(text, start, resume, final=final)
    # Only what stands before the sentence's end may end the unit earlier.
    until = len(text) if end is None else end - _spaces_before(text, start, end)
    broken, waiting = _layout_end(
        text, start, max(start, resume), min(until, start + LONGEST_SENTENCE), final
    )
    if broken is not None:
        return broken, broken
    if waiting is not None:
        return None, min(waiting, stopped) if end is None else waiting
    return end, stopped


def _early_end(text: str, start: int, resume: int, final: bool) -> int | None:
    """Return the end of a unit that ends at its first edge, before any stop: found without looking on."""
    found = _STOP_OR_EDGE.search(text, max(start, resume), start + LONGEST_SENTENCE // 2)
    if found is None or found[0] not in "\n\t|":
        return None
    edge = _EDGE.match(text, found.start())
    if edge is None or not text[edge.end() : edge.end() + 1].strip():
        return None
    return _layout_end(text, start, edge.start(), edge.end(), final)[0]


def _sentence_end(text: str, start: int, resume: int, *, final: bool) -> tuple[int | None, int]:
    """Return what ``find_sentence_end`` does; what has no word, as the number of an item, is no sentence."""
    number = _NUMBER_ALONE.match(text, start) if start == 0 or text[start - 1] in "\n>" else None
    word = _WORD.search(text, start if number is None else number.end(), start + LONGEST_SENTENCE)
    first = min(len(text), start + LONGEST_SENTENCE) if word is None else word.start()
    first = max(resume, first)
    end, stopped = find_sentence_end(text, start, first, final=final, stops=_STOPS)
    if end is None and stopped == first:  # what comes may make an edge of what stands before the word
        return None, max(resume, len(text) - _STOPS.longest)
    return end, stopped


def _spaces_before(text: str, start: int, end: int) -> int:
    return end - start - len(text[start:end].rstrip())


def _layout_end(text: str, start: int, at: int, until: int, final: bool) -> tuple[int | None, int | None]:
    """Return where layout ends the unit between ``at`` and ``until``; or else from where to wait for more."""
    saying = (-1, -1)  # place of the next cell that says something by itself, if it has been looked for
    while (edge := _EDGE.search(text, at, until)) is not None:
        place = edge.start()
        if edge[0] == "<":
            end, undecided = _after_tags(text, place, final)
        elif edge[0] == "\n":
            end, undecided = _after_line(text, place, final)
        else:
            if saying[0] < place - LINE:
                found = _SAYING_CELL.search(text, max(0, place - LINE), until + LINE)
                saying = (len(text), len(text)) if found is None else found.span()
            end, undecided = _after_cell(text, place, edge.end(), final, saying)
        if undecided:
            return None, place
        if end is not None and text[start:end].strip(" \t\r\n|"):
            return end, None
        at = edge.end()
    return None, None


def _after_tags(text: str, place: int, final: bool) -> tuple[int | None, bool]:
    """Return the end of the tags that begin at a place, if they do, and whether more text has to come."""
    found = _TAGS.match(text, place)
    reached = place if found is None else found.end()
    if not final and (reached == len(text) or _OPEN_TAG.match(text, reached)):
        return None, True
    return (None if found is None else reached), False


def _after_line(text: str, place: int, final: bool) -> tuple[int | None, bool]:
    """Return the beginning of the next line if the unit ends with this one, and whether more has to come."""
    following = text[place + 1 : place + 1 + _AHEAD]
    whole = final or len(following) == _AHEAD or "\n" in following
    if not whole:
        return None, True
    first = max(0, place - LINE)
    line = text[max(first, text.rfind("\n", first, place) + 1) : place]
    if _FULL_PROSE.match(line) and _PROSE.match(following):
        return None, False
    if not _ends_with_line(line, following.split("\n", 1)[0]):
        return None, False
    space = _SPACE.match(text, place)
    end = place + 1 if space is None else space.end()
    return (None, True) if end == len(text) and not final else (end, False)


def _after_cell(
    text: str, place: int, after: int, final: bool, saying: tuple[int, int]
) -> tuple[int | None, bool]:
    """Return the end of a cell if its row has one that says something by itself, and whether to wait."""
    newline = text.find("\n", place, place + LINE)
    if newline < 0 and len(text) < place + LINE and not final:
        return None, True
    first = max(0, place - LINE)
    begin = max(first, text.rfind("\n", first, place) + 1)
    row_end = newline if newline >= 0 else place + LINE
    if saying[0] >= row_end:
        return None, False
    if (saying[0] < begin or saying[1] > row_end) and not _SAYING_CELL.search(text, begin, row_end):
        return None, False
    while after < len(text) and text[after] in " \t|":
        after += 1
    return (None, True) if after == len(text) and not final else (after, False)


def _ends_with_line(line: str, following: str) -> bool:
    """Return True if a unit ends with its line, by how this and the next one look."""
    quotes, next_quotes = _QUOTES.match(line), _QUOTES.match(following)
    if quotes is None or next_quotes is None:  # never: they match anything
        return False
    if quotes[0].count(">") != next_quotes[0].count(">"):
        return True
    line, following = line[quotes.end() :].rstrip(), following[next_quotes.end() :]
    if not line or not following.strip():
        return ">" in quotes[0]  # elsewhere an empty line is a stop
    if any(mark.match(following) for mark in (_ITEM, _HEADING, _TURN)) or following.startswith(("|", "+-")):
        return True
    # A row, but not a name in front of a speech that goes on in an indented line.
    if (_ROW.match(line) and not ("\t" in line and next_quotes[0][:1] in "\t ")) or _HEADING.match(line):
        return True
    few = len(line) < _FULL_LINE and len(_WORDS.findall(line)) <= _FEW
    if (few and line.endswith(":")) or _CODE_END.search(line):
        return True
    if _SMALL_TURN.match(line) and _SMALL_TURN.match(following):
        return True
    if following[0].islower() or _GOES_ON.search(line):
        return False
    if _ITEM.match(line) or _TURN.match(line):
        return True
    word = following.split(maxsplit=1)[0]
    return few and len(line) + 1 + len(word) < _FULL_LINE
