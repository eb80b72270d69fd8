"""Log-mel frames of a sound in NumPy: the whole at once, or piece by piece with the same bits.

A frame is the power of 25 ms of sound in bands that are equally wide to the ear (the mel scale), as a
logarithm. Every frame is computed by itself, so it does not depend on what came in the same call. Knows
samples; knows no files, no words and no network.

Shapes: N samples, F frames, W samples of a window, S samples of a Fourier transform, R its frequencies,
M bands, T steps of several frames, E features of a step.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nlp_rnn.config import SpotterConfig

F32 = NDArray[np.float32]

_FLOOR = 1e-6  # added to a band's power: what is quieter is silence


def mel_filters(sample_rate: int, size: int, bands: int, low_hz: float) -> F32:
    """Return triangles that are equally wide in mel (O'Shaughnessy 1987), each of height 1.

    Args:
        sample_rate: Samples a second.
        size: Samples of the Fourier transform.
        bands: Triangles.
        low_hz: Lower edge of the first; the upper edge of the last is half the sample rate.

    Shape:
        -> (R, M), R = size / 2 + 1.
    """

    def to_mel(hz: float) -> float:
        return 2595 * math.log10(1 + hz / 700)

    # One more edge on each side than there are triangles: each rises from the edge before it to its own.
    mels = np.linspace(to_mel(low_hz), to_mel(sample_rate / 2), bands + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    hz_R1 = np.linspace(0, sample_rate / 2, size // 2 + 1)[:, None]
    rising_RM = (hz_R1 - edges[:-2]) / np.diff(edges)[:-1]
    falling_RM = (edges[2:] - hz_R1) / np.diff(edges)[1:]
    return np.maximum(0, np.minimum(rising_RM, falling_RM)).astype(np.float32)


class LogMel:
    """What turns windows of samples into log-mel frames, its tables made once.

    Args:
        config: Sample rate, window, hop and bands.
    """

    def __init__(self, config: SpotterConfig) -> None:
        self.window = config.sample_rate * config.window_ms // 1_000
        self.hop = config.sample_rate * config.hop_ms // 1_000
        self.bands, self.stack = config.bands, config.stack
        self.step = self.hop * config.stack
        """Samples from one step of the network to the next."""
        self.least = self.window + self.hop * (config.stack - 1)
        """Samples of one step."""
        self._size = 2 ** math.ceil(math.log2(self.window))
        # Hann's window in its periodic form, as short-time Fourier transforms take it.
        self._taper_W = np.hanning(self.window + 1)[:-1].astype(np.float32)
        self._filters_RM = mel_filters(config.sample_rate, self._size, config.bands, config.low_hz)

    def frames(self, samples_N: F32) -> F32:
        """Return the frames that lie wholly inside the samples: (N,) -> (F, M)."""
        if len(samples_N) < self.window:
            return np.empty((0, self.bands), np.float32)
        windows_FW = sliding_window_view(samples_N, self.window)[:: self.hop]
        spectrum_FR = np.fft.rfft(windows_FW * self._taper_W, self._size)
        power_FR = np.square(spectrum_FR.real) + np.square(spectrum_FR.imag)
        # A stack of products of one row each: a larger product might add up in another order.
        bands_F1M = np.matmul(power_FR[:, None].astype(np.float32), self._filters_RM)
        frames_FM: F32 = np.log(bands_F1M[:, 0] + np.float32(_FLOOR))
        return frames_FM

    def steps(self, samples_N: F32) -> F32:
        """Return the steps that lie wholly inside the samples, frames side by side: (N,) -> (T, E)."""
        frames_FM = self.frames(samples_N)
        whole = len(frames_FM) // self.stack
        return frames_FM[: whole * self.stack].reshape(whole, self.stack * self.bands)


class FrameStream:
    """Steps of a sound that comes in pieces, the same to the last bit whatever the pieces.

    Args:
        config: Sample rate, window, hop, stack and bands.
    """

    def __init__(self, config: SpotterConfig) -> None:
        self._mel = LogMel(config)
        self._rest = np.empty(0, np.float32)
        self._nothing = np.empty((0, config.stack * config.bands), np.float32)

    def feed(self, samples_N: F32) -> F32:
        """Return the steps that the samples complete: (N,) -> (T, E)."""
        self._rest = np.concatenate([self._rest, samples_N])
        if len(self._rest) < self._mel.least:
            return self._nothing
        steps_TE = self._mel.steps(self._rest)
        # The next step begins where the last one began, plus one hop for each of its frames.
        self._rest = self._rest[len(steps_TE) * self._mel.step :]
        return steps_TE


def log_mel(samples_N: F32, config: SpotterConfig) -> F32:
    """Return the log-mel frames of a whole sound: (N,) -> (F, M).

    Frame f has the samples from f times the hop on; none reaches beyond an end.

    Args:
        samples_N: Between -1 and 1.
        config: Sample rate, window, hop and bands.
    """
    return LogMel(config).frames(np.asarray(samples_N, np.float32))
