"""The recurrent step as the textbook writes it, in plain NumPy: RNN, GRU and LSTM.

For reading, and for tests to hold the fast forms against: ``recurrence.py`` (NumPy, arranged for speed)
and torch's own layers. Any float dtype, any number of rows. Knows no layers, no lengths, no words.

Shapes: B texts, E input features, H hidden units; gates stand one above the other in the weights,
in torch's order, so a weight has G = H (rnn), 3H (gru) or 4H (lstm) rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


def sigmoid(x: Array) -> Array:
    """The logistic function, written with tanh so that it cannot overflow.

    >>> float(sigmoid(np.array(0.0)))
    0.5
    """
    y: Array = 0.5 * np.tanh(0.5 * x) + 0.5
    return y


def rnn_step(x_BE: Array, h_BH: Array, W_xh: Array, W_hh: Array, b_h: Array) -> Array:
    """One step of the simple recurrent network (Elman 1990).

    h' = tanh(W_xh x + W_hh h + b_h)

    Shape:
        x_BE (B, E), h_BH (B, H), W_xh (H, E), W_hh (H, H), b_h (H,) -> (B, H).
    """
    h_new_BH: Array = np.tanh(x_BE @ W_xh.T + h_BH @ W_hh.T + b_h)
    return h_new_BH


def gru_step(x_BE: Array, h_BH: Array, W_xh: Array, W_hh: Array, b_xh: Array, b_hh: Array) -> Array:
    """One step of the gated recurrent unit (Cho et al. 2014), in the form of cuDNN and torch.

    r  = sigmoid(W_xr x + b_xr + W_hr h + b_hr)         how much of the past the candidate sees
    z  = sigmoid(W_xz x + b_xz + W_hz h + b_hz)         how much of the past is kept
    n  = tanh(W_xn x + b_xn + r * (W_hn h + b_hn))      the candidate
    h' = (1 - z) * n + z * h

    The paper applies r to h before the product with W_hn; torch applies it after. The gates are
    ordered r, z, n. The two biases cannot be added up beforehand: r scales b_hn.

    Shape:
        x_BE (B, E), h_BH (B, H), W_xh (3H, E), W_hh (3H, H), b_xh (3H,), b_hh (3H,) -> (B, H).
    """
    x_r, x_z, x_n = np.split(x_BE @ W_xh.T + b_xh, 3, axis=-1)
    h_r, h_z, h_n = np.split(h_BH @ W_hh.T + b_hh, 3, axis=-1)
    r_BH = sigmoid(x_r + h_r)
    z_BH = sigmoid(x_z + h_z)
    n_BH = np.tanh(x_n + r_BH * h_n)
    h_new_BH: Array = (1 - z_BH) * n_BH + z_BH * h_BH
    return h_new_BH


def lstm_step(
    x_BE: Array, h_BH: Array, c_BH: Array, W_xh: Array, W_hh: Array, b_h: Array
) -> tuple[Array, Array]:
    """One step of long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate (Gers 2000).

    i  = sigmoid(W_xi x + W_hi h + b_i)     what enters the cell
    f  = sigmoid(W_xf x + W_hf h + b_f)     what stays in it
    g  = tanh(W_xg x + W_hg h + b_g)        the candidate
    o  = sigmoid(W_xo x + W_ho h + b_o)     what shows
    c' = f * c + i * g
    h' = o * tanh(c')

    The gates are ordered i, f, g, o, as in torch; ``b_h`` is the sum of torch's two biases.

    Shape:
        x_BE (B, E), h_BH and c_BH (B, H), W_xh (4H, E), W_hh (4H, H), b_h (4H,) -> h', c', each (B, H).
    """
    i, f, g, o = np.split(x_BE @ W_xh.T + h_BH @ W_hh.T + b_h, 4, axis=-1)
    c_new_BH = sigmoid(f) * c_BH + sigmoid(i) * np.tanh(g)
    h_new_BH = sigmoid(o) * np.tanh(c_new_BH)
    return h_new_BH, c_new_BH
