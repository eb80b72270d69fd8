"""A Bloom filter: a set of very many things, in a few bits each, without keeping them.

It finds everything that was put in, and sometimes finds what was not: how often is chosen when it is made
(Bloom 1970; two hashes replace many, Kirsch & Mitzenmacher 2006). Knows 64-bit hashes; not what they are
hashes of.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import in_range

Hashes = NDArray[np.uint64]
_BITS = np.array([1 << bit for bit in range(8)], dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class BloomFilter:
    """The bits of the filter, and how many of them each entry sets.

    Attributes:
        bits: *Shape (M,)*, uint8, eight bits each.
        hashes: Bits an entry sets.
        entries: Different things inside.
    """

    bits: NDArray[np.uint8]
    hashes: int
    entries: int

    @classmethod
    def build(cls, hashes_N: Hashes, *, false_positive_rate: float) -> BloomFilter:
        """Return a filter of these hashes, of the smallest size that keeps to the rate.

        Raises:
            ConfigError: If the rate is not in [1e-12, 0.5].
        """
        false_positive_rate = in_range("false_positive_rate", false_positive_rate, 1e-12, 0.5)
        distinct_N = np.unique(hashes_N)
        # Bits for each entry, and of these the number it sets, for the rate asked for (Bloom 1970).
        per_entry = -math.log(false_positive_rate) / math.log(2) ** 2
        size = max(8, math.ceil(per_entry * len(distinct_N) / 8))
        empty = cls(np.zeros(size, np.uint8), max(1, round(per_entry * math.log(2))), len(distinct_N))
        # The second hash of double hashing; odd, so that its multiples reach every bit.
        step_N = mix(distinct_N) | np.uint64(1)
        for number in range(empty.hashes):
            bit_N = empty._bits(number, distinct_N, step_N)
            # Eight bits a byte: the byte is the number over 8. ``at``, as several entries may share a byte.
            np.bitwise_or.at(empty.bits, bit_N >> np.uint64(3), _mask(bit_N))
        return empty

    def contains(self, hashes_N: Hashes) -> NDArray[np.bool_]:
        """Return True for each hash that is inside, or seems to be.

        Shape:
            (N,) -> (N,).
        """
        # Places of the hashes whose bits were all set so far: each bit rules out half of those not inside.
        inside_N = np.arange(len(hashes_N))
        step_N = mix(hashes_N) | np.uint64(1)
        for number in range(self.hashes):
            bit_N = self._bits(number, hashes_N[inside_N], step_N[inside_N])
            inside_N = inside_N[(self.bits[bit_N >> np.uint64(3)] & _mask(bit_N)) != 0]
        # Back to one answer for each hash.
        answer_N = np.zeros(len(hashes_N), dtype=np.bool_)
        answer_N[inside_N] = True
        return answer_N

    @property
    def false_positive_rate(self) -> float:
        """The share of hashes that were never put in and are found, estimated from the bits that are set."""
        return float(np.unpackbits(self.bits).mean() ** self.hashes)

    def _bits(self, number: int, hashes_N: Hashes, step_N: Hashes) -> Hashes:
        """Return the ``number``-th bit that each hash sets."""
        bit_N: Hashes = (hashes_N + np.uint64(number) * step_N) % np.uint64(self.bits.size * 8)
        return bit_N


def mix(values: Hashes) -> Hashes:
    """Mix bits by SplitMix64's finaliser (Steele et al. 2014): each input bit changes every output bit."""
    mixed: Hashes = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def word_hashes(words: list[str]) -> Hashes:
    """Return a hash of each word (BLAKE2b).

    Shape:
        N words -> (N,).
    """
    digests = [
        hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest() for word in words
    ]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def _mask(bit_N: Hashes) -> NDArray[np.uint8]:
    """Return the byte in which only this bit of its byte is set."""
    mask_N: NDArray[np.uint8] = _BITS[bit_N & np.uint64(7)]
    return mask_N
