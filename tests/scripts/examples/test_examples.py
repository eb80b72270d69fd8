"""The examples run as they are copied: each trains, answers or measures, and says what it did."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn import CharGenerator, SentimentClassifier
from nlp_rnn.errors import InputError
from nlp_rnn.reference import rnn_step

FOLDER = Path(__file__).parents[3] / "scripts" / "examples"
if not FOLDER.is_dir():
    pytest.skip("the scripts are not beside these tests", allow_module_level=True)
GOOD = ["a good cast", "good fun and good music", "it was good", "so good, and so warm"]
CLASSES = ["negative", "positive"]
BAD = ["a bad cast", "bad jokes and bad music", "it was bad", "so bad, and so cold"]


def main_of(name: str) -> Callable[..., None]:
    """The function that an example runs."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    rows = [(text, "positive") for text in GOOD * 4] + [(text, "negative") for text in BAD * 4]
    file = tmp_path / "labelled.csv"
    file.write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in rows), encoding="utf-8")
    return file


def test_classify_prints_a_line_for_each_text(capsys: pytest.CaptureFixture[str]) -> None:
    main_of("classify")(["Movie was good", "Movie was not good"])
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [(label, text) for label, _, _, text in lines] == [
        ("positive", "Movie was good"),
        ("negative", "Movie was not good"),
    ]


def test_generate_ends_with_the_disclaimer(capsys: pytest.CaptureFixture[str]) -> None:
    main_of("generate")("ROMEO:")
    shown = capsys.readouterr().out
    assert shown.startswith("ROMEO:")
    assert "machine" in shown.splitlines()[-1]


def test_train_saves_a_model_and_evaluate_measures_it(
    labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in ("torch", "accelerate", "matplotlib"):
        pytest.importorskip(module, reason="training needs the train extra")
    monkeypatch.chdir(tmp_path)
    main_of("train")(str(labelled), tmp_path / "model")
    assert SentimentClassifier.from_pretrained(tmp_path / "model").classes_.tolist() == [
        "negative",
        "positive",
    ]
    main_of("evaluate")(str(labelled), str(tmp_path / "model"))
    assert "32 texts: accuracy" in capsys.readouterr().out
    assert (tmp_path / "confusion.png").is_file()


def test_train_char_saves_a_writer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for module in ("torch", "accelerate"):
        pytest.importorskip(module, reason="training needs the train extra")
    (tmp_path / "plays.txt").write_text("The cat sat on the mat.\n" * 60, encoding="utf-8")
    main_of("train_char")(tmp_path / "plays.txt", tmp_path / "writer")
    assert CharGenerator.from_pretrained(tmp_path / "writer").memory is not None
    assert "The " in capsys.readouterr().out


@pytest.mark.slow
def test_forecast_prints_the_steps_that_come_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for module in ("torch", "accelerate"):
        pytest.importorskip(module, reason="training needs the train extra")
    series = tmp_path / "series.csv"
    series.write_text("value\n" + "".join(f"{step % 5}\n" for step in range(80)), encoding="utf-8")
    main_of("forecast")(series, steps=3)
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == ["1", "2", "3"]


def test_distill_lets_a_transformer_teach(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    transformers = pytest.importorskip("transformers", reason="the transformer needs the teach extra")
    words = sorted({word.strip(",") for text in GOOD + BAD for word in text.split()})
    vocab = {
        word: number for number, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words])
    }
    transformers.BertTokenizerFast(vocab=vocab).save_pretrained(tmp_path / "bert")
    config = transformers.BertConfig(
        vocab_size=len(vocab), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    transformers.BertModel(config).save_pretrained(tmp_path / "bert")
    more = tmp_path / "more.txt"
    more.write_text("good and warm\nbad and cold\n", encoding="utf-8")
    main_of("distill")(
        str(labelled), str(more), tmp_path / "student", start=str(tmp_path / "bert"), max_epochs=1
    )
    assert SentimentClassifier.from_pretrained(tmp_path / "student").classes_.tolist() == [
        "negative",
        "positive",
    ]
    assert "saved in" in capsys.readouterr().out


def test_the_levels_agree_and_their_page_shows_them_as_they_are(tmp_path: Path) -> None:
    """In a process of its own: Keras takes its back end from the environment when it is imported."""
    for module in ("torch", "keras"):
        if importlib.util.find_spec(module) is None:
            pytest.skip("two of the levels need the extras train and keras")
    file = FOLDER / "levels.py"
    done = subprocess.run(
        [sys.executable, str(file)],
        env={
            **os.environ,
            "KERAS_BACKEND": "torch",
            "KERAS_HOME": str(tmp_path),
            "PYTHONPATH": str(FOLDER.parents[1]),
        },
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    page = (FOLDER.parents[1] / "docs" / "LEVELS.md").read_text(encoding="utf-8")
    assert f"```text\n{done.stdout}```" in page
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    code = file.read_text(encoding="utf-8")
    assert [block for block in blocks if block not in code] == []
    with pytest.raises(InputError) as refused:
        rnn_step(np.ones((2, 3)), np.ones((2, 4)), np.ones((3, 4)), np.ones((4, 4)), np.ones(4))
    assert f"```text\n{refused.value}\n```" in page
