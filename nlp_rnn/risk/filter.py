"""``RiskFilter``: how risky generated text looks, why, and what is done about it.

It cannot know what is true and never says so. It reports signals (a claim, a copy, a stretch that the model
itself found improbable), each with its place and its evidence, and sums them up in a level, a score and a
disclaimer. It reads sentence by sentence, so that a stream is reviewed as it comes and exactly as the whole
text would be. Knows text and signals; not where the text comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlp_rnn.errors import ConfigError, InputError, one_of
from nlp_rnn.resources import CLAIMS_MODEL, data_folder
from nlp_rnn.risk.claims import CheckWorthiness, Rules, load_rules
from nlp_rnn.risk.confidence import find_improbable, find_loop
from nlp_rnn.risk.disclaimer import COPIED, disclaimer
from nlp_rnn.risk.levels import LEVELS, Thresholds
from nlp_rnn.risk.overlap import WORD, OverlapIndex, OverlapReport
from nlp_rnn.risk.review import Filtered, Passage, Review
from nlp_rnn.risk.signals import Signal, combined
from nlp_rnn.text.sentences import sentence_end

POLICIES = ("annotate", "redact", "block")
CONTEXT = 500
"""Number of characters before a sentence in which a loop or a copied run may have begun."""
CHECK_WORTHY_WEIGHT = 0.65
"""Score of its signal over the claims model's probability."""

REDACTED = "[removed: {level} risk, {kinds}]"
BLOCKED = "[withheld: the text looks too risky to show]"
NO_CLAIMS_MODEL = "no claims model was found: sentences are judged by rules alone"
NO_MEMORY = "no index of the training text was given: copies and unknown words were not looked for"
NO_LOGPROBS = "no log-probabilities were given: how sure the model was is not known"
NOT_ENGLISH = (
    "most of its words are not English ones that the filter knows: it looks for claims in English alone"
)
_FEWEST_WORDS = 3  # a shorter text may be of any language

Policy = str | Callable[[Passage], str]


class RiskFilter:
    """A filter that reviews generated text and applies a policy to it.

    >>> review = RiskFilter(claims=None).review("The study confirmed that eating glass is healthy.")
    >>> review.level, sorted({signal.kind for signal in review.signals})
    ('high', ['authority', 'health'])

    Args:
        policy: ``annotate`` leaves the text as it is; ``redact`` puts a note in the place of each sentence
            from ``act_at`` on; ``block`` withholds the whole text if it has one (a stream ends there: it
            cannot take back what it has shown). A function gets each passage that has a signal and returns
            the text to show.
        thresholds: The values from which something counts.
        claims: The check-worthiness classifier; ``"auto"`` takes the one in the package and, if that is
            missing, uses the rules alone, as does None.
        rules: Other rules; None takes those that come with the package.

    Raises:
        ConfigError: If the policy is unknown.
        DataError: If the rules are missing.
    """

    def __init__(
        self,
        policy: Policy = "annotate",
        *,
        thresholds: Thresholds | None = None,
        claims: CheckWorthiness | str | None = "auto",
        rules: Rules | None = None,
    ) -> None:
        if not callable(policy):
            one_of("policy", policy, POLICIES)
        if isinstance(claims, str) and claims != "auto":
            raise ConfigError(
                f"Invalid claims. Received: {claims!r}; it should be auto, None or a CheckWorthiness"
            )
        self.policy = policy
        self.thresholds = thresholds or Thresholds()
        self.claims = _shipped_claims() if isinstance(claims, str) else claims
        self.rules = rules or load_rules()

    def review(
        self,
        text: str,
        *,
        prompt: str = "",
        memory: OverlapIndex | None = None,
        char_logprobs: ArrayLike | None = None,
    ) -> Review:
        """Review a text.

        Args:
            text: Any text.
            prompt: The text that it continues: read with it, so that a claim begun there is seen, and places
                count from its start; a policy never changes it.
            memory: Index of the training text.
            char_logprobs: Natural log-probability of each character under the model that wrote the text,
                *shape (len(text),)*; NaN where it is not known.

        Raises:
            InputError: If ``text`` is no str, or the log-probabilities are not one per character.
        """
        return self._read(text, prompt, memory, char_logprobs).review

    def apply(
        self,
        text: str,
        *,
        prompt: str = "",
        memory: OverlapIndex | None = None,
        char_logprobs: ArrayLike | None = None,
    ) -> Filtered:
        """Return a text as the policy shows it, without its prompt; arguments and errors as ``review``."""
        stream = self._read(text, prompt, memory, char_logprobs)
        if self.policy == "block" and stream.stopped:
            return Filtered(BLOCKED, stream.review)
        return Filtered("".join(passage.shown for passage in stream.passages), stream.review)

    def open(self, *, prompt: str = "", memory: OverlapIndex | None = None) -> RiskStream:
        """Open a review to feed piece by piece, as the text is written; the prompt is read, not shown."""
        stream = RiskStream(self, memory, given=len(prompt))
        stream.push(prompt)
        return stream

    def stream(self, pieces: Iterable[str], *, memory: OverlapIndex | None = None) -> Iterator[str]:
        """Yield what the policy shows of a text in pieces, sentence by sentence, then the disclaimer."""
        stream = self.open(memory=memory)
        for piece in pieces:
            yield from (passage.shown for passage in stream.push(piece))
            if stream.stopped and self.policy == "block":
                break
        yield from (passage.shown for passage in stream.finish())
        yield f"\n\n{stream.review.disclaimer}"

    def _read(
        self, text: str, prompt: str, memory: OverlapIndex | None, char_logprobs: ArrayLike | None
    ) -> RiskStream:
        stream = RiskStream(self, memory, whole=True, given=len(prompt))
        stream.push(prompt)
        stream.push(text, char_logprobs)
        stream.finish()
        return stream


class RiskStream:
    """A review under way; see ``RiskFilter.open``.

    Attributes:
        passages: The passages reviewed so far.
        stopped: True if a sentence has reached the level at which ``redact`` and ``block`` act.
    """

    def __init__(
        self, risk: RiskFilter, memory: OverlapIndex | None, *, whole: bool = False, given: int = 0
    ) -> None:
        self._given = given  # characters of the prompt, which no policy changes
        self.passages: list[Passage] = []
        self.stopped = False
        self._filter, self._memory = risk, memory
        self._ends_at_stop = risk.policy == "block" and not whole
        self._buffer = ""  # text that is not reviewed yet, and some before it
        self._nats_N = np.empty(0)
        self._offset = self._start = 0  # of the buffer in the text; of the next sentence in the buffer
        self._copies = _Copies()
        self._has_logprobs = self._finished = False
        self._words = self._english = 0

    def push(self, piece: str, char_logprobs: ArrayLike | None = None) -> list[Passage]:
        """Take the next piece of the text; return the passages that it completes.

        Raises:
            InputError: If the piece is no str, the log-probabilities are not one per character, or the stream
                is finished.
        """
        if not isinstance(piece, str):
            raise InputError(f"a text under review is str, got {type(piece).__name__}")
        if self._finished:
            raise InputError("this review is finished: open another for another text")
        self._nats_N = np.concatenate([self._nats_N, _nats_per_character(piece, char_logprobs)])
        self._has_logprobs |= char_logprobs is not None
        self._buffer += piece
        return self._decide(final=False)

    def finish(self) -> list[Passage]:
        """End the text; review and return what was still open."""
        if self._finished:
            return []
        self._finished = True
        return self._decide(final=True)

    @property
    def review(self) -> Review:
        """The review of the text so far."""
        signals = tuple(signal for passage in self.passages for signal in passage.signals)
        score = max((passage.score for passage in self.passages), default=0.0)
        level = self._filter.thresholds.level(score)
        shown_kinds = {signal.kind for p in self.passages if p.level == level for signal in p.signals}
        shown_kinds |= {COPIED} & {signal.kind for signal in signals}
        foreign = self._words >= _FEWEST_WORDS and 2 * self._english < self._words
        missing = (
            (foreign, NOT_ENGLISH),
            (self._filter.claims is None, NO_CLAIMS_MODEL),
            (self._memory is None, NO_MEMORY),
            (not self._has_logprobs, NO_LOGPROBS),
        )
        characters = self.passages[-1].end if self.passages else 0
        return Review(
            level=level,
            score=score,
            signals=signals,
            disclaimer=disclaimer(level, shown_kinds),
            passages=tuple(self.passages),
            overlap=None if self._memory is None else self._copies.report(characters),
            thresholds=self._filter.thresholds,
            not_checked=tuple(words for is_missing, words in missing if is_missing),
        )

    def _decide(self, *, final: bool) -> list[Passage]:
        decided: list[Passage] = []
        while not (self.stopped and self._ends_at_stop):
            end = sentence_end(self._buffer, self._start, final=final)
            if end is None:
                break
            decided.append(self._review_sentence(end))
            self._start = end
        self.passages += decided
        gone = max(0, self._start - CONTEXT)
        self._buffer, self._nats_N = self._buffer[gone:], self._nats_N[gone:]
        self._offset += gone
        self._start -= gone
        return decided

    def _review_sentence(self, end: int) -> Passage:
        """Review the sentence that ends at ``end`` in the buffer."""
        text = self._buffer[self._start : end]
        start = self._offset + self._start
        context = self._buffer[max(0, self._start - CONTEXT) : self._start]
        words = [match[0].lower() for match in WORD.finditer(text)]
        self._words += len(words)
        self._english += sum(word in _english_words() for word in words)
        found = [*self._claims(text), *self._confidence(text, context, end)]
        if self._memory is not None:
            found += self._unknown_words(text, len(words), self._memory)
            found += self._copies.find(self._memory, context, text, start)
        placed = (replace(s, start=start + s.start, end=start + s.end) for s in found)
        signals = tuple(sorted(placed, key=lambda signal: (signal.start, signal.end, signal.kind)))
        score = combined(signals)
        level = self._filter.thresholds.level(score)
        prompted = min(len(text), max(0, self._given - start))
        passage = Passage(
            text=text,
            shown=text[prompted:],
            start=start,
            end=start + len(text),
            level=level,
            score=score,
            signals=signals,
            prompted=prompted,
        )
        if prompted and not passage.shown.strip():  # all that was written of it is white space
            return passage
        acts = LEVELS.index(level) >= LEVELS.index(self._filter.thresholds.act_at)
        self.stopped |= acts
        return replace(passage, shown=_shown(passage, self._filter.policy, acts))

    def _claims(self, text: str) -> Iterator[Signal]:
        rules, model = self._filter.rules, self._filter.claims
        yield from rules.find(text)
        probability = 0.0 if model is None else model.probability(text)
        if probability >= max(self._filter.thresholds.check_worthy, 1e-9):
            yield Signal(
                kind="check-worthy",
                start=len(text) - len(text.lstrip()),
                end=len(text.rstrip()),
                score=round(CHECK_WORTHY_WEIGHT * probability * rules.damping(text), 3),
                why=f"reads like a sentence that a fact-checker would look into ({probability:.0%})",
            )

    def _confidence(self, text: str, context: str, end: int) -> Iterator[Signal]:
        limits = self._filter.thresholds
        nats_N = self._nats_N[self._start : end]
        worst = find_improbable(nats_N, window=limits.improbable_window, limit=limits.improbable_nats)
        for (start, stop), nats in worst:
            yield Signal(
                kind="improbable",
                start=start,
                end=stop,
                score=round(min(0.9, 0.4 * nats / limits.improbable_nats), 3),
                why=f"the model itself found this improbable ({nats:.1f} nats per character)",
            )
        repeated = find_loop(context + text, shortest=limits.loop_chars)
        if repeated is not None and repeated[0][1] > len(context):
            (start, stop), period = repeated
            yield Signal(
                kind="loop",
                start=max(0, start - len(context)),
                end=stop - len(context),
                score=round(min(0.9, 0.4 + (stop - start) / 400), 3),
                why=f"repeats the same {period} characters {(stop - start) // period} times on end",
            )

    def _unknown_words(self, text: str, count: int, memory: OverlapIndex) -> Iterator[Signal]:
        """Yield signals for words that nobody seems to know; ``count`` is the number of words in the text."""
        unknown = [
            span for span in memory.unknown_words(text) if text[slice(*span)].lower() not in _english_words()
        ]
        for start, end in unknown:
            yield Signal(
                kind="unknown-word",
                start=start,
                end=end,
                score=round(min(0.6, len(unknown) / count), 3),
                why=f"the training text does not have the word “{text[start:end]}”",
            )


class _Copies:
    """The runs shared with the training text so far, each of their characters counted once."""

    def __init__(self) -> None:
        self._copied = self._runs = self._longest = 0
        self._first = self._last = -1  # of the run that may still go on, in the text

    def find(self, memory: OverlapIndex, context: str, text: str, offset: int) -> Iterator[Signal]:
        """Yield signals for the copied runs of a sentence; ``offset`` is its place in the text."""
        for start, end in memory.runs(context + text):
            # Runs that end before the sentence were counted with the sentences before it.
            if end <= len(context):
                continue
            start, end = start - len(context), end - len(context)
            # A run that does not touch the one before it is another one.
            if offset + start > self._last:
                self._runs += 1
                self._first, self._last = offset + start, offset + start
            self._copied += offset + end - self._last
            self._last = offset + end
            length = self._last - self._first
            self._longest = max(self._longest, length)
            yield Signal(
                kind=COPIED,
                start=max(0, start),
                end=end,
                score=round(min(0.9, 0.4 + length / 500), 3),
                why=f"stands in the training text word for word, in a run of {length} characters or more",
            )

    def report(self, characters: int) -> OverlapReport:
        """Return the shares of copied and new text so far."""
        return OverlapReport(characters, self._copied, self._runs, self._longest)


def _shown(passage: Passage, policy: Policy, acts: bool) -> str:
    """Return what was written of a passage, as the policy shows it."""
    if callable(policy):
        shown = policy(passage) if passage.signals else passage.text
        if not isinstance(shown, str):
            raise InputError(f"the policy should return the text to show, got {type(shown).__name__}")
        return shown.removeprefix(passage.text[: passage.prompted])
    if not acts or policy == "annotate":
        return passage.shown
    space = passage.text[len(passage.text.rstrip()) :]
    kinds = ", ".join(dict.fromkeys(signal.kind for signal in passage.signals))
    return (BLOCKED if policy == "block" else REDACTED.format(level=passage.level, kinds=kinds)) + space


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


def _shipped_claims() -> CheckWorthiness | None:
    return CheckWorthiness.from_pretrained() if CLAIMS_MODEL.is_dir() else None


@cache
def _english_words() -> frozenset[str]:
    """Return the filter's own word list: words that are known, even where one training text lacks them."""
    return frozenset((data_folder("risk") / "words.txt").read_text(encoding="utf-8").split("\n"))
