"""A review of a text: its level, its passages, the reasons, and the thresholds it was made with.

Knows results and their plain JSON form; finds nothing itself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from nlp_rnn.risk.evidence import Evidence
from nlp_rnn.risk.levels import Thresholds
from nlp_rnn.risk.overlap import OverlapReport
from nlp_rnn.risk.signals import Signal


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """One sentence under review, the white space after it included.

    Attributes:
        text: The sentence as it stands, the part given by the prompt included.
        shown: What was written of it, as the policy shows it.
        prompted: Characters at its start that the prompt gave.
        start, end: Its place, in characters of the text under review.
        level: ``low``, ``medium`` or ``high``.
        score: In [0, 1].
        signals: The reasons.
        evidence: What the filter's sources have on it; None if it was not looked up.
    """

    text: str
    shown: str
    start: int
    end: int
    level: str
    score: float
    signals: tuple[Signal, ...]
    prompted: int = 0
    evidence: Evidence | None = None


@dataclass(frozen=True, kw_only=True)
class Review:
    """The review of a text, which is as risky as its riskiest sentence.

    Attributes:
        level: ``low``, ``medium`` or ``high``.
        score: In [0, 1].
        signals: All reasons, in the order of the text.
        disclaimer: The sentences to show with the text.
        passages: The sentences.
        overlap: Copied and new characters; None without an index of the training text.
        thresholds: The values from which something counted.
        not_checked: Sentences on what the filter could not check.
        evidence: What the filter's sources have on the sentences looked up; None without sources.
    """

    level: str
    score: float
    signals: tuple[Signal, ...]
    disclaimer: str
    passages: tuple[Passage, ...] = field(repr=False)
    overlap: OverlapReport | None
    thresholds: Thresholds
    not_checked: tuple[str, ...]
    evidence: tuple[Evidence, ...] | None = None

    @property
    def changed(self) -> bool:
        """True if a policy took anything out of the text."""
        return any(passage.shown != passage.text[passage.prompted :] for passage in self.passages)

    def to_dict(self) -> dict[str, Any]:
        """Return the review as a JSON object without the text; if that was changed, without quotes of it."""
        unquoted = {"why": None} if self.changed else {}
        found = {
            "level": self.level,
            "score": self.score,
            "disclaimer": self.disclaimer,
            "signals": [signal.to_dict() | unquoted for signal in self.signals],
            "passages": [
                {"start": p.start, "end": p.end, "level": p.level, "score": p.score} for p in self.passages
            ],
            "overlap": None if self.overlap is None else self.overlap.to_dict(),
            "thresholds": asdict(self.thresholds),
            "not_checked": list(self.not_checked),
        }
        if self.evidence is not None:
            found["evidence"] = [evidence.to_dict(quoted=not self.changed) for evidence in self.evidence]
        return found


@dataclass(frozen=True)
class Filtered:
    """A text as a policy shows it; as a str, it ends with the disclaimer.

    Attributes:
        text: The text that may be shown.
        review: The review of the text as it was.
    """

    text: str
    review: Review

    def __str__(self) -> str:
        """Return text and disclaimer."""
        return f"{self.text.rstrip()}\n\n{self.review.disclaimer}".lstrip()
