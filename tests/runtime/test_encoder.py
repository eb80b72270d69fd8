"""The fast recurrent layers answer as the textbook's steps do, and direction matters."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from nlp_rnn.batch import pad
from nlp_rnn.config import CELLS, ModelConfig
from nlp_rnn.reference import gru_step, lstm_step, rnn_step
from nlp_rnn.runtime.encoder import RecurrentEncoder, RecurrentLayer, embed, in_place, pack, unpack
from nlp_rnn.weights import Weights
from tests.runtime.models import VOCAB, model, texts


def outputs(config: ModelConfig, weights: Weights, rows: list[list[int]]) -> NDArray[np.float32]:
    """The last layer's output at every step, forward half first; zero behind a text's end: (B, T, F)."""
    batch = pad(rows, pad_id=0)
    packed = pack(batch.ids_BT, batch.lengths_B)
    encoder = RecurrentEncoder(config, weights)
    outputs_DNH = encoder.read(*embed(weights["embedding.weight"], packed), packed)
    return unpack(outputs_DNH, packed, batch.ids_BT.shape)


def textbook(config: ModelConfig, weights: Weights, ids: list[int], number: int = 0) -> NDArray[np.float64]:
    """One bidirectional layer over one text, step by step: (T, F)."""
    x_TE = weights["embedding.weight"][ids].astype(np.float64)
    halves = []
    for direction, order in (("fwd", 1), ("bwd", -1)):
        prefix = f"encoder.layers.{number}.{direction}."
        W_xh, W_hh, b_xh, b_hh = (
            weights[prefix + name].astype(np.float64)
            for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        )
        h_1H = c_1H = np.zeros((1, config.hidden_size))
        states = []
        for x_E in x_TE[::order]:
            if config.cell == "rnn":
                h_1H = rnn_step(x_E[None], h_1H, W_xh, W_hh, b_xh + b_hh)
            elif config.cell == "gru":
                h_1H = gru_step(x_E[None], h_1H, W_xh, W_hh, b_xh, b_hh)
            else:
                h_1H, c_1H = lstm_step(x_E[None], h_1H, c_1H, W_xh, W_hh, b_xh + b_hh)
            states.append(h_1H[0])
        halves.append(np.stack(states[::order]))
    return np.concatenate(halves, axis=-1)


@pytest.mark.parametrize("cell", CELLS)
def test_the_textbook_steps_are_torchs_cells(cell: str) -> None:
    torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
    module = {"rnn": torch.nn.RNNCell, "gru": torch.nn.GRUCell, "lstm": torch.nn.LSTMCell}[cell](
        4, 3
    ).double()
    rng = np.random.default_rng(0)
    x_BE, h_BH, c_BH = rng.normal(size=(2, 4)), rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    W_xh, W_hh, b_xh, b_hh = (weight.detach().numpy() for weight in module.parameters())
    x, h, c = (torch.from_numpy(array) for array in (x_BE, h_BH, c_BH))
    if cell == "lstm":
        expected = torch.stack(module(x, (h, c))).detach().numpy()
        found = np.stack(lstm_step(x_BE, h_BH, c_BH, W_xh, W_hh, b_xh + b_hh))
    else:
        expected = module(x, h).detach().numpy()
        step = {"rnn": rnn_step, "gru": gru_step}[cell]
        biases = (b_xh + b_hh,) if cell == "rnn" else (b_xh, b_hh)
        found = step(x_BE, h_BH, W_xh, W_hh, *biases)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("count", [1, 3, 30])
def test_the_fast_form_is_the_textbooks_step_by_step(cell: str, count: int) -> None:
    config, weights = model(cell=cell)
    rows = texts(count, longest=12)
    outputs_BTF = outputs(config, weights, rows)
    for outputs_TF, row in zip(outputs_BTF, rows, strict=True):
        expected_TF = textbook(config, weights, row)
        np.testing.assert_allclose(outputs_TF[: len(row)], expected_TF, rtol=0, atol=2e-6)
        assert not outputs_TF[len(row) :].any()


def test_a_long_text_keeps_to_the_textbook() -> None:
    config, weights = model(hidden_size=3)
    row = texts(1, longest=1)[0] * 3 + np.random.default_rng(1).integers(0, VOCAB, 1500).tolist()
    outputs_BTF = outputs(config, weights, [row, row[:2]])
    np.testing.assert_allclose(outputs_BTF[0], textbook(config, weights, row), rtol=0, atol=5e-6)


def test_a_layer_runs_alone_on_given_inputs() -> None:
    config, weights = model(bidirectional=False)
    packed = pack(np.array([[3, 4, 0], [5, 6, 7]]), np.array([2, 3]))
    layer = RecurrentLayer(config, weights, "encoder.layers.0.")
    every_N = np.arange(5)
    outputs_NF = in_place(layer.run(weights["embedding.weight"][packed.ids_N], every_N, packed), packed)
    outputs_BTF = outputs(config, weights, [[3, 4], [5, 6, 7]])
    np.testing.assert_array_equal(outputs_NF, outputs_BTF[packed.order_B[packed.text_N], packed.step_N])


def test_the_last_word_moves_the_backward_state_at_the_first_and_not_the_forward_one() -> None:
    config, weights = model()
    rows = [[1, 2, 3, 4], [5, 6], [7, 8, 9]]
    before_BTF = outputs(config, weights, rows)
    after_BTF = outputs(config, weights, [[*row[:-1], 10] for row in rows])
    moved_BF = np.abs(after_BTF - before_BTF)[:, 0]
    assert not moved_BF[:, :6].any()
    assert moved_BF[:, 6:].min() > 0
