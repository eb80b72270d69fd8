"""How long a memory: the steps that each cell needs to learn a lag, with a budget that lets it show it.

Two problems, adding and copying; each cell with the learning rate that serves it best on each, chosen at one
lag with a seed of its own. Then, for each seed, lags rise until one is not learned. Every attempt is a line
of the journal, so a study that was killed goes on where it was.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch

from nlp_rnn.errors import InputError, whole_number
from nlp_rnn.figure import BLUE, GREY, OTHER_COLOURS, VERMILION, new_figure, save_figure
from nlp_rnn.runtime.threads import end_with_parent
from nlp_rnn.studies.journal import add_trial, read_trials
from nlp_rnn.studies.learning import Attempt, Trial, attempt_of
from nlp_rnn.studies.problems import PROBLEMS
from nlp_rnn.studies.variants import CHRONO, VARIANTS

CELLS = {variant.name: variant for variant in (*VARIANTS, CHRONO)}
_COLOURS = (VERMILION, OTHER_COLOURS[0], GREY, BLUE, OTHER_COLOURS[2])
_RATE_SEED = 1_000  # added to the study's seed: rates are chosen on sequences that no seed of the study sees
_TEXTBOOK = {"rnn": 10, "lstm": 100}
"""The steps over which a cell learns dependencies: an RNN about so many, an LSTM so many and more."""


@dataclass(frozen=True, kw_only=True)
class MemorySize:
    """The sizes of the study.

    Attributes:
        lags: Tried in this order until one is not learned.
        seeds: How often each cell is trained on each problem.
        budget: Steps of an attempt at most.
        patience: Steps without a score that is a hundredth better, after which an attempt is given up.
        hidden_size, batch_size: Width of every cell; sequences of a step.
        rates: Learning rates to choose from.
        rate_lag, rate_budget: The lag at which they are tried, and the steps at most.
    """

    lags: tuple[int, ...] = (10, 20, 50, 100, 200)
    seeds: int = 3
    budget: int = 20_000
    patience: int = 10_000
    hidden_size: int = 64
    batch_size: int = 32
    rates: tuple[float, ...] = (1e-3, 3e-3, 1e-2)
    rate_lag: int = 50
    rate_budget: int = 2_000

    def up_to(self, longest: int) -> MemorySize:
        """Return the sizes with lags doubled from the last one on, and none above ``longest``.

        >>> MemorySize().up_to(400).lags
        (10, 20, 50, 100, 200, 400)

        Raises:
            InputError: If no lag is left.
        """
        lags = [*self.lags]
        while 2 * lags[-1] <= longest:
            lags.append(2 * lags[-1])
        lags = [lag for lag in lags if lag <= longest]
        if not lags:
            raise InputError(f"the longest lag should be at least {self.lags[0]}, got {longest}")
        return replace(self, lags=tuple(lags))


FULL_MEMORY = MemorySize()
QUICK_MEMORY = MemorySize(
    lags=(4,),
    seeds=1,
    budget=400,
    hidden_size=16,
    batch_size=16,
    rates=(2e-2, 3e-2),
    rate_lag=4,
    rate_budget=1,
)


@dataclass(frozen=True)
class MemoryStudy:
    """The results of the study.

    Attributes:
        size: The sizes of the study; ``seed`` is that of all that is random, or the first of the seeds.
        choices: The attempts by which the learning rates were chosen.
        rates: The rate of each problem and cell.
        trials: The attempts at each lag, with every seed.
    """

    size: MemorySize
    seed: int
    choices: list[Trial]
    rates: dict[tuple[str, str], float]
    trials: list[Trial]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "size": asdict(self.size),
            "seed": self.seed,
            "rates": [
                {"problem": problem, "cell": cell, "learning_rate": rate}
                for (problem, cell), rate in self.rates.items()
            ],
            "choices": [asdict(trial) for trial in self.choices],
            "trials": [{**asdict(trial), "solved": trial.solved} for trial in self.trials],
            "remarks": self.remarks(),
        }

    def trials_of(self, problem: str, cell: str, lag: int | None = None) -> list[Trial]:
        """Return the trials of a cell on a problem, at one lag or at all."""
        return [
            trial
            for trial in self.trials
            if (trial.attempt.problem, trial.attempt.cell) == (problem, cell)
            and lag in (None, trial.attempt.lag)
        ]

    def longest(self, problem: str, cell: str) -> list[int]:
        """Return the longest lag that each seed learned, from the shortest to the longest; 0 is none."""
        best = dict.fromkeys((trial.attempt.seed for trial in self.trials_of(problem, cell)), 0)
        for trial in self.trials_of(problem, cell):
            if trial.solved:
                best[trial.attempt.seed] = max(best[trial.attempt.seed], trial.attempt.lag)
        return sorted(best.values())

    def longest_table(self) -> list[list[str]]:
        """Return the longest lag learned: the median of the seeds and, where they differ, their range."""
        rows = [["cell", *PROBLEMS]]
        for cell in CELLS:
            found = [self.longest(problem, cell) for problem in PROBLEMS]
            rows.append([cell, *(self._lags_in_words(lags) for lags in found)])
        return rows

    def _lags_in_words(self, lags: Sequence[int]) -> str:
        def word(lag: float) -> str:
            return "none" if lag == 0 else f"{lag:g} or more" if lag == self.size.lags[-1] else f"{lag:g}"

        spread = "" if lags[0] == lags[-1] else f" ({word(lags[0])} to {word(lags[-1])})"
        return word(median(lags)) + spread

    def steps_table(self, problem: str) -> list[list[str]]:
        """Return the steps that each lag needed: the median of the seeds that learned it, and their range."""
        rows = [["cell", "learning rate", *(f"lag {lag}" for lag in self.size.lags)]]
        for cell in CELLS:
            cells = [self._steps_in_words(problem, cell, lag) for lag in self.size.lags]
            rows.append([cell, f"{self.rates[problem, cell]:g}", *cells])
        return rows

    def _steps_in_words(self, problem: str, cell: str, lag: int) -> str:
        tried = self.trials_of(problem, cell, lag)
        steps = sorted(trial.steps for trial in tried if trial.solved)
        if not steps:
            return "not learned" if tried else "-"
        spread = "" if steps[0] == steps[-1] else f" ({steps[0]:,} to {steps[-1]:,})"
        seeds = "" if len(steps) == self.size.seeds else f", {len(steps)} of {self.size.seeds} seeds"
        return f"{median(steps):,.0f}{spread}{seeds}"

    def tables(self) -> dict[str, list[list[str]]]:
        """Return all tables by title, the first row of each its header."""
        seeds = "1 seed" if self.size.seeds == 1 else f"{self.size.seeds} seeds"
        budget = f"{seeds}, up to {self.size.budget:,} steps"
        return {
            f"Longest lag learned, {budget}": self.longest_table(),
            **{f"Steps to 90 %, {problem}": self.steps_table(problem) for problem in PROBLEMS},
        }

    def remarks(self) -> list[str]:
        """Return what the textbook says of each cell's memory, against the median of the seeds.

        "About 10" is contradicted above 20, "100 and more" below 100.
        """
        found = []
        for problem in PROBLEMS:
            for cell, variant in CELLS.items():
                said = _TEXTBOOK.get(variant.cell)
                lags = self.longest(problem, cell)
                lag = median(lags)
                if said is None or said > self.size.lags[-1]:
                    continue
                contradicts = lag > 2 * said if variant.cell == "rnn" else lag < said
                claim = f"about {said}" if variant.cell == "rnn" else f"{said} and more"
                verdict = "contradicts" if contradicts else "agrees with"
                found.append(
                    f"{cell}, {problem}: learned lag {self._lags_in_words(lags)}, which {verdict} "
                    f"the textbook's {claim}"
                )
        return found

    def plot(self, path: str | Path) -> Path:
        """Draw the steps needed against the lag, a panel a problem (extra ``plot``); returns the path.

        Raises:
            MissingExtraError: If matplotlib is not installed.
            InputError: If the picture cannot be written.
        """
        figure = new_figure(11, 4.4)
        for axes, problem in zip(figure.subplots(1, len(PROBLEMS), sharey=True), PROBLEMS, strict=True):
            for number, (cell, colour) in enumerate(zip(CELLS, _COLOURS, strict=False)):
                self._draw(axes, problem, cell, colour, shift=1.03 ** (number - 2))
            axes.axhline(self.size.budget, color=GREY, linewidth=0.8, linestyle=":")
            axes.set(title=problem, xlabel="lag", xscale="log", yscale="log")
            axes.set_xticks(self.size.lags, [str(lag) for lag in self.size.lags])
            axes.minorticks_off()
            axes.spines[["top", "right"]].set_visible(False)
        first = figure.axes[0]
        first.set_ylabel("steps to 90 % (x: a seed that did not learn it)")
        first.legend(frameon=False, fontsize=8)
        return save_figure(figure, path, dpi=100)

    def _draw(self, axes: Any, problem: str, cell: str, colour: str, *, shift: float) -> None:
        """Draw one cell: the median of the seeds that learned a lag, their range, and those that did not."""
        found = {
            lag: sorted(trial.steps for trial in self.trials_of(problem, cell, lag) if trial.solved)
            for lag in self.size.lags
        }
        lags = [lag for lag, steps in found.items() if steps]
        middle = [median(found[lag]) for lag in lags]
        below = [mid - found[lag][0] for lag, mid in zip(lags, middle, strict=True)]
        above = [found[lag][-1] - mid for lag, mid in zip(lags, middle, strict=True)]
        # Cells stand a little beside each other, so that their ranges can be told apart.
        places = [lag * shift for lag in lags]
        axes.errorbar(places, middle, yerr=[below, above], fmt="o-", color=colour, capsize=3, label=cell)
        failed = [trial for trial in self.trials_of(problem, cell) if not trial.solved]
        axes.plot(
            [trial.attempt.lag * shift for trial in failed],
            [trial.steps for trial in failed],
            "x",
            color=colour,
        )


def study_memory(
    folder: str | Path,
    size: MemorySize = FULL_MEMORY,
    *,
    seed: int = 0,
    jobs: int = 1,
    progress: Callable[[str], None] | None = None,
) -> MemoryStudy:
    """Measure the steps that each cell needs at each lag; hours, seconds for ``QUICK_MEMORY``.

    Args:
        folder: Where ``memory.jsonl`` keeps each attempt that is finished; none in there is made again.
        size: The sizes of the study.
        seed: The first of the seeds of weights and sequences.
        jobs: Attempts at once, each a process with one thread; 1 is this process.
        progress: Called with a sentence about each attempt that is done.

    Raises:
        InputError: If the folder cannot be written to.
        DataError: If its journal is none.
        ConfigError: If ``seed`` or ``jobs`` is outside its range.
    """
    seed, jobs = whole_number("seed", seed, 0), whole_number("jobs", jobs, 1)
    with _attempts(Path(folder), jobs, progress) as finish:
        # First the rates: by the fewest steps to a solution; where none solves it, by the best score.
        pairs = [(problem, cell) for problem in PROBLEMS for cell in CELLS]
        choices = finish(
            _attempt(size, problem, cell, size.rate_lag, rate, seed + _RATE_SEED, size.rate_budget)
            for problem, cell in pairs
            for rate in size.rates
        )
        rates = {pair: _best_rate(choices, *pair) for pair in pairs}
        # Then the lags in rising order; a seed that did not learn one is not asked for the next.
        trials: list[Trial] = []
        climbing = [(pair, seed + number) for pair in pairs for number in range(size.seeds)]
        for lag in size.lags:
            round_ = finish(
                _attempt(size, *pair, lag, rates[pair], one_seed, size.budget) for pair, one_seed in climbing
            )
            climbing = [one for one, trial in zip(climbing, round_, strict=True) if trial.solved]
            trials += round_
    return MemoryStudy(size, seed, choices, rates, trials)


def _attempt(
    size: MemorySize, problem: str, cell: str, lag: int, rate: float, seed: int, budget: int
) -> Attempt:
    """Return an attempt of the study's sizes."""
    return Attempt(problem, cell, lag, rate, seed, budget, size.patience, size.hidden_size, size.batch_size)


def _best_rate(choices: Iterable[Trial], problem: str, cell: str) -> float:
    """Return the rate that solved a problem in the fewest steps, or else came nearest."""
    mine = [trial for trial in choices if (trial.attempt.problem, trial.attempt.cell) == (problem, cell)]
    best = min(mine, key=lambda trial: (not trial.solved, trial.steps if trial.solved else -trial.score))
    return best.attempt.learning_rate


@contextmanager
def _attempts(
    folder: Path, jobs: int, progress: Callable[[str], None] | None
) -> Iterator[Callable[[Iterable[Attempt]], list[Trial]]]:
    """Give a function that makes attempts, but for those that the journal has, and returns their trials."""
    path = folder / "memory.jsonl"
    done = {trial.attempt: trial for trial in read_trials(path)}

    def finish(wanted: Iterable[Attempt]) -> list[Trial]:
        listed = list(wanted)
        # The slowest first, so that the processes end at about the same time.
        missing = sorted((one for one in listed if one not in done), key=_is_slow, reverse=True)
        for trial in _made(missing, pool):
            add_trial(path, trial)
            done[trial.attempt] = trial
            if progress is not None:
                progress(_in_words(trial))
        return [done[one] for one in listed]

    pool = None
    if jobs > 1:
        pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _begin)
    try:
        yield finish
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _made(missing: Iterable[Attempt], pool: ProcessPoolExecutor | None) -> Iterator[Trial]:
    """Make attempts, here or in the pool's processes, and give each trial when it is there.

    Raises:
        InputError: If a process died.
    """
    if pool is None:
        yield from map(_try, missing)
        return
    try:
        for future in as_completed([pool.submit(_try, asked) for asked in missing]):
            yield future.result()
    except BrokenProcessPool:
        raise InputError(
            "a process died, as where memory is short: what is finished is kept, so go on with fewer jobs"
        ) from None


def _begin() -> None:
    """Prepare a process: one thread, and its end when its parent ends, however that does."""
    torch.set_num_threads(1)
    end_with_parent()


def _try(asked: Attempt) -> Trial:
    return attempt_of(asked, CELLS[asked.cell])


def _is_slow(asked: Attempt) -> bool:
    """True for the cell that torch computes slowest on a CPU."""
    return CELLS[asked.cell].cell == "gru"


def _in_words(trial: Trial) -> str:
    """Return a sentence about an attempt."""
    asked = trial.attempt
    result = "solved" if trial.solved else f"not solved ({trial.score:.2f})"
    where = f"{asked.problem}, {asked.cell}, lag {asked.lag}, rate {asked.learning_rate:g}, seed {asked.seed}"
    return f"{where}: {result} after {trial.steps:,} steps"
