"""The classifier in ONNX Runtime: its graph, written from our own weights, its folder, the engine."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.onnx.engine import OnnxEngine as OnnxEngine
    from nlp_rnn.onnx.exporting import export_folder as export_folder
    from nlp_rnn.onnx.exporting import read_graph as read_graph
    from nlp_rnn.onnx.graph import build_graph as build_graph

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "graph": ["build_graph"],
        "exporting": ["export_folder", "read_graph"],
        "engine": ["OnnxEngine"],
    },
)
