"""A wide path beside the recurrent one: trained, saved, explained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp_rnn import TextClassifier
from nlp_rnn.artifact import load
from nlp_rnn.config import TrainConfig

WORDS = ["able", "baker", "cedar", "delta", "ember", "fable", "glass", "heron"]


def ordered(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Texts whose label hangs on which of two neighbours comes first."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(count):
        words = rng.permutation(WORDS[2:]).tolist()
        pair = WORDS[:2] if rng.random() < 0.5 else WORDS[1::-1]
        at = int(rng.integers(len(words)))
        texts.append(" ".join([*words[:at], *pair, *words[at:]]))
        labels.append("forth" if pair[0] == "able" else "back")
    return texts, labels


@pytest.fixture(scope="module")
def trained() -> TextClassifier:
    pytest.importorskip("accelerate", reason="training needs the train extra")
    shape = {"embedding_dim": 2, "hidden_size": 1, "bidirectional": False}
    config = TrainConfig(
        max_epochs=6, batch_size=16, learning_rate=0.05, encoder_rate=0.0, embedding_rate=0.0
    )
    return TextClassifier(**shape, wide_rows=1_000).fit(
        *ordered(400, seed=0), validation=ordered(100, seed=1), config=config
    )


def test_it_learns_what_the_recurrent_path_cannot(trained: TextClassifier) -> None:
    texts, labels = ordered(200, seed=2)
    assert (trained.predict(texts) == np.array(labels)).mean() > 0.97


def test_it_is_saved_and_goes_on_from_there(trained: TextClassifier, tmp_path: Path) -> None:
    folder = trained.save_pretrained(tmp_path / "model")
    again = TextClassifier.from_pretrained(folder)
    texts, labels = ordered(60, seed=3)
    assert (again.predict_proba(texts) == trained.predict_proba(texts)).all()
    assert load(folder).config.wide_rows == 1_000
    config = TrainConfig(max_epochs=1, batch_size=16, learning_rate=1e-6)
    again.fit(texts, labels, validation=(texts, labels), config=config)
    assert again.artifact.config.wide_rows == 1_000
    assert (again.predict(texts) == np.array(labels)).mean() > 0.97


def test_an_explanation_sees_it(trained: TextClassifier) -> None:
    text = "cedar ember able baker fable"
    why = trained.explain(text)
    assert why.label == "forth"
    strongest = np.argsort(-np.abs(why.attributions))[:2]
    assert {why.tokens[i] for i in strongest} == {"able", "baker"}
