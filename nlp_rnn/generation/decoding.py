"""Continuous batching: many texts are written together, each advanced by one character at a time.

A finished text leaves, a waiting one joins, and no text waits for another. A text depends on its own prompt
and seed alone. That needs care: a matrix product of one row and of the same row among others differ in their
last bits, and a choice on the border between two characters could fall the other way. So the exact numbers
are those of one stream computed alone, in one thread, and a decoder of width 1 computes no others. In a wider
one, wherever a choice is close to a border (``sampling.is_close``), the text is recomputed alone, from the
last place where that was done.

Knows ids and any model with the small interface below; knows no characters, stops or disclaimers.

Shapes: n texts, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.batch import Ids
from nlp_rnn.generation.sampling import Sampling, distribution, is_close, penalise, pick

State = NDArray[Any]
F32 = NDArray[np.float32]
Flags = NDArray[np.bool_]

WIDTH = 64
NOISE = 3e-5
"""Greatest distance of a batch's logits from those of a stream alone. Gated models forget such differences:
some 1e-6 stay. A plain RNN with large weights may amplify them beyond any bound; the promise ends there."""
_UNIFORMS = 256
_SHARED = 32  # steps taken at once before the caller is asked whether to go on


class StepModel(Protocol):
    """The methods of a model that decoding calls; a state's third axis is the streams."""

    vocab_size: int

    def start(self, streams: int) -> State:
        """Return the state before the first character."""
        ...

    def stepper(self, state: State) -> Callable[[Ids], NDArray[Any]]:
        """Return a function that advances this very array: ids (n,) -> logits (n, V)."""
        ...


@dataclass(eq=False)
class Draft:
    """A text that is being written.

    Attributes:
        prompt: Ids to read first, at least one.
        seed: Seed of its random numbers.
        take: Called with each id chosen and its log-probability; returns False to end the text.
        ids: The ids chosen so far.
        sampling: Settings of its own; None takes the decoder's.
        read: State and logits after the prompt, if somebody has read it alone already.
    """

    prompt: Sequence[int]
    seed: int
    take: Callable[[int, float], bool]
    ids: list[int] = field(default_factory=list)
    sampling: Sampling | None = None
    read: tuple[State, F32] | None = None

    def __post_init__(self) -> None:
        """Begin its random numbers; nothing is chosen yet."""
        self._rng = np.random.default_rng(self.seed)
        self._uniforms: list[float] = []
        self.exact: tuple[int, State] | None = None  # ids read alone, and the state after them

    def uniform(self) -> float:
        """Return the number that decides the next id; the same until ``add``."""
        if not self._uniforms:
            self._uniforms = self._rng.random(_UNIFORMS)[::-1].tolist()
        return self._uniforms[-1]

    def add(self, chosen: int, log_prob: float) -> bool:
        """Add an id; return False if the text ends with it."""
        self._uniforms.pop()
        self.ids.append(chosen)
        return self.take(chosen, log_prob)

    def recent(self, window: int) -> list[int]:
        """Return the last ids of prompt and text."""
        if len(self.ids) >= window:
            return self.ids[-window:]
        return [*self.prompt[-(window - len(self.ids)) :], *self.ids]


class Decoder:
    """Write drafts together.

    Args:
        model: The model that gives logits.
        drafts: Texts to write, in the order in which they join; an iterator is read only when there is room;
            None stands for nobody at the moment.
        sampling: Settings by which ids are chosen, where a draft has none of its own.
        banned: Ids that must not come.
        width: Texts advanced at once at most; changes speed, not texts.
        single_threaded: Context in which a stream is computed alone: ``runtime.threads.single_threaded``.
    """

    def __init__(
        self,
        model: StepModel,
        drafts: Iterable[Draft | None],
        sampling: Sampling,
        *,
        banned: Sequence[int] = (),
        width: int = WIDTH,
        single_threaded: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        self._model, self._sampling = model, sampling
        self._width, self._single_threaded = width, single_threaded
        self._waiting = iter(drafts)
        self._barrier_V = np.zeros(model.vocab_size, np.float32)
        self._barrier_V[list(banned)] = -np.inf
        self._active: list[Draft] = []
        self._state: State | None = None
        self._logits_nV: F32 = np.empty((0, model.vocab_size), np.float32)
        self._step: Callable[[Ids], NDArray[Any]] | None = None
        self._last_prompt: tuple[tuple[int, ...], State, F32] | None = None

    def run(self) -> Iterator[None]:
        """Write all texts to their end, giving control back every few steps."""
        while True:
            with self._single_threaded() if self._width == 1 else nullcontext():
                for _ in range(_SHARED):
                    if not self.advance():
                        return
            yield

    def advance(self) -> bool:
        """Choose one more character of each text; return False if none is left."""
        # Texts take free places first, so that the model's next step is as wide as it may be.
        self._let_join()
        if not self._active:
            return False
        # Every draft takes the id chosen for it, and may end.
        ids_n = self._choose()
        go_on = [
            draft.add(chosen, log_prob)
            for draft, chosen, log_prob in zip(
                self._active, ids_n.tolist(), self._log_probs(ids_n).tolist(), strict=True
            )
        ]
        # Finished texts leave: their rows are cut out, which asks for a step made for the smaller state.
        if not all(go_on):
            stay = np.flatnonzero(go_on)
            self._active = [self._active[i] for i in stay]
            ids_n = ids_n[stay]
            assert self._state is not None
            self._state, self._step = self._state[:, :, stay], None
        # Those that go on read what was chosen, and have new logits.
        if self._active:
            self._advance(ids_n)
        return True

    def _log_probs(self, ids_n: Ids) -> F32:
        """Return the log-probabilities of ids under the model's own distribution, one for each text."""
        shifted_nV = self._logits_nV - np.maximum.reduce(self._logits_nV, axis=-1, keepdims=True)
        chosen_n = shifted_nV[np.arange(len(ids_n)), ids_n]
        log_probs_n: F32 = chosen_n - np.log(np.add.reduce(np.exp(shifted_nV, shifted_nV), axis=-1))
        return log_probs_n

    def _advance(self, ids_n: Ids) -> None:
        """Let the model read one more id of each text."""
        assert self._state is not None
        if self._step is None:
            self._step = self._model.stepper(self._state)
        with np.errstate(over="ignore", under="ignore"):
            self._logits_nV = self._step(ids_n) + self._barrier_V

    def _let_join(self) -> None:
        """Let texts that wait join while there is room."""
        states, rows = [], []
        while len(self._active) < self._width:
            draft = next(self._waiting, None)
            if draft is None:
                break
            # A prompt is read alone, so what comes out of it is exact.
            state, logits_V = draft.read or self._read_prompt(tuple(draft.prompt))
            draft.exact = (0, state)
            self._active.append(draft)
            states.append(state)
            rows.append(logits_V)
        if not states:
            return
        # If all texts are new, what is left of those before them is dropped.
        before = [] if self._state is None or not len(self._logits_nV) else [self._state]
        if len(self._active) == len(states):
            before, self._logits_nV = [], self._logits_nV[:0]
        # The new ones come after those that are being written, in both state and logits.
        self._state = np.concatenate([*before, *states], axis=2)
        self._logits_nV = np.concatenate([self._logits_nV, rows])
        # The step was made for the old state: the next one makes its own.
        self._step = None

    def _read_prompt(self, prompt: tuple[int, ...]) -> tuple[State, F32]:
        """Return state and logits after a prompt, read once for all texts in a row that share it."""
        if self._last_prompt is None or self._last_prompt[0] != prompt:
            state = self._model.start(1)
            self._last_prompt = (prompt, state, self.read_alone(state, prompt))
        return self._last_prompt[1:]

    def read_alone(self, state: State, ids: Sequence[int]) -> F32:
        """Return the exact logits after ids that one stream reads alone; the state is advanced."""
        step = self._model.stepper(state)
        logits_1V: NDArray[Any] = np.zeros((1, self._model.vocab_size), np.float32)
        with self._single_threaded(), np.errstate(over="ignore", under="ignore"):
            for one in ids:
                logits_1V = step(np.array([one]))
        return np.asarray(logits_1V[0] + self._barrier_V, np.float32)

    def _choose(self) -> Ids:
        """Return the next id of each text."""
        drafts = self._active
        own = [draft.sampling or self._sampling for draft in drafts]
        if all(sampling is own[0] for sampling in own):
            return self._choose_by(own[0], drafts, np.arange(len(drafts)))
        # Texts with like settings choose together; each text's choice depends on its own row alone.
        ids_n = np.empty(len(drafts), np.intp)
        for sampling in dict.fromkeys(own):
            rows = [number for number, mine in enumerate(own) if mine == sampling]
            ids_n[rows] = self._choose_by(sampling, [drafts[row] for row in rows], np.array(rows))
        return ids_n

    def _choose_by(self, sampling: Sampling, drafts: Sequence[Draft], rows_n: Ids) -> Ids:
        """Return the next id of some texts, which stand in these rows, by settings that they share."""
        whole = len(rows_n) == len(self._active)
        logits_nV = self._logits_nV if whole else self._logits_nV[rows_n]
        seen_nV = self._recent_ids(sampling, drafts)
        # Each text has its own random number, so it does not matter which texts are beside it.
        uniforms_n = np.array([draft.uniform() for draft in drafts])
        cumulative_nV = distribution(logits_nV, sampling, seen_nV).cumsum(axis=-1)
        if self._width > 1:
            # The penalty may make an error of the logits larger.
            penalty = sampling.repetition_penalty
            compared_nV = logits_nV if seen_nV is None else penalise(logits_nV, seen_nV, penalty)
            noise = NOISE * max(penalty, 1 / penalty)
            # Where the batch's error could change the choice, compute this text's logits exactly.
            close_n = is_close(compared_nV, cumulative_nV, uniforms_n, sampling, noise=noise)
            if close_n.any():
                for number in rows_n[close_n].tolist():
                    self._make_exact(number)
                # The logits were changed in place: choose by the exact ones.
                logits_nV = self._logits_nV if whole else self._logits_nV[rows_n]
                cumulative_nV = distribution(logits_nV, sampling, seen_nV).cumsum(axis=-1)
        return pick(cumulative_nV, uniforms_n)

    def _make_exact(self, number: int) -> None:
        """Replace a text's state and logits by the exact ones."""
        draft = self._active[number]
        assert draft.exact is not None
        # Read only what was chosen since the last exact state, on a copy of it: other texts may share it.
        done, state = draft.exact
        if done < len(draft.ids):
            state = state.copy()
            self._logits_nV[number] = self.read_alone(state, draft.ids[done:])
            draft.exact = (len(draft.ids), state)
            assert self._state is not None
            self._state[:, :, number] = state[:, :, 0]

    def _recent_ids(self, sampling: Sampling, drafts: Sequence[Draft]) -> Flags | None:
        """Return True for ids among the last characters of each text; None if there is no penalty."""
        if sampling.repetition_penalty == 1:
            return None
        seen_nV = np.zeros((len(drafts), self._model.vocab_size), bool)
        for number, draft in enumerate(drafts):
            seen_nV[number, draft.recent(sampling.repetition_window)] = True
        return seen_nV
