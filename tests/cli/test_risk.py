"""``nlp-rnn risk``: the reviewed cases, or one's own, through the risk filter."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def write(path: Path, *cases: tuple[str, str]) -> Path:
    """A file of cases."""
    lines = [
        json.dumps({"id": f"t{n}", "expect": expect, "topic": "health", "text": text})
        for n, (expect, text) in enumerate(cases)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_own_cases_are_counted_and_failures_shown(run: Run, tmp_path: Path) -> None:
    cases = write(
        tmp_path / "own.jsonl",
        ("risky", "The study confirmed that eating glass is healthy."),
        ("harmless", "Scientists say that garlic cures cancer."),
        ("harmless", "[He] smiled at her."),
    )
    report = tmp_path / "report.json"
    args = ["risk", "--suite", str(cases)]
    result = run(*args, "--failures", "--json", str(report), model=None)
    assert result.code == 0, result.err
    assert "own.jsonl" in result.out
    assert "50.0%" in result.out
    assert "t1: high: Scientists say that garlic cures cancer." in result.out
    assert "t0:" not in result.out
    found = json.loads(report.read_text(encoding="utf-8"))["own.jsonl"]
    assert (found["cases"], found["risky_flagged"]) == (3, 1.0)
    assert "t1:" not in run(*args, model=None).out


def test_both_files_of_the_package_are_run(run: Run) -> None:
    result = run("risk", model=None)
    assert result.code == 0
    assert "cases.jsonl" in result.out
    assert "held_out.jsonl" in result.out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--suite", "nowhere.jsonl"], "nowhere.jsonl cannot be read"),
        (["--suite", "nowhere.jsonl", "--json", "no/x.json"], "no folder no"),
        (["--claims", "no/model"], "no/model"),
        (["--siute", "x"], "nlp-rnn risk --help"),
    ],
)
def test_what_cannot_be_run_is_refused(run: Run, args: list[str], said: str) -> None:
    assert said in run("risk", *args, model=None).refusal


def test_an_empty_suite_is_refused(run: Run, tmp_path: Path) -> None:
    assert "no cases" in run("risk", "--suite", str(write(tmp_path / "none.jsonl")), model=None).refusal
