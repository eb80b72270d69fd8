"""From logits to the next id: pure functions of logits, settings and a number in [0, 1).

Each takes any number of rows, *shape (..., V)*, and works row by row, so a row's answer does not depend on
the rows beside it. Knows no model, no characters and no random generator.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlp_rnn.config import Settings
from nlp_rnn.errors import ConfigError, in_range

F64 = NDArray[np.float64]


COLDEST = 1e-6
"""The lowest temperature above 0: logits over less overflow."""


@dataclass(frozen=True, kw_only=True)
class Sampling(Settings):
    """How the next character is chosen; the filters apply in this order.

    Attributes:
        repetition_penalty: Above 1, what stood among the last ``repetition_window`` characters becomes less
            probable (Keskar et al. 2019); below 1, more.
        repetition_window: How far back that looks.
        temperature: The logits are divided by it; 0 is greedy (the first of the most probable), whatever the
            filters below say.
        top_k: Keep the k most probable (Fan et al. 2018).
        top_p: Keep the smallest set whose probabilities sum to at least p (Holtzman et al. 2020).
        min_p: Keep what is at least this share as probable as the most probable (Nguyen et al. 2024).
    """

    temperature: float = 0.8
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float = 1.0
    repetition_window: int = 64

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        _number("temperature", self.temperature, 0, 100)
        if 0 < self.temperature < COLDEST:
            raise ConfigError(
                f"Invalid temperature. Received: {self.temperature!r}; it should be 0 (always the most "
                f"probable), or from {COLDEST:g} to 100"
            )
        _number("repetition_penalty", self.repetition_penalty, 0.01, 100)
        if self.top_p is not None:
            _number("top_p", self.top_p, 0, 1)
            if self.top_p == 0:
                raise ConfigError("Invalid top_p. Received: 0; it should be in (0, 1]")
        if self.min_p is not None:
            _number("min_p", self.min_p, 0, 1)
        for name, low in (("top_k", 1), ("repetition_window", 1)):
            value = getattr(self, name)
            if value is not None:
                if not isinstance(value, int):
                    raise ConfigError(f"Invalid {name}. Received: {value!r}; it should be a whole number")
                in_range(name, value, low, 2**31)


def penalised(logits: ArrayLike, seen: NDArray[np.bool_], penalty: float) -> F64:
    """Logits with those of ``seen`` divided by the penalty where positive, multiplied where negative.

    Shape:
        logits (..., V), seen (..., V) -> (..., V).

    >>> penalised([2.0, -2.0, 2.0], np.array([True, True, False]), 2.0).tolist()
    [1.0, -4.0, 2.0]
    """
    values = np.asarray(logits, np.float64)
    return np.where(seen, np.where(values > 0, values / penalty, values * penalty), values)


def keep_top_k(logits: ArrayLike, k: int) -> F64:
    """The k greatest logits, the others at minus infinity; of equal ones the first stay.

    Shape:
        (..., V) -> (..., V).

    >>> keep_top_k([1.0, 3.0, 2.0], 2).tolist()
    [-inf, 3.0, 2.0]
    """
    values = np.asarray(logits, np.float64)
    order = np.argsort(-values, axis=-1, kind="stable")
    kept = np.full_like(values, -np.inf)
    best = order[..., :k]
    np.put_along_axis(kept, best, np.take_along_axis(values, best, -1), -1)
    return kept


def keep_top_p(logits: ArrayLike, p: float) -> F64:
    """The smallest set of greatest logits whose probabilities sum to at least p; the others: minus infinity.

    Shape:
        (..., V) -> (..., V).

    >>> keep_top_p(np.log([0.5, 0.3, 0.2]), 0.7).round(3).tolist()
    [-0.693, -1.204, -inf]
    """
    values = np.asarray(logits, np.float64)
    order = np.argsort(-values, axis=-1, kind="stable")
    probs = np.take_along_axis(softmaxed(values), order, -1)
    before = np.cumsum(probs, axis=-1) - probs
    kept = np.empty(values.shape, bool)
    np.put_along_axis(kept, order, before < p, -1)
    return np.where(kept, values, -np.inf)


def keep_min_p(logits: ArrayLike, p: float) -> F64:
    """The logits whose probability is at least p times the greatest, the others at minus infinity.

    Shape:
        (..., V) -> (..., V).

    >>> keep_min_p(np.log([0.6, 0.3, 0.1]), 0.5).round(3).tolist()
    [-0.511, -1.204, -inf]
    """
    values = np.asarray(logits, np.float64)
    if p == 0:
        return values
    floor = values.max(axis=-1, keepdims=True) + math.log(p)
    return np.where(values >= floor - 1e-12, values, -np.inf)


def softmaxed(logits: F64) -> F64:
    """Probabilities of logits, some of which may be minus infinity."""
    probs: F64 = logits - np.maximum.reduce(logits, axis=-1, keepdims=True)
    np.exp(probs, probs)
    probs /= np.add.reduce(probs, axis=-1, keepdims=True)
    return probs


def distribution(logits: ArrayLike, sampling: Sampling, seen: NDArray[np.bool_] | None = None) -> F64:
    """The probabilities that the next id is drawn from.

    Args:
        logits: The model's, *shape (..., V)*; minus infinity for ids that must not come.
        sampling: Settings.
        seen: Which ids stood among the last characters, *shape (..., V)*; None if there is no penalty.

    Shape:
        (..., V) -> (..., V), rows sum to 1; with temperature 0 all of it is on one id.
    """
    values = np.asarray(logits, np.float64)
    if seen is not None and sampling.repetition_penalty != 1:
        values = penalised(values, seen, sampling.repetition_penalty)
    if sampling.temperature == 0:
        probs = np.zeros_like(values)
        np.put_along_axis(probs, values.argmax(axis=-1)[..., None], 1.0, -1)
        return probs
    values = values / sampling.temperature
    if sampling.top_k is not None:
        values = keep_top_k(values, sampling.top_k)
    if sampling.top_p is not None and sampling.top_p < 1:
        values = keep_top_p(values, sampling.top_p)
    if sampling.min_p is not None:
        values = keep_min_p(values, sampling.min_p)
    return softmaxed(values)


def draw(probs: F64, uniforms: ArrayLike) -> NDArray[np.intp]:
    """Ids whose share of [0, 1), one behind the other, holds each number.

    Shape:
        (..., V), (...) -> (...).

    >>> draw(np.array([[0.2, 0.8], [0.2, 0.8]]), [0.1, 0.3]).tolist()
    [0, 1]
    """
    return pick(np.cumsum(probs, axis=-1), uniforms)


def pick(reached: F64, uniforms: ArrayLike) -> NDArray[np.intp]:
    """``draw`` from probabilities that are summed up already.

    Shape:
        (..., V), (...) -> (...).
    """
    total = reached[..., -1:]
    target = np.minimum(np.asarray(uniforms)[..., None] * total, np.nextafter(total, 0))
    return np.asarray(np.add.reduce(reached <= target, axis=-1))


def is_close(
    logits: NDArray[np.floating[Any]],
    reached: F64,
    uniforms: ArrayLike,
    sampling: Sampling,
    *,
    noise: float,
) -> NDArray[np.bool_]:
    """Whether logits that are off by ``noise`` might lead to another choice: something is near a border.

    A row may be called close and be safe; never the other way round. Of logits l that are off by e, a sum of
    softmax probabilities F is off by at most 2 e F (1 - F) / temperature (to first order).

    Args:
        logits: As given to ``distribution``, penalties applied, *shape (..., V)*.
        reached: What ``distribution`` made of them, summed up, *shape (..., V)*.
        uniforms: The numbers that choose, *shape (...)*.
        sampling: Settings.
        noise: How far each logit may be off.

    Shape:
        -> (...).
    """
    if sampling.temperature == 0:
        falling = -np.sort(-np.asarray(logits, np.float64), axis=-1)
        return np.asarray(falling[..., 0] - falling[..., 1] < 2 * noise)
    noise = 2 * noise / sampling.temperature
    near = _near(reached, np.asarray(uniforms, np.float64)[..., None], noise)
    if (sampling.top_k, sampling.top_p, sampling.min_p) == (None, None, None):
        return near
    falling = -np.sort(-np.asarray(logits, np.float64) / sampling.temperature, axis=-1)
    if sampling.top_k is not None:
        near |= _gap(falling, np.full(near.shape, sampling.top_k)) < noise
        falling = falling[..., : sampling.top_k]
    if sampling.top_p is not None and sampling.top_p < 1:
        kept = softmaxed(falling)
        reached = np.cumsum(kept, axis=-1)
        near |= _near(reached, sampling.top_p, noise)
        near |= _gap(falling, (reached - kept < sampling.top_p).sum(axis=-1)) < noise
    if sampling.min_p:
        near |= (np.abs(falling - falling[..., :1] - math.log(sampling.min_p)) < noise).any(axis=-1)
    return np.asarray(near)


def _near(reached: F64, border: F64 | float, noise: float) -> NDArray[np.bool_]:
    """Whether any sum of probabilities is so near a number that noise in the logits may carry it across."""
    return np.asarray((np.abs(reached - border) <= noise * reached * (1 - reached) + 1e-12).any(axis=-1))


def _gap(falling: F64, count: NDArray[np.integer[Any]]) -> F64:
    """How far the last of the first ``count`` values is from the next; infinity where there is no next."""
    padded = np.concatenate([falling, np.full((*falling.shape[:-1], 1), -np.inf)], axis=-1)
    last = np.minimum(count, falling.shape[-1])[..., None]
    pair = np.take_along_axis(padded, np.concatenate([last - 1, last], axis=-1), -1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nan_to_num(pair[..., 0] - pair[..., 1], nan=np.inf, posinf=np.inf))


def _number(name: str, value: Any, low: float, high: float) -> None:
    """Refuse what is no number in [low, high]."""
    if not isinstance(value, (int, float)):
        raise ConfigError(f"Invalid {name}. Received: {value!r}; it should be a number in [{low}, {high}]")
    in_range(name, value, low, high)
