"""The README runs: its Python blocks as they stand, its commands as they are typed.

A ``python`` block goes on where the one before it ended. Of a ``console`` block every line ``$ nlp-rnn ...``
is run, and the labels it prints must be those the block shows, in their order; figures may differ.
Blocks marked ``sh`` are for people.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import nlp_rnn
from nlp_rnn.cli import main

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8") if README.is_file() else ""
LABEL = re.compile(r"\b(negative|neutral|positive)\b")

pytestmark = pytest.mark.skipif(not TEXT, reason="the README is not beside these tests")


def blocks(language: str) -> Iterator[tuple[int, str]]:
    """Line and content of the README's blocks of a language."""
    for found in re.finditer(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL):
        yield TEXT[: found.start()].count("\n") + 2, found[1]


def commands() -> Iterator[tuple[str, str]]:
    """Commands with the output shown below each."""
    for _, block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown


@pytest.fixture
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to write to, where ``data/`` is as in the project."""
    (tmp_path / "data").symlink_to(ROOT / "data", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_python_blocks(somewhere: Path) -> None:
    for module in ("matplotlib", "torch", "accelerate", "torchtext"):
        pytest.importorskip(module, reason="the README shows the extras, too")
    names: dict[str, object] = {"__name__": "readme"}
    found = list(blocks("python"))
    assert found
    for line, block in found:
        exec(compile("\n" * (line - 1) + block, str(README), "exec"), names)


@pytest.mark.parametrize(("command", "shown"), list(commands()))
def test_commands(somewhere: Path, capsys: pytest.CaptureFixture[str], command: str, shown: str) -> None:
    program, *args = shlex.split(command)
    assert program == "nlp-rnn"
    assert main(args) == 0
    if shown:
        assert LABEL.findall(capsys.readouterr().out) == LABEL.findall(shown)


def test_every_file_of_the_package_is_on_the_map() -> None:
    files = {
        path.name
        for path in Path(nlp_rnn.__file__).parent.iterdir()
        if not path.name.startswith(("_", "py.typed"))
    }
    assert [
        name for name in sorted(files - {"data"}) if f"`{name}" not in TEXT and f"/{name}" not in TEXT
    ] == []


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT)
    assert [target for target in targets if "://" not in target and not (ROOT / target).exists()] == []
