"""Training a forecaster: the part that needs torch.

A scaled series becomes windows, or streams whose state is carried on; the shared loop does the rest. The loss
is the quantile loss (Koenker & Bassett 1978), in the series' scaled units. The latest part of the series
chooses the epoch, and between shapes of the network where several are tried: every target of training lies
before every target of validation.

Shapes: T steps of the series, N windows, B windows or streams, C steps read, E inputs, K steps ahead,
F series, Q quantiles, S parts of a state, L layers, H hidden units.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor, nn

from nlp_rnn.config import ForecastConfig, ForecastTrainConfig
from nlp_rnn.files.series import check_trainable
from nlp_rnn.forecasting.scaling import F64, Scaling, inputs_of
from nlp_rnn.nn.timeseries import TimeSeriesLSTM
from nlp_rnn.nn.weights import weights_of
from nlp_rnn.training.loop import Progress, Trainer, seeded

Judged = slice | list[int]
"""The series whose validation loss counts: all, or one."""

_LEAST_WINDOWS = 8
_MOST_VALIDATION = 2_048  # windows looked at after an epoch


def least_steps(config: ForecastConfig, train: ForecastTrainConfig) -> int:
    """The shortest series that leaves some windows for training and one for validation."""
    needed = config.context + config.horizon + _LEAST_WINDOWS
    return math.ceil((needed + config.horizon) / (1 - train.validation))


def first_validation_step(values_TF: F64, config: ForecastConfig, train: ForecastTrainConfig) -> int:
    """Return where the validation part of a series begins; scaling and training see nothing from there on.

    Raises:
        InputError: If the series, or the part of it to train on, is too short or constant, or has no
            logarithm where one is needed.
    """
    check_trainable(values_TF, config.read, least=least_steps(config, train), log=config.log)
    cut = len(values_TF) - max(config.horizon, round(len(values_TF) * train.validation))
    check_trainable(values_TF[:cut], config.read, least=1, log=config.log)
    return cut


def quantile_loss(forecast: Tensor, actual: Tensor, levels_Q: Tensor) -> Tensor:
    """Return twice the mean pinball loss (Koenker & Bassett 1978), which is least for the true quantiles.

    Twice, so that the median's share is the mean absolute error.

    Shape:
        (..., Q), (...) -> ().
    """
    error = actual[..., None] - forecast
    return 2 * torch.maximum(levels_Q * error, (levels_Q - 1) * error).mean()


class WindowTask:
    """Many to one: windows of ``context`` steps, each from a zero state."""

    def __init__(
        self, z_TF: F64, cut: int, config: ForecastConfig, train: ForecastTrainConfig, judged: Judged
    ) -> None:
        self.batch_size = train.batch_size or train.USUAL.batch_size  # however many, an epoch has its steps
        self.train = replace(train, batch_size=self.batch_size).settled(lambda size: train.epoch_steps)
        self.judged = judged
        self.levels_Q = torch.tensor(config.quantiles)
        C, K = config.context, config.horizon
        windows_NWF = sliding_window_view(z_TF, C + K, axis=0).swapaxes(1, 2)
        self.training = self._arrays(config, windows_NWF[: cut - C - K + 1])
        held_out = windows_NWF[cut - C :]
        which = np.linspace(0, len(held_out) - 1, min(_MOST_VALIDATION, len(held_out))).astype(int)
        self.validation = self._arrays(config, held_out[which])

    @staticmethod
    def _arrays(config: ForecastConfig, windows_NWF: F64) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs (N, C, E), units (N, 1, F, 1) and changes from the last step to the next (N, K, F)."""
        read_NCF, next_NKF = windows_NWF[:, : config.context], windows_NWF[:, config.context :]
        x_NCE, unit_NF = inputs_of(config, read_NCF)
        change_NKF = (next_NKF - read_NCF[:, -1:])[:, :, config.places]
        unit = torch.tensor(unit_NF, dtype=torch.float32)[:, None, :, None]
        return torch.from_numpy(x_NCE), unit, torch.tensor(change_NKF, dtype=torch.float32)

    def plan(self, epoch: int) -> Sequence[NDArray[np.int64]]:
        """Windows drawn at random, an epoch's own."""
        shape = (self.train.epoch_steps, self.batch_size)
        rng = np.random.default_rng((self.train.seed, epoch))
        return list(rng.integers(0, len(self.training[0]), shape))

    def tokens(self, item: NDArray[np.int64]) -> int:
        """Steps read."""
        return len(item) * self.training[0].size(1)

    def loss(self, model: nn.Module, item: NDArray[np.int64]) -> Tensor:
        """Quantile loss of a batch of windows."""
        x_BCE, unit, change_BKF = (tensor[item] for tensor in self.training)
        return quantile_loss(model(x_BCE) * unit, change_BKF, self.levels_Q)

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Quantile loss of the validation windows, with the sign changed as ``score``."""
        x_NCE, unit, change_NKF = self.validation
        with torch.inference_mode():
            found_NKFQ = (model(x_NCE) * unit)[:, :, self.judged]
            loss = float(quantile_loss(found_NKFQ, change_NKF[:, :, self.judged], self.levels_Q))
        return {"quantile_loss": loss, "score": -loss}


class StreamTask:
    """Many to many: stretches of the series side by side, the state carried from window to window.

    The gradient stops at a window's edge (truncated back-propagation through time, Williams & Peng 1990), so
    a series of any length needs the memory of one window.
    """

    def __init__(
        self, z_TF: F64, cut: int, config: ForecastConfig, train: ForecastTrainConfig, judged: Judged
    ) -> None:
        self.judged, self.cut, self.context = judged, cut, config.context
        self.levels_Q = torch.tensor(config.quantiles)
        K = config.horizon
        x_1TE, _ = inputs_of(config, z_TF[None])
        ahead_TKF = sliding_window_view(z_TF[2:], K, axis=0).swapaxes(1, 2)
        changes_TKF = ahead_TKF - z_TF[1 : 1 + len(ahead_TKF), None]
        self.x_TE = torch.from_numpy(x_1TE[0])[: len(changes_TKF)]
        self.changes_TKF = torch.tensor(changes_TKF[:, :, config.places], dtype=torch.float32)
        usable = cut - K - 1  # row t of the arrays reads step t + 1, and its targets end with step t + 1 + K
        most = max(1, usable // (2 * train.window))
        self.train = train.settled(lambda size: math.ceil(usable // min(size, most) / train.window))
        assert self.train.batch_size is not None  # it is settled
        self.streams = min(self.train.batch_size, most)
        self.stretch = usable // self.streams
        self.state = torch.zeros(0)

    def plan(self, epoch: int) -> Sequence[tuple[int, int]]:
        """Start and end of every window, one behind the other."""
        starts = range(0, self.stretch, self.train.window)
        return [(start, min(start + self.train.window, self.stretch)) for start in starts]

    def tokens(self, item: tuple[int, int]) -> int:
        """Steps read."""
        return (item[1] - item[0]) * self.streams

    def loss(self, model: nn.Module, item: tuple[int, int]) -> Tensor:
        """Quantile loss of one window of every stream."""
        network = cast(TimeSeriesLSTM, model)
        rows_BT = torch.arange(*item) + self.stretch * torch.arange(self.streams)[:, None]
        if item[0] == 0:
            self.state = network.encoder.start(self.streams)
        changes, state = network.stream(self.x_TE[rows_BT], self.state)
        self.state = state.detach()
        return quantile_loss(changes, self.changes_TKF[rows_BT], self.levels_Q)

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Quantile loss of the validation part, read in one go with ``context`` steps before it."""
        network = cast(TimeSeriesLSTM, model)
        first = max(0, self.cut - 2 - self.context)
        with torch.inference_mode():
            changes, _ = network.stream(self.x_TE[None, first:], network.encoder.start(1))
            known = self.cut - 2 - first  # rows whose first target lies before the validation part
            found_TKFQ, actual_TKF = changes[0, known:], self.changes_TKF[self.cut - 2 :]
            judged = self.judged
            loss = float(quantile_loss(found_TKFQ[:, :, judged], actual_TKF[:, :, judged], self.levels_Q))
        return {"quantile_loss": loss, "score": -loss}

    def carried(self) -> dict[str, Tensor]:
        """The streams' state."""
        return {"state": self.state}

    def carry_on(self, tensors: dict[str, Tensor]) -> None:
        """Go on from a state."""
        self.state = tensors["state"]


def fit_network(
    z_TF: F64,
    cut: int,
    config: ForecastConfig,
    train: ForecastTrainConfig,
    *,
    target: int | None = None,
    output: Path | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[dict[str, NDArray[np.float32]], dict[str, Any]]:
    """Train a network on a scaled series.

    Args:
        z_TF: The series, scaled.
        cut: Where its validation part begins.
        config: Shape of the model.
        train: How to train.
        target: The series whose validation loss chooses the epoch; None takes all.
        output: Folder for checkpoints and history.
        resume: Go on from its newest checkpoint.
        progress: Called after each step.

    Returns:
        Weights by name, and a record of the run.

    Raises:
        TrainingError: If training cannot go on.
    """
    with seeded(train.seed):
        model = TimeSeriesLSTM(config, dropout=train.dropout)
    judged: Judged = slice(None) if target is None else [target]
    task = (StreamTask if config.carried else WindowTask)(z_TF, cut, config, train, judged)
    identity = {
        "model": config.to_dict(),
        "data": hashlib.sha256(z_TF.tobytes()).hexdigest(),
        "cut": cut,
        "target": target,
    }
    trainer: Trainer[Any] = Trainer(
        model, cast(Any, task), task.train, output=output, identity=identity, progress=progress
    )
    history = trainer.run(resume=resume)
    weights = weights_of(model)
    return weights, {"history": history, "train": task.train.to_dict()}


def choose_network(
    values_TF: F64,
    configs: Sequence[ForecastConfig],
    train: ForecastTrainConfig,
    *,
    target: int | None = None,
    output: Path | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[ForecastConfig, dict[str, NDArray[np.float32]], Scaling, dict[str, Any]]:
    """Train a network of each shape, and keep the one of the least quantile loss on the validation part.

    Args:
        values_TF: The series; what is held out to judge forecasts by is no part of it.
        configs: The shapes; of equals, the first is kept.
        train: How to train, the same for all.
        target: The series whose validation loss chooses shape and epoch; None takes all.
        output: Folder for checkpoints and history; of several shapes each has a folder in it.
        resume: Go on from the newest checkpoints.
        progress: Called after each step, which is counted over all of them.

    Returns:
        The shape kept, its weights, the scaling, fitted on the part to train on, and a record of its run with
        the losses of all.

    Raises:
        InputError: As ``first_validation_step``.
        TrainingError: If training cannot go on.
    """
    cut = first_validation_step(values_TF, configs[0], train)
    config = configs[0]
    scaling = Scaling.fit(values_TF[:cut], log=config.log, context=config.context if config.reads else None)
    fits = []
    for number, config in enumerate(configs):
        weights, notes = fit_network(
            scaling.apply(values_TF),
            cut,
            config,
            train,
            target=target,
            output=output if output is None or len(configs) == 1 else output / f"network-{number}",
            resume=resume,
            progress=None if progress is None else _counted(progress, number, len(configs)),
        )
        fits.append((config, weights, notes))
    losses = [min(epoch["validation"]["quantile_loss"] for epoch in notes["history"]) for _, _, notes in fits]
    config, weights, notes = fits[int(np.argmin(losses))]
    tried = [
        {"linear": config.linear, "quantile_loss": loss}
        for (config, _, _), loss in zip(fits, losses, strict=True)
    ]
    return config, weights, scaling, notes | {"tried": tried}


def _counted(progress: Callable[[Progress], None], run: int, runs: int) -> Callable[[Progress], None]:
    """The callback of one run of several, given steps that go on from run to run."""

    def report(now: Progress) -> None:
        step, total = now.step + run * now.total_steps, runs * now.total_steps
        progress(replace(now, step=step, total_steps=total))

    return report
