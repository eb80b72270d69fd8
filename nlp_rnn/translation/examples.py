"""The data that a translator learns from: pairs of texts, checked, held out, and as rows of ids.

Knows texts and a tokenizer; knows no models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nlp_rnn.errors import ArtifactError, InputError, refuse_tables
from nlp_rnn.text.tokenizer import BEGIN, END, SPACE, TextTokenizer

TextPairs = Sequence[tuple[str, str]]
Rows = Sequence[Sequence[int]]
SharedWord = tuple[slice, slice]
"""The places of a word that stands in both rows of a pair: in the source, in the target."""


@dataclass(frozen=True)
class Pairs:
    """Pairs as rows of ids; a target begins and ends with the marks for it.

    Attributes:
        source, target: Rows of ids, as many of each.
        common: A word that stands in both rows of a pair, or None; empty for pairs that are only measured.
    """

    source: Rows
    target: Rows
    common: Sequence[SharedWord | None] = ()

    def digest(self) -> str:
        """Return a short name of the content, by a hash."""
        found = hashlib.sha256()
        for rows in (self.source, self.target):
            found.update(np.concatenate([np.asarray(row, dtype=np.int64) for row in rows]).tobytes())
        return found.hexdigest()


_HELD_OUT = 2_000  # pairs at most


def encoded_pairs(tokenizer: TextTokenizer, pairs: TextPairs, *, common: bool = False) -> Pairs:
    """Return pairs of texts as rows of ids; with ``common``, also the words that stand in both."""
    begin_id, end_id = marks(tokenizer)
    source = tokenizer.encode_batch([text for text, _ in pairs])
    target = [[begin_id, *row, end_id] for row in tokenizer.encode_batch([text for _, text in pairs])]
    if not common:
        return Pairs(source, target)
    vocab = tokenizer.vocab
    return Pairs(source, target, [_common(s, t, vocab) for s, t in zip(source, target, strict=True)])


def marks(tokenizer: TextTokenizer) -> tuple[int, int]:
    """Return the ids of the marks for beginning and end."""
    begin_id, end_id = tokenizer.token_to_id(BEGIN), tokenizer.token_to_id(END)
    if begin_id is None or end_id is None:
        raise ArtifactError(
            f"a translator's tokenizer needs the marks {BEGIN} and {END}, and this one lacks them"
        )
    return begin_id, end_id


def unknown_ids(tokenizer: TextTokenizer) -> list[int]:
    """Return the ids by which an unknown word is read and written."""
    space_id = tokenizer.token_to_id(SPACE)
    return [tokenizer.unk_id] if space_id is None else [space_id, tokenizer.unk_id]


def _common(source: Sequence[int], target: Sequence[int], vocab: Sequence[str]) -> SharedWord | None:
    """Return the places of a name or a number that stands once in both rows, or None.

    >>> vocab = ["▁I", "▁Je", "▁saw", "▁To", "m", "."]
    >>> _common([0, 2, 3, 4, 5], [1, 2, 3, 4, 5], vocab)
    (slice(2, 4, None), slice(2, 4, None))
    """
    places: list[dict[tuple[int, ...], slice]] = []
    for row in (source, target):
        found: dict[tuple[int, ...], slice] = {}
        for place in _names(row, vocab):
            ids = tuple(row[place])
            # A word that stands twice in a row has no place to copy from: an empty slice marks it.
            found[ids] = slice(0, 0) if ids in found else place
        places.append(found)
    for ids, in_source in places[0].items():
        in_target = places[1].get(ids, slice(0, 0))
        if in_source.stop and in_target.stop:
            return in_source, in_target
    return None


def _names(row: Sequence[int], vocab: Sequence[str]) -> Iterator[slice]:
    """Yield the places of words that begin with a capital or a digit and have three letters or more."""
    start: int | None = None
    # A space at the end closes the last word.
    for at, piece in enumerate([*(vocab[piece_id] for piece_id in row), SPACE]):
        inside = start is not None and piece.isalnum()
        if start is not None and not inside:
            # The word's pieces without the space before it; short ones are mostly no names.
            word = "".join(vocab[piece_id] for piece_id in row[start:at])[1:]
            if len(word) > 2 or word.isdigit():
                yield slice(start, at)
            start = None
        if not inside and piece[:1] == SPACE and piece[1:].isalnum() and not piece[1].islower():
            start = at


def check_examples(
    pairs: TextPairs, validation: TextPairs | None, seed: int
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the pairs to learn from and those held out, checked; some are set aside if none are held out.

    Raises:
        InputError: If a pair is no pair of texts that are not empty, or there are too few.
    """
    train = _checked_pairs(pairs)
    if validation is None:
        return set_aside(train, seed)
    return train, _checked_pairs(validation, "validation")


def _checked_pairs(pairs: TextPairs, what: str = "pairs") -> list[tuple[str, str]]:
    """Return the pairs as a list, each of them two texts that are not empty."""
    if isinstance(pairs, str):
        raise InputError(f"{what} must be a sequence of (text, translation), got one str")
    refuse_tables(pairs, f"{what} must be a sequence of (text, translation)")
    listed: list[tuple[str, str]] = []
    for number, pair in enumerate(pairs):
        whole = isinstance(pair, tuple | list) and len(pair) == 2
        if not whole or not all(isinstance(text, str) for text in pair):
            raise InputError(f"{what}[{number}] should be (text, translation), two str, and is {pair!r:.60}")
        if not all(text.strip() for text in pair):
            raise InputError(f"{what}[{number}] has an empty text: leave it out")
        listed.append((pair[0], pair[1]))
    if not listed:
        raise InputError(f"{what} holds no pair: give one (text, translation) or more")
    return listed


def set_aside(pairs: list[tuple[str, str]], seed: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the pairs without a fiftieth of the source texts, and these with all their translations."""
    sources = sorted({source for source, _ in pairs})
    if len(sources) < 2:
        raise InputError(
            f"there are pairs of {len(sources)} different source texts: give two or more, or a validation set"
        )
    most = max(1, min(len(sources) // 50, _HELD_OUT))
    held_out = {sources[i] for i in np.random.default_rng(seed).permutation(len(sources))[:most]}
    train = [pair for pair in pairs if pair[0] not in held_out]
    return train, [pair for pair in pairs if pair[0] in held_out]
