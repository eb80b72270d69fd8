"""Sampling as pure functions: the limits, the sets that filters keep, and any shape of logits."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nlp_rnn.errors import ConfigError
from nlp_rnn.generation.sampling import (
    Sampling,
    distribution,
    is_close,
    keep_top_k,
    keep_top_p,
    pick,
    softmax,
)

LOGITS = np.random.default_rng(0).normal(0, 2, (50, 12))
rows = arrays(np.float64, (12,), elements=st.floats(-20, 20))


def entropy(probs: np.ndarray) -> np.ndarray:
    return -(probs * np.log(np.maximum(probs, 1e-300))).sum(axis=-1)


def draw(probs: np.ndarray, uniforms: np.ndarray | float) -> np.ndarray:
    return pick(np.cumsum(probs, axis=-1), uniforms)


def test_hotter_means_more_entropy() -> None:
    found = [entropy(distribution(LOGITS, Sampling(temperature=t))) for t in (0.1, 0.5, 1.0, 2.0, 10.0)]
    assert all((hot > cold).all() for cold, hot in pairwise(found))


def test_the_coldest_and_top_k_1_are_greedy() -> None:
    greedy = np.eye(12)[LOGITS.argmax(axis=-1)]
    for sampling in (
        Sampling(temperature=0),
        Sampling(temperature=1e-6),
        Sampling(temperature=5, top_k=1),
        Sampling(temperature=0, top_k=3, top_p=0.5),
    ):
        assert distribution(LOGITS, sampling) == pytest.approx(greedy)


def test_temperature_1_without_filters_is_the_model() -> None:
    assert distribution(LOGITS, Sampling(temperature=1)) == pytest.approx(softmax(LOGITS))


@given(rows, st.floats(0.01, 1))
def test_top_p_keeps_the_smallest_set(logits: np.ndarray, p: float) -> None:
    probs = softmax(logits)
    kept = np.isfinite(keep_top_p(logits, p))
    assert kept.any()
    assert probs[kept].sum() >= p - 1e-9
    assert probs[kept].sum() - probs[kept].min() < p + 1e-9
    assert kept.all() or probs[kept].min() >= probs[~kept].max()


@pytest.mark.parametrize(
    ("count", "p", "kept"), [(2, 0.5, 1), (2, 0.51, 2), (4, 0.5, 2), (4, 0.75, 3), (4, 1.0, 4)]
)
def test_top_p_keeps_no_more_once_p_is_reached(count: int, p: float, kept: int) -> None:
    """Of equal logits the first; their shares are powers of two, so that their sums are exact."""
    assert np.isfinite(keep_top_p(np.zeros(count), p)).tolist() == [i < kept for i in range(count)]


@given(rows, st.integers(1, 20))
def test_top_k_keeps_k_of_the_greatest(logits: np.ndarray, k: int) -> None:
    kept = np.isfinite(keep_top_k(logits, k))
    assert kept.sum() == min(k, 12)
    assert kept.all() or logits[kept].min() >= logits[~kept].max()


def test_min_p_keeps_by_share_of_the_best() -> None:
    probs = distribution(np.log([0.5, 0.26, 0.24]), Sampling(temperature=1, min_p=0.5))
    assert probs == pytest.approx([0.5 / 0.76, 0.26 / 0.76, 0])


@pytest.mark.parametrize(
    "sampling",
    [Sampling(top_k=3), Sampling(top_p=0.6), Sampling(min_p=0.2), Sampling(top_k=5, top_p=0.8, min_p=0.1)],
)
def test_any_number_of_axes_and_rows_by_themselves(sampling: Sampling) -> None:
    whole = distribution(LOGITS.reshape(5, 10, 12), sampling).reshape(50, 12)
    one_by_one = np.stack([distribution(row, sampling) for row in LOGITS])
    assert (whole == one_by_one).all()
    assert (whole == 0).any(axis=-1).all()
    assert whole.sum(axis=-1) == pytest.approx(np.ones(50))


def test_a_penalty_makes_what_was_seen_less_probable_whatever_its_sign() -> None:
    seen = np.zeros(12, bool)
    seen[[0, 1]] = True
    logits = np.array([3.0, -3.0, *np.zeros(10)])
    plain = distribution(logits, Sampling(temperature=1))
    less = distribution(logits, Sampling(temperature=1, repetition_penalty=1.5), seen)
    assert (less[:2] < plain[:2]).all()


def test_draws_follow_the_probabilities_and_never_take_what_has_none() -> None:
    probs = np.array([0.0, 0.2, 0.0, 0.8, 0.0])
    uniforms = np.random.default_rng(1).random(4000)
    ids = draw(np.tile(probs, (4000, 1)), uniforms)
    assert set(ids.tolist()) == {1, 3}
    assert (ids == 3).mean() == pytest.approx(0.8, abs=0.02)
    assert draw(probs, 0.0) == 1
    assert draw(probs, math.nextafter(1, 0)) == 3


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(),
        Sampling(temperature=0),
        Sampling(temperature=0.3, top_k=4),
        Sampling(top_p=0.8),
        Sampling(min_p=0.2),
    ],
)
def test_a_choice_that_noise_changes_is_called_close(sampling: Sampling) -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 2, (4000, 12))
    uniforms, noise = rng.random(4000), 1e-3
    probs = distribution(logits, sampling)
    close = is_close(logits, np.cumsum(probs, axis=-1), uniforms, sampling, noise=noise)
    changed = np.zeros(4000, bool)
    for _ in range(20):
        other = distribution(logits + rng.uniform(-noise, noise, logits.shape), sampling)
        changed |= draw(other, uniforms) != draw(probs, uniforms)
    assert changed.any()
    assert close[changed].all()
    assert close.mean() < 0.2


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"temperature": -1}, "Invalid temperature. Received: -1"),
        ({"temperature": math.nan}, "Invalid temperature. Received: nan"),
        ({"temperature": 1e9}, r"in \[0, 100\]"),
        ({"temperature": "hot"}, "Received: 'hot'"),
        ({"top_k": 0}, "Invalid top_k"),
        ({"top_k": 1.5}, "whole number"),
        ({"top_p": 0}, r"in \(0, 1\]"),
        ({"top_p": 1.1}, "Invalid top_p"),
        ({"min_p": -0.1}, "Invalid min_p"),
        ({"repetition_penalty": 0}, "Invalid repetition_penalty"),
    ],
)
def test_nonsense_is_refused(settings: dict, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Sampling(**settings)
