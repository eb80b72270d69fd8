"""The command line: what goes in, what comes out, and how it refuses."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import nlp_rnn
from nlp_rnn.cli import main
from nlp_rnn.cli.classify import CHUNK_TEXTS
from nlp_rnn.cli.common import training_bar
from nlp_rnn.errors import DataError

Run = Callable[..., "Result"]


class Terminal(io.BytesIO):
    """Standard input that a person sits at."""

    def isatty(self) -> bool:
        return True


class Result:
    """Exit code and output of one command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def refusal(self) -> str:
        """The one sentence of a command that was refused."""
        assert self.code == 2, self.err or self.out
        *notes, last = self.err.splitlines()
        assert last.startswith("Error: "), self.err
        assert not any("Error" in note or "Traceback" in note for note in notes), self.err
        return last.removeprefix("Error: ")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tiny_model: Path) -> Run:
    """Runs a command on the tiny model; ``model=None``: as typed; ``stdin=None``: at a terminal."""

    def call(*args: str, stdin: bytes | None = b"", model: Path | None = tiny_model) -> Result:
        raw = Terminal() if stdin is None else io.BytesIO(stdin)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(raw))
        named = [] if model is None else ["--model", str(model)]
        code = main([*args[:1], *named, *args[1:]])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """A small table with a multi-line cell, an empty cell and a quoted comma."""
    path = tmp_path / "reviews.csv"
    path.write_text('id,review\n1,"a good, good film"\n2,"bad\nfilm"\n3,\n', encoding="utf-8")
    return path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# What it answers


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
    assert f"3 texts: {output}" in result.err
    found = rows(output.read_text(encoding="utf-8"))
    assert [row["id"] for row in found] == ["1", "2", "3"]
    assert [row["review"] for row in found] == ["a good, good film", "bad\nfilm", ""]
    assert [row["label"] for row in found] == ["positive", "negative", "neutral"]
    assert [round(float(row["polarity"]), 1) for row in found] == [0.9, -0.9, 0.0]


@pytest.mark.parametrize("name", ["csv", "tsv", "jsonl", "txt"])
def test_every_format_can_be_written(run: Run, reviews: Path, tmp_path: Path, name: str) -> None:
    file = ["--file", str(reviews), "--column", "review"]
    output = tmp_path / f"out.{name}"
    assert run("classify", *file, "--output", str(output)).code == 0
    assert run("classify", *file, "--format", name).out == output.read_bytes().decode()
    if name == "jsonl":
        labels = [json.loads(line)["label"] for line in output.read_text().splitlines()]
    elif name == "txt":
        labels = [line.split("\t")[0] for line in output.read_text().splitlines()]
    else:
        delimiter = "," if name == "csv" else "\t"
        with output.open(newline="", encoding="utf-8") as file_:
            labels = [row["label"] for row in csv.DictReader(file_, delimiter=delimiter)]
    assert labels == ["positive", "negative", "neutral"]


def test_standard_output_has_the_format_of_the_file(run: Run, reviews: Path) -> None:
    result = run("classify", "--file", str(reviews), "--column", "review")
    assert [row["label"] for row in rows(result.out)] == ["positive", "negative", "neutral"]


@pytest.mark.parametrize("args", [[], ["-"], ["--file", "-"]])
def test_a_pipe_is_one_text_a_line(run: Run, args: list[str]) -> None:
    result = run("classify", *args, stdin=b"bad\nwas it good?\n\nfilm")
    assert [line.split("\t")[0] for line in result.out.splitlines()] == [
        "negative",
        "positive",
        "neutral",
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
    assert [json.loads(line)["label"] for line in output.read_text().splitlines()] == ["negative", "positive"]


def test_a_row_that_has_an_added_column_costs_that_row(run: Run, tmp_path: Path) -> None:
    path, output = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    path.write_text('{"text": "good"}\n{"text": "bad", "label": "x"}\n{"text": "bad"}\n')
    args = ["classify", "--file", str(path), "--output", str(output)]
    refusal = run(*args).refusal
    assert "rows.jsonl, row 2: has a column 'label'" in refusal
    assert "--prefix" in refusal
    result = run(*args, "--on-error", "skip")
    assert result.code == 0
    assert "2 texts" in result.err
    assert "Skipped 1 bad rows, the first of them: " in result.err
    assert [json.loads(line)["label"] for line in output.read_text().splitlines()] == ["positive", "negative"]
    assert run(*args, "--prefix", "my_").code == 0
    found = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["my_label"] for row in found] == ["positive", "negative", "negative"]
    assert found[1]["label"] == "x"


def test_explain_shows_every_token_and_writes_a_page(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "why.html"
    result = run("explain", "The film was bad", "--html", str(page))
    assert result.code == 0
    assert result.out.startswith("negative 0.95")
    assert all(word in result.out for word in ("the", "film", "was", "bad", "-0.95"))
    assert "negative" in page.read_text(encoding="utf-8")


def test_explain_draws_and_prints_values(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the plot extra")
    picture = tmp_path / "why.png"
    result = run("explain", "not good", "--plot", str(picture), "--json")
    assert json.loads(result.out)["tokens"] == ["not", "good"]
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_info_says_what_the_model_is(run: Run, tiny_model: Path) -> None:
    result = run("info")
    assert all(word in result.out for word in ("negative, neutral, positive", "rnn", "Written down by hand."))
    assert "license: mit" not in result.out
    facts = json.loads(run("info", "--json").out)
    assert facts["classes"] == ["negative", "neutral", "positive"]
    assert facts["bytes"] == sum(path.stat().st_size for path in tiny_model.iterdir())
    assert {"nlp-rnn", "python", "numpy"} <= set(facts["versions"])


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
    assert [case["id"] for case in json.loads(report.read_text())[0]["failing_cases"]] == ["b"]


def write_labelled(path: Path) -> None:
    """Texts whose label one word tells."""
    texts = [(f"the film was {word}", label) for label, word in (("pan", "bad"), ("rave", "good"))]
    path.write_text(
        "text,label\n" + "".join(f"{text} {n},{label}\n" for n in range(20) for text, label in texts)
    )


def test_train_then_evaluate_then_classify(run: Run, tmp_path: Path) -> None:
    for module in ("torch", "accelerate", "matplotlib", "sklearn"):
        pytest.importorskip(module, reason="training needs the train extra")
    data, output = tmp_path / "data.csv", tmp_path / "run"
    write_labelled(data)
    small = ["--hidden-size", "6", "--embedding-dim", "6", "--batch-size", "4", "--learning-rate", "0.05"]
    args = ["--data", str(data), "--output", str(output), *small, "--max-epochs", "4"]
    trained = run("train", *args, model=None)
    assert trained.code == 0, trained.err
    assert str(output / "model") in trained.err
    assert "Padding: " in trained.err
    assert {"model", "history.jsonl", "curves.png"} <= set(os.listdir(output))

    matrix = tmp_path / "confusion.png"
    model = output / "model"
    shown = run("evaluate", "--data", str(data), "--json", "--plot", str(matrix), model=model)
    assert json.loads(shown.out)["accuracy"] >= 0.8
    assert matrix.read_bytes()[:4] == b"\x89PNG"
    assert run("classify", "good", model=model).out.startswith("rave")

    before = (model / "model.safetensors").read_bytes()
    assert run("train", *args, "--resume", model=None).code == 0
    assert (model / "model.safetensors").read_bytes() == before
    assert "other" in run("train", *args, "--resume", "--seed", "1", model=None).refusal

    tuned = [*args[:2], "--output", str(tmp_path / "tuned"), "--init-from", str(model), "--max-epochs", "1"]
    assert run("train", *tuned, model=None).code == 0
    tokenizers = [path / "tokenizer.json" for path in (model, tmp_path / "tuned" / "model")]
    assert tokenizers[0].read_bytes() == tokenizers[1].read_bytes()


def test_evaluate_compares_the_classes_asked_for(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="measuring needs the train extra")
    data = tmp_path / "data.csv"
    data.write_text("text,label\nbad,pan\ngood,rave\nit is bad,rave\na film,meh\n")
    args = ["--data", str(data), "--label-map", "pan=negative,rave=positive,meh=neutral"]
    whole = json.loads(run("evaluate", *args, "--json").out)
    assert (whole["n"], whole["accuracy"]) == (4, 0.75)
    polar = run("evaluate", *args, "--classes", "negative,positive", "--json")
    assert json.loads(polar.out)["confusion"] == [[1, 0], [1, 1]]
    assert "1 texts" in polar.err
    table = run("evaluate", *args).out
    assert all(word in table for word in ("accuracy", "macro-recall", "ece", "0.7500"))
    assert "'meh'" in run("evaluate", "--data", str(data)).refusal
    data.write_text("text,label\nbad,pan\n")
    assert "nan" not in run("evaluate", *args).out


def test_evaluate_takes_the_split_of_a_corpus_that_has_labels(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def refuse(name: str, hub: object, split: str) -> None:
        asked.append(split)
        raise DataError("nothing there")

    monkeypatch.setattr("nlp_rnn.files.labelled._hub_rows", refuse)
    for args in (["sst2"], ["imdb"], ["sst2", "--split", "test"]):
        assert run("evaluate", "--data", *args).refusal == "nothing there"
    assert asked == ["validation", "test", "test"]


def test_help_is_shown_without_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("classify", "explain", "train", "evaluate", "negation", "info"))


def test_the_module_is_the_command() -> None:
    with start("--version") as process:
        out, _ = process.communicate()
    assert (process.returncode, out.decode().strip()) == (0, f"nlp-rnn {nlp_rnn.__version__}")


def test_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"nlp-rnn {nlp_rnn.__version__}\n"


# What it refuses: exit code 2 and one sentence


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["classify", "--file", "nowhere.csv"], "nowhere.csv"),
        (["classify", "--file", "{reviews}", "--column", "text"], "the columns are id, review"),
        (["classify", "--file", "{reviews}"], "the columns are id, review"),
        (
            ["classify", "--file", "{reviews}", "--column", "review", "--output", "{reviews}"],
            "write to another",
        ),
        (["classify", "--file", "{reviews}", "--column", "review", "--output", "no/out.csv"], "no folder"),
        (
            ["classify", "--file", "{reviews}", "--column", "review", "--format", "docx"],
            "csv, tsv, jsonl, txt",
        ),
        (["classify", "bad", "--file", "{reviews}"], "not both"),
        (["classify", "bad", "--json", "--output", "x.json"], "--format jsonl"),
        (["classify", "bad", "--on-error", "ignore", "--file", "{reviews}"], "not both"),
        (["classify", "--on-error", "ignore", "--file", "{reviews}"], "raise, skip"),
        (["classify", "bad", "--engine", "jax"], "auto, numpy, torch"),
        (["classify", "bad", "--model", "no/model/here"], "no/model/here"),
        (["classify", "bad", "--modle", "x"], "--modle"),
        (["clasify", "bad"], "classify"),
        (["explain"], "nlp-rnn explain --help"),
        (["explain", "bad", "--target", "sarcastic"], "negative, neutral, positive"),
        (["explain", "bad", "--method", "lime"], "occlusion, shapley"),
        (["explain", "bad", "--html", "no/why.html"], "no/why.html"),
        (["explain", "bad", "--html", "x.html", "--plot", "x.bmp"], ".png, .svg, .pdf"),
        (["explain", "bad", "--plot", "no/x.png"], "no folder no"),
        (["evaluate", "--data", "nowhere", "--plot", "x.bmp"], ".png, .svg, .pdf"),
        (["negation", "--suite", "nowhere", "--plot", "x.bmp"], ".png, .svg, .pdf"),
        (["negation", "--suite", "nowhere", "--json", "no/x.json"], "no folder no"),
        (["classify", "bad", "--device", "cuda"], "engine='torch'"),
        (["negation", "--suite", "nowhere"], "nowhere"),
        (["train", "--data", "x.csv"], "--output"),
        (["evaluate", "--data", "imdbb"], "imdb, sst2"),
        (["evaluate", "--data", "{reviews}", "--text-column", "review"], "no column 'label'"),
        (["evaluate", "--data", "{reviews}", "--label-map", "x"], "0=negative"),
        (["evaluate", "--data", "nowhere", "--classes", "foo,bar"], "'foo', and the model answers negative"),
        (["evaluate", "--data", "nowhere", "--classes", "negative"], "at least two of negative"),
        (["evaluate", "--data", "nowhere", "--classes", "negative,negative"], "each once"),
    ],
)
def test_wrong_use_is_refused_in_one_sentence(run: Run, reviews: Path, args: list[str], said: str) -> None:
    filled = [arg.format(reviews=reviews) for arg in args]
    model = (
        {}
        if "--model" not in args and args[0] in ("classify", "explain", "negation", "evaluate")
        else {"model": None}
    )
    result = run(*filled, **model)
    assert said in result.refusal
    assert result.out == ""


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--cell", "mamba"], "rnn, gru, lstm"),
        (["--pooling", "median"], "mean+max"),
        (["--tokenizer", "words"], "word, subword, char, byte"),
        (["--learning-rate", "nan"], "learning_rate"),
        (["--hidden-size", "0"], "hidden_size"),
        (["--max-epochs", "two"], "--max-epochs"),
        (["--classes", "pan,meh,rave"], "'meh'"),
        (["--label-column", "stars"], "the columns are text, label"),
        (["--validation", "nowhere.csv"], "nowhere.csv"),
        (["--resume", "--label-map", "pan=bad,rave=bad"], "two classes"),
    ],
)
def test_training_that_cannot_be_is_refused(run: Run, tmp_path: Path, args: list[str], said: str) -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    data = tmp_path / "data.csv"
    write_labelled(data)
    command = ["train", "--data", str(data), "--output", str(tmp_path / "run"), *args]
    assert said in run(*command, model=None).refusal.replace("at least ", "")
    assert os.listdir(tmp_path) == ["data.csv"]


def test_texts_too_short_to_have_a_copy_cannot_be_paired(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    data = tmp_path / "data.csv"
    data.write_text("text,label\n" + "good soup,rave\nbad soup,pan\n" * 9, encoding="utf-8")
    command = ["train", "--data", str(data), "--output", str(tmp_path / "run"), "--objective", "pairing=1"]
    assert "leave out the objective pairing" in run(*command, model=None).refusal
    assert not (tmp_path / "run").exists()


def test_training_with_pairs_says_how_many(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("torch", "accelerate", "matplotlib"):
        pytest.importorskip(module, reason="training needs the train extra")
    data, given = tmp_path / "data.csv", []
    rows = "".join(
        f"Mary {word} the soup again,{label}\n" for word, label in (("liked", "up"), ("hated", "down"))
    )
    data.write_text("text,label\n" + 9 * rows, encoding="utf-8")
    own = nlp_rnn.SentimentClassifier
    fit = own.fit
    monkeypatch.setattr(own, "fit", lambda *args, **more: given.extend(more["pairs"]) or fit(*args, **more))
    command = ["train", "--data", str(data), "--output", str(tmp_path / "run"), "--max-epochs", "1"]
    said = run(*command, "--objective", "pairing=1", model=None).err
    assert len(given) >= 18
    assert f"{len(given)} pairs" in said


def test_a_run_that_could_not_be_saved_is_not_begun(run: Run, tmp_path: Path) -> None:
    for module in ("torch", "accelerate", "matplotlib"):
        pytest.importorskip(module, reason="training needs the train extra")
    (tmp_path / "file").touch()
    (tmp_path / "run" / "model").mkdir(parents=True)
    (tmp_path / "run" / "model" / "mine.txt").touch()
    for output, said in (("file", "is a file"), ("run", "is no model folder")):
        command = ["train", "--data", "nowhere.csv", "--output", str(tmp_path / output)]
        assert said in run(*command, model=None).refusal


def test_a_stopped_training_goes_on_only_from_a_checkpoint(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("torch", "accelerate", "matplotlib"):
        pytest.importorskip(module, reason="training needs the train extra")
    from nlp_rnn.sentiment.classifier import SentimentClassifier
    from nlp_rnn.training.checkpoint import Checkpoint, save

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SentimentClassifier, "fit", stop)
    data, output = tmp_path / "data.csv", tmp_path / "run"
    write_labelled(data)
    command = ["train", "--data", str(data), "--output", str(output)]
    stopped = run(*command, "--resume", model=None)
    assert stopped.code == 130
    assert f"{output} holds no checkpoint" in stopped.err
    assert stopped.err.endswith("Stopped; there is no checkpoint yet\n")
    save(output, Checkpoint(1, {}, {}))
    stopped = run(*command, "--resume", model=None)
    assert "holds no checkpoint" not in stopped.err
    assert stopped.err.endswith(f"Stopped; go on with: --output {output} --resume\n")


def test_a_long_training_without_a_terminal_says_where_it_is_once_a_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = SimpleNamespace(
        epoch=1, step=900, total_steps=1200, loss=0.25, tokens_per_second=2e4, seconds_left=300
    )
    clock = [0.0]
    monkeypatch.setattr("nlp_rnn.cli.common.time.monotonic", lambda: clock[0])
    with training_bar("tokens/s") as show:
        for clock[0] in (1.0, 59.0, 60.5, 61.0, 119.0, 121.0):
            show(now)
    line = "epoch 2, step 900 of 1,200: loss 0.250, 20,000 tokens/s, 5 minutes left\n"
    assert capsys.readouterr().err == 2 * line


def test_nothing_to_classify_at_a_terminal_is_said(run: Run) -> None:
    assert "--file FILE" in run("classify", stdin=None).refusal


def test_binary_and_broken_files_are_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "reviews.txt"
    path.write_bytes(b"fine\n\x89PNG\x00\xff\xfe")
    assert "row 2: invalid UTF-8" in run("classify", "--file", str(path)).refusal
    packed = tmp_path / "reviews.txt.gz"
    packed.write_bytes(b"\x1f\x8b\x08")
    assert "cut short" in run("classify", "--file", str(packed)).refusal


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        (name, harm)
        for name in ("config.json", "tokenizer.json", "model.safetensors")
        for harm in ("missing", "truncated", "changed", "empty")
        if (name, harm) != ("config.json", "changed")  # settings are checked one by one, below
    ],
)
def test_a_harmed_model_folder_is_refused(
    run: Run, tiny_model: Path, tmp_path: Path, name: str, harm: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    path = folder / name
    content = path.read_bytes()
    if harm == "missing":
        path.unlink()
    else:
        half = content[: len(content) // 2]
        path.write_bytes(
            {"truncated": half, "changed": half + b"!" + content[len(half) + 1 :], "empty": b""}[harm]
        )
    for command in (["classify", "bad"], ["explain", "bad"], ["info"], ["negation"]):
        assert name in run(*command, model=folder).refusal


@pytest.mark.parametrize(("key", "value"), [("cell", "mamba"), ("pooling", "median"), ("num_classes", 4)])
def test_a_model_of_unknown_shape_is_refused(
    run: Run, tiny_model: Path, tmp_path: Path, key: str, value: object
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    config = json.loads((folder / "config.json").read_text())
    config["model"][key] = value
    (folder / "config.json").write_text(json.dumps(config))
    assert str(folder) in run("classify", "bad", model=folder).refusal


# How it ends


@pytest.mark.skipif(os.name != "posix", reason="only there are arguments bytes")
@pytest.mark.parametrize(
    ("encoding", "text"),
    [("utf-8:strict", b"caf\xe9 was bad"), ("cp1252", "a bad film \U0001f600".encode())],
)
def test_what_cannot_be_shown_is_replaced(
    tiny_model: Path, tmp_path: Path, text: bytes, encoding: str
) -> None:
    page = tmp_path / "why.html"
    for command in (["classify", text], ["explain", text, "--html", str(page)]):
        with start(*command, "--model", str(tiny_model), encoding=encoding) as process:
            out, err = process.communicate()
        assert process.returncode == 0, err
        assert out.startswith(b"negative")
    assert "bad" in page.read_text(encoding="utf-8")


def start(*args: str | bytes, encoding: str = "utf-8") -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "nlp_rnn", *args]
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, preexec_fn=_hear_interrupts
    )


def _hear_interrupts() -> None:
    """What runs in the background may have been started deaf to them, and so would its children be."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def feed_past_the_first_answers(process: subprocess.Popen[bytes], part_of: Path) -> None:
    """Pipe texts in until the first answers have been written; the pipe stays open."""
    assert process.stdin is not None
    process.stdin.write(b"a bad film\n" * (2 * CHUNK_TEXTS))
    process.stdin.flush()
    while not any(part.stat().st_size for part in part_of.parent.glob(f".{part_of.name}.*")):
        assert process.poll() is None, process.communicate()


@pytest.mark.skipif(os.name != "posix", reason="signals are sent the POSIX way")
@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_a_stopped_run_leaves_no_half_file(tiny_model: Path, tmp_path: Path, sent: int, code: int) -> None:
    output = tmp_path / "out.csv"
    output.write_text("what stood here before")
    with start("classify", "--model", str(tiny_model), "--output", str(output), "-") as process:
        feed_past_the_first_answers(process, output)
        process.send_signal(sent)
        out, err = process.communicate()
    assert (process.returncode, out) == (code, b"")
    assert b"Traceback" not in err
    assert output.read_text() == "what stood here before"
    if sent != signal.SIGKILL:
        assert os.listdir(tmp_path) == ["out.csv"]


@pytest.mark.skipif(os.name != "posix", reason="a reader that goes away is a POSIX matter")
def test_a_reader_that_leaves_is_no_error(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_text("a bad film\n" * 20_000)
    with start("classify", "--model", str(tiny_model), "--file", str(path)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"negative")
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
