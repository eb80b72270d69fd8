"""Faces: each folder's ``__init__`` lists what is public, and scripts and documents import from there."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nlp_rnn
from nlp_rnn.errors import MissingExtraError

ROOT = Path(__file__).parents[1]
PACKAGE = Path(nlp_rnn.__file__).parent
# A file of integrations/ is a face of its own, named for its tool: one face would need all the tools.
FOLDERS = sorted({path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"integrations"})
READERS = [
    *ROOT.glob("scripts/**/*.py"),
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    *ROOT.glob("data/**/*.md"),
]
IMPORT = re.compile(r"^[ \t>]*(?:from|import) (nlp_rnn(?:\.\w+)*)", re.MULTILINE)


def listed(path: Path) -> set[tuple[str, str]]:
    """The names that a type checker finds in an ``__init__``, with the module of each."""
    block = next(
        node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.If)
    )
    return {
        (alias.name, node.module or "")
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def public(folder: str) -> Iterator[str]:
    yield from importlib.import_module(f"nlp_rnn.{folder}").__all__


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_face_shows_readers_and_type_checkers_the_same_names(folder: str) -> None:
    assert {name for name, _ in listed(PACKAGE / folder / "__init__.py")} == set(public(folder))


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "integrations").glob("[!_]*.py")), ids=lambda path: path.stem
)
def test_an_integration_says_what_is_public_and_needs_nothing_to_be_imported(path: Path) -> None:
    module = importlib.import_module(f"nlp_rnn.integrations.{path.stem}")
    assert module.__all__ == sorted(module.__all__)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_the_root_shows_readers_and_type_checkers_the_same_names() -> None:
    assert {name for name, _ in listed(PACKAGE / "__init__.py")} | {"__version__"} == set(nlp_rnn.__all__)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_public_name_is_where_its_face_says(folder: str) -> None:
    face = importlib.import_module(f"nlp_rnn.{folder}")
    modules = {path.stem for path in (PACKAGE / folder).iterdir()}
    homes = dict(listed(PACKAGE / folder / "__init__.py"))
    assert all((PACKAGE.parent / f"{home.replace('.', '/')}.py").is_file() for home in homes.values())
    for name in public(folder):
        assert name not in modules, f"{name} is a function and a file: after an import it would be the file"
        try:
            assert getattr(face, name) is not None
        except MissingExtraError:
            continue
        module = homes[name]
        assert getattr(importlib.import_module(module), name) is getattr(face, name)


def test_a_name_that_is_not_public_is_refused_with_those_that_are() -> None:
    with pytest.raises(
        AttributeError, match=r"'nlp_rnn.risk' has no attribute 'Filter'; it has .*RiskFilter"
    ):
        _ = importlib.import_module("nlp_rnn.risk").Filter


def test_a_face_loads_nothing_heavy() -> None:
    code = f"""
import importlib, sys
for folder in {[folder for folder in FOLDERS]}:
    importlib.import_module("nlp_rnn." + folder)
print(*sorted({{"numpy", "torch", "tokenizers", "typer"}} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("path", READERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_scripts_and_documents_import_from_faces_only(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    deep = [name for name in IMPORT.findall(text) if name.count(".") > 1 and name.split(".")[1] in FOLDERS]
    assert deep == []


def test_without_torch_a_face_names_the_line_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("torch", "nlp_rnn.nn."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r'pip install "nlp-rnn\[train\]"'):
        _ = importlib.import_module("nlp_rnn.nn").CharRNN
