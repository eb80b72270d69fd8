"""Outputs of all time steps become one vector per text; padding never takes part.

Shapes: B texts, T steps, D features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nlp_rnn.config import ModelConfig


class Pooling(nn.Module):
    """Pool (B, T, D) to (B, P), P = ``config.pooled_dim``.

    ``attention`` scores each step by ``v . tanh(W h + b)`` and takes the softmax-weighted mean
    (Yang et al. 2016, eq. 5-7).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.kind = config.pooling
        self.hidden_size = config.hidden_size
        if self.kind == "attention":
            self.proj = nn.Linear(config.output_dim, config.output_dim)
            self.query = nn.Linear(config.output_dim, 1, bias=False)

    def forward(self, outputs_BTD: Tensor, lengths_B: Tensor) -> Tensor:
        """Pool.

        Shape:
            outputs_BTD (B, T, D), lengths_B (B,) -> (B, P).
        """
        steps = outputs_BTD.size(1)
        mask_BT1 = (torch.arange(steps, device=outputs_BTD.device) < lengths_B[:, None]).unsqueeze(-1)
        if self.kind == "last":
            rows = torch.arange(outputs_BTD.size(0), device=outputs_BTD.device)
            forward_BH = outputs_BTD[rows, lengths_B - 1, : self.hidden_size]
            return torch.cat([forward_BH, outputs_BTD[:, 0, self.hidden_size :]], dim=-1)
        if self.kind == "attention":
            scores_BT1 = self.query(torch.tanh(self.proj(outputs_BTD)))
            weights_BT1 = scores_BT1.masked_fill(~mask_BT1, float("-inf")).softmax(dim=1)
            attended_BD: Tensor = (weights_BT1 * outputs_BTD).sum(dim=1)
            return attended_BD
        parts = []
        if "mean" in self.kind:
            share_B1T = (mask_BT1.squeeze(-1) / lengths_B[:, None]).unsqueeze(1).to(outputs_BTD.dtype)
            parts.append(torch.bmm(share_B1T, outputs_BTD).squeeze(1))
        if "max" in self.kind:
            with torch.no_grad():  # a gather's gradient is cheaper than a maximum's
                where_B1D = outputs_BTD.masked_fill(~mask_BT1, float("-inf")).argmax(dim=1, keepdim=True)
            parts.append(outputs_BTD.gather(1, where_B1D).squeeze(1))
        return torch.cat(parts, dim=-1)
