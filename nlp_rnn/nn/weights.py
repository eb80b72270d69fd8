"""A torch model's weights as arrays, and back: a model is kept as arrays; training alone knows tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


def weights_of(model: nn.Module) -> dict[str, NDArray[np.float32]]:
    """Return a model's weights as arrays, by the names they have in ``model.safetensors``."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in model.state_dict().items()}


def tensors_of(weights: Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
    """Return the weights as tensors (copies), by the same names."""
    return {name: torch.tensor(array) for name, array in weights.items()}
