"""Measure evidence: claims of a file held against a folder of sources.

``python -m scripts.reports.evidence`` takes the reserved claims, which nothing was tuned on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from nlp_rnn.cli import run_script
from nlp_rnn.resources import data_folder
from nlp_rnn.risk import Evidence, EvidenceIndex


def main(
    claims: Annotated[Path | None, typer.Option(help="Other claims: a .jsonl file.")] = None,
    sources: Annotated[Path | None, typer.Option(help="Another folder of sources.")] = None,
    failures: Annotated[bool, typer.Option("--failures", help="Show the failing claims, too.")] = False,
) -> None:
    """Show how often the right passage comes first, and what is marked in it."""
    index = EvidenceIndex.build([sources or data_folder("risk") / "evidence"])
    file = claims or data_folder("risk") / "evidence.jsonl"
    cases = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    found = [(case, index.find(case["claim"])) for case in cases]
    console = Console(soft_wrap=True)
    for name, (right, all_) in count(found).items():
        console.print(f"{name:<60} {right:>3} of {all_:>3}", markup=False, highlight=False)
    for case, evidence in found if failures else ():
        wrong = failure(case, evidence)
        if wrong:
            console.print(f"{case['id']}: {wrong}: {case['claim']}", markup=False, highlight=False)
            for passage in evidence.passages[:1]:
                console.print(f"    {passage.closeness} {passage.file}: {passage.text!r}", markup=False)
            for d in evidence.differences:
                console.print(f"    {d.kind}: {d.claim!r} / {d.source!r}", markup=False)


def count(found: list[tuple[dict[str, Any], Evidence]]) -> dict[str, tuple[int, int]]:
    """Return what is right, of how many."""
    sourced = [pair for pair in found if pair[0]["source"]]
    agreeing = [pair for pair in sourced if not pair[0]["differs"]]
    differing = [pair for pair in sourced if pair[0]["differs"]]
    without = [evidence for case, evidence in found if not case["source"]]
    changes = [(change, case, evidence) for case, evidence in differing for change in case["differs"]]
    return {
        "right passage first": (sum(first_is_right(*pair) for pair in sourced), len(sourced)),
        "right passage among the first three": (sum(is_among(*pair) for pair in sourced), len(sourced)),
        "changed number or name marked": (
            sum(is_marked(change, case, evidence) for change, case, evidence in changes),
            len(changes),
        ),
        "... and set beside what the source has": (
            sum(is_paired(change, case, evidence) for change, case, evidence in changes),
            len(changes),
        ),
        "differing claims with another mark, too": (
            sum(len(evidence.differences) > len(case["differs"]) for case, evidence in differing),
            len(differing),
        ),
        "agreeing claims said to differ": (
            sum(evidence.status == "differs" for _, evidence in agreeing),
            len(agreeing),
        ),
        "agreeing claims said not to be found": (
            sum(evidence.status == "not found in" for _, evidence in agreeing),
            len(agreeing),
        ),
        "differing claims said not to be found": (
            sum(evidence.status == "not found in" for _, evidence in differing),
            len(differing),
        ),
        "claims without a source said to be stated or to differ": (
            sum(evidence.status != "not found in" for evidence in without),
            len(without),
        ),
    }


def first_is_right(case: dict[str, Any], evidence: Evidence) -> bool:
    """Return True if the first passage is, or holds, or is most of, the sentence that the claim is about."""
    return any(_is_right(case, passage) for passage in evidence.passages[:1])


def is_among(case: dict[str, Any], evidence: Evidence) -> bool:
    """Return True if one of the passages is right."""
    return any(_is_right(case, passage) for passage in evidence.passages)


def _is_right(case: dict[str, Any], passage: Any) -> bool:
    own, wanted = " ".join(passage.text.split()), " ".join(case["passage"].split())
    return Path(passage.file).name == case["source"] and (own in wanted or wanted in own)


def is_marked(change: dict[str, str], case: dict[str, Any], evidence: Evidence) -> bool:
    """Return True if a difference lies on the changed number or name."""
    start = case["claim"].index(change["claim"])
    end = start + len(change["claim"])
    return any(d.claim and d.start < end and start < d.end for d in evidence.differences)


def is_paired(change: dict[str, str], case: dict[str, Any], evidence: Evidence) -> bool:
    """Return True if such a difference has the source's number or name, or a part of it."""
    pairs = [(d.claim, d.source) for d in evidence.differences if d.claim and d.source]
    return any(
        (ours in change["claim"] or change["claim"] in ours)
        and (theirs in change["source"] or change["source"] in theirs)
        for ours, theirs in pairs
    )


def failure(case: dict[str, Any], evidence: Evidence) -> str:
    """Return what is wrong with the evidence for a claim; "" if nothing."""
    if not case["source"]:
        return "" if evidence.status == "not found in" else evidence.status
    if not first_is_right(case, evidence):
        return f"another passage first ({evidence.status})"
    if evidence.status != ("differs" if case["differs"] else "stated in"):
        return evidence.status
    if not all(is_marked(change, case, evidence) for change in case["differs"]):
        return "not marked"
    return "another mark, too" if len(evidence.differences) > len(case["differs"]) else ""


if __name__ == "__main__":
    run_script(main)
