"""Training a keyword spotter: the part that needs torch.

Two kinds of batches at every step: clips, changed at random, whose class is learned from all of their steps;
and stretches of glued clips, noise and scraps of words, where every step learns whether a keyword has just
ended. The threshold is chosen on held-out clips, for a rate of false alarms. The shared loop does the rest.

Shapes: B clips or stretches, T steps, E features of a step, K keywords, N samples.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nlp_rnn.audio.alarms import TradeOff, trade_off
from nlp_rnn.audio.augment import augment, make_noise
from nlp_rnn.audio.listening import Inputs, Listener, detector_of, fit_scaling
from nlp_rnn.audio.stretches import Spoken, glue, keywords_of, scrap
from nlp_rnn.config import NO_KEYWORDS, SpotterConfig, SpotterTrainConfig
from nlp_rnn.nn.audio import SpotterGRU
from nlp_rnn.nn.weights import weights_of
from nlp_rnn.runtime.audio import SpotterGRU as Network
from nlp_rnn.training.loop import Progress, Trainer, seeded

F32 = NDArray[np.float32]
Item = tuple[int, int, NDArray[np.int64]]
"""Epoch, number in it, and clips of a batch."""

_IGNORED = -100
_SURE = (-0.08, 0.12)  # seconds around a word's end in which a step should name it
_LATE = 0.3  # seconds after a word's end in which a step may
_SCRAPS = 0.2  # share of a stretch's clips that become scraps
_NOISES, _NOISE_SECONDS = 24, 3
_STRETCHES = 16  # of validation
_MINUTES = 10  # without keywords, for the threshold


class Clips:
    """Clips with their labels, as training and choice of the threshold take them.

    Args:
        clips: Samples.
        labels: Of each.
        config: Of the model.
    """

    def __init__(self, clips: Sequence[F32], labels: Sequence[str], config: SpotterConfig) -> None:
        self.clips, self.labels, self.config = clips, labels, config
        columns = {name: column for column, name in enumerate(config.classes)}
        self.label_B = np.array([columns[label] for label in labels])

    def silences(self) -> list[F32]:
        """Return the clips of silence: recorded noises."""
        return [clip_N for clip_N, label in zip(self.clips, self.labels, strict=True) if label == "silence"]

    def stretch(
        self, rng: np.random.Generator, seconds: float, strength: float, noises: Sequence[F32]
    ) -> tuple[F32, list[Spoken]]:
        """Return a stretch of clips drawn at random, at least so long, and the words in it."""
        rate = self.config.sample_rate
        chosen: list[F32] = []
        labels: list[str] = []
        while sum(map(len, chosen)) < seconds * rate:
            number = int(rng.integers(len(self.clips)))
            clip_N, label = self.clips[number], self.labels[number]
            if rng.random() < _SCRAPS:
                clip_N, label = scrap(clip_N, rate), "unknown"
            chosen.append(augment(clip_N, rng, strength=strength, noises=noises))
            labels.append(label)
        return glue(chosen, labels, rng, sample_rate=rate, noises=noises)

    def step_targets(self, steps: int, spoken: Sequence[Spoken]) -> NDArray[np.int64]:
        """Return what each step of a stretch should say: 0 for no keyword, or which one has just ended."""
        config = self.config
        first = (config.window_ms + config.hop_ms * (config.stack - 1)) / 1_000
        ends_T = first + config.step_seconds * np.arange(steps)
        target_T = np.zeros(steps, np.int64)
        for each in keywords_of(spoken):
            # From its middle on a word may be known, around its end it must be, soon after it no longer.
            may = (ends_T > (each.start + each.end) / 2) & (ends_T <= each.end + _LATE)
            must = (ends_T >= each.end + _SURE[0]) & (ends_T <= each.end + _SURE[1])
            target_T[may & (target_T == 0)] = _IGNORED
            target_T[must] = 1 + config.keywords.index(each.word)
        return target_T


class SpotTask:
    """Clips and stretches, changed anew in every epoch.

    Args:
        training, validation: Their clips.
        inputs: What the network reads of a sound.
        train: How to train.
    """

    def __init__(self, training: Clips, validation: Clips, inputs: Inputs, train: SpotterTrainConfig) -> None:
        self.training, self.validation, self.inputs = training, validation, inputs
        self.train = train.settled(lambda size: math.ceil(len(training.clips) / size))
        rng = np.random.default_rng((train.seed, 1))
        length = _NOISE_SECONDS * training.config.sample_rate
        self.noises = [make_noise(length, rng) for _ in range(_NOISES)] + training.silences()
        rng = np.random.default_rng((train.seed, 2))
        self.held_out = self._stretches(validation, rng, _STRETCHES, 0.0)

    def plan(self, epoch: int) -> Sequence[Item]:
        """Return the batches of an epoch: every clip once, in an order of its own."""
        assert self.train.batch_size is not None  # it is settled
        order = np.random.default_rng((self.train.seed, 3, epoch)).permutation(len(self.training.clips))
        parts = np.array_split(order, math.ceil(len(order) / self.train.batch_size))
        return [(epoch, number, part) for number, part in enumerate(parts)]

    def tokens(self, item: Item) -> int:
        """Count the clips of a batch."""
        return len(item[2])

    def loss(self, model: nn.Module, item: Item) -> Tensor:
        """Return the cross-entropy of clips and that of the steps of stretches, added up."""
        epoch, number, which = item
        network, train = cast(SpotterGRU, model), self.train
        rng = np.random.default_rng((train.seed, 4, epoch, number))
        shift = round(0.1 * self.training.config.sample_rate)
        changed = [
            augment(self.training.clips[i], rng, strength=train.augment, noises=self.noises, shift=shift)
            for i in which
        ]
        x_BTE, lengths_B = _padded([self.inputs.of(clip_N) for clip_N in changed])
        labels_B = torch.from_numpy(self.training.label_B[which])
        loss = nn.functional.cross_entropy(
            network(x_BTE, lengths_B), labels_B, label_smoothing=train.label_smoothing
        )
        x_BTE, target_BT = self._stretches(self.training, rng, max(1, len(which) // 8), train.augment)
        return loss + _step_loss(network, x_BTE, target_BT)

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Return accuracy of the held-out clips, and both losses, less which the epoch is chosen by."""
        network, clips = cast(SpotterGRU, model), self.validation
        x_BTE, lengths_B = _padded([self.inputs.of(clip_N) for clip_N in clips.clips])
        labels_B = torch.from_numpy(clips.label_B)
        with torch.inference_mode():
            logits_BC = network(x_BTE, lengths_B)
            clip_loss = float(nn.functional.cross_entropy(logits_BC, labels_B))
            step_loss = float(_step_loss(network, *self.held_out))
        accuracy = float((logits_BC.argmax(dim=1) == labels_B).float().mean())
        figures = {"accuracy": accuracy, "score": accuracy, "clip_loss": clip_loss, "step_loss": step_loss}
        return figures | {"choice": -clip_loss - step_loss}

    def _stretches(
        self, clips: Clips, rng: np.random.Generator, count: int, strength: float
    ) -> tuple[Tensor, Tensor]:
        """Return what the network reads of some stretches (B, T, E), and what each step should say (B, T)."""
        read, targets = [], []
        for _ in range(count):
            stretch_N, spoken = clips.stretch(rng, self.train.stretch_seconds, strength, self.noises)
            read.append(self.inputs.of(stretch_N))
            targets.append(clips.step_targets(len(read[-1]), spoken))
        x_BTE, _ = _padded(read)
        target_BT = np.full(x_BTE.shape[:2], _IGNORED)
        for row, target_T in enumerate(targets):
            target_BT[row, : len(target_T)] = target_T
        return x_BTE, torch.from_numpy(target_BT)


def _padded(rows: Sequence[F32]) -> tuple[Tensor, Tensor]:
    """Return rows (T, E) as one tensor (B, T, E), zeros behind the shorter ones, and their lengths."""
    lengths_B = np.array([len(row) for row in rows])
    x_BTE = np.zeros((len(rows), lengths_B.max(), rows[0].shape[1]), np.float32)
    for number, row in enumerate(rows):
        x_BTE[number, : len(row)] = row
    return torch.from_numpy(x_BTE), torch.from_numpy(lengths_B)


def _step_loss(network: SpotterGRU, x_BTE: Tensor, target_BT: Tensor) -> Tensor:
    """Return the mean cross-entropy of the steps that have something to say."""
    logits_BTK = network.score_steps(x_BTE)
    return nn.functional.cross_entropy(logits_BTK.flatten(0, 1), target_BT.flatten(), ignore_index=_IGNORED)


def fit_network(
    training: Clips,
    validation: Clips,
    train: SpotterTrainConfig,
    *,
    output: Path | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[dict[str, F32], dict[str, list[float]], float, dict[str, Any]]:
    """Train a network, and choose the threshold of its detections.

    Args:
        training: Clips to learn from.
        validation: Clips that choose the epoch and the threshold.
        train: How to train.
        output: Folder for checkpoints and history.
        resume: Go on from its newest checkpoint.
        progress: Called after each step.

    Returns:
        Weights by name, the scaling, the threshold, and a record of the run.

    Raises:
        TrainingError: If training cannot go on.
    """
    config = training.config
    scaling = fit_scaling(config, training.clips)
    inputs = Inputs(config, scaling)
    with seeded(train.seed):
        model = SpotterGRU(config, dropout=train.dropout)
    task = SpotTask(training, validation, inputs, train)
    identity = {"model": config.to_dict(), "data": _digest(training), "validation": _digest(validation)}
    trainer: Trainer[Any] = Trainer(
        model, cast(Any, task), task.train, output=output, identity=identity, progress=progress
    )
    history = trainer.run(resume=resume)
    weights = weights_of(model)
    found = listen_to_held_out(validation, weights, inputs, train)
    threshold = found.threshold(train.false_alarms_per_hour * found.hours)
    notes = {
        "history": history,
        "train": task.train.to_dict(),
        "threshold": {
            "false_alarms_per_hour": train.false_alarms_per_hour,
            "minutes": round(60 * found.hours, 1),
            "false_alarms": sum(alarm >= threshold for alarm in found.alarms),
            "keywords": len(found.heard),
            "misses": round(found.misses(threshold), 4),
        },
    }
    return weights, scaling, threshold, notes


def listen_to_held_out(
    clips: Clips, weights: dict[str, F32], inputs: Inputs, train: SpotterTrainConfig
) -> TradeOff:
    """Return what every threshold costs on held-out clips: one stream of keywords, one without any.

    The second has the clips of no keyword and scraps of the others, changed anew as often as it takes to fill
    its minutes, and noise between them.
    """
    config = clips.config
    network, rng = Network(config, weights), np.random.default_rng((train.seed, 5))
    wanted = [number for number, label in enumerate(clips.labels) if label not in NO_KEYWORDS]
    stretch_N, spoken = glue(
        [clips.clips[number] for number in wanted],
        [clips.labels[number] for number in wanted],
        rng,
        sample_rate=config.sample_rate,
        gap=(0.3, 0.8),
    )
    alarms_N = _without_keywords(clips, rng)

    def listen(samples_N: F32) -> list[Any]:
        detector = detector_of(config, threshold=0.0)
        scores_TK = Listener(config, network, inputs).feed(samples_N)
        return [*detector.feed(scores_TK), *detector.end()]

    hours = len(alarms_N) / config.sample_rate / 3_600
    return trade_off("held-out clips", listen(stretch_N), spoken, listen(alarms_N), hours)


def _without_keywords(clips: Clips, rng: np.random.Generator) -> F32:
    """Return a long stretch of other words, scraps and noise."""
    rate = clips.config.sample_rate
    length = round(_MINUTES * 60 * rate)
    parts: list[F32] = []
    while sum(map(len, parts)) < length:
        chosen = []
        for clip_N, label in zip(clips.clips, clips.labels, strict=True):
            other = clip_N if label in NO_KEYWORDS else scrap(clip_N, rate)
            chosen.append(augment(other, rng, strength=0.5))
        parts.append(glue(chosen, ["unknown"] * len(chosen), rng, sample_rate=rate, gap=(0.0, 0.6))[0])
        noise_N = make_noise(2 * rate, rng) * np.float32(10 ** (-rng.uniform(20, 60) / 20))
        parts.append(np.clip(noise_N, -1, 1))
    return np.concatenate(parts)[:length]


def split_clips(
    labels: Sequence[str], groups: Sequence[str] | None, train: SpotterTrainConfig
) -> NDArray[np.bool_]:
    """Return which clips are held out: whole groups, or a share of each label's clips.

    Shape:
        -> (B,).
    """
    rng = np.random.default_rng((train.seed, 0))
    held_out_B = np.zeros(len(labels), bool)
    if groups is not None:
        names, number_B = np.unique(np.asarray(groups), return_inverse=True)
        for number in rng.permutation(len(names))[:-1]:
            held_out_B |= number_B == number
            if held_out_B.mean() >= train.validation:
                break
        return held_out_B
    for label in sorted(set(labels)):
        own = rng.permutation(np.flatnonzero(np.asarray(labels) == label))
        share = max(1, round(train.validation * len(own))) if len(own) > 1 else 0
        held_out_B[own[:share]] = True
    return held_out_B


def _digest(clips: Clips) -> str:
    """Return a checksum of clips and labels."""
    found = hashlib.sha256(repr(list(clips.labels)).encode())
    for clip_N in clips.clips:
        found.update(clip_N.tobytes())
    return found.hexdigest()
