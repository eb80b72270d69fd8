"""Checkpoints: tensors as safetensors and state as JSON, written whole or not at all.

Randomness needs no saving: the training loop derives it from the seed and the step number.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load, save_file
from torch import Tensor

from nlp_rnn.errors import TrainingError

_PREFIX = "checkpoint-"


@dataclass(frozen=True)
class Checkpoint:
    """The tensors and the state from which training goes on as if it had never stopped."""

    step: int
    tensors: dict[str, Tensor]
    state: dict[str, Any]


def save(folder: Path, checkpoint: Checkpoint) -> None:
    """Write ``folder/checkpoint-STEP`` and drop older ones.

    The files are written and flushed under another name, then renamed, so a kill at any time leaves
    either the old checkpoint or the new one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"{_PREFIX}{checkpoint.step:09d}"
    partial = folder / f".{final.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    save_file(
        {name: tensor.contiguous() for name, tensor in checkpoint.tensors.items()},
        partial / "tensors.safetensors",
    )
    (partial / "state.json").write_text(
        json.dumps({"step": checkpoint.step, **checkpoint.state}), encoding="utf-8", newline="\n"
    )
    for path in partial.iterdir():
        with path.open("r+b") as file:  # Windows flushes only what may be written
            os.fsync(file.fileno())
    if final.exists():
        shutil.rmtree(final)
    partial.rename(final)
    for older in _all(folder)[:-1]:
        shutil.rmtree(older, ignore_errors=True)  # one that another program reads goes next time


def latest(folder: Path) -> Checkpoint | None:
    """Return the newest complete checkpoint in a folder, or None.

    Raises:
        TrainingError: If it cannot be read.
    """
    found = _all(folder)
    if not found:
        return None
    try:
        state = json.loads((found[-1] / "state.json").read_text(encoding="utf-8"))
        # As bytes: Windows lets no file go that is mapped into memory.
        tensors = load((found[-1] / "tensors.safetensors").read_bytes())
    except Exception as error:  # safetensors has its own exception type, JSON another
        raise TrainingError(
            f"checkpoint {found[-1]} cannot be read ({error}): delete it to start anew"
        ) from None
    return Checkpoint(state.pop("step"), tensors, state)


def _all(folder: Path) -> list[Path]:
    """Return the folder's complete checkpoints, oldest first."""
    found = sorted(folder.glob(f"{_PREFIX}{'[0-9]' * 9}")) if folder.is_dir() else []
    return [path for path in found if (path / "state.json").is_file()]
