"""The training loop: steps, clipping, schedule, averaged weights, early stopping, exact resume.

It knows a model, a plan of batches and a loss; not texts, labels or tasks. All randomness (order,
dropout) is a function of the seed and the step's number, so a run that was killed and resumed takes
the very steps the uninterrupted run would have taken. Devices, mixed precision and several processes
are ``accelerate``'s work.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from nlp_rnn.config import LoopConfig
from nlp_rnn.errors import TrainingError
from nlp_rnn.training import checkpoint as checkpoints
from nlp_rnn.training.memory import keep_freed_memory
from nlp_rnn.training.schedule import warmup_cosine

Item = TypeVar("Item")


class Task(Protocol[Item]):
    """A task to train a model on: a plan for each epoch, a loss, and figures on held-out data.

    A task that carries tensors from one item to the next is a ``CarryingTask``.
    """

    def plan(self, epoch: int) -> Sequence[Item]:
        """Return the items of an epoch, in order: the same for the same epoch."""

    def tokens(self, item: Item) -> int:
        """Count the tokens an item trains on (for the rate shown)."""

    def loss(self, model: nn.Module, item: Item) -> Tensor:
        """Return the mean loss of an item, a scalar with a gradient."""

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Return figures on held-out data; of ``choice``, or without it of ``score``, higher is better."""


@runtime_checkable
class CarryingTask(Protocol):
    """The additional methods of a task in which the loss of an item depends on the one before it."""

    def carried(self) -> dict[str, Tensor]:
        """Return the tensors that the next item starts from, by name."""

    def carry_on(self, tensors: dict[str, Tensor]) -> None:
        """Start the next item from the tensors that ``carried`` gave."""


@dataclass(frozen=True)
class Progress:
    """The state of a run, handed to the ``progress`` callback after each step."""

    epoch: int
    step: int
    total_steps: int
    loss: float
    tokens_per_second: float
    seconds_left: float


@dataclass
class _Place:
    """The state of a run that is no tensor."""

    epoch: int = 0
    index: int = 0
    loss_sum: float = 0.0
    best: float = -math.inf
    bad_epochs: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


class Trainer(Generic[Item]):
    """Train one model on one task.

    Args:
        model: Trained in place; after ``run`` it holds the best epoch's (averaged) weights.
        task: Plan, loss and validation.
        config: Settings; what they leave to the data is settled by the steps of an epoch.
        output: Folder for checkpoints and ``history.jsonl``; None keeps nothing.
        identity: Plain values that a checkpoint must share to be resumed from (data, model, settings).
        progress: Called after each step.
        enough: Score at which training ends.
    """

    def __init__(
        self,
        model: nn.Module,
        task: Task[Item],
        config: LoopConfig,
        *,
        output: Path | None = None,
        identity: Mapping[str, Any] | None = None,
        progress: Callable[[Progress], None] | None = None,
        enough: float = math.inf,
    ) -> None:
        self.model, self.task = model, task
        self.accelerator = _accelerator(config)
        self.epoch_steps = math.ceil(len(task.plan(0)) / self.accelerator.num_processes)
        self.config = config = config.settled(lambda size: self.epoch_steps)
        assert config.max_epochs is not None  # it is settled
        assert config.patience is not None
        self.max_epochs, self.patience, self.enough = config.max_epochs, config.patience, enough
        self.output, self.progress = output, progress
        self.identity = {"train": config.to_dict(), **(identity or {})}
        self.average = AveragedModel(model, avg_fn=_averaging(config.ema_decay)) if config.ema_decay else None
        optimizer = torch.optim.AdamW(_groups(model, config), lr=config.learning_rate, fused=True)
        self.frozen = {name for name, weight in model.named_parameters() if not weight.requires_grad}
        self.best: dict[str, Tensor] = {}
        self.place = _Place()
        self.wrapped, self.optimizer = self.accelerator.prepare(model, optimizer)
        if self.average is not None:
            self.average.to(self.accelerator.device)
        self.total_steps = self.epoch_steps * self.max_epochs
        self.step = 0

    def run(self, *, resume: bool = False) -> list[dict[str, Any]]:
        """Train to the end, or until validation has not improved for ``patience`` epochs.

        Returns:
            One record per epoch: losses, rate, validation figures.

        Raises:
            TrainingError: If the loss or the gradient is not finite, or the folder's checkpoint is another
                run's, or ``resume`` was not asked for and there is one.
        """
        found = None if self.output is None else checkpoints.latest(self.output)
        if found is not None and not resume:
            raise TrainingError(
                f"{self.output} holds a run's checkpoint: resume it, or choose another folder, or delete it"
            )
        if found is not None:
            self._resume(found)
        keep_freed_memory()
        place = self.place
        while place.epoch < self.max_epochs and place.bad_epochs < self.patience and place.best < self.enough:
            self._epoch()
        self._restore(self.accelerator.unwrap_model(self.wrapped), self.best)
        self.model.to("cpu").eval()
        return place.history

    def _epoch(self) -> None:
        """Train for one epoch, validate and save; a resumed run begins in the middle of one."""
        config, place = self.config, self.place
        # Share the epoch's items among the processes; the first ones again, so that all take as many steps.
        plan = list(self.task.plan(place.epoch))
        ranks, rank = self.accelerator.num_processes, self.accelerator.process_index
        plan += plan[: -len(plan) % ranks]
        mine = plan[rank::ranks]
        started, first, tokens = time.perf_counter(), self.step, 0
        self.wrapped.train()
        # A resumed run begins in the middle of its epoch.
        for item in mine[place.index :]:
            loss = self._step(item)
            place.index += 1
            place.loss_sum += loss
            tokens += self.task.tokens(item) * ranks
            if self.progress is not None and self.accelerator.is_main_process:
                taken = max(1e-9, time.perf_counter() - started)
                left = (self.total_steps - self.step) * taken / (self.step - first)
                self.progress(Progress(place.epoch, self.step, self.total_steps, loss, tokens / taken, left))
            if (
                config.checkpoint_every
                and self.step % config.checkpoint_every == 0
                and place.index < len(mine)
            ):
                self._save()
        self._validate(place.loss_sum / len(mine), tokens, time.perf_counter() - started)
        place.epoch, place.index, place.loss_sum = place.epoch + 1, 0, 0.0
        self._save()

    def _validate(self, train_loss: float, tokens: int, seconds: float) -> None:
        """Validate after an epoch, record its figures, and keep its weights if they are the best so far."""
        place = self.place
        model = (
            self.average.module if self.average is not None else self.accelerator.unwrap_model(self.wrapped)
        )
        model.eval()
        figures = self.task.validate(model)
        place.history.append(
            {
                "epoch": place.epoch + 1,
                "step": self.step,
                "train_loss": train_loss,
                "seconds": round(seconds, 3),
                "tokens_per_second": round(tokens / max(seconds, 1e-9), 1),
                "validation": figures,
            }
        )
        chosen_by = choice(figures)
        if chosen_by > place.best:
            place.best, place.bad_epochs = chosen_by, 0
            self.best = {name: tensor.detach().clone() for name, tensor in self._state(model).items()}
        else:
            place.bad_epochs += 1

    def _step(self, item: Item) -> float:
        """Take one step; return the loss of the item before it."""
        config = self.config
        # A group's learning rate: the schedule's factor times its own, 0 while it is frozen.
        factor = warmup_cosine(self.step, self.total_steps, config.warmup)
        for group in self.optimizer.param_groups:
            is_trained = self.place.epoch >= group["frozen"]
            group["lr"] = config.learning_rate * factor * group["rate"] * is_trained
        with seeded(config.seed, self.step, self.accelerator.process_index), self.accelerator.autocast():
            try:
                loss = self.task.loss(self.wrapped, item)
            except RuntimeError as error:
                if config.precision == "no" or "primitive" not in str(error):
                    raise
                raise TrainingError(
                    f"this processor has no recurrent layers in {config.precision}: set precision to 'no'"
                ) from None
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss became {value} at step {self.step}: lower learning_rate "
                f"(now {config.learning_rate:g}) or max_grad_norm (now {config.max_grad_norm:g})"
            )
        self.accelerator.backward(loss)
        norm = float(self.accelerator.clip_grad_norm_(self.wrapped.parameters(), config.max_grad_norm))
        if not math.isfinite(norm) and config.precision != "fp16":  # fp16 skips such a step and rescales
            raise TrainingError(
                f"the gradient exploded at step {self.step} (norm {norm}): lower learning_rate "
                f"(now {config.learning_rate:g}), or use a cell with gates (lstm, gru)"
            )
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.average is not None:
            self.average.update_parameters(self.accelerator.unwrap_model(self.wrapped))
        self.step += 1
        return value

    def _state(self, module: nn.Module) -> dict[str, Tensor]:
        """Return the tensors of a model, or of its average, that training moves."""
        state = module.state_dict()
        return {name: tensor for name, tensor in state.items() if not self._is_frozen(name)}

    def _restore(self, module: nn.Module, tensors: dict[str, Tensor]) -> None:
        """Put back what ``_state`` returned."""
        missing = {name for name in module.state_dict() if self._is_frozen(name)}
        found = module.load_state_dict(tensors, strict=not missing)
        if found.unexpected_keys or not set(found.missing_keys) <= missing:
            raise TrainingError("the checkpoint's weights do not fit the model: start anew")

    def _is_frozen(self, name: str) -> bool:
        return name.removeprefix("module.") in self.frozen

    def _save(self) -> None:
        """Write a checkpoint and the history, if there is a folder for them."""
        if self.output is None or not self.accelerator.is_main_process:
            return
        tensors = {f"best/{name}": tensor for name, tensor in self.best.items()}
        modules = {"model": self.accelerator.unwrap_model(self.wrapped), "average": self.average}
        for prefix, module in modules.items():
            if module is not None:
                tensors |= {f"{prefix}/{name}": tensor for name, tensor in self._state(module).items()}
        for number, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer/{number}/{name}": tensor for name, tensor in state.items()}
        if isinstance(self.task, CarryingTask):
            tensors |= {f"carried/{name}": tensor for name, tensor in self.task.carried().items()}
        tensors = {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}
        state = {"identity": self.identity, "place": vars(self.place)}
        checkpoints.save(self.output, checkpoints.Checkpoint(self.step, tensors, state))
        lines = "".join(json.dumps(row) + "\n" for row in self.place.history)
        (self.output / "history.jsonl").write_text(lines, encoding="utf-8", newline="\n")

    def _resume(self, found: checkpoints.Checkpoint) -> None:
        """Restore the state of a checkpoint.

        Raises:
            TrainingError: If it is that of another run.
        """
        mine = json.loads(json.dumps(self.identity))  # as a checkpoint has it: lists for tuples
        if found.state["identity"] != mine:
            changed = differences(found.state["identity"], mine)
            raise TrainingError(
                f"the checkpoint in {self.output} was made with other {', '.join(changed)}: "
                "use the same ones, or another output folder"
            )
        names = ("best", "model", "average", "optimizer", "carried")
        groups: dict[str, dict[str, Tensor]] = {name: {} for name in names}
        for name, tensor in found.tensors.items():
            prefix, _, rest = name.partition("/")
            groups[prefix][rest] = tensor
        self._restore(self.accelerator.unwrap_model(self.wrapped), groups["model"])
        if self.average is not None:
            self._restore(self.average, groups["average"])
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in groups["optimizer"].items():
            number, _, key = name.partition("/")
            moments.setdefault(int(number), {})[key] = tensor
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": moments})
        if isinstance(self.task, CarryingTask):
            self.task.carry_on(groups["carried"])
        self.best, self.step, self.place = groups["best"], found.step, _Place(**found.state["place"])


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the names of what differs between a checkpoint's identity and a run's, settings with values.

    >>> differences({"train": {"seed": 1}, "data": "a5"}, {"train": {"seed": 2}, "data": "f0"})
    ['seed (1 there, 2 here)', 'data']
    """
    found = []
    for key in dict.fromkeys((*now, *before)):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        if key in _DIGESTS:
            found.append(_DIGESTS[key])
        elif isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new)
        else:
            found.append(f"{key} ({old!r} there, {new!r} here)")
    return found


_DIGESTS = {
    "data": "data",
    "validation": "validation data",
    "unlabelled": "unlabelled texts",
    "pairs": "pairs",
    "start": "start (its first weights)",
}
"""The parts of an identity that have no values to show, and what each is called."""


def choice(figures: Mapping[str, float]) -> float:
    """Return the figure by which an epoch is chosen: the highest is kept."""
    return figures.get("choice", figures["score"])


def _accelerator(config: LoopConfig) -> Accelerator:
    """Return what knows the devices, the precision and the processes."""
    AcceleratorState._reset_state()  # an earlier run in this process may have had another precision
    return Accelerator(mixed_precision=config.precision)


@contextmanager
def seeded(*numbers: int) -> Iterator[None]:
    """Make torch's random numbers a function of ``numbers`` within the ``with`` block, and nowhere else."""
    seed = 0
    for number in numbers:
        seed = (seed * 1_000_003 + number + 1) % 2**63
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def _averaging(decay: float) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """Return a moving average whose decay rises to its value, so that short runs are averaged, too."""

    def average(old: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
        now = min(decay, (1 + int(count)) / (10 + int(count)))
        return old.lerp_(new, 1 - now)

    return average


def _groups(model: nn.Module, config: LoopConfig) -> list[dict[str, Any]]:
    """Group embedding, encoder and head, each with its own rate and first epoch; only matrices decay."""
    rates = {"embedding": (config.embedding_rate, 2), "encoder": (config.encoder_rate, 1)}
    groups: dict[tuple[str, bool], list[nn.Parameter]] = {}
    for name, weight in model.named_parameters():
        if not weight.requires_grad:
            continue
        part = name.partition(".")[0]
        part = part if part in rates else "head"
        groups.setdefault((part, weight.ndim > 1 and part != "embedding"), []).append(weight)
    found = []
    for (part, decays), weights in groups.items():
        rate, waits = rates.get(part, (1.0, 0))
        decay = config.weight_decay if decays else 0.0
        frozen = waits * config.frozen_epochs
        found.append({"params": weights, "weight_decay": decay, "rate": rate, "frozen": frozen})
    return found
