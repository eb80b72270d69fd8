"""A review under way: a text comes piece by piece, and leaves sentence by sentence.

A sentence is a unit of the layout, too: an item, a row, a heading. Each is reviewed as the whole text's
review would, whatever the pieces are. What many sentences need alike (repeated stretches, copied runs, the
claims model, the language) is computed for all that have come. Knows sentences, signals and policies; which
rules, model and thresholds there are is the filter's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlp_rnn.classification.languages import OTHER
from nlp_rnn.errors import InputError
from nlp_rnn.risk.claims import NOISE
from nlp_rnn.risk.confidence import LONGEST_PERIOD, Repeats, find_improbable
from nlp_rnn.risk.copies import CONTEXT, Copies
from nlp_rnn.risk.disclaimer import COPIED, UNREAD, disclaimer
from nlp_rnn.risk.hedges import read_claims
from nlp_rnn.risk.levels import LEVELS
from nlp_rnn.risk.overlap import OverlapIndex
from nlp_rnn.risk.review import Passage, Review
from nlp_rnn.risk.signals import Signal, combined
from nlp_rnn.risk.unread import languages
from nlp_rnn.risk.view import View, read_through
from nlp_rnn.text.units import find_unit_end

if TYPE_CHECKING:
    from nlp_rnn.risk.filter import Policy, RiskFilter

CHECK_WORTHY_WEIGHT = 0.65
"""Score of its signal over the claims model's probability."""

REDACTED = "[removed: {level} risk, {kinds}]"
BLOCKED = "[withheld: the text looks too risky to show]"
NO_CLAIMS_MODEL = "no claims model was found: sentences are judged by rules alone"
NO_MEMORY = "no index of the training text was given: copies and unknown words were not looked for"
NO_LOGPROBS = "no log-probabilities were given: how sure the model was is not known"
NOT_ENGLISH = "some of its sentences are not English: the filter reads English alone"
_TOGETHER = 128  # sentences reviewed together at most, or as many as have so few characters together:
_TOGETHER_CHARACTERS = 2_048
_KEPT = 2_048  # characters that are done with before they are let go


@dataclass(slots=True)
class _Sentence:
    """A sentence about which everything is known but what the claims model says.

    Attributes:
        text, start: The sentence and its place.
        view: What is read of it.
        judged: What the claims model reads of it.
        prompted: Characters at its start that the prompt gave.
        claims, others: Signals of the rules, and all others.
        damping: Factor of claims.
        passage: The sentence with its review, as soon as there is one.
    """

    text: str
    start: int
    view: View
    judged: str
    prompted: int
    claims: list[Signal]
    others: list[Signal]
    damping: float
    passage: Passage | None = None


class RiskStream:
    """A review under way; see ``RiskFilter.open``."""

    def __init__(
        self, risk: RiskFilter, memory: OverlapIndex | None, *, whole: bool = False, given: int = 0
    ) -> None:
        self._given = given  # characters of the prompt, which no policy changes
        self._filter = risk
        self._ends_at_stop = risk.policy == "block" and not whole
        self._done: list[Passage] = []
        self._waiting: list[_Sentence] = []
        self._acted = self._finished = False
        # Text that is not reviewed yet, and some before it; with log-probabilities if there are any.
        self._buffer = ""
        self._nats_N: NDArray[np.float64] | None = None
        # Of the buffer in the text; in the buffer, of the next sentence and where its end is looked for.
        self._offset = self._start = self._resume = 0
        self._repeats = Repeats(risk.thresholds.loop_chars)
        self._copies = None if memory is None else Copies(memory)

    @property
    def passages(self) -> list[Passage]:
        """The passages reviewed so far."""
        self._settle()
        return self._done

    @property
    def stopped(self) -> bool:
        """True if a sentence has reached the level at which ``redact`` and ``block`` act."""
        if not self._ends_at_stop:  # else those that wait cannot reach it: see ``_complete``
            self._settle()
        return self._acted

    def push(self, piece: str, char_logprobs: ArrayLike | None = None) -> list[Passage]:
        """Take the next piece of the text; return the passages that it completes.

        Raises:
            InputError: If the piece is no str, the log-probabilities are not one per character, or the stream
                is finished.
        """
        self._take(piece, char_logprobs)
        return self._passages_of(self._complete(final=False))

    def finish(self) -> list[Passage]:
        """End the text; review and return what was still open."""
        if self._finished:
            return []
        self._finished = True
        return self._passages_of(self._complete(final=True))

    def show(self, piece: str, char_logprobs: ArrayLike | None = None) -> list[str]:
        """Take the next piece of the text; return what the policy shows of the sentences that it completes.

        The same as the passages of ``push`` would show, and cheaper: the claims model reads a sentence at
        once only where its answer may change what is shown, and otherwise many sentences together.
        """
        self._take(piece, char_logprobs)
        return [self._shown_of(sentence) for sentence in self._complete(final=False)]

    def show_rest(self) -> list[str]:
        """End the text; return what the policy shows of what was still open."""
        if self._finished:
            return []
        self._finished = True
        return [self._shown_of(sentence) for sentence in self._complete(final=True)]

    @property
    def review(self) -> Review:
        """The review of the text so far."""
        passages = tuple(self.passages)
        signals = tuple(signal for passage in passages for signal in passage.signals)
        score = max((passage.score for passage in passages), default=0.0)
        level = self._filter.thresholds.level(score)
        shown_kinds = {signal.kind for p in passages if p.level == level for signal in p.signals}
        shown_kinds |= {COPIED, UNREAD} & {signal.kind for signal in signals}
        missing = (
            (UNREAD in shown_kinds, NOT_ENGLISH),
            (self._filter.claims is None, NO_CLAIMS_MODEL),
            (self._copies is None, NO_MEMORY),
            (self._nats_N is None, NO_LOGPROBS),
        )
        characters = passages[-1].end if passages else 0
        return Review(
            level=level,
            score=score,
            signals=signals,
            disclaimer=disclaimer(level, shown_kinds),
            passages=passages,
            overlap=None if self._copies is None else self._copies.report(characters),
            thresholds=self._filter.thresholds,
            not_checked=tuple(words for is_missing, words in missing if is_missing),
            evidence=None
            if self._filter.sources is None
            else tuple(filter(None, (p.evidence for p in passages))),
        )

    def _take(self, piece: str, char_logprobs: ArrayLike | None) -> None:
        """Add a piece to the buffer."""
        if not isinstance(piece, str):
            raise InputError(f"a text under review is str, got {type(piece).__name__}")
        if self._finished:
            raise InputError("this review is finished: open another for another text")
        if char_logprobs is not None or self._nats_N is not None:
            new_N = _nats_per_character(piece, char_logprobs)
            old_N = np.full(len(self._buffer), np.nan) if self._nats_N is None else self._nats_N
            self._nats_N = np.concatenate([old_N, new_N])
        self._buffer += piece

    def _complete(self, *, final: bool) -> Iterator[_Sentence]:
        """Yield the sentences that the buffer completes, each reviewed but for the claims model."""
        while not (self._acted and self._ends_at_stop):
            ends = self._next_ends(final)
            if not ends:
                break
            views = self._look_ahead(ends)
            for number, end in enumerate(ends):
                sentence = self._read_sentence(end, views[number], number)
                self._waiting.append(sentence)
                self._start = end
                if self._ends_at_stop and self._may_act(sentence):
                    self._settle()
                yield sentence
                if self._acted and self._ends_at_stop:
                    break
            if len(self._waiting) >= _TOGETHER:
                self._settle()
            self._let_go()

    def _next_ends(self, final: bool) -> list[int]:
        """Return the ends of the next sentences, as many as are reviewed together."""
        ends: list[int] = []
        start, resume = self._start, max(self._start, self._resume)
        while len(ends) < _TOGETHER or start < self._start + _TOGETHER_CHARACTERS:
            end, resume = find_unit_end(self._buffer, start, resume, final=final)
            if end is None:
                break
            ends.append(end)
            start = end
        self._resume = resume
        return ends

    def _look_ahead(self, ends: list[int]) -> list[View]:
        """Find repeated and copied stretches up to the last end; return what is read of each sentence."""
        self._repeats.read(self._buffer, self._offset, self._offset + ends[-1])
        starts = [self._start, *ends[:-1]]
        views = [read_through(self._buffer[a:b]) for a, b in zip(starts, ends, strict=True)]
        if self._copies is not None:
            self._copies.take(views, [self._offset + start for start in starts])
        return views

    def _let_go(self) -> None:
        """Drop the text that no later sentence needs."""
        gone = self._start - max(CONTEXT, LONGEST_PERIOD + self._filter.thresholds.loop_chars)
        if gone < _KEPT:
            return
        self._buffer = self._buffer[gone:]
        if self._nats_N is not None:
            self._nats_N = self._nats_N[gone:]
        self._offset += gone
        self._start -= gone
        self._resume -= gone
        self._repeats.forget(self._offset)

    def _read_sentence(self, end: int, view: View, number: int) -> _Sentence:
        """Review the sentence that ends at ``end`` in the buffer, but for the claims model.

        Args:
            end: Its end.
            view: What is read of it.
            number: Its number among those looked ahead for.
        """
        text = self._buffer[self._start : end]
        start = self._offset + self._start
        claims, damping, judged = read_claims(self._filter.rules, view.text)
        others = [] if self._nats_N is None else [*self._improbable(start, end)]
        if self._repeats.reaches(start, self._offset + end):
            others += self._loop(end)
        if self._copies is not None:
            others += self._copies.find(number)
        prompted = min(len(text), max(0, self._given - start))
        claims = [view.placed(signal, start) for signal in claims]
        return _Sentence(text, start, view, judged, prompted, claims, others, damping)

    def _settle(self) -> None:
        """Ask the claims model about all sentences that wait for it, and make passages of them."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        model = self._filter.claims
        probs = [0.0] * len(waiting)
        if model is not None:
            probs = model.probabilities([sentence.judged for sentence in waiting])
        lowest = self._filter.thresholds.check_worthy - NOISE
        for sentence, language in zip(waiting, languages([each.view.text for each in waiting]), strict=True):
            if language is not None:
                sentence.others.append(_unread(sentence, language))
        for sentence, probability in zip(waiting, probs, strict=True):
            claim = None if probability < lowest else self._claim(sentence, probability)
            if probability >= lowest and model is not None and len(waiting) > 1:
                # Read among others, a probability is off in its last digits: where these might count, the
                # sentence is read alone.
                claim, highest = (self._claim(sentence, probability + off) for off in (-NOISE, NOISE))
                if claim != highest:
                    claim = self._claim(sentence, model.probability(sentence.judged))
            sentence.passage = self._passage(sentence, claim)
            self._done.append(sentence.passage)

    def _claim(self, sentence: _Sentence, probability: float) -> Signal | None:
        """Return the signal of the claims model's probability."""
        if probability < max(self._filter.thresholds.check_worthy, 1e-9) or not sentence.damping:
            return None
        return Signal(
            kind="check-worthy",
            start=sentence.start + sentence.view.start,
            end=sentence.start + sentence.view.end,
            score=round(CHECK_WORTHY_WEIGHT * probability * sentence.damping, 3),
            why=f"reads like a sentence that a fact-checker would look into ({probability:.0%})",
        )

    def _passage(self, sentence: _Sentence, claim: Signal | None) -> Passage:
        """Return a sentence with its review, as the policy shows it."""
        text, policy = sentence.text, self._filter.policy
        found = [*sentence.claims, *([] if claim is None else [claim]), *sentence.others]
        if len(found) > 1:
            found.sort(key=lambda signal: (signal.start, signal.end, signal.kind))
        signals = tuple(found)
        score = combined(signals) if found else 0.0
        level = self._filter.thresholds.level(score)
        passage = Passage(
            text=text,
            shown=text[sentence.prompted :],
            start=sentence.start,
            end=sentence.start + len(text),
            level=level,
            score=score,
            signals=signals,
            prompted=sentence.prompted,
            evidence=self._filter.find_evidence(text, sentence.start, level),
        )
        if _is_given(sentence):
            return passage
        acts = self._acts(level)
        self._acted |= acts
        if callable(policy) or (acts and policy != "annotate"):
            return replace(passage, shown=_shown(passage, policy, acts, sentence.view))
        return passage

    def _acts(self, level: str) -> bool:
        return LEVELS.index(level) >= LEVELS.index(self._filter.thresholds.act_at)

    def _may_act(self, sentence: _Sentence) -> bool:
        """Return True if the level of a sentence may be one at which a policy acts."""
        if _is_given(sentence):
            return False
        highest = [] if self._filter.claims is None else [self._claim(sentence, 1.0)]
        found = [*sentence.claims, *filter(None, highest), *sentence.others]
        return self._acts(self._filter.thresholds.level(combined(found)))

    def _shown_of(self, sentence: _Sentence) -> str:
        """Return what the policy shows of a sentence, its passage settled only if that is needed."""
        policy = self._filter.policy
        if (
            sentence.passage is None
            and policy != "annotate"
            and (callable(policy) or self._may_act(sentence))
        ):
            self._settle()
        return sentence.text[sentence.prompted :] if sentence.passage is None else sentence.passage.shown

    def _passages_of(self, sentences: Iterator[_Sentence]) -> list[Passage]:
        completed = list(sentences)
        self._settle()
        return [sentence.passage for sentence in completed if sentence.passage is not None]

    def _improbable(self, start: int, end: int) -> Iterator[Signal]:
        """Yield signals for stretches of the sentence up to ``end`` that the model found improbable."""
        limits = self._filter.thresholds
        if self._nats_N is None:
            return
        nats_N = self._nats_N[self._start : end]
        worst = find_improbable(nats_N, window=limits.improbable_window, limit=limits.improbable_nats)
        for (first, after), nats in worst:
            share = nats / limits.improbable_nats if limits.improbable_nats else np.inf
            yield Signal(
                kind="improbable",
                start=start + first,
                end=start + after,
                score=round(min(0.9, 0.4 * share), 3),
                why=f"the model itself found this improbable ({nats:.1f} nats per character)",
            )

    def _loop(self, end: int) -> Iterator[Signal]:
        """Yield the signal for a loop that reaches into the sentence up to ``end``."""
        start = self._offset + self._start
        before = min(self._start, CONTEXT)
        repeated = self._repeats.find(self._buffer, self._offset, start - before, self._offset + end)
        if repeated is not None and repeated[0][1] > before:
            (first, after), period = repeated
            yield Signal(
                kind="loop",
                start=start + max(0, first - before),
                end=start + after - before,
                score=round(min(0.9, 0.4 + (after - first) / 400), 3),
                why=f"repeats the same {period} characters {(after - first) // period} times on end",
            )


def _is_given(sentence: _Sentence) -> bool:
    """Return True if all that was written of a sentence is white space, and the rest is the prompt's."""
    return bool(sentence.prompted) and not sentence.text[sentence.prompted :].strip()


def _unread(sentence: _Sentence, language: str) -> Signal:
    """Return the signal of a sentence that the filter cannot read."""
    return Signal(
        kind=UNREAD,
        start=sentence.start + sentence.view.start,
        end=sentence.start + sentence.view.end,
        score=0.0,
        why=f"is not English{f' ({language})' if language != OTHER else ''}: nobody has read what it claims",
    )


def _shown(passage: Passage, policy: Policy, acts: bool, view: View) -> str:
    """Return what was written of a passage, as the policy shows it."""
    if callable(policy):
        shown = policy(passage) if passage.signals else passage.text
        if not isinstance(shown, str):
            raise InputError(f"the policy should return the text to show, got {type(shown).__name__}")
        return shown.removeprefix(passage.text[: passage.prompted])
    if not acts or policy == "annotate":
        return passage.shown
    kinds = ", ".join(dict.fromkeys(signal.kind for signal in passage.signals if signal.score))
    note = BLOCKED if policy == "block" else REDACTED.format(level=passage.level, kinds=kinds)
    # What stands around what is said, such as the mark of an item, is shown as it was written.
    before = passage.text[passage.prompted : view.start]
    after = passage.text[max(view.end, passage.prompted) :]
    return before + note + after


def _nats_per_character(text: str, char_logprobs: ArrayLike | None) -> NDArray[np.float64]:
    """Return minus the log-probabilities, one per character; NaN where there are none."""
    if char_logprobs is None:
        return np.full(len(text), np.nan)
    try:
        logprobs_N = np.asarray(char_logprobs, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("char_logprobs should be numbers, one per character of the text") from None
    if logprobs_N.shape != (len(text),):
        raise InputError(f"char_logprobs has shape {logprobs_N.shape}; the text has {len(text)} characters")
    return -logprobs_N
