"""``nlp-rnn robustness``: what should not move an answer and does, and edited pairs that are both right."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nlp_rnn.cli.loading import load_model, load_texts, predict_with_bar
from nlp_rnn.cli.options import (
    DATA,
    Device,
    Engine,
    JsonFile,
    LabelColumn,
    Model,
    OnError,
    TextColumn,
    Treebank,
)
from nlp_rnn.cli.output import check_files, print_table, say, write_json
from nlp_rnn.errors import DataError, InputError

if TYPE_CHECKING:
    from nlp_rnn.sentiment.classifier import SentimentClassifier
    from nlp_rnn.sentiment.robustness import MoveCounts


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
    from nlp_rnn.sentiment.robustness import fairness, noise, sum_of

    check_files(json_file)
    read = partial(_drawn, column=text_column, treebank=treebank, on_error=on_error, most=texts, seed=seed)
    sets = {source: read(source) for source in data or []}
    edited = None if pairs is None else _edited(pairs, text_column or "text", label_column, pair_column)
    classifier = load_model(model, engine, device)
    predict_proba = partial(predict_with_bar, classifier)
    moved = {"identities": fairness(predict_proba)}
    moved |= {source: noise(predict_proba, own, seed=seed) for source, own in sets.items()}
    if len(sets) > 1:
        kinds = moved[next(iter(sets))]
        moved["all of these"] = {kind: sum_of(moved[source][kind] for source in sets) for kind in kinds}
    moved = {title: {**rows, "all": sum_of(rows.values())} for title, rows in moved.items()}
    print_table(_rows(moved))
    found: dict[str, Any] = {
        "moved": {title: {kind: row.to_dict() for kind, row in rows.items()} for title, rows in moved.items()}
    }
    if edited is not None:
        found |= _both_right(classifier, *edited)
        typer.echo(f"edited pairs, both right: {found['pairs_both_right']:.1%} of {found['pairs']:,}")
    if json_file is not None:
        write_json(found, json_file)
        say(f"Report: {json_file}")


def _drawn(
    source: str, *, column: str | None, treebank: bool, on_error: str, most: int, seed: int
) -> list[str]:
    """Return the texts of a source, or as many of them as are asked for, drawn by the seed."""
    import numpy as np

    from nlp_rnn.text.sentences import detokenize_treebank

    texts = load_texts([source], column, on_error)
    if not texts:
        raise InputError(f"{source} holds no text")
    drawn = [texts[i] for i in np.random.default_rng(seed).permutation(len(texts))[:most].tolist()]
    return [detokenize_treebank(text) for text in drawn] if treebank else drawn


def _edited(path: Path, text: str, label: str, pair: str) -> tuple[list[str], list[str], list[str]]:
    """Return texts, labels and what the two texts of a pair share, from the columns of a file."""
    from nlp_rnn.files.rows import BadRow, Complaints, Rows, text_of

    texts, labels, shared = [], [], []
    with Rows(path, complaints=Complaints("raise")) as rows:
        for number, fields in rows:
            try:
                texts.append(text_of(fields, text))
                labels.append(text_of(fields, label))
            except BadRow as bad:
                raise DataError(f"{rows.name}, row {number}: {bad}") from None
            if pair not in fields:
                raise DataError(
                    f"{rows.name} has no column {pair!r}: name what two texts share with --pair-column"
                )
            shared.append(str(fields[pair]))
    if not texts:
        raise DataError(f"{path} holds no pairs")
    return texts, labels, shared


def _both_right(
    classifier: SentimentClassifier, texts: list[str], labels: list[str], pairs: list[str]
) -> dict[str, Any]:
    """Return the share of pairs of which both texts get their label, and the number of pairs."""
    from nlp_rnn.sentiment.robustness import both_right

    classes = classifier.classes_.tolist()
    unknown = sorted(set(labels) - set(classes))
    if unknown:
        raise InputError(f"--pairs has the label {unknown[0]!r}, and the model answers {', '.join(classes)}")
    share = both_right(predict_with_bar(classifier, texts), labels, pairs, classes)
    return {"pairs_both_right": share, "pairs": len(set(pairs))}


def _rows(moved: dict[str, dict[str, MoveCounts]]) -> list[list[str]]:
    """Return the rows of the table, the header first."""
    header = ["texts", "changed", "compared", "another label", "or a probability moved by over 0.1"]
    return [header] + [
        [
            "/".join(Path(title).parts[-2:]),
            kind,
            f"{row.count:,}",
            f"{row.flip_share:.1%}",
            f"{row.move_share:.1%}",
        ]
        for title, rows in moved.items()
        for kind, row in rows.items()
    ]
