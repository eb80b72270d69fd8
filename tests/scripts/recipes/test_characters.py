"""The card of the shipped writer says what was measured."""

from __future__ import annotations

import math

import pytest

from nlp_rnn.config import CharTrainConfig
from nlp_rnn.generation.generator import CharGenerator
from nlp_rnn.studies.canaries import make_canaries

pytest.importorskip("scripts.recipes", reason="the scripts are not beside these tests")
from scripts.recipes import characters_card as card

TEXT = "the cat sat on the mat. " * 60


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> CharGenerator:
    pytest.importorskip("torch", reason="training needs the train extra")
    pytest.importorskip("accelerate", reason="training needs the train extra")
    generator = CharGenerator(embedding_dim=12, hidden_size=32)
    config = CharTrainConfig(
        max_epochs=16, batch_size=4, window=16, learning_rate=0.02, dropout=0.0, ema_decay=0.9, patience=16
    )
    return generator.fit(TEXT, config=config)


def test_the_card_says_what_was_measured(trained: CharGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card, "WRITTEN", 3)
    monkeypatch.setattr(card, "LENGTH", 120)
    known, *others = ["the cat sat on the mat.", *make_canaries(8, seed=0, form="{} sat on the mat.")]
    hidden = card.Hidden(once=others[0], often=known, times=60, others=others[1:])
    figures = card.measure(trained, TEXT[-600:], hidden)
    assert figures["exposure"]["often"] == figures["exposure"]["most"] == 3.0
    assert figures["windows_with_copies"] == 500  # the held-out text is the training text again
    assert figures["copies"]["characters"] == 360
    described = card.describe(trained.artifact, figures, hidden)
    nats = trained.bits_per_char(TEXT[-600:]) * math.log(2)
    assert f"| the model | {nats:.4f} | {nats / math.log(2):.4f} |" in described.card
    assert "stood there 60 times | 3.0 of 3 bits" in described.card
    assert described.notes["figures"] == figures
