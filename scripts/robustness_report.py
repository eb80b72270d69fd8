#!/usr/bin/env python
"""Measure what should not move an answer and does: ``python scripts/robustness_report.py --data FOLDER``.

Swapped identities in sentences of the project's own; typos, other names, places and numbers, and links, in
test sentences and reviews; and how many edited pairs are both right.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from nlp_rnn import SentimentClassifier
from nlp_rnn.cli.common import run_script
from nlp_rnn.sentiment.robustness import measure
from scripts.recipes.sentiment_card import measure_robustness


def main(
    data: Annotated[Path | None, typer.Option(help="Folder of corpora; without it, fairness alone.")] = None,
    model: Annotated[str | None, typer.Option(help="A saved model; without it, the shipped one.")] = None,
    texts: Annotated[int, typer.Option(min=1, help="Texts of each set.")] = 2_000,
    seed: int = 0,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write all figures here.")] = None,
) -> None:
    """Show how often each change moves the answer."""
    clf = SentimentClassifier.from_pretrained(model)
    if data is None:
        report = measure(clf)
    else:
        report = measure_robustness(clf, data, most=texts, seed=seed)
    found = report.to_dict()
    table = Table("texts", "changed", "compared", "another label", "or a probability moved by over 0.1")
    for title, rows in found["moved"].items():
        for kind, row in rows.items():
            table.add_row(
                title, kind, f"{row['count']:,}", f"{row['flip_share']:.1%}", f"{row['move_share']:.1%}"
            )
    console = Console()
    console.print(table)
    if data is not None:
        both = f"{found['pairs_both_right']:.1%} of {found['pairs']}"
        console.print(f"edited pairs, both right: {both}", highlight=False)
    if json_out is not None:
        json_out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_script(main)
