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
