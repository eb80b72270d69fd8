"""``nlp-rnn robustness``: what moves an answer, on texts of the user's own, too."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Texts with a name and a number; *good* and *bad* are what the tiny model knows."""
    path = tmp_path / "texts.csv"
    path.write_text("text\nMary said the film was good\n12 people found it a bad film\n", encoding="utf-8")
    return path


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Two pairs, of which the tiny model has one right."""
    path = tmp_path / "pairs.csv"
    rows = ["good,positive,1", "bad,negative,1", "good,positive,2", "good,negative,2"]
    path.write_text("\n".join(["text,label,pair", *rows]), encoding="utf-8")
    return path


def test_identities_alone_need_no_file(run: Run) -> None:
    result = run("robustness")
    assert result.code == 0
    assert all(word in result.out for word in ("identities", "religion", "gender", "0.0%"))
    assert "pairs" not in result.out


def test_texts_and_pairs_are_counted(run: Run, texts: Path, pairs: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    more = tmp_path / "more.txt"
    more.write_text("a film in Paris\n", encoding="utf-8")
    args = ["--data", str(texts), "--data", str(more), "--pairs", str(pairs), "--json", str(report)]
    result = run("robustness", *args)
    assert result.code == 0, result.err
    assert "edited pairs, both right: 50.0% of 2" in result.out
    found = json.loads(report.read_text(encoding="utf-8"))
    assert (found["pairs_both_right"], found["pairs"]) == (0.5, 2)
    moved = found["moved"]
    assert list(moved) == ["identities", str(texts), str(more), "all of these"]
    assert [moved[str(texts)][kind]["count"] for kind in ("names", "numbers", "places")] == [1, 1, 0]
    assert moved["all of these"]["links"] == {
        "count": 3, "flips": 0, "moves": 0, "flip_share": 0, "move_share": 0
    }  # fmt: skip
    assert moved["all of these"]["all"]["count"] == sum(
        moved[str(each)]["all"]["count"] for each in (texts, more)
    )


def test_no_more_texts_than_asked_for_are_read(run: Run, texts: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    assert run("robustness", "--data", str(texts), "--texts", "1", "--json", str(report)).code == 0
    assert json.loads(report.read_text(encoding="utf-8"))["moved"][str(texts)]["links"]["count"] == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--data", "nowhere.csv"], "nowhere.csv"),
        (["--data", "{texts}", "--text-column", "review"], "the columns are text"),
        (["--pairs", "{texts}"], "no column 'label'"),
        (["--pairs", "{pairs}", "--pair-column", "id"], "no column 'id'"),
        (["--pairs", "{pairs}", "--label-column", "pair"], "label '1', and the model answers negative"),
        (["--data", "nowhere.csv", "--json", "no/x.json"], "no folder no"),
        (["--texts", "0"], "nlp-rnn robustness --help"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    run: Run, texts: Path, pairs: Path, args: list[str], said: str
) -> None:
    assert said in run("robustness", *(arg.format(texts=texts, pairs=pairs) for arg in args)).refusal


def test_an_empty_file_is_refused(run: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("\n \n", encoding="utf-8")
    assert "holds no text" in run("robustness", "--data", str(empty)).refusal
