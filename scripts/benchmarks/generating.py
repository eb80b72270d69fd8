"""How fast characters are written, sampling included: our runtime beside the plain PyTorch loop, in turns.

The plain loop is what tutorials show: one step of ``nn.Module``, softmax, ``torch.multinomial``. Speed does
not depend on what the weights are, so without a model the default shape gets random ones.
"""

from __future__ import annotations

from functools import partial
from statistics import median

import numpy as np

from benchmarks.measure import Row, in_turns
from nlp_rnn.artifact import expected_shapes, load
from nlp_rnn.config import CharConfig
from nlp_rnn.errors import ArtifactError, require
from nlp_rnn.generation.decoding import Decoder, Draft, decode
from nlp_rnn.generation.generator import SHIPPED
from nlp_rnn.generation.sampling import Sampling
from nlp_rnn.recurrence import F32
from nlp_rnn.runtime import NumpyCharEngine, one_blas_thread

STREAMS = (1, 64)
_DEFAULT = CharConfig(vocab_size=67)
_CHARACTERS = 256  # of each text


def generation(model: str | None, rounds: int) -> list[Row]:
    """Characters per second of one and of many streams, each engine."""
    config, weights, name = _model(model)
    require("torch", extra="train")
    calls = {
        (engine, streams): partial(write, config, weights, streams)
        for engine, write in (("NumPy engine", _numpy), ("plain PyTorch loop", _torch))
        for streams in STREAMS
    }
    taken = dict(zip(calls, in_turns(list(calls.values()), rounds), strict=True))
    rates = {
        (engine, streams): tuple(streams * _CHARACTERS / time for time in times)
        for (engine, streams), times in taken.items()
    }
    middle = {key: median(values) for key, values in rates.items()}
    ours, theirs = (middle[engine, 1] for engine in ("NumPy engine", "plain PyTorch loop"))
    many = middle["NumPy engine", 64] / ours
    goals = {
        ("NumPy engine", 1): f"4 x PyTorch ({ours / theirs:.1f} x)",
        ("NumPy engine", 64): f"6 x one stream ({many:.1f} x)",
    }
    return [
        Row(
            "generation",
            f"{engine}, streams: {streams}",
            "chars/s",
            values,
            goals.get((engine, streams), ""),
            name,
        )
        for (engine, streams), values in rates.items()
    ]


def _model(model: str | None) -> tuple[CharConfig, dict[str, F32], str]:
    try:
        artifact = load(model or SHIPPED, task="generation")
        config, weights, name = artifact.config, artifact.weights, "the model's weights"
    except ArtifactError:
        rng = np.random.default_rng(0)
        config, name = _DEFAULT, "random weights"
        weights = {
            key: rng.normal(0, 0.1, shape).astype(np.float32)
            for key, shape in expected_shapes(config).items()
        }
    return config, weights, f"{name}, {config.cell} {config.num_layers} x {config.hidden_size}"


def _numpy(config: CharConfig, weights: dict[str, F32], streams: int) -> None:
    made = []
    for seed in range(streams):
        draft = Draft([2], seed, lambda chosen, log_prob: True)
        draft.take = lambda chosen, log_prob, draft=draft: len(draft.ids) < _CHARACTERS
        made.append(draft)
    decoder = Decoder(NumpyCharEngine(config, weights), made, Sampling(), banned=(0, 1), width=streams)
    for _ in decode(decoder, one_blas_thread):
        pass


def _torch(config: CharConfig, weights: dict[str, F32], streams: int) -> None:
    import torch

    from nlp_rnn.generation.fitting import build

    model = build(config, weights)
    ids_B1 = torch.full((streams, 1), 2)
    with torch.inference_mode():
        state_SLBH = model.encoder.start(streams)
        for _ in range(_CHARACTERS):
            answer = model(ids_B1, state_SLBH)
            state_SLBH = answer.state_SLBH
            ids_B1 = torch.multinomial((answer.logits_BTV[:, 0] / 0.8).softmax(dim=-1), 1)
