"""The recurrent step as the textbook writes it, and its gradient derived by hand, in plain NumPy.

For reading, and for tests of the fast forms: ``runtime/encoder.py`` (NumPy, arranged for speed)
and torch's own layers. Any float dtype, any number of rows. Three levels: a step of a cell and the step's
gradient; ``run``, which repeats the step over time, layers and directions with one set of weights per
direction; ``back_propagate``, which walks the same steps backwards (back-propagation through time, Werbos
1990). Knows no lengths and no words.

Shapes: B sequences, T steps, E input features, H hidden units, F outputs of a layer (H times directions),
S states (layers times directions, in torch's order: layer 0 forward, layer 0 backward, layer 1 ...); gates
are stacked as rows of the weights, in torch's order, so a weight has G = H (rnn), 3H (gru) or 4H
(lstm) rows. A step takes one sequence without its axis B, too; its gradient wants the axis.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.config import CELLS
from nlp_rnn.errors import InputError, one_of, whole_number

Array = NDArray[np.floating[Any]]

GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def sigmoid(x: Array) -> Array:
    """Return the logistic function, written with tanh so that it cannot overflow.

    >>> float(sigmoid(np.array(0.0)))
    0.5
    """
    y: Array = 0.5 * np.tanh(0.5 * x) + 0.5
    return y


def _check_shapes(
    gates: int, x_t: Array, states: dict[str, Array], weights: dict[str, Array], biases: dict[str, Array]
) -> None:
    """Refuse a step's arguments that do not fit together, in a sentence where NumPy would say it otherwise.

    Raises:
        InputError: With the shape that is wanted and, where that helps, what to transpose.
    """
    x_shape, h_shape = np.shape(x_t), np.shape(states["h_prev"])
    E, H, rows = x_shape[-1], h_shape[-1], x_shape[:-1]
    G = gates * H
    given = f"for x_t {x_shape} and h_prev {h_shape} it should be"
    for (name, array), wanted in zip(weights.items(), ((G, E), (G, H)), strict=True):
        shape, hint = np.shape(array), ""
        if shape == wanted[::-1]:
            hint = f": give {name}.T, since weights that multiply rows (x @ W) are torch's transposed"
        elif E == H == 1 and shape[:1] == (gates * h_shape[0],):
            hint = ": a sequence is a row here, so give x_t.T and the states' .T for columns"
        if shape != wanted:
            raise InputError(f"{name} has shape {shape}; {given} {wanted}{hint}")
    for name, array in biases.items():
        if np.shape(array) not in ((), (G,), (1, G), (*rows, G)):
            raise InputError(f"{name} has shape {np.shape(array)}; {given} ({G},)")
    for name, array in states.items():
        shape = np.shape(array)
        # One state may serve all inputs, and one input all states.
        if shape[-1:] != (H,) or not (len(shape) == 1 or rows in ((), shape[:-1])):
            raise InputError(f"{name} has shape {shape}; for x_t {x_shape} it should be {(*rows, H)}")


# One step forward


def rnn_step(x_t: Array, h_prev: Array, W_xh: Array, W_hh: Array, b_h: Array) -> Array:
    """Return one step of the simple recurrent network (Elman 1990).

    h_t = tanh(W_xh x_t + W_hh h_{t-1} + b_h)

    Shape:
        x_t (B, E), h_prev (B, H), W_xh (H, E), W_hh (H, H), b_h (H,) -> h_t (B, H).

    Raises:
        InputError: If the shapes do not fit together.
    """
    _check_shapes(1, x_t, {"h_prev": h_prev}, {"W_xh": W_xh, "W_hh": W_hh}, {"b_h": b_h})
    h_t: Array = np.tanh(x_t @ W_xh.T + h_prev @ W_hh.T + b_h)
    return h_t


def gru_step(
    x_t: Array,
    h_prev: Array,
    W_xh: Array,
    W_hh: Array,
    b_xh: Array,
    b_hh: Array,
    *,
    reset_after: bool = True,
) -> Array:
    """Return one step of the gated recurrent unit (Cho et al. 2014), in the form of cuDNN and torch.

    r_t = sigmoid(W_xr x_t + b_xr + W_hr h_{t-1} + b_hr)         how much of the past the candidate sees
    z_t = sigmoid(W_xz x_t + b_xz + W_hz h_{t-1} + b_hz)         how much of the past is kept
    n_t = tanh(W_xn x_t + b_xn + r_t * (W_hn h_{t-1} + b_hn))    the candidate
    h_t = (1 - z_t) * n_t + z_t * h_{t-1}

    The gates are ordered r, z, n. The two biases cannot be added up beforehand: r scales b_hn. The paper
    applies r to h before the product with W_hn, torch after it; with ``reset_after=False`` (Keras' word) the
    candidate is the paper's:

    n_t = tanh(W_xn x_t + b_xn + W_hn (r_t * h_{t-1}) + b_hn)

    Shape:
        x_t (B, E), h_prev (B, H), W_xh (3H, E), W_hh (3H, H), b_xh and b_hh (3H,) -> h_t (B, H).

    Raises:
        InputError: If the shapes do not fit together.
    """
    _check_shapes(3, x_t, {"h_prev": h_prev}, {"W_xh": W_xh, "W_hh": W_hh}, {"b_xh": b_xh, "b_hh": b_hh})
    _, z, n, _ = _gru_gates(x_t, h_prev, W_xh, W_hh, b_xh, b_hh, reset_after)
    h_t: Array = (1 - z) * n + z * h_prev
    return h_t


def lstm_step(
    x_t: Array, h_prev: Array, c_prev: Array, W_xh: Array, W_hh: Array, b_h: Array
) -> tuple[Array, Array]:
    """Return one step of long short-term memory (Hochreiter & Schmidhuber 1997), forget gate (Gers 2000).

    i_t = sigmoid(W_xi x_t + W_hi h_{t-1} + b_i)     what enters the cell
    f_t = sigmoid(W_xf x_t + W_hf h_{t-1} + b_f)     what stays in it
    g_t = tanh(W_xg x_t + W_hg h_{t-1} + b_g)        the candidate
    o_t = sigmoid(W_xo x_t + W_ho h_{t-1} + b_o)     what shows
    c_t = f_t * c_{t-1} + i_t * g_t
    h_t = o_t * tanh(c_t)

    The gates are ordered i, f, g, o, as in torch; ``b_h`` is the sum of torch's two biases.

    Shape:
        x_t (B, E), h_prev and c_prev (B, H), W_xh (4H, E), W_hh (4H, H), b_h (4H,) -> h_t, c_t (B, H).

    Raises:
        InputError: If the shapes do not fit together.
    """
    states = {"h_prev": h_prev, "c_prev": c_prev}
    _check_shapes(4, x_t, states, {"W_xh": W_xh, "W_hh": W_hh}, {"b_h": b_h})
    i, f, g, o = _lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    c_t: Array = f * c_prev + i * g
    h_t: Array = o * np.tanh(c_t)
    return h_t, c_t


def _gru_gates(
    x_t: Array, h_prev: Array, W_xh: Array, W_hh: Array, b_xh: Array, b_hh: Array, reset_after: bool
) -> tuple[Array, Array, Array, Array]:
    """Return r, z, n, and m = W_hn h_{t-1} + b_hn, which r scales if it comes after that product."""
    x_r, x_z, x_n = np.split(x_t @ W_xh.T + b_xh, 3, axis=-1)
    h_r, h_z, m = np.split(h_prev @ W_hh.T + b_hh, 3, axis=-1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    if reset_after:
        return r, z, np.tanh(x_n + r * m), m
    # Only the candidate's rows of W_hh read the state that r has scaled.
    before = (r * h_prev) @ np.split(W_hh, 3)[2].T + np.split(b_hh, 3, axis=-1)[2]
    return r, z, np.tanh(x_n + before), m


def _lstm_gates(
    x_t: Array, h_prev: Array, W_xh: Array, W_hh: Array, b_h: Array
) -> tuple[Array, Array, Array, Array]:
    """Return i, f, g, o."""
    i, f, g, o = np.split(x_t @ W_xh.T + h_prev @ W_hh.T + b_h, 4, axis=-1)
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)


# One step backward. Given the loss's gradient with respect to what a step returned, each function returns it
# with respect to every argument of that step, in the arguments' order. d is short for dLoss/d.


def rnn_step_backward(
    dh_t: Array, x_t: Array, h_prev: Array, W_xh: Array, W_hh: Array, b_h: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Return the gradient of ``rnn_step``.

    With a_t = W_xh x_t + W_hh h_{t-1} + b_h and tanh' = 1 - tanh^2:

    da_t    = dh_t * (1 - h_t^2)
    dx_t    = W_xh^T da_t            dh_{t-1} = W_hh^T da_t
    dW_xh   = da_t x_t^T             dW_hh    = da_t h_{t-1}^T             db_h = da_t

    dh_{t-1} is what reaches the step before: k steps back it is a product of k factors W_hh^T diag(1 - h^2),
    which vanishes or explodes with their size (Bengio et al. 1994).

    Shape:
        dh_t (B, H), the rest as in ``rnn_step`` -> as the step's arguments; sums over B for the weights.
    """
    h_t = rnn_step(x_t, h_prev, W_xh, W_hh, b_h)
    da = dh_t * (1 - h_t**2)
    return da @ W_xh, da @ W_hh, da.T @ x_t, da.T @ h_prev, da.sum(axis=0)


def gru_step_backward(
    dh_t: Array,
    x_t: Array,
    h_prev: Array,
    W_xh: Array,
    W_hh: Array,
    b_xh: Array,
    b_hh: Array,
    *,
    reset_after: bool = True,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Return the gradient of ``gru_step``.

    With m_t = W_hn h_{t-1} + b_hn, and a_r, a_z, a_n the arguments of sigmoid and tanh:

    da_n = dh_t * (1 - z_t) * (1 - n_t^2)
    da_z = dh_t * (h_{t-1} - n_t) * z_t * (1 - z_t)
    da_r = da_n * m_t * r_t * (1 - r_t)

    To the input's side goes (da_r, da_z, da_n), to the state's side (da_r, da_z, da_n * r_t), and
    dh_{t-1} = dh_t * z_t + W_hh^T (da_r, da_z, da_n * r_t): the first term passes no weight at all.

    With ``reset_after=False`` W_hn reads r_t * h_{t-1}, whose gradient is d_t = W_hn^T da_n; then
    da_r = d_t * h_{t-1} * r_t * (1 - r_t), and dh_{t-1} = dh_t * z_t + d_t * r_t + W_hr^T da_r + W_hz^T da_z.

    Shape:
        dh_t (B, H), the rest as in ``gru_step`` -> as the step's arguments; sums over B for the weights.
    """
    r, z, n, m = _gru_gates(x_t, h_prev, W_xh, W_hh, b_xh, b_hh, reset_after)
    da_n = dh_t * (1 - z) * (1 - n**2)
    da_z = dh_t * (h_prev - n) * z * (1 - z)
    if not reset_after:
        H = h_prev.shape[-1]
        d = da_n @ W_hh[2 * H :]
        gates = np.concatenate([d * h_prev * r * (1 - r), da_z], axis=-1)
        da = np.concatenate([gates, da_n], axis=-1)
        dW_hh = np.concatenate([gates.T @ h_prev, da_n.T @ (r * h_prev)])
        dh_prev = dh_t * z + d * r + gates @ W_hh[: 2 * H]
        return da @ W_xh, dh_prev, da.T @ x_t, dW_hh, da.sum(axis=0), da.sum(axis=0)
    da_r = da_n * m * r * (1 - r)
    da_x = np.concatenate([da_r, da_z, da_n], axis=-1)
    da_h = np.concatenate([da_r, da_z, da_n * r], axis=-1)
    dh_prev = dh_t * z + da_h @ W_hh
    return da_x @ W_xh, dh_prev, da_x.T @ x_t, da_h.T @ h_prev, da_x.sum(axis=0), da_h.sum(axis=0)


def lstm_step_backward(
    dh_t: Array, dc_t: Array, x_t: Array, h_prev: Array, c_prev: Array, W_xh: Array, W_hh: Array, b_h: Array
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Return the gradient of ``lstm_step``.

    With a_i, a_f, a_g, a_o the arguments of sigmoid and tanh:

    dc    = dc_t + dh_t * o_t * (1 - tanh(c_t)^2)
    da_i  = dc * g_t * i_t * (1 - i_t)             da_f = dc * c_{t-1} * f_t * (1 - f_t)
    da_g  = dc * i_t * (1 - g_t^2)                 da_o = dh_t * tanh(c_t) * o_t * (1 - o_t)
    dc_{t-1} = dc * f_t

    The last line is the constant error carousel: as long as f is near 1, the gradient of the cell passes
    through any number of steps. With a = (a_i, a_f, a_g, a_o) the rest is as in ``rnn_step_backward``.

    Shape:
        dh_t and dc_t (B, H), the rest as in ``lstm_step`` -> as the step's arguments; sums over B for the
        weights.
    """
    i, f, g, o = _lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    tanh_c = np.tanh(f * c_prev + i * g)
    dc = dc_t + dh_t * o * (1 - tanh_c**2)
    da = np.concatenate(
        [dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dc * i * (1 - g**2), dh_t * tanh_c * o * (1 - o)],
        axis=-1,
    )
    return da @ W_xh, da @ W_hh, dc * f, da.T @ x_t, da.T @ h_prev, da.sum(axis=0)


# Sequences, layers, directions


@dataclass(frozen=True)
class CellWeights:
    """The weights of one direction of one layer, gates and biases as in torch: the same at every step.

    Attributes:
        W_xh: From the input, (G, E).
        W_hh: From the state, (G, H).
        b_xh, b_hh: The two biases, (G,); RNN and LSTM use only their sum.
    """

    W_xh: Array
    W_hh: Array
    b_xh: Array
    b_hh: Array

    def __iter__(self) -> Iterator[Array]:
        """Iterate over the four arrays, in torch's order."""
        return iter((self.W_xh, self.W_hh, self.b_xh, self.b_hh))


@dataclass(frozen=True)
class Network:
    """Layers of one cell, of one or two directions; also the shape of a gradient with respect to it.

    Attributes:
        cell: ``rnn``, ``gru`` or ``lstm``.
        layers: For each layer the weights of its directions, the forward one first.
        reset_after: Whether a GRU's r comes after the product with W_hn, as in torch (``gru_step``).

    Raises:
        ConfigError: If there is no such cell.
        InputError: If the weights do not fit together.
    """

    cell: str
    layers: tuple[tuple[CellWeights, ...], ...]
    reset_after: bool = True

    def __post_init__(self) -> None:
        """Refuse weights that do not fit together."""
        one_of("cell", self.cell, CELLS)
        if not self.reset_after and self.cell != "gru":
            raise InputError(f"reset_after=False is a form of the gru, and this network is a {self.cell}")
        if not self.layers or any(len(layer) != len(self.layers[0]) for layer in self.layers):
            raise InputError("a network has at least one layer, and as many directions in every layer")
        if len(self.layers[0]) not in (1, 2):
            raise InputError(f"a layer has 1 or 2 directions, not {len(self.layers[0])}")
        width, gates = self.input_size, GATES[self.cell] * self.hidden_size
        for number, layer in enumerate(self.layers):
            expected = ((gates, width), (gates, self.hidden_size), (gates,), (gates,))
            for weights in layer:
                shapes = tuple(array.shape for array in weights)
                if shapes != expected:
                    raise InputError(
                        f"the weights of layer {number} have the shapes {shapes}; a {self.cell} of "
                        f"{self.hidden_size} hidden units has {expected} there"
                    )
            width = self.hidden_size * self.directions

    @property
    def input_size(self) -> int:
        """Width of the input (E)."""
        return int(self.layers[0][0].W_xh.shape[1])

    @property
    def hidden_size(self) -> int:
        """Width of the state of one direction (H)."""
        return int(self.layers[0][0].W_hh.shape[1])

    @property
    def directions(self) -> int:
        """1, or 2 where every layer reads from both ends."""
        return len(self.layers[0])

    @property
    def states(self) -> int:
        """Layers times directions (S)."""
        return len(self.layers) * self.directions


@dataclass(frozen=True)
class _Pass:
    """The inputs and states of one direction of one layer, in the order in which it read."""

    x_TBE: Array
    h_prev_TBH: Array
    c_prev_TBH: Array
    h_BH: Array
    c_BH: Array


@dataclass(frozen=True)
class Run:
    """A network's answer to a batch of sequences, with what its gradient needs.

    Attributes:
        outputs_TBF: The last layer's state at every step, forward half first.
        h_SBH: The last state of every layer and direction.
        c_SBH: The LSTM's last cell state; zeros for the other cells.
    """

    network: Network
    outputs_TBF: Array
    h_SBH: Array
    c_SBH: Array
    _passes: tuple[_Pass, ...]


@dataclass(frozen=True)
class Gradients:
    """The loss's gradient with respect to everything that ``run`` was given.

    Attributes:
        network: With respect to the weights, summed over all steps and sequences.
        x_TBE: With respect to the input.
        h_SBH, c_SBH: With respect to the first states.
    """

    network: Network
    x_TBE: Array
    h_SBH: Array
    c_SBH: Array


def initialise(
    cell: str,
    input_size: int,
    hidden_size: int,
    *,
    num_layers: int = 1,
    bidirectional: bool = False,
    seed: int = 0,
) -> Network:
    """Return random weights as torch's layers start with: uniform in +-1 / sqrt(H), float64.

    Raises:
        ConfigError: If there is no such cell, or a number is outside its range.
    """
    one_of("cell", cell, CELLS)
    input_size = whole_number("input_size", input_size, 1)
    hidden_size = whole_number("hidden_size", hidden_size, 1)
    num_layers, seed = whole_number("num_layers", num_layers, 1), whole_number("seed", seed, 0)
    rng = np.random.default_rng(seed)
    bound, gates, directions = hidden_size**-0.5, GATES[cell] * hidden_size, 1 + bidirectional

    def layer(width: int) -> tuple[CellWeights, ...]:
        shapes = ((gates, width), (gates, hidden_size), (gates,), (gates,))
        return tuple(CellWeights(*(rng.uniform(-bound, bound, s) for s in shapes)) for _ in range(directions))

    widths = [input_size] + [hidden_size * directions] * (num_layers - 1)
    return Network(cell, tuple(layer(width) for width in widths))


def run(network: Network, x_TBE: Array, h_SBH: Array | None = None, c_SBH: Array | None = None) -> Run:
    """Run a network over whole sequences, one step after the other.

    The backward direction reads the sequence from its end; a layer's outputs are the states of its
    directions side by side, each at the step it is about.

    Args:
        network: The weights.
        x_TBE: The sequences, time first.
        h_SBH: First states; None is zeros.
        c_SBH: First cell states (LSTM); None is zeros.

    Raises:
        InputError: If the input or a state does not have the network's shape.
    """
    if x_TBE.ndim != 3 or x_TBE.shape[2] != network.input_size:
        raise InputError(f"the input has shape {x_TBE.shape}; it should be (T, B, {network.input_size})")
    state_shape = (network.states, x_TBE.shape[1], network.hidden_size)
    h_SBH = _state("h", h_SBH, state_shape, x_TBE.dtype)
    c_SBH = _state("c", c_SBH, state_shape, x_TBE.dtype)
    passes: list[_Pass] = []
    for number, layer in enumerate(network.layers):
        outputs = []
        for d, weights in enumerate(layer):
            # The backward direction (d = 1) reads the steps from the last to the first, and its outputs are
            # reversed again, so that each is at its own step.
            s = number * network.directions + d
            one, outputs_TBH = _run_direction(network, weights, x_TBE[:: 1 - 2 * d], h_SBH[s], c_SBH[s])
            passes.append(one)
            outputs.append(outputs_TBH[:: 1 - 2 * d])
        # The layer above reads both directions side by side.
        x_TBE = np.concatenate(outputs, axis=-1)
    last_h, last_c = np.stack([one.h_BH for one in passes]), np.stack([one.c_BH for one in passes])
    return Run(network, x_TBE, last_h, last_c, tuple(passes))


def back_propagate(
    answer: Run, d_outputs_TBF: Array, dh_SBH: Array | None = None, dc_SBH: Array | None = None
) -> Gradients:
    """Back-propagate through time: the chain rule along the steps of ``run``, last step first.

    The weights are the same at every step, so their gradient is the sum of the steps' gradients; a state is
    used by the layer above and by the next step, so the two gradients that arrive there are added.

    Args:
        answer: What ``run`` returned.
        d_outputs_TBF: The loss's gradient with respect to the outputs.
        dh_SBH: With respect to the last states; None is zeros.
        dc_SBH: With respect to the last cell states; None is zeros.

    Raises:
        InputError: If a gradient does not have the shape of what it is taken with respect to.
    """
    network, H = answer.network, answer.network.hidden_size
    if d_outputs_TBF.shape != answer.outputs_TBF.shape:
        raise InputError(
            f"the outputs' gradient has shape {d_outputs_TBF.shape}; it should be {answer.outputs_TBF.shape}"
        )
    dh_SBH = _state("dh", dh_SBH, answer.h_SBH.shape, d_outputs_TBF.dtype).copy()
    dc_SBH = _state("dc", dc_SBH, answer.c_SBH.shape, d_outputs_TBF.dtype).copy()
    d_layers: list[tuple[CellWeights, ...]] = []
    d_above_TBF = d_outputs_TBF
    # From the last layer to the first: each gets its gradient from the layer above it.
    for number in reversed(range(len(network.layers))):
        d_weights, d_inputs = [], []
        for d, weights in enumerate(network.layers[number]):
            s = number * network.directions + d
            # A direction's share of the gradient is its H outputs, in the order in which it read.
            d_own_TBH = d_above_TBF[:: 1 - 2 * d, :, d * H : (d + 1) * H]
            dW, dx_TBE, dh_SBH[s], dc_SBH[s] = _back_propagate_direction(
                network, weights, answer._passes[s], d_own_TBH, dh_SBH[s], dc_SBH[s]
            )
            d_weights.append(dW)
            d_inputs.append(dx_TBE[:: 1 - 2 * d])
        d_layers.append(tuple(d_weights))
        # Both directions read the same input, so its gradient is the sum of theirs.
        d_above_TBF = np.sum(d_inputs, axis=0)
    return Gradients(replace(network, layers=tuple(d_layers[::-1])), d_above_TBF, dh_SBH, dc_SBH)


def _run_direction(
    network: Network, weights: CellWeights, x_TBE: Array, h_BH: Array, c_BH: Array
) -> tuple[_Pass, Array]:
    """Run one direction of a layer over ``x_TBE`` in its order; return its states, and outputs (T, B, H)."""
    W_xh, W_hh, b_xh, b_hh = weights
    h_all, c_all = [h_BH], [c_BH]
    for x_t in x_TBE:
        if network.cell == "lstm":
            h_BH, c_BH = lstm_step(x_t, h_BH, c_BH, W_xh, W_hh, b_xh + b_hh)
        elif network.cell == "gru":
            h_BH = gru_step(x_t, h_BH, W_xh, W_hh, b_xh, b_hh, reset_after=network.reset_after)
        else:
            h_BH = rnn_step(x_t, h_BH, W_xh, W_hh, b_xh + b_hh)
        h_all.append(h_BH)
        c_all.append(c_BH)
    # All states but the last are what the steps began with; all but the first are the outputs.
    h_all_TBH = np.stack(h_all)
    return _Pass(x_TBE, h_all_TBH[:-1], np.stack(c_all)[:-1], h_BH, c_BH), h_all_TBH[1:]


def _back_propagate_direction(
    network: Network, weights: CellWeights, read: _Pass, d_outputs_TBH: Array, dh_BH: Array, dc_BH: Array
) -> tuple[CellWeights, Array, Array, Array]:
    """Return gradients of ``_run_direction``: weights, inputs (T, B, E), first state and cell (B, H)."""
    W_xh, W_hh, b_xh, b_hh = weights
    total = [np.zeros_like(array) for array in weights]
    dx_TBE = np.empty_like(read.x_TBE)
    for t in reversed(range(len(read.x_TBE))):
        # A state is used by the next step, and by the layer above as the output of this one.
        dh_BH = dh_BH + d_outputs_TBH[t]
        x_t, h_prev, c_prev = read.x_TBE[t], read.h_prev_TBH[t], read.c_prev_TBH[t]
        if network.cell == "lstm":
            dx_TBE[t], dh_BH, dc_BH, *parts, db = lstm_step_backward(
                dh_BH, dc_BH, x_t, h_prev, c_prev, W_xh, W_hh, b_xh + b_hh
            )
            parts += [db, db]  # only the sum of the two biases counts, so both have its gradient
        elif network.cell == "gru":
            dx_TBE[t], dh_BH, *parts = gru_step_backward(
                dh_BH, x_t, h_prev, W_xh, W_hh, b_xh, b_hh, reset_after=network.reset_after
            )
        else:
            dx_TBE[t], dh_BH, *parts, db = rnn_step_backward(dh_BH, x_t, h_prev, W_xh, W_hh, b_xh + b_hh)
            parts += [db, db]
        # The weights are the same at every step: their gradients add up.
        for array, part in zip(total, parts, strict=True):
            array += part
    return CellWeights(*total), dx_TBE, dh_BH, dc_BH


def _state(name: str, given: Array | None, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return a state, or zeros if none is given."""
    if given is None:
        return np.zeros(shape, dtype)
    if given.shape != shape:
        raise InputError(f"{name} has shape {given.shape}; it should be {shape}: states, sequences, units")
    return given
