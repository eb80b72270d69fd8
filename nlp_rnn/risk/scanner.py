"""The filter with the interface of llm-guard's scanners, so that it fits into a chain of them.

The interface only: llm-guard is neither needed nor imported.
"""

from __future__ import annotations

from nlp_rnn.risk.filter import RiskFilter
from nlp_rnn.risk.levels import LEVELS


class RiskScanner:
    """An output scanner: ``scan(prompt, output)`` gives ``(text, is_valid, risk_score)``.

    >>> scanner = RiskScanner(RiskFilter("redact", claims=None))
    >>> scanner.scan("Is glass good for me?", "The study confirmed that eating glass is healthy.")
    ('[removed: high risk, authority, health]', False, 0.75)

    Args:
        risk_filter: The filter that reviews the output; None is a ``RiskFilter`` with its defaults.
    """

    def __init__(self, risk_filter: RiskFilter | None = None) -> None:
        self._filter = risk_filter or RiskFilter()

    def scan(self, prompt: str, output: str) -> tuple[str, bool, float]:
        """Review an output; the prompt is not looked at.

        Returns:
            The text as the filter's policy shows it, whether it stays below the level at which the filter
            acts, and the score, in [0, 1].

        Raises:
            InputError: If ``output`` is no str.
        """
        filtered = self._filter.apply(output)
        review = filtered.review
        is_valid = LEVELS.index(review.level) < LEVELS.index(review.thresholds.act_at)
        return filtered.text, is_valid, review.score
