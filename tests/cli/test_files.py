"""How the commands read files: the same options everywhere, and notes on what is left open or left out."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nlp_rnn.cli.classify import classify
from nlp_rnn.cli.evaluate import evaluate
from nlp_rnn.cli.options import Delimiter, Encoding, InputFormat, NoHeader, Quoting
from nlp_rnn.cli.pretrain import pretrain
from nlp_rnn.cli.robustness import robustness
from nlp_rnn.cli.study import bleu
from nlp_rnn.cli.train import train
from nlp_rnn.cli.train_translator import train_translator
from nlp_rnn.cli.translate import translate

Run = Callable[..., Any]
SHARED = {"delimiter": Delimiter, "quoting": Quoting, "encoding": Encoding, "no_header": NoHeader}
PAIRED = (train_translator, bleu)


@pytest.mark.parametrize(
    "command",
    [classify, evaluate, train, pretrain, translate, robustness, *PAIRED],
    ids=lambda each: each.__name__,
)
def test_every_command_that_reads_a_table_has_the_same_options(command: Callable[..., Any]) -> None:
    hints = typing.get_type_hints(command, include_extras=True)
    shared = SHARED if command in PAIRED else {**SHARED, "input_format": InputFormat}
    defaults = {
        "delimiter": None,
        "quoting": "auto",
        "encoding": "auto",
        "no_header": False,
        "input_format": "auto",
    }
    for name, option in shared.items():
        assert hints[name] == option, name
        assert inspect.signature(command).parameters[name].default == defaults[name], name


ODD = 'bad^"gut\ngood^"schlecht\ncafé^"x\n'.encode("cp1252")
TOLD = [
    "--input-format",
    "csv",
    "--delimiter",
    "^",
    "--quoting",
    "none",
    "--encoding",
    "cp1252",
    "--no-header",
]


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A file that says nothing about itself."""
    path = tmp_path / "odd.dat"
    path.write_bytes(ODD)
    return path


def test_classify_is_told_how_a_file_is_written(run: Run, odd: Path, tmp_path: Path) -> None:
    assert "the ending does not say the format" in run("classify", "--file", str(odd)).refusal
    output = tmp_path / "out.csv"
    result = run("classify", "--file", str(odd), "--column", "1", "--output", str(output), *TOLD)
    assert result.code == 0, result.err
    lines = [line.split("^")[:3] for line in output.read_text(encoding="utf-8").splitlines()]
    assert lines == [["1", "2", "label"], ["bad", '"gut', "negative"], ["good", '"schlecht', "positive"],
                     ["café", '"x', "neutral"]]  # fmt: skip


def test_evaluate_is_told_how_a_file_is_written(run: Run, odd: Path) -> None:
    pytest.importorskip("sklearn", reason="measuring needs the train extra")
    names = ["--label-map", '"gut=negative,"schlecht=positive,"x=neutral']
    args = ["--data", str(odd), "--text-column", "1", "--label-column", "2", "--json", *names, *TOLD]
    assert json.loads(run("evaluate", *args).out)["accuracy"] == 1


def test_robustness_is_told_how_a_file_is_written(run: Run, odd: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    args = ["--data", str(odd), "--text-column", "1", "--json", str(report), *TOLD]
    assert run("robustness", *args).code == 0
    assert json.loads(report.read_text(encoding="utf-8"))["moved"][str(odd)]["all"]["count"] >= 0


def test_training_and_pretraining_read_what_they_are_told(
    run: Run, odd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    seen: list[Any] = []

    def note(self: object, texts: list[str], labels: object = None, **options: Any) -> None:
        seen.append((texts, labels, options.get("unlabelled")))
        raise KeyboardInterrupt

    monkeypatch.setattr("nlp_rnn.classification.classifier.TextClassifier.fit", note)
    monkeypatch.setattr("nlp_rnn.language.model.LanguageModel.fit", note)
    args = ["--data", str(odd), "--text-column", "1", "--output", str(tmp_path / "run"), *TOLD]
    run("train", *args, "--label-column", "2", "--unlabelled", str(odd), model=None)
    run("pretrain", *args, model=None)
    expected = ["bad", "good", "café"]
    assert seen == [(expected, ['"gut', '"schlecht', '"x'], expected), (expected, None, None)]


def test_a_file_without_a_header_is_noted(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("good film\nbad film\n", encoding="utf-8")
    result = run("classify", "--file", str(path))
    assert "Note: " in result.err
    assert "'good film'" in result.err
    assert len(run("classify", "--file", str(path), "--no-header").out.splitlines()) == 3


@pytest.mark.parametrize("name", ["csv", "jsonl", "txt"])
def test_rows_without_a_text_are_counted(run: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"a.{name}"
    path.write_text({"csv": "id,text\n1,good\n2,\n3, \n", "txt": "good\n\n \n"}.get(
        name, '{"text": "good"}\n{"text": null}\n{"text": NaN}\n'), encoding="utf-8")  # fmt: skip
    result = run("classify", "--file", str(path), "--json")
    assert [answer["label"] for answer in json.loads(result.out)] == ["positive", None, None]
    assert "2 rows have no text, and so no label" in result.err
    assert "rows have no text" not in run("classify", "", "good").err  # given in Python or here: an answer


def test_a_header_alone_gives_a_header(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,text\n", encoding="utf-8")
    assert run("classify", "--file", str(path)).out == "id,text,label,score,polarity\n"
    output = tmp_path / "out.tsv"
    assert run("classify", "--file", str(path), "--output", str(output)).code == 0
    assert output.read_text(encoding="utf-8") == "id\ttext\tlabel\tscore\tpolarity\n"


def test_what_a_folder_holds_beside_texts_is_named(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text("good film\n\nbad film\n", encoding="utf-8")
    (folder / "b.csv").write_text("text;n\ngood;1\n", encoding="utf-8")
    (folder / "notes.docx").write_text("x", encoding="utf-8")
    (folder / ".hidden.txt").write_text("x", encoding="utf-8")
    result = run("robustness", "--data", str(folder), "--delimiter", ";")
    assert result.code == 0, result.err
    assert f"Note: {folder}: left out 1 of its files" in result.err
    assert "plain text: notes.docx" in result.err
    assert "Left out 1 row without a text" in result.err
    alone = run("robustness", "--data", str(folder), "--input-format", "csv")
    assert "as it takes csv: a.txt, notes.docx" in alone.err


def test_a_reviewed_file_may_be_of_another_encoding(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for form in ("utf-16", "utf-16-le", "utf-16-be"):
        path.write_bytes("Eating glass is “healthy”.".encode(form))
        result = run("review", str(path), "--json", model=None)
        assert json.loads(result.out)["text"].startswith("Eating glass is “healthy”.")
    path.write_bytes("Café.".encode("cp1252"))
    assert "a.txt: invalid UTF-8 (byte 0xE9)" in run("review", str(path), model=None).refusal
    told = run("review", str(path), "--encoding", "cp1252", "--json", model=None)
    assert json.loads(told.out)["text"].startswith("Café.")


def test_options_for_tables_leave_other_files_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text;n\ngood;1\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("bad; film\n", encoding="utf-8")
    args = ["--data", str(tmp_path / "a.csv"), "--data", str(tmp_path / "b.txt"), "--delimiter", ";"]
    assert run("robustness", *args, "--input-format", "csv").code == 0
    alone = ["--data", str(tmp_path / "b.txt"), "--delimiter", ";"]
    assert "read as txt, where --delimiter has no effect" in run("robustness", *alone).refusal
