"""Learning rate over the steps of a run."""

from __future__ import annotations

import math


def warmup_cosine(step: int, total: int, warmup: float) -> float:
    """Return the factor on the peak learning rate: linear warm-up, then half a cosine down to zero.

    Args:
        step: Step about to be taken, from 0.
        total: Steps of the whole run.
        warmup: Share of the steps spent warming up, in [0, 1).

    Returns:
        A factor in (0, 1].

    >>> [round(warmup_cosine(step, 10, 0.2), 2) for step in (0, 1, 2, 6, 9)]
    [0.5, 1.0, 1.0, 0.5, 0.04]
    """
    rising = int(total * warmup)
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, total - rising)))
