"""``nlp-rnn classify``: labels for texts, files and pipes."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nlp_rnn.artifact import load, save
from nlp_rnn.classification.columns import CHUNK_TEXTS

Run = Callable[..., Any]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_classify_prints_a_line_per_text(run: Run) -> None:
    result = run("classify", "the film was bad", "a good\nfilm", "the film")
    assert result.code == 0
    assert [line.split(maxsplit=2) for line in result.out.splitlines()] == [
        ["negative", "0.95", "the film was bad"],
        ["positive", "0.95", "a good film"],
        ["neutral", "0.91", "the film"],
    ]


def test_json_is_the_form_of_a_hugging_face_pipeline(run: Run) -> None:
    answers = json.loads(run("classify", "bad", "good", "--json").out)
    assert [answer["label"] for answer in answers] == ["negative", "positive"]
    assert all(set(answer) == {"label", "score"} and 0 <= answer["score"] <= 1 for answer in answers)


@pytest.mark.parametrize(
    "text", ["", " \n\t", "😀🎉", "x" * 10_000_000, "\udcff", "-- bad", "[red]bad[/red]"]
)
def test_any_text_has_an_answer(run: Run, text: str) -> None:
    result = run("classify", "--json", "--", text)
    assert result.code == 0, result.err
    assert json.loads(result.out)[0]["label"] == ("negative" if "bad" in text else "neutral")


def test_a_file_is_labelled_row_by_row(run: Run, reviews: Path, tmp_path: Path) -> None:
    output = tmp_path / "labelled.csv"
    result = run("classify", "--file", str(reviews), "--column", "review", "--output", str(output))
    assert (result.code, result.out) == (0, "")
    assert f"2 texts: {output}" in result.err
    assert "1 row has no text, and so no label" in result.err
    found = rows(output.read_text(encoding="utf-8"))
    assert [row["id"] for row in found] == ["1", "2", "3"]
    assert [row["review"] for row in found] == ["a good, good film", "bad\nfilm", ""]
    assert [row["label"] for row in found] == ["positive", "negative", ""]
    assert [round(float(row["polarity"]), 1) for row in found[:2]] == [0.9, -0.9]
    assert found[2]["score"] == found[2]["polarity"] == ""


@pytest.mark.parametrize("name", ["csv", "tsv", "jsonl", "txt"])
def test_every_format_can_be_written(run: Run, reviews: Path, tmp_path: Path, name: str) -> None:
    file = ["--file", str(reviews), "--column", "review"]
    output = tmp_path / f"out.{name}"
    assert run("classify", *file, "--output", str(output)).code == 0
    assert run("classify", *file, "--format", name).out == output.read_bytes().decode()
    if name == "jsonl":
        labels = [json.loads(line)["label"] for line in output.read_text(encoding="utf-8").splitlines()]
    elif name == "txt":
        labels = [line.split("\t")[0] for line in output.read_text(encoding="utf-8").splitlines()]
    else:
        delimiter = "," if name == "csv" else "\t"
        with output.open(newline="", encoding="utf-8") as file_:
            labels = [row["label"] for row in csv.DictReader(file_, delimiter=delimiter)]
    assert labels == ["positive", "negative", None if name == "jsonl" else ""]


def test_standard_output_has_the_format_of_the_file(run: Run, reviews: Path) -> None:
    result = run("classify", "--file", str(reviews), "--column", "review")
    assert [row["label"] for row in rows(result.out)] == ["positive", "negative", ""]


@pytest.mark.parametrize("args", [[], ["-"], ["--file", "-"]])
def test_a_pipe_is_one_text_a_line(run: Run, args: list[str]) -> None:
    result = run("classify", *args, stdin=b"bad\nwas it good?\n\nfilm")
    assert [line.split("\t")[0] for line in result.out.splitlines()] == [
        "negative",
        "positive",
        "",
        "neutral",
    ]


def test_a_table_comes_through_a_pipe(run: Run) -> None:
    stdin = b"id,review\n1,bad\n"
    result = run("classify", "-", "--column", "review", "--input-format", "csv", stdin=stdin)
    assert rows(result.out)[0] == {
        "id": "1", "review": "bad", "label": "negative", "score": "0.948911", "polarity": "-0.946488"
    }  # fmt: skip


def test_more_texts_than_are_read_at_once_keep_their_order(run: Run) -> None:
    words = ["bad", "good", "film"] * CHUNK_TEXTS
    answers = json.loads(run("classify", "--json", stdin="\n".join(words).encode()).out)
    label = {"bad": "negative", "good": "positive", "film": "neutral"}
    assert [answer["label"] for answer in answers] == [label[word] for word in words]


def test_bad_rows_stop_or_are_counted(run: Run, tmp_path: Path) -> None:
    path, output = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    path.write_bytes(b'{"text": "bad"}\n{"text": 7}\n{"text": "\xff"}\n{"text": "good"}\n')
    args = ["--file", str(path), "--output", str(output)]
    assert "rows.jsonl, row 2" in run("classify", *args).refusal
    assert os.listdir(tmp_path) == ["rows.jsonl"]
    result = run("classify", *args, "--on-error", "skip")
    assert result.code == 0
    assert "Skipped 2 bad rows" in result.err
    assert [json.loads(line)["label"] for line in output.read_text(encoding="utf-8").splitlines()] == [
        "negative",
        "positive",
    ]


def test_a_row_that_has_an_added_column_costs_that_row(run: Run, tmp_path: Path) -> None:
    path, output = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    path.write_text('{"text": "good"}\n{"text": "bad", "label": "x"}\n{"text": "bad"}\n', encoding="utf-8")
    args = ["classify", "--file", str(path), "--output", str(output)]
    refusal = run(*args).refusal
    assert "rows.jsonl, row 2: has a column 'label'" in refusal
    assert "--prefix" in refusal
    result = run(*args, "--on-error", "skip")
    assert result.code == 0
    assert "2 texts" in result.err
    assert "Skipped 1 bad row: " in result.err
    assert [json.loads(line)["label"] for line in output.read_text(encoding="utf-8").splitlines()] == [
        "positive",
        "negative",
    ]
    assert run(*args, "--prefix", "my_").code == 0
    found = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [row["my_label"] for row in found] == ["positive", "negative", "negative"]
    assert found[1]["label"] == "x"


def test_nothing_to_classify_at_a_terminal_is_said(run: Run) -> None:
    assert "--file FILE" in run("classify", stdin=None).refusal


def test_binary_and_broken_files_are_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "reviews.txt"
    path.write_bytes(b"fine\n\x89PNG\x00\xff\xfe")
    assert "row 2: invalid UTF-8" in run("classify", "--file", str(path)).refusal
    packed = tmp_path / "reviews.txt.gz"
    packed.write_bytes(b"\x1f\x8b\x08")
    assert "cut short" in run("classify", "--file", str(packed)).refusal


@pytest.fixture
def abstaining(tiny_model: Path, tmp_path: Path) -> Path:
    """The tiny model, for English, with a threshold for one share of wrong answers."""
    artifact = load(tiny_model)
    notes = artifact.notes | {"language": "en", "abstention": [[0.1, 0.92]]}
    return save(replace(artifact, notes=notes), tmp_path / "abstaining")


def test_abstain_answers_unsure_and_adds_what_is_known_of_each_text(
    run: Run, abstaining: Path, tmp_path: Path
) -> None:
    file, output = tmp_path / "mails.csv", tmp_path / "out.csv"
    texts = ["the film was good", "the film", "Où est passée ma commande de lundi ?", ""]
    file.write_text("text\n" + "".join(f"{text}\n" for text in texts[:3]) + '""\n', encoding="utf-8")
    options = ("--abstain", "0.1", "--output", str(output))
    assert run("classify", "--file", str(file), *options, model=abstaining).code == 0
    found = rows(output.read_text(encoding="utf-8"))
    assert [row["label"] for row in found] == ["positive", "unsure", "unsure", ""]
    assert [row["language"] for row in found] == ["en", "en", "fr", ""]
    assert [*found[0]] == ["text", "label", "score", "polarity", "language", "unknown_share"]
    assert found[0]["unknown_share"] == "0.0"
    assert float(found[2]["unknown_share"]) > 0.5
    printed = run("classify", "--json", "--abstain", "0.1", "the film", model=abstaining).out
    assert json.loads(printed)[0]["label"] == "unsure"


def test_abstain_is_refused_where_the_model_cannot(run: Run, abstaining: Path) -> None:
    assert "saved without thresholds" in run("classify", "good", "--abstain", "0.1").refusal
    refusal = run("classify", "good", "--abstain", "0.001", model=abstaining).refusal
    assert "no fewer than 0.1 of wrong answers" in refusal
    assert "abstain" in run("classify", "good", "--abstain", "5", model=abstaining).refusal
