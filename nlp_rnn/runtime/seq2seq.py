"""The encoder-decoder in NumPy: reads a batch of source rows, then writes step by step.

The same folder and the same numbers as ``nn/seq2seq.py``, on the layers of ``recurrence.py``. Knows ids;
knows no texts, and not how a search chooses.

Shapes: B texts, S source steps, n rows being written, V vocabulary, E embedding, H hidden units, D = 2H,
A width of the attention, N packed tokens, P parts of a state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nlp_rnn.batch import Batch, Ids
from nlp_rnn.config import EncoderConfig, TranslationConfig
from nlp_rnn.runtime.encoder import F32, RecurrentLayer, encode, pack, unpack


@dataclass(frozen=True, eq=False)
class Memory:
    """What the encoder made of a batch.

    Attributes:
        outputs_BSD: Zero behind a row's end.
        keys_BSA: The attention's part of them; None in the plain form.
        barrier_BS: Zero inside a row, minus infinity behind it.
        summary_BD: What each direction wrote last.
    """

    outputs_BSD: F32
    keys_BSA: F32 | None
    barrier_BS: F32
    summary_BD: F32


class Interpreter:
    """``nn.seq2seq.Seq2Seq`` in NumPy.

    Args:
        config: Shape of the model.
        weights: As in ``model.safetensors``.
    """

    def __init__(self, config: TranslationConfig, weights: Mapping[str, F32]) -> None:
        self.config, self.weights = config, weights
        self._encoder = [RecurrentLayer(config, weights, number) for number in range(config.num_layers)]
        self.lower = _layer(config.lower, weights, "lower")
        self.upper = _layer(config.upper, weights, "upper")
        self.embedding_EV = np.ascontiguousarray(weights["embedding.weight"].T)

    def read(self, batch: Batch) -> Memory:
        """Run the encoder.

        Raises:
            InputError: If an id is outside the vocabulary.
        """
        weights, H = self.weights, self.config.hidden_size
        packed = pack(batch.ids_BT, batch.lengths_B)
        B, S = batch.ids_BT.shape
        outputs_BSD = unpack(encode(self._encoder, weights["embedding.weight"], packed), packed, (B, S))
        forward_BH = outputs_BSD[np.arange(B), batch.lengths_B - 1, :H]
        keys_BSA = outputs_BSD @ weights["attention.key.weight"].T if self.config.attention else None
        barrier_BS = np.where(np.arange(S) < batch.lengths_B[:, None], np.float32(0), np.float32(-np.inf))
        summary_BD = np.concatenate([forward_BH, outputs_BSD[:, 0, H:]], axis=1)
        return Memory(outputs_BSD, keys_BSA, barrier_BS, summary_BD)

    def write(self, memory: Memory) -> Writing:
        """One row for each text that was read, with nothing written yet."""
        return Writing(self, memory)


class Writing:
    """Rows that are being written: a ``search.Writer``."""

    def __init__(self, model: Interpreter, memory: Memory) -> None:
        self._model, self._memory = model, memory
        weights = model.weights
        B, H = len(memory.summary_BD), model.config.hidden_size
        begin_B2H = np.tanh(memory.summary_BD @ weights["bridge.weight"].T + weights["bridge.bias"])
        parts = 2 if model.config.cell == "lstm" else 1
        state_2PnH = np.zeros((2, parts, B, H), np.float32)
        state_2PnH[:, 0] = begin_B2H.reshape(B, 2, H).swapaxes(0, 1)
        self._text_n = np.arange(B)
        self._gather()
        self._bind(state_2PnH)

    def advance(self, ids_n: Ids) -> tuple[F32, F32]:
        """Each row reads an id: logits of the next one (n, V), and its attention's weights (n, S).

        The plain form attends to nothing: all its weights are zero.
        """
        model, weights = self._model, self._model.weights
        with np.errstate(over="ignore", under="ignore"):
            lower_nH = self._lower(model.lower.inputs(weights["embedding.weight"][ids_n]))
            if self._keys_nSA is None:
                context_nD, attention_nS = self._outputs, np.zeros_like(self._barrier_nS)
            else:
                query_nA = lower_nH @ weights["attention.query.weight"].T + weights["attention.query.bias"]
                mixed_nSA = np.tanh(self._keys_nSA + query_nA[:, None])
                scores_nS = mixed_nSA @ weights["attention.score.weight"][0] + self._barrier_nS
                attention_nS = np.exp(scores_nS - scores_nS.max(axis=1, keepdims=True))
                attention_nS /= attention_nS.sum(axis=1, keepdims=True)
                context_nD = np.matmul(attention_nS[:, None], self._outputs)[:, 0]
            upper_nH = self._upper(model.upper.inputs(np.concatenate([lower_nH, context_nD], axis=1)))
            seen_nF = np.concatenate([upper_nH, context_nD], axis=1)
            hidden_nE = np.tanh(seen_nF @ weights["readout.weight"].T + weights["readout.bias"])
            logits_nV: F32 = hidden_nE @ model.embedding_EV + weights["output.bias"]
        return logits_nV, attention_nS

    def keep(self, rows_n: Ids) -> None:
        """From now on, row i goes on from what was row ``rows_n[i]``."""
        text_n = self._text_n[rows_n]
        if not np.array_equal(text_n, self._text_n):
            self._text_n = text_n
            self._gather()
        self._bind(self._state_2PnH.take(rows_n, axis=2))

    def _gather(self) -> None:
        """Each row's own copy of what was read."""
        memory, text_n = self._memory, self._text_n
        self._barrier_nS = memory.barrier_BS[text_n]
        self._keys_nSA = None if memory.keys_BSA is None else memory.keys_BSA[text_n]
        self._outputs = (memory.summary_BD if self._keys_nSA is None else memory.outputs_BSD)[text_n]

    def _bind(self, state_2PnH: F32) -> None:
        """Steps that advance this state."""
        self._state_2PnH = state_2PnH
        self._lower = self._model.lower.stepper(state_2PnH[0])
        self._upper = self._model.upper.stepper(state_2PnH[1])


def _layer(config: EncoderConfig, weights: Mapping[str, F32], part: str) -> RecurrentLayer:
    """The one layer of a part of the decoder."""
    own = {
        name.replace(part, "encoder", 1): array for name, array in weights.items() if name.startswith(part)
    }
    return RecurrentLayer(config, own, 0)
