"""Length buckets as the plan of a task, shared by all tasks on rows of ids. Knows lengths; no rows."""

from __future__ import annotations

from collections.abc import Sequence

from nlp_rnn.batch import Ids, padding_share, plan


class LengthBuckets:
    """``plan``, ``tokens`` and ``padding`` of a task whose items are rows of similar length: a base class.

    Args:
        lengths: Tokens of each training row.
        batch_tokens: Tokens in a batch, padding included.
        batch_size: Rows of a batch at most.
        seed: Seed of the order.
    """

    def __init__(self, lengths: Sequence[int], *, batch_tokens: int, batch_size: int, seed: int) -> None:
        self.lengths, self.seed = lengths, seed
        self.batch_tokens, self.batch_size = batch_tokens, batch_size

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
