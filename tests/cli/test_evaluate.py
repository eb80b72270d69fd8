"""``nlp-rnn evaluate``: figures, classes, splits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nlp_rnn.errors import DataError

Run = Callable[..., Any]


def test_evaluate_compares_the_classes_asked_for(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="measuring needs the train extra")
    data = tmp_path / "data.csv"
    data.write_text("text,label\nbad,pan\ngood,rave\nit is bad,rave\na film,meh\n", encoding="utf-8")
    args = ["--data", str(data), "--label-map", "pan=negative,rave=positive,meh=neutral"]
    whole = json.loads(run("evaluate", *args, "--json").out)
    assert (whole["n"], whole["accuracy"]) == (4, 0.75)
    polar = run("evaluate", *args, "--classes", "negative,positive", "--json")
    assert json.loads(polar.out)["confusion"] == [[1, 0], [1, 1]]
    assert "1 texts" in polar.err
    table = run("evaluate", *args).out
    assert all(word in table for word in ("accuracy", "macro-recall", "ece", "0.7500", "at 5 % wrong"))
    # "it is bad" is among the surest answers, and wrong.
    assert whole["coverage_at_5_percent_error"] == 0
    assert "'meh'" in run("evaluate", "--data", str(data)).refusal
    data.write_text("text,label\nbad,pan\n", encoding="utf-8")
    assert "nan" not in run("evaluate", *args).out


def test_evaluate_takes_the_split_of_a_corpus_that_has_labels(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def refuse(name: str, hub: object, split: str) -> None:
        asked.append(split)
        raise DataError("nothing there")

    monkeypatch.setattr("nlp_rnn.files.labelled.hub_rows", refuse)
    for args in (["sst2"], ["imdb"], ["sst2", "--split", "test"]):
        assert run("evaluate", "--data", *args).refusal == "nothing there"
    assert asked == ["validation", "test", "test"]
