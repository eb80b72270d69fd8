"""The encoder-decoder in torch: a two-way encoder, additive attention, a decoder of two layers.

The attention's score is that of Bahdanau, Cho & Bengio (2015): v . tanh(W s + U h). Where it stands in the
decoder is Wu et al.'s (2016, section 3): a lower layer reads the words written so far, its outputs s attend,
and an upper layer reads both it and the context. So contexts still enter a recurrence, as in Bahdanau's
model, but none of them waits for the one before it: in training each layer runs once over all steps, and
all steps attend at once. Input and output embeddings of both languages are one matrix (Press & Wolf 2017).

The names of its parameters are the names in ``model.safetensors``; ``runtime/seq2seq.py`` reads the same file
in NumPy. Takes ``Batch``es; knows no texts.

Shapes: B pairs, S source steps, T target steps, N target tokens (no padding), V vocabulary, E embedding,
H hidden units, D = 2H, P parts of a state.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nlp_rnn.batch import Batch
from nlp_rnn.config import TranslationConfig
from nlp_rnn.nn.encoder import RecurrentEncoder, locked_dropout


class AdditiveAttention(nn.Module):
    """A mean of the encoder's outputs for each query, weighted by v . tanh(W s + U h) (Bahdanau 2015, A.1.2).

    Args:
        query_dim: Width of a query s.
        memory_dim: Width of an output h.
        size: Width of v.
    """

    def __init__(self, query_dim: int, memory_dim: int, size: int) -> None:
        super().__init__()
        self.query = nn.Linear(query_dim, size)
        self.key = nn.Linear(memory_dim, size, bias=False)
        self.score = nn.Linear(size, 1, bias=False)

    def forward(self, queries_BTH: Tensor, memory_BSD: Tensor, inside_BS: Tensor) -> tuple[Tensor, Tensor]:
        """Return contexts and weights.

        Shape:
            (B, T, H), (B, S, D), (B, S) -> (B, T, D), (B, T, S).
        """
        mixed_BTSA = self.query(queries_BTH).unsqueeze(2) + self.key(memory_BSD).unsqueeze(1)
        scores_BTS = self.score(torch.tanh(mixed_BTSA)).squeeze(-1)
        weights_BTS = scores_BTS.masked_fill(~inside_BS.unsqueeze(1), float("-inf")).softmax(dim=-1)
        return torch.bmm(weights_BTS, memory_BSD), weights_BTS


class Seq2Seq(nn.Module):
    """Source ids and the target's ids so far to the logits of what follows.

    Args:
        config: Shape of the model.
        dropout: Locked, on embeddings, on the encoder's outputs and on both layers of the decoder.
    """

    def __init__(self, config: TranslationConfig, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.dropout = dropout
        H, D = config.hidden_size, config.output_dim
        self.embedding = nn.Embedding(config.vocab_size, config.embedding_dim)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.encoder = RecurrentEncoder(config, dropout=dropout)
        self.bridge = nn.Linear(D, 2 * H)
        self.lower = RecurrentEncoder(config.lower)
        self.attention = AdditiveAttention(H, D, H) if config.attention else None
        self.upper = RecurrentEncoder(config.upper)
        self.readout = nn.Linear(H + D, config.embedding_dim)
        self.output = nn.Linear(config.embedding_dim, config.vocab_size)
        nn.init.zeros_(self.output.bias)
        self.output.weight = self.embedding.weight

    def forward(self, source: Batch, target: Batch) -> Tensor:
        """Return the logits of every target token but the first, given those before it (teacher forcing).

        Shape:
            ids (B, S), ids (B, T + 1) -> (N, V).
        """
        device = self.output.weight.device
        features_BTF, _ = self.features(source, torch.from_numpy(target.ids_BT[:, :-1]).to(device))
        steps_T = torch.arange(features_BTF.size(1), device=device)
        inside_BT = steps_T < torch.from_numpy(target.lengths_B - 1).to(device)[:, None]
        hidden_NE = torch.tanh(self.readout(features_BTF[inside_BT]))
        logits_NV: Tensor = self.output(nn.functional.dropout(hidden_NE, self.dropout, self.training))
        return logits_NV

    def features(self, source: Batch, ids_BT: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the readout's input at each step, and the attention's weights (None in the plain form).

        Shape:
            -> (B, T, H + D), (B, T, S).
        """
        # Both layers of the decoder begin with the encoder's last outputs, each through its own half.
        memory_BSD, inside_BS, summary_BD = self.encode(source)
        state_2BH = torch.stack(torch.tanh(self.bridge(summary_BD)).chunk(2, dim=-1))
        # The lower layer reads the target; no step of it waits for a context.
        x_BTE = locked_dropout(self.embedding(ids_BT), self.dropout, self.training)
        lower_BTH, _ = self.lower.carry(x_BTE, self._begin(self.lower, state_2BH[0]))
        # So all steps attend at once; the plain form sees the same summary at each.
        weights_BTS = None
        if self.attention is None:
            context_BTD = summary_BD.unsqueeze(1).expand(-1, ids_BT.size(1), -1)
        else:
            context_BTD, weights_BTS = self.attention(lower_BTH, memory_BSD, inside_BS)
        # The upper layer reads both.
        lower_BTH = locked_dropout(lower_BTH, self.dropout, self.training)
        both_BTF = torch.cat([lower_BTH, context_BTD], dim=-1)
        upper_BTH, _ = self.upper.carry(both_BTF, self._begin(self.upper, state_2BH[1]))
        upper_BTH = locked_dropout(upper_BTH, self.dropout, self.training)
        return torch.cat([upper_BTH, context_BTD], dim=-1), weights_BTS

    def encode(self, source: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Return the encoder's outputs, True for steps inside a row, and the last output of each direction.

        Shape:
            -> (B, S, D), (B, S), (B, D).
        """
        device = self.output.weight.device
        ids_BS = torch.from_numpy(source.ids_BT).to(device)
        lengths_B = torch.from_numpy(source.lengths_B).to(device)
        inside_BS = torch.arange(ids_BS.size(1), device=device) < lengths_B[:, None]
        x_BSE = locked_dropout(self.embedding(ids_BS), self.dropout, self.training)
        memory_BSD = locked_dropout(self.encoder(x_BSE, lengths_B), self.dropout, self.training)
        memory_BSD = memory_BSD.masked_fill(~inside_BS.unsqueeze(-1), 0)
        # The forward direction ends at a row's last step, the backward one at its first.
        forward_BSH, backward_BSH = memory_BSD.chunk(2, dim=-1)
        rows_B = torch.arange(len(lengths_B), device=device)
        summary_BD = torch.cat([forward_BSH[rows_B, lengths_B - 1], backward_BSH[:, 0]], dim=-1)
        return memory_BSD, inside_BS, summary_BD

    def _begin(self, layer: RecurrentEncoder, hidden_BH: Tensor) -> Tensor:
        """Return a layer's first state: this output, and an empty cell."""
        state_P1BH = layer.start(len(hidden_BH))
        return torch.cat([hidden_BH[None, None], state_P1BH[1:]])
