"""Copied passages: text shared with a model's training text, found without keeping that text.

An index holds hashes of the training text's stretches in a Bloom filter, and its distinct words in
another; neither can be read back. Knows characters; no models.

A run of 50 shared characters is eight shared stretches of 43, one after the other. So each stretch may be
kept in so few bits that the filter is wrong about one in eight: that it is wrong about eight in a row is as
rare as with an eighth of the stretches in eight times as many bits each, which needs as much memory and would
give the place and the length of a run only roughly.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import ArtifactError, InputError, in_range, whole_number
from nlp_rnn.text.bloom import BloomFilter, Hashes, mix, word_hashes

FILE = "overlap.safetensors"
FORMAT = 1
RUN = 50
LONGEST_RUN = 400
"""The longest run that may be asked for: a stream remembers no more text than a review of it needs."""
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")

_BASE = 0x9FB21C651E98DF25
_BLOCK = 2**18
_IN_A_ROW = 8
_WORD_RATE = 1e-3
_LONGEST_WORD = 1000
_KEYS = {"format", "run", "characters", "runs", "words", "sha256"}

Span = tuple[int, int]


@dataclass(frozen=True)
class OverlapReport:
    """Shares of a text that are copied and new.

    Attributes:
        characters: Length of the text.
        copied: Characters of it that stand in runs shared with the training text.
        runs: Number of such runs.
        longest: Characters of the longest run.
    """

    characters: int
    copied: int
    runs: int
    longest: int

    @property
    def copied_share(self) -> float:
        """Copied characters over all, in [0, 1]; 0 for no text."""
        return self.copied / self.characters if self.characters else 0.0

    @property
    def new_share(self) -> float:
        """The rest: 1 - ``copied_share``."""
        return 1 - self.copied_share

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as one JSON object."""
        shares = {"copied_share": round(self.copied_share, 4), "new_share": round(self.new_share, 4)}
        return {**asdict(self), **shares}


@dataclass(frozen=True, eq=False)
class OverlapIndex:
    """An index of a training text.

    >>> index = OverlapIndex.build("The quick brown fox jumps over the lazy dog, and the dog sleeps on.")
    >>> index.runs("Look: the quick brown fox jumps over the lazy dog, and the dog sleeps!")
    [(7, 69)]

    Attributes:
        run: Every shared run of at least so many characters is found, and hardly ever a shorter one.
        characters: Length of the training text.
        stretches: Filter of the training text's stretches of ``window`` characters.
        words: Filter of the distinct words, in small letters.
    """

    run: int
    characters: int
    stretches: BloomFilter
    words: BloomFilter

    @classmethod
    def build(
        cls,
        text: str | Iterable[str],
        *,
        run: int = RUN,
        false_positive_rate: float = 1e-7,
    ) -> OverlapIndex:
        """Index a training text.

        Args:
            text: The text, or its consecutive pieces, of which one at a time is in memory.
            run: Find every shared run of so many characters.
            false_positive_rate: Chance that a run seems to begin at a place of a text where none does.

        Raises:
            ConfigError: If a setting is outside its range.
            InputError: If the text is not str.
        """
        run = whole_number("run", run, 2 * _IN_A_ROW, LONGEST_RUN)
        false_positive_rate = in_range("false_positive_rate", false_positive_rate, 1e-30, 1e-3)
        # A run of so many characters is _IN_A_ROW stretches, each one character after the one before.
        window = run - _IN_A_ROW + 1
        parts: list[Hashes] = []
        words: set[str] = set()
        characters = 0
        rest = open_word = ""
        for piece in _blocks(text):
            characters += len(piece)
            # Stretches reach over the edge of a piece: its end is read again with the next one.
            buffer = rest + piece
            parts.append(_hashes(buffer, window))
            rest = buffer[max(0, len(buffer) - window + 1) :]
            # So may a word: only those before the last white space are whole (but a word has its limits).
            buffer = open_word + piece
            cut = max(buffer.rfind(" "), buffer.rfind("\n"), len(buffer) - _LONGEST_WORD)
            words.update(_plain_words(buffer[: max(0, cut)]))
            open_word = buffer[max(0, cut) :]
        # The text's last word ends with the text.
        words.update(_plain_words(open_word))
        # All of a run's stretches have to be wrong for a run to be: each may be wrong by the rate's root.
        hashes_N = np.concatenate(parts) if parts else np.empty(0, np.uint64)
        return cls(
            run=run,
            characters=characters,
            stretches=BloomFilter.build(hashes_N, false_positive_rate=false_positive_rate ** (1 / _IN_A_ROW)),
            words=BloomFilter.build(word_hashes(sorted(words)), false_positive_rate=_WORD_RATE),
        )

    @property
    def window(self) -> int:
        """Characters of a stretch."""
        return self.run - _IN_A_ROW + 1

    @property
    def false_positive_rate(self) -> float:
        """Chance that a run seems to begin at a place of a text where none does."""
        return self.stretches.false_positive_rate**_IN_A_ROW

    @property
    def nbytes(self) -> int:
        """Bytes in memory and, but for a header, on disk."""
        return self.stretches.bits.nbytes + self.words.bits.nbytes

    def runs(self, text: str) -> list[Span]:
        """Return the spans in which the text repeats the training text.

        A span may be a character or two too long. One in which letters and digits are not even half of the
        characters (white space, a ruled line) is nobody's text, and left out; so is what overlaps a span.
        """
        return self.runs_of(text, self.hits(text))

    def hits(self, text: str) -> NDArray[np.bool_]:
        """Return True for each of the text's stretches that the training text has, or seems to have.

        Shape:
            (N - ``window`` + 1,) of a text of N characters.
        """
        return self.stretches.contains(_hashes(text, self.window))

    def runs_of(self, text: str, hit_N: NDArray[np.bool_]) -> list[Span]:
        """Return ``runs`` of a text whose ``hits`` are known."""
        if np.count_nonzero(hit_N) < _IN_A_ROW:
            return []
        # Where hits begin and end: wherever the answer changes, with a miss added before and after.
        edges_N = np.flatnonzero(np.diff(np.concatenate([[False], hit_N, [False]])))
        spans: list[Span] = []
        for first, after in zip(edges_N[::2].tolist(), edges_N[1::2].tolist(), strict=True):
            # The last stretch reaches on to its end; what the span before it covers is not counted twice.
            start, end = max(first, spans[-1][1] if spans else 0), after + self.window - 1
            # Fewer hits in a row may be the filter's mistakes.
            if after - first >= _IN_A_ROW:
                spans.append((start, end))
        # Rows of blanks or of signs repeat without having been copied.
        return [span for span in spans if _is_mostly_letters(text[slice(*span)])]

    def report(self, texts: str | Iterable[str]) -> OverlapReport:
        """Count copied and new characters of one or several texts."""
        characters = copied = runs = longest = 0
        for text in [texts] if isinstance(texts, str) else texts:
            lengths = [end - start for start, end in self.runs(text)]
            characters += len(text)
            copied += sum(lengths)
            runs += len(lengths)
            longest = max([longest, *lengths])
        return OverlapReport(characters, copied, runs, longest)

    def windows_with_copies(self, text: str, *, windows: int = 500, length: int = 500, seed: int = 0) -> int:
        """Count the windows of a text, at random places, in which a copy is found.

        Args:
            text: At least ``length`` + 1 characters.
            windows: Number of windows to look at.
            length: Characters of each.
            seed: Seed of their places.

        Raises:
            ConfigError: If a number is outside its range.
            InputError: If the text is too short.
        """
        windows, length = whole_number("windows", windows, 1), whole_number("length", length, 1)
        seed = whole_number("seed", seed, 0)
        if len(text) <= length:
            raise InputError(f"the text has {len(text)} characters: windows of {length} need more")
        starts = np.random.default_rng(seed).integers(0, len(text) - length, windows).tolist()
        return sum(bool(self.runs(text[start : start + length])) for start in starts)

    def unknown_words(self, text: str) -> list[Span]:
        """Return the spans of words that the training text does not have; names (a capital) do not count."""
        return self.unknown_words_of([text])[0]

    def unknown_words_of(self, texts: Sequence[str]) -> list[list[Span]]:
        """Return ``unknown_words`` of each of several texts, looked up together."""
        found = [[match for match in WORD.finditer(text) if match[0][0].islower()] for text in texts]
        known = iter(self._knows([match[0] for matches in found for match in matches]).tolist())
        return [[match.span() for match in matches if not next(known)] for matches in found]

    def has_words(self, text: str) -> list[bool]:
        """Return True for each word of a text, names included, that the training text has (in any capitals).

        A word that the text's end may have cut is left out.
        """
        found = [match[0] for match in WORD.finditer(text) if match.end() < len(text)]
        known: list[bool] = self._knows(found).tolist()
        return known

    def _knows(self, words: list[str]) -> NDArray[np.bool_]:
        """Return True for words that the training text has."""
        return self.words.contains(word_hashes([word.replace("’", "'").lower() for word in words]))

    def describe(self) -> dict[str, Any]:
        """Return what to state of an index: its size, and how often it is wrong."""
        return {
            "run": self.run,
            "characters": self.characters,
            "entries": self.stretches.entries,
            "words": self.words.entries,
            "bytes": self.nbytes,
            "false_positive_rate": self.false_positive_rate,
        }

    def save(self, folder: str | Path) -> Path:
        """Write ``overlap.safetensors`` into a model folder, whole or not at all.

        Returns:
            The path written.

        Raises:
            ArtifactError: If it cannot be written.
        """
        from safetensors.numpy import save as to_bytes

        tensors = {"runs": self.stretches.bits, "words": self.words.bits}
        settings = {
            "format": FORMAT,
            "run": self.run,
            "characters": self.characters,
            **{name: [f.hashes, f.entries] for name, f in (("runs", self.stretches), ("words", self.words))},
            "sha256": _digest(tensors),
        }
        path = Path(folder) / FILE
        fresh = path.with_name(f".{FILE}.{os.getpid()}")
        try:
            fresh.write_bytes(to_bytes(tensors, metadata={"overlap": json.dumps(settings)}))
            fresh.replace(path)
        except OSError as error:
            raise ArtifactError(f"the index cannot be written to {path}: {error.strerror or error}") from None
        finally:
            fresh.unlink(missing_ok=True)
        return path

    @classmethod
    def load(cls, folder: str | Path) -> OverlapIndex:
        """Read the index of a model folder.

        Raises:
            ArtifactError: If there is none, or it is truncated or was changed.
        """
        path = Path(folder) / FILE
        if not path.is_file():
            raise ArtifactError(f"there is no {FILE} in {folder}: index the training text and save it there")
        try:
            return cls._read(path)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(f"{path} is no whole index ({error}); copy the model folder again") from None

    @classmethod
    def _read(cls, path: Path) -> OverlapIndex:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                settings = json.loads((file.metadata() or {})["overlap"])
                tensors = {name: file.get_tensor(name) for name in ("runs", "words")}
        except SafetensorError as error:
            raise ValueError(str(error)) from None
        if settings.get("format") != FORMAT:
            raise ValueError(f"format {settings.get('format')!r}, and this version reads {FORMAT}")
        if set(settings) != _KEYS or settings["sha256"] != _digest(tensors):
            raise ValueError("it does not match its checksum")
        return cls(
            run=settings["run"],
            characters=settings["characters"],
            stretches=BloomFilter(tensors["runs"], *settings["runs"]),
            words=BloomFilter(tensors["words"], *settings["words"]),
        )


def _blocks(text: str | Iterable[str]) -> Iterator[str]:
    """Yield the text in pieces of a size that is quick to work on and small in memory."""
    waiting = io.StringIO()
    for piece in [text] if isinstance(text, str) else text:
        if not isinstance(piece, str):
            raise InputError(f"a training text is str, got {type(piece).__name__}")
        waiting.write(piece)
        if waiting.tell() >= _BLOCK:
            whole = waiting.getvalue()
            yield from (whole[start : start + _BLOCK] for start in range(0, len(whole), _BLOCK))
            waiting = io.StringIO()
    yield waiting.getvalue()


def _hashes(text: str, window: int) -> Hashes:
    """Return a hash of each stretch of ``window`` characters.

    The hash is a polynomial modulo 2^64 in the characters' codes (Karp & Rabin 1987), for all stretches at
    once. For a stretch of a + b characters it is that of the first a, times BASE^b, plus that of the last b.
    So stretches of 1, 2, 4, ... characters are made by doubling, and those that ``window`` has as its binary
    digits are put together.
    """
    codes_N = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    if len(codes_N) < window:
        return np.empty(0, np.uint64)
    # The stretches of one character: their codes, mixed so that neighbours in the alphabet are far apart.
    power_N, weight, length = mix(codes_N.astype(np.uint64)), _BASE, 1
    # The stretches put together so far have ``done`` characters, at first none.
    hashes_N, done = np.zeros(len(codes_N) + 1, np.uint64), 0
    while True:
        # A binary digit of ``window`` is 1: add the ``length`` characters after the ``done`` ones.
        if window & length:
            count = len(codes_N) - done - length + 1
            hashes_N = hashes_N[:count] * np.uint64(weight) + power_N[done : done + count]
            done += length
        # Mixed again, as the filter needs all bits of a hash to be equally good.
        if done == window:
            return mix(hashes_N)
        # Double: each stretch, and the one that begins where it ends.
        power_N = power_N[:-length] * np.uint64(weight) + power_N[length:]
        weight, length = weight * weight % 2**64, 2 * length


def _is_mostly_letters(text: str) -> bool:
    return 2 * sum(map(str.isalnum, text)) >= len(text)


def _plain_words(text: str) -> Iterator[str]:
    return (match[0].replace("’", "'").lower() for match in WORD.finditer(text))


def _digest(tensors: dict[str, NDArray[np.uint8]]) -> str:
    return hashlib.sha256(b"".join(tensors[name].tobytes() for name in sorted(tensors))).hexdigest()
