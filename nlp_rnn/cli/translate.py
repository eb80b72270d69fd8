"""``nlp-rnn translate``: translations of texts from the command line, a file of any length, or a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nlp_rnn.cli.loading import given_texts, layout_of
from nlp_rnn.cli.options import (
    MODEL,
    OUTPUT,
    Delimiter,
    Encoding,
    FileColumn,
    InputFormat,
    NoHeader,
    OnError,
    Quoting,
    TextFile,
    Texts,
)
from nlp_rnn.cli.output import print_json, say, say_notes, say_skipped
from nlp_rnn.errors import InputError

if TYPE_CHECKING:
    from nlp_rnn.files.texts import Record, TextReader
    from nlp_rnn.translation.result import Translation
    from nlp_rnn.translation.translator import Translator

_CHUNK = 256  # texts translated at once
_NAMED = 10  # rows named in a note at most
Reject = Callable[[int, str], None]


def translate(
    *,
    texts: Texts = None,
    file: TextFile = None,
    column: FileColumn = None,
    input_format: InputFormat = "auto",
    delimiter: Delimiter = None,
    quoting: Quoting = "auto",
    encoding: Encoding = "auto",
    no_header: NoHeader = False,
    on_error: OnError = "raise",
    model: Annotated[Path, typer.Option(help="A saved translator's folder.", rich_help_panel=MODEL)],
    beam: Annotated[
        int, typer.Option(help="Candidates followed at once; 1: greedy.", rich_help_panel=MODEL)
    ] = 5,
    length_penalty: Annotated[
        float, typer.Option(help="0 favours short translations.", rich_help_panel=MODEL)
    ] = 1.0,
    output: Annotated[
        Path | None,
        typer.Option(
            help="A CSV, TSV, JSONL or text file for the rows, with the column translation.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print a JSON array with pieces, score and attention.", rich_help_panel=OUTPUT
        ),
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Draw the attention for a single text (.png, .svg, .pdf; extra: plot).",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
) -> None:
    """Translate sentences, one a line."""
    from nlp_rnn.files.rows import Complaints
    from nlp_rnn.files.texts import Record, read_texts
    from nlp_rnn.translation.translator import Translator

    given = given_texts(texts, file, column, to="translate")
    if given is None and (plot is not None or as_json):
        raise InputError("--plot and --json are for texts on the command line: leave out --file")
    if plot is not None and given is not None and len(given) != 1:
        raise InputError("--plot draws one translation: give a single text")
    if as_json and output is not None:
        raise InputError("--json prints to standard output: leave out --output")
    translator = Translator.from_pretrained(model)
    if given is not None:
        complaints = Complaints(on_error)
        records = (Record(number, text, {"text": text}) for number, text in enumerate(given, 1))
        answers = _answers(
            translator,
            records,
            lambda row, reason: complaints.add(f"text {row}: {reason}"),
            beam,
            length_penalty,
        )
        _show(answers, output, as_json, plot)
        if complaints.skipped:
            say_skipped(complaints.skipped, complaints.reasons)
        return
    layout = layout_of(delimiter, quoting, encoding, no_header)
    with read_texts(
        file or Path("-"), column=column, format=input_format, on_error=on_error, layout=layout
    ) as reader:
        say_notes(reader.notes)
        answers = _answers(translator, reader, reader.reject, beam, length_penalty)
        _write(answers, output, source=file, reader=reader)
        if reader.skipped:
            say_skipped(reader.skipped, reader.reasons)


def _answers(
    translator: Translator, records: Iterable[Record], reject: Reject, beam: int, length_penalty: float
) -> Iterator[tuple[Record, Translation]]:
    """Yield each record with its translation, in order; texts that are too long are rejected."""
    records = iter(records)
    while chunk := list(islice(records, _CHUNK)):
        wrong = translator.unreadable([record.text for record in chunk])
        for place, reason in wrong.items():
            reject(chunk[place].row, f"the text {reason}")
        chunk = [record for place, record in enumerate(chunk) if place not in wrong]
        texts = [record.text for record in chunk]
        yield from zip(
            chunk, translator.translations(texts, beam=beam, length_penalty=length_penalty), strict=True
        )


def _show(
    answers: Iterator[tuple[Record, Translation]], output: Path | None, as_json: bool, plot: Path | None
) -> None:
    """Show the translations of texts on the command line: as a picture, as JSON, or as lines."""
    listed = list(answers)
    if plot is not None and listed:
        say(f"Picture: {listed[0][1].plot(plot)}")
    if as_json:
        print_json([translation.to_dict() for _, translation in listed])
        _say_cut([record.row for record, translation in listed if translation.cut])
    else:
        _write(listed, output)


def _write(
    answers: Iterable[tuple[Record, Translation]],
    output: Path | None,
    *,
    source: Path | None = None,
    reader: TextReader | None = None,
) -> None:
    """Write lines to standard output, or rows to a file; say which translations were cut."""
    cut: list[int] = []
    if output is None:
        for record, translation in answers:
            typer.echo(translation.text)
            cut += [record.row] if translation.cut else []
    else:
        from nlp_rnn.files.texts import write_records

        with write_records(
            output,
            source=source,
            reject=None if reader is None else reader.reject,
            like=None if reader is None else reader.rows,
            added=["translation"],
        ) as out:
            for record, translation in answers:
                out.add(record, {"translation": translation.text})
                cut += [record.row] if translation.cut else []
        say(f"Translated {out.written:,} texts: {output}")
    _say_cut(cut)


def _say_cut(rows: Sequence[int]) -> None:
    """Say which translations are not whole."""
    if rows:
        listed = ", ".join(f"{row:,}" for row in rows[:_NAMED]) + (", ..." if len(rows) > _NAMED else "")
        say(f"{len(rows):,} cut at […], as they repeated themselves or found no end: {listed}")
