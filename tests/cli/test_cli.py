"""The command line as a whole: its help, how it refuses, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nlp_rnn
from nlp_rnn.classification.columns import CHUNK_TEXTS
from nlp_rnn.cli import main

Run = Callable[..., Any]


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
        (["classify", "bad", "--engine", "jax"], "auto, numpy, torch, onnx"),
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
        (["evaluate", "--data", "nowhere", "--curve", "x.bmp"], ".png, .svg, .pdf"),
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
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["model"][key] = value
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
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
        command,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        env=environment,
        preexec_fn=_hear_interrupts if os.name == "posix" else None,
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
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (getattr(signal, "SIGKILL", 9), -9)]
)
def test_a_stopped_run_leaves_no_half_file(tiny_model: Path, tmp_path: Path, sent: int, code: int) -> None:
    output = tmp_path / "out.csv"
    output.write_text("what stood here before", encoding="utf-8")
    with start("classify", "--model", str(tiny_model), "--output", str(output), "-") as process:
        feed_past_the_first_answers(process, output)
        process.send_signal(sent)
        out, err = process.communicate()
    assert (process.returncode, out) == (code, b"")
    assert b"Traceback" not in err
    assert output.read_text(encoding="utf-8") == "what stood here before"
    if sent != signal.SIGKILL:
        assert os.listdir(tmp_path) == ["out.csv"]


@pytest.mark.skipif(os.name != "posix", reason="a reader that goes away is a POSIX matter")
def test_a_reader_that_leaves_is_no_error(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_text("a bad film\n" * 20_000, encoding="utf-8")
    with start("classify", "--model", str(tiny_model), "--file", str(path)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"negative")
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
