"""Two language models in torch, forward and backward, over one embedding, for a classifier to start from.

Each direction of the encoder predicts, at every step, the word that it reads next, and never sees it. The
names of the parameters are the names in ``model.safetensors``. Takes a ``Batch``; knows no texts.

Shapes: B texts, T steps, E embedding, H hidden units, N predicted words, K candidates, V vocabulary, D
directions.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nlp_rnn.batch import Batch
from nlp_rnn.config import LanguageConfig
from nlp_rnn.nn.encoder import RecurrentEncoder, locked_dropout, reverse_index

_ROWS = 1_024  # words whose probability is computed over the whole vocabulary at once


class Candidates(NamedTuple):
    """The words that a batch is normalised over instead of the whole vocabulary.

    Attributes:
        ids_K: Ids drawn with replacement.
        log_expected_K: Logarithm of the number of times each is drawn on average.
    """

    ids_K: Tensor
    log_expected_K: Tensor


class BiLanguageModel(nn.Module):
    """Token ids to the nats that each costs, given those on one side of it.

    The logits are ``embedding . projection(h) + bias``: the output's weight is the embedding (Press & Wolf
    2017), and both directions share it, as in ELMo (Peters et al. 2018, section 3.1).

    Args:
        config: Shape of the model.
        dropout: Locked, on embeddings, between layers and on the outputs.
        weight_dropout: On the recurrent weights.
    """

    def __init__(self, config: LanguageConfig, *, dropout: float = 0.0, weight_dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.dropout = dropout
        self.embedding = nn.Embedding(config.vocab_size, config.embedding_dim)
        nn.init.normal_(self.embedding.weight, std=config.embedding_dim**-0.5)
        self.encoder = RecurrentEncoder(config, dropout=dropout, weight_dropout=weight_dropout)
        names = ("fwd", "bwd") if config.bidirectional else ("fwd",)
        self.projection = nn.ModuleDict(
            {name: nn.Linear(config.hidden_size, config.embedding_dim, bias=False) for name in names}
        )
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    def forward(self, batch: Batch, candidates: Candidates | None = None) -> Tensor:
        """Return the nats of every word but the one each direction begins with.

        Args:
            batch: The texts; one of a single word adds nothing.
            candidates: Normalise over these and the word itself; None is exact.

        Shape:
            ``batch.ids_BT`` (B, T) -> (D, N), N = sum of the lengths less one each.
        """
        device = self.bias.device
        ids_BT = torch.from_numpy(batch.ids_BT).to(device)
        lengths_B = torch.from_numpy(batch.lengths_B).to(device)
        x_BTE = locked_dropout(self.embedding(ids_BT), self.dropout, self.training)
        # A word is predicted if it is inside its text and not the first one read.
        inside_BT = torch.arange(1, ids_BT.size(1), device=device) < lengths_B[:, None]
        reversed_BT = ids_BT.gather(1, reverse_index(lengths_B, ids_BT.size(1)))
        nats = []
        for projection, read_BT, outputs_BTH in zip(
            self.projection.values(), (ids_BT, reversed_BT), self.encoder.read(x_BTE, lengths_B), strict=False
        ):
            dropped_BTH = locked_dropout(outputs_BTH, self.dropout, self.training)
            z_NE, targets_N = projection(dropped_BTH[:, :-1][inside_BT]), read_BT[:, 1:][inside_BT]
            if candidates is None:
                nats.append(self._exact(z_NE, targets_N))
            else:
                nats.append(self._sampled(z_NE, targets_N, candidates))
        return torch.stack(nats)

    def _exact(self, z_NE: Tensor, targets_N: Tensor) -> Tensor:
        """Return the cross-entropy over the whole vocabulary, (N,)."""
        weight_EV = self.embedding.weight.T
        parts = [
            cross_entropy(torch.addmm(self.bias, part, weight_EV).float(), targets, reduction="none")
            for part, targets in zip(torch.split(z_NE, _ROWS), torch.split(targets_N, _ROWS), strict=True)
        ]
        return torch.cat(parts)

    def _sampled(self, z_NE: Tensor, targets_N: Tensor, candidates: Candidates) -> Tensor:
        """Return the cross-entropy over word and candidates, (N,) (Bengio & Senecal 2008; Jean et al. 2015).

        The word itself counts once and is left out of the candidates, whose exponentials are divided by how
        often they are drawn: on average their sum is that over the rest of the vocabulary.
        """
        ids_K, log_expected_K = candidates
        weight_VE = self.embedding.weight
        # The word's own logit, one product per word.
        true_N = (z_NE * weight_VE[targets_N]).sum(dim=1).float() + self.bias[targets_N]
        # The candidates' logits; less log n, as an exponential over n is one of the logit less log n.
        logits_NK = torch.addmm(self.bias[ids_K] - log_expected_K, z_NE, weight_VE[ids_K].T).float()
        # A word that is among the candidates would count twice.
        logits_NK = logits_NK.masked_fill_(targets_N[:, None] == ids_K, float("-inf"))
        # -log softmax: log of the sum over all, less the word's logit.
        return torch.logaddexp(logits_NK.logsumexp(dim=1), true_N) - true_N
