"""Words that are no typing errors though a model has no vector for them, in the bits of a Bloom filter.

Sixty thousand bytes hold fifty thousand words; one of a hundred typing errors is taken for a word of it.
Knows words; no texts and no vocabulary.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from nlp_rnn.errors import ArtifactError, InputError, in_range, require
from nlp_rnn.text.bloom import BloomFilter, word_hashes
from nlp_rnn.text.spelling import likely_slips

_RATE = 0.01
_TENSOR, _KEY = "bits", "known_words"
_WORD_LENGTHS = range(3, 25)
_LISTED = 400_000
_FREQUENT, _LONG = 3.5, 6
_SLIP = 1.0  # a slip of a word at least ten times as frequent (the scale is logarithmic) is no word


class KnownWords:
    """A set of words in lower case that was made small.

    >>> words = KnownWords.of(["vape", "kindle"])
    >>> "Kindle" in words, "kindel" in words
    (True, False)
    """

    def __init__(self, bloom: BloomFilter) -> None:
        self._bloom = bloom
        self._answers: dict[str, bool] = {}

    @classmethod
    def of(cls, words: Iterable[str]) -> KnownWords:
        """Return the set of these words.

        Raises:
            InputError: If ``words`` is one str, or holds what is none.
        """
        if isinstance(words, str):
            raise InputError("known_words wants a sequence of words, got one str: put it in a list")
        listed = list(words)
        for word in listed:
            if not isinstance(word, str):
                raise InputError(f"known_words must be str, got {type(word).__name__}: {word!r:.60}")
        hashes_N = word_hashes(sorted({word.lower() for word in listed}))
        return cls(BloomFilter.build(hashes_N, false_positive_rate=_RATE))

    def __contains__(self, word: str) -> bool:
        """Return True if the word, in any case, is one of them, or one in a hundred that seem to be."""
        word = word.lower()
        if word not in self._answers:
            if len(self._answers) >= 1 << 16:
                self._answers.clear()
            self._answers[word] = bool(self._bloom.contains(word_hashes([word]))[0])
        return self._answers[word]

    def __len__(self) -> int:
        """Number of words that were put in."""
        return self._bloom.entries

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the bytes of its file."""
        return KnownWords.from_bytes, (self.to_bytes(),)

    def to_bytes(self) -> bytes:
        """Return the content of a safetensors file."""
        from safetensors.numpy import save

        settings = json.dumps({"hashes": self._bloom.hashes, "entries": self._bloom.entries})
        return save({_TENSOR: self._bloom.bits}, metadata={_KEY: settings})

    @classmethod
    def from_bytes(cls, content: bytes) -> KnownWords:
        """Read what ``to_bytes`` wrote.

        Raises:
            ArtifactError: If it is something else.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            tensors = load(content)
            header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
            settings = json.loads(header["__metadata__"][_KEY])
            hashes, entries = int(settings["hashes"]), int(settings["entries"])
            bits = tensors[_TENSOR]
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"the known words cannot be read: {error}") from None
        if len(tensors) != 1 or bits.dtype != np.uint8 or not bits.size or not 1 <= hashes <= 64:
            raise ArtifactError("the known words cannot be read: they are no Bloom filter of ours")
        return cls(BloomFilter(bits, hashes, entries))


def everyday_words(count: int = 50_000) -> list[str]:
    """Return the most frequent English words without those that are rather slips of a more frequent one.

    Speer's ``wordfreq`` counted them in subtitles, news, books, web pages and posts (Apache-2.0; its data are
    CC BY-SA 4.0 and have to be credited). It lists *recieve* and *untill*, too: a word that a common slip
    of the pen makes of one ten times as frequent is left out, and rarer words are taken if they are two
    others in a row.

    Args:
        count: Number of words, at most.

    Raises:
        MissingExtraError: If ``wordfreq`` is not installed.
        ConfigError: If ``count`` is outside its range.
    """
    in_range("count", count, 1, _LISTED)
    require("wordfreq", extra="words")
    from wordfreq import get_frequency_dict

    # Zipf's scale: the logarithm of how often a word comes in a thousand million.
    rates = {
        word: 9 + math.log10(frequency)
        for word, frequency in get_frequency_dict("en", wordlist="large").items()
        if len(word) in _WORD_LENGTHS and word.isascii() and word.isalpha()
    }
    shortened = _shortened(rates)
    found: list[str] = []
    for word in _by_rate(rates):
        if len(found) == count:
            break
        likely = max((rates.get(other, 0.0) for other in likely_slips(word)), default=0.0)
        if max(likely, shortened.get(word, 0.0)) < rates[word] + _SLIP:
            found.append(word)
    return found


def _by_rate(rates: dict[str, float]) -> Iterator[str]:
    """Yield words, the most frequent first; two others in a row count as ten times as frequent."""

    def joined(word: str) -> bool:
        return any(
            rates.get(word[:at], 0) >= 4.0 and rates.get(word[at:], 0) >= 4.0
            for at in range(3, len(word) - 2)
        )

    order = {word: rate + (1.0 if rate < 3.0 and joined(word) else 0.0) for word, rate in rates.items()}
    yield from sorted(order, key=lambda word: -order[word])


def _shortened(rates: dict[str, float]) -> dict[str, float]:
    """Return each frequent word without one of its letters, and how frequent it is."""
    found: dict[str, float] = {}
    for word, rate in rates.items():
        if rate >= _FREQUENT and len(word) > _LONG:
            for at in range(1, len(word)):
                slip = word[:at] + word[at + 1 :]
                found[slip] = max(rate, found.get(slip, 0.0))
    return found
