"""Runs trained models in NumPy: classifiers, each engine behind one small interface, and character models.

Knows ``Batch`` and weights, and that large batches are dealt out to threads; knows no texts, no labels'
names and no files. ``nn/engine.py`` answers the same in torch.

Shapes: B texts, T steps, N packed tokens (``recurrence.py``), V vocabulary, H hidden units per direction,
D directions (1 or 2), F features (D times H), P pooled features, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import Any, Protocol

import numpy as np

from nlp_rnn.batch import Batch, Ids
from nlp_rnn.config import CharConfig, ModelConfig
from nlp_rnn.errors import InputError, one_of, require
from nlp_rnn.runtime.encoder import F32, Packed, RecurrentLayer, Stack, encode, in_place, pack, unpack

ENGINES = ("auto", "numpy", "torch")

_PART = 16  # fewest texts worth a thread


class Engine(Protocol):
    """Whatever turns a batch into logits."""

    config: ModelConfig
    batch_tokens: int
    """Tokens in a batch with which it is fastest on texts of all lengths."""

    def logits(self, batch: Batch) -> F32:
        """Logits of a batch.

        Shape:
            ``batch.ids_BT`` (B, T) -> (B, C), rows in the batch's order.
        """
        ...


def make_engine(
    config: ModelConfig, weights: Mapping[str, F32], engine: str = "auto", *, device: str = "cpu"
) -> Engine:
    """The engine of that name.

    Args:
        config: Shape of the model.
        weights: As in ``model.safetensors``.
        engine: ``numpy``, ``torch`` (extra ``train``), or ``auto``, which is ``numpy``.
        device: Where torch computes.

    Raises:
        ConfigError: If there is no such engine.
        MissingExtraError: If torch is asked for and not installed.
    """
    one_of("engine", engine, ENGINES)
    if engine == "torch":
        require("torch", extra="train")
        from nlp_rnn.nn.engine import TorchEngine

        return TorchEngine(config, weights, device=device)
    return NumpyEngine(config, weights)


class NumpyEngine:
    """The classifier in NumPy.

    Args:
        config: Shape of the model.
        weights: As in ``model.safetensors``; the recurrent ones are copied.
        threads: Threads for large batches; None takes what BLAS would (so ``OMP_NUM_THREADS`` counts).
    """

    batch_tokens = 65_536

    def __init__(
        self, config: ModelConfig, weights: Mapping[str, F32], *, threads: int | None = None
    ) -> None:
        self.config = config
        self.threads = threads
        self._weights = {name: weights[name] for name in weights if not name.startswith("encoder.")}
        self._layers = [RecurrentLayer(config, weights, number) for number in range(config.num_layers)]

    def logits(self, batch: Batch) -> F32:
        """Logits of a batch.

        Shape:
            ``batch.ids_BT`` (B, T) -> (B, C).

        Raises:
            InputError: If an id is outside the vocabulary.
        """
        weight_CP, bias_C = self._weights["output.weight"], self._weights["output.bias"]
        logits_BC = np.empty((len(batch.lengths_B), len(bias_C)), np.float32)

        def answer(which: Ids) -> None:
            packed = pack(batch.ids_BT, batch.lengths_B, which)
            logits_BC[packed.order_B] = self._pool(self._read(packed), packed) @ weight_CP.T + bias_C

        order_B = np.argsort(-batch.lengths_B, kind="stable")
        if not len(order_B):
            return logits_BC
        with one_blas_thread() as cores:
            parts = min(self.threads or cores, len(order_B) // _PART)
            if parts < 2:
                answer(order_B)
            else:
                with ThreadPoolExecutor(parts) as pool:
                    list(pool.map(answer, (order_B[part::parts] for part in range(parts))))
        return logits_BC

    def outputs(self, batch: Batch) -> F32:
        """The last layer's output at every step, forward half first; zero behind a text's end.

        Shape:
            ``batch.ids_BT`` (B, T) -> (B, T, F).

        Raises:
            InputError: If an id is outside the vocabulary.
        """
        packed = pack(batch.ids_BT, batch.lengths_B)
        return unpack(self._read(packed), packed, batch.ids_BT.shape)

    def _read(self, packed: Packed) -> F32:
        """Outputs of the last layer (D, N, H), each direction in the order in which it read."""
        return encode(self._layers, self._weights["embedding.weight"], packed)

    def _pool(self, outputs_DNH: F32, packed: Packed) -> F32:
        """One vector per text, longest text first: (D, N, H) -> (B, P)."""
        kind, lengths_B = self.config.pooling, packed.lengths_B
        if kind == "attention":
            return self._attend(in_place(outputs_DNH, packed), packed)
        parts: list[F32] = []
        if kind == "last":  # what each direction wrote last
            parts.append(outputs_DNH[:, packed.starts_T[lengths_B - 1] + np.arange(len(lengths_B))])
        if "mean" in kind:
            mean_DBH = _fold(np.add, outputs_DNH, packed)
            mean_DBH /= lengths_B[:, None]
            parts.append(mean_DBH)
        if "max" in kind:
            parts.append(_fold(np.maximum, outputs_DNH, packed))
        return np.concatenate([direction_BH for part_DBH in parts for direction_BH in part_DBH], axis=-1)

    def _attend(self, outputs_NF: F32, packed: Packed) -> F32:
        """Softmax-weighted mean of the steps, scores v . tanh(W h + b) (Yang et al. 2016): (B, F)."""
        weight_FF, bias_F = self._weights["pooling.proj.weight"], self._weights["pooling.proj.bias"]
        scores_BT = np.full((len(packed.lengths_B), len(packed.counts_T)), -np.inf, np.float32)
        hidden_NF = np.tanh(outputs_NF @ weight_FF.T + bias_F)
        scores_BT[packed.text_N, packed.step_N] = hidden_NF @ self._weights["pooling.query.weight"][0]
        scores_BT = np.exp(scores_BT - scores_BT.max(axis=1, keepdims=True))
        scores_BT /= scores_BT.sum(axis=1, keepdims=True)
        shares_N1 = scores_BT[packed.text_N, packed.step_N][:, None]
        pooled_BF: F32 = _fold(np.add, (outputs_NF * shares_N1)[None], packed)[0]
        return pooled_BF


class NumpyCharEngine:
    """The character model in NumPy: one step of any number of streams, or a text read by one.

    Args:
        config: Shape of the model.
        weights: As in ``model.safetensors``; copied.
    """

    def __init__(self, config: CharConfig, weights: Mapping[str, F32]) -> None:
        self.config = config
        self.vocab_size = config.vocab_size
        self._stack = Stack(config, weights)
        output_VH = weights["embedding.weight" if config.tied else "output.weight"]
        self._output_HV, self._bias_V = np.ascontiguousarray(output_VH.T), weights["output.bias"].copy()

    def start(self, streams: int) -> F32:
        """The state before the first character: (S, L, n, H), see ``recurrence.Stack``."""
        return self._stack.start(streams)

    def stepper(self, state_SLnH: F32) -> Callable[[Ids], F32]:
        """A function that advances this very array by one character a stream: ids (n,) -> logits (n, V).

        Ids are not checked.
        """
        step, output_HV, bias_V = self._stack.stepper(state_SLnH), self._output_HV, self._bias_V

        def logits_of(ids_n: Ids) -> F32:
            logits_nV: F32 = np.matmul(step(ids_n), output_HV)
            logits_nV += bias_V
            return logits_nV

        return logits_of

    def read(self, ids_T: Ids, state_SL1H: F32) -> F32:
        """The logits after each character that one stream reads; the state is advanced.

        Shape:
            (T,), (S, L, 1, H) -> (T, V).

        Raises:
            InputError: If an id is outside the vocabulary.
        """
        if len(ids_T) and not 0 <= ids_T.min() <= ids_T.max() < self.vocab_size:
            raise InputError(
                f"Invalid character id. Received: {ids_T.min()} to {ids_T.max()}; "
                f"ids should be in [0, {self.vocab_size - 1}]"
            )
        step = self._stack.stepper(state_SL1H)
        outputs_TH = np.empty((len(ids_T), self.config.hidden_size), np.float32)
        with np.errstate(over="ignore", under="ignore"):
            for t, ids_1 in enumerate(ids_T[:, None]):
                outputs_TH[t] = step(ids_1)[0]
        logits_TV: F32 = outputs_TH @ self._output_HV + self._bias_V
        return logits_TV


def _fold(function: np.ufunc, values_DNH: F32, packed: Packed) -> F32:
    """Sum or maximum over the steps of each text: (D, N, H) -> (D, B, H)."""
    D, _, H = values_DNH.shape
    B = len(packed.lengths_B)
    folded_DBH: F32 = values_DNH[:, :B].copy()
    if packed.counts_T[-1] == B:  # all texts are equally long
        function.reduce(values_DNH.reshape(D, -1, B, H), axis=1, out=folded_DBH)
        return folded_DBH
    for start, n in zip(packed.starts_T[1:].tolist(), packed.counts_T[1:].tolist(), strict=True):
        function(folded_DBH[:, :n], values_DNH[:, start : start + n], out=folded_DBH[:, :n])
    return folded_DBH


_blas_lock = Lock()
_blas: Any = None  # threadpoolctl's handles of the BLAS libraries that are loaded
_blas_users = 0
_blas_threads: list[int] = []


@contextmanager
def one_blas_thread() -> Iterator[int]:
    """Keep BLAS to one thread, whose own cost more than they bring at these sizes; gives how many it had.

    The setting is the whole process's: the first caller to enter makes it, the last to leave undoes it.
    """
    global _blas, _blas_users, _blas_threads
    with _blas_lock:
        if _blas is None:
            from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

            _blas = ThreadpoolController().select(user_api="blas").lib_controllers
        if _blas_users == 0:
            _blas_threads = [library.num_threads for library in _blas]
            for library in _blas:
                library.set_num_threads(1)
        _blas_users += 1
        cores = max(_blas_threads, default=1)
    try:
        yield cores
    finally:
        with _blas_lock:
            _blas_users -= 1
            if _blas_users == 0:
                for library, threads in zip(_blas, _blas_threads, strict=True):
                    library.set_num_threads(threads)
