"""Clips glued to long stretches, with noise between them, and where in them which word was spoken.

False alarms come from what is no keyword, so that is what most of a stretch is. Knows clips and labels; knows
no network.

Shapes: N samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.audio.augment import take_noise
from nlp_rnn.config import NO_KEYWORDS

F32 = NDArray[np.float32]

_QUIET = 0.02  # a word's end is where its power falls below this share of its loudest part's, for good
_GRAIN = 0.02  # seconds over which power is taken


@dataclass(frozen=True)
class Spoken:
    """A word in a stretch.

    Attributes:
        word: Its label.
        start, end: Seconds from the stretch's beginning.
    """

    word: str
    start: float
    end: float


def loud_part(samples_N: F32, sample_rate: int) -> tuple[int, int]:
    """Return where the word of a clip begins and ends: the first and the last sample that is loud.

    >>> loud_part(np.concatenate([np.zeros(800), np.ones(800), np.zeros(400)]).astype(np.float32), 8000)
    (800, 1600)
    """
    grain = max(1, round(_GRAIN * sample_rate))
    whole = len(samples_N) // grain
    if whole == 0:
        return 0, len(samples_N)
    power = np.square(samples_N[: whole * grain].reshape(whole, grain)).mean(axis=1)
    loud = np.flatnonzero(power >= _QUIET * power.max())
    return int(loud[0]) * grain, min(len(samples_N), (int(loud[-1]) + 1) * grain)


def scrap(samples_N: F32, sample_rate: int) -> F32:
    """Return the first half of a word, played backwards: a voice that says no word."""
    start, end = loud_part(samples_N, sample_rate)
    half_N = samples_N[start : start + max(1, (end - start) // 2)]
    backwards_N: F32 = half_N[::-1]
    return backwards_N


def glue(
    clips: Sequence[F32],
    labels: Sequence[str],
    rng: np.random.Generator,
    *,
    sample_rate: int,
    gap: tuple[float, float] = (0.1, 0.6),
    noises: Sequence[F32] = (),
    change: Callable[[F32], F32] | None = None,
) -> tuple[F32, list[Spoken]]:
    """Return the clips one behind the other, soft noise between and under them, and where each word is.

    Args:
        clips: Samples between -1 and 1.
        labels: The word of each.
        rng: Where chance comes from.
        sample_rate: Samples a second.
        gap: Least and greatest seconds between two clips.
        noises: Noises to put under it; none makes one.
        change: Made to each clip before.
    """
    parts: list[F32] = []
    spoken: list[Spoken] = []
    at = 0
    for clip_N, label in zip(clips, labels, strict=True):
        between = int(rng.uniform(*gap) * sample_rate)
        parts.append(np.zeros(between, np.float32))
        sound_N = clip_N if change is None else change(clip_N)
        start, end = loud_part(sound_N, sample_rate)
        at += between
        spoken.append(Spoken(label, (at + start) / sample_rate, (at + end) / sample_rate))
        parts.append(sound_N)
        at += len(sound_N)
    parts.append(np.zeros(int(gap[1] * sample_rate), np.float32))
    stretch_N = np.concatenate(parts)
    # One noise under everything, 30 to 60 dB below full scale, so that no seam is heard.
    noise_N = take_noise(len(stretch_N), rng, noises)
    level = 10 ** (-rng.uniform(30, 60) / 20) / max(1e-9, float(np.sqrt(np.square(noise_N).mean())))
    return stretch_N + np.float32(level) * noise_N, spoken


def keywords_of(spoken: Sequence[Spoken]) -> list[Spoken]:
    """Return the words that are keywords."""
    return [each for each in spoken if each.word not in NO_KEYWORDS]
