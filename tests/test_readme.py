"""The README, the guide and the page on scale run: Python blocks as they stand, commands as they are typed.

A ``python`` block goes on where the one before it in the page ended. Of a ``console`` block every line
``$ nlp-rnn ...`` is run, and what it prints must be what the block shows, character by character, figures to
their last digit. (Another processor moves the sums by some 1e-6. No figure shown lies within 1e-5 of the next
one, so a block that turns red there is worth a look.) Blocks marked ``sh`` are for people.
"""

from __future__ import annotations

import re
import shlex
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import nlp_rnn
from nlp_rnn.cli import main

ROOT = Path(__file__).parent.parent
PAGES = {
    path.name: path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", ROOT / "docs" / "GUIDE.md", ROOT / "docs" / "SCALE.md")
    if path.is_file()
}
WIDTH = 120  # a page breaks longer lines between words

pytestmark = pytest.mark.skipif("README.md" not in PAGES, reason="the README is not beside these tests")


def blocks(page: str, language: str) -> Iterator[tuple[int, str]]:
    """Line and content of a page's blocks of a language."""
    text = PAGES[page]
    for found in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield text[: found.start()].count("\n") + 2, found[1]


def commands() -> Iterator[tuple[str, str]]:
    """Commands with the output shown below each, if any is."""
    for page in PAGES:
        for _, block in blocks(page, "console"):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, shown = part.partition("\n")
                yield command, shown.rstrip("\n")


def as_a_page_shows_it(printed: str) -> str:
    """Output without spaces at the ends of lines, and with long lines broken between words."""
    lines = (line.rstrip() for line in printed.rstrip("\n").split("\n"))
    return "\n".join(textwrap.fill(line, WIDTH) if len(line) > WIDTH else line for line in lines)


@pytest.fixture
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to write to, where ``data/`` is as in the project."""
    try:
        (tmp_path / "data").symlink_to(ROOT / "data", target_is_directory=True)
    except OSError:  # Windows lets only administrators make links
        shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", list(PAGES))
def test_python_blocks(somewhere: Path, page: str) -> None:
    for module in ("matplotlib", "torch", "accelerate", "torchtext"):
        pytest.importorskip(module, reason=f"{page} shows the extras, too")
    names: dict[str, object] = {"__name__": "page"}
    found = list(blocks(page, "python"))
    assert found
    for line, block in found:
        exec(compile("\n" * (line - 1) + block, page, "exec"), names)


@pytest.mark.parametrize(("command", "shown"), list(commands()))
def test_commands_print_what_the_page_shows(
    somewhere: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    shown: str,
) -> None:
    monkeypatch.setenv("COLUMNS", "100")  # tables are as wide as the terminal lets them be
    program, *args = shlex.split(command)
    assert program == "nlp-rnn"
    assert main(args) == 0
    out, err = capsys.readouterr()
    if shown:
        assert as_a_page_shows_it(out + err) == shown


def test_the_readme_is_short() -> None:
    assert PAGES["README.md"].count("\n") <= 170


def test_every_file_of_the_package_is_on_the_map() -> None:
    files = {
        path.name
        for path in Path(nlp_rnn.__file__).parent.iterdir()
        if not path.name.startswith(("_", "py.typed"))
    }
    text = PAGES["README.md"]
    assert [
        name for name in sorted(files - {"data"}) if f"`{name}" not in text and f"/{name}" not in text
    ] == []


def test_links_lead_somewhere() -> None:
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        targets = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
        assert [name for name in targets if "://" not in name and not (path.parent / name).exists()] == [], (
            path
        )
