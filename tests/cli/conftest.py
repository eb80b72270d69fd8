"""What the tests of the commands share: a command run as a person would, and what came of it."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nlp_rnn.cli import main

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
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(raw, encoding="utf-8"))
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
