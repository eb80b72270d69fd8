"""The parts of a mail: what its writer says, and what stands around it.

Quoted lines, the line that introduces them, the sign-off with a name, the signature, the line of the phone it
was sent from, and the notice that it is confidential. Knows lines; no tokens and no models.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

KINDS = ("own", "quote", "introduction", "signature", "device", "notice")
_LAST_LINES = 14  # a signature has fewer
_LONG_LINE = 300

_QUOTED = re.compile(r"[ \t]{0,3}>(?!>?[:;=.'_<][-'o]?[()\[\]<DPp_/\\|3@])")
_INTRODUCTION = re.compile(
    r"[ \t>]*(?:On\b.{3,200}\bwrote ?:|Am\b.{3,200}\bschrieb\b.{0,100}:"
    r"|Le\b.{3,200}\ba écrit ?:|El\b.{3,200}\bescribió ?:"
    r"|[-_=]{2,}[ \t]*(?:original|forwarded) message[ \t]*[-_=]{0,40}|begin forwarded message:?)[ \t]*",
    re.IGNORECASE,
)
_WROTE = re.compile(r"[ \t>]*\S.{0,100}\b(?:wrote|writes|said|schrieb)[ \t]*:[ \t]*", re.IGNORECASE)
_BEGINS = re.compile(r"[ \t>]*On\b.{3,150}", re.IGNORECASE)
_ENDS = re.compile(r".{0,100}\bwrote ?:[ \t]*", re.IGNORECASE)
_HEADER = re.compile(
    r"[ \t]*\*{0,2}(?:from|sent|date|to|cc|subject|von|gesendet|an|betreff)\*{0,2}:\*{0,2}[ \t]+\S.*",
    re.IGNORECASE,
)
_DASHES = re.compile(r"(?:--|__|—)[ \t]*")
_APPLIANCES = (
    r"i-?phone|i-?pad|i-?pod|phone|mobile|android|device|tablet|black-?berry|galaxy|samsung|huawei|nokia|pixel"
    r"|xiaomi|outlook|yahoo|gmail|proton|windows|mail\b|laptop|handy|smartphone|watch|cell"
)
_DEVICE = re.compile(
    r"[ \t]*(?:(?:sent|written|typed|posted) (?:from|via|by|on|with|using) (?:\S+ ){0,4}?\S{0,20}"
    rf"(?:{_APPLIANCES}).{{0,80}}|get outlook for .{{2,30}}|(?:von|gesendet von) meine[mr] .{{2,40}}"
    r"|envoyé de(?:puis)? mon .{2,40}|enviado desde mi .{2,40})",
    re.IGNORECASE,
)
_DEVICE_AT_END = re.compile(
    rf"(?<=[.!?…)])[ \t]+Sent from my (?:\S+ ){{0,2}}?(?:{_APPLIANCES})[^.!?\n]{{0,30}}[.]?[ \t]*\Z",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"[ \t*]*(?:(?:this|the information in this) (?:e-?mail|message|communication|transmission)"
    r"(?: and any| is intended| is confidential| may contain| contains|,? including)"
    r"|confidentiality (?:notice|note)|disclaimer:|please consider the environment).*",
    re.IGNORECASE,
)
_SIGN_OFF = re.compile(
    r"[ \t]*(?:(?:with |my |our )?"
    r"(?:(?:very |many |kind|kindest|best|warm|warmest|all the|all my|lots of) ?){0,3}"
    r"(?:regards|wishes|best|thanks|thank you|cheers|sincerely|rgds|thx|love|hugs|greetings|ta)"
    r"|yours(?: (?:sincerely|faithfully|truly|ever))?|sincerely yours|take care|respectfully|cordially"
    r"|speak soon|talk soon|kr|br|xx+|(?:many )?thanks (?:and|&) .{3,40}"
    r"|thanks (?:in advance|again|so much|a lot|a million))[ \t]*[,!.–-]?[ \t]*",
    re.IGNORECASE,
)
_REGARDS = re.compile(r"regards|wishes|sincerely|faithfully|yours|rgds|respectfully|cordially", re.IGNORECASE)
_SMALL = frozenset("of for and the de la von van der den da di to at in & - | x".split())


@dataclass(frozen=True)
class Part:
    """A stretch of whole lines of a text.

    Attributes:
        kind: ``own`` (what the writer says), ``quote``, ``introduction`` (of a quote), ``signature`` (with
            the words of parting before it), ``device`` (*Sent from my phone*) or ``notice`` (*This e-mail is
            confidential*).
        start, end: Its place in the text.
    """

    kind: str
    start: int
    end: int


def mail_parts(text: str) -> list[Part]:
    r"""Return the parts of a text in order: joined, they are the text.

    >>> mail = "Fixed!\n\nKind regards,\nAda\n\nOn Monday Bob wrote:\n> It is broken"
    >>> [part.kind for part in mail_parts(mail)]
    ['own', 'signature', 'introduction', 'quote']

    Args:
        text: A text with its lines; markup such as ``<br>`` is no end of a line here.
    """
    lines = [found.span() for found in re.finditer(r"[^\n]*\n|[^\n]+", text)]
    kinds = ["own"] * len(lines)
    _mark_quotes(text, lines, kinds)
    _mark_end(text, lines, kinds)
    parts: list[Part] = []
    for (start, end), kind in zip(lines, kinds, strict=True):
        if parts and (parts[-1].kind == kind or not text[start:end].strip()):
            parts[-1] = Part(parts[-1].kind, parts[-1].start, end)
        else:
            parts.append(Part(kind, start, end))
    # A line of its own is not needed for the best known of all signatures.
    tail = _DEVICE_AT_END.search(text, max(0, len(text) - _LONG_LINE))
    if tail is not None and parts and parts[-1].kind == "own":
        parts[-1:] = [Part("own", parts[-1].start, tail.start()), Part("device", tail.start(), len(text))]
    return parts


def furniture(text: str) -> list[Part]:
    r"""Return the parts that are not the writer's own words, if there are any such words beside them.

    >>> furniture("> It is broken")
    []
    """
    if "\n" not in text and "ent from my" not in text:
        return []
    parts = mail_parts(text)
    own = any(part.kind == "own" and _has_words(text[part.start : part.end]) for part in parts)
    return [part for part in parts if part.kind != "own"] if own else []


def _has_words(text: str) -> bool:
    """Return True if there is anything to read."""
    return any(letter.isalnum() or letter > "\u2000" for letter in text)


def _mark_quotes(text: str, lines: list[tuple[int, int]], kinds: list[str]) -> None:
    """Mark quoted lines, and the lines that introduce them."""
    rest = False  # an introduction without marks behind it: all that follows is quoted
    for number, (start, end) in enumerate(lines):
        line = text[start : min(end, start + _LONG_LINE)].rstrip()
        following = _next_line(text, lines, number)
        if rest:
            kinds[number] = "quote"
        elif _INTRODUCTION.fullmatch(line) or (_WROTE.fullmatch(line) and _QUOTED.match(following)):
            kinds[number] = "introduction"
            rest = not _QUOTED.match(following)
        elif _BEGINS.fullmatch(line) and _ENDS.fullmatch(following) and "wrote" not in line:
            kinds[number] = "introduction"  # it goes on in the next line
        elif number and kinds[number - 1] == "introduction" and _ENDS.fullmatch(line):
            kinds[number] = "introduction"
            rest = not _QUOTED.match(following)
        elif _QUOTED.match(line):
            kinds[number] = "quote"
        elif _HEADER.fullmatch(line) and _HEADER.fullmatch(following) and number:
            kinds[number] = "introduction"
            rest = True


def _next_line(text: str, lines: list[tuple[int, int]], number: int) -> str:
    """Return the next line that is not empty, of the two that follow."""
    for start, end in lines[number + 1 : number + 3]:
        line = text[start : min(end, start + _LONG_LINE)].rstrip()
        if line:
            return line
    return ""


def _mark_end(text: str, lines: list[tuple[int, int]], kinds: list[str]) -> None:
    """Mark the signature and what else stands at the end of the writer's own lines."""
    own = [number for number, kind in enumerate(kinds) if kind == "own"]
    # Its lines are the last ones before a quote at the end, from the first that begins a signature.
    last = own[-_LAST_LINES:]
    for place, number in enumerate(last):
        line = text[slice(*lines[number])].rstrip()
        if _NOTICE.fullmatch(line):
            kinds[number] = "notice"
        elif len(line) > _LONG_LINE:
            continue
        elif line and _DEVICE.fullmatch(line):
            kinds[number] = "device"
        elif _begins_signature(
            line, [text[slice(*lines[later])].strip() for later in last[place + 1 :]], number
        ):
            for later in last[place:]:
                kinds[later] = "signature"
            return


def _begins_signature(line: str, later: list[str], number: int) -> bool:
    """Return True if this line, with those after it, is a signature."""
    after = [other for other in later if other]
    if _DASHES.fullmatch(line):
        return number > 0 and 0 < len(after) <= 10 and all(len(other) <= 120 for other in after)
    found = _SIGN_OFF.fullmatch(line) if line else None
    if found is None:
        return False
    named = list(_names(after))
    if not after:
        return _REGARDS.search(line) is not None
    return len(after) <= 8 and named[0] and (all(named) or sum(named) >= 2)


def _names(lines: list[str]) -> Iterator[bool]:
    """Yield True for each line that may be a name, a title, a firm, a number or an address."""
    for line in lines:
        words = line.split()
        capital = all(word[0].isupper() or not word[0].isalpha() or word.lower() in _SMALL for word in words)
        sentence = line.endswith((".", "!", "?")) and len(words) > 3
        plain = len(words) == 1 and words[0].isalpha() and len(words[0]) <= 12  # a name typed in haste
        contact = "@" in line or "www." in line or "http" in line or sum(map(str.isdigit, line)) >= 5
        device = _DEVICE.fullmatch(line) or _NOTICE.fullmatch(line)
        yield bool(len(words) <= 8 and ((capital and not sentence) or plain)) or contact or bool(device)
