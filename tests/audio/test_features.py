"""Log-mel frames: a well-kept library's, and the same bits in pieces of any size."""

from __future__ import annotations

import numpy as np
import pytest

from nlp_rnn.audio.features import FrameStream, LogMel, log_mel, mel_filters
from nlp_rnn.config import SpotterConfig
from tests.audio.sounds import RATE, sound

CONFIG = SpotterConfig(classes=("fall", "rise"))


def test_frames_are_librosa_s() -> None:
    librosa = pytest.importorskip("librosa", reason="a second opinion on frames is not installed")
    samples = np.concatenate([sound("rise", 1), sound("unknown", 2), sound("silence", 3)])
    size, window, hop = 256, 200, 80
    # librosa centres its window in the transform: so many zeros more on each side give the same frames.
    edge = (size - window) // 2
    power = librosa.feature.melspectrogram(
        y=np.pad(samples, edge), sr=RATE, n_fft=size, win_length=window, hop_length=hop, center=False,
        n_mels=32, fmin=60, fmax=RATE / 2, htk=True, norm=None,
    )  # fmt: skip
    ours = log_mel(samples, CONFIG)
    assert ours.shape == (1 + (len(samples) - window) // hop, 32)
    assert np.abs(ours - np.log(power.T + 1e-6)).max() < 2e-3
    assert np.median(np.abs(ours - np.log(power.T + 1e-6))) < 1e-5


def test_filters_are_librosa_s() -> None:
    librosa = pytest.importorskip("librosa", reason="a second opinion on frames is not installed")
    theirs = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=40, fmin=20, fmax=8_000, htk=True, norm=None)
    assert np.abs(mel_filters(16_000, 512, 40, 20) - theirs.T).max() < 1e-5


@pytest.mark.parametrize("size", [1, 7, 80, 161, 1_000, 100_000])
def test_pieces_of_any_size_give_the_same_bits(size: int) -> None:
    samples = np.concatenate([sound("rise", 1), sound("unknown", 2)])
    stream = FrameStream(CONFIG)
    steps = np.concatenate([stream.feed(samples[at : at + size]) for at in range(0, len(samples), size)])
    whole = LogMel(CONFIG).steps(samples)
    assert len(whole) > 20
    assert (steps == whole).all()


def test_a_tone_is_loudest_in_its_band() -> None:
    tone = np.sin(2 * np.pi * 1_000 * np.arange(RATE) / RATE).astype(np.float32)
    middles = np.linspace(0, RATE / 2, 129)[mel_filters(RATE, 256, 32, 60).argmax(axis=0)]
    assert abs(middles[log_mel(tone, CONFIG).mean(axis=0).argmax()] - 1_000) < 80


def test_what_is_shorter_than_a_window_has_no_frame() -> None:
    assert log_mel(np.zeros(199, np.float32), CONFIG).shape == (0, 32)
    assert log_mel(np.zeros(200, np.float32), CONFIG).shape == (1, 32)
