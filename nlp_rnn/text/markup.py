"""Plain text from HTML and light Markdown, each character with its place in the original.

Every tag, comment and entity of HTML is taken off, and of Markdown what people write in mails and tickets:
headings, list marks, quotes, tables' bars, rules, fences, emphasis, code marks, links. ``<3`` and ``a <
b`` are no tags, ``2 * 3 * 4`` and ``f**k`` no emphasis, and a URL is left as it is. Costs time in
proportion to the text. Knows marks; no words, no tokens, no sentences.
"""

from __future__ import annotations

import html
import html.entities
import re
from collections.abc import Iterator

from nlp_rnn.text.alignment import Places
from nlp_rnn.text.rewriting import Edit, Rewriting, own_places

_ROUNDS = 8  # what is taken off may leave another mark behind (``&amp;lt;``), but hardly so often
_SIGNS = "*_`[#~|"
_LINE_SIGNS = re.compile(r"(?:\A|\n)[ \t]*(?:[>\-+=\u2022\u00b7\u2023\u25aa\u25e6\u25cf]|\d+[.)][ \t])")

# HTML. Attributes have values, or are among HTML's few that have none: ``x <y and z> w`` is no tag.
_BARE = """allowfullscreen async autofocus autoplay checked compact controls default defer disabled download
hidden inert ismap itemscope loop multiple muted nomodule noshade novalidate nowrap open playsinline readonly
required reversed selected""".split()
_VALUE = r"\"[^\"]*\"|'[^']*'|[^\s\"'<>`]+"
_ATTRIBUTE = rf"[^\s\"'<>/=]+\s{{0,9}}=\s{{0,9}}(?:{_VALUE})|(?:{'|'.join(_BARE)})(?=[\s/>])"
_TAG = rf"<(?P<close>/?)(?P<name>[a-z][a-z0-9:-]{{0,40}})(?:\s+(?:{_ATTRIBUTE}))*\s*/?>"
URL_PATTERN = r"(?<![^\W\d_])(?:https?://|www\.)(?:(?!\]\()[^\s<>\"“”|\\^`{}])*"
_ENTITY = r"&(?:(?:amp|\#0{0,4}38|\#x0{0,4}26);)*(?:\#[0-9]{1,8};?|\#x[0-9a-f]{1,7};?|[a-z][a-z0-9]{1,31};?)"
_MARK = re.compile("[<&]")
_HTML = re.compile(
    rf"(?P<tag>{_TAG})|(?P<entity>{_ENTITY})|(?P<comment><!--)|(?P<cdata><!\[CDATA\[)|(?P<declaration><(?:!doctype|\?xml)\b)",
    re.IGNORECASE,
)
_URL = re.compile(URL_PATTERN, re.IGNORECASE)
_CUT_OFF = re.compile(r"<[a-z][a-z0-9:-]{0,40}\s[^=]*=", re.IGNORECASE)  # the end of a text within a tag
_AMPS = re.compile(r"&(?:(?:amp|#0{0,4}38|#x0{0,4}26);)+", re.IGNORECASE)
_KEPT = ("url", "user")  # what tokenizers and corpora write for an address or a name
_INLINE = frozenset(
    """a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark q s samp small span
    strike strong sub sup time tt u var wbr""".split()
)
_CELLS = frozenset(("td", "th", "input", "button", "img", "label", "option"))
_LINES = frozenset(("br", "li", "tr", "dt", "dd"))
_WITHOUT_CONTENT = ("script", "style")
_OPEN_NAMES = ("nbsp", "amp", "lt", "gt", "quot")  # read as such without a semicolon, whatever follows
_JOINS = frozenset("<&*_`[]!~#>|=-+.)0123456789/:;\n")  # after these a mark could arise: a space is written

# Markdown, by lines.
_FENCE = re.compile(r"[ \t]*(?:```+|~~~+)[ \t]*[\w+#.-]{0,30}[ \t]*")
_RULE = re.compile(r"[ \t]*(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|={3,}[ \t]*)")
_SEPARATOR = re.compile(
    r"[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)+\|?[ \t]*"
    r"|[ \t]*\|[ \t]*:?-{2,}:?[ \t]*\|?[ \t]*"
)
_NUMBER = r"\d{1,3}[.)](?=[ \t]+\S)"
_BULLET = "[-*+\u2022\u00b7\u2023\u25aa\u25e6\u25cf](?=[ \t])"
_SMILE = r"(?!>?[:;=.\'_<][-'o]?[()\[\]<DPp_/\\|3@])"
_MARKS = re.compile(
    rf"[ \t]*(?:(?:>{_SMILE}|#{{1,6}}(?=[ \t]|$)|{_BULLET}(?:[ \t]+\[[ xX]\](?=[ \t]))?|{_NUMBER})[ \t]*)+"
)
_NUMBERED = re.compile(rf"^[ \t>]*{_NUMBER}", re.MULTILINE)
_PROS, _CONS = (re.compile(rf"^[ \t>]*{sign}[ \t]", re.MULTILINE) for sign in ("[+]", "-"))
_CLOSING_HASHES = re.compile(r"(?<=[ \t])#+[ \t]*$")
_DEFINITION = re.compile(r"[ \t]{0,3}\[([^\]\n]{1,100})\]:[ \t]+\S+[^\n]*")

# Markdown, inside a line.
_RUN = re.compile(rf"\*+|_+|~~+|`+|!?\[|\]|\n[ \t]*\n|(?P<url>{URL_PATTERN})", re.IGNORECASE)
_TARGET = re.compile(
    r"\]\([ \t]*<?[^\s()<>]{0,2000}(?:\([^\s()<>]{0,200}\)[^\s()<>]{0,2000})?>?"
    r"(?:[ \t]+(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'))?[ \t]*\)"
)
_REFERENCE = re.compile(r"\]\[([^\[\]\n]{0,100})\]")
_CONTENT = re.compile(r"[^\W_]|[^\x00-\x7f]")
_LONG_WORD = 60
_BEFORE_TEXT = re.compile(r"[^\W_]|[\"'“‘«(\[<#@$€£&*_~`.¿¡!]|[^\x00-\x7f]")


def plain_text(text: str) -> tuple[str, Places]:
    """Return a text without its markup, and the place of each of its characters in the original.

    >>> plain_text("<p>It&rsquo;s **really** <a href='http://x.com'>good</a></p>")[0].strip()
    'It’s really good'

    Args:
        text: Any text.

    Returns:
        The plain text, and start and end in ``text`` of each of its characters, *shape (2, N)*. A
        character that was written for an entity has the place of the entity. A text without markup comes
        back as it is.
    """
    rewriting = Rewriting(text)
    take_off_html(rewriting)
    take_off_markdown(rewriting)
    places_2N = rewriting.places_2N
    return rewriting.text, own_places(len(text)) if places_2N is None else places_2N


def has_marks(text: str) -> bool:
    """Return True if there may be markup in a text: most texts have no character of it."""
    return any(sign in text for sign in _SIGNS) or _LINE_SIGNS.search(text) is not None


def take_off_html(rewriting: Rewriting) -> None:
    """Take tags, comments and entities off a text, also those that appear where others were taken off."""
    for _ in range(_ROUNDS):
        if "<" not in rewriting.text and "&" not in rewriting.text:
            return
        edits = list(_html_edits(rewriting.text))
        if not edits:
            return
        rewriting.replace(edits)


def take_off_markdown(rewriting: Rewriting) -> None:
    """Take marks of Markdown off a text, also those that appear where others were taken off."""
    for _ in range(_ROUNDS):
        if not has_marks(rewriting.text):
            return
        before = rewriting.text
        defined = {name.lower() for name in _DEFINITION.findall(before)} if "]:" in before else set()
        rewriting.replace(list(_line_edits(before, bool(defined))))
        rewriting.replace(_inline_edits(rewriting.text, defined))
        if rewriting.text == before:
            return
        take_off_html(rewriting)


def url_end(text: str, start: int, end: int) -> int:
    """Return where a URL ends that was found up to ``end``: no full stop, no bracket opened before it.

    >>> text = "(see http://x.com/a_(b)), please"
    >>> text[5 : url_end(text, 5, 25)]
    'http://x.com/a_(b)'
    """
    opened, closed = text.count("(", start, end), text.count(")", start, end)
    while end > start:
        last = text[end - 1]
        if last == ")" and closed > opened:
            closed -= 1
        elif last not in ".,;:!?'’*_~]…":
            break
        end -= 1
    return end


def urls(text: str) -> Iterator[tuple[int, int]]:
    """Yield the place of each URL."""
    if "://" not in text and "www." not in text and "WWW." not in text:
        return
    at = 0
    while (found := _URL.search(text, at)) is not None:
        start = found.start()
        at = max(start + 4, url_end(text, start, found.end()))
        yield start, at


def _html_edits(text: str) -> Iterator[Edit]:
    """Yield what to write for each tag, comment and entity."""
    missing: set[str] = set()  # ends that do not come any more: each is looked for once
    addresses = urls(text)
    address = next(addresses, None)
    cut_off = _CUT_OFF.match(text, text.rfind("<")) if text.rfind("<") > text.rfind(">") else None
    until = len(text) if cut_off is None else cut_off.start()
    at, tag_end = 0, -1  # where to go on; the end of the tag before
    while (mark := _MARK.search(text, at, until)) is not None:
        start = mark.start()
        while address is not None and address[1] <= start:
            address = next(addresses, None)
        found = _HTML.match(text, start, until)
        if found is None or (mark[0] == "&" and address is not None and address[0] <= start):
            at = start + 1
            continue
        at = found.end()
        if found["entity"] is not None:
            at, written = _decoded(text, start, at)
            if written is not None:
                yield start, at, written
        elif found["tag"] is not None:
            name = found["name"].lower()
            if name in _KEPT and found[0] == f"<{name}>":
                continue
            if name in _WITHOUT_CONTENT and not found["close"]:
                at = _after(text, f"</{name}", at, missing, also=">")
            yield start, at, _instead_of_tag(text, start, at, tag_end, found)
            tag_end = at
        else:
            edits = list(_marked_section(text, found, missing))
            yield from edits
            at = edits[-1][1] if edits else at
    if cut_off is not None and at <= until:
        yield until, len(text), " "


def _instead_of_tag(text: str, start: int, end: int, before: int, found: re.Match[str]) -> str:
    """Return what a tag leaves; ``before`` is the end of the tag before it."""
    name = found["name"].lower()
    written = " " if found["close"] and name in _LINES else _instead_of(name)
    # A tag beside another, or where a mark could arise, leaves a space, so that nothing grows together.
    last, after = text[start - 1 : start], text[end : end + 1]
    joined = last in _JOINS and (after.isalnum() or after in _JOINS)
    if not written and (before == start or after == "<" or (joined and last and after)):
        return " "
    return written


def _marked_section(text: str, found: re.Match[str], missing: set[str]) -> Iterator[Edit]:
    """Yield what to write for a comment, a declaration or the marks of CDATA; nothing if it does not end."""
    start, at = found.span()
    end = _after(
        text, {"comment": "-->", "cdata": "]]>", "declaration": ">"}[str(found.lastgroup)], at, missing
    )
    if end == at:
        return
    if found["cdata"] is not None:
        yield start, at, " "
        yield end - 3, end, " "
    else:
        yield start, end, " "


def _after(text: str, end: str, at: int, missing: set[str], also: str = "") -> int:
    """Return the place after the next ``end`` (and after ``also`` behind it); ``at`` if it does not come."""
    if end in missing:
        return at
    found = text.find(end, at)
    if found < 0 and end.startswith("</"):
        found = text.find(end.upper(), at)
    if found < 0:
        missing.add(end)
        return at
    if also:
        found = text.find(also, found)
        return at if found < 0 else found + len(also)
    return found + len(end)


def _instead_of(name: str) -> str:
    """Return what a tag leaves: nothing, a space, the end of a line, or of a paragraph."""
    if name in _INLINE:
        return ""
    if name in _CELLS:
        return " "
    return "\n" if name in _LINES else "\n\n"


def _decoded(text: str, start: int, end: int) -> tuple[int, str | None]:
    """Return the end of an entity and its character; None if it is none."""
    entity = _AMPS.sub("&", text[start:end])
    if entity == "&":
        return end, "&"
    if not entity.endswith(";") and entity[1] != "#":
        # Without a semicolon: a name that HTML knows so, followed by no letter; or one of very few.
        name = entity[1:]
        short = next((known for known in _OPEN_NAMES if name.startswith(known)), None)
        if name not in html.entities.html5 or text[end : end + 1] == "=":
            if short is None or text[end : end + 1] == "=":
                return end, "&" + name if len(entity) < end - start else None
            return end - len(name) + len(short), html.entities.html5[short].replace("\xa0", " ")
    written = html.unescape(entity)
    if written == entity:
        return end, entity if len(entity) < end - start else None
    return end, written.replace("\xa0", " ")


def _line_edits(text: str, defined: bool) -> Iterator[Edit]:
    """Yield what to write for the marks at the beginnings of lines, and for lines of marks alone."""
    lines = text.split("\n")
    table = any("|" in line and _SEPARATOR.fullmatch(line) for line in lines)
    numbered = len(_NUMBERED.findall(text)) > 1
    signed = bool(_PROS.search(text) and _CONS.search(text))  # pros and cons: there the marks say something
    start = 0
    for line in lines:
        end = start + len(line)
        if line:
            yield from _edits_of_line(
                line, start, table=table, numbered=numbered, signed=signed, defined=defined
            )
        start = end + 1


def _edits_of_line(
    line: str, start: int, *, table: bool, numbered: bool, signed: bool, defined: bool
) -> Iterator[Edit]:
    """Yield what to write for the marks of one line that begins at ``start``."""
    whole = _FENCE.fullmatch(line) or _RULE.fullmatch(line) or ("|" in line and _SEPARATOR.fullmatch(line))
    if (whole and line.strip()) or (defined and _DEFINITION.fullmatch(line)):
        yield start, start + len(line), ""
        return
    reached = 0
    marks = _MARKS.match(line)
    if marks and marks.end() and marks[0].strip():
        sign = marks[0].strip()
        only_number = sign[:-1].isdigit()
        if not (only_number and not numbered) and not (signed and sign in ("+", "-")):
            reached = marks.end()
            yield start, start + reached, ""
    if "#" in line[:reached]:
        closing = _CLOSING_HASHES.search(line, reached)
        if closing:
            yield start + closing.start(), start + closing.end(), ""
            line = line[: closing.start()]
    if "|" in line and (table or line.lstrip().startswith("|")):
        yield from ((start + at, start + at + 1, " ") for at in range(reached, len(line)) if line[at] == "|")


def _inline_edits(text: str, defined: set[str]) -> list[Edit]:
    """Return what to write for emphasis, code marks and links: nothing."""
    gone: list[tuple[int, int]] = []
    open_runs: dict[str, int] = {}  # the last opening mark of each kind and length
    brackets: list[tuple[int, int]] = []
    at = 0
    while (found := _RUN.search(text, at)) is not None:
        start, at = found.span()
        mark = found[0]
        if found["url"] is not None:
            at = max(start + 1, url_end(text, start, at))
        elif mark[0] == "\n":
            open_runs.clear()
            brackets.clear()
        elif mark[-1] == "[":
            brackets.append((start, at))
        elif mark == "]":
            target = _link_end(text, start, defined)
            if brackets and target:
                gone += [brackets.pop(), (start, target)]
                at = target
            elif brackets:
                brackets.pop()
        else:
            _pair(text, mark, start, open_runs, gone)
    return [(start, end, "") for start, end in sorted(gone)]


def _link_end(text: str, at: int, defined: set[str]) -> int:
    """Return the end of a link's target behind ``]``; 0 if there is none."""
    found = _TARGET.match(text, at)
    if found is not None:
        return found.end()
    reference = _REFERENCE.match(text, at) if defined else None
    return (
        reference.end()
        if reference is not None and (reference[1].lower() in defined or not reference[1])
        else 0
    )


def _pair(text: str, mark: str, at: int, open_runs: dict[str, int], gone: list[tuple[int, int]]) -> None:
    """Close the emphasis that a run of marks ends, or remember that it may begin one."""
    end = at + len(mark)
    before, after = text[at - 1 : at], text[end : end + 1]
    if before == "\\":
        return
    start = open_runs.get(mark)
    if start is not None and before and not before.isspace() and _is_marked(text, start, at, mark):
        gone += [(start, start + len(mark)), (at, end)]
        # What was opened inside and not closed is no emphasis.
        for kind in [kind for kind, place in open_runs.items() if place >= start]:
            del open_runs[kind]
        return
    if after and not after.isspace() and _BEFORE_TEXT.match(after) and len(mark) <= 3:
        if mark[0] in "*~" or not before.isalnum():
            open_runs[mark] = at


def _is_marked(text: str, start: int, at: int, mark: str) -> bool:
    """Return True if what stands between two equal runs of marks is marked by them."""
    first = start + len(mark)
    begins, ends = (
        not text[start - 1 : start].isalnum(),
        not text[at + len(mark) : at + len(mark) + 1].isalnum(),
    )
    if begins and ends:
        return _CONTENT.search(text, first, min(at, first + _LONG_WORD)) is not None
    # Inside a word only one word of letters: f**k you, s**t marks nothing, un**believ**able does.
    inside = text[first:at] if at - first <= _LONG_WORD else " "
    return mark[0] in "*~" and (inside.isalpha() or (begins and not set(inside) & set(" \t\n")))
