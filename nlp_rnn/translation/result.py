"""One translation: its text, its score, and the attention when each piece was written.

Shapes: S source pieces, T target pieces.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import InputError
from nlp_rnn.figure import new_figure, save_figure
from nlp_rnn.text.tokenizer import SPACE


@dataclass(frozen=True, eq=False)
class Translation:
    """One text and its translation.

    Attributes:
        source: The text that was translated.
        text: The translation.
        score: Its log-probability in nats, over the length penalty.
        source_pieces: The S pieces that were read.
        pieces: The T pieces that were written, with the mark for the end; copied words as they were copied.
        attention: The weight of each source piece (column) when each piece was written (row), *shape (T, S)*,
            rows sum to 1; None if the model has no attention.
        cut: ``repetition`` if the pieces say something over and over, which the text says once, ``length`` if
            they found no end; the text has ``[…]`` there. None for a whole translation.
    """

    source: str
    text: str
    score: float
    source_pieces: list[str]
    pieces: list[str]
    attention: NDArray[np.float32] | None
    cut: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        attention = None if self.attention is None else self.attention.astype(np.float64).round(4).tolist()
        return {**vars(self), "attention": attention}

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw the attention (extra ``plot``): source pieces on top, written pieces at the side.

        Returns:
            The path written.

        Raises:
            InputError: If the model has no attention, or the picture cannot be written.
            MissingExtraError: If matplotlib is not installed.
        """
        if self.attention is None:
            raise InputError("this model translates without attention: there is nothing to draw")
        figure = new_figure(2.0 + 0.42 * len(self.source_pieces), 1.6 + 0.34 * len(self.pieces))
        axes = figure.add_subplot()
        image = axes.imshow(self.attention, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.xaxis.tick_top()
        columns = [piece.replace(SPACE, " ") for piece in self.source_pieces]
        rows = [piece.replace(SPACE, " ") for piece in self.pieces]
        axes.set_xticks(range(len(columns)), columns, rotation=45, ha="left", parse_math=False)
        axes.set_yticks(range(len(rows)), rows, parse_math=False)
        figure.colorbar(image, ax=axes, label="attention", shrink=0.8)
        return save_figure(figure, path)
