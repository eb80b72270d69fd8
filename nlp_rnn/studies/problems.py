"""The two synthetic problems on which long memory is measured; each batch is made from a seed.

Knows arrays; knows no models.

Shapes: B sequences, T steps, E input features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Adding:
    """The adding problem (Hochreiter & Schmidhuber 1997): the sum of two marked numbers of a long row.

    Every step holds a number in [0, 1] and a mark. The first marked number is in the first tenth, the other
    in the rest of the first half; the answer is asked for after the last step, so the first number must be
    held for nine tenths of ``lag`` steps. Guessing 1 gives a mean squared error of 1/6.

    Attributes:
        lag: Length of a sequence, from 4.
    """

    lag: int
    name = "adding"
    inputs = 2
    outputs = 1

    def batch(self, count: int, seed: tuple[int, ...]) -> tuple[F32, F32]:
        """Return sequences and their answers.

        Shape:
            (B, T, 2), (B, 1, 1).
        """
        rng = np.random.default_rng(seed)
        x_BTE = np.zeros((count, self.lag, 2), np.float32)
        x_BTE[:, :, 0] = rng.random((count, self.lag))
        early = max(1, self.lag // 10)
        rows_B = np.arange(count)
        first_B, second_B = (
            rng.integers(0, early, count),
            rng.integers(early, max(early + 1, self.lag // 2), count),
        )
        x_BTE[rows_B, first_B, 1] = x_BTE[rows_B, second_B, 1] = 1
        return x_BTE, (x_BTE[:, :, 0] * x_BTE[:, :, 1]).sum(axis=1).reshape(count, 1, 1)

    def score(self, answers_BAO: F32, targets_BAX: F32) -> float:
        """Return 1 - error / error of guessing."""
        return 1 - 6 * float(np.square(answers_BAO - targets_BAX).mean())


@dataclass(frozen=True)
class Copying:
    """The copying problem (Hochreiter & Schmidhuber 1997; Arjovsky et al. 2016): repeat what came long ago.

    First come ``symbols`` of ``kinds`` kinds, then ``lag`` blanks, then as many cues, at each of which the
    next symbol is asked for. Guessing gets one in ``kinds`` right.

    Attributes:
        lag: Blanks between the last symbol and the first cue.
        symbols: Number of symbols to remember.
        kinds: Number of different symbols.
    """

    lag: int
    symbols: int = 3
    kinds: int = 4
    name = "copying"

    @property
    def inputs(self) -> int:
        """Width of an input, one-hot: the symbols, blank, cue."""
        return self.kinds + 2

    @property
    def outputs(self) -> int:
        """Width of an output: a logit for each kind."""
        return self.kinds

    def batch(self, count: int, seed: tuple[int, ...]) -> tuple[F32, F32]:
        """Return sequences and the symbols to repeat.

        Shape:
            (B, T, E), (B, symbols, kinds), one-hot.
        """
        rng = np.random.default_rng(seed)
        symbols_BA = rng.integers(0, self.kinds, (count, self.symbols))
        ids_BT = np.full((count, 2 * self.symbols + self.lag), self.kinds)
        ids_BT[:, : self.symbols] = symbols_BA
        ids_BT[:, -self.symbols :] = self.kinds + 1
        one_hot = np.eye(self.inputs, dtype=np.float32)
        return one_hot[ids_BT], one_hot[symbols_BA][..., : self.kinds]

    def score(self, answers_BAO: F32, targets_BAX: F32) -> float:
        """Return the share of the symbols that are right."""
        return float((answers_BAO.argmax(-1) == targets_BAX.argmax(-1)).mean())


Problem = Adding | Copying
PROBLEMS = {kind.name: kind for kind in (Adding, Copying)}
