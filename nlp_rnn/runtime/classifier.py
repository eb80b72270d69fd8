"""The classifier in NumPy: embedding, recurrent encoder, pooling, linear head; a wide path beside them.

The same folder and the same numbers as ``nn/classifier.py``. Takes a ``Batch``; knows no texts, no labels'
names and no threads.

Shapes: B texts, T steps, P pooled features, C classes, G n-grams, R rows of the wide path.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nlp_rnn.batch import Batch
from nlp_rnn.config import ModelConfig
from nlp_rnn.grams import gram_rows
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
        self._wide_RC = weights.get("wide.weight")

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
        self.add_wide(logits_BC, batch)
        return logits_BC

    def add_wide(self, logits_BC: F32, batch: Batch) -> None:
        """Add the wide path's part to the recurrent logits of a batch, in place."""
        if self._wide_RC is None:
            return
        rows_G, counts_B = gram_rows(batch.ids_BT, batch.lengths_B, len(self._wide_RC))
        # Every text has an n-gram, so no sum is empty.
        sums_BC = np.add.reduceat(self._wide_RC[rows_G], np.cumsum(counts_B) - counts_B, axis=0)
        logits_BC += sums_BC / np.sqrt(counts_B, dtype=np.float32)[:, None]

    def packed_logits(self, packed: Packed) -> F32:
        """Return the recurrent logits of packed texts: (B, C), longest text first; errors as ``forward``."""
        outputs_DNH = self.encoder.read(*embed(self.embedding_VE, packed), packed)
        logits_BC: F32 = self.pooling.forward(outputs_DNH, packed) @ self._output_CP.T + self._bias_C
        return logits_BC
