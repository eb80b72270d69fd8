"""The files of a model folder, and how a folder is written: wholly, or not at all.

Knows names and bytes; what is in the files, ``artifact.py`` knows.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from nlp_rnn.errors import ArtifactError

CONFIG, TOKENIZER, WEIGHTS, CARD = "config.json", "tokenizer.json", "model.safetensors", "README.md"
FILES = (CONFIG, TOKENIZER, WEIGHTS, CARD)
WORDS = "words.safetensors"
OPTIONAL_FILES = (WORDS,)
"""What only some models have."""
GRAPH, GRAPH_FACTS = "model.onnx", "onnx.json"
GRAPH_FILES = (GRAPH, GRAPH_FACTS)
"""What an exported classifier has besides."""


def check_destination(folder: str | Path) -> Path:
    """Return the folder's absolute path, if a model may be written there: it is new, empty, or holds a model.

    Raises:
        ArtifactError: If it holds something else, or is a file.
    """
    folder = Path(folder).resolve()
    occupied = folder.is_dir() and any(folder.iterdir())
    if (folder.exists() and not folder.is_dir()) or (occupied and not _is_model(folder)):
        raise ArtifactError(f"{folder} exists and is no model folder: choose a new folder, or empty this one")
    return folder


def replace_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write a model's files so that a reader sees the old ones or the new; other files are kept."""
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    try:
        fresh.mkdir(parents=True)
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        if old.exists() and not folder.exists():
            old.rename(folder)
    if old.exists():
        for entry in old.iterdir():
            if entry.name not in (*FILES, *OPTIONAL_FILES, *files):
                entry.rename(folder / entry.name)
        shutil.rmtree(old)
    return folder


def _is_model(folder: Path) -> bool:
    """Return whether a folder holds a model of any format, even a damaged one: what ``save`` may replace."""
    try:
        values = json.loads((folder / CONFIG).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(values, dict) and {"format", "task", "model"} <= values.keys()
