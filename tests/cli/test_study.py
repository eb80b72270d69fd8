"""``nlp-rnn study``: a writer at several temperatures, translators by sentence length."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def test_temperature_prints_a_table_and_writes_figures(run: Run, tmp_path: Path) -> None:
    words, output = tmp_path / "words.txt", tmp_path / "out"
    words.write_text("the king and the queen of the land", encoding="utf-8")
    small = ["--temperatures", "0,1", "--seeds", "1", "--max-new-chars", "40", "--words", str(words)]
    result = run("study", "temperature", *small, "--output", str(output), model=None)
    assert result.code == 0, result.err
    assert "real words" in result.out
    points = json.loads((output / "temperature.json").read_text(encoding="utf-8"))["points"]
    assert [point["temperature"] for point in points] == [0, 1]
    assert [point["characters"] for point in points] == [40, 40]
    assert str(output / "temperature.json") in result.err


def test_without_matplotlib_the_figures_are_kept_and_the_picture_is_said_to_lack(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    small = ["--temperatures", "0.5", "--seeds", "1", "--max-new-chars", "20"]
    result = run("study", "temperature", *small, "--output", str(tmp_path), model=None)
    assert result.code == 0, result.err
    assert "No picture: " in result.err
    assert 'pip install "nlp-rnn[plot]"' in result.err
    assert (tmp_path / "temperature.json").is_file()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["temperature", "--temperatures", "cold"], "numbers with commas, got 'cold'"),
        (["temperature", "--model", "no/model"], "no/model"),
        (["temperature", "--seeds", "0"], "nlp-rnn study temperature --help"),
        (["temprature"], "'temperature'"),
        (["bleu", "--test", "x.csv"], "nlp-rnn study bleu --help"),
    ],
)
def test_what_cannot_be_studied_is_refused(run: Run, args: list[str], said: str) -> None:
    assert said in run("study", *args, model=None).refusal


def test_bleu_needs_the_pairs_before_it_translates(run: Run) -> None:
    pytest.importorskip("sacrebleu", reason="needs the extra translate")
    args = ["--test", "nowhere.csv", "--source", "en", "--target", "fr", "--model", "no/model"]
    assert "nowhere.csv" in run("study", "bleu", *args, model=None).refusal


def test_bleu_compares_translators(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sacrebleu", "matplotlib"):
        pytest.importorskip(module, reason="needs the extras translate and plot")

    class Fake:
        """Translates all, or nothing, as its folder is called."""

        def __init__(self, folder: str) -> None:
            self.knows = folder == "all"

        def translate(self, texts: list[str], *, beam: int) -> list[str]:
            return [text.replace("word", "mot") if self.knows else "x" for text in texts]

        def unreadable(self, texts: list[str]) -> dict[int, str]:
            return {}

    monkeypatch.setattr("nlp_rnn.translation.translator.Translator.from_pretrained", Fake)
    test, output = tmp_path / "test.csv", tmp_path / "out"
    rows = [f"{'word ' * n}end {n},{'mot ' * n}end {n}" for n in range(4, 20)]
    test.write_text("\n".join(["en,fr", *rows]), encoding="utf-8")
    models = ["--model", "all", "--model", "none", "--beam", "2"]
    columns = ["--source", "en", "--target", "fr"]
    result = run("study", "bleu", "--test", str(test), *columns, *models, "--output", str(output), model=None)
    assert result.code == 0, result.err
    assert "beam 2" in result.out
    whole = json.loads((output / "bleu.json").read_text(encoding="utf-8"))["whole"]
    assert round(whole["all"]["greedy"]["each pair"]["bleu"]) == 100
    assert whole["none"]["greedy"]["each pair"]["bleu"] < 1
    assert (output / "bleu.png").read_bytes().startswith(b"\x89PNG")


def test_a_study_must_be_named(run: Run) -> None:
    assert run("study", model=None).refusal == "Missing command; see: nlp-rnn study --help"
