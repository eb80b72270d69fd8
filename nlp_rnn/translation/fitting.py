"""Training a translator on pairs of rows of ids: the part that needs torch.

Pairs of like length share a batch, the decoder is taught by the right words (teacher forcing), and the shared
loop does the rest. Knows ids; knows no texts and no languages.

Shapes: B pairs, N target tokens of a batch, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nlp_rnn.batch import Ids, pad, plan, unigram_nats
from nlp_rnn.config import TranslationConfig, TranslationTrainConfig
from nlp_rnn.nn.seq2seq import Seq2Seq
from nlp_rnn.nn.weights import tensors_of, weights_of
from nlp_rnn.training.buckets import LengthBuckets
from nlp_rnn.training.curves import best_epoch
from nlp_rnn.training.loop import Progress, Trainer, seeded
from nlp_rnn.training.remarks import History, leaks, no_better_than_counting, still_falling
from nlp_rnn.translation.examples import Pairs, Rows
from nlp_rnn.weights import Weights


class TranslationTask(LengthBuckets[TranslationTrainConfig]):
    """Cross-entropy of the target's tokens under teacher forcing; nats per token of the held-out pairs.

    Args:
        train: What to learn from.
        validation: Held-out pairs.
        pad_id: Id of the padding token.
        unknown: How an unknown word is read and written.
        config: Batches, smoothing, copying, seed.
    """

    def __init__(
        self,
        train: Pairs,
        validation: Pairs,
        *,
        pad_id: int,
        unknown: Sequence[int],
        config: TranslationTrainConfig,
    ) -> None:
        self.train, self.validation = train, validation
        self.pad_id, self.unknown = pad_id, list(unknown)
        lengths = [len(s) + len(t) for s, t in zip(train.source, train.target, strict=True)]
        super().__init__(lengths, config=config, batch_tokens=config.batch_tokens)

    def loss(self, model: nn.Module, item: Ids) -> Tensor:
        """Smoothed cross-entropy, mean over the batch's target tokens."""
        source, target = [self.train.source[i] for i in item], [self.train.target[i] for i in item]
        hidden_B = (torch.rand(len(item)) < self.config.copy_share).tolist()  # of the step's own seed
        for b, i in enumerate(item):
            common = self.train.common[i] if hidden_B[b] else None
            if common is not None:
                source[b] = _replaced(source[b], common[0], self.unknown)
                target[b] = _replaced(target[b], common[1], self.unknown)
        return self._nats(model, source, target, self.config.label_smoothing)

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Nats per token of the held-out pairs."""
        pairs = self.validation
        lengths = [len(s) + len(t) for s, t in zip(pairs.source, pairs.target, strict=True)]
        total, tokens = 0.0, 0
        with torch.inference_mode():
            for which in plan(lengths, batch_tokens=16_384):
                target = [pairs.target[i] for i in which]
                count = sum(len(row) - 1 for row in target)
                total += float(self._nats(model, [pairs.source[i] for i in which], target)) * count
                tokens += count
        return {"nats_per_token": total / tokens, "score": -total / tokens}

    def _nats(self, model: nn.Module, source: Rows, target: Rows, smoothing: float = 0.0) -> Tensor:
        """Mean cross-entropy of target tokens."""
        targets = pad(target, pad_id=self.pad_id)
        logits_NV = model(pad(source, pad_id=self.pad_id), targets)
        right_N = np.concatenate([np.asarray(row[1:], dtype=np.int64) for row in target])
        right = torch.from_numpy(right_N).to(logits_NV.device)
        return cross_entropy(logits_NV.float(), right, label_smoothing=smoothing)


def _replaced(row: Sequence[int], place: slice, ids: Sequence[int]) -> list[int]:
    """The row with other ids in that place."""
    return [*row[: place.start], *ids, *row[place.stop :]]


def fit_model(
    train: Pairs,
    validation: Pairs,
    *,
    model_config: TranslationConfig,
    config: TranslationTrainConfig,
    pad_id: int,
    unknown: Sequence[int],
    output: Path | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[Weights, dict[str, Any]]:
    """Train a translator.

    Args:
        train: What to learn from.
        validation: Held-out pairs; their nats per token select the epoch.
        model_config: Shape of the model.
        config: How to train.
        pad_id: Id of the padding token.
        unknown: How an unknown word is read and written.
        output: Folder for checkpoints and history.
        resume: Go on from its newest checkpoint.
        progress: Called after each step.

    Returns:
        Weights by name, and a record of the run.

    Raises:
        TrainingError: If training cannot go on.
    """
    with seeded(config.seed):
        model = Seq2Seq(model_config, dropout=config.dropout)
    task = TranslationTask(train, validation, pad_id=pad_id, unknown=unknown, config=config)
    identity = {"model": model_config.to_dict(), "data": [train.digest(), validation.digest()]}
    trainer = Trainer(model, task, task.config, output=output, identity=identity, progress=progress)
    history = trainer.run(resume=resume)
    weights = weights_of(model)
    del weights["output.weight"]  # the embedding
    notes = {"history": history, "pairs": len(train.source), "held_out": len(validation.source)}
    notes |= {"padding": round(task.padding(), 4), "train": trainer.config.to_dict()}
    return weights, {**notes, "remarks": _remarks(history, train, validation, model_config.vocab_size)}


def _remarks(history: History, train: Pairs, validation: Pairs, vocab_size: int) -> list[str]:
    """Return what the user of a trained model should know, in sentences."""
    written, wanted = ([row[1:] for row in pairs.target] for pairs in (train, validation))
    nats = best_epoch(history)["validation"]["nats_per_token"]
    known, held_out = (list(map(tuple, pairs.source)) for pairs in (train, validation))
    return [
        *leaks(known, held_out, "held-out pairs"),
        *still_falling(history, "nats_per_token", "nats per token"),
        *no_better_than_counting(nats, unigram_nats(written, wanted, vocab_size), "the translator"),
    ]


def build(config: TranslationConfig, weights: Mapping[str, NDArray[np.float32]]) -> Seq2Seq:
    """The torch model of these weights (copied), in evaluation mode."""
    model = Seq2Seq(config)
    tensors = tensors_of(weights)
    model.load_state_dict({**tensors, "output.weight": tensors["embedding.weight"]})
    return model.eval()
