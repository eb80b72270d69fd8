"""One batch for texts that come and go, as a server needs it; ``generate_many`` knows all texts beforehand.

A text joins whenever somebody asks for it and leaves when it ends or nobody wants it any more, and is what
``generate`` gives for its prompt, settings and seed, whoever is beside it. Knows drafts and what is shown of
them; knows no threads, clients or clocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nlp_rnn.generation.decoding import F32, Decoder, Draft, State
from nlp_rnn.generation.result import Generated, Showing
from nlp_rnn.generation.sampling import Sampling
from nlp_rnn.generation.writing import Writing
from nlp_rnn.risk.review import Passage
from nlp_rnn.runtime.characters import CharRNN
from nlp_rnn.runtime.threads import single_threaded

_READ_AT_ONCE = 32
"""Characters of prompts that are read before each step: so a long one does not make the others wait."""


class OpenText:
    """A text that a ``TextBatch`` writes; ``CharGenerator.open`` makes it.

    Args:
        draft: Its ids.
        writing: Its characters.
        showing: What may be seen of it.
    """

    def __init__(self, draft: Draft, writing: Writing, showing: Showing) -> None:
        self.draft, self._writing, self._showing = draft, writing, showing
        self._wanted = True
        self._ended = writing.limit == 0
        draft.take = self._add

    @property
    def ended(self) -> bool:
        """True if no more will be written: it is finished, blocked by the policy, or closed."""
        return self._ended

    @property
    def blocked(self) -> bool:
        """True if the filter's policy has ended it."""
        return self._showing.blocked

    def take(self) -> str:
        """Return what may be shown since the last call; after its end, all the rest."""
        piece, known = self._writing.drain()
        shown = "".join(self._showing.take(piece, known)) if piece else ""
        if self._showing.blocked:
            self.close()
        elif self._ended:
            shown += "".join(self._showing.rest())
        return shown

    def judged(self) -> list[Passage]:
        """Return the sentences whose review is complete, and that were not returned before."""
        return self._showing.judged()

    def close(self) -> None:
        """End the text here: nothing more is written."""
        self._wanted, self._ended = False, True

    @property
    def result(self) -> Generated:
        """The text shown so far with its review; asking for it ends the text."""
        self.close()
        return self._showing.result

    def _add(self, chosen: int, log_prob: float) -> bool:
        """Add an id; return False if the text ends with it."""
        go_on = self._wanted and self._writing.take(chosen, log_prob)
        self._ended |= not go_on
        return go_on


@dataclass(eq=False)
class _Reading:
    """A prompt that is being read, one stream alone, so what comes out of it is exact."""

    text: OpenText
    state: State
    logits_V: F32
    done: int = 0


class TextBatch:
    """Texts written together, which join at any time.

    Used by one thread at a time.

    Args:
        engine: The model that computes.
        banned: Ids that are never written.
        width: Texts written at once; more of them wait.
    """

    def __init__(self, engine: CharRNN, *, banned: Sequence[int], width: int) -> None:
        self._engine, self._width = engine, width
        self._unread: deque[OpenText] = deque()
        self._ready: deque[Draft] = deque()
        self._reading: _Reading | None = None
        self._last: tuple[tuple[int, ...], tuple[State, F32]] | None = None
        self._decoder = Decoder(
            engine,
            self._arrivals(),
            Sampling(),
            banned=banned,
            width=width,
            single_threaded=single_threaded,
        )

    def join(self, text: OpenText) -> None:
        """Take a text to write."""
        if not text.ended:
            self._unread.append(text)

    def advance(self) -> bool:
        """Write one more character of each text; return False if there is none to write."""
        self._read_prompts()
        return self._decoder.advance() or bool(self._unread or self._reading)

    def _arrivals(self) -> Iterator[Draft | None]:
        """Yield the texts whose prompts are read; None if there is none now."""
        while True:
            yield self._ready.popleft() if self._ready else None

    def _read_prompts(self) -> None:
        """Read some characters of the prompts of those that wait."""
        left = _READ_AT_ONCE
        while left > 0 and len(self._ready) < self._width:
            reading = self._next_reading()
            if reading is None:
                return
            draft, first = reading.text.draft, reading.done
            reading.done = min(len(draft.prompt), first + left)
            left -= reading.done - first
            reading.logits_V = self._decoder.read_alone(reading.state, draft.prompt[first : reading.done])
            if reading.done == len(draft.prompt):
                draft.read = reading.state, reading.logits_V
                self._last = tuple(draft.prompt), draft.read
                self._ready.append(draft)
                self._reading = None

    def _next_reading(self) -> _Reading | None:
        """Return the prompt that is being read; one that was just read for another text is not read again."""
        while self._reading is None or self._reading.text.ended:
            if not self._unread:
                self._reading = None
                return None
            text = self._unread.popleft()
            if text.ended:
                continue
            if self._last is not None and self._last[0] == tuple(text.draft.prompt):
                text.draft.read = self._last[1]
                self._ready.append(text.draft)
                continue
            self._reading = _Reading(text, self._engine.start(1), np.empty(0, np.float32))
        return self._reading
