"""``nlp-rnn spot`` and ``nlp-rnn train spotter``."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nlp_rnn.audio.stretches import glue
from nlp_rnn.cli import main
from tests.audio.sounds import RATE, as_int16, corpus, sound, write_wav


@pytest.fixture
def stretch() -> np.ndarray:
    clips = [sound("rise", 1), sound("unknown", 2), sound("fall", 3)]
    return glue(clips, ["rise", "unknown", "fall"], np.random.default_rng(0), sample_rate=RATE)[0]


def words(out: str) -> list[str]:
    return [line.split()[-2] for line in out.splitlines()]


def test_a_file_and_a_pipe_have_the_same_words(
    spotter_folder: Path,
    stretch: np.ndarray,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = ["--model", str(spotter_folder), "--threshold", "0.4"]
    path = write_wav(tmp_path / "a.wav", stretch)
    assert main(["spot", str(path), *model]) == 0
    shown = capsys.readouterr().out
    assert words(shown) == ["rise", "fall"]
    raw = io.BytesIO(as_int16(stretch).astype("<i2").tobytes())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=SimpleNamespace(read1=raw.read)))
    assert main(["spot", "-", "--sample-rate", str(RATE), *model]) == 0
    assert words(capsys.readouterr().out) == ["rise", "fall"]
    assert main(["spot", str(path), "--json", *model]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first.keys() == {"sound", "time", "word", "confidence"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "name sounds"),
        (["a.wav", "--microphone"], "name sounds"),
        (["nowhere.wav"], "there is no file nowhere.wav"),
        (["nowhere.wav", "--sample-rate", "8000"], "--sample-rate has no effect here"),
    ],
)
def test_what_cannot_be_heard_is_one_sentence(
    spotter_folder: Path, args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["spot", *args, "--model", str(spotter_folder)]) == 2
    assert message in capsys.readouterr().err


def test_a_file_shorter_than_a_window_is_said(
    spotter_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_wav(tmp_path / "click.wav", np.zeros(100))
    assert main(["spot", str(path), "--model", str(spotter_folder)]) == 2
    assert "has 100 samples at 8000 Hz" in capsys.readouterr().err


def test_half_a_sample_at_the_end_of_a_pipe_is_said(
    spotter_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO(bytes(16_001))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=SimpleNamespace(read1=raw.read)))
    assert main(["spot", "-", "--model", str(spotter_folder)]) == 2
    assert "odd number of bytes" in capsys.readouterr().err


def test_without_its_extra_the_microphone_names_the_line_to_type(
    spotter_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert main(["spot", "--microphone", "--model", str(spotter_folder)]) == 2
    assert 'pip install "nlp-rnn[microphone]"' in capsys.readouterr().err


def test_a_model_of_texts_is_no_spotter(tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spot", "a.wav", "--model", str(tiny_model)]) == 2
    assert "made for the task" in capsys.readouterr().err


def test_training_from_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    monkeypatch.setattr("nlp_rnn.audio.fitting._MINUTES", 0.2)
    for number, (clip, label) in enumerate(zip(*corpus(4, labels=("rise", "unknown")), strict=True)):
        write_wav(tmp_path / "words" / label / f"{number}.wav", clip)
    run = ["train", "spotter", "--data", str(tmp_path / "words"), "--output", str(tmp_path / "run")]
    shape = ["--hidden-size", "4", "--bands", "8", "--max-epochs", "1", "--batch-size", "8"]
    assert main([*run, *shape]) == 0
    said = capsys.readouterr().err
    assert "8 clips, classes rise, unknown" in said
    assert "Threshold" in said
    assert main(["spot", str(tmp_path / "words/rise/0.wav"), "--model", str(tmp_path / "run/model")]) == 0
    assert main(["info", "--model", str(tmp_path / "run" / "model"), "--json"]) == 0
