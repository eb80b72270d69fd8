"""From samples to scores: frames, scaling and network in one, for clips and for streams.

Knows samples and a model; knows no files and no training.

Shapes: N samples, T steps, E features of a step, C classes, K keywords, M bands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.audio.detection import Detector
from nlp_rnn.audio.features import FrameStream, LogMel
from nlp_rnn.config import SpotterConfig
from nlp_rnn.runtime.audio import SpotterGRU

F32 = NDArray[np.float32]

_TOGETHER = 256  # clips that are read at once


class Inputs:
    """What the network reads of a sound: log-mel frames, each band less its mean and over its scale.

    Args:
        config: Of the model.
        scaling: ``mean`` and ``scale`` of each band.
    """

    def __init__(self, config: SpotterConfig, scaling: Mapping[str, Any]) -> None:
        self.mel = LogMel(config)
        self._mean_E = np.tile(np.asarray(scaling["mean"], np.float32), config.stack)
        self._over_E: F32 = np.tile(1 / np.asarray(scaling["scale"], np.float32), config.stack)

    def scale(self, steps_TE: F32) -> F32:
        """Return the steps as the network reads them."""
        scaled_TE: F32 = (steps_TE - self._mean_E) * self._over_E
        return scaled_TE

    def of(self, samples_N: F32) -> F32:
        """Return what the network reads of a whole sound: (N,) -> (T, E)."""
        return self.scale(self.mel.steps(samples_N))


def fit_scaling(config: SpotterConfig, clips: Sequence[F32]) -> dict[str, list[float]]:
    """Return mean and scale of each band over all frames of some clips."""
    mel = LogMel(config)
    frames_FM = np.concatenate([mel.frames(clip_N) for clip_N in clips])
    return {
        "mean": frames_FM.mean(axis=0, dtype=np.float64).tolist(),
        "scale": np.maximum(frames_FM.std(axis=0, dtype=np.float64), 1e-3).tolist(),
    }


class Listener:
    """A model at work on one stream: samples in, in pieces of any size, the scores of keywords out.

    Args:
        config: Of the model.
        network: Of the model.
        inputs: Of the model.
    """

    def __init__(self, config: SpotterConfig, network: SpotterGRU, inputs: Inputs) -> None:
        self._frames, self._inputs, self._listen = FrameStream(config), inputs, network.stepper()
        self._nothing = np.empty((0, len(config.keywords)), np.float32)

    def feed(self, samples_N: F32) -> F32:
        """Return the scores of the steps that the samples complete: (N,) -> (T, K)."""
        steps_TE = self._frames.feed(samples_N)
        # Most pieces of a few samples complete no step: nothing is to be computed.
        if not len(steps_TE):
            return self._nothing
        return self._listen(self._inputs.scale(steps_TE))[:, 1:]


def clip_logits(network: SpotterGRU, inputs: Inputs, clips: Sequence[F32]) -> F32:
    """Return the logits of clips' classes: (B, C). Each clip has a step at least."""
    parts = [
        network.forward([inputs.of(clip_N) for clip_N in clips[first : first + _TOGETHER]])
        for first in range(0, len(clips), _TOGETHER)
    ]
    return np.concatenate(parts)


def detector_of(config: SpotterConfig, *, threshold: float, words: Sequence[str] | None = None) -> Detector:
    """Return what finds the detections in a model's scores, or in the columns of some words."""
    mel = LogMel(config)
    return Detector(
        config.keywords if words is None else words,
        smoothing=config.smoothing,
        refractory=config.refractory,
        threshold=threshold,
        step_seconds=config.step_seconds,
        first_seconds=mel.least / config.sample_rate,
    )
