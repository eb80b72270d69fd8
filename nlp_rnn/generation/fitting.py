"""Training a character model on a long row of ids: the part that needs torch.

Truncated back-propagation through time (Williams & Peng 1990): the text is cut into parallel streams, the
state is carried from window to window, and the gradient stops at each window's start. The shared loop does
the rest, and its checkpoints hold the carried state, so a killed run goes on at the very place in the text.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nlp_rnn.batch import AnyIds, Streams, windows
from nlp_rnn.config import CharConfig, CharTrainConfig
from nlp_rnn.errors import InputError, TrainingError
from nlp_rnn.generation.bigrams import bigram_nats
from nlp_rnn.nn.characters import CharRNN
from nlp_rnn.nn.weights import tensors_of, weights_of
from nlp_rnn.training.curves import best_epoch
from nlp_rnn.training.loop import Progress, Trainer, seeded
from nlp_rnn.training.remarks import History, still_falling
from nlp_rnn.weights import Weights

Window = tuple[int, int, int]
"""Where the epoch's first stream starts in the text, and a window's start and length in each stream."""

_READ = 1024  # characters read at once when nothing is learned


class StreamTask:
    """Next-character cross-entropy over streams; nats per character of the held-out text.

    Args:
        train_N: Ids to learn from.
        validation_N: Held-out ids, read whole, from the start, with the state carried.
        config: Windows, streams, penalties, seed.
        doubt: What to add where the text is too short, such as that it may be a file's name.
    """

    def __init__(
        self, train_N: AnyIds, validation_N: AnyIds, *, config: CharTrainConfig, doubt: str = ""
    ) -> None:
        if len(train_N) <= config.window:
            raise InputError(
                f"the corpus has {len(train_N):,} characters to train on, and a window {config.window}: "
                f"give a longer corpus, or a smaller window (CharTrainConfig(window=...), --window){doubt}"
            )
        if len(validation_N) < 2:
            raise InputError("the held-out text needs at least two characters")
        self.train_N, self.validation_N = train_N, validation_N
        self.config = config = config.settled(lambda size: len(_cut(train_N, size, config)))
        assert config.batch_size is not None  # it is settled
        self.count = _streams(train_N, config.batch_size, config)
        self.state_SLBH: Tensor | None = None

    def plan(self, epoch: int) -> Sequence[Window]:
        """The same windows in each epoch, from another place in the text."""
        config = self.config
        shift = int(np.random.default_rng([config.seed, epoch]).integers(len(self.train_N)))
        return [(shift, start, length) for start, length in _cut(self.train_N, self.count, config)]

    def tokens(self, item: Window) -> int:
        """Characters of a window, over all streams."""
        return self.count * item[2]

    def loss(self, model: nn.Module, item: Window) -> Tensor:
        """Mean cross-entropy of a window, with the penalties on the outputs (AR and TAR)."""
        shift, start, length = item
        device = next(model.parameters()).device
        inputs_BT, targets_BT = Streams(self.train_N, self.count, shift).window(start, length)
        if start == 0 or self.state_SLBH is None:
            self.state_SLBH = unwrapped(model).encoder.start(self.count)
        elif self.config.restart:
            keep_B1 = torch.rand(self.count, 1, device=device) >= self.config.restart
            self.state_SLBH = self.state_SLBH.to(device) * keep_B1
        answer = model(torch.from_numpy(inputs_BT).to(device), self.state_SLBH.to(device))
        self.state_SLBH = answer.state_SLBH.detach()
        targets = torch.from_numpy(targets_BT).to(device)
        loss = cross_entropy(answer.logits_BTV.float().flatten(0, 1), targets.flatten())
        if self.config.activation_penalty:
            loss = loss + self.config.activation_penalty * answer.dropped_BTH.pow(2).mean()
        if self.config.slowness_penalty and length > 1:
            loss = loss + self.config.slowness_penalty * answer.outputs_BTH.diff(dim=1).pow(2).mean()
        return loss

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Nats and bits per character of the whole held-out text."""
        nats = float(-log_probs(unwrapped(model), self.validation_N).mean())
        return {"nats_per_char": nats, "bits_per_char": nats / math.log(2), "score": -nats}

    def carried(self) -> dict[str, Tensor]:
        """The streams' state."""
        return {} if self.state_SLBH is None else {"state": self.state_SLBH}

    def carry_on(self, tensors: dict[str, Tensor]) -> None:
        """Go on from a state that ``carried`` gave."""
        self.state_SLBH = tensors.get("state")


def _streams(ids_N: AnyIds, most: int, config: CharTrainConfig) -> int:
    """Return how many streams a text gives: each has a window to read at least."""
    return min(most, (len(ids_N) - 1) // config.window)


def _cut(ids_N: AnyIds, most: int, config: CharTrainConfig) -> list[tuple[int, int]]:
    """Return the windows of an epoch, as (start, length) in each stream."""
    steps = Streams(ids_N, _streams(ids_N, most, config)).steps
    return windows(steps, window=config.window, jitter=config.window_jitter, seed=config.seed)


def unwrapped(model: nn.Module) -> CharRNN:
    """The character model itself, whatever ``accelerate`` put around it."""
    inner = getattr(model, "module", model)
    assert isinstance(inner, CharRNN)
    return inner


def log_probs(model: CharRNN, ids_N: AnyIds) -> NDArray[np.float32]:
    """Natural log-probability of each id after the first, read as one stream with the state carried.

    Shape:
        (N,) -> (N - 1,).
    """
    device = model.output.weight.device
    found = []
    with torch.inference_mode():
        state_SLBH = model.encoder.start(1)
        for start in range(0, len(ids_N) - 1, _READ):
            ids = torch.from_numpy(ids_N[start : start + _READ + 1].astype(np.int64)).to(device)
            answer = model(ids[None, :-1], state_SLBH)
            state_SLBH = answer.state_SLBH
            found.append(
                -cross_entropy(answer.logits_BTV[0].float(), ids[1:], reduction="none").cpu().numpy()
            )
    return np.concatenate(found)


def dynamic_log_probs(
    model: CharRNN, ids_N: AnyIds, *, learning_rate: float = 2e-3, decay: float = 2e-3, window: int = 20
) -> NDArray[np.float32]:
    """``log_probs`` of a model that goes on learning from what it has read (Krause et al. 2018).

    After each window the weights take a step down its gradient, scaled by the root of the running mean square
    of all gradients so far, and a step back towards where they were. The model is changed.

    Args:
        model: The trained model.
        ids_N: The text, *shape (N,)*.
        learning_rate: Of the steps.
        decay: Share of the way back to the trained weights at each step.
        window: Characters between steps.

    Shape:
        (N,) -> (N - 1,).
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    trained = [weight.detach().clone() for weight in weights]
    squares = [torch.zeros_like(weight) for weight in weights]
    state_SLBH, found = model.encoder.start(1), []
    for step, start in enumerate(range(0, len(ids_N) - 1, window), 1):
        ids = torch.from_numpy(ids_N[start : start + window + 1].astype(np.int64))
        answer = model(ids[None, :-1], state_SLBH)
        state_SLBH = answer.state_SLBH.detach()
        losses_T = cross_entropy(answer.logits_BTV[0], ids[1:], reduction="none")
        found.append(-losses_T.detach().numpy())
        gradients = torch.autograd.grad(losses_T.mean(), weights)
        with torch.no_grad():
            for weight, before, square, gradient in zip(weights, trained, squares, gradients, strict=True):
                square.addcmul_(gradient, gradient)
                weight.addcdiv_(gradient, (square / step).sqrt_().add_(1e-3), value=-learning_rate)
                weight.lerp_(before, decay)
    return np.concatenate(found)


def build(config: CharConfig, weights: Mapping[str, NDArray[np.float32]]) -> CharRNN:
    """The torch model of these weights (copied), in evaluation mode."""
    model = CharRNN(config)
    tensors = tensors_of(weights)
    if config.tied:
        tensors["output.weight"] = tensors["embedding.weight"]
    model.load_state_dict(tensors)
    return model.eval()


def fit_model(
    train_N: AnyIds,
    validation_N: AnyIds,
    *,
    model_config: CharConfig,
    config: CharTrainConfig,
    unk_id: int,
    doubt: str = "",
    output: Path | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[Weights, dict[str, Any]]:
    """Train a character model.

    Args:
        train_N: Ids to learn from.
        validation_N: Held-out ids; their nats per character select the epoch.
        model_config: Shape of the model.
        config: How to train.
        unk_id: The id of characters never seen; where training has none, it gets the mean of all vectors.
        doubt: What to add where the text is too short.
        output: Folder for checkpoints and history.
        resume: Go on from its newest checkpoint.
        progress: Called after each step.

    Returns:
        Weights by name, and a record of the run.

    Raises:
        InputError: If a text is too short.
        TrainingError: If training cannot go on, or runs in several processes.
    """
    with seeded(config.seed):
        model = CharRNN(model_config, dropout=config.dropout, weight_dropout=config.weight_dropout)
    task = StreamTask(train_N, validation_N, config=config, doubt=doubt)
    identity = {"model": model_config.to_dict(), "data": [_digest(train_N), _digest(validation_N)]}
    trainer = Trainer(model, task, task.config, output=output, identity=identity, progress=progress)
    if trainer.accelerator.num_processes > 1:
        raise TrainingError("streams with a carried state train in one process: start it without a launcher")
    history = trainer.run(resume=resume)
    weights = weights_of(model)
    if model_config.tied:
        del weights["output.weight"]
    counts_V = np.zeros(model_config.vocab_size, np.int64)
    for start in range(0, len(train_N), 2**20):
        counts_V += np.bincount(train_N[start : start + 2**20], minlength=model_config.vocab_size)
    if not counts_V[unk_id] and not model_config.tied:
        weights["embedding.weight"][unk_id] = weights["embedding.weight"][counts_V > 0].mean(axis=0)
    counts = {"characters": len(train_N), "held_out": len(validation_N)}
    remarks = _remarks(history, train_N, validation_N, model_config.vocab_size)
    notes = {"history": history, **counts, "train": trainer.config.to_dict(), "remarks": remarks}
    return weights, notes


def _remarks(history: History, train_N: AnyIds, validation_N: AnyIds, vocab_size: int) -> list[str]:
    """Return what the user of a trained model should know, in sentences."""
    found = still_falling(history, "nats_per_char", "nats per character")
    nats = best_epoch(history)["validation"]["nats_per_char"]
    table = bigram_nats(train_N, validation_N, vocab_size)
    if nats >= table:
        found.append(
            f"the model knows less than a table of pairs of characters: {nats:.2f} nats per character of the "
            f"held-out text, the table {table:.2f}; train it longer (max_epochs), or on more text"
        )
    return found


def _digest(ids_N: AnyIds) -> str:
    digest = hashlib.sha256()
    for start in range(0, len(ids_N), 2**20):
        digest.update(ids_N[start : start + 2**20].astype(np.int64).tobytes())
    return digest.hexdigest()
