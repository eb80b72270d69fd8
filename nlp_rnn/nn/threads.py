"""Two recurrent layers at once on a CPU, one thread each, forward and backward.

A step of a small recurrent layer is too little work to share: two threads inside one layer wait for
each other more than they compute. Two layers side by side do not, so the directions of a bidirectional
encoder get a thread each. The results are bit for bit those of running one after the other.

Knows layers and tensors; knows nothing about directions, padding or dropout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

NamedTensors = dict[str, Tensor]
_SMALL = 2_048  # numbers in an input below which starting the other thread costs more than it saves


def run(layer: nn.Module, weights: NamedTensors, x_BTE: Tensor) -> Tensor:
    """Return the outputs of a recurrent layer with these weights in place of its own.

    Shape:
        (B, T, E) -> (B, T, H).
    """
    outputs: Tensor = torch.func.functional_call(layer, weights, (x_BTE,))[0]
    return outputs


def run_side_by_side(
    layers: Sequence[nn.Module], weights: Sequence[NamedTensors], inputs: Sequence[Tensor]
) -> list[Tensor]:
    """Call ``run`` for each layer, in two threads where that is faster.

    Shape:
        Each (B, T, E) -> (B, T, H).
    """
    x_BTE = inputs[0]
    alone = len(layers) == 1 or x_BTE.device.type != "cpu" or torch.get_num_threads() == 1
    if alone or x_BTE.numel() < _SMALL or torch.is_autocast_enabled("cpu"):
        return [run(*each) for each in zip(layers, weights, inputs, strict=True)]
    if not torch.is_grad_enabled():
        return list(_pool().map(_run_without_gradient, layers, weights, inputs))
    tensors = [
        tensor for own, x_BTE in zip(weights, inputs, strict=True) for tensor in (x_BTE, *own.values())
    ]
    apply: Callable[..., tuple[Tensor, ...]] = _SideBySide.apply
    return list(apply(layers, [list(own) for own in weights], *tensors))


class _SideBySide(torch.autograd.Function):
    """Build and differentiate each layer's own little graph in its own thread."""

    @staticmethod
    def forward(
        ctx: Any, layers: Sequence[nn.Module], names: Sequence[list[str]], *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        size = len(tensors) // len(layers)
        groups = [tensors[start : start + size] for start in range(0, len(tensors), size)]
        ctx.graphs = list(_pool().map(_graph, layers, names, groups))
        return tuple(outputs.detach() for _, outputs in ctx.graphs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        found = _pool().map(
            lambda graph, gradient: torch.autograd.grad(graph[1], graph[0], gradient), ctx.graphs, gradients
        )
        return (None, None, *(gradient for group in found for gradient in group))


def _graph(layer: nn.Module, names: list[str], tensors: Sequence[Tensor]) -> tuple[list[Tensor], Tensor]:
    """Return fresh leaves, and the outputs computed from them."""
    with torch.enable_grad():
        leaves = [tensor.detach().requires_grad_() for tensor in tensors]
        return leaves, run(layer, dict(zip(names, leaves[1:], strict=True)), leaves[0])


def _run_without_gradient(layer: nn.Module, weights: NamedTensors, x_BTE: Tensor) -> Tensor:
    with torch.no_grad():
        return run(layer, weights, x_BTE)


@cache
def _pool() -> ThreadPoolExecutor:
    """Return two threads in which torch's own operators use one."""
    return ThreadPoolExecutor(2, "nlp-rnn", torch.set_num_threads, (1,))
