"""The engines by name, and the NumPy engine: the classifier, with large batches shared out to threads.

Knows ``Batch`` and weights; knows no texts, no labels' names and no files. ``nn/engine.py`` has the torch
engine, ``onnx/engine.py`` that of ONNX Runtime.

Shapes: B texts, T steps, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np

from nlp_rnn.batch import Batch, Ids
from nlp_rnn.config import ModelConfig
from nlp_rnn.errors import ConfigError, MissingExtraError, one_of, require, whole_number
from nlp_rnn.runtime.classifier import BiLSTMClassifier
from nlp_rnn.runtime.encoder import F32, pack
from nlp_rnn.runtime.threads import single_threaded

ENGINES = ("auto", "numpy", "torch", "onnx")

_PART = 16  # fewest texts worth a thread


class Engine(Protocol):
    """An engine turns a batch into logits."""

    config: ModelConfig
    batch_tokens: int
    """Tokens in a batch with which it is fastest on texts of all lengths."""

    def logits(self, batch: Batch) -> F32:
        """Return the logits of a batch.

        Shape:
            ``batch.ids_BT`` (B, T) -> (B, C), rows in the batch's order.
        """
        ...


def make_engine(
    config: ModelConfig,
    weights: Mapping[str, F32],
    engine: str = "auto",
    *,
    device: str = "cpu",
    threads: int | None = None,
    graph: bytes | None = None,
) -> Engine:
    """Return the engine of that name.

    Args:
        config: Shape of the model.
        weights: As in ``model.safetensors``.
        engine: ``numpy``, ``torch`` (extra ``train``), ``onnx`` (extra ``onnx``), or ``auto``, which is
            ``numpy``.
        device: The device on which torch computes.
        threads: Threads of the NumPy engine, see ``NumpyEngine``, or of ONNX Runtime.
        graph: Content of the model's ONNX file, for ``onnx``; None writes the graph now (extra ``export``).

    Raises:
        ArtifactError: If ONNX Runtime cannot read the graph.
        ConfigError: If there is no such engine, or it has no such number of threads.
        MissingExtraError: If the engine needs a package that is not installed.
    """
    one_of("engine", engine, ENGINES)
    check_threads(engine, threads)
    if engine == "torch":
        require("torch", extra="train")
        from nlp_rnn.nn.engine import TorchEngine

        return TorchEngine(config, weights, device=device)
    if engine == "onnx":
        from nlp_rnn.onnx.engine import OnnxEngine

        with single_threaded() as cores:
            threads = threads or cores
        require("onnxruntime", extra="onnx")
        return OnnxEngine(config, graph or _graph(config, weights), threads=threads)
    return NumpyEngine(config, weights, threads=threads)


def _graph(config: ModelConfig, weights: Mapping[str, F32]) -> bytes:
    """Return the graph of a model that has no ONNX file."""
    from nlp_rnn.onnx.graph import build_graph

    try:
        return build_graph(config, weights)
    except MissingExtraError as error:
        raise MissingExtraError(
            f"this model has no model.onnx (nlp-rnn export writes one), and to write it now, {error}"
        ) from None


def check_threads(engine: str, threads: int | None) -> None:
    """Refuse a number of threads that an engine cannot have.

    Raises:
        ConfigError: If it is below 1, or the engine is torch, which has its own setting.
    """
    if threads is None:
        return
    whole_number("threads", threads, 1, 2**16)
    if engine == "torch":
        raise ConfigError(
            f"Invalid threads. Received: {threads} for engine='torch'; "
            "torch has a setting of its own, torch.set_num_threads"
        )


class NumpyEngine:
    """The classifier in NumPy.

    Args:
        config: Shape of the model.
        weights: As in ``model.safetensors``; the recurrent ones are copied.
        threads: Threads for large batches, 1 for none but the caller's; None takes what BLAS would (so
            ``OMP_NUM_THREADS`` counts).
    """

    batch_tokens = 65_536

    def __init__(
        self, config: ModelConfig, weights: Mapping[str, F32], *, threads: int | None = None
    ) -> None:
        self.config = config
        self.threads = None if threads is None else whole_number("threads", threads, 1)
        self.model = BiLSTMClassifier(config, weights)

    def logits(self, batch: Batch) -> F32:
        """Return the logits of a batch.

        Shape:
            ``batch.ids_BT`` (B, T) -> (B, C).

        Raises:
            InputError: If an id is outside the vocabulary.
        """
        texts = len(batch.lengths_B)
        logits_BC = np.empty((texts, self.config.num_classes), np.float32)
        if not texts:
            return logits_BC
        with single_threaded() as cores:
            parts = min(self.threads or cores, texts // _PART)
            if parts < 2:
                return self.model.forward(batch)

            def answer(which: Ids) -> None:
                packed = pack(batch.ids_BT, batch.lengths_B, which)
                logits_BC[packed.order_B] = self.model.packed_logits(packed)

            # Longest first, each thread every so many texts: all have about equally much to do.
            order_B = np.argsort(-batch.lengths_B, kind="stable")
            with ThreadPoolExecutor(parts) as pool:
                list(pool.map(answer, (order_B[part::parts] for part in range(parts))))
            self.model.add_wide(logits_BC, batch)
        return logits_BC
