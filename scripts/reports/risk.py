"""Measure the risk filter: reviewed cases in many layouts, hedges, redaction, languages, real prose.

``python -m scripts.reports.risk --data DATA`` prints every figure. Of prose, plays or what ``--prose``
names, the last tenth is text under review, and the rest the training text, whose words are known and which
nobody has copied from. Cases that are only measured are not printed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from nlp_rnn.cli import run_script
from nlp_rnn.files import unpacked
from nlp_rnn.resources import data_folder
from nlp_rnn.risk import CASE_FILES, CheckWorthiness, OverlapIndex, RiskFilter, load_cases, run_cases
from scripts.reports import risk_layouts

WINDOWS = 500
_BOOKS = ("english_prose.txt.xz", "shakespeare_complete.txt.xz")


def main(
    cases: Annotated[Path | None, typer.Option(help="Other cases: a .jsonl file.")] = None,
    claims: Annotated[Path | None, typer.Option(help="Another claims model: a folder.")] = None,
    prose: Annotated[
        list[Path] | None, typer.Option(help="Real text, of which the last tenth is read.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The folder of corpora: languages, prose and plays.")
    ] = None,
    most: Annotated[int, typer.Option(help="Texts of each language and kind, at most.")] = 400,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write all figures here.")] = None,
) -> None:
    """Show what the filter flags, and where it is wrong."""
    risk = RiskFilter() if claims is None else RiskFilter(claims=CheckWorthiness.from_pretrained(claims))
    figures: dict[str, Any] = {"claims_model": risk.claims is not None}
    console = Console()
    for file in [cases] if cases is not None else [data_folder("risk") / name for name in CASE_FILES]:
        figures[file.name] = _cases(console, risk, file)
    if cases is None:
        figures |= _laid_out(risk)
    if data is not None:
        figures["unread"] = risk_layouts.unread_shares(risk, data, most)
        prose = [*(prose or []), *(data / "text" / name for name in _BOOKS)]
    for path in prose or []:
        figures[path.name] = false_alarms(risk, path)
    console.print({name: _without_failures(found) for name, found in figures.items()})
    if json_out is not None:
        json_out.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _cases(console: Console, risk: RiskFilter, file: Path) -> dict[str, Any]:
    """Show which cases of a file are flagged, and return the figures."""
    report = run_cases(risk.review, load_cases(file))
    table = Table("expected", "topic", "cases", "flagged", title=file.name)
    for expect, topic, count, flagged in report.rows():
        table.add_row(expect, topic, str(count), str(flagged))
    console.print(table)
    for outcome in report.failures:
        console.print(f"{outcome.case.id}: {outcome.review.level}: {outcome.case.text}", markup=False)
    return report.to_dict()


def _laid_out(risk: RiskFilter) -> dict[str, Any]:
    """Return what becomes of the cases in other layouts, of harmless layouts, of hedges, and of redaction."""
    folder = data_folder("risk")
    new = load_cases(folder / "new_cases.jsonl")
    layouts = ("layouts.jsonl", "layouts_held_out.jsonl")
    return {
        "new_cases.jsonl": _without_failures(run_cases(risk.review, new).to_dict()),
        "new_cases.jsonl in layouts": risk_layouts.recall_by_layout(risk, new),
        "cases.jsonl in layouts": risk_layouts.recall_by_layout(risk, load_cases()),
        **{name: risk_layouts.levels_of(risk, folder / name) for name in layouts},
        "hedges.jsonl": risk_layouts.hedges(risk, risk_layouts.measured_rows("hedges.jsonl")),
        "redacted": risk_layouts.removed_outside(risk_layouts.risky_texts(load_cases(), risk)),
    }


def _without_failures(found: Any) -> Any:
    return {k: v for k, v in found.items() if k != "failures"} if isinstance(found, dict) else found


def false_alarms(risk: RiskFilter, path: Path) -> dict[str, float]:
    """Return shares of sentences at each level, and of windows of text in which a copy is found."""
    raw, stream = unpacked(path, str(path))
    with raw, stream:
        text = stream.read().decode("utf-8")
    border = len(text) * 9 // 10
    index, held = OverlapIndex.build(text[:border]), text[border:]
    levels = [passage.level for passage in risk.review(held, memory=index).passages]
    return {
        "sentences": len(levels),
        "medium": round(levels.count("medium") / len(levels), 4),
        "high": round(levels.count("high") / len(levels), 4),
        "windows": WINDOWS,
        "windows_with_copies": index.windows_with_copies(held, windows=WINDOWS),
        "index_bytes": index.nbytes,
    }


if __name__ == "__main__":
    run_script(main)
