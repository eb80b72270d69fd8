"""A review of a text: its level, its passages, the reasons, and the thresholds it was made with.

Knows results and their plain JSON form; finds nothing itself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from nlp_rnn.risk.levels import Thresholds
from nlp_rnn.risk.overlap import OverlapReport
from nlp_rnn.risk.signals import Signal


@dataclass(frozen=True, kw_only=True)
class Passage:
    """One sentence under review, white space behind it included.

    Attributes:
        text: As it stands, what the prompt gave of it included.
        shown: What was written of it, as the policy hands it out.
        prompted: Characters at its start that the prompt gave.
        start, end: Where it stands, in characters of the text under review.
        level: ``low``, ``medium`` or ``high``.
        score: In [0, 1].
        signals: The reasons.
    """

    text: str
    shown: str
    start: int
    end: int
    level: str
    score: float
    signals: tuple[Signal, ...]
    prompted: int = 0


@dataclass(frozen=True, kw_only=True)
class Review:
    """What a text looks like; a text is as risky as its riskiest sentence.

    Attributes:
        level: ``low``, ``medium`` or ``high``.
        score: In [0, 1].
        signals: All reasons, in the order of the text.
        disclaimer: What to hand the text out with.
        passages: The sentences.
        overlap: Copied and new characters; None without an index of the training text.
        thresholds: What counted from where on.
        not_checked: What the filter could not look at, in words.
    """

    level: str
    score: float
    signals: tuple[Signal, ...]
    disclaimer: str
    passages: tuple[Passage, ...] = field(repr=False)
    overlap: OverlapReport | None
    thresholds: Thresholds
    not_checked: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether a policy took anything out of the text."""
        return any(passage.shown != passage.text[passage.prompted :] for passage in self.passages)

    def to_dict(self) -> dict[str, Any]:
        """The review as one JSON object, without the text; and if that was changed, without quoting it."""
        evidence = {"why": None} if self.changed else {}
        return {
            "level": self.level,
            "score": self.score,
            "disclaimer": self.disclaimer,
            "signals": [signal.to_dict() | evidence for signal in self.signals],
            "passages": [
                {"start": p.start, "end": p.end, "level": p.level, "score": p.score} for p in self.passages
            ],
            "overlap": None if self.overlap is None else self.overlap.to_dict(),
            "thresholds": asdict(self.thresholds),
            "not_checked": list(self.not_checked),
        }


@dataclass(frozen=True)
class Filtered:
    """A text as a policy hands it out; as a str, it ends with the disclaimer.

    Attributes:
        text: What may be shown.
        review: Of the text as it was.
    """

    text: str
    review: Review

    def __str__(self) -> str:
        """Text and disclaimer."""
        return f"{self.text.rstrip()}\n\n{self.review.disclaimer}".lstrip()
