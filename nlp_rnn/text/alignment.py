"""The place in the original of each character of a normalised text: spans that a user can see.

``tokenizers`` keeps offsets through normalisation, but gives all that a replacement wrote the place of
the last character it replaced (``<url>`` would point at the end of the address). Here the steps of a
saved normaliser are run one by one and every written character keeps the whole of what it replaced.
Knows the steps' JSON form; knows no vocabulary.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import normalizers, pre_tokenizers

Span = tuple[int, int]
Places = NDArray[np.int64]
"""Start and end in the original of each character, *shape (2, N)*."""


class Normaliser:
    """A saved normaliser that remembers places.

    Args:
        saved: The ``normalizer`` entry of ``tokenizer.json``; None changes nothing.
    """

    def __init__(self, saved: dict[str, Any] | None) -> None:
        """Build every step once."""
        steps = [] if saved is None else saved["normalizers"] if saved["type"] == "Sequence" else [saved]
        self._steps = [_Step(step) for step in steps]

    def __call__(self, text: str) -> tuple[str, Places]:
        """Return the normalised text and the places of its characters in ``text``.

        A replacement has the place of all it replaced; a deletion is added to the character before it.
        """
        # At first each character is its own place: from i to i + 1.
        starts_N = np.arange(len(text), dtype=np.int64)
        places_2N = np.stack([starts_N, starts_N + 1])
        for step in self._steps:
            written = step.normalise(text)
            if written != text:
                places_2N = step.move(text, written, places_2N)
                text = written
        return text, places_2N


class _Step:
    """One step: NFC, lower-casing or a replacement."""

    def __init__(self, saved: dict[str, Any]) -> None:
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers

        holder = Tokenizer(models.WordLevel({"": 0}, unk_token=""))
        state = json.loads(holder.to_str())
        state["normalizer"] = saved
        backend: normalizers.Normalizer = Tokenizer.from_str(json.dumps(state)).normalizer
        self.normalise = backend.normalize_str
        self._type = str(saved["type"])
        self._kept: pre_tokenizers.PreTokenizer | None = None
        self._content = str(saved.get("content", ""))
        pattern = saved.get("pattern", {})
        if pattern:
            found = Regex(pattern["Regex"]) if "Regex" in pattern else pattern["String"]
            self._kept = pre_tokenizers.Split(found, "removed")
            self._all = pre_tokenizers.Split(found, "isolated")

    def move(self, text: str, written: str, places_2N: Places) -> Places:
        """Return the places of the characters of ``written``, which this step made of ``text``."""
        if self._kept is not None:
            # The stretches between matches are kept; ``every`` has all stretches in order, matches included.
            kept = {span for _, span in self._kept.pre_tokenize_str(text)}
            every = [span for _, span in self._all.pre_tokenize_str(text)]
            moved = _through_replacement(every, kept, len(self._content), places_2N)
        else:
            pieces = _nfc_pieces(text) if self._type == "NFC" else _lower_pieces(text)
            moved = _through_pieces(pieces, places_2N)
        if moved.shape[1] != len(written):  # a step this file does not know: spread the places evenly
            share_N = np.linspace(0, len(text) - 1, max(1, len(written))).astype(np.int64)[: len(written)]
            return places_2N[:, share_N]
        return moved


def token_spans(offsets: Sequence[Span], places_2N: Places) -> list[Span]:
    """Return the spans in the original of tokens at ``offsets`` in the normalised text.

    Spans rise and never overlap: of several tokens inside one original character (bytes of an emoji),
    the first has the character and the others an empty span after it.
    """
    # Many tokens: plain lists are faster to index one by one than an array.
    starts, ends = places_2N.tolist() if len(offsets) > places_2N.shape[1] // 64 else places_2N
    spans: list[Span] = []
    reached = 0
    for first, after in offsets:
        # No token begins before the end of the one before it; an empty token stays where that ended.
        start = max(reached, int(starts[first]) if first < after else reached)
        reached = max(start, int(ends[after - 1]) if first < after else start)
        spans.append((start, reached))
    return spans


def _through_replacement(every: list[Span], kept: set[Span], written: int, places_2N: Places) -> Places:
    """Return the places after every stretch that is not ``kept`` was replaced by ``written`` characters."""
    parts: list[Places] = []
    for start, end in every:
        # Kept stretches keep their places.
        if (start, end) in kept:
            parts.append(places_2N[:, start:end])
            continue
        # Each character of a replacement has the place of the whole stretch.
        whole = np.array([[places_2N[0, start]], [places_2N[1, end - 1]]])
        if written:
            parts.append(np.repeat(whole, written, axis=1))
        # Nothing was written: the character before reaches on to the end of what was deleted.
        elif parts:
            parts[-1] = parts[-1].copy()
            parts[-1][1, -1] = whole[1, 0]
    return np.concatenate(parts, axis=1) if parts else places_2N[:, :0]


def _through_pieces(pieces: Iterator[tuple[int, int]], places_2N: Places) -> Places:
    """Return the places after consecutive pieces of ``old`` characters each became ``new`` ones."""
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for old, new in pieces:
        # Each new character has the place of all the old ones of its piece.
        first, last = at, at + old - 1
        starts += [first] * new
        ends += [last] * new
        at += old
    return np.stack([places_2N[0, starts], places_2N[1, ends]])


def _lower_pieces(text: str) -> Iterator[tuple[int, int]]:
    """Yield (old, new) lengths of lower-casing: a capital may become two characters."""
    for letter in text:
        yield 1, len(letter.lower())


def _nfc_pieces(text: str) -> Iterator[tuple[int, int]]:
    """Yield (old, new) lengths of the smallest stretches that compose independently of the others."""

    def lengths(stretch: str) -> Iterator[tuple[int, int]]:
        composed = unicodedata.normalize("NFC", stretch)
        if composed == stretch:
            yield from ((1, 1) for _ in stretch)
        else:
            yield len(stretch), len(composed)

    start = 0
    for at in range(1, len(text)):
        # Most characters are settled without what stands before them, which may be long.
        if text[at] >= "\u0300" and (unicodedata.combining(text[at]) or _composes(text[start:at], text[at])):
            continue
        yield from lengths(text[start:at])
        start = at
    if text:
        yield from lengths(text[start:])


def _composes(before: str, letter: str) -> bool:
    """Return True if a character that is no mark may combine with those before it."""
    joined = unicodedata.normalize("NFC", before + letter)
    return joined != unicodedata.normalize("NFC", before) + unicodedata.normalize("NFC", letter)
