"""What several commands share: the options that name a model, and where their words go.

Answers go to standard output; everything else (progress, notes, errors) to standard error, so that
a pipe carries answers alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console
    from rich.progress import Progress

    from nlp_rnn.sentiment.classifier import SentimentClassifier

COLOURS = {"negative": "red", "neutral": "yellow", "positive": "green"}
CHUNK = 1024  # texts answered at once

Model = Annotated[
    str | None,
    typer.Option("--model", help="A saved model folder; without it, the model that comes with the package."),
]
Engine = Annotated[str, typer.Option("--engine", help="What computes: auto, numpy or torch.")]
TextColumn = Annotated[str, typer.Option("--text-column", help="The column that holds the texts.")]
LabelColumn = Annotated[str, typer.Option("--label-column", help="The column that holds the labels.")]
OnError = Annotated[str, typer.Option("--on-error", help="What to do with a bad row: stop or skip.")]


def load_model(model: str | None, engine: str = "auto") -> SentimentClassifier:
    """The model that ``--model`` and ``--engine`` name."""
    from nlp_rnn.sentiment.classifier import SentimentClassifier

    return SentimentClassifier.from_pretrained(model, engine=engine)


def say(message: str) -> None:
    """A note for the person at the terminal."""
    typer.echo(message, err=True)


def console() -> Console:
    """A rich console on standard output."""
    from rich.console import Console

    return Console(highlight=False)


def progress_bar(*columns: str) -> Progress:
    """A bar on standard error that vanishes when done; silent where that is no terminal.

    Args:
        columns: Formats of what stands right of the bar, e.g. ``"{task.fields[loss]:.3f}"``.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *map(TextColumn, columns),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def write_json(value: Any, path: Path) -> None:
    """One JSON document in a file."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def load_texts(
    source: str, text_column: str, label_column: str, on_error: str
) -> tuple[list[str], list[str]]:
    """Labelled texts of a file, a folder or a named corpus."""
    raise NotImplementedError


def predict_with_bar(classifier: SentimentClassifier, texts: Sequence[str]) -> NDArray[np.float32]:
    """Probabilities of many texts, *shape (N, C)*, with a bar."""
    import numpy as np

    parts = []
    with progress_bar("{task.completed:,} of {task.total:,} texts") as bar:
        task = bar.add_task("", total=len(texts))
        for start in range(0, len(texts), CHUNK):
            parts.append(classifier.predict_proba(texts[start : start + CHUNK]))
            bar.advance(task, len(parts[-1]))
    return np.concatenate(parts) if parts else classifier.predict_proba([])
