"""The torch engine: the same model folder, the same answers, for bulk work and for a GPU.

Knows the torch model and plain weights; knows no folder, no texts and no training.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from nlp_rnn.batch import Batch
from nlp_rnn.config import ModelConfig
from nlp_rnn.errors import ConfigError
from nlp_rnn.nn.classifier import BiLSTMClassifier
from nlp_rnn.nn.weights import tensors_of


def build_model(config: ModelConfig, weights: Mapping[str, NDArray[np.float32]]) -> BiLSTMClassifier:
    """Return the torch model of these weights (copied), in evaluation mode."""
    model = BiLSTMClassifier(config)
    model.load_state_dict(tensors_of(weights))
    return model.eval()


class TorchEngine:
    """The classifier in torch.

    Args:
        config: Shape of the model.
        weights: As in ``model.safetensors``; copied.
        device: The device on which torch computes.

    Raises:
        ConfigError: If torch has no such device.
    """

    batch_tokens = 16_384  # larger buffers come fresh from the operating system each time

    def __init__(
        self, config: ModelConfig, weights: Mapping[str, NDArray[np.float32]], device: str = "cpu"
    ) -> None:
        self.config = config
        try:
            self.model = build_model(config, weights).to(device)
        except (RuntimeError, AssertionError) as error:  # torch has no type of its own for this
            reason = str(error).partition("\n")[0]
            raise ConfigError(f"Invalid device. Received: {device!r}; torch says: {reason}") from None

    def logits(self, batch: Batch) -> NDArray[np.float32]:
        """Return the logits of a batch.

        Shape:
            ``batch.ids_BT`` (B, T) -> (B, C).
        """
        with torch.inference_mode():
            logits_BC: NDArray[np.float32] = self.model(batch).float().cpu().numpy()
        return logits_BC
