"""``nlp-rnn review --sources``: what a user's own texts have on the sentences of a review."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("bm25s", reason="needs the extra evidence")

Run = Callable[..., Any]
TEXT = "Scientists say that firewood is sold at the office for £8 a bag. It rains."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two texts, a picture, and a hidden file."""
    for name, text in {
        "guide.txt": "Notes for guests\nThe gate shuts at ten.\nFirewood is sold at the office for £6 a bag.",
        "more.md": "- Swallows nest in the barn.",
        "map.png": "x",
        ".hidden.txt": "x",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_flagged_sentences_stand_beside_what_the_sources_have(run: Run, folder: Path) -> None:
    result = run("review", TEXT, "--sources", str(folder), model=None)
    assert result.code == 0, result.err
    assert f"differs from {folder / 'guide.txt'}:3" in result.out
    assert "number: “£8” here, “£6” there" in result.out
    assert "not found" not in result.out
    assert "Evidence is what the sources say" in result.out
    assert "left out 1 of its files" in result.err
    every = run("review", TEXT, "--sources", str(folder), "--look-up", "every", model=None)
    assert "not found in the sources" in every.out


def test_json_has_the_evidence_and_without_sources_nothing_of_it(run: Run, folder: Path) -> None:
    args = ["review", TEXT, "--json"]
    files = ["--sources", str(folder / "guide.txt"), "--sources", str(folder / "more.md")]
    [found] = json.loads(run(*args, *files, model=None).out)["evidence"]
    assert found["status"] == "differs"
    assert found["passages"][0]["file"] == str(folder / "guide.txt")
    assert (found["differences"][0]["claim"], found["differences"][0]["source"]) == ("£8", "£6")
    assert "evidence" not in json.loads(run(*args, model=None).out)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--sources", "nowhere"], "there is no file or folder nowhere"),
        (["--sources", "{empty}"], "holds no reference text"),
        (["--sources", "{folder}", "--sources-encoding", "klingon"], "Invalid encoding"),
        (["--sources", "{folder}", "--look-up", "all"], "it should be one of flagged, every"),
    ],
)
def test_bad_sources_are_answered_in_one_sentence(run: Run, folder: Path, args: list[str], said: str) -> None:
    (folder / "empty").mkdir()
    args = [arg.format(empty=folder / "empty", folder=folder) for arg in args]
    result = run("review", TEXT, *args, model=None)
    assert result.code == 2
    assert said in result.err
    assert len(result.err.strip().splitlines()) == 1
