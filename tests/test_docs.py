"""What the pages name exists: commands with options, files, functions, quoted lines, modules, headings."""

from __future__ import annotations

import ast
import importlib
import itertools
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
import typer

import nlp_rnn
from nlp_rnn import CharGenerator, SentimentClassifier
from nlp_rnn.cli import main

ROOT = Path(__file__).parents[1]
if not (ROOT / "docs" / "TOUR.md").is_file():
    pytest.skip("the pages are not beside these tests", allow_module_level=True)

PACKAGE = Path(nlp_rnn.__file__).parent
HISTORY = ROOT / "docs" / "LOG.md"  # its older entries name what there was
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    *ROOT.glob("data/**/*.md"),
    ROOT / "scripts" / "README.md",
]
COMMAND = re.compile(r"nlp-rnn [a-z]|python -m scripts\.|(python )?scripts/\S+ ")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STOP = re.compile(r"^### \d\. `(nlp_rnn/[^`]+)`: ([^\n]+)\n(.*?)(?=^### |\Z)", re.MULTILINE | re.DOTALL)
TOUR = (ROOT / "docs" / "TOUR.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Commands in code spans and ``sh`` blocks."""
    found = set()
    for page in PAGES:
        if page == HISTORY:
            continue
        text = page.read_text(encoding="utf-8")
        for language, block in BLOCK.findall(text):
            if language == "sh":
                found |= {line.partition("#")[0].strip() for line in block.replace("\\\n", "").split("\n")}
        found |= {" ".join(span.split()) for span in re.findall(r"`([^`]+)`", BLOCK.sub("", text))}
    return sorted(filter(COMMAND.match, found))


@pytest.mark.parametrize("command", commands())
def test_a_command_exists_and_takes_its_options(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    program, *words = shlex.split(command)
    if program == "nlp-rnn":
        names = list(itertools.takewhile(re.compile(r"[a-z][a-z-]*$").match, words))
        code = main([*names, "--help", *words[len(names) :]])
        assert code == 0 or "requires an argument" in capsys.readouterr().err  # named without its value
    elif program == "python":
        monkeypatch.syspath_prepend(str((ROOT / words[0]).parent))
        name, args = (words[1], words[2:]) if words[0] == "-m" else (Path(words[0]).stem, words[1:])
        app = typer.Typer(add_completion=False)
        app.command()(importlib.import_module(name).main)
        assert app(["--help", *args], standalone_mode=False) == 0
    else:
        assert [name for name in (program, *words) if "/" in name and not (ROOT / name).exists()] == []


def test_an_option_that_does_not_exist_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "--help", "--colum", "text"]) == 2
    assert len(commands()) > 40


def test_links_lead_to_headings() -> None:
    for page in PAGES:
        for target, heading in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text(encoding="utf-8")):
            text = (page.parent / target if target else page).read_text(encoding="utf-8")
            headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}
            assert heading in slugs, f"{page}: {target}#{heading}"


def test_files_on_the_tour_exist() -> None:
    named = re.findall(r"`((?:nlp_rnn|data|scripts|tests)/[\w/.-]+)`", TOUR)
    assert [name for name in named if not path_of(name).exists()] == []
    assert len(named) > 30


def path_of(name: str) -> Path:
    """The path of a file or folder, by its name from the project's root; the package may lie elsewhere."""
    return (PACKAGE.parent if name.startswith("nlp_rnn") else ROOT) / name


def classify() -> Callable[[], object]:
    classifier = SentimentClassifier.from_pretrained()
    return lambda: classifier.classify("Movie was not good")


def generate() -> Callable[[], object]:
    generator = CharGenerator.from_pretrained()
    return lambda: generator.generate("ROMEO:", max_new_chars=77, seed=7)


def called(action: Callable[[], object]) -> set[tuple[str, int]]:
    """File and first line of every function that an action calls."""
    seen = set()

    def note(frame: FrameType, event: str, arg: object) -> None:
        if event == "call":
            seen.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(before)
    return seen


def functions(file: Path) -> dict[str, int]:
    """The functions of a file, methods with their class, and the first line of each."""
    found = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        inside, prefix = (node.body, f"{node.name}.") if isinstance(node, ast.ClassDef) else ([node], "")
        for each in inside:
            if isinstance(each, ast.FunctionDef):
                found[prefix + each.name] = min(part.lineno for part in (each, *each.decorator_list))
    return found


@pytest.mark.parametrize(("number", "prepare"), [(1, classify), (2, generate)])
def test_the_tour_goes_where_the_code_goes(number: int, prepare: Callable[[], Callable[[], object]]) -> None:
    stops = STOP.findall(TOUR.split("\n## ")[number])
    seen = called(prepare())
    assert 5 <= len(stops) <= 7
    for name, names, said in stops:
        file = path_of(name)
        to_read = re.findall(r"`([\w.]+)`", names)
        assert to_read
        first_line = functions(file)
        assert [function for function in to_read if (str(file), first_line[function]) not in seen] == []
        quoted = {line.strip() for _, block in BLOCK.findall(said) for line in block.split("\n")} - {""}
        assert quoted
        assert quoted <= {line.strip() for line in file.read_text(encoding="utf-8").split("\n")}


def test_the_new_names_of_the_changelog_exist() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+) \| (.+) \|$", text[text.index("### Old and new names") :], re.MULTILINE)
    assert len(rows) > 80
    names = [name for _, now in rows for name in re.findall(r"`((?:nlp_rnn|scripts)[./][\w./]*)`", now)]
    assert [name for name in names if not exists(name)] == []


def exists(name: str) -> bool:
    """Return whether there is such a file, module or folder, or a face that lists such a name."""
    place = path_of(name if "/" in name else name.replace(".", "/"))
    if place.exists() or place.with_suffix(".py").is_file():
        return True
    folder, _, last = name.rpartition(".")
    return last in getattr(importlib.import_module(folder), "__all__", ())
