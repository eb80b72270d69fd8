"""What several commands share: the options that name a model, and where their words go.

Answers go to standard output; everything else (progress, notes, errors) to standard error, so that
a pipe carries answers alone.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nlp_rnn.errors import InputError, NlpRnnError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console
    from rich.progress import Progress as Bar

    from nlp_rnn.sentiment.classifier import SentimentClassifier
    from nlp_rnn.training.loop import Progress

COLOURS = {"negative": "red", "neutral": "yellow", "positive": "green"}
CHUNK = 1024  # texts answered at once
_LINE_SECONDS = 60  # between two lines of a training without a terminal

Model = Annotated[
    str | None,
    typer.Option("--model", help="A saved model folder; without it, the model that comes with the package."),
]
Engine = Annotated[str, typer.Option("--engine", help="What computes: auto, numpy or torch.")]
Device = Annotated[str, typer.Option("--device", help="Where torch computes, e.g. cuda; for --engine torch.")]
TextColumn = Annotated[
    str | None,
    typer.Option("--text-column", help="The column of the texts; by default text, or the only one."),
]
LabelColumn = Annotated[str, typer.Option("--label-column", help="The column of the labels.")]
LabelMap = Annotated[
    str | None,
    typer.Option(
        "--label-map", help="Name of every label, e.g. 0=negative,1=positive; 2= leaves label 2 out."
    ),
]
Split = Annotated[str, typer.Option("--split", help="The part of a named corpus or a folder.")]
Treebank = Annotated[
    bool, typer.Option("--treebank", help="The texts are Treebank tokens, as in SST: join them.")
]
OnError = Annotated[str, typer.Option("--on-error", help="At a bad row: raise (stop there) or skip it.")]


def load_model(model: str | None, engine: str = "auto", device: str = "cpu") -> SentimentClassifier:
    """The model that ``--model``, ``--engine`` and ``--device`` name."""
    from nlp_rnn.sentiment.classifier import SentimentClassifier

    return SentimentClassifier.from_pretrained(model, engine=engine, device=device)


def say(message: str) -> None:
    """A note for the person at the terminal."""
    typer.echo(message, err=True)


def run_script(command: Callable[..., None]) -> None:
    """A script's function as a command line; an error the user can mend is one sentence, and code 2."""
    try:
        typer.run(command)
    except NlpRnnError as error:
        say(f"Error: {error}")
        raise SystemExit(2) from None


def say_skipped(count: int, reasons: Sequence[str]) -> None:
    """How many bad rows were left out, and what was wrong with the first."""
    say(f"Skipped {count:,} bad rows, the first of them: {'; '.join(reasons)}")


def console(*, stderr: bool = False) -> Console:
    """A rich console on standard output, or on standard error for what is no answer."""
    from rich.console import Console

    return Console(highlight=False, stderr=stderr)


def progress_bar(*columns: str) -> Bar:
    """A bar on standard error that vanishes when done; silent where that is no terminal.

    Args:
        columns: Formats of what stands right of the bar, e.g. ``"{task.fields[loss]:.3f}"``.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    silent = not sys.stderr.isatty()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *map(TextColumn, columns),
        TimeRemainingColumn(),
        console=Console(stderr=True, quiet=silent),
        transient=True,
        disable=silent,
    )


@contextmanager
def training_bar(unit: str) -> Iterator[Callable[[Progress], None]]:
    """A bar for a training, as the callback that moves it; ``unit`` of its rate, e.g. ``tokens/s``.

    Where standard error is no terminal, such as the log of a long run, a line every minute.
    """
    with progress_bar("loss {task.fields[loss]}", f"{{task.fields[rate]}} {unit}") as bar:
        task = bar.add_task("epoch 1", total=None, loss="-", rate="-")
        due = time.monotonic() + _LINE_SECONDS

        def show(now: Progress) -> None:
            nonlocal due
            if bar.disable and time.monotonic() >= due:
                due = time.monotonic() + _LINE_SECONDS
                say(
                    f"epoch {now.epoch + 1}, step {now.step:,} of {now.total_steps:,}: loss {now.loss:.3f}, "
                    f"{now.tokens_per_second:,.0f} {unit}, {now.seconds_left / 60:.0f} minutes left"
                )
            bar.update(
                task,
                description=f"epoch {now.epoch + 1}",
                completed=now.step,
                total=now.total_steps,
                loss=f"{now.loss:.3f}",
                rate=f"{now.tokens_per_second:,.0f}",
            )

        yield show


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def write_json(value: Any, path: Path) -> None:
    """One JSON document in a file."""
    write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", path)


def check_files(*paths: Path | None, plot: Path | None = None) -> None:
    """Refuse files that cannot be written: before the work, not after it."""
    from nlp_rnn.figure import check_name
    from nlp_rnn.files.texts import check_target

    for path in (*paths, plot):
        if path is not None:
            check_target(path)
    if plot is not None:
        check_name(plot)


def write_text(text: str, path: Path) -> None:
    """A text in a UTF-8 file, half characters (lone surrogates) replaced."""
    path.write_text(text, encoding="utf-8", errors="replace")


def load_labelled(
    source: str,
    *,
    text_column: str | None,
    label_column: str,
    label_map: str | None,
    split: str,
    treebank: bool,
    on_error: str,
    classes: list[str] | None = None,
) -> tuple[list[str], list[str]]:
    """Texts and labels of a file, a folder or a named corpus; with ``classes``, these and no others."""
    from nlp_rnn.files.labelled import NAMED, load_corpus
    from nlp_rnn.text.sentences import detokenize_treebank

    corpus = load_corpus(
        source,
        text_column=text_column,
        label_column=None if source in NAMED and label_column == "label" else label_column,
        label_map=None if label_map is None else _label_map(label_map),
        split=split,
        on_error=on_error,
        classes=classes,
    )
    if corpus.labels is None:
        raise InputError(f"{corpus.name} has no labels: name their column with --label-column")
    if corpus.skipped:
        say_skipped(corpus.skipped, corpus.reasons)
    texts = [detokenize_treebank(text) for text in corpus.texts] if treebank else corpus.texts
    return texts, corpus.labels


def given_texts(
    texts: list[str] | None, file: Path | None, column: str | None, *, to: str
) -> list[str] | None:
    """The texts on the command line, or None if a file or a pipe is to be read; ``to`` says what for.

    Raises:
        InputError: If there are both texts and a file, or there is nothing at all.
    """
    if texts and texts != ["-"]:
        if file is not None or column is not None:
            raise InputError("give texts, or --file with --column, not both")
        return texts
    if file is None and not texts and sys.stdin.isatty():
        raise InputError(f"there is nothing to {to}: give texts, --file FILE, or pipe one text a line")
    return None


def load_texts(sources: Sequence[str], column: str | None, on_error: str) -> list[str]:
    """The texts of files, and of the files in folders, that are not empty; labels are not read."""
    from nlp_rnn.files.texts import read_texts

    texts: list[str] = []
    for file in [file for source in sources for file in _files(source)]:
        with read_texts(file, column=column, on_error=on_error) as reader:
            texts += [record.text for record in reader if record.text.strip()]
        if reader.skipped:
            say_skipped(reader.skipped, reader.reasons)
    return texts


def _files(source: str) -> list[Path]:
    """The file itself, or all files of texts in a folder and its folders, by name."""
    from nlp_rnn.files.rows import format_of

    path = Path(source)
    if not path.is_dir():
        return [path]
    found = []
    for file in sorted(path.rglob("*")):
        try:
            if file.is_file() and format_of(file):
                found.append(file)
        except InputError:
            continue
    if not found:
        raise InputError(f"{source} holds no file of texts: CSV, TSV, JSON Lines, Parquet or plain text")
    return found


def split_names(names: str | None) -> list[str] | None:
    """``negative,positive`` as a list."""
    return None if names is None else [name.strip() for name in names.split(",")]


def _label_map(pairs: str) -> dict[str, str | None]:
    """``0=negative,1=positive,2=`` as a dict; an empty name leaves the label out."""
    found: dict[str, str | None] = {}
    for pair in pairs.split(","):
        label, equals, name = (part.strip() for part in pair.partition("="))
        if not equals or not label:
            raise InputError(f"Invalid --label-map part {pair!r}; it should be like 0=negative,1=positive")
        found[label] = name or None
    return found


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
