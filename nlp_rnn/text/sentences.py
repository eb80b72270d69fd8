"""Treebank spacing and sentences: text as people type it, text as models read it.

Only strings in; strings and places out. The rules by which a tokenizer changes a user's text live in
``tokenizer.py`` (inside ``tokenizer.json``, so that offsets into the original survive); here are the
rules that change a *corpus* before anything else reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_SENTENCE = 1000
"""Characters after which a sentence is cut at a space, so that a stream does not wait endlessly."""

# What may end a sentence, and what stands before a full stop that ends none. Every repetition is bounded,
# so that a stream knows how far it has to look ahead.
_STOP = re.compile(r"[.!?…]{1,20}[\"'”’»)\]]{0,4}(?=\s)|\n[^\S\n]{0,40}\n|[\u3002\uff01\uff1f]{1,20}")
_GAP = re.compile(r"\s{0,200}")
_LOOK_AHEAD = 300
_LOOK_BACK = 40
_AROUND = " \t\r\n\u00a0\u200b\ufeff\"'“”‘’«»()[]"
_EMPTY_LINE = re.compile(r"\n[^\S\n]*\n")
_CLOSED = re.compile(r"[.!?…>]$")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“‘])(?:[^\W\d_]|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|e\.g|i\.e|approx|Gen|Sen|Rep|Gov|Capt|Col|Lt|Sgt|Rev|[Vv]ol|pp|Nos?|Fig"
    r"|(?:[^\W\d_]\.)+[^\W\d_])$"
)


@dataclass(frozen=True, kw_only=True)
class Stops:
    """What may end a sentence.

    Attributes:
        pattern: One stop; what begins with a line break ends a sentence whatever follows.
        longest: No stop has more characters, the one after it included.
        closing: Characters behind a full stop that are no part of it, so that an abbreviation is seen.
        opening: What may stand before the first letter of the next sentence; None: nothing.
    """

    pattern: re.Pattern[str] = _STOP
    longest: int = 50
    closing: str = ""
    opening: re.Pattern[str] | None = None


PLAIN_STOPS = Stops()

_TREEBANK = [
    (re.compile(pattern), replacement)
    for pattern, replacement in [
        (r"-LRB-|-lrb-", "("),
        (r"-RRB-|-rrb-", ")"),
        (r"-LSB-|-lsb-", "["),
        (r"-RSB-|-rsb-", "]"),
        (r"``\s*|\s*''", '"'),
        (r"\b([Cc])an not\b", r"\1annot"),
        (r"\b([Gg]on|[Ww]an) na\b", r"\1na"),
        (r"\b([Gg]ot) ta\b", r"\1ta"),
        (r"\b([Gg]im|[Ll]em) me\b", r"\1me"),
        (r"\s+(n't|N'T|'(?:s|S|m|M|d|D|ll|LL|re|RE|ve|VE))\b", r"\1"),
        (r"\s+('em|'til)\b", r" \1"),
        (r"(?<!\S)`\s+", "'"),
        (r"\s+([.,;:!?%)\]])", r"\1"),
        (r"\s+'(?=[\s.,;:!?)\]]|$)", "'"),
        (r"([(\[$#])\s+", r"\1"),
        (r"\s*\\/\s*", "/"),
        (r"\\\*", "*"),
        (r"\s+", " "),
    ]
]


def detokenize_treebank(text: str) -> str:
    r"""Undo Penn Treebank tokenization, as found in the Stanford Sentiment Treebank.

    Args:
        text: Space-separated Treebank tokens.

    Returns:
        The sentence as a person would type it.

    >>> detokenize_treebank("It did n't work , but it 's `` fun '' -LRB- a bit -RRB- .")
    'It didn\'t work, but it\'s "fun" (a bit).'
    """
    for pattern, replacement in _TREEBANK:
        text = pattern.sub(replacement, text)
    # A lone opening quote became `"word`, a closing one `word"`; only spacing is left to correct.
    return re.sub(r'"\s+([.,;:!?])', r'"\1', text).strip()


def sentence_end(text: str, start: int = 0, *, final: bool = True) -> int | None:
    """Return the end of the sentence that begins at ``start``, after the white space that follows it.

    A stop ends a sentence if white space and no small letter follow, and no abbreviation or initial stands
    before it; an empty line always does. A sentence of more than ``LONGEST_SENTENCE`` characters is cut.

    Args:
        text: The text, or as much of it as has come so far.
        start: Where the sentence begins.
        final: True if this is all of the text. If not, the answer is the one the whole text would give.

    Returns:
        The end; None at the end of the text, or where more of it has to come first.

    >>> sentence_end("Dr. No is in. Who knows?")
    14
    >>> sentence_end("Dr. No is in. ", final=False) is None
    True
    """
    return find_sentence_end(text, start, start, final=final)[0]


def find_sentence_end(
    text: str, start: int, resume: int, *, final: bool, stops: Stops = PLAIN_STOPS
) -> tuple[int | None, int]:
    """Return what ``sentence_end`` does, and the place from which to look again when more text has come.

    So a text that comes letter by letter is not read again from the sentence's beginning at each of them.

    Args:
        text: The text so far.
        start: Where the sentence begins.
        resume: The place that the last call returned, or ``start``.
        final: True if this is all of the text.
        stops: What may end a sentence.
    """
    limit = start + LONGEST_SENTENCE
    for stop in stops.pattern.finditer(text, resume, limit + _LOOK_AHEAD):
        if stop.start() >= limit:
            break
        # The white space belongs to the sentence; at the text's end more of it may still come.
        space = _GAP.match(text, stop.end())
        end = stop.end() if space is None else space.end()
        opening = stops.opening.match(text, end) if stops.opening is not None else None
        letter = end if opening is None else opening.end()
        if letter == len(text) and not final:
            return None, max(resume, stop.start())
        # An empty line always ends a sentence; a stop not before a small letter or after an abbreviation.
        if stop[0].startswith("\n") or not (
            text[letter : letter + 1].islower() or _abbreviates(text, start, stop, stops.closing)
        ):
            return end, end
        resume = stop.end()
    # No stop: cut a long sentence after the last space of its second half, or at the limit.
    if len(text) - start > (LONGEST_SENTENCE if final else LONGEST_SENTENCE + _LOOK_AHEAD):
        half = start + LONGEST_SENTENCE // 2
        end = max((text.rfind(mark, half, limit) for mark in " \n\t"), default=-1) + 1 or limit
        return end, end
    if final and start < len(text):
        return len(text), len(text)
    # What comes may make a stop of the last characters, but of none before these.
    return None, max(resume, len(text) - stops.longest)


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text, the white space after each included: joined, they are the text.

    >>> split_sentences("It rains. Does it?")
    ['It rains. ', 'Does it?']
    """
    found: list[str] = []
    start = 0
    while (end := sentence_end(text, start)) is not None:
        found.append(text[start:end])
        start = end
    return found


def begins_sentence(text: str, at: int) -> bool:
    """Return True if a sentence begins at a place: at the text's start, after a stop, a tag or an empty line.

    Quotes and brackets may stand between.

    >>> [begins_sentence('Dr. No is in. "Who knows?"', at) for at in (0, 4, 15, 19)]
    [True, False, True, False]
    """
    start = max(0, at - _LOOK_BACK)
    before = text[start:at].rstrip(_AROUND)
    stop = _CLOSED.search(before)
    if stop is None:
        return start + len(before) == 0 or _EMPTY_LINE.search(text, start + len(before), at) is not None
    return not _abbreviates(before, 0, stop)


def _abbreviates(text: str, start: int, stop: re.Match[str], closing: str = "") -> bool:
    """Return True if a full stop belongs to the word before it."""
    return (
        stop[0].rstrip(closing) == "."
        and _ABBREVIATION.search(text[max(start, stop.start() - 12) : stop.start()]) is not None
    )
