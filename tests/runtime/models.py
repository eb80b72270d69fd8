"""Small models with random weights, and random texts to read."""

from __future__ import annotations

import numpy as np

from nlp_rnn.config import ModelConfig
from nlp_rnn.weights import Weights

VOCAB = 20


def model(seed: int = 0, scale: float = 1.0, **changes: object) -> tuple[ModelConfig, Weights]:
    """Settings, and weights of the size that training leaves."""
    sizes = {"vocab_size": VOCAB, "num_classes": 3, "embedding_dim": 5, "hidden_size": 6}
    config = ModelConfig(**(sizes | changes))
    rng = np.random.default_rng(seed)
    weights = {}
    for name, shape in config.shapes().items():
        width = 1 if "embedding" in name or "norm" in name else shape[-1] ** 0.5
        weights[name] = (scale / width * rng.normal(size=shape)).astype(np.float32)
    return config, weights


def texts(count: int, longest: int, seed: int = 0) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, VOCAB, rng.integers(1, longest + 1)).tolist() for _ in range(count)]
