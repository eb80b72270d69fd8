"""A Bloom filter: which of very many things were there, in a few bits each, without keeping them.

It never forgets what was put in and sometimes claims to know what was not: how often is settled when it
is made (Bloom 1970; two hashes stand for all, Kirsch & Mitzenmacher 2006). Knows 64-bit hashes; not what
they stand for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import in_range

Hashes = NDArray[np.uint64]
_BITS = np.array([1 << bit for bit in range(8)], dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class BloomFilter:
    """Bits, and how many of them each entry sets.

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
        """A filter of these hashes, of the smallest size that keeps to the rate.

        Raises:
            ConfigError: If the rate is not in [1e-12, 0.5].
        """
        in_range("false_positive_rate", false_positive_rate, 1e-12, 0.5)
        distinct_N = np.unique(hashes_N)
        per_entry = -math.log(false_positive_rate) / math.log(2) ** 2
        size = max(8, math.ceil(per_entry * len(distinct_N) / 8))
        empty = cls(np.zeros(size, np.uint8), max(1, round(per_entry * math.log(2))), len(distinct_N))
        step_N = mix(distinct_N) | np.uint64(1)
        for number in range(empty.hashes):
            bit_N = empty._bits(number, distinct_N, step_N)
            np.bitwise_or.at(empty.bits, bit_N >> np.uint64(3), _mask(bit_N))
        return empty

    def contains(self, hashes_N: Hashes) -> NDArray[np.bool_]:
        """Whether each is inside, or happens to look so.

        Shape:
            (N,) -> (N,).
        """
        inside_N = np.arange(len(hashes_N))  # what has passed so far: every bit halves what is not inside
        step_N = mix(hashes_N) | np.uint64(1)
        for number in range(self.hashes):
            bit_N = self._bits(number, hashes_N[inside_N], step_N[inside_N])
            inside_N = inside_N[(self.bits[bit_N >> np.uint64(3)] & _mask(bit_N)) != 0]
        answer_N = np.zeros(len(hashes_N), dtype=np.bool_)
        answer_N[inside_N] = True
        return answer_N

    @property
    def false_positive_rate(self) -> float:
        """How often something that was never put in looks as if it were, from the bits that are set."""
        return float(np.unpackbits(self.bits).mean() ** self.hashes)

    def _bits(self, number: int, hashes_N: Hashes, step_N: Hashes) -> Hashes:
        """Which bit each hash sets as its ``number``-th."""
        bit_N: Hashes = (hashes_N + np.uint64(number) * step_N) % np.uint64(self.bits.size * 8)
        return bit_N


def mix(values: Hashes) -> Hashes:
    """SplitMix64's finaliser (Steele et al. 2014): every bit of the input moves every bit of the output."""
    mixed: Hashes = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _mask(bit_N: Hashes) -> NDArray[np.uint8]:
    mask_N: NDArray[np.uint8] = _BITS[bit_N & np.uint64(7)]
    return mask_N
