"""Gradient flow: how much of the last loss reaches the input at each earlier step, and what clipping does.

The gradients are the reference's, derived by hand, in float64. Back through k steps the gradient is
multiplied by k Jacobians, so it changes about exponentially with the lag (Hochreiter 1991; Bengio et al.
1994); clipping (Pascanu et al. 2013) scales all of it by one factor, which bounds an explosion and does not
help against vanishing.

Shapes: B sequences, T steps, E input features, H hidden units.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from nlp_rnn.nn.encoder import RecurrentEncoder
from nlp_rnn.reference import Network, back_propagate, run
from nlp_rnn.studies.problems import F32, Adding
from nlp_rnn.studies.variants import EXPLODING, VARIANTS, as_network
from nlp_rnn.training.loop import seeded

F64 = NDArray[np.float64]
VANISHED = 1e-3


@dataclass(frozen=True)
class Profile:
    """The gradient norms of one cell at each lag.

    Attributes:
        name: The cell and its start.
        norms: Norm of the last loss's gradient with respect to the input k steps before; index k.
        vanished_at: The first lag at which less than a thousandth of lag 0's norm is left; None if none is.
        weights_norm: Norm of the gradient with respect to all weights: what clipping looks at.
        clipped_by: The factor that clipping to ``max_norm`` puts on the gradients, the same at every lag.
    """

    name: str
    norms: list[float]
    vanished_at: int | None
    weights_norm: float
    clipped_by: float

    def relative(self, lag: int) -> float:
        """Return the norm at a lag over the norm at lag 0."""
        return self.norms[lag] / self.norms[0]


def gradient_norms(
    network: Network, *, steps: int, sequences: int, seed: int, inputs: float = 1.0
) -> tuple[F64, float]:
    """Return gradient norms of a random linear function of the last state, for random inputs.

    Args:
        network: One layer, one direction.
        steps: Length of the sequences (T).
        sequences: Number of sequences averaged over (B).
        seed: Seed of the inputs (normal) and of the function (a unit vector per sequence).
        inputs: Standard deviation of the inputs.

    Returns:
        The mean norm with respect to the input at each lag, *shape (T,)*, lag 0 first; and the norm with
        respect to all weights, of the mean over the sequences.
    """
    rng = np.random.default_rng(seed)
    x_TBE = inputs * rng.normal(size=(steps, sequences, network.input_size))
    direction_BH = rng.normal(size=(sequences, network.hidden_size))
    direction_BH /= np.linalg.norm(direction_BH, axis=1, keepdims=True)
    d_outputs_TBH = np.zeros((steps, sequences, network.hidden_size))
    d_outputs_TBH[-1] = direction_BH
    found = back_propagate(run(network, x_TBE), d_outputs_TBH)
    norms_T = np.linalg.norm(found.x_TBE, axis=2).mean(axis=1)[::-1]
    squares = sum(float(np.square(array / sequences).sum()) for array in found.network.layers[0][0])
    return norms_T, math.sqrt(squares)


def profiles(*, steps: int, hidden_size: int, sequences: int, max_norm: float, seed: int) -> list[Profile]:
    """Return the profile of every variant, and of an RNN whose gradient explodes."""
    found = []
    for variant in (*VARIANTS, EXPLODING):
        network = as_network(variant.encoder(hidden_size, hidden_size, seed=seed))
        # With inputs of full size the units of the exploding one would saturate, and let nothing through.
        inputs = 0.05 if variant is EXPLODING else 1.0
        norms_T, weights_norm = gradient_norms(
            network, steps=steps, sequences=sequences, seed=seed, inputs=inputs
        )
        below = np.flatnonzero(norms_T < VANISHED * norms_T[0])
        found.append(
            Profile(
                name=variant.name,
                norms=norms_T.tolist(),
                vanished_at=int(below[0]) if len(below) else None,
                weights_norm=weights_norm,
                clipped_by=min(1.0, max_norm / weights_norm),
            )
        )
    return found


@dataclass(frozen=True)
class Descent:
    """A record of plain gradient descent on the adding problem, step by step.

    Attributes:
        name: Clipped or not.
        losses: Mean squared error of each step's batch; the list ends where the gradient is no longer finite.
        norms: Norm of the gradient with respect to all weights, before clipping.
    """

    name: str
    losses: list[float]
    norms: list[float]


def explosion(
    *, steps: int, lag: int, hidden_size: int, max_norm: float, learning_rate: float, seed: int
) -> list[Descent]:
    """Run the same descent without and with ``clip_grad_norm_``, from a start whose gradients explode.

    Plain SGD, because Adam divides by the gradient's own size and so hides half of the effect.
    """
    found = []
    for limit in (math.inf, max_norm):
        name = "not clipped" if limit == math.inf else f"clipped to {max_norm:g}"
        encoder = EXPLODING.encoder(Adding.inputs, hidden_size, seed=seed)
        with seeded(seed):
            output = nn.Linear(hidden_size, 1)
        batches = (Adding(lag).batch(32, (seed, step)) for step in range(steps))
        found.append(_descend(name, encoder, output, batches, limit, learning_rate))
    return found


def _descend(
    name: str,
    encoder: RecurrentEncoder,
    output: nn.Linear,
    batches: Iterable[tuple[F32, F32]],
    limit: float,
    learning_rate: float,
) -> Descent:
    weights = [*encoder.parameters(), *output.parameters()]
    descent = Descent(name, [], [])
    for batch in batches:
        x_BTE, targets_B11 = map(torch.from_numpy, batch)
        outputs_BTH, _ = encoder.carry(x_BTE, encoder.start(len(x_BTE)))
        loss = nn.functional.mse_loss(output(outputs_BTH[:, -1:]), targets_B11)
        gradients = torch.autograd.grad(loss, weights)
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient
        norm = float(nn.utils.clip_grad_norm_(weights, limit))
        if not math.isfinite(norm):
            break
        descent.losses.append(float(loss.detach()))
        descent.norms.append(norm)
        with torch.no_grad():
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.sub_(gradient, alpha=learning_rate)
    return descent


def to_dict(found: list[Profile] | list[Descent]) -> list[dict[str, Any]]:
    """Return plain values for JSON."""
    return [asdict(one) for one in found]
