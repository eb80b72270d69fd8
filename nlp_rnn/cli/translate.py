"""``nlp-rnn translate``: translations of texts from the command line, a file of any length, or a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
    from nlp_rnn.files.rows import RowReader
    from nlp_rnn.files.texts import Record
    from nlp_rnn.translation.result import Translation
    from nlp_rnn.translation.translator import Translator

_CHUNK = 256  # texts translated at once


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
        found = translator.translations(given, beam=beam, length_penalty=length_penalty)
        if plot is not None:
            say(f"Picture: {found[0].plot(plot)}")
        if as_json:
            print_json([translation.to_dict() for translation in found])
        else:
            records = (Record(number, text, {"text": text}) for number, text in enumerate(given, 1))
            _write(zip(records, found, strict=True), output)
        return
    layout = layout_of(delimiter, quoting, encoding, no_header)
    with read_texts(
        file or Path("-"), column=column, format=input_format, on_error=on_error, layout=layout
    ) as reader:
        say_notes(reader.notes)
        answers = _answers(translator, reader, beam, length_penalty)
        _write(answers, output, source=file, like=reader.rows)
        if reader.skipped:
            say_skipped(reader.skipped, reader.reasons)


def _answers(
    translator: Translator, records: Iterable[Record], beam: int, length_penalty: float
) -> Iterator[tuple[Record, Translation]]:
    """Yield each record with its translation, in order."""
    records = iter(records)
    while chunk := list(islice(records, _CHUNK)):
        texts = [record.text for record in chunk]
        yield from zip(
            chunk, translator.translations(texts, beam=beam, length_penalty=length_penalty), strict=True
        )


def _write(
    answers: Iterable[tuple[Record, Translation]],
    output: Path | None,
    *,
    source: Path | None = None,
    like: RowReader | None = None,
) -> None:
    """Write lines to standard output, or rows to a file."""
    if output is None:
        for _, translation in answers:
            typer.echo(translation.text)
        return
    from nlp_rnn.files.texts import write_records

    count = 0
    with write_records(output, source=source, like=like, added=["translation"]) as out:
        for record, translation in answers:
            out.add(record, {"translation": translation.text})
            count += 1
    say(f"Translated {count:,} texts: {output}")
