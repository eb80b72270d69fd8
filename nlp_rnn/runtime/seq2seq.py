"""The encoder-decoder in NumPy: reads a batch of source rows, then writes step by step.

The same folder and the same numbers as ``nn/seq2seq.py``. Knows ids; knows no texts, and not how a search
chooses.

Shapes: B texts, S source steps, n rows being written, V vocabulary, E embedding, H hidden units, D = 2H,
A width of the attention, P parts of a state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nlp_rnn.batch import Batch, Ids
from nlp_rnn.config import TranslationConfig
from nlp_rnn.runtime.encoder import F32, RecurrentEncoder, embed, pack, unpack


@dataclass(frozen=True, eq=False)
class Memory:
    """The encoder's answer to a batch.

    Attributes:
        outputs_BSD: The encoder's outputs, zero after a row's end.
        keys_BSA: The attention's part of them; None in the plain form.
        barrier_BS: Zero inside a row, minus infinity after it.
        summary_BD: The last output of each direction.
    """

    outputs_BSD: F32
    keys_BSA: F32 | None
    barrier_BS: F32
    summary_BD: F32


class AdditiveAttention:
    """A mean of the encoder's outputs for each query, weighted by v . tanh(W s + U h) (Bahdanau 2015, A.1.2).

    Args:
        weights: As in ``model.safetensors``.
    """

    def __init__(self, weights: Mapping[str, F32]) -> None:
        self._query_AH, self._bias_A = weights["attention.query.weight"], weights["attention.query.bias"]
        self._key_AD, self._score_A = weights["attention.key.weight"], weights["attention.score.weight"][0]

    def keys(self, memory_BSD: F32) -> F32:
        """Return U h, the part that is the same for all queries: (B, S, D) -> (B, S, A)."""
        keys_BSA: F32 = memory_BSD @ self._key_AD.T
        return keys_BSA

    def forward(self, queries_nH: F32, keys_nSA: F32, memory_nSD: F32, barrier_nS: F32) -> tuple[F32, F32]:
        """Return contexts and the weights they were made with.

        Args:
            queries_nH: The decoder's outputs s.
            keys_nSA: ``keys`` of each row's source.
            memory_nSD: The encoder's outputs h.
            barrier_nS: Zero inside the source, minus infinity after its end.

        Shape:
            (n, H), (n, S, A), (n, S, D), (n, S) -> (n, D), (n, S).
        """
        # One query for all source steps: v . tanh(W s + U h).
        query_nA = queries_nH @ self._query_AH.T + self._bias_A
        mixed_nSA = np.tanh(keys_nSA + query_nA[:, None])
        # Minus infinity after a row's end becomes a weight of 0.
        scores_nS = mixed_nSA @ self._score_A + barrier_nS
        # Softmax; less the greatest score, so that no exponential overflows.
        weights_nS = np.exp(scores_nS - scores_nS.max(axis=1, keepdims=True))
        weights_nS /= weights_nS.sum(axis=1, keepdims=True)
        # The context is the weighted mean of what was read.
        return np.matmul(weights_nS[:, None], memory_nSD)[:, 0], weights_nS


class Seq2Seq:
    """Source ids and the target's ids so far to the logits of what follows.

    Args:
        config: Shape of the model.
        weights: As in ``model.safetensors``.
    """

    def __init__(self, config: TranslationConfig, weights: Mapping[str, F32]) -> None:
        self.config = config
        self.embedding_VE = weights["embedding.weight"]
        self.encoder = RecurrentEncoder(config, weights)
        self._bridge, self._bridge_bias = weights["bridge.weight"], weights["bridge.bias"]
        self.lower = RecurrentEncoder(config.lower, weights, "lower")
        self.attention = AdditiveAttention(weights) if config.attention else None
        self.upper = RecurrentEncoder(config.upper, weights, "upper")
        self._readout, self._readout_bias = weights["readout.weight"], weights["readout.bias"]
        self._output_EV = np.ascontiguousarray(self.embedding_VE.T)
        self._output_bias_V = weights["output.bias"]

    def encode(self, source: Batch) -> Memory:
        """Run the encoder.

        Raises:
            InputError: If an id is outside the vocabulary.
        """
        lengths_B, H = source.lengths_B, self.config.hidden_size
        packed = pack(source.ids_BT, lengths_B)
        B, S = source.ids_BT.shape
        outputs_BSD = unpack(self.encoder.read(*embed(self.embedding_VE, packed), packed), packed, (B, S))
        # The last output of each direction: the forward one at a row's end, the backward one at its start.
        forward_BH = outputs_BSD[np.arange(B), lengths_B - 1, :H]
        summary_BD = np.concatenate([forward_BH, outputs_BSD[:, 0, H:]], axis=1)
        keys_BSA = None if self.attention is None else self.attention.keys(outputs_BSD)
        barrier_BS = np.where(np.arange(S) < lengths_B[:, None], np.float32(0), np.float32(-np.inf))
        return Memory(outputs_BSD, keys_BSA, barrier_BS, summary_BD)

    def decoder(self, memory: Memory) -> Seq2SeqDecoder:
        """Return a decoder with one row for each text that was read, and nothing written yet."""
        return Seq2SeqDecoder(self, memory)

    def begin(self, summary_BD: F32) -> F32:
        """Return the first state of both layers of the decoder: this output, and an empty cell.

        Shape:
            (B, D) -> (2, P, 1, B, H).
        """
        B, H = len(summary_BD), self.config.hidden_size
        state_2P1BH = np.stack([self.lower.start(B), self.upper.start(B)])
        begin_B2H = np.tanh(summary_BD @ self._bridge.T + self._bridge_bias)
        state_2P1BH[:, 0, 0] = begin_B2H.reshape(B, 2, H).swapaxes(0, 1)
        return state_2P1BH

    def readout(self, upper_nH: F32, context_nD: F32) -> F32:
        """Return the logits of the next id: (n, H), (n, D) -> (n, V)."""
        seen_nF = np.concatenate([upper_nH, context_nD], axis=1)
        hidden_nE = np.tanh(seen_nF @ self._readout.T + self._readout_bias)
        logits_nV: F32 = hidden_nE @ self._output_EV + self._output_bias_V
        return logits_nV


class Seq2SeqDecoder:
    """The decoder over rows that are being written, one token at a time: a ``beam.StepDecoder``."""

    def __init__(self, model: Seq2Seq, memory: Memory) -> None:
        self._model, self._memory = model, memory
        self._text_n = np.arange(len(memory.summary_BD))
        self._gather()
        self._bind(model.begin(memory.summary_BD))

    def advance(self, ids_n: Ids) -> tuple[F32, F32]:
        """Read an id in each row; return logits of the next one (n, V), and the attention's weights (n, S).

        The plain form attends to nothing: all its weights are zero.
        """
        model = self._model
        with np.errstate(over="ignore", under="ignore"):
            # The lower layer reads the words written so far.
            lower_nH = self._lower(model.lower.inputs(model.embedding_VE[ids_n]))
            # Its outputs ask what to look at; the plain form always sees the same one vector.
            if model.attention is None or self._keys_nSA is None:
                context_nD, attention_nS = self._outputs, np.zeros_like(self._barrier_nS)
            else:
                context_nD, attention_nS = model.attention.forward(
                    lower_nH, self._keys_nSA, self._outputs, self._barrier_nS
                )
            # The upper layer reads both, so contexts enter a recurrence, too.
            upper_nH = self._upper(model.upper.inputs(np.concatenate([lower_nH, context_nD], axis=1)))
            # The readout sees the context once more.
            return model.readout(upper_nH, context_nD), attention_nS

    def keep(self, rows_n: Ids) -> None:
        """Go on in row i from what was row ``rows_n[i]``."""
        # Only rows that go to another text need another copy of what was read.
        text_n = self._text_n[rows_n]
        if not np.array_equal(text_n, self._text_n):
            self._text_n = text_n
            self._gather()
        self._bind(self._state_2P1nH.take(rows_n, axis=3))

    def _gather(self) -> None:
        """Give each row its own copy of what was read."""
        memory, text_n = self._memory, self._text_n
        self._barrier_nS = memory.barrier_BS[text_n]
        self._keys_nSA = None if memory.keys_BSA is None else memory.keys_BSA[text_n]
        self._outputs = (memory.summary_BD if self._keys_nSA is None else memory.outputs_BSD)[text_n]

    def _bind(self, state_2P1nH: F32) -> None:
        """Make the steps that advance this state."""
        self._state_2P1nH = state_2P1nH
        self._lower = self._model.lower.stepper(state_2P1nH[0])
        self._upper = self._model.upper.stepper(state_2P1nH[1])
