"""The result of a generator: a text with its disclaimer, whole or piece by piece.

Knows the risk filter's reviews; not how a text is written.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from nlp_rnn.risk.disclaimer import UNFILTERED
from nlp_rnn.risk.filter import RiskStream
from nlp_rnn.risk.review import Passage, Review
from nlp_rnn.version import __version__

Piece = tuple[str, list[float]]
"""A piece of text, and the log-probability of each of its characters."""


@dataclass(frozen=True)
class Generated:
    """A text that a machine wrote; ``str`` shows it with its disclaimer.

    Attributes:
        prompt: The text that it continues.
        text: The text written, without the prompt and without a stop string.
        risk: The risk filter's review of prompt and text, places counted from the prompt's start; None if
            there was no filter.
        finish_reason: ``length``, ``stop`` (a stop string was met) or ``cancelled``.
        provenance: Model, seed, settings, time and risk level, as plain JSON values.
        logprobs: Natural log-probability of each character under the model itself, before temperature and
            filters; None unless asked for.
    """

    prompt: str
    text: str
    risk: Review | None
    finish_reason: str
    provenance: dict[str, Any]
    logprobs: tuple[float, ...] | None = None

    @property
    def disclaimer(self) -> str:
        """The sentences that a reader must see with the text."""
        return UNFILTERED if self.risk is None else self.risk.disclaimer

    def __str__(self) -> str:
        """Return prompt, text and disclaimer."""
        return f"{self.prompt}{self.text}\n\n{self.disclaimer}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values; no log-probabilities of a text that a policy changed."""
        values = {name: getattr(self, name) for name in ("prompt", "text", "disclaimer", "finish_reason")}
        if self.risk is not None:
            values["risk"] = self.risk.to_dict()
        if self.logprobs is not None and (self.risk is None or not self.risk.changed):
            values["logprobs"] = list(self.logprobs)
        return {**values, "provenance": self.provenance}


class Showing:
    """What a reader may see of a text that is being written, and its result at the end.

    Args:
        risk: The review that reads it as it comes; None without a filter.
        policy: The filter's policy. ``annotate`` shows each piece as it comes, any other each sentence when
            it is reviewed, and ``block`` ends the text where it acts.
        result: Function from text, review and log-probabilities to the result.
    """

    def __init__(
        self,
        *,
        risk: RiskStream | None,
        policy: object,
        result: Callable[[str, Review | None, list[float]], Generated],
    ) -> None:
        self._risk, self._policy, self._make_result = risk, policy, result
        self._at_once = risk is None or policy == "annotate"
        self._shown: list[str] = []
        self._logprobs: list[float] = []
        self._result: Generated | None = None
        self._told = 0

    @property
    def blocked(self) -> bool:
        """True if the policy has ended the text."""
        return self._policy == "block" and self._risk is not None and self._risk.stopped

    def take(self, piece: str, known: list[float]) -> Iterator[str]:
        """Take the next piece and its log-probabilities; yield what may be shown now."""
        self._logprobs += known
        decided = [] if self._risk is None else self._risk.show(piece, known)
        return self._show([piece] if self._at_once else decided)

    def rest(self) -> Iterator[str]:
        """End the text; yield what is still to be shown."""
        return self._show([] if self._risk is None or self._at_once else self._risk.show_rest())

    def judged(self) -> list[Passage]:
        """Return the sentences whose review is complete, and that were not returned before."""
        passages = [] if self._risk is None else self._risk.passages
        found, self._told = passages[self._told :], len(passages)
        return found

    @property
    def result(self) -> Generated:
        """The text shown so far, with its review and disclaimer; asking for it ends the text."""
        if self._result is None:
            review = None
            if self._risk is not None:
                self._risk.finish()
                review = self._risk.review
            self._result = self._make_result("".join(self._shown), review, self._logprobs)
        return self._result

    def _show(self, pieces: Iterable[str]) -> Iterator[str]:
        for piece in filter(None, pieces):
            self._shown.append(piece)
            yield piece


class TextStream(Iterator[str]):
    """Pieces of a text as they are written; ``result`` is the whole with its review and its disclaimer.

    ``close`` cancels the rest, as does asking for the result before the end.

    Args:
        pieces: The text as it is written.
        risk, policy, result: As for ``Showing``.
    """

    def __init__(
        self,
        pieces: Generator[Piece, None, None],
        *,
        risk: RiskStream | None,
        policy: object,
        result: Callable[[str, Review | None, list[float]], Generated],
    ) -> None:
        self._pieces = pieces
        self._showing = Showing(risk=risk, policy=policy, result=result)
        self._out = self._run()

    def __next__(self) -> str:
        """Return the next piece; at the end, raise StopIteration."""
        return next(self._out)

    def close(self) -> None:
        """Stop writing."""
        self._pieces.close()
        self._out.close()

    @property
    def result(self) -> Generated:
        """The text written so far, with its review and disclaimer; asking for it ends the text."""
        self.close()
        return self._showing.result

    def _run(self) -> Generator[str, None, None]:
        """Yield the text that may be shown."""
        for piece, known in self._pieces:
            yield from self._showing.take(piece, known)
            if self._showing.blocked:
                return
        yield from self._showing.rest()


def provenance(
    model: str, fingerprint: str, seed: int, sampling: Mapping[str, Any], review: Review | None
) -> dict[str, Any]:
    """Return where a text comes from, as plain JSON values.

    Args:
        model: Name of the model's folder.
        fingerprint: First digits of the checksum of its weights.
        seed: The seed of the text.
        sampling: Settings of the sampler.
        review: The risk filter's review; None if there was no filter.
    """
    return {
        "machine_generated": True,
        "generator": f"nlp_rnn {__version__}",
        "model": model,
        "fingerprint": fingerprint,
        "seed": seed,
        "sampling": dict(sampling),
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "risk_level": None if review is None else review.level,
        "changed_by_policy": review is not None and review.changed,
        "disclaimer": UNFILTERED if review is None else review.disclaimer,
    }
