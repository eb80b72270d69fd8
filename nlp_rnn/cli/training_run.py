"""The parts that the five training commands share: checks before a run, its bar, its end, its curves.

Knows the folder of a run; knows no model and no texts.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_rnn.cli.output import say
from nlp_rnn.cli.progress import training_bar
from nlp_rnn.errors import InputError, TrainingWarning, one_of, require

if TYPE_CHECKING:
    from nlp_rnn.training.loop import Progress


SHAPE = "cell embedding_dim hidden_size num_layers bidirectional tokenizer vocab_size max_tokens mend_typos"
"""The options of a new model that one to start from brings along."""


def check_run(output: Path, dtype: str = "float32") -> None:
    """Refuse, before the training, what could not be written after it.

    Raises:
        MissingExtraError: If a package that training needs is missing.
        ArtifactError, InputError: If the run or its model cannot be written to ``output``.
        ConfigError: If weights cannot be saved as ``dtype``.
    """
    from nlp_rnn.folder import check_destination
    from nlp_rnn.weights import DTYPES

    for module in ("torch", "accelerate", "matplotlib"):
        require(module, extra="train")
    check_destination(output / "model")
    if output.exists() and not output.is_dir():
        raise InputError(f"{output} is a file: name a folder for the run")
    one_of("dtype", dtype, DTYPES)


@contextmanager
def run_with_bar(output: Path, resume: bool, unit: str) -> Iterator[Callable[[Progress], None]]:
    """Show a bar for a training run, as the callback that moves it; say how a stopped run goes on.

    What the library warns of meanwhile is said as a note.
    """
    if resume and not _has_checkpoint(output):
        say(f"{output} holds no checkpoint to go on from: the training begins anew")
    try:
        with training_bar(unit) as progress, notes_said():
            yield progress
    except KeyboardInterrupt:
        way_on = f"go on with: --output {output} --resume"
        say(f"Stopped; {way_on if _has_checkpoint(output) else 'there is no checkpoint yet'}")
        raise


@contextmanager
def notes_said() -> Iterator[None]:
    """Say each ``TrainingWarning`` as a note for the person at the terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", TrainingWarning)
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, TrainingWarning):
                say(f"Note: {message}")
            else:
                shown(message, category, *place, **more)

        warnings.showwarning = show
        yield


def report_curves(output: Path) -> tuple[str, dict[str, float]]:
    """Draw the curves of the run in ``output``; return its best epoch in words, and its figures."""
    from nlp_rnn.training.curves import best_epoch, plot_history, read_history

    history = read_history(output / "history.jsonl")
    say(f"Curves: {plot_history(history, output / 'curves.png')}")
    best = best_epoch(history)
    return f"Best epoch {best['epoch']} of {len(history)}", best["validation"]


def _has_checkpoint(folder: Path) -> bool:
    from nlp_rnn.training.checkpoint import latest

    return latest(folder) is not None
