"""Sounds that we make ourselves: sweeps as words, bursts of noise as other words, faint noise as silence."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

RATE = 8_000
LABELS = ("fall", "rise", "silence", "unknown")


def sound(label: str, seed: int) -> np.ndarray:
    """A clip of 0.3 to 0.4 s, float32 between -1 and 1."""
    rng = np.random.default_rng((seed, *label.encode()))
    length = int(rng.uniform(0.3, 0.4) * RATE)
    noise = rng.standard_normal(length) * 0.003
    if label == "silence":
        return noise.astype(np.float32)
    share = np.linspace(0, 1, length)
    hull = rng.uniform(0.2, 0.5) * np.sin(np.pi * share)
    if label == "unknown":
        return (hull * 0.5 * rng.standard_normal(length) + noise).astype(np.float32)
    low, high = rng.uniform(450, 550), rng.uniform(1_800, 2_200)
    pitch = low + (high - low) * (share if label == "rise" else 1 - share)
    return (hull * np.sin(2 * np.pi * np.cumsum(pitch) / RATE) + noise).astype(np.float32)


def corpus(
    each: int, *, first: int = 0, labels: tuple[str, ...] = LABELS
) -> tuple[list[np.ndarray], list[str]]:
    """So many clips of each label."""
    names = [label for label in labels for _ in range(each)]
    return [sound(label, first + number) for number, label in enumerate(names)], names


def as_int16(samples: np.ndarray) -> np.ndarray:
    return np.round(samples * 32_767).astype(np.int16)


def write_wav(path: Path, samples: np.ndarray, *, rate: int = RATE, channels: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(as_int16(np.repeat(samples, channels)).astype("<i2").tobytes())
    return path
