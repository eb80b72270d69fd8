#!/usr/bin/env python
"""Compute one network on the textbook's levels, NumPy, torch, Keras: ``python scripts/examples/levels.py``.

``docs/LEVELS.md`` explains it. Needs the extras ``train`` and ``keras``; Keras runs on torch unless
``KERAS_BACKEND`` names another.
"""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "torch")  # Keras reads it when it is imported

import numpy as np

from nlp_rnn.cli import run_script
from nlp_rnn.errors import require
from nlp_rnn.exchange import to_keras, to_torch
from nlp_rnn.reference import Array, Network, gru_step, initialise, lstm_step, rnn_step


def textbook_step(x_t: Array, h_prev: Array, W_xh: Array, W_hh: Array, b_h: Array) -> Array:
    """Return a step of a simple RNN as the textbook writes it: W_xh (E, H), W_hh (H, H)."""
    return np.tanh(np.dot(x_t, W_xh) + np.dot(h_prev, W_hh) + b_h)


def textbook_level(network: Network, x_TBE: Array) -> Array:
    """Return the last state, by the textbook's own step."""
    W_xh, W_hh, b_xh, b_hh = network.layers[0][0]
    h = np.zeros((x_TBE.shape[1], network.hidden_size))
    for x_t in x_TBE:
        h = textbook_step(x_t, h, W_xh.T, W_hh.T, b_xh + b_hh)
    return h


def numpy_level(network: Network, x_TBE: Array) -> Array:
    """Return the last state, one step after the other."""
    W_xh, W_hh, b_xh, b_hh = network.layers[0][0]
    h = c = np.zeros((x_TBE.shape[1], network.hidden_size))
    for x_t in x_TBE:
        if network.cell == "lstm":
            h, c = lstm_step(x_t, h, c, W_xh, W_hh, b_xh + b_hh)
        elif network.cell == "gru":
            h = gru_step(x_t, h, W_xh, W_hh, b_xh, b_hh)
        else:
            h = rnn_step(x_t, h, W_xh, W_hh, b_xh + b_hh)
    return h


def torch_level(network: Network, x_TBE: Array) -> Array:
    """Return the last state, by a module of torch: ``torch.nn.RNN``, ``GRU`` or ``LSTM``."""
    module = to_torch(network)
    outputs_TBH, _ = module(require("torch", extra="train").from_numpy(x_TBE))
    return outputs_TBH[-1].detach().numpy()


def keras_level(network: Network, x_TBE: Array) -> Array:
    """Return the last state, by a layer of Keras, which takes the sequences first."""
    model = to_keras(network)
    outputs_BTH = model(x_TBE.swapaxes(0, 1))
    return require("keras", extra="keras").ops.convert_to_numpy(outputs_BTH)[:, -1]


def main() -> None:
    """Print the last state of the first sequence on each level, and whether all agree."""
    x_TBE = np.random.default_rng(0).normal(size=(6, 2, 3))
    for cell in ("rnn", "gru", "lstm"):
        network = initialise(cell, input_size=3, hidden_size=4, seed=0)
        levels = {"NumPy": numpy_level, "torch": torch_level, "Keras": keras_level}
        if cell == "rnn":
            levels = {"textbook": textbook_level, **levels}
        states = {name: level(network, x_TBE) for name, level in levels.items()}
        for name, h in states.items():
            print(f"{cell:<5} {name:<9}", *(f"{value:8.5f}" for value in h[0]))
        apart = max(np.abs(h - states["NumPy"]).max() for h in states.values())
        print(f"{cell:<5} the levels are {'less than 1e-6' if apart < 1e-6 else f'{apart:.0e}'} apart")


if __name__ == "__main__":
    run_script(main)
