"""The character model in NumPy: one step of any number of streams, or a text read by one.

The same folder and the same numbers as ``nn/characters.py``. Knows ids; knows no characters.

Shapes: n streams, T steps, V vocabulary, H hidden units, L layers, S parts of a state, G gates, K units of
all gates (G times H).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from nlp_rnn.batch import Ids
from nlp_rnn.config import CharConfig
from nlp_rnn.errors import InputError
from nlp_rnn.runtime.encoder import F32, RecurrentEncoder, by_gate


class CharRNN:
    """Ids to the logits of what follows.

    Args:
        config: Shape of the model.
        weights: As in ``model.safetensors``; copied.
    """

    def __init__(self, config: CharConfig, weights: Mapping[str, F32]) -> None:
        self.config = config
        self.vocab_size = config.vocab_size
        self._encoder = RecurrentEncoder(config, weights)
        # The input's part of the first layer's gates is a table, one row for each id.
        x_GVH = self._encoder.inputs(weights["embedding.weight"])[:, 0]
        self._x_VK = x_GVH.swapaxes(0, 1).reshape(config.vocab_size, -1)
        output_VH = weights["embedding.weight" if config.tied else "output.weight"]
        self._output_HV, self._bias_V = np.ascontiguousarray(output_VH.T), weights["output.bias"].copy()

    def start(self, streams: int) -> F32:
        """Return the state before the first character: (S, L, n, H), see ``RecurrentEncoder``."""
        return self._encoder.start(streams)

    def stepper(self, state_SLnH: F32) -> Callable[[Ids], F32]:
        """Return a function that advances this very array by one character: ids (n,) -> logits (n, V).

        Ids are not checked.
        """
        step, output_HV, bias_V = self._outputs_stepper(state_SLnH), self._output_HV, self._bias_V

        def logits_of(ids_n: Ids) -> F32:
            logits_nV: F32 = np.matmul(step(ids_n), output_HV)
            logits_nV += bias_V
            return logits_nV

        return logits_of

    def read(self, ids_T: Ids, state_SL1H: F32) -> F32:
        """Return the logits after each character that one stream reads; the state is advanced.

        Shape:
            (T,), (S, L, 1, H) -> (T, V).

        Raises:
            InputError: If an id is outside the vocabulary.
        """
        if len(ids_T) and not 0 <= ids_T.min() <= ids_T.max() < self.vocab_size:
            raise InputError(
                f"Invalid character id. Received: {ids_T.min()} to {ids_T.max()}; "
                f"ids should be in [0, {self.vocab_size - 1}]"
            )
        step = self._outputs_stepper(state_SL1H)
        outputs_TH = np.empty((len(ids_T), self.config.hidden_size), np.float32)
        with np.errstate(over="ignore", under="ignore"):
            for t, ids_1 in enumerate(ids_T[:, None]):
                outputs_TH[t] = step(ids_1)[0]
        logits_TV: F32 = outputs_TH @ self._output_HV + self._bias_V
        return logits_TV

    def _outputs_stepper(self, state_SLnH: F32) -> Callable[[Ids], F32]:
        """Return ``stepper`` without the logits: ids (n,) -> outputs (n, H), overwritten by the next call."""
        advance, x_VK = self._encoder.stepper(state_SLnH), self._x_VK
        x_nK = np.empty((state_SLnH.shape[2], x_VK.shape[1]), np.float32)
        x_GDnH = by_gate(x_nK, self.config.hidden_size)

        def step(ids_n: Ids) -> F32:
            x_VK.take(ids_n, 0, x_nK, "clip")
            return advance(x_GDnH)

        return step
