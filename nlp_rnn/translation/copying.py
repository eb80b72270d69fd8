"""Copying: where a translator writes an unknown word, a whole word of its source stands (Jean et al. 2015).

A word that no piece can spell is read as several pieces, of which some are known (``Dvo``, unknown, ``k``).
So the attention is summed over all pieces of a word, and the word is copied whole. Knows pieces and their
places; knows no model.

Shapes: S source pieces, T written pieces.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.text.tokenizer import SPACE, UNK, Encoding

if TYPE_CHECKING:
    from tokenizers import pre_tokenizers

F32 = NDArray[np.float32]
Span = tuple[int, int]

# Oniguruma patterns. Soft hyphens, joiners are inside words; O'Hara and Jean-Paul are one, don't and a-t-il
# are not. Scripts without spaces have no words that a pattern could find: there, a character is one. What an
# emoji is joined with belongs to it, as do both halves of a flag.
_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTER = rf"[\p{{L}}\p{{M}}\p{{N}}\x{{AD}}\x{{200C}}\x{{200D}}\x{{2060}}&&[^{_SPACELESS}]]"
_JOINED = r"[\p{M}\x{FE0E}\x{FE0F}\x{1F3FB}-\x{1F3FF}\x{E0020}-\x{E007F}]"
_WORD = (
    rf"\p{{Lu}}{_LETTER}*(?:['’-]\p{{Lu}}{_LETTER}*)+|{_LETTER}+"
    r"|[\x{1F1E6}-\x{1F1FF}]{2}"
    rf"|\S{_JOINED}*(?:\x{{200D}}\S{_JOINED}*)*"
)


def copied(text: str, encoding: Encoding, written: list[str], attention_TS: F32) -> list[str]:
    """Return the written pieces with words of the source where ``<unk>`` stands.

    Args:
        text: The source.
        encoding: Its pieces.
        written: The pieces that were written.
        attention_TS: Attention when each was written; all zero in a model without, which copies in order.

    Each group of pieces that makes up one written word copies one word of the source: of those with unknown
    pieces (of all words, if there are none) the one with the most attention. If the pieces around ``<unk>``
    spell the word's beginning or its end already, only the rest stands in its place.
    """
    unknown = [t for t, piece in enumerate(written) if piece == UNK]
    if not unknown:
        return written
    spans = _candidates(text, encoding)
    words = [unicodedata.normalize("NFC", text[start:end]) for start, end in spans]
    chosen = _chosen(attention_TS[unknown], [_pieces_of(span, encoding) for span in spans])
    # What was written before, between and after the unknown pieces.
    edges = [-1, *unknown, len(written)]
    between = ["".join(written[before + 1 : after]) for before, after in pairwise(edges)]
    found = list(written)
    first = 0
    for n in range(1, len(unknown) + 1):
        # Unknown pieces without a space between them that copy the same word are parts of it.
        if n < len(unknown) and chosen[n] == chosen[first] and SPACE not in between[n]:
            continue
        parts = _parts(words[chosen[first]], between[first : n + 1])
        for t, part in zip(unknown[first:n], parts, strict=True):
            found[t] = part
        first = n
    return found


def _candidates(text: str, encoding: Encoding) -> list[Span]:
    """Return the places of the words with unknown pieces, or of all words if no piece is unknown."""
    words = [span for _, span in _splitter().pre_tokenize_str(text)]
    found: list[Span] = []
    for token, (start, end) in zip(encoding.tokens, encoding.spans, strict=True):
        if token != UNK:
            continue
        # From the beginning of the word in which the piece begins to the end of that in which it ends.
        touched = [span for span in words if span[0] < end and span[1] > start]
        if touched and found and touched[0][0] < found[-1][1]:
            found[-1] = (found[-1][0], touched[-1][1])  # another unknown piece of the same word
        elif touched:
            found.append((touched[0][0], touched[-1][1]))
    if not found:
        found = [span for span in words if text[span[0]].isalnum()]
    return found or [(0, len(text))]


def _pieces_of(span: Span, encoding: Encoding) -> list[int]:
    """Return the places of a word's pieces in the row, a space alone before them included."""
    found = [s for s, (start, end) in enumerate(encoding.spans) if start < span[1] and end > span[0]]
    if found and found[0] > 0 and encoding.tokens[found[0] - 1] == SPACE:
        found.insert(0, found[0] - 1)
    return found


def _chosen(attention_US: F32, pieces: list[list[int]]) -> list[int]:
    """Return which word each unknown piece copies, the words given by their pieces."""
    if not attention_US.any():  # without attention: in order, the last again if there are too few
        return [min(u, len(pieces) - 1) for u in range(len(attention_US))]
    sums_UC = np.stack([attention_US[:, own].sum(axis=1) for own in pieces], axis=1)
    return [int(c) for c in sums_UC.argmax(axis=1)]


def _parts(word: str, between: list[str]) -> list[str]:
    """Return what stands for each unknown piece of a written word.

    >>> _parts("Dvořák", ["Mon▁ami▁Dvo", "k."]), _parts("Dvořák", ["▁", "s."])
    (['řá'], ['Dvořák'])

    Args:
        word: The word that is copied.
        between: What was written before its first unknown piece, between them, and after the last.
    """
    # What stands there already is not written twice.
    word = word[_ends_with_start(between[0], word) :]
    word = word[: len(word) - _ends_with_start(between[-1][::-1], word[::-1])]
    inner = between[1:-1]
    match = re.fullmatch("(.+?)" + "".join(f"{re.escape(known)}(.+?)" for known in inner), word, re.DOTALL)
    if match and all(inner):
        return list(match.groups())
    return [word, *("" for _ in inner)]


def _ends_with_start(text: str, word: str) -> int:
    """Return how many letters of the word's beginning, not all, the text ends with, as a word of its own.

    >>> _ends_with_start("▁ami▁Dvo", "Dvořák"), _ends_with_start("▁aDvo", "Dvořák")
    (3, 0)
    """
    for count in range(min(len(text), len(word) - 1), 0, -1):
        start = len(text) - count
        if text[start:] == word[:count] and (start == 0 or not text[start - 1].isalnum()):
            return count
    return 0


@cache
def _splitter() -> pre_tokenizers.PreTokenizer:
    from tokenizers import Regex, pre_tokenizers

    return pre_tokenizers.Split(Regex(_WORD), "removed", invert=True)
