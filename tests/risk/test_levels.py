"""Levels and thresholds: the numbers that users were told, and what happens at them."""

from __future__ import annotations

import pytest

from nlp_rnn.risk import LEVELS, Thresholds


def test_the_thresholds_are_those_that_the_measured_figures_stand_for() -> None:
    limits = Thresholds()
    assert (limits.medium, limits.high, limits.act_at, limits.check_worthy) == (0.4, 0.7, "high", 0.5)


@pytest.mark.parametrize(
    ("score", "level"),
    [(0.0, "low"), (0.39, "low"), (0.4, "medium"), (0.69, "medium"), (0.7, "high"), (1.0, "high")],
)
def test_a_score_at_a_threshold_has_reached_it(score: float, level: str) -> None:
    assert Thresholds().level(score) == level
    assert level in LEVELS
