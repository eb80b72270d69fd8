"""The classifier in torch: embedding, recurrent encoder, pooling, linear head; a wide path beside them.

The names of its parameters are the names in ``model.safetensors``; ``runtime/classifier.py`` reads the
same file in NumPy. Takes a ``Batch``; knows no texts and no labels' names.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from nlp_rnn.batch import Batch
from nlp_rnn.config import ModelConfig
from nlp_rnn.grams import gram_rows
from nlp_rnn.nn.encoder import RecurrentEncoder, locked_dropout
from nlp_rnn.nn.pooling import Pooling


class BiLSTMClassifier(nn.Module):
    """Token ids to class logits.

    Args:
        config: Shape of the model; ``cell`` and ``bidirectional`` may differ from the name's.
        unk_id: Id that ``unk_dropout`` puts in place of a token.
        embedding_dropout: Share of words of a batch whose vector is zeroed (Gal & Ghahramani 2016).
        dropout: Locked, on embeddings, between layers and on the pooled vector; on the wide path's n-grams.
        weight_dropout: On the recurrent weights.
        unk_dropout: Share of tokens read as unknown in training.
    """

    def __init__(
        self,
        config: ModelConfig,
        *,
        unk_id: int = 1,
        embedding_dropout: float = 0.0,
        dropout: float = 0.0,
        weight_dropout: float = 0.0,
        unk_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.config = config
        self.unk_id = unk_id
        self.embedding_dropout = embedding_dropout
        self.dropout = dropout
        self.unk_dropout = unk_dropout
        self.embedding = nn.Embedding(config.vocab_size, config.embedding_dim)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.encoder = RecurrentEncoder(config, dropout=dropout, weight_dropout=weight_dropout)
        self.pooling = Pooling(config)
        self.output = nn.Linear(config.pooled_dim, config.num_classes)
        if config.wide_rows:
            self.wide = nn.Embedding(config.wide_rows, config.num_classes)
            nn.init.zeros_(self.wide.weight)

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits of a batch.

        Shape:
            ``batch.ids_BT`` (B, T) -> (B, C).
        """
        device = self.output.weight.device
        ids_BT = torch.from_numpy(batch.ids_BT).to(device)
        lengths_B = torch.from_numpy(batch.lengths_B).to(device)
        return self.head(self.embed(ids_BT), lengths_B) + self.wide_logits(batch)

    def wide_logits(self, batch: Batch) -> Tensor:
        """Return what the wide path adds to the logits; with dropout, of some n-grams only.

        The sum over the n-grams is divided by the root of their number.

        Shape:
            ``batch.ids_BT`` (B, T) -> (B, C); zeros (1, 1) of a model without a wide path.
        """
        device = self.output.weight.device
        if not self.config.wide_rows:
            return torch.zeros((1, 1), device=device)
        rows_G, counts_B = gram_rows(batch.ids_BT, batch.lengths_B, self.config.wide_rows)
        starts_B = torch.from_numpy(np.cumsum(counts_B) - counts_B).to(device)
        weights_G = torch.from_numpy(np.repeat(counts_B**-0.5, counts_B)).to(device, self.wide.weight.dtype)
        weights_G = nn.functional.dropout(weights_G, self.dropout, self.training)
        return nn.functional.embedding_bag(
            torch.from_numpy(rows_G).to(device),
            self.wide.weight,
            starts_B,
            mode="sum",
            per_sample_weights=weights_G,
        )

    def embed(self, ids_BT: Tensor) -> Tensor:
        """Return word vectors, with the dropouts of training.

        Shape:
            (B, T) -> (B, T, E).
        """
        if self.training and self.unk_dropout:
            drop_BT = torch.rand(ids_BT.shape, device=ids_BT.device) < self.unk_dropout
            ids_BT = ids_BT.masked_fill(drop_BT, self.unk_id)
        x_BTE = self.embedding(ids_BT)
        if self.training and self.embedding_dropout:
            keep_V = self.embedding.weight.new_empty(self.config.vocab_size).bernoulli_(
                1 - self.embedding_dropout
            )
            x_BTE = x_BTE * (keep_V / (1 - self.embedding_dropout))[ids_BT].unsqueeze(-1)
        return locked_dropout(x_BTE, self.dropout, self.training)

    def head(self, x_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """Return the recurrent logits of embedded rows: the part that adversarial training differentiates.

        Shape:
            x_BTE (B, T, E), lengths_B (B,) -> (B, C).
        """
        pooled_BP = self.pooling(self.encoder.read(x_BTE, lengths_B), lengths_B)
        logits_BC: Tensor = self.output(nn.functional.dropout(pooled_BP, self.dropout, self.training))
        return logits_BC
