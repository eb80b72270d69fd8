"""Changes of sounds, and stretches glued from clips."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from nlp_rnn.audio.augment import add_noise, augment, change_gain, change_speed, make_noise
from nlp_rnn.audio.stretches import glue, loud_part, scrap
from tests.audio.sounds import RATE, sound

CLIP = sound("rise", 1)


def test_faster_is_shorter_and_higher() -> None:
    tone = np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE).astype(np.float32)
    fast = change_speed(tone, 1.25)
    assert len(fast) == RATE / 1.25
    assert np.abs(np.fft.rfft(fast)).argmax() * RATE / len(fast) == pytest.approx(625, abs=2)


def test_gain_and_noise_are_in_decibels() -> None:
    assert np.allclose(change_gain(CLIP / 10, 20), CLIP, atol=1e-6)
    noise = add_noise(CLIP, make_noise(len(CLIP), np.random.default_rng(0)), 20) - CLIP
    assert 10 * np.log10(np.square(CLIP).mean() / np.square(noise).mean()) == pytest.approx(20, abs=0.2)


def test_brown_noise_is_lower_than_white() -> None:
    def low(colour: float) -> float:
        power = np.square(np.abs(np.fft.rfft(make_noise(RATE, np.random.default_rng(0), colour=colour))))
        return float(power[:400].sum() / power.sum())

    assert low(2) > 0.95
    assert low(0) < 0.15


def test_a_seed_makes_the_same_sound_and_strength_none_leaves_it() -> None:
    first, again, other = (augment(CLIP, np.random.default_rng(seed), shift=100) for seed in (1, 1, 2))
    assert (first == again).all()
    assert len(first) != len(other) or (first != other).any()
    assert (augment(CLIP, np.random.default_rng(1), strength=0) == CLIP).all()
    assert np.abs(first).max() <= 1


def test_glued_clips_are_where_it_says() -> None:
    clips = [np.pad(sound("rise", number), 400) for number in range(3)]
    found, spoken = glue(clips, ["rise", "unknown", "rise"], np.random.default_rng(0), sample_rate=RATE)
    assert [each.word for each in spoken] == ["rise", "unknown", "rise"]
    for each, clip in zip(spoken, clips, strict=True):
        inside = found[round(each.start * RATE) : round(each.end * RATE)]
        start, end = loud_part(clip, RATE)
        assert end - start < len(clip) - 700  # the silence around it is no part of the word
        assert np.corrcoef(inside, clip[start:end])[0, 1] > 0.95
    assert all(a.end < b.start for a, b in pairwise(spoken))


def test_a_scrap_is_half_a_word_backwards() -> None:
    start, end = loud_part(CLIP, RATE)
    assert (scrap(CLIP, RATE)[::-1] == CLIP[start : start + (end - start) // 2]).all()
