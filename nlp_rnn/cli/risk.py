"""``nlp-rnn risk``: the reviewed cases through the risk filter, as how many are flagged, per topic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nlp_rnn.cli.options import DATA, MODEL, OUTPUT, JsonFile
from nlp_rnn.cli.output import check_files, print_table, say, write_json


def risk(
    suite: Annotated[
        list[Path] | None,
        typer.Option(help="Other cases: a .jsonl file; may be given several times.", rich_help_panel=DATA),
    ] = None,
    claims: Annotated[
        Path | None,
        typer.Option(
            help="Another model of check-worthy sentences; without it, the one in the package.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    failures: Annotated[
        bool,
        typer.Option("--failures", help="Show the failing cases, too.", rich_help_panel=OUTPUT),
    ] = False,
    json_file: JsonFile = None,
) -> None:
    """Run the reviewed risk cases and show how many are flagged, of the risky and of the harmless ones."""
    from nlp_rnn.resources import data_folder
    from nlp_rnn.risk.claims import CheckWorthiness
    from nlp_rnn.risk.filter import RiskFilter
    from nlp_rnn.risk.suite import CASE_FILES, HARMLESS, RISKY, load_cases, run_cases

    check_files(json_file)
    folder = data_folder("risk")
    suites = {file.name: load_cases(file) for file in suite or [folder / name for name in CASE_FILES]}
    own = RiskFilter() if claims is None else RiskFilter(claims=CheckWorthiness.from_pretrained(claims))
    found = {}
    for name, cases in suites.items():
        report = run_cases(own.review, cases)
        rows = [[expect, topic, str(count), str(flagged)] for expect, topic, count, flagged in report.rows()]
        for expect in (RISKY, HARMLESS):
            count = sum(outcome.case.expect == expect for outcome in report.outcomes)
            rows.append([expect, "all", str(count), f"{report.flagged_share(expect):.1%}" if count else "-"])
        print_table([["expected", "topic", "cases", "flagged"], *rows], title=name)
        for outcome in report.failures if failures else ():
            typer.echo(f"{outcome.case.id}: {outcome.review.level}: {outcome.case.text}")
        found[name] = report.to_dict()
    if json_file is not None:
        write_json(found, json_file)
        say(f"Report: {json_file}")
