"""Detections in a stream of scores: smoothing, the best step of its surroundings, a threshold.

Knows scores and times; knows no sounds and no network. A detection is a step whose smoothed score is the
best of ``refractory`` steps before and after it, so one word is heard once, and those above a lower threshold
are those above a higher one and some more. Whatever pieces the scores come in, the detections are the same.

Shapes: T steps, K keywords.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Detection:
    """A keyword heard in a stream.

    Attributes:
        time: Seconds from the stream's beginning to where it was surest, about the word's end.
        word: The keyword.
        confidence: Its smoothed score, 0 to 1.
    """

    time: float
    word: str
    confidence: float


class Detector:
    """Scores in, in pieces of any length, detections out.

    Args:
        words: Names of the columns.
        smoothing: Steps whose scores are averaged.
        refractory: Steps before and after a detection that have no better score.
        threshold: The least confidence.
        step_seconds: Time from one step to the next.
        first_seconds: Time of the first step: where it ends.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        smoothing: int,
        refractory: int,
        threshold: float,
        step_seconds: float,
        first_seconds: float = 0.0,
    ) -> None:
        self.words, self.refractory, self.threshold = tuple(words), refractory, threshold
        self._times = (first_seconds, step_seconds)
        self._latest: deque[F32] = deque(
            [np.zeros(len(self.words), np.float32)] * smoothing, maxlen=smoothing
        )
        self._step = 0
        self._best = (-1.0, -1, 0)  # score, step and column of the candidate
        self._scores: deque[float] = deque(maxlen=refractory)  # of the steps before this one

    def feed(self, scores_TK: F32) -> list[Detection]:
        """Return the detections that these scores settle, oldest first."""
        return [found for scores_K in scores_TK for found in self._next(scores_K)]

    def end(self) -> list[Detection]:
        """Return the detection that waited for more steps, now that none come."""
        return self._settled()

    def _next(self, scores_K: F32) -> list[Detection]:
        """Take one step."""
        self._latest.append(scores_K)
        # Added up one by one, oldest first: the same sum whatever the pieces.
        total_K = sum(self._latest, np.zeros(len(self.words), np.float32))
        column = int(np.argmax(total_K))
        score = float(total_K[column]) / len(self._latest)
        found = []
        # The candidate has been the best for long enough.
        if self._best[1] >= 0 and self._step - self._best[1] > self.refractory:
            found = self._settled()
        # A step becomes the candidate if none of the steps before it is as good.
        if score >= self.threshold and all(score > earlier for earlier in self._scores):
            self._best = (score, self._step, column)
        self._scores.append(score)
        self._step += 1
        return found

    def _settled(self) -> list[Detection]:
        """Return the candidate as a detection, if there is one, and forget it."""
        score, step, column = self._best
        self._best = (-1.0, -1, 0)
        if step < 0:
            return []
        first, each = self._times
        return [Detection(round(first + step * each, 6), self.words[column], score)]


def detect(
    scores_TK: F32,
    words: Sequence[str],
    *,
    smoothing: int,
    refractory: int,
    threshold: float = 0.0,
    step_seconds: float,
    first_seconds: float = 0.0,
) -> list[Detection]:
    """Return the detections in the scores of a whole stream; arguments as ``Detector``."""
    detector = Detector(
        words,
        smoothing=smoothing,
        refractory=refractory,
        threshold=threshold,
        step_seconds=step_seconds,
        first_seconds=first_seconds,
    )
    return [*detector.feed(scores_TK), *detector.end()]
