"""``nlp-rnn export``: a classifier for other runtimes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nlp_rnn.cli.options import Model
from nlp_rnn.cli.output import say


def export(
    onnx: Annotated[
        Path, typer.Option(help="Write the model here, with its ONNX graph.", show_default=False)
    ],
    model: Model = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="In whole numbers: smaller, faster, a little less exact.")
    ] = False,
) -> None:
    """Write a classifier's folder with an ONNX graph, for --engine onnx and other programs."""
    from nlp_rnn.folder import FILES, GRAPH, OPTIONAL_FILES
    from nlp_rnn.hub import model_folder
    from nlp_rnn.onnx.exporting import export_folder
    from nlp_rnn.resources import SENTIMENT_MODEL

    source = SENTIMENT_MODEL if model is None else model_folder(model, files=(*FILES, *OPTIONAL_FILES))
    folder = export_folder(source, onnx, int8=int8)
    kind, size = "int8" if int8 else "float32", (folder / GRAPH).stat().st_size / 1e6
    say(f"{folder / GRAPH}: {kind}, {size:.3g} MB; use it: --model {folder} --engine onnx")
