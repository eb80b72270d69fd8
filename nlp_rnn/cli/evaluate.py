"""``nlp-rnn evaluate``: the quality of a model's answers to labelled texts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nlp_rnn.cli.loading import LabelledOptions, load_model, predict_with_bar, split_names
from nlp_rnn.cli.options import (
    DATA,
    OUTPUT,
    AsJson,
    Delimiter,
    Device,
    Encoding,
    Engine,
    InputFormat,
    LabelColumn,
    LabelledData,
    LabelMap,
    Model,
    NoHeader,
    OnError,
    Plot,
    Quoting,
    TextColumn,
    Threads,
    Treebank,
    from_options,
)
from nlp_rnn.cli.output import check_files, console, print_json, say
from nlp_rnn.errors import InputError

if TYPE_CHECKING:
    from nlp_rnn.metrics import Scores


def evaluate(
    data: LabelledData,
    classes: Annotated[
        str | None,
        typer.Option(
            help="Measure these classes alone, e.g. negative,positive; other texts are left out.",
            rich_help_panel=DATA,
        ),
    ] = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = "label",
    label_map: LabelMap = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="The part of a named corpus or a folder; by default test (sst2: validation).",
            rich_help_panel=DATA,
        ),
    ] = None,
    treebank: Treebank = False,
    input_format: InputFormat = "auto",
    delimiter: Delimiter = None,
    quoting: Quoting = "auto",
    encoding: Encoding = "auto",
    no_header: NoHeader = False,
    on_error: OnError = "raise",
    model: Model = None,
    engine: Engine = "auto",
    device: Device = "cpu",
    threads: Threads = None,
    as_json: AsJson = False,
    plot: Plot = None,
    curve: Annotated[
        Path | None,
        typer.Option(
            help="Draw here how many answers are wrong when only the surest are given.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
) -> None:
    """Measure accuracy, macro-F1, macro-recall, calibration and confusions (extra: train).

    Answered at 5 % wrong: the share of the texts that could be answered, the surest first, with at most 5 %
    of these answers wrong.
    """
    options = locals()
    from nlp_rnn.files.named import NAMED
    from nlp_rnn.metrics import evaluate as score

    check_files(plot=plot)
    check_files(plot=curve)
    classifier = load_model(model, engine, device, threads)
    known = classifier.classes_.tolist()
    only = _chosen(classes, known)
    part = split or (NAMED[data].test if data in NAMED and not Path(data).exists() else "test")
    texts, labels = from_options(LabelledOptions, options).load(data, split=part)
    if only is not None:
        kept = [i for i, label in enumerate(labels) if label in only]
        if len(kept) < len(labels):
            say(f"Left out {len(labels) - len(kept):,} texts of other classes")
        texts, labels = [texts[i] for i in kept], [labels[i] for i in kept]
    unknown = sorted(set(labels) - set(known))
    if unknown:
        raise InputError(
            f"{data} has the label {unknown[0]!r}, and the model answers {', '.join(known)}: "
            "say what it means with --label-map, or choose among the labels with --classes"
        )
    scores = score(labels, predict_with_bar(classifier, texts), known, only=only)
    if plot is not None:
        say(f"Picture: {scores.plot(plot)}")
    if curve is not None:
        say(f"Picture: {scores.curve.plot(curve)}")
    if as_json:
        print_json(scores.to_dict())
    else:
        _show(scores)


def _show(scores: Scores) -> None:
    """Print the figures, and how often each class was answered as each other."""
    from rich.table import Table

    figures = Table(show_header=False, box=None)
    figures.add_row("texts", f"{scores.n:,}")
    for name in ("accuracy", "macro_f1", "macro_recall", "ece"):
        figures.add_row(name.replace("_", "-"), f"{getattr(scores, name):.4f}")
    figures.add_row("answered at 5 % wrong", f"{scores.curve.coverage_at(0.05):.4f}")
    confusion = Table("right class", *(f"answered {name}" for name in scores.classes), "precision", "recall")
    for c, name in enumerate(scores.classes):
        counts = (f"{count:,}" for count in scores.confusion[c])
        shares = (
            "-" if math.isnan(share) else f"{share:.3f}" for share in (scores.precision[c], scores.recall[c])
        )
        confusion.add_row(name, *counts, *shares)
    console().print(figures, confusion)


def _chosen(classes: str | None, known: list[str]) -> list[str] | None:
    """Return the classes that ``--classes`` names, or None for all."""
    only = split_names(classes)
    if only is None:
        return None
    unknown = [name for name in only if name not in known]
    if unknown:
        raise InputError(f"--classes names {unknown[0]!r}, and the model answers {', '.join(known)}")
    if len(only) < 2 or len(set(only)) < len(only):
        raise InputError(
            f"--classes should name at least two of {', '.join(known)}, each once; got {classes}"
        )
    return only
