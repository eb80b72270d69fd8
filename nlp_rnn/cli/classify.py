"""``nlp-rnn classify``: labels for texts on the command line, in a file of any length, or from a pipe.

Reads, answers and writes some hundred texts at a time, so that a file of any length needs the same memory.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from nlp_rnn.cli.loading import given_texts, load_model
from nlp_rnn.cli.options import (
    DATA,
    OUTPUT,
    Device,
    Engine,
    FileColumn,
    Model,
    OnError,
    TextFile,
    Texts,
    Threads,
)
from nlp_rnn.cli.output import say, say_skipped
from nlp_rnn.cli.progress import progress_bar
from nlp_rnn.errors import InputError

if TYPE_CHECKING:
    from nlp_rnn.files.texts import Record, TextReader
    from nlp_rnn.sentiment.classifier import Sentiment, SentimentClassifier

Answers: TypeAlias = "Iterator[tuple[Record, Sentiment]]"

LABEL_COLOURS = {"negative": "red", "neutral": "yellow", "positive": "green"}
# A chunk ends at so many texts or so many characters.
CHUNK_TEXTS, CHUNK_CHARACTERS = 1024, 2**22


def classify(
    texts: Texts = None,
    file: TextFile = None,
    column: FileColumn = None,
    input_format: Annotated[
        str,
        typer.Option(help="csv, tsv, jsonl, txt, parquet or auto: by the name.", rich_help_panel=DATA),
    ] = "auto",
    on_error: OnError = "raise",
    output: Annotated[
        Path | None,
        typer.Option(help="Where to write; standard output if left out.", rich_help_panel=OUTPUT),
    ] = None,
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
    model: Model = None,
    engine: Engine = "auto",
    device: Device = "cpu",
    threads: Threads = None,
) -> None:
    """Label texts: given here, in a file, or one a line through a pipe."""
    from nlp_rnn.files.texts import Record, read_texts

    if as_json and (output is not None or output_format != "auto"):
        raise InputError(
            "--json prints an array to standard output; for a file use --output with --format jsonl"
        )
    given = given_texts(texts, file, column, to="classify")
    if given is not None:
        records = (Record(number, text, {"text": text}) for number, text in enumerate(given, 1))
        answers = _answers(load_model(model, engine, device, threads), records)
        _show(answers, output, output_format, as_json, prefix=prefix)
        return
    source = file or Path("-")
    with read_texts(source, column=column, format=input_format, on_error=on_error) as reader:
        if output is None and output_format == "auto":
            output_format = reader.rows.format if reader.rows.format != "parquet" else "csv"
        answers = _answers(load_model(model, engine, device, threads), _with_bar(reader))
        _show(answers, output, output_format, as_json, prefix=prefix, source=source, reject=reader.reject)
        if reader.skipped:
            say_skipped(reader.skipped, reader.reasons)


def _answers(classifier: SentimentClassifier, records: Iterable[Record]) -> Answers:
    """Yield each record with its answer, in order."""
    for chunk in _chunks(records):
        for record, probs_C in zip(chunk, classifier.predict_proba([r.text for r in chunk]), strict=True):
            yield record, classifier.sentiment(probs_C)


def _chunks(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield the records in lists of bounded size."""
    chunk: list[Record] = []
    characters = 0
    for record in records:
        chunk.append(record)
        characters += len(record.text)
        if len(chunk) >= CHUNK_TEXTS or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


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
    output: Path | None,
    output_format: str,
    as_json: bool,
    *,
    prefix: str | None,
    source: Path | None = None,
    reject: Callable[[int, str], None] | None = None,
) -> None:
    """Write answers as they come: as one JSON array, as lines to read, or as rows of a file."""
    if as_json:
        _print_array(answers)
    elif output is None and output_format == "auto":
        for record, sentiment in answers:
            label = typer.style(f"{sentiment.label:<8}", fg=LABEL_COLOURS.get(sentiment.label))
            typer.echo(f"{label}  {sentiment.score:.2f}  {' '.join(record.text.split())}")
    else:
        from nlp_rnn.files.texts import write_records

        target = output or "-"
        with write_records(target, format=output_format, source=source, prefix=prefix, reject=reject) as out:
            for record, sentiment in answers:
                polarity = None if math.isnan(sentiment.polarity) else sentiment.polarity
                out.write(record, label=sentiment.label, score=sentiment.score, polarity=polarity)
        if output is not None:
            say(f"Labelled {out.written:,} texts: {output}")


def _print_array(answers: Answers) -> None:
    """Print ``[{"label": ..., "score": ...}, ...]`` as the answers come."""
    typer.echo("[", nl=False)
    for number, (_, sentiment) in enumerate(answers):
        answer = json.dumps({"label": sentiment.label, "score": sentiment.score}, ensure_ascii=False)
        typer.echo((",\n " if number else "") + answer, nl=False)
    typer.echo("]")
