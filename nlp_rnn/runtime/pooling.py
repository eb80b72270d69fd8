"""From one vector per step to one vector per text, in NumPy; the same in torch is ``nn/pooling.py``.

Shapes: B texts, T steps, N packed tokens (``encoder.py``), H hidden units per direction, D directions (1 or
2), F features (D times H), P pooled features.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nlp_rnn.config import ModelConfig
from nlp_rnn.runtime.encoder import F32, Packed, in_place


class Pooling:
    """Pool each direction's outputs to one vector per text, (B, P), P = ``config.pooled_dim``.

    ``attention`` scores each step by ``v . tanh(W h + b)`` and takes the softmax-weighted mean
    (Yang et al. 2016, eq. 5-7).

    Args:
        config: Shape of the model.
        weights: As in ``model.safetensors``; only ``attention`` has any.
    """

    def __init__(self, config: ModelConfig, weights: Mapping[str, F32]) -> None:
        self.kind = config.pooling
        if self.kind == "attention":
            self._proj_FF, self._bias_F = weights["pooling.proj.weight"], weights["pooling.proj.bias"]
            self._query_F = weights["pooling.query.weight"][0]

    def forward(self, outputs_DNH: F32, packed: Packed) -> F32:
        """Return the pooled vectors.

        Args:
            outputs_DNH: The encoder's outputs, each direction's in the order in which it read.
            packed: The texts.

        Shape:
            (D, N, H) -> (B, P), longest text first.
        """
        kind, lengths_B = self.kind, packed.lengths_B
        # Attention needs both directions' outputs of one token side by side; the others do not.
        if kind == "attention":
            return self._attend(in_place(outputs_DNH, packed), packed)
        parts: list[F32] = []
        # The last output of each direction, in its own order: text b is the b-th entry of its last step.
        if kind == "last":
            parts.append(outputs_DNH[:, packed.starts_T[lengths_B - 1] + np.arange(len(lengths_B))])
        # Without padding, a sum over all entries is a sum over the text's own.
        if "mean" in kind:
            mean_DBH = _fold(np.add, outputs_DNH, packed)
            mean_DBH /= lengths_B[:, None]
            parts.append(mean_DBH)
        if "max" in kind:
            parts.append(_fold(np.maximum, outputs_DNH, packed))
        # In torch's order: kind by kind, and within a kind the forward half first.
        return np.concatenate([direction_BH for part_DBH in parts for direction_BH in part_DBH], axis=-1)

    def _attend(self, outputs_NF: F32, packed: Packed) -> F32:
        """Return the weighted mean of the steps of each text: (N, F) -> (B, F)."""
        # Score all tokens at once: v . tanh(W h + b).
        hidden_NF = np.tanh(outputs_NF @ self._proj_FF.T + self._bias_F)
        # A softmax wants a text's scores in one row; minus infinity after its end becomes a share of 0.
        scores_BT = np.full((len(packed.lengths_B), len(packed.counts_T)), -np.inf, np.float32)
        scores_BT[packed.text_N, packed.step_N] = hidden_NF @ self._query_F
        # Less the greatest score, so that no exponential overflows.
        scores_BT = np.exp(scores_BT - scores_BT.max(axis=1, keepdims=True))
        scores_BT /= scores_BT.sum(axis=1, keepdims=True)
        # Back to packed order, to weight the outputs and add them up by text.
        shares_N1 = scores_BT[packed.text_N, packed.step_N][:, None]
        pooled_BF: F32 = _fold(np.add, (outputs_NF * shares_N1)[None], packed)[0]
        return pooled_BF


def _fold(function: np.ufunc, values_DNH: F32, packed: Packed) -> F32:
    """Return the sum or the maximum over the steps of each text: (D, N, H) -> (D, B, H)."""
    D, _, H = values_DNH.shape
    B = len(packed.lengths_B)
    # Every text has a first step: begin with it.
    folded_DBH: F32 = values_DNH[:, :B].copy()
    # All texts are equally long (or there is one): one call for all steps.
    if packed.counts_T[-1] == B:
        function.reduce(values_DNH.reshape(D, -1, B, H), axis=1, out=folded_DBH)
        return folded_DBH
    # Step by step otherwise: the texts that reach a step are the first n, so a slice of the result takes it.
    for start, n in zip(packed.starts_T[1:].tolist(), packed.counts_T[1:].tolist(), strict=True):
        function(folded_DBH[:, :n], values_DNH[:, start : start + n], out=folded_DBH[:, :n])
    return folded_DBH
