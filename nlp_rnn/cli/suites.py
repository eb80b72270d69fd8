"""What ``nlp-rnn negation`` and ``nlp-rnn everyday`` share: a suite on a model, as a table of failures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nlp_rnn.cli.loading import load_model
from nlp_rnn.cli.options import DATA
from nlp_rnn.cli.output import check_files, print_table, say, write_json

Cases = Annotated[
    Path | None, typer.Option(help="Other cases: a .jsonl file or a folder.", rich_help_panel=DATA)
]
Vader = Annotated[bool, typer.Option("--vader", help="Run VADER, too (extra: bench).")]


def show_suite(
    name: str,
    suite: Path | None,
    model: str | None,
    vader: bool,
    engine: str,
    json_file: Path | None,
    plot: Path | None,
) -> None:
    """Run the suite of that name, or other cases, and show the share of cases failed, per phenomenon."""
    from nlp_rnn.sentiment.baselines import vader_predict_proba
    from nlp_rnn.sentiment.suite import LABELS, load_suite, run_suite

    check_files(json_file, plot=plot)
    cases = load_suite(suite, suite=name)
    classifier = load_model(model, engine)
    title = "shipped model" if model is None else Path(model).name
    ask, classes = classifier.predict_proba, classifier.classes_
    reports = [run_suite(ask, cases, classes=classes, name=title, unsure=classifier.unsure)]
    if vader:
        reports.append(run_suite(vader_predict_proba(), cases, classes=LABELS, name="VADER"))
    rows = [["phenomenon", "cases", *(f"{report.name} fails" for report in reports)]]
    for own in zip(*(report.rows() for report in reports), strict=True):
        phenomenon, count = own[0][:2]
        rows.append([phenomenon, str(count), *(f"{row[3]:.1%}" for row in own)])
    rows.append(["turned round", str(len(cases)), *(f"{report.turned_round:.1%}" for report in reports)])
    print_table(rows)
    if json_file is not None:
        write_json([report.to_dict() for report in reports], json_file)
        say(f"Report: {json_file}")
    if plot is not None:
        say(f"Picture: {reports[0].plot(plot, compare=reports[1] if vader else None)}")
