"""The gradient study as a whole: flow, explosion, truncation; tables, JSON and a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp_rnn.errors import whole_number
from nlp_rnn.figure import BLUE, GREY, OTHER_COLOURS, VERMILION, new_figure, save_figure
from nlp_rnn.studies import flow, truncation
from nlp_rnn.studies.flow import Descent, Profile
from nlp_rnn.studies.truncation import WindowCost

_COLOURS = (VERMILION, OTHER_COLOURS[0], GREY, BLUE, OTHER_COLOURS[4])
_MAX_NORM = 1.0


@dataclass(frozen=True)
class Size:
    """The sizes of the study.

    Attributes:
        steps: Length of the sequences whose gradient is measured; the greatest lag is one less.
        sequences: Number of sequences that are averaged.
        hidden_size: Width of every cell.
        descent_steps: Steps of plain gradient descent from an exploding start.
        stream: Length of the sequence for truncation.
        windows: Its windows.
    """

    steps: int = 101
    sequences: int = 16
    hidden_size: int = 64
    descent_steps: int = 200
    stream: int = 2048
    windows: tuple[int, ...] = (8, 32, 128, 512)


FULL = Size()
QUICK = Size(
    steps=41,
    sequences=4,
    hidden_size=16,
    descent_steps=20,
    stream=128,
    windows=(8, 32),
)


@dataclass(frozen=True)
class GradientStudy:
    """The results of the gradient study.

    Attributes:
        size: The sizes of the study; ``seed`` is that of all that is random.
        profiles: Gradient norms per lag.
        descents: Descent from an exploding start, not clipped and clipped.
        windows: Truncated back-propagation through time.
    """

    size: Size
    seed: int
    profiles: list[Profile]
    descents: list[Descent]
    windows: list[WindowCost]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "size": vars(self.size),
            "seed": self.seed,
            "flow": flow.to_dict(self.profiles),
            "explosion": flow.to_dict(self.descents),
            "truncation": truncation.to_dict(self.windows),
        }

    def flow_table(self) -> list[list[str]]:
        """Return the share of the gradient at each lag, where it has vanished, and the effect of clipping."""
        lags = [lag for lag in (1, 10, 20, 50, 100) if lag < self.size.steps]
        rows = [["cell", *(f"lag {lag}" for lag in lags), "below 1/1000 at", "clipping multiplies by"]]
        for one in self.profiles:
            vanished = "-" if one.vanished_at is None else str(one.vanished_at)
            shares = (f"{one.relative(lag):.1e}" for lag in lags)
            rows.append([one.name, *shares, vanished, f"{one.clipped_by:.2g}"])
        return rows

    def explosion_table(self) -> list[list[str]]:
        """Return the length, the last loss and the largest gradient of each descent."""
        rows = [["descent", "steps until not finite", "last loss", "largest norm"]]
        for one in self.descents:
            whole = len(one.losses) == self.size.descent_steps
            ended = "-" if whole else str(len(one.losses))
            rows.append([one.name, ended, f"{one.losses[-1]:.3g}", f"{max(one.norms):.2g}"])
        return rows

    def truncation_table(self) -> list[list[str]]:
        """Return cost and gradient of each window."""
        rows = [["window", "seconds", "megabytes held", "cosine to the whole gradient"]]
        for one in self.windows:
            rows.append(
                [f"{one.window:,}", f"{one.seconds:.2f}", f"{one.megabytes:.2f}", f"{one.cosine:.3f}"]
            )
        return rows

    def tables(self) -> dict[str, list[list[str]]]:
        """Return all tables by title, the first row of each its header."""
        return {
            "Gradient of the last loss with respect to earlier inputs, over lag 0": self.flow_table(),
            "Plain descent from an exploding start": self.explosion_table(),
            f"Truncation: a stream of {self.size.stream:,} steps, LSTM": self.truncation_table(),
        }

    def plot(self, path: str | Path) -> Path:
        """Draw all three parts (extra ``plot``); returns the path.

        Raises:
            MissingExtraError: If matplotlib is not installed.
            InputError: If the picture cannot be written.
        """
        figure = new_figure(13, 4.2)
        left, middle, right = figure.subplots(1, 3)
        for one, colour in zip(self.profiles, _COLOURS, strict=True):
            left.semilogy([norm / one.norms[0] for norm in one.norms], color=colour, label=one.name)
        left.axhline(flow.VANISHED, color=GREY, linewidth=0.8, linestyle=":")
        left.set(
            title="gradient that reaches an input k steps back", xlabel="lag k", ylabel="norm over lag 0's"
        )
        left.set_ylim(1e-12, max(1e4, 10 * max(max(one.norms) / one.norms[0] for one in self.profiles)))
        left.legend(frameon=False, fontsize=8, loc="lower left")
        for descent, colour in zip(self.descents, (VERMILION, BLUE), strict=True):
            middle.semilogy(descent.losses, color=colour, label=descent.name)
        middle.set(title="descent from an exploding start", xlabel="step", ylabel="loss")
        middle.legend(frameon=False, loc="upper right")
        windows = [one.window for one in self.windows]
        right.loglog(
            windows, [one.megabytes for one in self.windows], "o-", color=BLUE, label="megabytes held"
        )
        right.loglog(windows, [one.seconds for one in self.windows], "s-", color=VERMILION, label="seconds")
        right.loglog(windows, [one.cosine for one in self.windows], "^-", color=GREY, label="cosine")
        right.set(title="truncated back-propagation through time", xlabel="window")
        right.legend(frameon=False, loc="upper left")
        for axes in (left, middle, right):
            axes.spines[["top", "right"]].set_visible(False)
        return save_figure(figure, path, dpi=100)


def study_gradients(
    size: Size = FULL, *, seed: int = 0, progress: Callable[[str], None] | None = None
) -> GradientStudy:
    """Measure everything; a minute on one core, seconds for ``QUICK``.

    Args:
        size: The sizes of the study.
        seed: Seed of weights, inputs and sequences.
        progress: Called with a sentence about each part that is done.
    """
    seed = whole_number("seed", seed, 0)
    say = progress or (lambda sentence: None)
    hidden = size.hidden_size
    profiles = flow.profiles(
        steps=size.steps, hidden_size=hidden, sequences=size.sequences, max_norm=_MAX_NORM, seed=seed
    )
    say("gradient flow is measured")
    descents = flow.explosion(
        steps=size.descent_steps,
        lag=50,
        hidden_size=hidden,
        max_norm=_MAX_NORM,
        learning_rate=0.02,
        seed=seed,
    )
    say("explosion is measured")
    windows = truncation.measure_windows(
        steps=size.stream, windows=size.windows, hidden_size=hidden, repetitions=3, seed=seed
    )
    say("truncation is measured")

    return GradientStudy(size, seed, profiles, descents, windows)
