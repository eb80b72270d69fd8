"""Changes of a sound that leave its word: speed, gain, colour, shift, noise; and noises of any colour.

Every function returns a new array; all chance is in the generator that is handed in. Knows samples between
-1 and 1; knows no files, no words and no network.

Shapes: N samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


def change_speed(samples_N: F32, factor: float) -> F32:
    """Return the sound played ``factor`` times as fast, and so higher: straight lines between samples."""
    length = max(1, round(len(samples_N) / factor))
    at = np.arange(length) * factor
    return np.asarray(np.interp(at, np.arange(len(samples_N)), samples_N), np.float32)


def change_gain(samples_N: F32, decibels: float) -> F32:
    """Return the sound louder by so many decibels, cut off where that is more than 1."""
    return np.asarray(np.clip(samples_N * np.float32(10 ** (decibels / 20)), -1, 1), np.float32)


def change_colour(samples_N: F32, tilt: float) -> F32:
    """Return the sound brighter (tilt below 0) or duller (above 0), as another microphone hears it.

    A filter of one echo: each sample and ``tilt`` times the one before it.
    """
    before_N = np.concatenate([np.zeros(1, np.float32), samples_N[:-1]])
    return np.asarray(samples_N + np.float32(tilt) * before_N, np.float32)


def add_noise(samples_N: F32, noise_N: F32, decibels: float) -> F32:
    """Return the sound with a noise so many decibels below it; of a silent one or a silent noise, itself."""
    power, unwanted = float(np.square(samples_N).mean()), float(np.square(noise_N).mean())
    if power == 0 or unwanted == 0:
        return samples_N
    gain = np.sqrt(power / unwanted) * 10 ** (-decibels / 20)
    return np.asarray(np.clip(samples_N + np.float32(gain) * noise_N, -1, 1), np.float32)


def make_noise(length: int, rng: np.random.Generator, *, colour: float | None = None) -> F32:
    """Return noise of root mean square 1: white (colour 0), pink (1), brown (2) or between; None draws it."""
    colour = rng.uniform(0, 2) if colour is None else colour
    spectrum = np.fft.rfft(rng.standard_normal(max(length, 2)))
    # Power falls with the frequency to the power of the colour; nothing is constant.
    frequencies = np.arange(len(spectrum), dtype=np.float64)
    frequencies[0] = np.inf
    noise_N = np.fft.irfft(spectrum * frequencies ** (-colour / 2), max(length, 2))[:length]
    return np.asarray(noise_N / max(1e-12, float(np.sqrt(np.square(noise_N).mean()))), np.float32)


def take_noise(length: int, rng: np.random.Generator, noises: Sequence[F32] = ()) -> F32:
    """Return a noise of this length: cut from one of those given, at a place of its own, or made."""
    if not noises:
        return make_noise(length, rng)
    noise_N = noises[int(rng.integers(len(noises)))]
    start = int(rng.integers(len(noise_N)))
    return np.asarray(noise_N.take(np.arange(start, start + length), mode="wrap"), np.float32)


def augment(
    samples_N: F32,
    rng: np.random.Generator,
    *,
    strength: float = 1.0,
    noises: Sequence[F32] = (),
    shift: int = 0,
) -> F32:
    """Return the sound changed at random in every way.

    Args:
        samples_N: The sound.
        rng: Where chance comes from.
        strength: 0 changes nothing; at 1 the speed changes by up to 15 %, the gain by up to 10 dB, and every
            second sound gets noise 5 to 30 dB below it.
        noises: Noises to add; none makes them.
        shift: Samples of near silence put in front and behind, at most.
    """
    if strength == 0:
        return samples_N
    sound_N = change_speed(samples_N, float(np.exp(rng.uniform(-0.15, 0.15) * strength)))
    sound_N = change_colour(sound_N, float(np.clip(rng.uniform(-0.6, 0.6) * strength, -0.95, 0.95)))
    sound_N = change_gain(sound_N, rng.uniform(-10, 10) * strength)
    before, after = rng.integers(0, shift + 1, 2)
    sound_N = np.pad(sound_N, (int(before), int(after)))
    if rng.random() < 0.5:
        return add_noise(sound_N, take_noise(len(sound_N), rng, noises), rng.uniform(5, 30) / strength)
    # Digital silence around a sound would give its place away.
    return add_noise(sound_N, take_noise(len(sound_N), rng, noises), rng.uniform(35, 60))
