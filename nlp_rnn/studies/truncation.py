"""Truncated back-propagation through time: the cost of a window, and the part of the gradient it keeps.

The state is carried from window to window; the gradient is not (Williams & Peng 1990). So the memory that a
step needs falls with the window, and so does the part of the true gradient that crosses its edges.

Shapes: B streams, T steps, E input features, H hidden units.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from nlp_rnn.nn.encoder import RecurrentEncoder
from nlp_rnn.studies.variants import VARIANTS
from nlp_rnn.training.loop import seeded

_STREAMS, _WAVELENGTH = 8, 200


@dataclass(frozen=True)
class WindowCost:
    """The cost of one length of window, and the part of the gradient that it keeps.

    Attributes:
        window: Steps after which the gradient stops.
        seconds: Time for the whole sequence, forward and backward; the least of the repetitions.
        megabytes: Most memory held for the backward pass at once: activations, without the weights.
        cosine: Cosine between its gradient, summed over the windows, and that of the whole sequence.
    """

    window: int
    seconds: float
    megabytes: float
    cosine: float


def measure_windows(
    *, steps: int, windows: Sequence[int], hidden_size: int, repetitions: int, seed: int
) -> list[WindowCost]:
    """Measure time, memory and gradient of each window over one long sequence, a noisy wave to predict.

    Args:
        steps: Length of the sequence; the last window is all of it.
        windows: Lengths that divide it.
        hidden_size: Width of the LSTM.
        repetitions: Number of times each is timed.
        seed: Seed of weights and noise.
    """
    encoder = VARIANTS[-1].encoder(1, hidden_size, seed=seed)
    with seeded(seed):
        output = nn.Linear(hidden_size, 1)
        noise_BT1 = 0.1 * torch.randn(_STREAMS, steps + 1, 1)
    phases_B11 = torch.arange(_STREAMS).reshape(-1, 1, 1) / _STREAMS
    wave_BT1 = torch.sin(
        2 * torch.pi * (torch.arange(steps + 1).reshape(1, -1, 1) / _WAVELENGTH + phases_B11)
    )
    series_BT1 = wave_BT1 + noise_BT1
    whole = _gradient(encoder, output, series_BT1, steps)[0]
    found = []
    for window in [*(w for w in windows if w < steps), steps]:
        runs = [_gradient(encoder, output, series_BT1, window) for _ in range(repetitions)]
        cosine = nn.functional.cosine_similarity(runs[0][0], whole, dim=0)
        seconds, held = min(run[1] for run in runs), runs[0][2]
        found.append(WindowCost(window, seconds, held / 1e6, min(1.0, float(cosine))))
    return found


def _gradient(
    encoder: RecurrentEncoder, output: nn.Linear, series_BT1: Tensor, window: int
) -> tuple[Tensor, float, int]:
    """Return the summed gradient as one row, seconds, and the most bytes held for a backward pass."""
    weights = [*encoder.parameters(), *output.parameters()]
    own = {weight.untyped_storage().data_ptr() for weight in weights}
    held: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            held[storage.data_ptr()] = storage.nbytes()
        return tensor

    total = [torch.zeros_like(weight) for weight in weights]
    most, steps = 0, series_BT1.size(1) - 1
    state_SLBH = encoder.start(_STREAMS)
    started = time.perf_counter()
    for start in range(0, steps, window):
        held.clear()
        with saved_tensors_hooks(keep, lambda tensor: tensor):
            x_BT1 = series_BT1[:, start : start + window]
            outputs_BTH, state_SLBH = encoder.carry(x_BT1, state_SLBH.detach())
            errors_BT1 = output(outputs_BTH) - series_BT1[:, start + 1 : start + window + 1]
            loss = errors_BT1.square().sum() / (_STREAMS * steps)
        most = max(most, sum(held.values()))
        for sum_, part in zip(total, torch.autograd.grad(loss, weights), strict=True):
            sum_ += part
    return torch.cat([part.flatten() for part in total]), time.perf_counter() - started, most


def to_dict(found: Sequence[WindowCost]) -> list[dict[str, Any]]:
    """Return plain values for JSON."""
    return [asdict(one) for one in found]
