"""The gradient study as a whole: flow, explosion, learnability, truncation; tables, JSON and a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp_rnn.errors import whole_number
from nlp_rnn.figure import BLUE, GREY, OTHER_COLOURS, VERMILION, new_figure, save_figure
from nlp_rnn.studies import flow, learning, truncation
from nlp_rnn.studies.flow import Descent, Profile
from nlp_rnn.studies.learning import Trial, longest
from nlp_rnn.studies.truncation import WindowCost
from nlp_rnn.studies.variants import VARIANTS

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
        lags: For the two learning problems, rising.
        budget: Training steps for each attempt.
        stream: Length of the sequence for truncation.
        windows: Its windows.
    """

    steps: int = 101
    sequences: int = 16
    hidden_size: int = 64
    descent_steps: int = 200
    lags: tuple[int, ...] = (10, 20, 50, 100, 200)
    budget: int = 1500
    stream: int = 2048
    windows: tuple[int, ...] = (8, 32, 128, 512)


FULL = Size()
QUICK = Size(
    steps=41,
    sequences=4,
    hidden_size=16,
    descent_steps=20,
    lags=(5,),
    budget=50,
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
        trials: Every attempt at the adding and copying problems.
        windows: Truncated back-propagation through time.
    """

    size: Size
    seed: int
    profiles: list[Profile]
    descents: list[Descent]
    trials: list[Trial]
    windows: list[WindowCost]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "size": vars(self.size),
            "seed": self.seed,
            "flow": flow.to_dict(self.profiles),
            "explosion": flow.to_dict(self.descents),
            "learning": learning.to_dict(self.trials),
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

    def learning_table(self) -> list[list[str]]:
        """Return the longest lag solved within the budget."""
        rows = [["cell", "adding: longest lag", "copying: longest lag"]]
        for variant in VARIANTS:
            solved = (longest(self.trials, problem, variant.name) for problem in ("adding", "copying"))
            rows.append([variant.name, *(self._at_least(lag) for lag in solved)])
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
            f"Longest lag learned within {self.size.budget:,} steps": self.learning_table(),
            f"Truncation: a stream of {self.size.stream:,} steps, LSTM": self.truncation_table(),
        }

    def _at_least(self, lag: int) -> str:
        return f"{lag} or more" if lag == self.size.lags[-1] else str(lag) if lag else "none"

    def plot(self, path: str | Path) -> Path:
        """Draw all four parts (extra ``plot``); returns the path.

        Raises:
            MissingExtraError: If matplotlib is not installed.
            InputError: If the picture cannot be written.
        """
        figure = new_figure(11, 7.6)
        (top, right), (left, last) = figure.subplots(2, 2)
        for one, colour in zip(self.profiles, _COLOURS, strict=True):
            top.semilogy([norm / one.norms[0] for norm in one.norms], color=colour, label=one.name)
        top.axhline(flow.VANISHED, color=GREY, linewidth=0.8, linestyle=":")
        top.set(
            title="gradient that reaches an input k steps back", xlabel="lag k", ylabel="norm over lag 0's"
        )
        top.set_ylim(1e-12, max(1e4, 10 * max(max(one.norms) / one.norms[0] for one in self.profiles)))
        top.legend(frameon=False, fontsize=8, loc="lower left")
        for descent, colour in zip(self.descents, (VERMILION, BLUE), strict=True):
            right.semilogy(descent.losses, color=colour, label=descent.name)
        right.set(title="descent from an exploding start", xlabel="step", ylabel="loss")
        right.legend(frameon=False, loc="upper right")
        _draw_lags(left, self)
        windows = [one.window for one in self.windows]
        last.loglog(
            windows, [one.megabytes for one in self.windows], "o-", color=BLUE, label="megabytes held"
        )
        last.loglog(windows, [one.seconds for one in self.windows], "s-", color=VERMILION, label="seconds")
        last.loglog(windows, [one.cosine for one in self.windows], "^-", color=GREY, label="cosine")
        last.set(title="truncated back-propagation through time", xlabel="window")
        last.legend(frameon=False, loc="upper left")
        for axes in (top, right, left, last):
            axes.spines[["top", "right"]].set_visible(False)
        return save_figure(figure, path, dpi=100)


def _draw_lags(axes: Any, study: GradientStudy) -> None:
    """Draw the longest lag solved, a bar for each problem and cell."""
    names = [variant.name for variant in VARIANTS]
    for number, (problem, colour) in enumerate((("adding", BLUE), ("copying", OTHER_COLOURS[2]))):
        lags = [longest(study.trials, problem, name) for name in names]
        bars = axes.barh(
            [n + 0.4 * number for n in range(len(names))], lags, 0.38, color=colour, label=problem
        )
        axes.bar_label(bars, padding=2, fontsize=8)
    axes.set_yticks([n + 0.2 for n in range(len(names))], names)
    axes.invert_yaxis()
    longest_tried = study.size.lags[-1]
    axes.set(
        title=f"longest lag learned in {study.size.budget:,} steps (tried: up to {longest_tried})",
        xlabel="lag",
    )
    axes.legend(frameon=False, loc="lower right")


def study_gradients(
    size: Size = FULL, *, seed: int = 0, progress: Callable[[str], None] | None = None
) -> GradientStudy:
    """Measure everything; minutes on two cores, seconds for ``QUICK``.

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

    def say_trial(trial: Trial) -> None:
        result = "solved" if trial.solved else "not solved"
        say(f"{trial.problem}, {trial.cell}, lag {trial.lag}: {result} after {trial.steps:,} steps")

    trials = learning.longest_lags(
        lags=size.lags,
        budget=size.budget,
        hidden_size=hidden,
        learning_rate=3e-3,
        seed=seed,
        progress=say_trial,
    )
    return GradientStudy(size, seed, profiles, descents, trials, windows)
