"""What waits for the inference thread: texts of requests, other calls, texts to be written.

Filled by the event loop, emptied by the thread. Knows futures; knows no models and no HTTP.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.service.writing import Stream

F32 = NDArray[np.float32]
MOST_TEXTS = 32
"""Texts taken at once at most; those of one request stay together."""


@dataclass(eq=False, slots=True)
class Texts:
    """Texts of one request, or a part of a large one."""

    texts: list[str]
    future: asyncio.Future[F32]
    since: float


@dataclass(eq=False, slots=True)
class Call:
    """Any other work for the thread."""

    kind: str
    work: Callable[[], Any]
    future: asyncio.Future[Any]
    since: float


@dataclass(eq=False, slots=True)
class Opening:
    """Texts that a client wants written."""

    make: Callable[[], list[Any]]
    marks: bool
    streams: list[Stream] = field(default_factory=list)
    abandoned: bool = False

    def abandon(self) -> None:
        """End them: the client has gone."""
        self.abandoned = True
        for stream in self.streams:
            stream.close()


class Queue:
    """Texts that wait."""

    def __init__(self) -> None:
        self.work: deque[Texts] = deque()
        self._added = self._done = 0  # one counter for each thread: no lock is needed

    @property
    def waiting(self) -> int:
        """Texts that nobody has answered yet, those at work among them."""
        return self._added - self._done

    def add(self, texts: Texts) -> None:
        """Add the texts of a request."""
        self._added += len(texts.texts)
        self.work.append(texts)

    def take(self, characters: int) -> list[Texts]:
        """Return the next requests still wanted: at least one, and of more as many as fit."""
        taken: list[Texts] = []
        texts = size = 0
        while self.work and texts < MOST_TEXTS and size < characters:
            first = self.work.popleft()
            if first.future.cancelled():
                self.finish([first])
                continue
            taken.append(first)
            texts += len(first.texts)
            size += sum(map(len, first.texts))
        return taken

    def finish(self, taken: Sequence[Texts]) -> None:
        """Count requests as answered."""
        self._done += sum(len(each.texts) for each in taken)
