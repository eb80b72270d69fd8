"""The textbook's recurrences: equal to torch's layers, and their gradients to torch's and to differences."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from nlp_rnn.config import CELLS
from nlp_rnn.errors import ConfigError, InputError
from nlp_rnn.reference import (
    GATES,
    CellWeights,
    Network,
    back_propagate,
    gru_step,
    gru_step_backward,
    initialise,
    lstm_step,
    lstm_step_backward,
    rnn_step,
    rnn_step_backward,
    run,
)

T, B, E, H = 6, 3, 4, 5
SHAPES = list(itertools.product(CELLS, (1, 2, 3), (False, True)))
F64 = NDArray[np.float64]


def arrays(*shapes: tuple[int, ...], seed: int = 0) -> list[F64]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]


def test_a_step_by_hand() -> None:
    one = np.ones((1, 1))
    h_t = rnn_step(2 * one, 3 * one, W_xh=0.1 * one, W_hh=0.2 * one, b_h=np.array([-0.3]))
    assert h_t == pytest.approx(np.tanh(0.1 * 2 + 0.2 * 3 - 0.3))
    shut, open_ = np.full(1, -50.0), np.full(1, 50.0)
    zero = np.zeros((4, 1))
    _, c_t = lstm_step(one, one, 7 * one, zero, zero, np.concatenate([shut, open_, shut, open_]))
    assert c_t == pytest.approx(7)  # the forget gate is open, and nothing enters
    h_t = gru_step(one, 7 * one, zero[:3], zero[:3], np.concatenate([shut, open_, shut]), np.zeros(3))
    assert h_t == pytest.approx(7)  # the past is kept


def test_a_step_takes_one_sequence_without_the_batch_axis() -> None:
    x, h, W_xh, W_hh, b_h = arrays((E,), (H,), (H, E), (H, H), (H,))
    np.testing.assert_allclose(rnn_step(x, h, W_xh, W_hh, b_h), np.tanh(W_xh @ x + W_hh @ h + b_h))


def test_the_papers_gru_resets_before_the_product() -> None:
    x, h, W_xh, W_hh, b = arrays((E,), (H,), (3 * H, E), (3 * H, H), (3 * H,))
    r, z = np.split(1 / (1 + np.exp(-(W_xh @ x + W_hh @ h + b)))[: 2 * H], 2)
    n = np.tanh((W_xh @ x + b)[2 * H :] + W_hh[2 * H :] @ (r * h))
    found = gru_step(x, h, W_xh, W_hh, b, 0 * b, reset_after=False)
    np.testing.assert_allclose(found, (1 - z) * n + z * h)
    assert np.abs(found - gru_step(x, h, W_xh, W_hh, b, 0 * b)).max() > 0.01


STEPS = {
    "rnn": lambda x, h, W_xh, W_hh, b: rnn_step(x, h, W_xh, W_hh, b),
    "gru": lambda x, h, W_xh, W_hh, b: gru_step(x, h, W_xh, W_hh, b, b),
    "lstm": lambda x, h, W_xh, W_hh, b: lstm_step(x, h, h, W_xh, W_hh, b),
}


@pytest.mark.parametrize("cell", CELLS)
def test_a_wrong_shape_is_said_in_one_sentence(cell: str) -> None:
    step, G = STEPS[cell], GATES[cell] * H
    x, h, W_xh, W_hh, b = arrays((B, E), (B, H), (G, E), (G, H), (G,))
    step(x, h, W_xh, W_hh, b)
    step(x[0], h[0], W_xh, W_hh, b)
    step(x, h, W_xh, W_hh, b[None])
    step(x, h[0], W_xh, W_hh, b)
    step(x[0], h, W_xh, W_hh, b)
    given = r"for x_t \(3, 4\) and h_prev \(3, 5\) it should be"
    transposed = (
        rf"W_xh has shape \(4, {G}\); {given} \({G}, 4\): give W_xh\.T, since weights that multiply rows"
    )
    with pytest.raises(InputError, match=transposed):
        step(x, h, W_xh.T, W_hh, b)
    with pytest.raises(InputError, match=rf"W_hh has shape \({G}, 6\); {given} \({G}, 5\)$"):
        step(x, h, W_xh, np.zeros((G, 6)), b)
    with pytest.raises(InputError, match=rf"has shape \({G}, 1\); {given} \({G},\)$"):
        step(x, h, W_xh, W_hh, b[:, None])
    with pytest.raises(
        InputError, match=r"h_prev has shape \(2, 5\); for x_t \(3, 4\) it should be \(3, 5\)$"
    ):
        step(x, h[:2], W_xh, W_hh, b)
    with pytest.raises(InputError, match=r"it should be .* a sequence is a row here, so give x_t\.T"):
        step(x[0][:, None], h[0][:, None], W_xh, W_hh, b)


def test_gated_weights_that_multiply_rows_are_told_apart_though_they_are_square() -> None:
    """Of a simple RNN whose E is H no shape can tell; its W_hh is square always."""
    x, h, W_xh, W_hh, b = arrays((B, H), (B, H), (4 * H, H), (4 * H, H), (4 * H,))
    with pytest.raises(InputError, match=r"give W_hh\.T"):
        lstm_step(x, h, h, W_xh, W_hh.T, b)
    with pytest.raises(InputError, match=r"c_prev has shape \(3, 6\)"):
        lstm_step(x, h, np.zeros((B, 6)), W_xh, W_hh, b)


@pytest.mark.parametrize(("cell", "num_layers", "bidirectional"), SHAPES)
def test_outputs_states_and_gradients_are_torchs(cell: str, num_layers: int, bidirectional: bool) -> None:
    torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
    from nlp_rnn.exchange import from_torch, to_torch

    network = initialise(cell, E, H, num_layers=num_layers, bidirectional=bidirectional, seed=1)
    module = to_torch(network)
    S = network.states
    x_TBE, h_SBH, c_SBH = arrays((T, B, E), (S, B, H), (S, B, H))
    d_outputs_TBF, dh_SBH, dc_SBH = arrays((T, B, H * (1 + bidirectional)), (S, B, H), (S, B, H), seed=2)

    answer = run(network, x_TBE, h_SBH, c_SBH)
    found = back_propagate(answer, d_outputs_TBF, dh_SBH, dc_SBH)

    x, h, c = (torch.from_numpy(array).requires_grad_() for array in (x_TBE, h_SBH, c_SBH))
    outputs, last = module(x, (h, c) if cell == "lstm" else h)
    last_h, last_c = last if cell == "lstm" else (last, torch.zeros(S, B, H))
    loss = (outputs * torch.from_numpy(d_outputs_TBF)).sum() + (last_h * torch.from_numpy(dh_SBH)).sum()
    (loss + (last_c * torch.from_numpy(dc_SBH)).sum()).backward()

    def assert_same(ours: F64, theirs: object) -> None:
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-10)  # type: ignore[attr-defined]

    assert_same(answer.outputs_TBF, outputs)
    assert_same(answer.h_SBH, last_h)
    assert_same(found.x_TBE, x.grad)
    assert_same(found.h_SBH, h.grad)
    if cell == "lstm":
        assert_same(answer.c_SBH, last_c)
        assert_same(found.c_SBH, c.grad)
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(weight.grad)
    for ours, theirs in zip(found.network.layers, from_torch(module).layers, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            for mine, its in zip(one, other, strict=True):
                np.testing.assert_allclose(mine, its, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("cell", "reset_after"), [*((cell, True) for cell in CELLS), ("gru", False)])
def test_gradients_are_finite_differences(cell: str, reset_after: bool) -> None:
    """Of every weight, input and first state, two layers and both directions; needs no torch."""
    network = initialise(cell, 2, 3, num_layers=2, bidirectional=True, seed=3)
    network = replace(network, reset_after=reset_after)
    x_TBE, h_SBH, c_SBH = arrays((4, 2, 2), (4, 2, 3), (4, 2, 3))
    d_outputs_TBF, dh_SBH, dc_SBH = arrays((4, 2, 6), (4, 2, 3), (4, 2, 3), seed=4)

    def loss() -> float:
        answer = run(network, x_TBE, h_SBH, c_SBH)
        parts = (answer.outputs_TBF * d_outputs_TBF, answer.h_SBH * dh_SBH, answer.c_SBH * dc_SBH)
        return float(sum(part.sum() for part in parts))

    found = back_propagate(run(network, x_TBE, h_SBH, c_SBH), d_outputs_TBF, dh_SBH, dc_SBH)
    pairs = [(x_TBE, found.x_TBE), (h_SBH, found.h_SBH)]
    if cell == "lstm":
        pairs.append((c_SBH, found.c_SBH))
    for layer, d_layer in zip(network.layers, found.network.layers, strict=True):
        for weights, d_weights in zip(layer, d_layer, strict=True):
            pairs += zip(weights, d_weights, strict=True)
    step = 1e-5
    for array, gradient in pairs:
        for at in np.ndindex(array.shape):
            before = array[at]
            array[at] = before + step
            above = loss()
            array[at] = before - step
            below = loss()
            array[at] = before
            assert gradient[at] == pytest.approx((above - below) / (2 * step), abs=1e-7)


@pytest.mark.parametrize("cell", CELLS)
def test_a_steps_gradient_alone_is_finite_differences(cell: str) -> None:
    G = GATES[cell] * 3
    biases = [(G,), (G,)] if cell == "gru" else [(G,)]
    states = [(2, 3)] * (2 if cell == "lstm" else 1)
    arguments = arrays((2, 4), *states, (G, 4), (G, 3), *biases)
    d_states = arrays(*states, seed=5)
    forward = {"rnn": rnn_step, "gru": gru_step, "lstm": lstm_step}[cell]
    backward = {"rnn": rnn_step_backward, "gru": gru_step_backward, "lstm": lstm_step_backward}[cell]

    def loss() -> float:
        answer = forward(*arguments)
        outputs = answer if isinstance(answer, tuple) else (answer,)
        return float(sum((out * d).sum() for out, d in zip(outputs, d_states, strict=True)))

    found = backward(*d_states, *arguments)
    for argument, gradient in zip(arguments, found, strict=True):
        assert gradient.shape == argument.shape
        direction = arrays(argument.shape, seed=6)[0]
        argument += 1e-6 * direction
        above = loss()
        argument -= 2e-6 * direction
        below = loss()
        argument += 1e-6 * direction
        assert (gradient * direction).sum() == pytest.approx((above - below) / 2e-6, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("cell", CELLS)
def test_carried_state_equals_one_long_run(cell: str) -> None:
    network = initialise(cell, E, H, num_layers=2, seed=7)
    (x_TBE,) = arrays((T, B, E))
    whole, first = run(network, x_TBE), run(network, x_TBE[:4])
    second = run(network, x_TBE[4:], first.h_SBH, first.c_SBH)
    np.testing.assert_array_equal(whole.outputs_TBF[4:], second.outputs_TBF)
    np.testing.assert_array_equal(whole.h_SBH, second.h_SBH)


def test_the_last_step_moves_the_backward_state_at_the_first_and_not_the_forward_one() -> None:
    network = initialise("lstm", E, H, bidirectional=True, seed=8)
    (x_TBE,) = arrays((T, B, E))
    before_TBF = run(network, x_TBE).outputs_TBF
    x_TBE[-1] += 1
    moved_BF = np.abs(run(network, x_TBE).outputs_TBF - before_TBF)[0]
    assert not moved_BF[:, :H].any()
    assert moved_BF[:, H:].min() > 0


def test_what_does_not_fit_is_refused() -> None:
    network = initialise("gru", E, H)
    with pytest.raises(InputError, match=r"\(6, 3, 9\); it should be \(T, B, 4\)"):
        run(network, np.zeros((T, B, 9)))
    with pytest.raises(InputError, match=r"h has shape \(1, 3, 9\); it should be \(1, 3, 5\)"):
        run(network, np.zeros((T, B, E)), np.zeros((1, B, 9)))
    with pytest.raises(InputError, match=r"it should be \(6, 3, 5\)"):
        back_propagate(run(network, np.zeros((T, B, E))), np.zeros((T, B, H + 1)))
    with pytest.raises(ConfigError, match="rnn, gru, lstm"):
        initialise("gated", E, H)
    with pytest.raises(InputError, match="a lstm of 5 hidden units has"):
        Network("lstm", ((CellWeights(*arrays((H, E), (H, H), (H,), (H,))),),))
    with pytest.raises(
        InputError, match="reset_after=False is a form of the gru, and this network is a lstm"
    ):
        replace(initialise("lstm", E, H), reset_after=False)
    with pytest.raises(InputError, match="as many directions in every layer"):
        Network("gru", (network.layers[0], network.layers[0] * 2))
