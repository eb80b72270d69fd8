"""From a language model to the weights that a classifier of the same shape starts from; in NumPy alone."""

from __future__ import annotations

import numpy as np

from nlp_rnn.artifact import Weights
from nlp_rnn.config import LanguageConfig


def encoder_weights(config: LanguageConfig, weights: Weights) -> Weights:
    """Embedding and recurrent layers under the names of a classifier's.

    In the language model each direction is a stack of its own; a classifier's upper layers read both. The
    weights on the other direction start at zero, so the classifier's encoder first computes what the language
    model's did, and learns from there what the directions have to say to each other.
    """
    found: Weights = {}
    for name, weight in weights.items():
        if not name.startswith(("embedding.", "encoder.")):
            continue
        if (
            config.bidirectional
            and name.endswith("weight_ih_l0")
            and not name.startswith("encoder.layers.0.")
        ):
            halves = [weight, np.zeros_like(weight)]
            weight = np.concatenate(halves if ".fwd." in name else halves[::-1], axis=1)
        found[name] = weight
    return found
