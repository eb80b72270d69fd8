"""Runs a trained classifier in NumPy, and puts every engine behind one small interface.

The arithmetic is ``reference.py``'s, arranged for speed; ``nn/engine.py`` answers the same in torch.
Knows ``Batch`` and weights; knows no texts, no labels' names and no files.

What makes it fast on a CPU:

- Rows stand in order of falling length and time runs outside ("packed"), so step t computes only the
  first n_t rows: no padding, no masks. The backward direction reads every row from its own end.
- The input's part of all gates is one product per layer; for layer 0, one row per *distinct* token.
- A few texts run with both directions stacked in one array; many run one direction after the other, so
  that its weights stay in the cache, and are dealt out to threads in parts.
- NumPy's float32 ``exp`` costs half its ``tanh``: the gates are 1 / (1 + exp(-x)), in place, with the minus
  sign in the weights, and the LSTM's candidate rides along as tanh(x) / 2 = 1 / (1 + exp(-2x)) - 1/2.

Shapes: B texts, T steps, N packed tokens (all texts' tokens without padding), n rows alive at a step,
V vocabulary, U rows of a projection table, E input features, H hidden units per direction,
D directions (1 or 2), G gates times H, F features (D times H), P pooled features, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.batch import Batch, Ids
from nlp_rnn.config import ModelConfig
from nlp_rnn.errors import InputError, one_of, require

ENGINES = ("auto", "numpy", "torch")
F32 = NDArray[np.float32]

# As 0-d arrays: NumPy converts a Python number anew at every call, half the cost of a small one.
_HALF, _ONE = np.array(0.5, np.float32), np.array(1.0, np.float32)
_FEW_TOKENS = 512  # below, finding the distinct ones costs more than it saves
_FEW_ROWS = 8  # below, both directions are stacked, and steps are gathered many at a time
_PART_ROWS = 16  # fewest rows worth a thread


class Engine(Protocol):
    """Whatever turns a batch into logits."""

    config: ModelConfig

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


@dataclass(frozen=True)
class _Packed:
    """Tokens in time-major order, longest text first, without padding.

    Attributes:
        order_B: Where each text stands in the batch.
        lengths_B: Length of each text, falling.
        counts_T: Texts that have a step t.
        starts_T: Where step t begins among the N.
        ids_N, row_N, step_N: Id, text and step of each token.
        mirror_N: The token as far from its text's end as this one is from the start.
    """

    order_B: Ids
    lengths_B: Ids
    counts_T: Ids
    starts_T: Ids
    ids_N: Ids
    row_N: Ids
    step_N: Ids
    mirror_N: Ids


def _pack(ids_BT: Ids, all_lengths_B: Ids, order_B: Ids) -> _Packed:
    lengths_B = all_lengths_B[order_B]
    step_N, row_N = np.nonzero(np.arange(lengths_B[0])[:, None] < lengths_B)
    counts_T = np.bincount(step_N)
    starts_T = np.cumsum(counts_T) - counts_T
    mirror_N = starts_T[lengths_B[row_N] - 1 - step_N] + row_N
    ids_N = ids_BT[order_B[row_N], step_N]
    return _Packed(order_B, lengths_B, counts_T, starts_T, ids_N, row_N, step_N, mirror_N)


@dataclass(frozen=True)
class _Layer:
    """Weights of one layer, directions stacked, gates arranged and signed as the step functions want them."""

    input_DEG: F32
    bias_D1G: F32
    recurrent_DHG: F32
    candidate_bias_D1H: F32
    norm_F: tuple[F32, F32] | None


# Which block of torch's gates comes first, second ..., and its factor in front of exp or tanh.
_GATES = {"rnn": ((0, 1),), "gru": ((0, -1), (1, -1), (2, 1)), "lstm": ((0, -1), (1, -1), (3, -1), (2, -2))}


def _layer(config: ModelConfig, weights: Mapping[str, F32], number: int) -> _Layer:
    prefix = f"encoder.layers.{number}."
    hidden = config.hidden_size

    def stacked(name: str) -> F32:
        """One weight of all directions, (D, G, ...)."""
        both = []
        for direction in ("fwd", "bwd") if config.bidirectional else ("fwd",):
            gates = np.asarray(weights[f"{prefix}{direction}.{name}"], np.float32)
            both.append(
                np.concatenate(
                    [factor * gates[at * hidden : (at + 1) * hidden] for at, factor in _GATES[config.cell]]
                )
            )
        return np.stack(both)

    bias_DG, recurrent_bias_DG = stacked("bias_ih_l0"), stacked("bias_hh_l0")
    candidate_bias_DH = recurrent_bias_DG[:, 2 * hidden :].copy()
    if config.cell == "gru":  # the reset gate scales this bias, so it stays with the recurrent product
        recurrent_bias_DG[:, 2 * hidden :] = 0
    return _Layer(
        np.ascontiguousarray(stacked("weight_ih_l0").transpose(0, 2, 1)),
        (bias_DG + recurrent_bias_DG)[:, None],
        np.ascontiguousarray(stacked("weight_hh_l0").transpose(0, 2, 1)),
        candidate_bias_DH[:, None],
        (weights[prefix + "norm.weight"], weights[prefix + "norm.bias"]) if config.layer_norm else None,
    )


def _sigmoid(minus_x: F32) -> None:
    """1 / (1 + exp(-x)) in place, given -x; an overflowing exp rightly ends as 0."""
    np.exp(minus_x, minus_x)
    np.add(minus_x, _ONE, minus_x)
    np.divide(_ONE, minus_x, minus_x)


# A step is made for fixed buffers: the recurrent part of the gates y and, for the LSTM, the cell c. Called
# with the input's part x and the state h, it writes the next state to ``out``; y is used up.
_Step = Callable[[F32, F32, F32], None]


def _rnn(y_DnG: F32, c_DnH: F32, bias_D1H: F32) -> _Step:
    def step(x_DnG: F32, h_DnH: F32, out_DnH: F32) -> None:
        np.add(x_DnG, y_DnG, y_DnG)
        np.tanh(y_DnG, out_DnH)

    return step


def _gru(y_DnG: F32, c_DnH: F32, bias_D1H: F32) -> _Step:
    H = c_DnH.shape[-1]
    gates, n = y_DnG[..., : 2 * H], y_DnG[..., 2 * H :]
    r, z = gates[..., :H], gates[..., H:]

    def step(x_DnG: F32, h_DnH: F32, out_DnH: F32) -> None:
        np.add(x_DnG[..., : 2 * H], gates, gates)
        _sigmoid(gates)
        np.add(n, bias_D1H, n)
        np.multiply(n, r, n)
        np.add(x_DnG[..., 2 * H :], n, n)
        np.tanh(n, n)
        np.subtract(h_DnH, n, out_DnH)  # (1 - z) n + z h = n + z (h - n)
        np.multiply(out_DnH, z, out_DnH)
        np.add(out_DnH, n, out_DnH)

    return step


def _lstm(y_DnG: F32, c_DnH: F32, bias_D1H: F32) -> _Step:
    H = c_DnH.shape[-1]
    i, f, o, g = (y_DnG[..., block * H : (block + 1) * H] for block in range(4))
    work_DnH = np.empty(c_DnH.shape, np.float32)

    def step(x_DnG: F32, h_DnH: F32, out_DnH: F32) -> None:
        np.add(x_DnG, y_DnG, y_DnG)
        _sigmoid(y_DnG)
        np.subtract(g, _HALF, g)  # half the candidate, so c is half the cell's state
        np.multiply(i, g, work_DnH)
        np.multiply(c_DnH, f, c_DnH)
        np.add(c_DnH, work_DnH, c_DnH)
        np.add(c_DnH, c_DnH, work_DnH)
        np.tanh(work_DnH, work_DnH)
        np.multiply(o, work_DnH, out_DnH)

    return step


_STEPS = {"rnn": _rnn, "gru": _gru, "lstm": _lstm}


class NumpyEngine:
    """The classifier in NumPy.

    Args:
        config: Shape of the model.
        weights: As in ``model.safetensors``; the recurrent ones are copied.
        threads: Threads for large batches; None takes what BLAS would (so ``OMP_NUM_THREADS`` counts).
    """

    def __init__(
        self, config: ModelConfig, weights: Mapping[str, F32], *, threads: int | None = None
    ) -> None:
        self.config = config
        self.threads = threads
        self._weights = {name: weights[name] for name in weights if not name.startswith("encoder.")}
        self._layers = [_layer(config, weights, number) for number in range(config.num_layers)]

    def logits(self, batch: Batch) -> F32:
        """Logits of a batch.

        Shape:
            ``batch.ids_BT`` (B, T) -> (B, C).

        Raises:
            InputError: If an id is outside the vocabulary.
        """
        logits_BC = np.empty((len(batch.lengths_B), self.config.num_classes), np.float32)

        def answer(rows: Ids) -> None:
            packed = _pack(batch.ids_BT, batch.lengths_B, rows)
            pooled_BP = self._pool(self._encode(packed), packed)
            logits_BC[packed.order_B] = (
                pooled_BP @ self._weights["output.weight"].T + self._weights["output.bias"]
            )

        order_B = np.argsort(-batch.lengths_B, kind="stable")
        with _one_blas_thread() as cores:
            parts = max(1, min(self.threads or cores, len(order_B) // _PART_ROWS))
            if parts == 1:
                answer(order_B)
            else:
                with ThreadPoolExecutor(parts) as pool:
                    list(pool.map(answer, [order_B[part::parts] for part in range(parts)]))
        return logits_BC

    def outputs(self, batch: Batch) -> F32:
        """The last layer's output at every step, forward half first; zero behind a text's end.

        Shape:
            ``batch.ids_BT`` (B, T) -> (B, T, F).
        """
        packed = _pack(batch.ids_BT, batch.lengths_B, np.argsort(-batch.lengths_B, kind="stable"))
        outputs_BTF = np.zeros((*batch.ids_BT.shape, self.config.output_dim), np.float32)
        outputs_BTF[packed.order_B[packed.row_N], packed.step_N] = _in_place(self._encode(packed), packed)
        return outputs_BTF

    def _encode(self, packed: _Packed) -> F32:
        """Outputs of the last layer (D, N, H), each direction in the order in which it read."""
        ids_N, read_N = packed.ids_N, np.arange(len(packed.ids_N))
        if ids_N.min() < 0 or ids_N.max() >= self.config.vocab_size:
            raise InputError(
                f"Invalid token id. Received: {ids_N.min()} to {ids_N.max()}; "
                f"ids should be in [0, {self.config.vocab_size - 1}]"
            )
        if len(ids_N) > _FEW_TOKENS:
            seen_V = np.zeros(self.config.vocab_size, bool)
            seen_V[ids_N] = True
            ids_N, read_N = np.flatnonzero(seen_V), (np.cumsum(seen_V) - 1)[ids_N]
        outputs_DNH = self._run(self._layers[0], self._weights["embedding.weight"][ids_N], read_N, packed)
        for layer in self._layers[1:]:
            outputs_DNH = self._run(
                layer, _in_place(outputs_DNH, packed), np.arange(len(packed.ids_N)), packed
            )
        return outputs_DNH

    def _run(self, layer: _Layer, x_UE: F32, read_N: Ids, packed: _Packed) -> F32:
        """One layer; token N reads row ``read_N`` of the input: (D, N, H)."""
        D, H, _ = layer.recurrent_DHG.shape
        read_DN = np.stack([read_N, read_N[packed.mirror_N]][:D])
        outputs_DNH = np.empty((D, len(read_N), H), np.float32)
        together = D if len(packed.order_B) < _FEW_ROWS else 1
        for d in range(0, D, together):
            which = slice(d, d + together)
            table_DUG = np.matmul(x_UE, layer.input_DEG[which])
            table_DUG += layer.bias_D1G[which]
            self._scan(
                table_DUG,
                read_DN[which],
                layer.recurrent_DHG[which],
                layer.candidate_bias_D1H[which],
                packed,
                outputs_DNH[which],
            )
        return outputs_DNH if layer.norm_F is None else _layer_norm(outputs_DNH, packed, *layer.norm_F)

    def _scan(
        self, table_DUG: F32, read_DN: Ids, W_DHG: F32, bias_D1H: F32, packed: _Packed, outputs_DNH: F32
    ) -> None:
        """The recurrence over time, written to ``outputs_DNH``."""
        D, H, G = W_DHG.shape
        widest = int(packed.counts_T[0])
        table_RG = table_DUG.reshape(-1, G)
        read_DN = read_DN + table_DUG.shape[1] * np.arange(D)[:, None]
        y_flat = np.empty(D * widest * G, np.float32)
        c_DBH = np.zeros((D, widest, H), np.float32)
        h_DnH, alive, first, last = c_DBH.copy(), 0, 0, 0
        with np.errstate(over="ignore", under="ignore"):
            for start, n in zip(packed.starts_T.tolist(), packed.counts_T.tolist(), strict=True):
                if n != alive:
                    alive = n
                    y_DnG = y_flat[: D * n * G].reshape(D, n, G)
                    step = _STEPS[self.config.cell](y_DnG, c_DBH[:, :n], bias_D1H)
                if start + n > last:  # gather one step, or many small ones
                    first, last = start, start + max(n, _FEW_TOKENS // 8)
                    x_DXG = table_RG.take(read_DN[:, first:last], 0)
                np.matmul(h_DnH[:, :n], W_DHG, y_DnG)
                out_DnH = outputs_DNH[:, start : start + n]
                step(x_DXG[:, start - first : start - first + n], h_DnH[:, :n], out_DnH)
                h_DnH = out_DnH

    def _pool(self, outputs_DNH: F32, packed: _Packed) -> F32:
        """One vector per text, longest text first: (B, P)."""
        kind = self.config.pooling
        D, B = len(outputs_DNH), len(packed.lengths_B)
        if kind == "attention":
            return self._attend(_in_place(outputs_DNH, packed), packed)
        parts_DBH = []
        if kind == "last":
            parts_DBH.append(outputs_DNH[:, packed.starts_T[packed.lengths_B - 1] + np.arange(B)])
        if "mean" in kind:
            parts_DBH.append(
                _fold(np.add, outputs_DNH, packed) / packed.lengths_B[:, None].astype(np.float32)
            )
        if "max" in kind:
            parts_DBH.append(_fold(np.maximum, outputs_DNH, packed))
        return np.concatenate([part_DBH[d] for part_DBH in parts_DBH for d in range(D)], axis=-1)

    def _attend(self, outputs_NF: F32, packed: _Packed) -> F32:
        """Softmax-weighted mean of the steps, scores v . tanh(W h + b) (Yang et al. 2016): (B, P)."""
        weights = self._weights
        hidden_NF = np.tanh(outputs_NF @ weights["pooling.proj.weight"].T + weights["pooling.proj.bias"])
        scores_BT = np.full((len(packed.lengths_B), len(packed.counts_T)), -np.inf, np.float32)
        scores_BT[packed.row_N, packed.step_N] = hidden_NF @ weights["pooling.query.weight"][0]
        scores_BT = np.exp(scores_BT - scores_BT.max(axis=1, keepdims=True))
        scores_BT /= scores_BT.sum(axis=1, keepdims=True)
        return _fold(np.add, (outputs_NF * scores_BT[packed.row_N, packed.step_N, None])[None], packed)[0]


def _in_place(outputs_DNH: F32, packed: _Packed) -> F32:
    """Both directions side by side at the token they are about: (N, F)."""
    forward_NH, *backward = outputs_DNH
    return np.concatenate([forward_NH, *(backward_NH[packed.mirror_N] for backward_NH in backward)], axis=-1)


def _layer_norm(outputs_DNH: F32, packed: _Packed, scale_F: F32, shift_F: F32) -> F32:
    """Layer norm over the features of both directions (Ba 2016), back in the directions' own order."""
    x_NF = _in_place(outputs_DNH, packed)
    x_NF -= x_NF.mean(axis=-1, keepdims=True)
    x_NF /= np.sqrt(np.square(x_NF).mean(axis=-1, keepdims=True) + np.float32(1e-5))
    x_NF = x_NF * scale_F + shift_F
    forward_NH, *backward = np.split(x_NF, len(outputs_DNH), axis=-1)
    return np.stack([forward_NH, *(backward_NH[packed.mirror_N] for backward_NH in backward)])


def _fold(function: np.ufunc, values_DNH: F32, packed: _Packed) -> F32:
    """Sum or maximum over the steps of each text: (D, N, H) -> (D, B, H)."""
    D, _, H = values_DNH.shape
    B = len(packed.lengths_B)
    if packed.counts_T[-1] == B:  # all texts are equally long
        folded: F32 = function.reduce(values_DNH.reshape(D, -1, B, H), axis=1)
        return folded
    folded = values_DNH[:, :B].copy()
    for start, n in zip(packed.starts_T[1:].tolist(), packed.counts_T[1:].tolist(), strict=True):
        function(folded[:, :n], values_DNH[:, start : start + n], folded[:, :n])
    return folded


@contextmanager
def _one_blas_thread() -> Iterator[int]:
    """Keep BLAS to one thread (its own cost more than they bring at these sizes); gives how many it had.

    The setting is the whole process's: the first to enter changes it, the last to leave restores it.
    """
    global _blas, _blas_limit, _blas_users, _blas_threads
    with _blas_lock:
        if _blas is None:
            from threadpoolctl import ThreadpoolController

            _blas = ThreadpoolController().select(user_api="blas")
        if _blas_users == 0:
            _blas_threads = max([1, *(library.num_threads for library in _blas.lib_controllers)])
            _blas_limit = _blas.limit(limits=1)
        _blas_users += 1
    try:
        yield _blas_threads
    finally:
        with _blas_lock:
            _blas_users -= 1
            if _blas_users == 0:
                _blas_limit.restore_original_limits()


_blas_lock = Lock()
_blas: Any = None
_blas_limit: Any = None
_blas_users = 0
_blas_threads = 1
