"""``history.jsonl``: its best epoch, and as a picture, loss and validation figures over the epochs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nlp_rnn.errors import DataError
from nlp_rnn.figure import new_figure, save_figure


def read_history(path: str | Path) -> list[dict[str, Any]]:
    """Return the epochs of a run, oldest first.

    Raises:
        DataError: If the file is missing or a line is no JSON.
    """
    path = Path(path)
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no training history: {error}") from None


def best_epoch(epochs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the epoch whose weights a run keeps: the first of those with the highest choice or score."""
    return max(epochs, key=lambda row: row["validation"].get("choice", row["validation"]["score"]))


def plot_history(epochs: Sequence[dict[str, Any]], path: str | Path) -> Path:
    """Draw losses (left) and the other validation figures (right) against the epoch; returns the PNG's path.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    figure = new_figure(9, 3.6)
    left, right = figure.subplots(1, 2)
    number = [row["epoch"] for row in epochs]
    left.plot(number, [row["train_loss"] for row in epochs], marker="o", label="training")
    left.set(title="loss", xlabel="epoch", ylabel="nats")
    for name in [each for each in epochs[0]["validation"] if each != "choice"] if epochs else ():
        axes, label = (left, "validation") if name == "loss" else (right, name)
        axes.plot(number, [row["validation"][name] for row in epochs], marker="o", label=label)
    right.set(title="validation", xlabel="epoch")
    for axes in (left, right):
        if axes.has_data():
            axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        axes.locator_params(axis="x", integer=True)
    return save_figure(figure, path)
