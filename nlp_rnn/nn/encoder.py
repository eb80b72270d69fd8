"""The recurrent encoder in torch: exact under padding without packed sequences.

On a CPU ``pack_padded_sequence`` leaves the fast path and a padded ``bidirectional=True`` layer
starts its backward half inside the padding. So each direction is a one-way layer; the backward one
reads every row reversed *within its own length* (one gather before, one after).

Shapes: B texts, T steps, E input features, H hidden units, D = H times directions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from nlp_rnn.config import EncoderConfig
from nlp_rnn.errors import whole_number
from nlp_rnn.nn.threads import run_side_by_side

_LAYERS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def reverse_index(lengths_B: Tensor, steps: int) -> Tensor:
    """Return each row's steps in reversed order within its length; padding stays where it is.

    Shape:
        (B,) -> (B, T), int64.

    >>> reverse_index(torch.tensor([3, 1]), 4).tolist()
    [[2, 1, 0, 3], [0, 1, 2, 3]]
    """
    step_T = torch.arange(steps, device=lengths_B.device)
    reversed_BT = lengths_B[:, None] - 1 - step_T
    return torch.where(reversed_BT >= 0, reversed_BT, step_T)


def in_place(outputs: Sequence[Tensor], lengths_B: Tensor) -> Tensor:
    """Return both directions side by side, each output at its own token.

    Args:
        outputs: Outputs of each direction in the order in which it read: (B, T, H).
        lengths_B: Length of each row.

    Shape:
        -> (B, T, D).
    """
    forward_BTH, *backward = outputs
    if not backward:
        return forward_BTH
    reverse_BT = reverse_index(lengths_B, forward_BTH.size(1))
    return torch.cat([forward_BTH, *(_take(each, reverse_BT) for each in backward)], dim=-1)


def locked_dropout(x_BTE: Tensor, share: float, training: bool) -> Tensor:
    """Apply dropout with one mask for all time steps of a row (Gal & Ghahramani 2016)."""
    if not training or share == 0:
        return x_BTE
    mask_B1E = x_BTE.new_empty(x_BTE.size(0), 1, x_BTE.size(2)).bernoulli_(1 - share) / (1 - share)
    return x_BTE * mask_B1E


class RecurrentEncoder(nn.Module):
    """Layers of RNN, GRU or LSTM cells over right-padded rows.

    A layer reads both directions of the one below, or its own alone if ``config.inner_dim`` says so.

    Args:
        config: Cell, sizes, layers, directions, layer norm.
        dropout: Locked, on the input of every layer after the first.
        weight_dropout: DropConnect on the recurrent weights (Merity et al. 2018).
    """

    def __init__(self, config: EncoderConfig, *, dropout: float = 0.0, weight_dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.dropout = dropout
        self.weight_dropout = weight_dropout
        self.layers = nn.ModuleList()
        for layer in range(config.num_layers):
            width = config.embedding_dim if layer == 0 else config.inner_dim
            directions = nn.ModuleDict()
            for name in ("fwd", "bwd") if config.bidirectional else ("fwd",):
                directions[name] = _LAYERS[config.cell](width, config.hidden_size, batch_first=True)
                _initialise(directions[name], config.cell, config.hidden_size)
            if config.layer_norm:
                directions["norm"] = nn.LayerNorm(config.output_dim)
            self.layers.append(directions)

    def forward(self, x_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """Return the outputs of the last layer; those after a row's end are undefined.

        Shape:
            x_BTE (B, T, E), lengths_B (B,) -> (B, T, D), forward half first.
        """
        return in_place(self.read(x_BTE, lengths_B), lengths_B)

    def read(self, x_BTE: Tensor, lengths_B: Tensor) -> list[Tensor]:
        """Return the outputs of the last layer, each direction's in the order in which it read.

        A pooling that does not ask for the order (mean, maximum, last) need not turn the second one back.

        Shape:
            x_BTE (B, T, E), lengths_B (B,) -> one (B, T, H) per direction.
        """
        outputs: list[Tensor] = []
        reverse_BT = reverse_index(lengths_B, x_BTE.size(1))
        for number, directions in enumerate(cast(Iterable[nn.ModuleDict], self.layers)):
            layers = [directions[name] for name in ("fwd", "bwd") if name in directions]
            # Each direction reads its own alone: both stay in the order in which they were read.
            if number and self.config.inner_dim < self.config.output_dim:
                inputs = [locked_dropout(each, self.dropout, self.training) for each in outputs]
            # Both read both: put the outputs at their tokens, and reverse them for the backward direction.
            else:
                if number:
                    x_BTE = locked_dropout(in_place(outputs, lengths_B), self.dropout, self.training)
                inputs = [x_BTE, _take(x_BTE, reverse_BT)] if len(layers) > 1 else [x_BTE]
            # One-way layers over padded rows: padding comes last for both, so it reaches no output inside.
            outputs = run_side_by_side(layers, [self._weights(layer) for layer in layers], inputs)
            # Layer norm goes over both directions at one token; back to each one's own order afterwards.
            if "norm" in directions:
                parts = directions["norm"](in_place(outputs, lengths_B)).chunk(len(layers), dim=-1)
                outputs = [parts[0], *(_take(part, reverse_BT) for part in parts[1:])]
        return outputs

    def start(self, rows: int) -> Tensor:
        """Return the state before the first step: zeros (S, L, B, H), S = 2 for an LSTM (h and c), else 1."""
        weight = next(self.parameters())
        config = self.config
        return weight.new_zeros(
            2 if config.cell == "lstm" else 1, config.num_layers, rows, config.hidden_size
        )

    def carry(self, x_BTE: Tensor, state_SLBH: Tensor) -> tuple[Tensor, Tensor]:
        """Return the outputs of a one-way encoder that goes on from a state, and the state after.

        Shape:
            x_BTE (B, T, E), state (S, L, B, H) -> (B, T, H), (S, L, B, H).
        """
        after = []
        for number, directions in enumerate(cast(Iterable[nn.ModuleDict], self.layers)):
            if number:
                x_BTE = locked_dropout(x_BTE, self.dropout, self.training)
            # Torch takes h alone, or (h, c) for an LSTM, each with an axis for layers.
            layer = directions["fwd"]
            before = tuple(part_BH[None].contiguous() for part_BH in state_SLBH[:, number])
            given = before if len(before) > 1 else before[0]
            x_BTE, last = torch.func.functional_call(layer, self._weights(layer), (x_BTE, given))
            after.append(torch.cat(last if len(before) > 1 else (last,)))
            if "norm" in directions:
                x_BTE = directions["norm"](x_BTE)
        return x_BTE, torch.stack(after, dim=1)

    def _weights(self, layer: nn.Module) -> dict[str, Tensor]:
        """Return a layer's weights, the recurrent ones with dropout in training."""
        weights: dict[str, Tensor] = dict(layer.named_parameters())
        weights["weight_hh_l0"] = nn.functional.dropout(
            weights["weight_hh_l0"], self.weight_dropout, self.training
        )
        return weights


class _Reversed(torch.autograd.Function):
    """Reorder the steps of rows; the order is its own inverse, so the gradient is reordered by it, too."""

    @staticmethod
    def forward(ctx: Any, x_BTE: Tensor, steps_BT: Tensor) -> Tensor:
        """Take the steps named for each row."""
        B, T, _ = x_BTE.shape
        ctx.flat_N = (steps_BT + T * torch.arange(B, device=x_BTE.device)[:, None]).reshape(-1)
        return x_BTE.flatten(0, 1).index_select(0, ctx.flat_N).view(x_BTE.shape)

    @staticmethod
    def backward(ctx: Any, gradient_BTE: Tensor) -> tuple[Tensor, None]:
        """Reorder the gradient by the same order."""
        return gradient_BTE.flatten(0, 1).index_select(0, ctx.flat_N).view(gradient_BTE.shape), None


def _take(x_BTE: Tensor, steps_BT: Tensor) -> Tensor:
    """Reorder the steps of each row as ``reverse_index`` says, (B, T, E)."""
    apply: Callable[[Tensor, Tensor], Tensor] = _Reversed.apply
    return apply(x_BTE, steps_BT)


def _initialise(layer: nn.Module, cell: str, hidden_size: int) -> None:
    """Set recurrent weights orthogonal, inputs' Glorot's, biases 0, forget gates open (Jozefowicz 2015)."""
    for name, weight in layer.named_parameters():
        if name.startswith("weight_hh"):
            for gate in torch.split(weight.data, hidden_size):
                nn.init.orthogonal_(gate)
        elif name.startswith("weight_ih"):
            for gate in torch.split(weight.data, hidden_size):
                nn.init.xavier_uniform_(gate)
        else:
            nn.init.zeros_(weight)
            if cell == "lstm" and name.startswith("bias_ih"):
                weight.data[hidden_size : 2 * hidden_size] = 1.0


def set_chrono_biases(layer: nn.LSTM, longest: int) -> None:
    """Have the units of an LSTM begin with memories of all lengths up to ``longest`` steps (chrono).

    A forget gate that stands at sigmoid(log u) = u / (1 + u) keeps the cell for about 1 + u steps. So the
    biases of these gates are log u, with a u from [1, longest - 1] for each unit, and those of the input
    gates the opposite (Tallec & Ollivier 2018, "Can recurrent neural networks warp time?", section 2).

    Args:
        layer: Changed in place; its biases for g and o become 0. Random numbers are torch's.
        longest: The longest lag that is expected, from 2.

    Raises:
        ConfigError: If ``longest`` is below 2.
    """
    longest = whole_number("longest", longest, 2)
    H = layer.hidden_size
    for name, bias_G in layer.named_parameters():
        if name.startswith("bias_"):
            nn.init.zeros_(bias_G)
        if name.startswith("bias_ih"):
            forget_H = torch.empty(H).uniform_(1, longest - 1).log()
            bias_G.data[:H], bias_G.data[H : 2 * H] = -forget_H, forget_H
