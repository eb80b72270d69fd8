"""Two layers in two threads: the very numbers of one after the other, forward and backward."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the torch engine needs the train extra")

from nlp_rnn.batch import Batch, pad  # noqa: E402
from nlp_rnn.config import ModelConfig  # noqa: E402
from nlp_rnn.nn import threads  # noqa: E402
from nlp_rnn.nn.classifier import BiLSTMClassifier  # noqa: E402
from nlp_rnn.training.loop import seeded  # noqa: E402


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def batch() -> Batch:
    rng = np.random.default_rng(0)
    return pad([rng.integers(2, 50, size=size).tolist() for size in (90, 60, 7)], pad_id=0)


def outcome(cell: str) -> list[torch.Tensor]:
    """Logits in inference and in training, and every gradient."""
    with seeded(1):
        config = ModelConfig(
            vocab_size=50, num_classes=3, cell=cell, embedding_dim=16, hidden_size=16, num_layers=2
        )
        model = BiLSTMClassifier(config, dropout=0.2, weight_dropout=0.3)
    with seeded(2):
        logits_BC = model(batch())
    logits_BC.square().sum().backward()
    with torch.inference_mode():
        answers_BC = model.eval()(batch())
    return [logits_BC.detach(), answers_BC, *(weight.grad for weight in model.parameters())]


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.usefixtures("two_threads")
def test_two_threads_give_the_numbers_of_one(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []
    pool = threads._pool
    monkeypatch.setattr(threads, "_pool", lambda: used.append("pool") or pool())
    side_by_side = outcome(cell)
    assert used, "the batch is too small to be computed in two threads: this test tests nothing"
    monkeypatch.setattr(threads, "_SMALL", 10**9)
    one_after_the_other = outcome(cell)
    for first, second in zip(side_by_side, one_after_the_other, strict=True):
        torch.testing.assert_close(first, second, rtol=0, atol=1e-6)


@pytest.mark.usefixtures("two_threads")
def test_the_callers_threads_are_left_alone() -> None:
    outcome("lstm")
    assert torch.get_num_threads() == 2
