"""Reviewed risk cases, and how many of them a filter flags as a reader would.

Knows the format of ``data/risk/*.jsonl``: a text, and whether it is ``risky`` (its level should be
medium or above) or ``harmless`` (low). Knows no rules and no models.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp_rnn.errors import DataError, InputError
from nlp_rnn.resources import data_folder
from nlp_rnn.risk.review import Review

RISKY, HARMLESS = "risky", "harmless"
CASE_FILES = ("cases.jsonl", "held_out.jsonl")
"""The cases that were known when the rules were written, and those that were not."""
_KEYS = ("id", "expect", "topic", "text")


@dataclass(frozen=True)
class RiskCase:
    """One reviewed case."""

    id: str
    expect: str
    topic: str
    text: str


@dataclass(frozen=True)
class RiskOutcome:
    """The review of one case."""

    case: RiskCase
    review: Review

    @property
    def flagged(self) -> bool:
        """True if the level is medium or above."""
        return self.review.level != "low"

    @property
    def passed(self) -> bool:
        """True if the case is risky and flagged, or harmless and not flagged."""
        return self.flagged == (self.case.expect == RISKY)


@dataclass(frozen=True)
class CaseReport:
    """The outcomes of all cases, and what they add up to."""

    outcomes: tuple[RiskOutcome, ...]

    def flagged_share(self, expect: str) -> float:
        """Return the share of cases with this expectation that are flagged, in [0, 1]."""
        flagged = [outcome.flagged for outcome in self.outcomes if outcome.case.expect == expect]
        return sum(flagged) / max(1, len(flagged))

    @property
    def failures(self) -> tuple[RiskOutcome, ...]:
        """The cases that are flagged and should not be, or the other way round."""
        return tuple(outcome for outcome in self.outcomes if not outcome.passed)

    def rows(self) -> list[tuple[str, str, int, int]]:
        """Return rows for a table: (expectation, topic, cases, flagged)."""
        groups: dict[tuple[str, str], list[bool]] = {}
        for outcome in self.outcomes:
            groups.setdefault((outcome.case.expect, outcome.case.topic), []).append(outcome.flagged)
        return [(*group, len(flagged), sum(flagged)) for group, flagged in groups.items()]

    def to_dict(self) -> dict[str, Any]:
        """Return the shares and the failures as one JSON object."""
        return {
            "cases": len(self.outcomes),
            "risky_flagged": round(self.flagged_share(RISKY), 4),
            "harmless_flagged": round(self.flagged_share(HARMLESS), 4),
            "failures": [
                {"id": o.case.id, "text": o.case.text, "level": o.review.level, "score": o.review.score}
                for o in self.failures
            ],
        }


def load_cases(path: str | Path | None = None) -> list[RiskCase]:
    """Read the cases of a JSON Lines file; None is the package's ``cases.jsonl``.

    Raises:
        DataError: On a line that is no case; the message names it.
    """
    file = data_folder("risk") / "cases.jsonl" if path is None else Path(path)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{file} cannot be read: it is no UTF-8 text ({error.reason})") from None
    cases: list[RiskCase] = []
    for number, line in enumerate(lines, 1):
        try:
            fields = json.loads(line)
        except ValueError:
            raise DataError(f"{file}, line {number}: a case should be a JSON object on a line") from None
        try:
            if tuple(fields) != _KEYS or not all(isinstance(value, str) for value in fields.values()):
                raise ValueError(f"a case has the text fields {', '.join(_KEYS)}, in this order")
            if fields["expect"] not in (RISKY, HARMLESS):
                raise ValueError(f"expect is {RISKY} or {HARMLESS}, not {fields['expect']!r}")
        except (ValueError, TypeError) as error:
            raise DataError(f"{file}, line {number}: {error}") from None
        cases.append(RiskCase(**fields))
    return cases


def run_cases(review: Callable[[str], Review], cases: Iterable[RiskCase]) -> CaseReport:
    """Review every case.

    Raises:
        InputError: If there are no cases.
    """
    outcomes = tuple(RiskOutcome(case, review(case.text)) for case in cases)
    if not outcomes:
        raise InputError("there are no cases to review")
    return CaseReport(outcomes)
