"""The classifier in NumPy: embedding, recurrent encoder, pooling, linear head.

The same folder and the same numbers as ``nn/classifier.py``. Takes a ``Batch``; knows no texts, no labels'
names and no threads.

Shapes: B texts, T steps, P pooled features, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nlp_rnn.batch import Batch
from nlp_rnn.config import ModelConfig
from nlp_rnn.runtime.encoder import F32, Packed, RecurrentEncoder, embed, pack
from nlp_rnn.runtime.pooling import Pooling


class BiLSTMClassifier:
    """Token ids to class logits.

    Args:
        config: Shape of the model; ``cell`` and ``bidirectional`` may differ from the name's.
        weights: As in ``model.safetensors``; the recurrent ones are copied.
    """

    def __init__(self, config: ModelConfig, weights: Mapping[str, F32]) -> None:
        self.config = config
        self.embedding_VE = weights["embedding.weight"]
        self.encoder = RecurrentEncoder(config, weights)
        self.pooling = Pooling(config, weights)
        self._output_CP, self._bias_C = weights["output.weight"], weights["output.bias"]

    def forward(self, batch: Batch) -> F32:
        """Return the logits of a batch.

        Shape:
            ``batch.ids_BT`` (B, T) -> (B, C), rows in the batch's order.

        Raises:
            InputError: If an id is outside the vocabulary.
        """
        packed = pack(batch.ids_BT, batch.lengths_B)
        logits_BC = np.empty((len(batch.lengths_B), self.config.num_classes), np.float32)
        logits_BC[packed.order_B] = self.packed_logits(packed)
        return logits_BC

    def packed_logits(self, packed: Packed) -> F32:
        """Return the logits of packed texts: (B, C), longest text first; errors as ``forward``."""
        outputs_DNH = self.encoder.read(*embed(self.embedding_VE, packed), packed)
        logits_BC: F32 = self.pooling.forward(outputs_DNH, packed) @ self._output_CP.T + self._bias_C
        return logits_BC
