"""The character model in torch: embedding, one-way recurrent encoder with a carried state, a logit per id.

The names of its parameters are the names in ``model.safetensors``; ``runtime/characters.py`` reads the
same file in NumPy. The dropouts are AWD-LSTM's (Merity et al. 2018). Knows ids; knows no characters.

Shapes: B streams, T steps, V vocabulary, E embedding, H hidden units, L layers, S parts of a state.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from nlp_rnn.config import CharConfig
from nlp_rnn.nn.encoder import RecurrentEncoder, locked_dropout


class CharOutputs(NamedTuple):
    """The model's answer to a window.

    Attributes:
        logits_BTV: Logits of the id that follows each.
        outputs_BTH: The encoder's outputs.
        dropped_BTH: The same after dropout, from which the logits are computed.
        state_SLBH: The state after the window.
    """

    logits_BTV: Tensor
    outputs_BTH: Tensor
    dropped_BTH: Tensor
    state_SLBH: Tensor


class CharRNN(nn.Module):
    """Ids to the logits of what follows.

    Args:
        config: Shape of the model.
        dropout: Locked, on embeddings (half of it), between layers and on the outputs.
        weight_dropout: On the recurrent weights.
    """

    def __init__(self, config: CharConfig, *, dropout: float = 0.0, weight_dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.dropout = dropout
        self.embedding = nn.Embedding(config.vocab_size, config.embedding_dim)
        if config.tied:
            nn.init.normal_(self.embedding.weight, std=config.embedding_dim**-0.5)
        self.encoder = RecurrentEncoder(config, dropout=dropout, weight_dropout=weight_dropout)
        self.output = nn.Linear(config.output_dim, config.vocab_size)
        nn.init.zeros_(self.output.bias)
        if config.tied:
            self.output.weight = self.embedding.weight

    def forward(self, ids_BT: Tensor, state_SLBH: Tensor) -> CharOutputs:
        """Read a window of each stream, going on from a state.

        Shape:
            ids (B, T), state (S, L, B, H) -> logits (B, T, V).
        """
        x_BTE = locked_dropout(self.embedding(ids_BT), self.dropout / 2, self.training)
        outputs_BTH, state_SLBH = self.encoder.carry(x_BTE, state_SLBH)
        dropped_BTH = locked_dropout(outputs_BTH, self.dropout, self.training)
        return CharOutputs(self.output(dropped_BTH), outputs_BTH, dropped_BTH, state_SLBH)
