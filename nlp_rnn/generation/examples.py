"""What a character model is given to learn from: a corpus of any size, and the part of it that is held out.

Knows characters and a tokenizer; knows no models.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nlp_rnn.batch import AnyIds
from nlp_rnn.errors import InputError, in_range
from nlp_rnn.files.characters import (
    Source,
    drop_first,
    encode_characters,
    keep_first,
    read_characters,
    split_at,
)
from nlp_rnn.text.tokenizer import TextTokenizer


@dataclass(frozen=True)
class CharCorpus:
    """A text to learn from, read piece by piece each time it is asked for.

    Attributes:
        text: A text, or the path of a file or a folder.
        validation: Another held-out text, or None.
        kept: Characters of ``text`` that are learned from, if its end is held out; else None.
        encoding: Of files.
    """

    text: Source
    validation: Source | None
    kept: int | None
    encoding: str = "auto"

    @classmethod
    def of(
        cls, text: Source, validation: Source | None, holdout: float, encoding: str = "auto"
    ) -> CharCorpus:
        """Return the corpus of ``CharGenerator.fit``'s arguments.

        Raises:
            ConfigError: If ``holdout`` is no share to hold out, or Python knows no such encoding.
            DataError: If a file cannot be read.
        """
        holdout = in_range("holdout", holdout, 0.001, 0.9)
        kept = None if validation is not None else split_at(text, holdout, encoding=encoding)
        return cls(text, validation, kept, encoding)

    def training_parts(self) -> Iterable[str]:
        """Return the characters to learn from, in pieces."""
        parts = read_characters(self.text, encoding=self.encoding)
        return parts if self.kept is None else keep_first(parts, self.kept)

    def training_ids(self, tokenizer: TextTokenizer) -> AnyIds:
        """Return the ids to learn from.

        Shape:
            -> (N,).

        Raises:
            InputError: If they are all equal.
        """
        ids_N = encode_characters(self.training_parts(), tokenizer)
        if ids_N.min() == ids_N.max():
            raise InputError("the corpus has one distinct character: there is nothing to learn from it")
        return ids_N

    def held_out_parts(self) -> Iterable[str]:
        """Return the characters that are held out, in pieces."""
        if self.validation is not None:
            return read_characters(self.validation, encoding=self.encoding)
        return drop_first(read_characters(self.text, encoding=self.encoding), self.kept or 0)

    def held_out_ids(self, tokenizer: TextTokenizer) -> AnyIds:
        """Return the ids that are held out.

        Shape:
            -> (N,).
        """
        return encode_characters(self.held_out_parts(), tokenizer)
