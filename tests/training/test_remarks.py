"""What is said of a training that looks successful."""

from __future__ import annotations

from typing import Any

import pytest

from nlp_rnn.training.remarks import leaks, no_better_than_counting, still_falling


def epochs(*losses: float) -> list[dict[str, Any]]:
    return [
        {"epoch": number, "validation": {"loss": loss, "score": -loss}}
        for number, loss in enumerate(losses, 1)
    ]


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ((4.0, 3.0, 2.0, 1.5), True),
        ((3.2, 2.9, 2.8, 2.7, 2.66, 2.6, 2.55, 2.51, 2.49, 2.48), True),  # slow at the end, yet not done
        ((2.0, 1.0, 0.999, 0.99), False),
        ((2.0, 1.0, 1.1, 1.2), False),
        ((2.0,), False),
    ],
)
def test_still_falling(losses: tuple[float, ...], said: bool) -> None:
    assert bool(still_falling(epochs(*losses), "loss", "nats")) == said


def test_counting_and_copies() -> None:
    assert not no_better_than_counting(1.0, 1.1, "the model")
    assert "1.20 nats" in no_better_than_counting(1.2, 1.1, "the model")[0]
    assert not leaks(["a"], ["b"], "texts")
    assert leaks(["a", "b"], ["b", "b", "c"], "texts")[0].startswith("2 of the 3 texts are learned from, too")
