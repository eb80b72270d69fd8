#!/usr/bin/env python
"""Run the negation suite on a model and show its failure rate per phenomenon, beside VADER's if asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from nlp_rnn import SentimentClassifier
from nlp_rnn.cli.common import run_script
from nlp_rnn.sentiment.baselines import vader_predict_proba
from nlp_rnn.sentiment.negation import LABELS, load_suite, run_suite


def main(
    model: Annotated[
        str, typer.Option(help="Saved model folder, or 'default': the shipped one.")
    ] = "default",
    suite: Annotated[Path | None, typer.Option(help="Other cases: a .jsonl file or folder.")] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the whole report here.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the failure rates here (.png, .svg).")] = None,
    vader: Annotated[bool, typer.Option("--vader", help="Run VADER on the same cases, too.")] = False,
) -> None:
    """Show the failure rate of a sentiment model per negation phenomenon."""
    cases = load_suite(suite)
    clf = SentimentClassifier.from_pretrained(None if model == "default" else model)
    reports = [run_suite(clf.predict_proba, cases, classes=clf.classes_, name=model)]
    if vader:
        reports.append(run_suite(vader_predict_proba(), cases, classes=LABELS, name="VADER"))
    if json_out is not None:
        text = json.dumps([report.to_dict() for report in reports], indent=2, ensure_ascii=False)
        json_out.write_text(text + "\n", encoding="utf-8")
    if plot is not None:
        reports[0].plot(plot, compare=reports[1] if vader else None)
    table = Table("phenomenon", "cases", *(f"{report.name} fails" for report in reports))
    for rows in zip(*(report.rows() for report in reports), strict=True):
        table.add_row(rows[0][0], str(rows[0][1]), *(f"{row[3]:.1%}" for row in rows))
    Console().print(table)


if __name__ == "__main__":
    run_script(main)
