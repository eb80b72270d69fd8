"""What several test files share: a model small enough to be written down, and skips for missing extras."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from nlp_rnn.artifact import TextArtifact, save
from nlp_rnn.config import ModelConfig
from nlp_rnn.errors import MissingExtraError
from nlp_rnn.text.tokenizer import TextTokenizer

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")
CLASSES = ("negative", "neutral", "positive")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Where an extra is not installed, the tests that run into that are skipped, with the line to type."""
    try:
        return (yield)
    except MissingExtraError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder whose answers are known: *good* is positive, *bad* negative, all else neutral.

    One RNN unit per polar word that sees its own word alone, and the largest value over the text.
    """
    tokenizer = TextTokenizer("word", max_tokens=64).train(["good bad the film is was a an it ."])
    config = ModelConfig(
        vocab_size=tokenizer.vocab_size,
        num_classes=3,
        cell="rnn",
        embedding_dim=2,
        hidden_size=2,
        bidirectional=False,
        pooling="max",
    )
    weights = {name: np.zeros(shape, dtype=np.float32) for name, shape in config.shapes().items()}
    weights["embedding.weight"][tokenizer.token_to_id("good")] = (3, 0)
    weights["embedding.weight"][tokenizer.token_to_id("bad")] = (0, 3)
    weights["encoder.layers.0.fwd.weight_ih_l0"][:] = np.eye(2)
    weights["output.weight"][:] = [[0, 6], [0, 0], [6, 0]]
    weights["output.bias"][:] = [0, 3, 0]
    card = "---\nlicense: mit\n---\n# Tiny\n\nWritten down by hand.\n"
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return save(
        TextArtifact(
            task="sentiment", config=config, classes=CLASSES, tokenizer=tokenizer, weights=weights, card=card
        ),
        folder,
    )


@pytest.fixture(scope="session")
def spotter_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved keyword spotter that knows rising from falling sweeps, trained in a second or two."""
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    from nlp_rnn.audio import fitting
    from nlp_rnn.audio.spotter import KeywordSpotter
    from nlp_rnn.config import SpotterTrainConfig
    from tests.audio.sounds import corpus

    spotter = KeywordSpotter(hidden_size=16, bands=16, seed=1)
    config = SpotterTrainConfig(
        seed=1, max_epochs=12, patience=12, batch_size=16, dropout=0.0, augment=0.3, ema_decay=0.8,
        learning_rate=2e-2, stretch_seconds=1.5,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "_MINUTES", 0.5)
        spotter.fit(*corpus(16), validation=corpus(6, first=1_000), config=config)
    return spotter.save_pretrained(tmp_path_factory.mktemp("spotter") / "model")
