"""``nlp-rnn robustness``: what should not move an answer and does, and edited pairs that are both right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nlp_rnn.cli.loading import layout_of, load_model, load_texts, predict_with_bar
from nlp_rnn.cli.options import (
    DATA,
    Delimiter,
    Device,
    Encoding,
    Engine,
    InputFormat,
    JsonFile,
    LabelColumn,
    Model,
    NoHeader,
    OnError,
    Quoting,
    TextColumn,
    Treebank,
)
from nlp_rnn.cli.output import check_files, print_table, say, write_json
from nlp_rnn.errors import DataError, InputError

if TYPE_CHECKING:
    from nlp_rnn.files.rows import Fields, RowReader
    from nlp_rnn.sentiment.robustness import RobustnessReport


def robustness(
    data: Annotated[
        list[str] | None,
        typer.Option(
            help="Texts to change: a file, or a folder of files; may be given several times. Without it, "
            "identities in sentences of the package's own are all that is changed.",
            rich_help_panel=DATA,
        ),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            help="Labelled texts, two at a time: a text, and what it became, edited until its label flips.",
            rich_help_panel=DATA,
        ),
    ] = None,
    pair_column: Annotated[
        str, typer.Option(help="The column with what the texts of a pair share.", rich_help_panel=DATA)
    ] = "pair",
    text_column: TextColumn = None,
    label_column: LabelColumn = "label",
    treebank: Treebank = False,
    input_format: InputFormat = "auto",
    delimiter: Delimiter = None,
    quoting: Quoting = "auto",
    encoding: Encoding = "auto",
    no_header: NoHeader = False,
    on_error: OnError = "raise",
    texts: Annotated[
        int, typer.Option(min=1, help="Texts at most of each --data.", rich_help_panel=DATA)
    ] = 2_000,
    seed: Annotated[int, typer.Option(min=0, help="Of texts and changes.", rich_help_panel=DATA)] = 0,
    model: Model = None,
    engine: Engine = "auto",
    device: Device = "cpu",
    json_file: JsonFile = None,
) -> None:
    """Change what should not matter (typos, names, places, numbers, links, identities); show what moved."""
    from nlp_rnn.files.rows import RowReader
    from nlp_rnn.sentiment.robustness import measure_robustness

    check_files(json_file)
    layout = layout_of(delimiter, quoting, encoding, no_header)
    read = partial(
        load_texts,
        column=text_column,
        on_error=on_error,
        input_format=input_format,
        layout=layout,
        beside=pairs is not None or len(data or []) > 1,
    )
    sets = {source: _texts(source, read([source]), treebank) for source in data or []}
    edited = None
    if pairs is not None:
        rows = partial(RowReader, pairs, format=input_format, layout=layout)
        edited = _edited(rows, text_column or "text", label_column, pair_column)
    classifier = load_model(model, engine, device)
    report = measure_robustness(
        classifier,
        sets,
        edited=edited,
        most=texts,
        seed=seed,
        total="all of these",
        predict_proba=partial(predict_with_bar, classifier),
    )
    print_table(_rows(report))
    if report.both_right is not None:
        typer.echo(f"edited pairs, both right: {report.both_right:.1%} of {report.pairs:,}")
    if json_file is not None:
        write_json(report.to_dict(), json_file)
        say(f"Report: {json_file}")


def _texts(source: str, texts: list[str], treebank: bool) -> list[str]:
    """Return the texts of a source, of which there is one at least."""
    from nlp_rnn.text.sentences import detokenize_treebank

    if not texts:
        raise InputError(f"{source} holds no text")
    return [detokenize_treebank(text) for text in texts] if treebank else texts


def _edited(
    open_rows: Callable[..., RowReader], text: str, label: str, pair: str
) -> tuple[list[str], list[str], list[str]]:
    """Return texts, labels and what the two texts of a pair share, from the columns of a file."""
    from nlp_rnn.files.rows import BadRow, Complaints, text_of

    def given(fields: Fields, column: str) -> str:
        found = text_of(fields, column)
        if not found.strip():
            raise BadRow(f"{column!r} is empty")
        return found

    texts, labels, shared = [], [], []
    with open_rows(complaints=Complaints("raise")) as rows:
        for number, fields in rows:
            try:
                texts.append(given(fields, text))
                labels.append(given(fields, label))
            except BadRow as bad:
                raise DataError(f"{rows.name}, row {number}: {bad}") from None
            if pair not in fields:
                raise DataError(
                    f"{rows.name} has no column {pair!r}: name what two texts share with --pair-column"
                )
            shared.append(str(fields[pair]))
    if not texts:
        raise DataError(f"{rows.name} holds no pairs")
    return texts, labels, shared


def _rows(report: RobustnessReport) -> list[list[str]]:
    """Return the rows of the table, the header first."""
    header = ["texts", "changed", "compared", "another label", "or a probability moved by over 0.1"]
    return [header] + [
        [
            "/".join(Path(title).parts[-2:]),
            kind,
            f"{moved.count:,}",
            f"{moved.flip_share:.1%}",
            f"{moved.move_share:.1%}",
        ]
        for title, kind, moved in report.rows()
    ]
