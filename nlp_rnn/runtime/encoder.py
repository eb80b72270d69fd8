"""The recurrent encoder in NumPy, arranged for speed: over many texts at once, or step by step.

The arithmetic is ``reference.py``'s, and ``nn/encoder.py`` is the same in torch. Knows ids, lengths and
weights; knows no pooling, no classes, no texts.
What makes it fast on a CPU:

- Texts stand in order of falling length and time runs outside ("packed"), so step t computes only the
  first n texts: no padding, no masks. The backward direction reads every text from its own end.
- The input's part of all gates is one product per layer; for layer 0, one row per *distinct* token.
- A few texts run with both directions stacked in one array; many run one direction after the other, so
  that its weights stay in the cache.
- Gates are the outermost axis, so that each is one contiguous block.
- One step at a time (``RecurrentEncoder.stepper``), all gates are one product.
- NumPy's float32 ``exp`` costs half its ``tanh``: the gates are 1 / (1 + exp(-x)), in place, with the minus
  sign in the weights, and with them the LSTM's candidate as tanh(x) / 2 = 1 / (1 + exp(-2x)) - 1/2.

Shapes: B texts, T steps, N packed tokens (all texts' tokens, no padding), n texts that reach a step,
U distinct inputs, E input features, H hidden units per direction, D directions (1 or 2), G gates (1, 3 or 4),
K units of all gates (G times H), F features of both directions (D times H).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.batch import Ids, check_ids
from nlp_rnn.config import EncoderConfig

F32 = NDArray[np.float32]

# As 0-d arrays: NumPy converts a Python number anew at every call, half the cost of a small one.
_HALF, _ONE = np.array(0.5, np.float32), np.array(1.0, np.float32)
_FEW_TEXTS = 8  # below, both directions are stacked
_FEW_TOKENS = 512  # below, finding the distinct ones costs more than it saves
_GATHER = 64  # inputs gathered at once, at least


@dataclass(frozen=True)
class Packed:
    """The tokens of texts in time-major order, longest text first, without padding.

    Attributes:
        order_B: Row of each text in the caller's batch.
        lengths_B: Length of each text, falling.
        counts_T: Number of texts that have a step t.
        starts_T: First place of step t among the N.
        ids_N, text_N, step_N: Id, text and step of each token.
        reverse_N: Place of the token that is as far from its text's end as this one is from the start.
    """

    order_B: Ids
    lengths_B: Ids
    counts_T: Ids
    starts_T: Ids
    ids_N: Ids
    text_N: Ids
    step_N: Ids
    reverse_N: Ids


def pack(ids_BT: Ids, lengths_B: Ids, which: Ids | None = None) -> Packed:
    """Pack padded rows, all of them or those ``which`` names.

    >>> packed = pack(np.array([[5, 0, 0], [6, 7, 8]]), np.array([1, 3]))
    >>> packed.ids_N.tolist(), packed.counts_T.tolist(), packed.reverse_N.tolist()
    ([6, 5, 7, 8], [2, 1, 1], [3, 1, 2, 0])
    """
    if which is None:
        which = np.arange(len(lengths_B))
    # Longest text first: the texts that reach a step are then the first n, and a slice holds them.
    order_B = which[np.argsort(-lengths_B[which], kind="stable")]
    lengths_B = lengths_B[order_B]
    # One entry for each pair (step, text) inside a text, step by step: ``nonzero`` goes row by row.
    step_N, text_N = np.nonzero(np.arange(lengths_B[0])[:, None] < lengths_B)
    # Each step's entries stand side by side, so a count and a start find them.
    counts_T = np.bincount(step_N)
    starts_T = np.cumsum(counts_T) - counts_T
    # Step t mirrored is length - 1 - t, and text b is the b-th entry of every step that it reaches.
    reverse_N = starts_T[lengths_B[text_N] - 1 - step_N] + text_N
    # Gather the ids once, so that nothing later has to know about padding.
    ids_N = ids_BT[order_B[text_N], step_N]
    return Packed(order_B, lengths_B, counts_T, starts_T, ids_N, text_N, step_N, reverse_N)


# A step is made for fixed buffers: the recurrent part of the gates y and, for the LSTM, the cell c. Called
# with the input's part x and the state h, it writes the next state to ``out``, which may be h; y is used up.
_Step = Callable[[F32, F32, F32], None]


def _sigmoid(minus_x: F32) -> None:
    """Compute 1 / (1 + exp(-x)) in place, given -x; an overflowing exp rightly ends as 0."""
    np.exp(minus_x, minus_x)
    np.add(minus_x, _ONE, minus_x)
    np.divide(_ONE, minus_x, minus_x)


def _rnn(y_GDnH: F32, c_DnH: F32, bias_D1H: F32) -> _Step:
    (a,) = y_GDnH

    def step(x_GDnH: F32, h_DnH: F32, out_DnH: F32) -> None:
        np.add(x_GDnH[0], a, a)
        np.tanh(a, out_DnH)

    return step


def _gru(y_GDnH: F32, c_DnH: F32, bias_D1H: F32) -> _Step:
    gates, (r, z, n) = y_GDnH[:2], y_GDnH

    def step(x_GDnH: F32, h_DnH: F32, out_DnH: F32) -> None:
        # Reset and update gate together: they are neighbours in memory.
        np.add(x_GDnH[:2], gates, gates)
        _sigmoid(gates)
        # The reset gate scales the recurrent part of the candidate, its bias included (torch's form).
        np.add(n, bias_D1H, n)
        np.multiply(n, r, n)
        # The input's part is not scaled.
        np.add(x_GDnH[2], n, n)
        np.tanh(n, n)
        # (1 - z) n + z h as n + z (h - n): one product less, and no room for 1 - z.
        np.subtract(h_DnH, n, out_DnH)
        np.multiply(out_DnH, z, out_DnH)
        np.add(out_DnH, n, out_DnH)

    return step


def _lstm(y_GDnH: F32, c_DnH: F32, bias_D1H: F32) -> _Step:
    i, f, g, o = y_GDnH

    def step(x_GDnH: F32, h_DnH: F32, out_DnH: F32) -> None:
        # All four gates by one sigmoid; the candidate's is (1 + tanh) / 2.
        np.add(x_GDnH, y_GDnH, y_GDnH)
        _sigmoid(y_GDnH)
        # Less 1/2, that is half the candidate, so c is half the cell's state.
        np.subtract(g, _HALF, g)
        # c = f c + i g: the forget gate on the old, the input gate on the new.
        np.multiply(i, g, g)
        np.multiply(c_DnH, f, c_DnH)
        np.add(c_DnH, g, c_DnH)
        # The whole cell is twice c; g's buffer is free by now.
        np.add(c_DnH, c_DnH, g)
        np.tanh(g, g)
        np.multiply(o, g, out_DnH)

    return step


_STEPS = {"rnn": _rnn, "gru": _gru, "lstm": _lstm}
# The factor of each gate, in torch's order, inside exp or tanh.
_FACTORS = {"rnn": (1.0,), "gru": (-1.0, -1.0, 1.0), "lstm": (-1.0, -1.0, -2.0, -1.0)}


class RecurrentLayer:
    """One layer, of one or two directions.

    Args:
        config: Cell, sizes, directions, layer norm.
        weights: As in ``model.safetensors``; copied.
        prefix: Beginning of the names of the layer's weights.
    """

    def __init__(self, config: EncoderConfig, weights: Mapping[str, F32], prefix: str) -> None:
        directions = ("fwd", "bwd") if config.bidirectional else ("fwd",)
        factors = np.array(_FACTORS[config.cell], np.float32)

        def gates(name: str) -> F32:
            """Return one weight of all directions, scaled for the steps above: (G, D, H, ...)."""
            stacked = np.stack([weights[f"{prefix}{direction}.{name}"] for direction in directions], axis=1)
            # Torch stacks the gates' rows in one axis: cut it into (gate, unit), and put the gate outside.
            blocks = stacked.reshape(len(factors), config.hidden_size, *stacked.shape[1:]).swapaxes(1, 2)
            return np.asarray(blocks * factors.reshape(-1, *[1] * (blocks.ndim - 1)), np.float32)

        # Both biases are added to the input's part once, not at every step.
        bias_GDH, recurrent_bias_GDH = gates("bias_ih_l0"), gates("bias_hh_l0")
        # But the GRU's reset gate scales one of them: that stays with the recurrent product.
        self._candidate_bias_D1H = recurrent_bias_GDH[-1, :, None].copy()
        if config.cell == "gru":
            recurrent_bias_GDH[-1] = 0
        self._bias_GD1H = (bias_GDH + recurrent_bias_GDH)[:, :, None]
        # Torch keeps (outputs, inputs); the products here are rows times (inputs, outputs).
        self._input_GDEH = np.ascontiguousarray(gates("weight_ih_l0").swapaxes(2, 3))
        self._recurrent_GDHH = np.ascontiguousarray(gates("weight_hh_l0").swapaxes(2, 3))
        # Layer norm goes over both directions, so a layer has one.
        self._norm = (
            (weights[prefix + "norm.weight"], weights[prefix + "norm.bias"]) if config.layer_norm else None
        )
        self._make_step = _STEPS[config.cell]

    def run(self, x_UE: F32, read_N: Ids, packed: Packed) -> F32:
        """Return the outputs, each direction's in the order in which it read.

        Args:
            x_UE: The distinct inputs.
            read_N: Number of the input that each token reads.
            packed: The texts.

        Shape:
            (U, E), (N,) -> (D, N, H).
        """
        _, D, H, _ = self._recurrent_GDHH.shape
        # The backward direction is the same loop over mirrored inputs.
        read_DN = np.stack([read_N, read_N[packed.reverse_N]][:D])
        outputs_DNH = np.empty((D, len(read_N), H), np.float32)
        # Few texts: both at once, to save calls. Many: one after the other, to keep its weights in the cache.
        together = D if len(packed.order_B) < _FEW_TEXTS else 1
        for d in range(0, D, together):
            which = slice(d, d + together)
            self._scan(which, x_UE, read_DN[which], packed, outputs_DNH[which])
        return outputs_DNH if self._norm is None else _layer_norm(outputs_DNH, packed, *self._norm)

    def inputs(self, x_UE: F32, which: slice = slice(None)) -> F32:
        """Return the input's part of all gates, biases included: (U, E) -> (G, D, U, H)."""
        x_GDUH: F32 = np.matmul(x_UE, self._input_GDEH[:, which])
        x_GDUH += self._bias_GD1H[:, which]
        return x_GDUH

    @cached_property
    def _recurrent_HK(self) -> F32:
        """The first direction's recurrent weights, gates side by side: a step is one product."""
        W_HGH = self._recurrent_GDHH[:, 0].swapaxes(0, 1)
        W_HK: F32 = W_HGH.reshape(len(W_HGH), -1)
        return W_HK

    def stepper(self, state_SnH: F32) -> Callable[[F32], F32]:
        """Return a function that advances this state: the input's part (G, 1, n, H) -> outputs (n, H)."""
        h_DnH, W_HK, norm = state_SnH[:1], self._recurrent_HK, self._norm
        h_nH = h_DnH[0]
        y_nK = np.empty((len(h_nH), W_HK.shape[1]), np.float32)
        advance = self._make_step(by_gate(y_nK, h_nH.shape[1]), state_SnH[1:], self._candidate_bias_D1H)

        def step(x_GDnH: F32) -> F32:
            np.matmul(h_nH, W_HK, y_nK)
            advance(x_GDnH, h_DnH, h_DnH)
            return h_nH if norm is None else _normalised(h_nH, *norm)

        return step

    def _scan(self, which: slice, x_UE: F32, read_DN: Ids, packed: Packed, outputs_DNH: F32) -> None:
        """Run the directions ``which`` over time, into ``outputs_DNH``."""
        W_GDHH, bias_D1H = self._recurrent_GDHH[:, which], self._candidate_bias_D1H[which]
        G, D, H, _ = W_GDHH.shape
        # The input's part of all gates, one product; flat, so that one index finds gate, direction and input.
        x_RH = self.inputs(x_UE, which).reshape(-1, H)
        read_GDN = read_DN + len(x_UE) * np.arange(G * D).reshape(G, D, 1)
        # One buffer for the recurrent part of all steps: the fewer texts are left, the less of it is used.
        y_flat = np.empty(G * D * int(packed.counts_T[0]) * H, np.float32)
        h_DnH, c_DBH = np.zeros((2, D, int(packed.counts_T[0]), H), np.float32)
        texts = first = last = 0
        with np.errstate(over="ignore", under="ignore"):
            for start, n in zip(packed.starts_T.tolist(), packed.counts_T.tolist(), strict=True):
                # Texts ended: the step works on the n that are left.
                if n != texts:
                    texts = n
                    y_GDnH = y_flat[: G * D * n * H].reshape(G, D, n, H)
                    step = self._make_step(y_GDnH, c_DBH[:, :n], bias_D1H)
                # Gather the inputs of this step, or of many small ones at once: a gather costs by the call.
                if start + n > last:
                    first, last = start, start + max(n, _GATHER)
                    x_GDXH = x_RH.take(read_GDN[..., first:last], 0)
                # What is left to do at each step: the recurrent product, and the gates.
                h_DnH = h_DnH[:, :n]
                np.matmul(h_DnH, W_GDHH, y_GDnH)
                # The outputs are the next step's state: nothing is copied.
                out_DnH = outputs_DNH[:, start : start + n]
                step(x_GDXH[:, :, start - first : start - first + n], h_DnH, out_DnH)
                h_DnH = out_DnH


class RecurrentEncoder:
    """Layers of RNN, GRU or LSTM cells: over packed texts, or step by step; in torch ``nn/encoder.py``.

    Step by step, the layers are one-way, and a state is an array (S, L, n, H), S = 2 for an LSTM and 1
    otherwise, which a step overwrites; rows leave and join by indexing and concatenating its third axis. The
    part S = 1 holds half the LSTM's cell.

    Args:
        config: Cell, sizes, layers, directions, layer norm.
        weights: As in ``model.safetensors``; copied.
        name: Beginning of the names of these weights.
    """

    def __init__(self, config: EncoderConfig, weights: Mapping[str, F32], name: str = "encoder") -> None:
        self.config = config
        self.layers = [
            RecurrentLayer(config, weights, f"{name}.layers.{number}.") for number in range(config.num_layers)
        ]

    def read(self, x_UE: F32, read_N: Ids, packed: Packed) -> F32:
        """Return the outputs of the last layer, each direction's in the order in which it read.

        Args:
            x_UE: The distinct inputs.
            read_N: Number of the input that each token reads.
            packed: The texts.

        Shape:
            (U, E), (N,) -> (D, N, H).
        """
        every_N = np.arange(len(read_N))
        outputs_DNH = self.layers[0].run(x_UE, read_N, packed)
        for layer in self.layers[1:]:
            outputs_DNH = layer.run(in_place(outputs_DNH, packed), every_N, packed)
        return outputs_DNH

    def start(self, rows: int) -> F32:
        """Return the state before the first step: zeros (S, L, B, H), S = 2 for an LSTM, else 1."""
        config = self.config
        parts = 2 if config.cell == "lstm" else 1
        return np.zeros((parts, config.num_layers, rows, config.hidden_size), np.float32)

    def inputs(self, x_nE: F32) -> F32:
        """Return the input's part of the first layer's gates, which a step takes: (n, E) -> (G, 1, n, H)."""
        return self.layers[0].inputs(x_nE)

    def stepper(self, state_SLnH: F32) -> Callable[[F32], F32]:
        """Return a function that advances this very array by one step: (G, 1, n, H) -> outputs (n, H).

        What it reads is ``inputs``' answer; the outputs are overwritten by the next call.
        """
        first, *others = [layer.stepper(state_SLnH[:, number]) for number, layer in enumerate(self.layers)]
        if not others:
            return first

        def step(x_GDnH: F32) -> F32:
            out_nH = first(x_GDnH)
            for number, other in enumerate(others, 1):
                out_nH = other(self.layers[number].inputs(out_nH))
            return out_nH

        return step


def embed(embedding_VE: F32, packed: Packed) -> tuple[F32, Ids]:
    """Return the vectors of the distinct tokens (U, E), and which of them each token reads (N,).

    Raises:
        InputError: If an id is outside the vocabulary.
    """
    ids_N = packed.ids_N
    read_N = np.arange(len(ids_N))
    check_ids(ids_N, len(embedding_VE))
    # In many tokens most words come again, and the first layer's input product is per distinct word.
    if len(ids_N) > _FEW_TOKENS:
        # Flags find the distinct ids in time that grows with V; ``np.unique`` would sort.
        seen_V = np.zeros(len(embedding_VE), bool)
        seen_V[ids_N] = True
        # The flags summed up number the distinct ids in rising order, so they say where each id went.
        ids_N, read_N = np.flatnonzero(seen_V), (np.cumsum(seen_V) - 1)[ids_N]
    return embedding_VE[ids_N], read_N


def by_gate(all_nK: F32, hidden_size: int) -> F32:
    """Return all gates of each row as the steps above want them: a view (n, K) -> (G, 1, n, H)."""
    all_GDnH: F32 = all_nK.reshape(len(all_nK), -1, hidden_size).swapaxes(0, 1)[:, None]
    return all_GDnH


def unpack(outputs_DNH: F32, packed: Packed, shape: tuple[int, ...]) -> F32:
    """Return both directions side by side in padded rows, zero after a text's end: (D, N, H) -> (B, T, F).

    Args:
        outputs_DNH: Outputs of the last layer.
        packed: The texts.
        shape: (B, T) of the rows that were packed.
    """
    outputs_NF = in_place(outputs_DNH, packed)
    outputs_BTF = np.zeros((*shape, outputs_NF.shape[1]), np.float32)
    outputs_BTF[packed.order_B[packed.text_N], packed.step_N] = outputs_NF
    return outputs_BTF


def in_place(outputs_DNH: F32, packed: Packed) -> F32:
    """Return both directions side by side, each at its own token: (D, N, H) -> (N, F)."""
    forward_NH, *backward = outputs_DNH
    return np.concatenate([forward_NH, *(backward_NH[packed.reverse_N] for backward_NH in backward)], axis=-1)


def _layer_norm(outputs_DNH: F32, packed: Packed, scale_F: F32, shift_F: F32) -> F32:
    """Apply layer norm over both directions' features (Ba 2016); each direction keeps its own order."""
    x_NF = _normalised(in_place(outputs_DNH, packed), scale_F, shift_F)
    forward_NH, *backward = np.split(x_NF, len(outputs_DNH), axis=-1)
    return np.stack([forward_NH, *(backward_NH[packed.reverse_N] for backward_NH in backward)])


def _normalised(x_NF: F32, scale_F: F32, shift_F: F32) -> F32:
    """Return rows of mean 0 and variance 1, scaled and shifted."""
    x_NF = x_NF - x_NF.mean(axis=-1, keepdims=True)
    x_NF /= np.sqrt(np.square(x_NF).mean(axis=-1, keepdims=True) + np.float32(1e-5))
    return x_NF * scale_F + shift_F
