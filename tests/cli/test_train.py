"""``nlp-rnn train`` and the commands below it."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nlp_rnn
from nlp_rnn.cli.training_run import run_with_bar
from nlp_rnn.errors import TrainingWarning

Run = Callable[..., Any]


def write_labelled(path: Path) -> None:
    """Texts whose label one word tells."""
    texts = [(f"the film was {word}", label) for label, word in (("pan", "bad"), ("rave", "good"))]
    path.write_text(
        "text,label\n" + "".join(f"{text} {n},{label}\n" for n in range(20) for text, label in texts),
        encoding="utf-8",
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
    refusal = run("train", *args, "--resume", "--seed", "1", model=None).refusal
    assert "was made with other seed (0 there, 1 here), data" in refusal

    tuned = [*args[:2], "--output", str(tmp_path / "tuned"), "--init-from", str(model), "--max-epochs", "1"]
    assert run("train", *tuned, model=None).code == 0
    tokenizers = [path / "tokenizer.json" for path in (model, tmp_path / "tuned" / "model")]
    assert tokenizers[0].read_bytes() == tokenizers[1].read_bytes()


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
    own = nlp_rnn.TextClassifier
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
    from nlp_rnn.classification.classifier import TextClassifier
    from nlp_rnn.training.checkpoint import Checkpoint, save

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(TextClassifier, "fit", stop)
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


def test_what_the_library_warns_of_is_said_as_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with run_with_bar(tmp_path, False, "tokens/s"):
        warnings.warn("the model knows nothing", TrainingWarning, stacklevel=1)
    assert capsys.readouterr().err == "Note: the model knows nothing\n"


# The group


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["train"], "Missing option '--data'; see: nlp-rnn train --help"),
        (["train", "chra"], "No such command 'chra'. Did you mean 'char'?; see: nlp-rnn train --help"),
        (["train", "--data", "x", "--output", "y", "z"], "No such command 'z'; see: nlp-rnn train --help"),
        (["train", "--seed", "3", "char"], "the options of char come after its name: train char --seed 3;"),
        (
            ["train", "--treebank", "translator", "--data", "x"],
            "the options of translator come after its name",
        ),
        (["train", "--data", "char"], "Missing option '--output'; see: nlp-rnn train --help"),
        (["train", "--data", "x", "--output", "y", "char"], "the options of char come after its name"),
        (["train", "--dtaa", "x"], "--dtaa"),
        (["train", "char"], "Missing option '--data'; see: nlp-rnn train char --help"),
        (["train", "char", "--seed", "x"], "see: nlp-rnn train char --help"),
        (["train", "translator", "--data", "x"], "see: nlp-rnn train translator --help"),
        (["train-char"], "No such command 'train-char'"),
    ],
)
def test_each_command_below_train_asks_for_its_own_options(run: Run, args: list[str], said: str) -> None:
    assert said in run(*args, model=None).refusal


@pytest.mark.parametrize(
    ("command", "own", "others"),
    [
        (["train"], ["--pooling", "--classes", "translator"], ["--holdout", "--copy-share"]),
        (["train", "char"], ["--holdout", "--tied"], ["--pooling", "--copy-share"]),
        (["train", "translator"], ["--copy-share", "--source"], ["--pooling", "--holdout"]),
        (["pretrain"], ["--samples", "--min-count"], ["--pooling", "--holdout"]),
    ],
)
def test_help_shows_a_command_its_own_options_in_panels(
    run: Run, command: list[str], own: list[str], others: list[str]
) -> None:
    shown = run(*command, "--help", model=None).out
    panels = [shown.index(f"─ {name} ─") for name in ("Data", "Model", "Training", "Output")]
    assert panels == sorted(panels)
    assert all(word in shown for word in own)
    assert not any(word in shown for word in others)


@pytest.mark.parametrize(
    "args",
    [
        ["train", "--data", "{data}", "--init-from", "shipped", "--cell", "gru"],
        ["train", "--data", "{data}", "--init-from", "shipped", "--pooling", "last"],
        ["train", "--data", "{data}", "--init-from", "elsewhere", "--mend-typos"],
        ["pretrain", "--data", "{data}", "--init-from", "elsewhere", "--min-count", "3"],
    ],
)
def test_an_option_that_the_start_makes_void_is_refused(run: Run, tmp_path: Path, args: list[str]) -> None:
    for module in ("torch", "accelerate", "matplotlib"):
        pytest.importorskip(module, reason="training needs the train extra")
    data = tmp_path / "data.csv"
    write_labelled(data)
    args = [arg.format(data=data) for arg in args]
    found = run(*args, "--output", str(tmp_path / "run"), model=None)
    option = next(arg for arg in reversed(args) if arg.startswith("--"))
    assert f"{option} has no effect here, so leave it out" in found.refusal


def test_the_folder_of_a_training_says_where_its_model_is(run: Run, tmp_path: Path) -> None:
    (tmp_path / "run" / "model").mkdir(parents=True)
    (tmp_path / "run" / "model" / "config.json").write_text("{}", encoding="utf-8")
    found = run("classify", "good", model=tmp_path / "run")
    assert f"its model is {tmp_path / 'run' / 'model'}" in found.refusal
