#!/usr/bin/env python
"""Measure the package as a reader meets it: long files, long functions, full folders, comments on steps.

    python -m scripts.reports.structure

Lines of a function are counted without its docstring. A step comment is a comment line of its own inside a
function.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from nlp_rnn.cli import run_script

PACKAGE = Path(__file__).parents[2] / "nlp_rnn"
LONG_FILE, LONG_FUNCTION = 400, 40
DENSE = {
    "runtime/encoder.py": ("pack", "_scan", "_gru", "_lstm"),
    "runtime/pooling.py": ("forward", "_attend"),
    "generation/sampling.py": ("keep_top_p", "distribution", "is_close"),
    "generation/decoding.py": ("_let_join", "_choose"),
    "translation/beam.py": ("beam_search", "_finish", "_candidates"),
    "text/cooccurrence.py": ("cooccurrence_vectors",),
    "risk/overlap.py": ("build", "_hashes", "runs"),
}
"""The functions with the densest arithmetic of indices."""


def functions(path: Path) -> Iterator[tuple[str, int, int]]:
    """Name, lines and step comments of each function of a file."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            first = node.body[0]
            end = first.end_lineno if isinstance(first, ast.Expr) and ast.get_docstring(node) else None
            docstring = 0 if end is None else end - first.lineno + 1
            own = lines[node.lineno - 1 : node.end_lineno]
            comments = sum(line.lstrip().startswith("#") for line in own)
            yield node.name, len(own) - docstring, comments


def main() -> None:
    """Print one table for each question."""
    files = sorted(PACKAGE.rglob("*.py"))
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    inside = {path: path.relative_to(PACKAGE).as_posix() for path in files}
    long_files = [(inside[path], size) for path, size in sizes.items() if size > LONG_FILE]
    long_functions = [
        (f"{inside[path]}: {name}", size)
        for path in files
        for name, size, _ in functions(path)
        if size > LONG_FUNCTION
    ]
    folders = [(path.name, len(list(path.glob("*.py")))) for path in PACKAGE.iterdir() if path.is_dir()]
    comments = [
        (f"{file}: {name}", count)
        for file, names in DENSE.items()
        for name, _, count in functions(PACKAGE / file)
        if name in names
    ]
    show(f"files of over {LONG_FILE} lines: {len(long_files)}", long_files)
    show(f"functions of over {LONG_FUNCTION} lines: {len(long_functions)}", long_functions)
    show("files of a folder", folders)
    show("step comments", comments)


def show(title: str, rows: list[tuple[str, int]]) -> None:
    """Print rows, the largest number first."""
    table = Table("where", "number", title=title)
    for where, number in sorted(rows, key=lambda row: -row[1]):
        table.add_row(where, str(number))
    Console().print(table)


if __name__ == "__main__":
    run_script(main)
