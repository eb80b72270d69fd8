"""``RiskFilter``: how risky generated text looks, why, and what is done about it.

It cannot know what is true and never says so. It reports signals (a claim, a copy, a stretch that the model
itself found improbable), each with its place and its evidence, and sums them up in a level, a score and a
disclaimer. It reads sentence by sentence, so that a stream is reviewed as it comes and exactly as the whole
text would be. Knows text and signals; not where the text comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from numpy.typing import ArrayLike

from nlp_rnn.errors import ConfigError, one_of
from nlp_rnn.resources import CLAIMS_MODEL
from nlp_rnn.risk.claims import CheckWorthiness, Rules, load_rules
from nlp_rnn.risk.evidence import Evidence, EvidenceIndex
from nlp_rnn.risk.levels import Thresholds
from nlp_rnn.risk.overlap import OverlapIndex
from nlp_rnn.risk.review import Filtered, Passage, Review
from nlp_rnn.risk.stream import BLOCKED as BLOCKED
from nlp_rnn.risk.stream import NOT_ENGLISH as NOT_ENGLISH
from nlp_rnn.risk.stream import RiskStream as RiskStream

_PIECE = 50_000  # characters between two reports of progress
POLICIES = ("annotate", "redact", "block")
LOOK_UP = ("flagged", "every")

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
        sources: Reference texts of your own, files or folders, or an index of them: what they have on a
            sentence stands beside it in the review, and changes neither its level nor what a policy does.
        look_up: For which sentences the sources are searched: ``flagged`` (medium and high), or ``every``.

    Raises:
        ConfigError: If the policy or ``look_up`` is unknown.
        DataError: If the rules are missing, or a source is missing or unreadable.
        InputError: If ``sources`` is no list of paths.
        MissingExtraError: If there are sources, and the extra ``evidence`` is not installed.
    """

    def __init__(
        self,
        policy: Policy = "annotate",
        *,
        thresholds: Thresholds | None = None,
        claims: CheckWorthiness | str | None = "auto",
        rules: Rules | None = None,
        sources: Sequence[str | Path] | EvidenceIndex | None = None,
        look_up: str = "flagged",
    ) -> None:
        if not callable(policy):
            one_of("policy", policy, POLICIES)
        one_of("look_up", look_up, LOOK_UP)
        if isinstance(claims, str) and claims != "auto":
            raise ConfigError(
                f"Invalid claims. Received: {claims!r}; it should be auto, None or a CheckWorthiness"
            )
        self.policy = policy
        self.thresholds = thresholds or Thresholds()
        self.claims = _shipped_claims() if isinstance(claims, str) else claims
        self.rules = rules or load_rules()
        if sources is not None and not isinstance(sources, EvidenceIndex):
            sources = EvidenceIndex.build(sources)
        self.sources = sources
        self.look_up = look_up

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
        on_progress: Callable[[int], None] | None = None,
    ) -> Filtered:
        """Return a text as the policy shows it, without its prompt; arguments and errors as ``review``.

        ``on_progress`` is called now and then with the number of characters of the text that have been read.
        """
        stream = self._read(text, prompt, memory, char_logprobs, on_progress)
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
            yield from stream.show(piece)
            if self.policy == "block" and stream.stopped:
                break
        yield from stream.show_rest()
        yield f"\n\n{stream.review.disclaimer}"

    def find_evidence(self, sentence: str, start: int, level: str) -> Evidence | None:
        """Return what the sources have on a sentence of a text under review; None if it is not looked up."""
        if self.sources is None or (level == "low" and self.look_up != "every"):
            return None
        return self.sources.find(sentence, start=start)

    def _read(
        self,
        text: str,
        prompt: str,
        memory: OverlapIndex | None,
        char_logprobs: ArrayLike | None,
        on_progress: Callable[[int], None] | None = None,
    ) -> RiskStream:
        stream = RiskStream(self, memory, whole=True, given=len(prompt))
        stream.push(prompt)
        if on_progress is None or char_logprobs is not None:
            stream.push(text, char_logprobs)
        else:  # a stream decides as the whole text does
            for start in range(0, len(text), _PIECE):
                stream.push(text[start : start + _PIECE])
                on_progress(min(len(text), start + _PIECE))
        stream.finish()
        return stream


def _shipped_claims() -> CheckWorthiness | None:
    return CheckWorthiness.from_pretrained() if CLAIMS_MODEL.is_dir() else None
