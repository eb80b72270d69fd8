"""The cells that the studies compare, each as the toolkit's encoder starts it.

Recurrent weights are orthogonal, input weights Glorot's, biases zero but for the LSTM's forget gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from nlp_rnn.config import EncoderConfig
from nlp_rnn.exchange import from_torch
from nlp_rnn.nn.encoder import RecurrentEncoder, set_chrono_biases
from nlp_rnn.reference import Network
from nlp_rnn.training.loop import seeded


@dataclass(frozen=True)
class Variant:
    """A cell and how it starts.

    Attributes:
        name: As tables and pictures call it.
        cell: ``rnn``, ``gru`` or ``lstm``.
        forget_bias: Where the LSTM's forget gate starts: 0 keeps sigmoid(0) = 0.50 of the cell at each step,
            1 keeps 0.73 (Gers et al. 2000; Jozefowicz et al. 2015).
        chrono: Whether the LSTM's gates start for the lags that are asked for (``nn/encoder.py``) instead.
        gain: Factor on the orthogonal recurrent weights; above 1 an RNN's gradient can explode.
    """

    name: str
    cell: str
    forget_bias: float = 0.0
    chrono: bool = False
    gain: float = 1.0

    def encoder(
        self, inputs: int, hidden_size: int, *, seed: int, longest: int | None = None
    ) -> RecurrentEncoder:
        """Return a one-way encoder of one layer with this start; ``longest`` is the lag for ``chrono``."""
        config = EncoderConfig(
            vocab_size=2, cell=self.cell, embedding_dim=inputs, hidden_size=hidden_size, bidirectional=False
        )
        with seeded(seed):
            encoder = RecurrentEncoder(config)
            if self.chrono:
                assert longest is not None
                set_chrono_biases(cast(nn.LSTM, _layer(encoder)), longest)
        with torch.no_grad():
            for name, weight in encoder.named_parameters():
                if name.endswith("weight_hh_l0"):
                    weight.mul_(self.gain)
                if self.cell == "lstm" and not self.chrono and name.endswith("bias_ih_l0"):
                    weight[hidden_size : 2 * hidden_size] = self.forget_bias
        return encoder


VARIANTS = (
    Variant("RNN", "rnn"),
    Variant("GRU", "gru"),
    Variant("LSTM, forget bias 0", "lstm"),
    Variant("LSTM, forget bias 1", "lstm", forget_bias=1.0),
)
CHRONO = Variant("LSTM, chrono", "lstm", chrono=True)
EXPLODING = Variant("RNN, recurrent weights x 2", "rnn", gain=2.0)


def as_network(encoder: RecurrentEncoder) -> Network:
    """Return a one-way encoder of one layer as the reference's network, in float64."""
    return from_torch(_layer(encoder).double())


def _layer(encoder: RecurrentEncoder) -> nn.RNNBase:
    return cast(nn.RNNBase, cast(nn.ModuleDict, encoder.layers[0])["fwd"])
