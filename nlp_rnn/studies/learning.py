"""One attempt to learn a problem whose answer lies a lag behind: steps until nine tenths are solved.

Training is the shared loop's, with fresh sequences at every step. An attempt ends when the problem is solved,
when its budget of steps is spent, or when it is hopeless: no hundredth gained in ``patience`` steps.

Shapes: B sequences, T steps, E input features, H hidden units, A answers, O values of an answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nlp_rnn.config import LoopConfig
from nlp_rnn.errors import TrainingError
from nlp_rnn.studies.problems import PROBLEMS, Adding, Problem
from nlp_rnn.studies.variants import Variant
from nlp_rnn.training.loop import Trainer, seeded

SOLVED = 0.9  # the score of a problem that is learned
_EPOCH = 50  # steps between two validations
_HELD_OUT = 2**20  # a batch number that no training step has


class ProblemModel(nn.Module):
    """A one-way encoder with a linear layer on the last steps."""

    def __init__(self, variant: Variant, problem: Problem, hidden_size: int, *, seed: int) -> None:
        super().__init__()
        self.encoder = variant.encoder(problem.inputs, hidden_size, longest=problem.lag, seed=seed)
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
        score = self.problem.score(answers_BAO.numpy(), targets_BAO)
        # By this the loop sees whether there is progress: less than a hundredth is none.
        return {"score": score, "choice": math.floor(100 * score) / 100}


@dataclass(frozen=True)
class Attempt:
    """What is tried: one cell on one problem at one lag.

    Attributes:
        problem, cell, lag: Names of the problem and of the cell's variant; the lag.
        learning_rate: Peak rate; a cosine takes it to zero over the budget.
        seed: Seed of weights and sequences.
        budget: Steps at most.
        patience: Steps without a score that is a hundredth better, after which it is hopeless.
        hidden_size, batch_size: Width of the cell; sequences of a step.
    """

    problem: str
    cell: str
    lag: int
    learning_rate: float
    seed: int
    budget: int
    patience: int
    hidden_size: int
    batch_size: int


@dataclass(frozen=True)
class Trial:
    """What came of an attempt.

    Attributes:
        attempt: What was tried.
        score: The best on held-out sequences: 0 is guessing the mean for adding, one kind in all for copying.
        steps: Steps taken; where it is solved, those that it needed, to within 50.
    """

    attempt: Attempt
    score: float
    steps: int

    @property
    def solved(self) -> bool:
        """True if nine tenths are solved."""
        return self.score >= SOLVED


def attempt_of(asked: Attempt, variant: Variant) -> Trial:
    """Train a variant until the problem is solved, the budget is spent, or it is hopeless.

    A training whose loss or gradient stops being finite is one that did not solve its problem.
    """
    config = LoopConfig(
        max_epochs=math.ceil(asked.budget / _EPOCH),
        batch_size=asked.batch_size,
        learning_rate=asked.learning_rate,
        warmup=0.0,
        weight_decay=0.0,
        ema_decay=0.0,
        patience=math.ceil(asked.patience / _EPOCH),
        dropout=0.0,
        seed=asked.seed,
    )
    problem = PROBLEMS[asked.problem](asked.lag)
    model = ProblemModel(variant, problem, asked.hidden_size, seed=asked.seed)
    task = _Task(problem, min(asked.budget, _EPOCH), asked.batch_size, asked.seed)
    trainer = Trainer(model, task, config, enough=SOLVED)
    try:
        trainer.run()
    except TrainingError:
        pass  # it diverged; what it had learned before counts
    scores = [row["validation"]["score"] for row in trainer.place.history]
    return Trial(asked, max(scores, default=0.0), trainer.step)
