#!/usr/bin/env python
"""Check that imports only point up the layout: a file may import from files above it, or from its own folder.

The layout is data, below; a file it does not name is an error, so the list stays whole.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "nlp_rnn"
ORDER = """
__init__.py errors.py config.py hub.py figure.py probabilities.py metrics.py text.py spans.py
spelling.py tokenizer.py vectors.py cooccurrence.py rows.py corpora.py records.py batch.py
reference.py exchange.py recurrence.py artifact.py nn/ runtime.py training/ studies/ sequence/
language/ sentiment/ generation/ cli/ __main__.py
""".split()


def place(file: str) -> int:
    """Where a file stands in the layout, by its path inside the package; 0 is the top.

    Raises:
        ValueError: If the layout does not name it.
    """
    head = file.split("/")[0] + "/" if "/" in file else file
    if head not in ORDER:
        raise ValueError(f"{PACKAGE}/{file} is not in the layout: add it to ORDER in {Path(__file__).name}")
    return ORDER.index(head)


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import in a file, wherever in the file it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"line {node.lineno}: a relative import; write the module's whole name")
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "require":
            name = node.args[0] if node.args else None
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield node.lineno, name.value


def file_of(root: Path, module: str) -> str | None:
    """Path inside the package of the file a dotted name stands for; None for other packages."""
    head, *parts = module.split(".")
    if head != PACKAGE:
        return None
    while parts:
        inside = "/".join(parts)
        if (root / f"{inside}.py").is_file():
            return f"{inside}.py"
        if (root / inside / "__init__.py").is_file():
            return f"{inside}/__init__.py"
        parts.pop()  # the last part was a name inside the module
    return "__init__.py"


def check(root: Path) -> list[str]:
    """One sentence for each import of the package at ``root`` that does not point up."""
    wrong = []
    for path in sorted(root.rglob("*.py")):
        file = path.relative_to(root).as_posix()
        if file == "__init__.py":
            continue  # names what is below, and imports it only when it is asked for
        try:
            own = place(file)
            for line, module in imported(ast.parse(path.read_text(encoding="utf-8"))):
                target = file_of(root, module)
                if target is not None and place(target) > own:
                    wrong.append(f"{PACKAGE}/{file}:{line} imports {module}, which is below it in the layout")
        except ValueError as error:
            wrong.append(f"{PACKAGE}/{file}: {error}")
    return wrong


if __name__ == "__main__":
    root = Path(__file__).parent.parent / PACKAGE
    found = check(root)
    for sentence in found:
        print(sentence, file=sys.stderr)
    if not found:
        print(f"All imports point up: {len(list(root.rglob('*.py')))} files")
    sys.exit(1 if found else 0)
