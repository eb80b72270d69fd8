"""What is said of a training, in sentences for its user: what was learned, and what the figures are worth.

Knows the records of epochs, and whether two examples are equal; knows no models and no texts.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from nlp_rnn.training.curves import best_epoch

History = Sequence[dict[str, Any]]

_SHARE = 0.02  # of a loss; a fall of less is called its end


def leaks(known: Iterable[Hashable], held_out: Sequence[Hashable], what: str) -> list[str]:
    """Return a sentence if held-out examples are learned from, too, else nothing.

    Args:
        known: The examples to learn from.
        held_out: The others.
        what: The name of the others for the reader.

    >>> leaks(["a", "b"], ["b", "c"], "held-out texts")[0].partition(",")[0]
    '1 of the 2 held-out texts are learned from'
    """
    learned = frozenset(known)
    count = sum(each in learned for each in held_out)
    if not count:
        return []
    return [
        f"{count:,} of the {len(held_out):,} {what} are learned from, too, so figures on them are too good: "
        "leave them out of one of the two"
    ]


def still_falling(history: History, name: str, what: str) -> list[str]:
    """Return a sentence if a loss was still falling when the training ended, else nothing.

    It was if the last epoch is the one that is kept, and since half of the epochs the loss fell by more than
    2 %: the learning rate falls to zero, so the last epochs alone say little.

    Args:
        history: Records of the epochs.
        name: Name of the loss among the validation figures.
        what: Its name for the reader.

    >>> epochs = [{"epoch": n, "validation": {"loss": 4 / n, "score": -4 / n}} for n in range(1, 5)]
    >>> still_falling(epochs, "loss", "nats")[0].partition(";")[0]
    'still falling when the training ended: 2.000 nats after epoch 2, 1.000 after epoch 4'
    """
    if len(history) < 2 or best_epoch(history) is not history[-1]:
        return []
    middle, last = history[(len(history) - 1) // 2], history[-1]
    before, now = middle["validation"][name], last["validation"][name]
    if now >= before * (1 - _SHARE):
        return []
    return [
        f"still falling when the training ended: {before:.3f} {what} after epoch {middle['epoch']}, "
        f"{now:.3f} after epoch {last['epoch']}; more epochs (max_epochs) may lower it"
    ]


def no_better_than_counting(nats: float, counted: float, what: str) -> list[str]:
    """Return a sentence if a model predicts no better than the share of each token, else nothing.

    Args:
        nats: Of the model, for each held-out token.
        counted: Of the shares of the tokens (``unigram_nats``).
        what: The model's name for the reader.
    """
    if nats < counted:
        return []
    return [
        f"{what} predicts no better than the share of each word among all: {nats:.2f} nats a held-out word, "
        f"and these alone {counted:.2f}; train it longer (max_epochs), or on more texts"
    ]
