"""Beam search: the likeliest row of ids, as far as a few candidates at a time can find it.

Asks a model for logits step by step, for all texts at once; knows neither the model nor what the ids mean.
One candidate (``beam=1``) is greedy search.

Shapes: B texts, K candidates of each, n rows (candidates of all texts that go on), V vocabulary, S source
steps, T target steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.batch import Ids

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


class Writer(Protocol):
    """Rows that a model advances by one token at a time; at first, row b is text b's."""

    def advance(self, ids_n: Ids) -> tuple[F32, F32]:
        """Each row reads an id: logits of the next one (n, V), and what it attends to (n, S)."""

    def keep(self, rows_n: Ids) -> None:
        """From now on, row i goes on from what was row ``rows_n[i]``."""


@dataclass(frozen=True, eq=False)
class Written:
    """One row of ids.

    Attributes:
        ids: Without the marks for beginning and end.
        score: Log-probability in nats, over the length penalty.
        attention_TS: What was attended to when each id was written, the end's mark included if it was.
    """

    ids: list[int]
    score: float
    attention_TS: F32


@dataclass
class _Beam:
    """The finished candidates of one text."""

    limit: int
    best: Written | None = None
    finished: int = 0

    def add(self, ids_T: Ids, score: float, attention_TS: F32) -> None:
        self.finished += 1
        if self.best is None or score > self.best.score:
            self.best = Written(ids_T.tolist(), score, attention_TS.copy())


def penalty(length: int, alpha: float) -> float:
    """What a log-probability is divided by, or short rows would win by being short (Wu et al. 2016, eq. 14).

    >>> penalty(1, 0.6), round(penalty(13, 1.0), 2)
    (1.0, 3.0)
    """
    return float(((5 + length) / 6) ** alpha)


def beam_search(
    writer: Writer,
    limits: list[int],
    *,
    begin_id: int,
    end_id: int,
    never: tuple[int, ...] = (),
    beam: int = 5,
    alpha: float = 1.0,
) -> list[Written]:
    """Write one row for each text.

    A text is done when ``beam`` of its candidates have ended; its answer does not depend on other texts.

    Args:
        writer: The model, with one row for each text.
        limits: Ids that each text's row may have at most, the end's mark included.
        begin_id: What a row is begun with.
        end_id: What ends it.
        never: Ids that are not written.
        beam: Candidates that are followed, K.
        alpha: Strength of the length penalty; 0 is none.

    Returns:
        The best row of each text.
    """
    beams = [_Beam(limit) for limit in limits]
    text_n = np.arange(len(limits))
    score_n = np.zeros(len(limits))
    last_n = np.full(len(limits), begin_id, np.int64)
    ids_nT = np.empty((len(limits), 0), np.int64)
    attention_nTS: F32 | None = None
    while len(text_n):
        logits_nV, attention_nS = writer.advance(last_n)
        if attention_nTS is None:
            attention_nTS = np.empty((len(text_n), 0, attention_nS.shape[1]), np.float32)
        attention_nTS = np.concatenate([attention_nTS, attention_nS[:, None]], axis=1)
        length = ids_nT.shape[1] + 1
        from_m, id_m, score_m = _candidates(text_n, score_n, logits_nV, never, 2 * beam)
        rows: list[int] = []  # of the candidates, those that go on
        for candidates in np.split(np.arange(len(from_m)), np.flatnonzero(np.diff(text_n[from_m])) + 1):
            own = beams[text_n[from_m[candidates[0]]]]
            going = [m for m in candidates if id_m[m] != end_id][:beam]
            for m in candidates[:beam]:
                if id_m[m] == end_id:
                    score = score_m[m] / penalty(length, alpha)
                    own.add(ids_nT[from_m[m]], score, attention_nTS[from_m[m]])
            if length >= own.limit:
                for m in going:
                    ids_T = np.append(ids_nT[from_m[m]], id_m[m])
                    own.add(ids_T, score_m[m] / penalty(length, alpha), attention_nTS[from_m[m]])
            elif own.finished < beam:
                rows += going
        from_n = from_m[rows]
        last_n, score_n, text_n = id_m[rows], score_m[rows], text_n[from_n]
        ids_nT = np.concatenate([ids_nT[from_n], last_n[:, None]], axis=1)
        attention_nTS = attention_nTS[from_n]
        if rows:
            writer.keep(from_n)
    found = [own.best for own in beams]
    assert all(best is not None for best in found)
    return [best for best in found if best is not None]


def _candidates(
    text_n: Ids, score_n: F64, logits_nV: F32, never: tuple[int, ...], most: int
) -> tuple[Ids, Ids, F64]:
    """The best ``most`` next ids of each text, best first: the row each comes from, the id, its score."""
    shifted_nV = logits_nV - logits_nV.max(axis=1, keepdims=True)
    log_sum_n = np.log(np.exp(shifted_nV).sum(axis=1))
    shifted_nV[:, list(never)] = -np.inf
    own = min(most, shifted_nV.shape[1] - len(never))
    ids_nM = np.argpartition(-shifted_nV, own - 1, axis=1)[:, :own]
    scores_nM = (score_n - log_sum_n)[:, None] + np.take_along_axis(shifted_nV, ids_nM, axis=1)
    from_m = np.repeat(np.arange(len(text_n)), own)
    ids_m, scores_m = ids_nM.ravel(), scores_nM.ravel().astype(np.float64)
    # By text, then by falling score, then by row and id, so that ties do not depend on the machine.
    order = np.lexsort((ids_m, from_m, -scores_m, text_n[from_m]))
    edges = np.flatnonzero(np.diff(text_n[from_m[order]])) + 1
    kept = np.concatenate([candidates[:most] for candidates in np.split(order, edges)])
    return from_m[kept], ids_m[kept], scores_m[kept]
