"""A checkpoint is resumed with the data it was made with, whatever is trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the train extra")

from nlp_rnn import CharGenerator, Forecaster, LanguageModel, TextClassifier, Translator
from nlp_rnn.config import (
    CharTrainConfig,
    ForecastTrainConfig,
    PretrainConfig,
    TrainConfig,
    TranslationTrainConfig,
)
from nlp_rnn.errors import TrainingError

TEXTS = ["the parcel came late", "my bill is wrong", "where is my parcel", "the bill came twice"] * 3
LABELS = ["delivery", "billing"] * 6
HELD_OUT = (["a parcel", "a bill"], ["delivery", "billing"])
PAIRS = [(text, text[::-1]) for text in TEXTS[:4]]
SERIES = 10 + np.sin(np.arange(60) / 3)
FITS: dict[str, Callable[..., Any]] = {
    "classifier": lambda other, **run: TextClassifier(embedding_dim=2, hidden_size=2).fit(
        TEXTS[::-1] if other else TEXTS,
        LABELS,
        validation=HELD_OUT,
        config=TrainConfig(max_epochs=1, batch_size=4),
        **run,
    ),
    "language": lambda other, **run: LanguageModel(embedding_dim=2, hidden_size=2, min_count=1).fit(
        TEXTS[::-1] if other else TEXTS, validation=TEXTS[:2], config=PretrainConfig(max_epochs=1), **run
    ),
    "generator": lambda other, **run: CharGenerator(embedding_dim=2, hidden_size=2).fit(
        ("ab. " if other else "ba. ") * 60, config=CharTrainConfig(max_epochs=1, window=20), **run
    ),
    "translator": lambda other, **run: Translator(embedding_dim=2, hidden_size=2).fit(
        PAIRS[::-1] if other else PAIRS,
        validation=PAIRS[:2],
        config=TranslationTrainConfig(max_epochs=1),
        **run,
    ),
    "forecaster": lambda other, **run: Forecaster(context=4, hidden_size=2, linear=False).fit(
        SERIES[::-1] if other else SERIES, config=ForecastTrainConfig(max_epochs=1, epoch_steps=2), **run
    ),
}


@pytest.mark.parametrize("kind", FITS)
def test_other_data_of_the_same_shape_are_another_run(kind: str, tmp_path: Path) -> None:
    FITS[kind](False, output=tmp_path)
    FITS[kind](False, output=tmp_path, resume=True)
    with pytest.raises(TrainingError, match=r"was made with other .*data"):
        FITS[kind](True, output=tmp_path, resume=True)
