"""Fine-tuning a transformer on texts and labels: the part that needs torch.

Knows a teacher and the training loop; not where the texts come from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray

from nlp_rnn.batch import Ids
from nlp_rnn.classification.examples import Labelled
from nlp_rnn.config import LoopConfig
from nlp_rnn.distillation.cache import digest
from nlp_rnn.metrics import evaluate_present
from nlp_rnn.probabilities import one_hot
from nlp_rnn.training.buckets import LengthBuckets
from nlp_rnn.training.loop import Progress, Trainer

_BATCH_TOKENS = 2_560


class Teacher(Protocol):
    """A transformer to fine-tune, such as a ``TransformerClassifier``."""

    model: Any
    fingerprint: str
    classes_: NDArray[np.str_]

    def with_model(self, model: Any) -> Teacher:
        """Return the same teacher around another model."""

    def rows(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text."""

    def batch(self, rows: Sequence[Sequence[int]], which: Ids) -> dict[str, Any]:
        """Return a batch of rows as the arguments of the model."""

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the probabilities of texts, columns as ``classes_``."""


class TransformerTask(LengthBuckets[LoopConfig]):
    """The task of a transformer for the training loop: cross-entropy on length buckets of texts.

    Args:
        teacher: Trained in place.
        data: Texts and labels.
        validation: Named held-out sets; the mean of their macro recalls is the score.
        config: Seed, and texts in a batch.

    Raises:
        InputError: If a label is none of the teacher's classes.
    """

    def __init__(
        self,
        teacher: Teacher,
        data: Labelled,
        validation: Mapping[str, Labelled],
        config: LoopConfig,
    ) -> None:
        self.teacher, self.validation = teacher, validation
        self.classes = teacher.classes_.tolist()
        self.targets_N = torch.from_numpy(one_hot(data[1], self.classes).argmax(axis=1))
        self.rows = teacher.rows(data[0])
        super().__init__([len(row) for row in self.rows], config=config, batch_tokens=_BATCH_TOKENS)

    def loss(self, model: torch.nn.Module, item: Ids) -> torch.Tensor:
        """Return the mean cross-entropy."""
        batch = self.teacher.batch(self.rows, item)
        targets_B = self.targets_N[item].to(batch["input_ids"].device)
        return cast(torch.Tensor, model(**batch, labels=targets_B).loss)

    def validate(self, model: torch.nn.Module) -> dict[str, float]:
        """Return the macro recall of each held-out set between its own classes, and their mean."""
        figures = {}
        for name, (texts, labels) in self.validation.items():
            probs_NC = self.teacher.with_model(model).predict_proba(texts)
            figures[name] = evaluate_present(labels, probs_NC, self.classes).macro_recall
        return figures | {"score": float(np.mean(list(figures.values())))}


def fit(
    teacher: Teacher,
    data: Labelled,
    validation: Mapping[str, Labelled],
    config: LoopConfig,
    *,
    output: Path | None,
    resume: bool,
    progress: Callable[[Progress], None] | None,
) -> str:
    """Train the teacher in place; the arguments are those of ``TransformerClassifier.fit``.

    Returns:
        A short name of what it was trained on and from, its new fingerprint.
    """
    task = TransformerTask(teacher, data, validation, config)
    identity = {
        "start": teacher.fingerprint,
        "classes": task.classes,
        "data": digest(*data[0], *data[1]),
        "validation": {name: digest(*texts, *labels) for name, (texts, labels) in validation.items()},
        "learning": digest(
            *(name for name, weight in teacher.model.named_parameters() if weight.requires_grad)
        ),
    }
    trainer = Trainer(teacher.model, task, config, output=output, identity=identity, progress=progress)
    trainer.run(resume=resume)
    return digest(json.dumps([identity, config.to_dict()], sort_keys=True))
