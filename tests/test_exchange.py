"""Weights go between the reference, torch and Keras, and the outputs stay the same."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn.config import CELLS
from nlp_rnn.errors import InputError
from nlp_rnn.exchange import from_torch, to_torch
from nlp_rnn.reference import initialise, run
from nlp_rnn.weights import embedding_weights

ROOT = Path(__file__).parent.parent


def test_torchs_weights_come_and_go() -> None:
    torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
    x_TBE = np.random.default_rng(0).normal(size=(5, 2, 3)).astype(np.float32)
    for cell, num_layers, bidirectional in itertools.product(("RNN", "GRU", "LSTM"), (1, 3), (False, True)):
        module = getattr(torch.nn, cell)(3, 4, num_layers, bidirectional=bidirectional)
        network = from_torch(module)
        with torch.no_grad():
            expected = module(torch.from_numpy(x_TBE))[0].numpy()
        np.testing.assert_allclose(run(network, x_TBE).outputs_TBF, expected, rtol=0, atol=1e-5)
        back = to_torch(network)
        assert back.state_dict().keys() == module.state_dict().keys()
        assert all(
            torch.equal(tensor, module.state_dict()[name]) for name, tensor in back.state_dict().items()
        )


def test_torch_layers_without_biases_get_zeros() -> None:
    torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
    network = from_torch(torch.nn.GRU(3, 4, bias=False))
    assert not network.layers[0][0].b_xh.any()
    assert not network.layers[0][0].b_hh.any()


@pytest.mark.parametrize("name", ["bfloat16", "float16", "float64", "float8_e4m3fn"])
@pytest.mark.parametrize("bias", [True, False])
def test_torch_layers_of_any_type_are_taken(name: str, bias: bool) -> None:
    """bfloat16 and float8, which NumPy lacks, as float32, exactly."""
    torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
    module = torch.nn.LSTM(3, 4, 2, bias=bias, bidirectional=True).to(getattr(torch, name))
    network = from_torch(module)
    own = name if name in ("float16", "float64") else "float32"
    assert {array.dtype.name for layer in network.layers for each in layer for array in each} == {own}
    found = network.layers[1][1].W_hh
    np.testing.assert_array_equal(found, module.weight_hh_l1_reverse.detach().double().numpy())
    assert run(network, np.ones((5, 2, 3), own)).outputs_TBF.dtype == own
    back = to_torch(network)
    np.testing.assert_array_equal(back.weight_hh_l1_reverse.detach().numpy(), found)


def test_torch_layers_however_they_lie_in_memory() -> None:
    torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
    module = torch.nn.GRU(4, 4)
    expected = module.weight_ih_l0.detach().clone()
    module.weight_ih_l0 = torch.nn.Parameter(expected.t().contiguous().t())
    assert not module.weight_ih_l0.is_contiguous()
    torch.nn.utils.parametrizations.weight_norm(module, "weight_hh_l0")
    network = from_torch(module)
    np.testing.assert_array_equal(network.layers[0][0].W_xh, expected.numpy())
    np.testing.assert_allclose(network.layers[0][0].W_hh, module.weight_hh_l0.detach().numpy())


@pytest.mark.parametrize("lie", ["backwards", "columns", "big-endian", "read-only", "longdouble", "int64"])
def test_networks_however_they_lie_in_memory_go_to_torch(lie: str) -> None:
    torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
    ways = {
        "backwards": lambda array: array[::-1],
        "columns": np.asfortranarray,
        "big-endian": lambda array: array.astype(">f8"),
        "read-only": lambda array: array.view(),
    }
    network = initialise("lstm", 3, 4)
    (weights,) = network.layers[0]
    turned = type(weights)(*(ways.get(lie, lambda array: array.astype(lie))(array) for array in weights))
    if lie == "read-only":
        for array in turned:
            array.flags.writeable = False
    network = type(network)("lstm", ((turned,),))
    if lie in ("longdouble", "int64"):
        with pytest.raises(InputError, match="float16, float32, float64, and these are"):
            to_torch(network)
        return
    found = to_torch(network)
    assert found.weight_ih_l0.dtype == torch.float64
    np.testing.assert_array_equal(found.weight_ih_l0.detach().numpy(), turned.W_xh)


def test_torch_layers_without_values_are_refused() -> None:
    torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
    with pytest.raises(InputError, match="no values"):
        from_torch(torch.nn.GRU(3, 4, device="meta"))


def test_vectors_may_be_a_tensor_of_any_type() -> None:
    torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
    vectors = torch.nn.Parameter(torch.ones(2, 3, dtype=torch.bfloat16))
    found = embedding_weights(vectors, (2, 3))["embedding.weight"]  # type: ignore[arg-type]
    np.testing.assert_array_equal(found, np.ones((2, 3), np.float32))


def test_making_a_torch_layer_leaves_the_callers_random_numbers_alone() -> None:
    torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    to_torch(initialise("lstm", 3, 4))
    assert torch.equal(torch.rand(3), expected)


def test_a_network_shares_no_memory_with_what_it_was_taken_from() -> None:
    torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
    module = torch.nn.GRU(3, 4)
    network = from_torch(module)
    before = network.layers[0][0].W_xh.copy()
    with torch.no_grad():
        module.weight_ih_l0.zero_()
    np.testing.assert_array_equal(network.layers[0][0].W_xh, before)


def test_torch_layers_of_other_equations_are_refused() -> None:
    torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
    for module, message in (
        (torch.nn.Linear(3, 4), "RNN, GRU or LSTM, not Linear"),
        (torch.nn.RNN(3, 4, nonlinearity="relu"), "nonlinearity='tanh'"),
        (torch.nn.LSTM(3, 4, proj_size=2), "proj_size=0"),
    ):
        with pytest.raises(InputError, match=message):
            from_torch(module)
    with pytest.raises(InputError, match="torch has no GRU with reset_after=False"):
        to_torch(replace(initialise("gru", 3, 4), reset_after=False))


# Keras takes its back end from the environment when it is imported, so each back end gets a process.
KERAS = """
import itertools, json, sys
import numpy as np, keras
from nlp_rnn.errors import InputError
from nlp_rnn.exchange import from_keras, to_keras
from nlp_rnn.reference import initialise, run

assert keras.backend.backend() == sys.argv[1]
x_TBE = np.random.default_rng(0).normal(size=(5, 2, 3)).astype(np.float32)
worst = dict.fromkeys(("to", "from", "masked", "round"), 0.0)

def keep(name, found, expected):
    worst[name] = max(worst[name], float(np.abs(np.asarray(found) - np.asarray(expected)).max()))

def answer(model, x_TBE):
    return keras.ops.convert_to_numpy(model(x_TBE.swapaxes(0, 1))).swapaxes(0, 1)

def compare_masked(network, model):
    # A row of 4 steps and one of 2, the rest masked: each as if it were alone.
    padded_TBE = x_TBE.copy()
    padded_TBE[4:, 0] = padded_TBE[2:, 1] = 0
    masked = keras.Sequential([keras.Input((None, 3)), keras.layers.Masking(), *model.layers])
    found = answer(masked, padded_TBE)
    for row, length in enumerate((4, 2)):
        keep("masked", found[:length, row], run(network, x_TBE[:length, [row]]).outputs_TBF[:, 0])

FORMS = (("rnn", {}), ("gru", {}), ("gru", {"reset_after": False}), ("lstm", {}))
for (cell, form), num_layers, both in itertools.product(FORMS, (1, 2, 3), (False, True)):
    network = initialise(cell, 3, 4, num_layers=num_layers, bidirectional=both, seed=1)
    layers = [[type(w)(*(a.astype(np.float32) for a in w)) for w in layer] for layer in network.layers]
    network = type(network)(cell, tuple(map(tuple, layers)), **form)
    model = to_keras(network)
    keep("to", run(network, x_TBE).outputs_TBF, answer(model, x_TBE))
    keep("round", run(from_keras(model), x_TBE).outputs_TBF, run(network, x_TBE).outputs_TBF)

    make = {"rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[cell]
    rng = np.random.default_rng(2)
    fresh = keras.Sequential([keras.Input((None, 3))])
    for _ in range(num_layers):
        one = make(4, return_sequences=True, **form)
        fresh.add(keras.layers.Bidirectional(one) if both else one)
    fresh.set_weights([rng.normal(size=array.shape) for array in fresh.get_weights()])  # biases are not zero
    keep("from", run(from_keras(fresh), x_TBE).outputs_TBF, answer(fresh, x_TBE))
    compare_masked(from_keras(fresh), fresh)

refused = []
built = keras.layers.LSTM(4)
built.build((None, None, 3))
mixed = [keras.layers.GRU(4, reset_after=after) for after in (True, False)]
for layer in mixed:
    layer.build((None, None, 4))
for layer in (
    mixed, keras.layers.LSTM(4, activation="relu"), keras.layers.LSTM(4),
    keras.layers.LSTM(4, go_backwards=True), keras.layers.Dense(3),
    keras.layers.Bidirectional(keras.layers.LSTM(4), merge_mode="sum"), [],
):
    try:
        from_keras(layer)
    except InputError as error:
        refused.append(str(error))
half = keras.layers.LSTM(4, dtype="bfloat16", recurrent_initializer="ones")  # torch has no QR of it
half.build((None, None, 3))
half_type = str(from_keras(half).layers[0][0].W_xh.dtype)
unbiased = keras.layers.GRU(4, use_bias=False)
unbiased.build((None, None, 3))
unbiased_bias = bool(from_keras(unbiased).layers[0][0].b_hh.any())
found = {"worst": worst, "refused": refused, "bias": unbiased_bias, "units": from_keras(built).hidden_size,
         "half": half_type}
print(json.dumps(found))
"""


@pytest.mark.parametrize("backend", ["torch", pytest.param("tensorflow", marks=pytest.mark.slow)])
def test_keras_weights_come_and_go(backend: str, tmp_path: Path) -> None:
    for package, extra in (("keras", "keras"), (backend, {"torch": "train"}.get(backend, backend))):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"the extra [{extra}] is not installed")
    done = subprocess.run(
        [sys.executable, "-c", KERAS, backend],
        env={**os.environ, "KERAS_BACKEND": backend, "KERAS_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert max(found["worst"].values()) < 1e-5, found["worst"]
    assert found["units"] == 4
    assert found["bias"] is False
    assert found["half"] == "float32"
    words = (
        "one kind, not gru with reset_after=False, gru",
        "activations tanh",
        "no weights yet",
        "Bidirectional",
        "not Dense",
        "concat",
        "none",
    )
    assert len(found["refused"]) == len(words)
    for said, word in zip(found["refused"], words, strict=True):
        assert word in said


def test_a_missing_back_end_of_keras_is_named(tmp_path: Path) -> None:
    if importlib.util.find_spec("keras") is None:
        pytest.skip("the extra [keras] is not installed")
    if importlib.util.find_spec("tensorflow") is not None:
        pytest.skip("tensorflow is installed")
    code = "from nlp_rnn.exchange import from_keras; from_keras([])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "KERAS_BACKEND": "tensorflow",
            "KERAS_HOME": str(tmp_path),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert "MissingExtraError: Keras is set to a back end that is not installed (tensorflow)" in done.stderr


@pytest.mark.parametrize("cell", CELLS)
def test_initial_weights_are_in_torchs_bounds(cell: str) -> None:
    network = initialise(cell, 3, 16, num_layers=2, bidirectional=True, seed=0)
    values = np.concatenate([array.ravel() for layer in network.layers for each in layer for array in each])
    assert 0.2 < np.abs(values).max() <= 0.25
