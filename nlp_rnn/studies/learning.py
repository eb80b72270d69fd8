"""Learnability: the longest lag that each cell learns within the same budget.

Every cell gets the same steps, batches, width, optimiser and learning rate; lags rise until one is not
solved. Training is the shared loop's.

Shapes: B sequences, T steps, E input features, H hidden units, A answers, O values of an answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nlp_rnn.config import LoopConfig
from nlp_rnn.studies.problems import Adding, Copying, Problem
from nlp_rnn.studies.variants import VARIANTS, Variant
from nlp_rnn.training.loop import Trainer, seeded

_EPOCH = 50  # steps between two validations
_BATCH = 32
_HELD_OUT = 2**20  # a batch number that no training step has


class ProblemModel(nn.Module):
    """A one-way encoder with a linear layer on the last steps."""

    def __init__(self, variant: Variant, problem: Problem, hidden_size: int, *, seed: int) -> None:
        super().__init__()
        self.encoder = variant.encoder(problem.inputs, hidden_size, seed=seed)
        with seeded(seed):
            self.output = nn.Linear(hidden_size, problem.outputs)

    def forward(self, x_BTE: Tensor, answers: int) -> Tensor:
        """Return the answers at the last steps.

        Shape:
            (B, T, E) -> (B, A, O).
        """
        outputs_BTH, _ = self.encoder.carry(x_BTE, self.encoder.start(len(x_BTE)))
        answers_BAO: Tensor = self.output(outputs_BTH[:, -answers:])
        return answers_BAO


class _Task:
    """A task with fresh sequences at every step, and a score on held-out ones."""

    def __init__(self, problem: Problem, steps: int, batch_size: int, seed: int) -> None:
        self.problem, self.steps, self.batch_size, self.seed = problem, steps, batch_size, seed

    def plan(self, epoch: int) -> Sequence[int]:
        """Return the numbers of the epoch's batches."""
        first = epoch * self.steps
        return range(first, first + self.steps)

    def tokens(self, item: int) -> int:
        """Return the steps of a batch."""
        return self.batch_size * self.problem.lag

    def loss(self, model: nn.Module, item: int) -> Tensor:
        """Return the squared error of the sum, or the cross-entropy of the symbols."""
        x_BTE, targets_BAO = (
            torch.from_numpy(a) for a in self.problem.batch(self.batch_size, (self.seed, item))
        )
        answers_BAO = model(x_BTE, targets_BAO.size(1))
        if isinstance(self.problem, Adding):
            return nn.functional.mse_loss(answers_BAO, targets_BAO)
        return nn.functional.cross_entropy(answers_BAO.flatten(0, 1), targets_BAO.flatten(0, 1))

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Return the problem's own score on held-out sequences."""
        x_BTE, targets_BAO = self.problem.batch(500, (self.seed, _HELD_OUT))
        with torch.inference_mode():
            answers_BAO = model(torch.from_numpy(x_BTE), targets_BAO.shape[1])
        return {"score": self.problem.score(answers_BAO.numpy(), targets_BAO)}


@dataclass(frozen=True)
class Trial:
    """The result of one cell on one problem at one lag.

    Attributes:
        problem, cell, lag: The problem, the cell and the lag.
        score: The best on held-out sequences.
        steps: Steps taken: the budget, or fewer where it was solved before.
        solved: True if the score is high enough.
    """

    problem: str
    cell: str
    lag: int
    score: float
    steps: int
    solved: bool


def attempt(
    variant: Variant, problem: Problem, *, budget: int, hidden_size: int, learning_rate: float, seed: int
) -> Trial:
    """Train until the problem is solved or the budget of steps is spent."""
    config = LoopConfig(
        max_epochs=math.ceil(budget / _EPOCH),
        batch_size=_BATCH,
        learning_rate=learning_rate,
        warmup=0.0,
        weight_decay=0.0,
        ema_decay=0.0,
        patience=budget,
        dropout=0.0,
        seed=seed,
    )
    model = ProblemModel(variant, problem, hidden_size, seed=seed)
    task = _Task(problem, min(budget, _EPOCH), _BATCH, seed)
    history = Trainer(model, task, config, enough=problem.enough).run()
    score = max(row["validation"]["score"] for row in history)
    return Trial(problem.name, variant.name, problem.lag, score, history[-1]["step"], score >= problem.enough)


def longest_lags(
    *,
    lags: Sequence[int],
    budget: int,
    hidden_size: int,
    learning_rate: float,
    seed: int,
    progress: Callable[[Trial], None] | None = None,
) -> list[Trial]:
    """Try every variant on both problems, with rising lags until one is not solved.

    Args:
        lags: Lags to try, in rising order.
        budget: Steps for each attempt.
        hidden_size: Width of every cell.
        learning_rate: Peak learning rate of every attempt; a cosine down to zero over the budget.
        seed: Seed of weights and sequences.
        progress: Called after each attempt.
    """
    trials: list[Trial] = []
    for kind in (Adding, Copying):
        for variant in VARIANTS:
            for lag in lags:
                trial = attempt(
                    variant,
                    kind(lag),
                    budget=budget,
                    hidden_size=hidden_size,
                    learning_rate=learning_rate,
                    seed=seed,
                )
                trials.append(trial)
                if progress is not None:
                    progress(trial)
                if not trial.solved:
                    break
    return trials


def longest(trials: Sequence[Trial], problem: str, cell: str) -> int:
    """Return the longest lag solved; 0 if none was."""
    return max((t.lag for t in trials if (t.problem, t.cell) == (problem, cell) and t.solved), default=0)


def to_dict(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return plain values for JSON."""
    return [asdict(trial) for trial in trials]
