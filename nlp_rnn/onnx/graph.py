"""The classifier as an ONNX graph, written node by node from our own weights (extra ``export``).

torch's exporter is not used: it writes packed sequences wrongly, and has frozen the number of steps. One
recurrent node per layer reads both directions, and every text to its own length. Knows settings and weights;
knows no folders and no texts.

Shapes: B texts, T steps, E input features, H hidden units per direction, D directions (1 or 2), F features of
both directions (D times H), P pooled features, C classes, G n-grams of the text that has most.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.config import GATES, ModelConfig
from nlp_rnn.errors import ConfigError, require
from nlp_rnn.weights import int8_rows

F32 = NDArray[np.float32]

OPSET: Final = 17
"""The operators' version: the first with LayerNormalization, so that old runtimes read the graph, too."""
PRECISION: Final = "precision"
"""The key under which a graph says ``float32`` or ``int8``."""
_IR_VERSION = 8  # the file format of the time of that opset
_MOST_BYTES = 2**31 - 2**24  # protobuf ends at 2 GiB
_OPERATORS = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}
# Where each gate of ONNX stands in torch's order: iofc in ifgo, and zrh in rzn.
_GATE_ORDER = {"rnn": (0,), "gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}


def build_graph(config: ModelConfig, weights: Mapping[str, F32], *, int8: bool = False) -> bytes:
    """Return a classifier's graph as the content of an ONNX file.

    Its inputs are ``ids`` (B, T) and ``lengths`` (B,), int64, and for a wide path ``wide_rows`` (B, G),
    int64, and ``wide_shares`` (B, G), float32; its output ``logits`` (B, C). ``OnnxEngine`` feeds it.

    Args:
        config: Shape of the model.
        weights: As in ``model.safetensors``.
        int8: Word vectors (with a scale for each) and recurrent weights in whole numbers; the recurrent
            layers' inputs become whole numbers as they come (dynamic quantization).

    Raises:
        ConfigError: If ``int8`` is asked for and the cell is no LSTM, or the weights are too large.
        MissingExtraError: If ``onnx``, or for ``int8`` onnxruntime, is not installed.
    """
    onnx = require("onnx", extra="export")
    if int8 and config.cell != "lstm":
        raise ConfigError(
            f"ONNX Runtime computes LSTMs alone in int8, and this model's cell is {config.cell!r}: "
            "export it without int8"
        )
    size = sum(array.nbytes for array in weights.values())
    if size > _MOST_BYTES:
        raise ConfigError(f"an ONNX file holds 2 GB at most, and these weights are {size / 1e9:.1f} GB")
    graph = _Graph(onnx, weights)
    model = graph.finish(config, _classifier(graph, config, int8=int8))
    if int8:
        model = _quantized(onnx, model)
    onnx.helper.set_model_props(model, {PRECISION: "int8" if int8 else "float32"})
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


class _Graph:
    """Nodes and weights of a graph in the making: each method returns the name of what it adds."""

    def __init__(self, onnx: Any, weights: Mapping[str, F32]) -> None:
        self._onnx, self._weights = onnx, weights
        self._nodes: list[Any] = []
        self._arrays: dict[str, Any] = {}

    def weight(self, name: str) -> str:
        """Add a weight as it is."""
        return self.array(name, self._weights[name])

    def stacked(self, prefix: str, names: tuple[str, ...], config: ModelConfig) -> str:
        """Add weights of both directions in one array, (D, ...), their gates in ONNX's order."""
        order = list(_GATE_ORDER[config.cell])
        both = []
        for direction in ("fwd", "bwd") if config.bidirectional else ("fwd",):
            arrays = [self._weights[f"{prefix}{direction}.{name}"] for name in names]
            # Cut the gates' rows apart, to put them into another order: (G H, ...) as (G, H, ...).
            blocks = [array.reshape(GATES[config.cell], config.hidden_size, -1)[order] for array in arrays]
            both.append(
                np.concatenate([b.reshape(a.shape) for a, b in zip(arrays, blocks, strict=True)], axis=0)
            )
        return self.array(prefix + names[0], np.stack(both))

    def array(self, name: str, array: NDArray[Any]) -> str:
        """Add an array under this name."""
        self._arrays[name] = self._onnx.numpy_helper.from_array(array, name)
        return name

    def embedded(self, ids_TB: str, *, int8: bool) -> str:
        """Add the word vectors of ids, (T, B) -> (T, B, E)."""
        if not int8:
            return self.add("Gather", self.weight("embedding.weight"), ids_TB)
        whole_VE, scale_V = int8_rows(self._weights["embedding.weight"])
        whole_TBE = self.add("Gather", self.array("embedding.whole", whole_VE), ids_TB)
        scale_TB1 = self.add("Gather", self.array("embedding.scale", scale_V[:, None]), ids_TB)
        return self.add("Mul", self.cast(whole_TBE, "FLOAT"), scale_TB1)

    def transposed(self, name: str) -> str:
        """Add a weight as a product from the right wants it."""
        return self.array(name, self._weights[name].T)

    def number(self, value: float, dtype: type = np.float32) -> str:
        """Add a number, a 0-d array."""
        return self.array(f"{dtype.__name__}_{value}", np.array(value, dtype))

    def axes(self, *axes: int) -> str:
        """Add a list of axes."""
        return self.array("axes_" + "_".join(map(str, axes)), np.array(axes, np.int64))

    def cast(self, value: str, to: str) -> str:
        """Add a change of the number type."""
        return self.add("Cast", value, to=getattr(self._onnx.TensorProto, to))

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node, and return the name of its answer."""
        name = f"{operator}_{len(self._nodes)}"
        self._nodes.append(
            self._onnx.helper.make_node(operator, list(inputs), [f"{name}_out"], name, **attributes)
        )
        return f"{name}_out"

    def finish(self, config: ModelConfig, logits: str) -> Any:
        """Return the model whose answer is ``logits``."""
        helper, types = self._onnx.helper, self._onnx.TensorProto
        self._nodes.append(helper.make_node("Identity", [logits], ["logits"], "logits"))
        inputs = [("ids", types.INT64, ("B", "T")), ("lengths", types.INT64, ("B",))]
        if config.wide_rows:
            inputs += [("wide_rows", types.INT64, ("B", "G")), ("wide_shares", types.FLOAT, ("B", "G"))]
        graph = helper.make_graph(
            self._nodes,
            "classifier",
            [helper.make_tensor_value_info(*each) for each in inputs],
            [helper.make_tensor_value_info("logits", types.FLOAT, ("B", config.num_classes))],
            list(self._arrays.values()),
        )
        return helper.make_model(
            graph,
            producer_name="nlp-rnn",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=_IR_VERSION,
        )


def _classifier(graph: _Graph, config: ModelConfig, *, int8: bool) -> str:
    """Add the whole classifier, as ``runtime/classifier.py`` has it; return the logits, (B, C)."""
    # ONNX's recurrent nodes want time outside: turn the ids round, the smallest array that there is.
    ids_TB = graph.add("Transpose", "ids", perm=[1, 0])
    x_TBE = graph.embedded(ids_TB, int8=int8)
    lengths_B = graph.cast("lengths", "INT32")
    for number in range(config.num_layers):
        x_TBE = _layer(graph, config, f"encoder.layers.{number}.", x_TBE, lengths_B)
    pooled_BP = _pooled(graph, config, x_TBE, ids_TB)
    logits_BC = graph.add(
        "Gemm", pooled_BP, graph.weight("output.weight"), graph.weight("output.bias"), transB=1
    )
    return graph.add("Add", logits_BC, _wide(graph)) if config.wide_rows else logits_BC


def _layer(graph: _Graph, config: ModelConfig, prefix: str, x_TBE: str, lengths_B: str) -> str:
    """Add one recurrent layer, (T, B, E) -> (T, B, F)."""
    outputs_TDBH = graph.add(
        _OPERATORS[config.cell],
        x_TBE,
        graph.stacked(prefix, ("weight_ih_l0",), config),
        graph.stacked(prefix, ("weight_hh_l0",), config),
        graph.stacked(prefix, ("bias_ih_l0", "bias_hh_l0"), config),
        lengths_B,
        hidden_size=config.hidden_size,
        direction="bidirectional" if config.bidirectional else "forward",
        # Torch's form of the GRU: the reset gate scales the recurrent product, its bias included.
        **({"linear_before_reset": 1} if config.cell == "gru" else {}),
    )
    # Both directions side by side, as the next layer reads them: 0 keeps an axis as it is.
    outputs_TBDH = graph.add("Transpose", outputs_TDBH, perm=[0, 2, 1, 3])
    outputs_TBF = graph.add(
        "Reshape", outputs_TBDH, graph.array("side_by_side", np.array([0, 0, config.output_dim], np.int64))
    )
    if not config.layer_norm:
        return outputs_TBF
    return graph.add(
        "LayerNormalization",
        outputs_TBF,
        graph.weight(prefix + "norm.weight"),
        graph.weight(prefix + "norm.bias"),
        axis=-1,
        epsilon=1e-5,
    )


def _pooled(graph: _Graph, config: ModelConfig, x_TBF: str, ids_TB: str) -> str:
    """Add the pooling, (T, B, F) -> (B, P); what stands after a text's end takes no part."""
    kind, zero = config.pooling, graph.number(0.0)
    lowest = graph.number(-np.inf)
    # The number of each step, as a column beside which the lengths are a row: (T, 1) and (1, B).
    steps = graph.add("Gather", graph.add("Shape", ids_TB), graph.number(0, np.int64))
    steps_T = graph.add("Range", graph.number(0, np.int64), steps, graph.number(1, np.int64))
    steps_T1 = graph.add("Unsqueeze", steps_T, graph.axes(1))
    lengths_1B = graph.add("Unsqueeze", "lengths", graph.axes(0))
    if kind == "last":
        return _last(graph, config, x_TBF, steps_T1, lengths_1B)
    inside_TB1 = graph.add("Unsqueeze", graph.add("Less", steps_T1, lengths_1B), graph.axes(2))
    if kind == "attention":
        # Score each step by v . tanh(W h + b); minus infinity after a text's end becomes a share of 0.
        hidden_TBF = graph.add("MatMul", x_TBF, graph.transposed("pooling.proj.weight"))
        hidden_TBF = graph.add("Tanh", graph.add("Add", hidden_TBF, graph.weight("pooling.proj.bias")))
        scores_TB1 = graph.add("MatMul", hidden_TBF, graph.transposed("pooling.query.weight"))
        shares_TB1 = graph.add("Softmax", graph.add("Where", inside_TB1, scores_TB1, lowest), axis=0)
        return _sum(graph, graph.add("Mul", x_TBF, shares_TB1))
    parts = []
    if "mean" in kind:
        sums_BF = _sum(graph, graph.add("Where", inside_TB1, x_TBF, zero))
        lengths_B1 = graph.add("Unsqueeze", "lengths", graph.axes(1))
        parts.append(graph.add("Div", sums_BF, graph.cast(lengths_B1, "FLOAT")))
    if "max" in kind:
        inside_TBF = graph.add("Where", inside_TB1, x_TBF, lowest)
        parts.append(graph.add("ReduceMax", inside_TBF, axes=[0], keepdims=0))
    return graph.add("Concat", *parts, axis=-1)


def _last(graph: _Graph, config: ModelConfig, x_TBF: str, steps_T1: str, lengths_1B: str) -> str:
    """Add the last output of each direction in its own order: of the backward one, the first token's."""
    before_1B = graph.add("Sub", lengths_1B, graph.number(1, np.int64))
    is_last_TB1 = graph.add("Unsqueeze", graph.add("Equal", steps_T1, before_1B), graph.axes(2))
    last_BF = _sum(graph, graph.add("Where", is_last_TB1, x_TBF, graph.number(0.0)))
    if not config.bidirectional:
        return last_BF
    first_BF = graph.add("Gather", x_TBF, graph.number(0, np.int64), axis=0)
    half, whole = graph.axes(config.hidden_size), graph.axes(config.output_dim)
    forward_BH = graph.add("Slice", last_BF, graph.axes(0), half, graph.axes(1))
    backward_BH = graph.add("Slice", first_BF, half, whole, graph.axes(1))
    return graph.add("Concat", forward_BH, backward_BH, axis=-1)


def _wide(graph: _Graph) -> str:
    """Add the wide path, a weighted sum over the rows of each text's n-grams: (B, G) -> (B, C)."""
    rows_BGC = graph.add("Gather", graph.weight("wide.weight"), "wide_rows")
    shares_BG1 = graph.add("Unsqueeze", "wide_shares", graph.axes(2))
    return graph.add("ReduceSum", graph.add("Mul", rows_BGC, shares_BG1), graph.axes(1), keepdims=0)


def _sum(graph: _Graph, x_TBF: str) -> str:
    """Add a sum over the steps, (T, B, F) -> (B, F)."""
    return graph.add("ReduceSum", x_TBF, graph.axes(0), keepdims=0)


def _quantized(onnx: Any, model: Any) -> Any:
    """Return the graph with the recurrent layers in whole numbers of 8 bits, each gate's row with a scale."""
    quantization = require("onnxruntime.quantization", extra="export")
    # Our shapes are complete, so there is nothing to prepare; without this mark it would log an advice to.
    onnx.helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    with tempfile.TemporaryDirectory(prefix="nlp-rnn-onnx-") as place:
        file = Path(place) / "int8.onnx"
        # Weights of 7 bits: with 8, sums overflow on processors whose products of bytes have 16 bits.
        quantization.quantize_dynamic(
            model, file, op_types_to_quantize=["LSTM"], per_channel=True, reduce_range=True
        )
        return onnx.load(file)
