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
from nlp_rnn.errors import ConfigError

F64 = NDArray[np.float64]


COLDEST = 1e-6
"""The lowest temperature above 0: logits over less overflow."""


@dataclass(frozen=True, kw_only=True)
class Sampling(Settings):
    """Settings by which the next character is chosen; the filters apply in this order.

    Attributes:
        repetition_penalty: Above 1, what stood among the last ``repetition_window`` characters becomes less
            probable (Keskar et al. 2019); below 1, more.
        repetition_window: Number of characters that the penalty looks back.
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
        self._numbers("temperature", 0, 100)
        if 0 < self.temperature < COLDEST:
            raise ConfigError(
                f"Invalid temperature. Received: {self.temperature!r}; it should be 0 (always the most "
                f"probable), or from {COLDEST:g} to 100"
            )
        self._numbers("repetition_penalty", 0.01, 100)
        if self.top_p is not None:
            self._numbers("top_p", 0, 1)
            if self.top_p == 0:
                raise ConfigError("Invalid top_p. Received: 0; it should be in (0, 1]")
        if self.min_p is not None:
            self._numbers("min_p", 0, 1)
        if self.top_k is not None:
            self._whole_numbers("top_k", 1)
        self._whole_numbers("repetition_window", 1)


def penalise(logits: ArrayLike, seen: NDArray[np.bool_], penalty: float) -> F64:
    """Divide the logits of ``seen`` by the penalty where they are positive, and multiply them where negative.

    Shape:
        logits (..., V), seen (..., V) -> (..., V).

    >>> penalise([2.0, -2.0, 2.0], np.array([True, True, False]), 2.0).tolist()
    [1.0, -4.0, 2.0]
    """
    values = np.asarray(logits, np.float64)
    return np.where(seen, np.where(values > 0, values / penalty, values * penalty), values)


def keep_top_k(logits: ArrayLike, k: int) -> F64:
    """Keep the k greatest logits, and put the others at minus infinity; of equal ones the first stay.

    Shape:
        (..., V) -> (..., V).

    >>> keep_top_k([1.0, 3.0, 2.0], 2).tolist()
    [-inf, 3.0, 2.0]
    """
    values = np.asarray(logits, np.float64)
    # Stable, so that of equal logits the first stand first, on any machine.
    order = np.argsort(-values, axis=-1, kind="stable")
    # Begin with nothing kept, and copy the k best to their own places.
    kept = np.full_like(values, -np.inf)
    best = order[..., :k]
    np.put_along_axis(kept, best, np.take_along_axis(values, best, -1), -1)
    return kept


def keep_top_p(logits: ArrayLike, p: float) -> F64:
    """Keep the smallest set of greatest logits whose probabilities sum to at least p.

    The others are put at minus infinity.

    Shape:
        (..., V) -> (..., V).

    >>> keep_top_p(np.log([0.5, 0.3, 0.2]), 0.7).round(3).tolist()
    [-0.693, -1.204, -inf]
    """
    values = np.asarray(logits, np.float64)
    # From the most probable on; stable, so that of equal ones the first stand first.
    order = np.argsort(-values, axis=-1, kind="stable")
    probs = np.take_along_axis(softmax(values), order, -1)
    # What all more probable ones sum to. An id is needed as long as that is less than p, so the one that
    # crosses p is kept, and the most probable always.
    before = np.cumsum(probs, axis=-1) - probs
    # Back from the order by probability to the order of ids.
    kept = np.empty(values.shape, bool)
    np.put_along_axis(kept, order, before < p, -1)
    return np.where(kept, values, -np.inf)


def keep_min_p(logits: ArrayLike, p: float) -> F64:
    """Keep logits whose probability is at least p times the greatest, and put the others at minus infinity.

    Shape:
        (..., V) -> (..., V).

    >>> keep_min_p(np.log([0.6, 0.3, 0.1]), 0.5).round(3).tolist()
    [-0.511, -1.204, -inf]
    """
    values = np.asarray(logits, np.float64)
    if p == 0:
        return values
    # A ratio of probabilities is a difference of logits; the slack keeps what is at the border itself.
    floor = values.max(axis=-1, keepdims=True) + math.log(p)
    return np.where(values >= floor - 1e-12, values, -np.inf)


def softmax(logits: F64) -> F64:
    """Return the probabilities of logits, some of which may be minus infinity."""
    probs: F64 = logits - np.maximum.reduce(logits, axis=-1, keepdims=True)
    np.exp(probs, probs)
    probs /= np.add.reduce(probs, axis=-1, keepdims=True)
    return probs


def distribution(logits: ArrayLike, sampling: Sampling, seen: NDArray[np.bool_] | None = None) -> F64:
    """Return the probabilities that the next id is drawn from.

    Args:
        logits: The model's logits, *shape (..., V)*; minus infinity for ids that must not come.
        sampling: Settings.
        seen: True for ids among the last characters, *shape (..., V)*; None if there is no penalty.

    Shape:
        (..., V) -> (..., V), rows sum to 1; with temperature 0 all of it is on one id.
    """
    # In double precision: sums of many small probabilities decide what is drawn.
    values = np.asarray(logits, np.float64)
    # First of all, so that greedy choices avoid repetition, too.
    if seen is not None and sampling.repetition_penalty != 1:
        values = penalise(values, seen, sampling.repetition_penalty)
    # No division by 0: greedy is all of the probability on the first of the greatest.
    if sampling.temperature == 0:
        probs = np.zeros_like(values)
        np.put_along_axis(probs, values.argmax(axis=-1)[..., None], 1.0, -1)
        return probs
    # The filters see the tempered logits, each what the one before has left.
    values = values / sampling.temperature
    if sampling.top_k is not None:
        values = keep_top_k(values, sampling.top_k)
    if sampling.top_p is not None and sampling.top_p < 1:
        values = keep_top_p(values, sampling.top_p)
    if sampling.min_p is not None:
        values = keep_min_p(values, sampling.min_p)
    return softmax(values)


def pick(cumulative: F64, uniforms: ArrayLike) -> NDArray[np.intp]:
    """Return, for each number, the id whose part of [0, 1) holds it; the parts are in the order of the ids.

    Args:
        cumulative: Probabilities, each with those before it added, *shape (..., V)*.
        uniforms: Numbers in [0, 1), *shape (...)*.

    Shape:
        (..., V), (...) -> (...).

    >>> pick(np.array([[0.2, 1.0], [0.2, 1.0]]), [0.1, 0.3]).tolist()
    [0, 1]
    """
    # Rounding may leave the sum a little off 1: the shares are those of the sum that there is.
    total = cumulative[..., -1:]
    # And a product that rounds up to the sum would be in nobody's share: stay below it.
    target = np.minimum(np.asarray(uniforms)[..., None] * total, np.nextafter(total, 0))
    # As many ids end at or below the number as there are ids before the one that holds it.
    return np.asarray(np.add.reduce(cumulative <= target, axis=-1))


def is_close(
    logits: NDArray[np.floating[Any]],
    cumulative: F64,
    uniforms: ArrayLike,
    sampling: Sampling,
    *,
    noise: float,
) -> NDArray[np.bool_]:
    """Return True where logits that are off by ``noise`` might lead to another choice.

    A row may be called close and be safe; never the other way round. Of logits l that are off by e, a sum of
    softmax probabilities F is off by at most 2 e F (1 - F) / temperature (to first order).

    Args:
        logits: Logits as given to ``distribution``, penalties applied, *shape (..., V)*.
        cumulative: Their probabilities as given to ``pick``, *shape (..., V)*.
        uniforms: The numbers that choose, *shape (...)*.
        sampling: Settings.
        noise: Greatest error of a logit.

    Shape:
        -> (...).
    """
    # Greedy: the two best might change places.
    if sampling.temperature == 0:
        falling = -np.sort(-np.asarray(logits, np.float64), axis=-1)
        return np.asarray(falling[..., 0] - falling[..., 1] < 2 * noise)
    # Two logits move apart by twice the error; the number that chooses must not be that near an id's share.
    noise = 2 * noise / sampling.temperature
    near = _near(cumulative, np.asarray(uniforms, np.float64)[..., None], noise)
    if (sampling.top_k, sampling.top_p, sampling.min_p) == (None, None, None):
        return near
    # A filter has a border of its own: what it keeps last might change places with what it drops first.
    falling = -np.sort(-np.asarray(logits, np.float64) / sampling.temperature, axis=-1)
    if sampling.top_k is not None:
        near |= _gap(falling, np.full(near.shape, sampling.top_k)) < noise
        falling = falling[..., : sampling.top_k]
    if sampling.top_p is not None and sampling.top_p < 1:
        # Here the border is a sum, so also the number of ids kept might be another one.
        probs = softmax(falling)
        cumulative = np.cumsum(probs, axis=-1)
        near |= _near(cumulative, sampling.top_p, noise)
        near |= _gap(falling, (cumulative - probs < sampling.top_p).sum(axis=-1)) < noise
    # Any id might cross this border, wherever it stands.
    if sampling.min_p:
        near |= (np.abs(falling - falling[..., :1] - math.log(sampling.min_p)) < noise).any(axis=-1)
    return np.asarray(near)


def _near(cumulative: F64, border: F64 | float, noise: float) -> NDArray[np.bool_]:
    """Return True where a sum of probabilities is so near a number that noise may carry it across."""
    return np.asarray(
        (np.abs(cumulative - border) <= noise * cumulative * (1 - cumulative) + 1e-12).any(axis=-1)
    )


def _gap(falling: F64, count: NDArray[np.integer[Any]]) -> F64:
    """Return how far the last of the first ``count`` values is from the next; infinity if there is none."""
    padded = np.concatenate([falling, np.full((*falling.shape[:-1], 1), -np.inf)], axis=-1)
    last = np.minimum(count, falling.shape[-1])[..., None]
    pair = np.take_along_axis(padded, np.concatenate([last - 1, last], axis=-1), -1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nan_to_num(pair[..., 0] - pair[..., 1], nan=np.inf, posinf=np.inf))
