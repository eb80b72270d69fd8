"""The speed of writing characters, sampling included: our runtime and a plain PyTorch loop, in turns.

The plain loop is that of tutorials: ``nn.Embedding``, ``nn.LSTM``, ``nn.Linear``, softmax and
``torch.multinomial``, with as many threads as torch takes by itself. Its speed does not depend on what its
weights are; ours does a little (``decoding.py`` reads again where a choice is close), so it gets a model's.
"""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Row, in_turns
from nlp_rnn.artifact import load
from nlp_rnn.config import CharConfig
from nlp_rnn.errors import ArtifactError, require
from nlp_rnn.generation import Decoder, Draft, Sampling
from nlp_rnn.resources import CHARACTER_MODEL
from nlp_rnn.runtime import CharRNN, single_threaded

STREAMS = (1, 64)
_DEFAULT = CharConfig(vocab_size=67)
_CHARACTERS = 256  # of each text


def generation(model: str | None, rounds: int) -> list[Row]:
    """Measure characters per second of one and of many streams, with each engine."""
    config, weights, name = _model(model)
    require("torch", extra="train")
    writers = {
        "NumPy engine": partial(_numpy, CharRNN(config, weights)),
        "plain PyTorch loop": partial(_torch, _modules(config)),
    }
    calls = {
        (engine, streams): partial(write, streams) for engine, write in writers.items() for streams in STREAMS
    }
    taken = dict(zip(calls, in_turns(list(calls.values()), rounds), strict=True))
    rates = {
        (engine, streams): tuple(streams * _CHARACTERS / time for time in times)
        for (engine, streams), times in taken.items()
    }
    middle = {key: median(values) for key, values in rates.items()}
    one, many = (middle["NumPy engine", streams] for streams in STREAMS)
    goals = {
        ("NumPy engine", 1): f"4 x PyTorch ({one / middle['plain PyTorch loop', 1]:.1f} x)",
        ("NumPy engine", 64): f"6 x one stream ({many / one:.1f} x)",
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


def _model(model: str | None) -> tuple[CharConfig, dict[str, NDArray[np.float32]], str]:
    try:
        artifact = load(model or CHARACTER_MODEL, tasks=("generation",))
        config, weights, name = artifact.config, artifact.weights, "the model's weights"
    except ArtifactError:
        rng = np.random.default_rng(0)
        config, name = _DEFAULT, "random weights"
        weights = {
            key: rng.normal(0, 0.1, shape).astype(np.float32) for key, shape in config.shapes().items()
        }
    return config, weights, f"{name}, {config.cell} {config.num_layers} x {config.hidden_size}"


def _numpy(engine: CharRNN, streams: int) -> None:
    drafts = [_draft(seed) for seed in range(streams)]
    decoder = Decoder(
        engine, drafts, Sampling(), banned=(0, 1), width=streams, single_threaded=single_threaded
    )
    for _ in decoder.run():
        pass


def _draft(seed: int) -> Draft:
    draft = Draft([2], seed, lambda chosen, log_prob: len(draft.ids) < _CHARACTERS)
    return draft


def _torch(modules: tuple[Any, Any, Any], streams: int) -> None:
    import torch

    embedding, recurrent, output = modules
    ids_B1, state = torch.full((streams, 1), 2), None
    with torch.inference_mode():
        for _ in range(_CHARACTERS):
            outputs_B1H, state = recurrent(embedding(ids_B1), state)
            logits_BV = output(outputs_B1H[:, 0])
            ids_B1 = torch.multinomial((logits_BV / Sampling().temperature).softmax(dim=-1), 1)


def _modules(config: CharConfig) -> tuple[Any, Any, Any]:
    """Return torch's own modules of this shape, in order (without layer norm)."""
    from torch import nn

    layers = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[config.cell]
    return (
        nn.Embedding(config.vocab_size, config.embedding_dim),
        layers(config.embedding_dim, config.hidden_size, config.num_layers, batch_first=True),
        nn.Linear(config.hidden_size, config.vocab_size),
    )
