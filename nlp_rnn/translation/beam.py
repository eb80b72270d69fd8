"""Beam search: the likeliest row of ids, as far as a few candidates at a time can find it.

Asks a model for logits step by step, for all texts at once; knows neither the model nor what the ids mean.
One candidate (``beam=1``) is greedy search.

Shapes: B texts, K candidates of each, n rows (candidates of all texts that go on), V vocabulary, S source
steps, T target steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.batch import Ids
from nlp_rnn.errors import in_range, whole_number

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


class StepDecoder(Protocol):
    """Rows that a model advances by one token at a time; at first, row b is text b's."""

    def advance(self, ids_n: Ids) -> tuple[F32, F32]:
        """Read an id in each row; return logits of the next one (n, V), and what is attended to (n, S)."""

    def keep(self, rows_n: Ids) -> None:
        """Go on in row i from what was row ``rows_n[i]``."""


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A finished row of ids.

    Attributes:
        ids: The ids, without the marks for beginning and end.
        score: Log-probability in nats, over the length penalty.
        attention_TS: Attention when each id was written, that of the end's mark included if it was.
    """

    ids: list[int]
    score: float
    attention_TS: F32


@dataclass
class _Beam:
    """The finished candidates of one text, of which the best is kept."""

    limit: int
    best: Hypothesis | None = None
    finished: int = 0

    def add(self, ids_T: Ids, score: float, attention_TS: F32) -> None:
        """Count a finished candidate, and keep it if it is the best so far."""
        self.finished += 1
        if self.best is None or score > self.best.score:
            self.best = Hypothesis(ids_T.tolist(), float(score), attention_TS.copy())


@dataclass
class _Rows:
    """The rows that go on, of all texts: n of them, in the order of their texts.

    Attributes:
        text_n: Number of each row's text.
        score_n: Log-probability of what is written.
        last_n: The id written last.
        ids_nT: All ids written, without the beginning's mark.
        attention_nTS: Attention when each of them was written.
    """

    text_n: Ids
    score_n: F64
    last_n: Ids
    ids_nT: Ids
    attention_nTS: F32


@dataclass
class _Candidates:
    """Rows with one more id, at most 2 K of each text: m of them, by text, the best of a text first.

    Attributes:
        from_m: The row that each goes on from.
        id_m: The id that it adds.
        score_m: Log-probability with that id.
    """

    from_m: Ids
    id_m: Ids
    score_m: F64


def penalty(length: int, alpha: float) -> float:
    """Return the divisor of a log-probability, without which short rows would win (Wu et al. 2016, eq. 14).

    >>> penalty(1, 0.6), round(penalty(13, 1.0), 2)
    (1.0, 3.0)
    """
    return float(((5 + length) / 6) ** alpha)


def beam_search(
    decoder: StepDecoder,
    limits: list[int],
    *,
    begin_id: int,
    end_id: int,
    never: tuple[int, ...] = (),
    beam: int = 5,
    alpha: float = 1.0,
) -> list[Hypothesis]:
    """Write one row for each text.

    A text is done when ``beam`` of its candidates have ended; its answer does not depend on other texts.

    Args:
        decoder: The model, with one row for each text.
        limits: Ids that each text's row may have at most, the end's mark included.
        begin_id: Id that a row is begun with.
        end_id: Id that ends it.
        never: Ids that are not written.
        beam: Candidates that are followed, K.
        alpha: Strength of the length penalty; 0 is none.

    Returns:
        The best row of each text.

    Raises:
        ConfigError: If ``beam`` is no whole number from 1 on, or ``alpha`` no number from 0 on.
    """
    beam, alpha = whole_number("beam", beam, 1), in_range("alpha", alpha, 0, math.inf, open_high=True)
    # Each text begins with one row, in which nothing is written.
    beams = [_Beam(limit) for limit in limits]
    n = len(limits)
    rows = _Rows(
        np.arange(n),
        np.zeros(n),
        np.full(n, begin_id, np.int64),
        np.empty((n, 0), np.int64),
        np.empty((n, 0, 0), np.float32),
    )
    while len(rows.text_n):
        # One step of the model for the rows of all texts.
        logits_nV, attention_nS = decoder.advance(rows.last_n)
        _attend(rows, attention_nS)
        # Twice as many candidates as are followed: even if K of them end, K are left to go on.
        candidates = _candidates(rows, logits_nV, never, 2 * beam)
        # Those that end are scored; the best of the others go on.
        going = _finish(beams, rows, candidates, end_id, beam, alpha)
        rows = _grown(rows, candidates, going)
        # The model's state follows: a row may go on twice, or not at all.
        if going:
            decoder.keep(candidates.from_m[going])
    found = [own.best for own in beams]
    assert all(best is not None for best in found)
    return [best for best in found if best is not None]


def _attend(rows: _Rows, attention_nS: F32) -> None:
    """Note what each row attends to in this step."""
    before_nTS = rows.attention_nTS
    if not before_nTS.shape[1]:  # the first step is the first to know the length of the source
        before_nTS = np.empty((len(attention_nS), 0, attention_nS.shape[1]), np.float32)
    rows.attention_nTS = np.concatenate([before_nTS, attention_nS[:, None]], axis=1)


def _finish(
    beams: list[_Beam], rows: _Rows, candidates: _Candidates, end_id: int, beam: int, alpha: float
) -> list[int]:
    """Hand finished candidates to their text's beam; return the numbers of those that go on."""
    from_m, id_m = candidates.from_m, candidates.id_m
    length = rows.ids_nT.shape[1] + 1
    normalised_m = candidates.score_m / penalty(length, alpha)
    going_on: list[int] = []
    # Candidates stand text by text: cut where the text changes.
    text_m = rows.text_n[from_m]
    for group in np.split(np.arange(len(from_m)), np.flatnonzero(np.diff(text_m)) + 1):
        own = beams[text_m[group[0]]]
        # An end counts only among the K best, so that a poor one does not close a text.
        for m in group[:beam]:
            if id_m[m] == end_id:
                own.add(rows.ids_nT[from_m[m]], normalised_m[m], rows.attention_nTS[from_m[m]])
        going = [m for m in group if id_m[m] != end_id][:beam]
        # At its longest, a row ends without the mark, the last id included.
        if length >= own.limit:
            for m in going:
                ids_T = np.append(rows.ids_nT[from_m[m]], id_m[m])
                own.add(ids_T, normalised_m[m], rows.attention_nTS[from_m[m]])
        # A text with K ends is done: none of its rows goes on.
        elif own.finished < beam:
            going_on += going
    return going_on


def _grown(rows: _Rows, candidates: _Candidates, going: list[int]) -> _Rows:
    """Return the rows of the candidates that go on, each with its id added."""
    from_n, last_n = candidates.from_m[going], candidates.id_m[going]
    return _Rows(
        rows.text_n[from_n],
        candidates.score_m[going],
        last_n,
        np.concatenate([rows.ids_nT[from_n], last_n[:, None]], axis=1),
        rows.attention_nTS[from_n],
    )


def _candidates(rows: _Rows, logits_nV: F32, never: tuple[int, ...], most: int) -> _Candidates:
    """Return the best ``most`` next ids of each text, best first."""
    # Log-softmax in two parts, so that the sum over V is taken off once per row, not V times.
    shifted_nV = logits_nV - logits_nV.max(axis=1, keepdims=True)
    log_sum_n = np.log(np.exp(shifted_nV).sum(axis=1))
    # Forbidden ids go after the sum: the others' probabilities stay the model's own.
    shifted_nV[:, list(never)] = -np.inf
    # No row can have more than ``most`` of its text's best; finding them unsorted is cheaper than sorting V.
    own = min(most, shifted_nV.shape[1] - len(never))
    ids_nM = np.argpartition(-shifted_nV, own - 1, axis=1)[:, :own]
    scores_nM = (rows.score_n - log_sum_n)[:, None] + np.take_along_axis(shifted_nV, ids_nM, axis=1)
    # All rows' candidates in one list.
    from_m = np.repeat(np.arange(len(rows.text_n)), own)
    ids_m, scores_m = ids_nM.ravel(), scores_nM.ravel().astype(np.float64)
    # By text, then by falling score, then by row and id, so that ties do not depend on the machine.
    order = np.lexsort((ids_m, from_m, -scores_m, rows.text_n[from_m]))
    # The first ``most`` of each text.
    edges = np.flatnonzero(np.diff(rows.text_n[from_m[order]])) + 1
    kept = np.concatenate([candidates[:most] for candidates in np.split(order, edges)])
    return _Candidates(from_m[kept], ids_m[kept], scores_m[kept])
