"""Risk levels, and the thresholds from which something counts.

Knows scores; knows no texts.
"""

from __future__ import annotations

from dataclasses import dataclass

from nlp_rnn.errors import in_range, one_of, whole_number

LEVELS = ("low", "medium", "high")


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Scores, probabilities and lengths from which something counts; reported with every review.

    Attributes:
        medium, high: Score from which a sentence has that level.
        act_at: Level from which ``redact`` and ``block`` act: ``medium`` or ``high``.
        check_worthy: Probability from which the claims model raises a signal.
        improbable_nats: Nats per character, over ``improbable_window`` characters, from which a stretch is
            improbable. A fair model of English needs 1.5 on average, a guess among 65 letters 4.2.
        improbable_window: Characters.
        loop_chars: Characters of a loop at least, repetitions included.

    Raises:
        ConfigError: If one is outside its range, or ``medium`` is above ``high``.
    """

    medium: float = 0.4
    high: float = 0.7
    act_at: str = "high"
    check_worthy: float = 0.5
    improbable_nats: float = 3.5
    improbable_window: int = 16
    loop_chars: int = 40

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        one_of("act_at", self.act_at, LEVELS[1:])
        plain: dict[str, float] = {"high": in_range("high", self.high, 0, 1)}
        plain["medium"] = in_range("medium", self.medium, 0, plain["high"])
        plain["check_worthy"] = in_range("check_worthy", self.check_worthy, 0, 1)
        plain["improbable_nats"] = in_range("improbable_nats", self.improbable_nats, 0, 1000)
        plain["improbable_window"] = whole_number("improbable_window", self.improbable_window, 1, 1000)
        plain["loop_chars"] = whole_number("loop_chars", self.loop_chars, 3, 1000)
        # NumPy's numbers as Python's, so that they can be saved as JSON.
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    def level(self, score: float) -> str:
        """Return the level of a score."""
        return LEVELS[(score >= self.medium) + (score >= self.high)]
