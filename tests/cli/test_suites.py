"""``nlp-rnn negation`` and ``nlp-rnn everyday``: a suite as a table, JSON and a picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def test_negation_counts_the_failures_of_a_model(run: Run, tmp_path: Path) -> None:
    suite = tmp_path / "suite.jsonl"
    case = {"type": "MFT", "phenomenon": "local"}
    cases = [
        {"id": "a", "texts": ["good"], "expect": "positive", **case},
        {"id": "b", "texts": ["not good"], "expect": "negative", **case},
    ]
    suite.write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")
    report = tmp_path / "report.json"
    result = run("negation", "--suite", str(suite), "--json", str(report))
    assert result.code == 0
    assert "50.0%" in result.out
    assert [case["id"] for case in json.loads(report.read_text(encoding="utf-8"))[0]["failing_cases"]] == [
        "b"
    ]


def test_vader_stands_beside_the_model_in_table_json_and_picture(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("vaderSentiment")
    report, picture = tmp_path / "report.json", tmp_path / "rates.png"
    result = run("negation", "--vader", "--json", str(report), "--plot", str(picture))
    assert result.code == 0
    assert "clause_final" in result.out
    assert "VADER fails" in result.out
    tiny, vader = json.loads(report.read_text(encoding="utf-8"))
    assert (tiny["name"], vader["name"]) == ("tiny", "VADER")
    assert tiny["cases"] == vader["cases"] > 600
    assert picture.stat().st_size > 5000


def test_everyday_runs_its_own_suite(run: Run, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    result = run("everyday", "--json", str(report))
    assert result.code == 0
    assert "courtesy" in result.out
    assert "turned round" in result.out
    assert json.loads(report.read_text(encoding="utf-8"))[0]["cases"] > 800
