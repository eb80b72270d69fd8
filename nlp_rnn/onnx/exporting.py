"""A classifier's folder with its ONNX graph: ``model.onnx``, and ``onnx.json``, which says of which weights.

The folder keeps all files of the model, so that one folder serves every engine. Knows folders; how a graph
looks is ``graph.py``'s.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nlp_rnn.artifact import TextArtifact, load
from nlp_rnn.config import ModelConfig
from nlp_rnn.errors import ArtifactError
from nlp_rnn.folder import CARD, CONFIG, GRAPH, GRAPH_FACTS, WEIGHTS, check_destination, replace_folder
from nlp_rnn.onnx.graph import OPSET, PRECISION, build_graph

FORMAT = 1
TASKS = ("sentiment", "classification", "check-worthiness")
_KEYS = ("format", PRECISION, "opset", "weights", "sha256")


def export_folder(source: str | Path, folder: str | Path, *, int8: bool = False) -> Path:
    """Write a classifier's folder with its graph beside the model.

    Args:
        source: The folder of a classifier.
        folder: Where; it may be ``source`` itself.
        int8: Word vectors and recurrent weights in whole numbers, LSTM alone: a quarter of the size, and
            probabilities that differ by about 0.001.

    Returns:
        The folder's absolute path.

    Raises:
        ArtifactError: If ``source`` holds no classifier, or ``folder`` something else than this model.
        ConfigError: If ONNX has no such model.
        MissingExtraError: If the extra ``export`` is not installed.
    """
    folder = check_destination(folder)
    artifact: TextArtifact[ModelConfig] = load(source, tasks=TASKS)  # type: ignore[assignment]
    if (folder / WEIGHTS).is_file() and _digest(folder / WEIGHTS) != artifact.read_from:
        raise ArtifactError(
            f"{folder} holds another model than {source}: choose a new folder, or name this one as the model"
        )
    graph = build_graph(artifact.config, artifact.weights, int8=int8)
    facts = {
        "format": FORMAT,
        PRECISION: "int8" if int8 else "float32",
        "opset": OPSET,
        "weights": artifact.read_from,
        "sha256": hashlib.sha256(graph).hexdigest(),
    }
    # The files as they are, not as this version would write them: the model's fingerprint stays.
    files = {name: (Path(source) / name).read_bytes() for name in (CONFIG, CARD, *artifact.hashed())}
    files |= {GRAPH: graph, GRAPH_FACTS: (json.dumps(facts, indent=2) + "\n").encode()}
    return replace_folder(folder, files)


def read_graph(folder: Path, weights: str) -> bytes | None:
    """Return the content of a folder's ``model.onnx``; None if it has none.

    Args:
        folder: The model's folder.
        weights: SHA-256 of the weights that the graph should be of.

    Raises:
        ArtifactError: If the graph is of another format or other weights, or was changed.
    """
    if not (folder / GRAPH).is_file():
        return None
    graph = (folder / GRAPH).read_bytes()
    problem = _problem(_facts(folder / GRAPH_FACTS), graph, weights)
    if problem:
        raise ArtifactError(
            f"{GRAPH} in {folder} cannot be used: {problem}; write it again: "
            f"nlp-rnn export --onnx {folder} --model {folder}"
        )
    return graph


def _digest(file: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _problem(facts: Mapping[str, Any], graph: bytes, weights: str) -> str:
    """Return why a graph with these facts is none of these weights' model; empty if it is."""
    if not facts:
        return f"{GRAPH_FACTS} is missing or damaged"
    if facts.get("format") != FORMAT:
        return f"it has format {facts.get('format')!r} and this version reads {FORMAT}"
    if set(facts) != set(_KEYS):
        return f"the keys of {GRAPH_FACTS} should be {', '.join(_KEYS)}"
    if facts["weights"] != weights:
        return "it was made from other weights than the folder's"
    if facts["sha256"] != hashlib.sha256(graph).hexdigest():
        return f"it is truncated or was changed (it does not match its checksum in {GRAPH_FACTS})"
    return ""


def _facts(file: Path) -> Mapping[str, Any]:
    """Return what is known of a graph; nothing where the file is missing or damaged."""
    try:
        facts = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}
