"""Texts that are being written for clients: one continuous batch, and a stream for each text.

The thread writes for a few milliseconds, then tells all streams what may be shown since the last time; a
client that is slower gets larger pieces. Knows the batch and the event loop; knows no HTTP.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nlp_rnn.generation.continuous import OpenText
from nlp_rnn.generation.generator import CharGenerator
from nlp_rnn.generation.result import Generated
from nlp_rnn.risk.review import Passage
from nlp_rnn.service.metrics import Metrics

_SLICE = 0.01
"""Seconds of writing before other work is looked for."""
_TOLD_EVERY, _TOLD_LATEST = 0.05, 0.15
"""Seconds between two pieces of a text, alone and among ``_MANY`` or more; its first one comes at once."""
_MANY = 32


@dataclass(slots=True)
class Piece:
    """What may be shown of a text since the last piece.

    Attributes:
        text: The characters.
        judged: Sentences whose review is complete.
        result: The whole, with the last piece.
    """

    text: str = ""
    judged: list[Passage] = field(default_factory=list)
    result: Generated | None = None
    blocked: bool = False

    def add(self, later: Piece) -> None:
        """Take a later piece into this one."""
        self.text += later.text
        self.judged += later.judged
        self.result, self.blocked = later.result, later.blocked


class Stream:
    """The pieces of one text, for one reader in the event loop."""

    def __init__(self, text: OpenText, *, marks: bool) -> None:
        self.open_text, self.marks = text, marks
        self.begun = self.told_end = False
        self._piece: Piece | None = None
        self._arrived = asyncio.Event()

    async def next(self) -> Piece:
        """Return what has come since the last call, as soon as something has."""
        await self._arrived.wait()
        self._arrived.clear()
        piece, self._piece = self._piece, None
        assert piece is not None
        return piece

    def tell(self, piece: Piece) -> None:
        """Take a piece; called in the event loop."""
        if self._piece is None:
            self._piece = piece
        else:
            self._piece.add(piece)
        self._arrived.set()

    def close(self) -> None:
        """End the text: nobody reads it any more."""
        self.told_end = True
        self.open_text.close()


class Desk:
    """Writes all texts; used by the inference thread alone.

    Args:
        generator: The model.
        tell: Calls a function in the event loop, where the readers are.
        metrics: Where to count.
        width: Texts written at once.
    """

    def __init__(
        self, generator: CharGenerator, tell: Callable[..., None], metrics: Metrics, width: int
    ) -> None:
        self._call_in_loop, self._metrics = tell, metrics
        self._batch = generator.open_batch(width=max(2, width))
        self._streams: list[Stream] = []
        self._told = 0.0

    @property
    def busy(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._streams)

    def open(self, text: OpenText, *, marks: bool) -> Stream:
        """Begin to write a text."""
        stream = Stream(text, marks=marks)
        self._streams.append(stream)
        self._batch.join(text)
        return stream

    def end_all(self) -> None:
        """End every text where it is, with its mark."""
        for stream in self._streams:
            stream.open_text.close()

    def write(self) -> bool:
        """Write for a moment; return False if there is nothing to write."""
        if not self._streams:
            return False
        deadline = time.perf_counter() + _SLICE
        while self._batch.advance() and time.perf_counter() < deadline:
            pass
        now = time.perf_counter()
        crowd = min(1.0, len(self._streams) / _MANY)
        if now - self._told >= _TOLD_EVERY + crowd * (_TOLD_LATEST - _TOLD_EVERY):
            self._told = now
            self._tell(self._streams)
        else:
            self._tell([each for each in self._streams if each.open_text.ended or not each.begun])
        self._streams = [each for each in self._streams if not each.told_end]
        return True

    def _tell(self, streams: Sequence[Stream]) -> None:
        """Tell readers what may be shown since the last time."""
        told = []
        for stream in streams:
            if stream.told_end:  # its reader has left
                continue
            piece = _next_piece(stream)
            if piece.text or piece.judged or piece.result is not None:
                stream.begun = True
                told.append((stream, piece))
                self._metrics.characters.inc(len(piece.text))
            if piece.result is not None:
                stream.told_end = True
                if piece.result.risk is not None:
                    self._metrics.reviews.labels(piece.result.risk.level).inc()
        if told:
            self._call_in_loop(_deliver, told)


def _next_piece(stream: Stream) -> Piece:
    """Return what may be shown of a text since the last time."""
    text = stream.open_text
    piece = Piece(text.take())
    if text.ended:
        piece.blocked = text.blocked
        piece.result = text.result
    if stream.marks:
        piece.judged = text.judged()
    return piece


def _deliver(told: Sequence[tuple[Stream, Piece]]) -> None:
    for stream, piece in told:
        stream.tell(piece)
