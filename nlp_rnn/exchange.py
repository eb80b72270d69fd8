"""Weights from one library to another: the reference's, torch's and Keras 3's recurrent layers.

The differences between them that are handled here:

- Keras stores a matrix transposed: (inputs, gates).
- Keras orders the GRU's gates z, r, n where torch has r, z, n; the LSTM's are i, f, g, o in both.
- torch has two biases everywhere, Keras one for RNN and LSTM; only their sum counts. Its GRU has two, like
  torch's, if ``reset_after=True`` (its default), and one if not: a form that torch does not have.
- torch stacks layers and directions in one module; Keras has a layer object for each, and ``Bidirectional``.

Knows weights; runs nothing. torch needs the extra ``train``, Keras the extra ``keras``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nlp_rnn.errors import InputError, MissingExtraError, require
from nlp_rnn.reference import Array, CellWeights, Network

if TYPE_CHECKING:
    from torch import Tensor, nn

_TORCH = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}
_KERAS = {"rnn": "SimpleRNN", "gru": "GRU", "lstm": "LSTM"}
_DTYPES = ("float16", "float32", "float64")
_PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def from_torch(module: nn.RNNBase) -> Network:
    """Return the weights of a ``torch.nn.RNN``, ``GRU`` or ``LSTM``, copied, in its dtype.

    Types that NumPy lacks, such as bfloat16, become float32, which holds their values exactly.

    Raises:
        InputError: If it is another module, an RNN with ReLU, an LSTM with projections, or has no weights yet
            (on the device ``meta``), or complex ones.
        MissingExtraError: If torch is not installed.
    """
    torch = require("torch", extra="train")
    cell = next((name for name, kind in _TORCH.items() if isinstance(module, getattr(torch.nn, kind))), None)
    if cell is None:
        raise InputError(f"from_torch takes a torch.nn.RNN, GRU or LSTM, not {type(module).__name__}")
    if module.mode == "RNN_RELU" or module.proj_size:
        raise InputError("from_torch takes tanh cells without projections: nonlinearity='tanh', proj_size=0")

    def weights(suffix: str) -> CellWeights:
        names = _PARAMETERS if module.bias else _PARAMETERS[:2]
        arrays = [_array_of(torch, getattr(module, name + suffix)) for name in names]
        no_bias = np.zeros(arrays[0].shape[0], arrays[0].dtype)
        return CellWeights(*arrays, *([] if module.bias else [no_bias, no_bias.copy()]))

    suffixes = ("", "_reverse")[: 1 + module.bidirectional]
    layers = range(module.num_layers)
    return Network(cell, tuple(tuple(weights(f"_l{n}{suffix}") for suffix in suffixes) for n in layers))


def _array_of(torch: Any, tensor: Tensor) -> Array:
    """Return a weight as an array of its own."""
    if tensor.is_meta or not tensor.is_floating_point():
        what = "no values (device meta)" if tensor.is_meta else f"values of {tensor.dtype}"
        raise InputError(
            f"from_torch takes layers of real numbers, and this one has {what}: load its weights first"
        )
    if tensor.dtype not in (torch.float16, torch.float32, torch.float64):
        tensor = tensor.float()
    array: Array = tensor.detach().cpu().numpy().copy()
    return array


def to_torch(network: Network, *, batch_first: bool = False) -> nn.RNNBase:
    """Return a ``torch.nn.RNN``, ``GRU`` or ``LSTM`` with these weights, in their dtype.

    Raises:
        InputError: If torch has no such type (the weights are float16, float32 or float64), or no such
            equations: a GRU with ``reset_after=False``.
        MissingExtraError: If torch is not installed.
    """
    torch = require("torch", extra="train")
    dtype = network.layers[0][0].W_xh.dtype.newbyteorder("=")
    if dtype.name not in _DTYPES:
        raise InputError(f"to_torch takes weights of {', '.join(_DTYPES)}, and these are {dtype}: use astype")
    if not network.reset_after:
        raise InputError(
            "torch has no GRU with reset_after=False, whose r comes before the product with W_hn"
        )
    # An empty layer draws no random numbers, so that the caller's stay as they are.
    module: nn.RNNBase = getattr(torch.nn, _TORCH[network.cell])(
        network.input_size,
        network.hidden_size,
        len(network.layers),
        batch_first=batch_first,
        bidirectional=network.directions == 2,
        dtype=getattr(torch, dtype.name),
        device="meta",
    ).to_empty(device="cpu")
    state = {}
    for number, layer in enumerate(network.layers):
        for weights, suffix in zip(layer, ("", "_reverse"), strict=False):
            for name, array in zip(_PARAMETERS, weights, strict=True):
                state[f"{name}_l{number}{suffix}"] = torch.tensor(np.array(array, dtype, order="C"))
    module.load_state_dict(state)
    return module


def from_keras(layers: Any) -> Network:
    """Return the weights of Keras 3 recurrent layers, copied; bfloat16 becomes float32.

    Args:
        layers: A ``SimpleRNN``, ``GRU`` or ``LSTM`` layer, one of these in ``Bidirectional``, a sequence of
            them, or a ``Sequential`` of nothing else; built.

    Returns:
        A network that gives the same outputs. One bias where torch has two becomes the first of them.

    Raises:
        InputError: If a layer is another kind, has other activations, reads backwards, or is not built; if
            the layers are of several kinds.
        MissingExtraError: If Keras or its back end is not installed.
    """
    keras = _keras()
    if isinstance(layers, keras.Sequential):
        layers = layers.layers
    listed = list(layers) if isinstance(layers, Sequence) else [layers]
    kinds, found = set(), []
    for layer in listed:
        halves = [layer]
        if isinstance(layer, keras.layers.Bidirectional):
            if layer.merge_mode != "concat":
                raise InputError(f"Bidirectional should merge by 'concat', not {layer.merge_mode!r}")
            halves = [layer.forward_layer, layer.backward_layer]
        elif getattr(layer, "go_backwards", False):
            raise InputError("a layer that only reads backwards has no like in torch: use Bidirectional")
        kinds |= {(_keras_cell(keras, half), getattr(half, "reset_after", True)) for half in halves}
        found.append(tuple(_from_keras_layer(_keras_cell(keras, half), half) for half in halves))
    if len(kinds) != 1:
        names = [cell + " with reset_after=False" * (not after) for cell, after in sorted(kinds)]
        raise InputError(f"from_keras takes layers of one kind, not {', '.join(names) or 'none'}")
    cell, reset_after = kinds.pop()
    return Network(cell, tuple(found), reset_after)


def to_keras(network: Network) -> Any:
    """Return a ``keras.Sequential`` with these weights that gives the outputs of every step.

    It takes (B, T, E) and gives (B, T, F). The two biases of RNN and LSTM, and of a GRU with
    ``reset_after=False``, are added up.

    Raises:
        MissingExtraError: If Keras or its back end is not installed.
    """
    keras = _keras()
    make = getattr(keras.layers, _KERAS[network.cell])
    form = {"reset_after": network.reset_after} if network.cell == "gru" else {}
    dtype = str(network.layers[0][0].W_xh.dtype)
    model = keras.Sequential([keras.Input((None, network.input_size), dtype=dtype)])
    for layer in network.layers:
        one = make(network.hidden_size, return_sequences=True, dtype=dtype, **form)
        two = network.directions == 2
        model.add(keras.layers.Bidirectional(one, dtype=dtype) if two else one)
        arrays = [array for weights in layer for array in _to_keras_arrays(network, weights)]
        model.layers[-1].set_weights(arrays)
    return model


def _keras() -> Any:
    """Return the module Keras.

    Raises:
        MissingExtraError: If it, or the back end it is set to, is not installed.
    """
    try:
        return require("keras", extra="keras")
    except ModuleNotFoundError as error:
        if isinstance(error, MissingExtraError):
            raise
        raise MissingExtraError(
            f"Keras is set to a back end that is not installed ({error.name}): set KERAS_BACKEND=torch "
            "before Python starts, or install that back end"
        ) from None


def _keras_cell(keras: Any, layer: Any) -> str:
    """Return the name of a Keras layer's cell.

    Raises:
        InputError: If the reference has no such cell.
    """
    cell = next((c for c, kind in _KERAS.items() if isinstance(layer, getattr(keras.layers, kind))), None)
    if cell is None:
        raise InputError(f"from_keras takes SimpleRNN, GRU and LSTM layers, not {type(layer).__name__}")
    activations = keras.activations
    gates = getattr(layer, "recurrent_activation", activations.sigmoid)
    if layer.activation is not activations.tanh or gates is not activations.sigmoid:
        raise InputError(f"{layer.name} should have the activations tanh and, in its gates, sigmoid")
    if not layer.built:
        raise InputError(f"{layer.name} has no weights yet: call its build, or use it once")
    return cell


def _from_keras_layer(cell: str, layer: Any) -> CellWeights:
    kernel, recurrent, *bias = (_plain(np.array(array)) for array in layer.get_weights())
    b_xh = b_hh = np.zeros(kernel.shape[1], kernel.dtype)
    if bias:
        b_xh, b_hh = bias[0] if bias[0].ndim == 2 else (bias[0], b_hh)
    return CellWeights(*(np.array(_gates(cell, array)) for array in (kernel.T, recurrent.T, b_xh, b_hh)))


def _plain(array: Array) -> Array:
    """Return an array of one of NumPy's own types: Keras gives bfloat16 in one of another library."""
    return array if array.dtype.name in _DTYPES else array.astype(np.float32)


def _to_keras_arrays(network: Network, weights: CellWeights) -> list[Array]:
    W_xh, W_hh, b_xh, b_hh = (_gates(network.cell, array) for array in weights)
    two_biases = network.cell == "gru" and network.reset_after
    return [W_xh.T, W_hh.T, np.stack([b_xh, b_hh]) if two_biases else b_xh + b_hh]


def _gates(cell: str, array: Array) -> Array:
    """Return the gates in the other library's order; for the GRU the first two change places."""
    if cell != "gru":
        return array
    first, second, candidate = np.split(array, 3)
    return np.concatenate([second, first, candidate])
