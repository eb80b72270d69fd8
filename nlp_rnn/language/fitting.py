"""Training language models on texts: the part that needs torch.

Texts become rows of ids, long ones in pieces, each read from an empty state as the classifier will read it;
the shared loop does the rest. The loss is a sampled softmax, the validation figures are exact.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nlp_rnn.batch import Ids, pad, plan, token_counts, unigram_nats
from nlp_rnn.config import LanguageConfig, PretrainConfig
from nlp_rnn.errors import InputError
from nlp_rnn.nn.language import BiLanguageModel, Candidates
from nlp_rnn.nn.weights import tensors_of, weights_of
from nlp_rnn.training.buckets import LengthBuckets
from nlp_rnn.training.curves import best_epoch
from nlp_rnn.training.loop import Progress, Trainer, seeded
from nlp_rnn.training.remarks import History, no_better_than_counting, still_falling
from nlp_rnn.weights import Weights

Row = NDArray[np.int32]

_FLATTENED = 0.75  # candidates are drawn by their count to this power (Mikolov et al. 2013)
_READ_TOKENS = 16_384


class LanguageTask(LengthBuckets[PretrainConfig]):
    """Next-word cross-entropy in each direction, on length buckets; exact nats of the held-out rows.

    Args:
        train: Rows of two tokens or more.
        validation: Held-out rows, the same.
        pad_id: Id of the padding token.
        vocab_size: Ids there are.
        config: Batches, candidates, seed.

    Raises:
        InputError: If there is nothing to train or to validate on.
    """

    def __init__(
        self,
        train: Sequence[Row],
        validation: Sequence[Row],
        *,
        pad_id: int,
        vocab_size: int,
        config: PretrainConfig,
    ) -> None:
        for what, rows in (("training", train), ("held-out", validation)):
            if not rows:
                raise InputError(
                    f"no {what} text has two tokens or more: there is no next word to learn from"
                )
        self.train, self.validation, self.pad_id = train, validation, pad_id
        super().__init__([len(row) for row in train], config=config, batch_tokens=config.batch_tokens)
        counts_V = token_counts(train, vocab_size)
        flat_V = torch.from_numpy(np.maximum(counts_V, 1) ** _FLATTENED).float()
        self.shares_V = flat_V / flat_V.sum()

    def loss(self, model: nn.Module, item: Ids) -> Tensor:
        """Mean nats of a word over the directions, normalised over candidates of this step's own."""
        batch = pad(self.train, pad_id=self.pad_id, which=item)
        nats_DN: Tensor = model(batch, self._candidates(next(model.parameters()).device))
        return nats_DN.mean()

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Perplexity of each direction, mean nats as ``loss``."""
        nats = mean_nats(model, self.validation, pad_id=self.pad_id)
        mean = float(np.mean(list(nats.values())))
        return {"loss": mean, "score": -mean} | {
            f"perplexity_{name}": math.exp(value) for name, value in nats.items()
        }

    def _candidates(self, device: torch.device) -> Candidates | None:
        """The words that a step is normalised over; None for all, where these are no more."""
        count = self.config.samples
        if not 0 < count < len(self.shares_V):
            return None
        ids_K = torch.multinomial(self.shares_V, count, replacement=True)
        return Candidates(ids_K.to(device), (self.shares_V[ids_K] * count).log().to(device))


def rows_of(encoded: Iterable[Sequence[int]], *, window: int) -> list[Row]:
    """Rows to train on: long ones in pieces, those with a single token left out.

    The pieces of a row are of about equal length and share the token where they meet, so every token but the
    first is predicted forward, and every one but the last backward.

    Args:
        encoded: Ids of each text.
        window: Words that a piece predicts at most.

    >>> [row.tolist() for row in rows_of([[5, 6, 7, 8], [9]], window=2)]
    [[5, 6], [6, 7, 8]]
    """
    rows: list[Row] = []
    for ids in encoded:
        row = np.asarray(ids, np.int32)
        pieces = -(-(len(row) - 1) // window)
        cuts = np.linspace(0, len(row) - 1, pieces + 1).astype(np.int64)
        rows += [row[start : end + 1] for start, end in itertools.pairwise(cuts)]
    return rows


def mean_nats(model: nn.Module, rows: Sequence[Row], *, pad_id: int) -> dict[str, float]:
    """Exact mean nats of a word in each direction: ``forward`` and, if there is one, ``backward``."""
    sums_D, count = np.zeros(1), 0
    with torch.inference_mode():
        for which in plan([len(row) for row in rows], batch_tokens=_READ_TOKENS):
            nats_DN = model(pad(rows, pad_id=pad_id, which=which)).double().cpu().numpy()
            sums_D = sums_D + nats_DN.sum(axis=1)
            count += nats_DN.shape[1]
    return dict(zip(("forward", "backward"), (sums_D / count).tolist(), strict=False))


def build(config: LanguageConfig, weights: Mapping[str, NDArray[np.float32]]) -> BiLanguageModel:
    """The torch model of these weights (copied), in evaluation mode."""
    model = BiLanguageModel(config)
    model.load_state_dict(tensors_of(weights))
    return model.eval()


def fit_model(
    train: Sequence[Row],
    validation: Sequence[Row],
    *,
    model_config: LanguageConfig,
    config: PretrainConfig,
    pad_id: int,
    initial: Mapping[str, NDArray[np.float32]],
    output: Path | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[Weights, dict[str, Any]]:
    """Train the language models.

    Args:
        train: Rows to learn from.
        validation: Held-out rows; their exact nats select the epoch.
        model_config: Shape of the model.
        config: How to train.
        pad_id: Id of the padding token.
        initial: Weights by name to start from; the rest starts at random.
        output: Folder for checkpoints and history.
        resume: Go on from its newest checkpoint.
        progress: Called after each step.

    Returns:
        Weights by name, and a record of the run.

    Raises:
        InputError: If there is nothing to train or to validate on.
        TrainingError: If training cannot go on.
    """
    task = LanguageTask(train, validation, pad_id=pad_id, vocab_size=model_config.vocab_size, config=config)
    with seeded(config.seed):
        model = BiLanguageModel(model_config, dropout=config.dropout, weight_dropout=config.weight_dropout)
    model.load_state_dict(tensors_of(initial), strict=False)
    identity = {
        "model": model_config.to_dict(),
        "data": _digest(train),
        "validation": _digest(validation),
        "start": _digest([initial[name] for name in sorted(initial)]),
    }
    trainer = Trainer(model, task, task.config, output=output, identity=identity, progress=progress)
    history = trainer.run(resume=resume)
    counts = {"words": sum(task.lengths), "held_out": sum(map(len, validation))}
    notes = {
        "history": history,
        "padding": round(task.padding(), 4),
        **counts,
        "train": trainer.config.to_dict(),
        "remarks": _remarks(history, train, validation, model_config.vocab_size),
    }
    return weights_of(model), notes


def _remarks(history: History, train: Sequence[Row], validation: Sequence[Row], vocab_size: int) -> list[str]:
    """Return what the user of a trained model should know, in sentences."""
    nats = best_epoch(history)["validation"]["loss"]
    counted = unigram_nats(train, validation, vocab_size)
    return [
        *still_falling(history, "loss", "nats a word"),
        *no_better_than_counting(nats, counted, "the language model"),
    ]


def _digest(arrays: Sequence[NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(str(array.shape).encode() + array.tobytes())
    return digest.hexdigest()
