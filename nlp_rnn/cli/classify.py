"""``nlp-rnn classify``: labels for texts on the command line, in a file of any length, or from a pipe.

Reads, answers and writes some hundred texts at a time, so that a file of any length needs the same memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from nlp_rnn.cli.loading import given_texts, layout_of, load_model
from nlp_rnn.cli.options import (
    OUTPUT,
    Delimiter,
    Device,
    Encoding,
    Engine,
    FileColumn,
    InputFormat,
    Model,
    NoHeader,
    OnError,
    Quoting,
    Texts,
    Threads,
)
from nlp_rnn.cli.output import say, say_notes, say_skipped, to_json
from nlp_rnn.cli.progress import progress_bar
from nlp_rnn.cli.runner import (
    BlockRows,
    FileOrFiles,
    FileOrFolder,
    ResumeRun,
    Workers,
    classify_into_folder,
    names_folder,
    refuse_several,
)
from nlp_rnn.errors import InputError

if TYPE_CHECKING:
    from nlp_rnn.files.texts import Record, TextReader
    from nlp_rnn.sentiment.classifier import Sentiment, SentimentClassifier

Answers: TypeAlias = "Iterator[tuple[Record, Sentiment | None]]"

LABEL_COLOURS = {"negative": "red", "neutral": "yellow", "positive": "green"}


def classify(
    ctx: typer.Context,
    texts: Texts = None,
    file: FileOrFiles = None,
    column: FileColumn = None,
    input_format: InputFormat = "auto",
    delimiter: Delimiter = None,
    quoting: Quoting = "auto",
    encoding: Encoding = "auto",
    no_header: NoHeader = False,
    on_error: OnError = "raise",
    output: FileOrFolder = None,
    output_format: Annotated[
        str,
        typer.Option("--format", help="csv, tsv, jsonl, txt or auto: by the name.", rich_help_panel=OUTPUT),
    ] = "auto",
    as_json: Annotated[
        bool,
        typer.Option("--json", help='Print [{"label": ..., "score": ...}, ...].', rich_help_panel=OUTPUT),
    ] = False,
    prefix: Annotated[
        str | None,
        typer.Option(
            help="Put before the added columns; by default predicted_ where they would clash.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    abstain: Annotated[
        float | None,
        typer.Option(
            help="Answer unsure, so that about this share of the other answers is wrong, e.g. 0.05; adds the "
            "columns language and unknown_share.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    model: Model = None,
    engine: Engine = "auto",
    device: Device = "cpu",
    threads: Threads = None,
    workers: Workers = None,
    resume: ResumeRun = False,
    block_rows: BlockRows = 8192,
) -> None:
    """Label texts: given here, in a file or many, or one a line through a pipe."""
    from nlp_rnn.files.texts import Record, read_texts

    layout = layout_of(delimiter, quoting, encoding, no_header)
    if output is not None and names_folder(output):
        classify_into_folder(ctx, file, output, locals(), resume=resume)
        return
    refuse_several(ctx, file)
    if as_json and (output is not None or output_format != "auto"):
        raise InputError(
            "--json prints an array to standard output; for a file use --output with --format jsonl"
        )
    given = given_texts(texts, file, column, to="classify")
    if given is not None:
        records = (Record(number, text, {"text": text}) for number, text in enumerate(given, 1))
        classifier = load_model(model, engine, device, threads)
        added = _added(classifier, abstain)
        _show(
            _answers(classifier, records, abstain), output, output_format, as_json, prefix=prefix, added=added
        )
        return
    source = file or Path("-")
    with read_texts(source, column=column, format=input_format, on_error=on_error, layout=layout) as reader:
        say_notes(reader.notes)
        if output is None and output_format == "auto":
            output_format = reader.rows.format if reader.rows.format != "parquet" else "csv"
        classifier = load_model(model, engine, device, threads)
        blank = _show(
            _answers(classifier, _with_bar(reader), abstain, skip_blank=True),
            output,
            output_format,
            as_json,
            prefix=prefix,
            added=_added(classifier, abstain),
            source=source,
            reader=reader,
        )
        if blank:
            say(f"{blank:,} {'row has' if blank == 1 else 'rows have'} no text, and so no label")
        if reader.skipped:
            say_skipped(reader.skipped, reader.reasons)


def _added(classifier: SentimentClassifier, abstain: float | None) -> list[str]:
    """Return the names of the columns that an answer adds."""
    from nlp_rnn.classification.columns import added_columns

    return added_columns(classifier.artifact.classes, abstain=abstain is not None)


def _answers(
    classifier: SentimentClassifier,
    records: Iterable[Record],
    abstain: float | None,
    *,
    skip_blank: bool = False,
) -> Answers:
    """Yield each record with its answer, in order; with ``skip_blank``, one without a text has none."""
    from nlp_rnn.classification.columns import in_chunks

    for chunk in in_chunks(records, lambda record: len(record.text)):
        texts = [record.text for record in chunk if not (skip_blank and record.blank)]
        found: Iterator[Sentiment]
        if abstain is None:
            found = map(classifier.sentiment, classifier.predict_proba(texts))
        else:
            found = iter(classifier.classify_many(texts, abstain=abstain))
        for record in chunk:
            yield record, None if skip_blank and record.blank else next(found)


def _with_bar(reader: TextReader) -> Iterator[Record]:
    """Yield the reader's records, with a bar that shows how much of the file has been read."""
    with progress_bar("{task.fields[texts]:,} texts") as bar:
        task = bar.add_task("Classifying", total=None, texts=0)
        for number, record in enumerate(reader, 1):
            yield record
            if number % 64 == 0:
                share = reader.progress
                bar.update(task, texts=number, completed=share or 0, total=None if share is None else 1)


def _show(
    answers: Answers,
    output: str | None,
    output_format: str,
    as_json: bool,
    *,
    prefix: str | None,
    added: Sequence[str],
    source: Path | None = None,
    reader: TextReader | None = None,
) -> int:
    """Write answers as they come: as one JSON array, as lines to read, or as rows of a file.

    Returns:
        How many records have no answer.
    """
    if as_json:
        return _print_array(answers)
    if output is None and output_format == "auto":
        return _print_lines(answers)
    from nlp_rnn.files.texts import write_records

    blank = 0
    with write_records(
        output or "-",
        format=output_format,
        source=source,
        prefix=prefix,
        reject=None if reader is None else reader.reject,
        like=None if reader is None else reader.rows,
        added=added,
    ) as out:
        for record, sentiment in answers:
            blank += sentiment is None
            out.add(record, _columns(sentiment, added))
    if output is not None:
        say(f"Labelled {out.written - blank:,} texts: {output}")
    return blank


def _columns(sentiment: Sentiment | None, added: Sequence[str]) -> dict[str, str | float | None]:
    """Return the columns that an answer adds; without an answer they are empty."""
    if sentiment is None:
        return dict.fromkeys(added)
    from nlp_rnn.classification.columns import row_of

    found = row_of(
        _label(sentiment), sentiment.score, sentiment.polarity, sentiment.language, sentiment.unknown_share
    )
    return {name: found[name] for name in added}


def _label(sentiment: Sentiment) -> str:
    """Return what is answered: a class, or ``unsure``."""
    from nlp_rnn.classification.abstention import UNSURE

    return UNSURE if sentiment.unsure else sentiment.label


def _print_lines(answers: Answers) -> int:
    """Print label, score and text, a line each; return how many have no answer."""
    blank = 0
    for record, sentiment in answers:
        blank += sentiment is None
        name, score = ("", "") if sentiment is None else (_label(sentiment), f"{sentiment.score:.2f}")
        label = typer.style(f"{name:<8}", fg=LABEL_COLOURS.get(name))
        typer.echo(f"{label}  {score:<4}  {' '.join(record.text.split())}".rstrip())
    return blank


def _print_array(answers: Answers) -> int:
    """Print ``[{"label": ..., "score": ...}, ...]`` as the answers come; return how many are null."""
    typer.echo("[", nl=False)
    blank = 0
    for number, (_, sentiment) in enumerate(answers):
        blank += sentiment is None
        answer = to_json({"label": None, "score": None} if sentiment is None else _scored(sentiment))
        typer.echo((",\n " if number else "") + answer, nl=False)
    typer.echo("]")
    return blank


def _scored(sentiment: Sentiment) -> dict[str, str | float]:
    """Return an answer in the form of a Hugging Face pipeline."""
    return {"label": _label(sentiment), "score": sentiment.score}
