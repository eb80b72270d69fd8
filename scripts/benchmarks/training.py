"""The speed of the whole training step, compared with the machine's own matrix product in the same run.

The real ``Trainer`` on the real task: forward, loss, backward, clipping, optimizer, averaged weights.
The rows are random ids whose lengths and frequencies are like IMDb's: lengths lognormal with mean 270, ids
log-uniform (Zipf's law).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.measure import Row, seconds
from nlp_rnn.config import ModelConfig, TrainConfig
from nlp_rnn.errors import require

if TYPE_CHECKING:
    from nlp_rnn.batch import Ids
    from nlp_rnn.classification import LabelledRows

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
FORMULA = "FLOP/token 3 x 2 (E + H) x gates x H per layer and direction; padding, embedding, head not counted"
_WARM_UP = 3  # steps
_MEAN, _SIGMA = 270, 0.65
_ROWS = 16_384
_SIDE = 2048


def flop_per_token(config: ModelConfig) -> int:
    """Return the floating-point operations of forward and backward pass, as ``FORMULA`` says."""
    hidden, directions = config.hidden_size, 2 if config.bidirectional else 1
    widths = [config.embedding_dim] + [config.output_dim] * (config.num_layers - 1)
    return sum(3 * directions * 2 * (width + hidden) * GATES[config.cell] * hidden for width in widths)


def training(
    shipped: ModelConfig, config: TrainConfig, *, steps: int, cuts: tuple[int, ...] = (512, 1024)
) -> list[Row]:
    """Measure tokens per second and the share of the matrix product's rate, for two widths.

    Args:
        shipped: Shape of the shipped model.
        config: Its training settings.
        steps: Steps that are timed.
        cuts: Greatest lengths of a text.
    """
    for module in ("torch", "accelerate"):
        require(module, extra="train")
    rows = []
    for hidden in sorted({shipped.hidden_size, 256}):
        model = replace(shipped, hidden_size=hidden)
        for cut in cuts:
            before = _matrix_product(steps)
            tokens, shape = _tokens_per_second(model, config, steps, cut)
            product = before + _matrix_product(steps)
            rates = tuple(rate * flop_per_token(model) / 1e9 for rate in tokens)
            shares = tuple(100 * rate / median(product) for rate in rates)
            name = f"{model.embedding_dim} -> {hidden}, texts cut at {cut}"
            note = f"of the product's best run {median(rates) / max(product):.0%}; {FORMULA}"
            rows += [
                Row("training", name, "tokens/s", tokens, note=shape),
                Row("training", name, "GFLOP/s", rates),
                Row("training", name, "% of product", shares, "at least 50", note),
                Row("matrix product", f"{_SIDE} cubed, fp32", "GFLOP/s", product),
            ]
    return rows


def _tokens_per_second(
    model: ModelConfig, config: TrainConfig, steps: int, cut: int
) -> tuple[tuple[float, ...], str]:
    """Return the rate of each step, padding not counted, and a note on the batches."""
    from nlp_rnn.classification import ClassificationTask
    from nlp_rnn.nn import BiLSTMClassifier
    from nlp_rnn.training import Trainer

    class FirstSteps(ClassificationTask):
        """The real plan, cut off: batches are as full as in a whole epoch."""

        def plan(self, epoch: int) -> Sequence[Ids]:
            return super().plan(epoch)[: _WARM_UP + steps]

    rows = _rows(model, count=_ROWS, cut=cut)
    few = replace(rows, rows=[row[:8] for row in rows.rows[:2]], labels_N=rows.labels_N[:2])
    task = FirstSteps(rows, {"none": few}, pad_id=0, model=model, config=config)
    network = BiLSTMClassifier(
        model,
        embedding_dropout=config.embedding_dropout,
        dropout=config.dropout,
        weight_dropout=config.weight_dropout,
        unk_dropout=config.unk_dropout,
    )
    ends: list[float] = []
    Trainer(network, task, config, progress=lambda _: ends.append(time.perf_counter())).run()
    taken = np.diff(ends)[_WARM_UP - 1 :]
    tokens = [task.tokens(item) for item in task.plan(0)][_WARM_UP:]
    note = f"{config.batch_tokens:,} cells a batch, {task.padding():.1%} of them padding"
    return tuple(count / time for count, time in zip(tokens, taken.tolist(), strict=True)), note


def _rows(model: ModelConfig, *, count: int, cut: int) -> LabelledRows:
    from nlp_rnn.classification import LabelledRows

    rng = np.random.default_rng(0)
    lengths = rng.lognormal(np.log(_MEAN) - _SIGMA**2 / 2, _SIGMA, count).astype(int).clip(10, cut)
    known = model.vocab_size - 2  # 0 and 1 are padding and the unknown token
    rows = [(1 + known ** rng.random(length)).astype(int).tolist() for length in lengths]
    return LabelledRows(rows, np.arange(count, dtype=np.int64) % model.num_classes)


def _matrix_product(runs: int) -> tuple[float, ...]:
    """Measure GFLOP/s of a square fp32 product in torch."""
    import torch

    matrix = torch.rand(_SIDE, _SIDE)
    return tuple(2 * _SIDE**3 / 1e9 / time for time in seconds(lambda: matrix @ matrix, runs))
