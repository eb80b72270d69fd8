"""From one vector per step to one vector per text; padding never takes part.

Shapes: B texts, T steps, H hidden units per direction, D features of all directions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nlp_rnn.config import ModelConfig
from nlp_rnn.nn.encoder import in_place


class Pooling(nn.Module):
    """Pool each direction's (B, T, H) to (B, P), P = ``config.pooled_dim``.

    ``attention`` scores each step by ``v . tanh(W h + b)`` and takes the softmax-weighted mean
    (Yang et al. 2016, eq. 5-7).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.kind = config.pooling
        if self.kind == "attention":
            self.proj = nn.Linear(config.output_dim, config.output_dim)
            self.query = nn.Linear(config.output_dim, 1, bias=False)

    def forward(self, outputs: Sequence[Tensor], lengths_B: Tensor) -> Tensor:
        """Return the pooled vectors.

        Args:
            outputs: The encoder's outputs, each direction's (B, T, H) in the order in which it read.
            lengths_B: Length of each row.

        Shape:
            -> (B, P).
        """
        # Inside the text, whichever way a direction reads: it reverses a row within its own length.
        inside_BT = torch.arange(outputs[0].size(1), device=lengths_B.device) < lengths_B[:, None]
        # Attention needs both directions' outputs of one token side by side; the others do not.
        if self.kind == "attention":
            outputs_BTD = in_place(outputs, lengths_B)
            # Minus infinity after a text's end becomes a share of 0.
            scores_BT = self.query(torch.tanh(self.proj(outputs_BTD))).squeeze(-1)
            shares_BT = scores_BT.masked_fill(~inside_BT, float("-inf")).softmax(dim=1)
            return torch.bmm(shares_BT.unsqueeze(1), outputs_BTD).squeeze(1)
        parts: list[Tensor] = []
        # The last output of each direction, in its own order.
        if self.kind == "last":
            rows = torch.arange(len(lengths_B), device=lengths_B.device)
            parts += [each_BTH[rows, lengths_B - 1] for each_BTH in outputs]
        # The mean as a product with 1 / length inside the text and 0 after it: no masked copy is made.
        if "mean" in self.kind:
            share_B1T = (inside_BT / lengths_B[:, None]).unsqueeze(1).to(outputs[0].dtype)
            parts += [torch.bmm(share_B1T, each_BTH).squeeze(1) for each_BTH in outputs]
        # Minus infinity added to the padding, so that it never is the maximum.
        if "max" in self.kind:
            maximum: Callable[[Tensor, Tensor], Tensor] = _Maximum.apply
            barrier_BT = torch.zeros_like(inside_BT, dtype=outputs[0].dtype)
            barrier_BT.masked_fill_(~inside_BT, float("-inf"))
            parts += [maximum(each_BTH, barrier_BT) for each_BTH in outputs]
        return torch.cat(parts, dim=-1)


class _Maximum(torch.autograd.Function):
    """Maximum over the steps. ``amax`` is many times faster on a CPU than ``max`` with its indices.

    Steps that share a maximum each get the whole gradient; floating-point outputs hardly ever do.
    """

    @staticmethod
    def forward(ctx: Any, outputs_BTH: Tensor, barrier_BT: Tensor) -> Tensor:
        """Take the maximum of the steps where the barrier is zero and not minus infinity."""
        masked_BTH = outputs_BTH + barrier_BT.unsqueeze(-1)
        maximum_BH = masked_BTH.amax(dim=1)
        ctx.save_for_backward(masked_BTH, maximum_BH)
        return maximum_BH

    @staticmethod
    def backward(ctx: Any, gradient_BH: Tensor) -> tuple[Tensor, None]:
        """Give the gradient to the steps that have the maximum."""
        masked_BTH, maximum_BH = ctx.saved_tensors
        return (masked_BTH == maximum_BH.unsqueeze(1)) * gradient_BH.unsqueeze(1), None
