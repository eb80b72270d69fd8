"""Length buckets as the plan of a task, shared by all tasks on rows of ids. Knows lengths; no rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from nlp_rnn.batch import Ids, padding_share, plan
from nlp_rnn.config import LoopConfig

Config = TypeVar("Config", bound=LoopConfig)


class LengthBuckets(Generic[Config]):
    """``plan``, ``tokens`` and ``padding`` of a task whose items are rows of similar length: a base class.

    Args:
        lengths: Tokens of each training row.
        config: Rows of a batch at most, and the seed of the order; what it leaves to the data is settled.
        batch_tokens: Tokens in a batch, padding included.

    Attributes:
        config: The settings, with a number for each.
    """

    def __init__(self, lengths: Sequence[int], *, config: Config, batch_tokens: int) -> None:
        self.lengths, self.seed, self.batch_tokens = lengths, config.seed, batch_tokens
        self.config: Config = config.settled(
            lambda size: len(plan(lengths, batch_tokens=batch_tokens, batch_size=size, seed=config.seed))
        )
        assert self.config.batch_size is not None  # it is settled
        self.batch_size = self.config.batch_size

    def plan(self, epoch: int) -> Sequence[Ids]:
        """Return length buckets, in another order in each epoch."""
        seed = self.seed * 1_000 + epoch
        return plan(self.lengths, batch_tokens=self.batch_tokens, batch_size=self.batch_size, seed=seed)

    def tokens(self, item: Ids) -> int:
        """Count the tokens of a batch, without padding."""
        return sum(self.lengths[i] for i in item)

    def padding(self) -> float:
        """Return the share of padding in the first epoch's batches."""
        return padding_share(self.lengths, self.plan(0))
