"""Each section of docs/TOOLS.md runs where the packages that it imports are installed."""

from __future__ import annotations

import ast
import csv
import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nlp_rnn.files.labelled import load_corpus
from tests.hub_server import serve_hub

PAGE = Path(__file__).parents[1] / "docs" / "TOOLS.md"
if not PAGE.is_file():
    pytest.skip("the page is not beside these tests", allow_module_level=True)
SERVICE = "http://127.0.0.1:8080"


def sections() -> Iterator[tuple[str, str]]:
    """Heading and blocks of each section that has any, each block at its line of the page."""
    for part in re.split(r"^#+ (?=\w)", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE):
        blocks = re.findall(r"^```python\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
        if blocks:
            yield part.partition("\n")[0], "\n".join(blocks)


def imported(code: str) -> set[str]:
    """The packages that some code imports."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names} - {"nlp_rnn"}


def run_apart(code: str, folder: Path) -> None:
    """Run some code in a process of its own, whose Hub is a server of ours, in a folder."""
    with serve_hub() as hub:
        paths = {"HF_HOME": str(folder / "hub"), "LLM_USER_PATH": str(folder / "llm")}
        access = {"HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_writer"}
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env={**os.environ, **paths, **access, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=False,
            encoding="utf-8",
        )
    assert done.returncode == 0, done.stderr


@pytest.mark.filterwarnings("default")  # what other packages warn of is theirs
@pytest.mark.parametrize(("heading", "code"), [pytest.param(*each, id=each[0]) for each in sections()])
def test_a_section_runs(heading: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else it asks the network for prices
    for name in sorted(imported(code)):
        pytest.importorskip(name, reason=f"{heading} needs {name}")
    if "spacy" in imported(code):  # a source tree on the path has no entry points
        importlib.import_module("nlp_rnn.integrations.spacy")
    if imported(code) & {"huggingface_hub", "llm", "mcp"}:
        run_apart(code, tmp_path)
        return
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    if SERVICE not in code:
        exec(compile(code, f"{PAGE.name}: {heading}", "exec"), names)
        return
    pytest.importorskip("uvicorn", reason="the service needs the serve extra")
    from tests.service.running import serving

    with serving() as running:
        exec(compile(code.replace(SERVICE, running.url), f"{PAGE.name}: {heading}", "exec"), names)


def test_label_studio_takes_the_tasks_and_its_export_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = dict(sections())["Label Studio"]
    monkeypatch.chdir(tmp_path)
    exec(compile(code, PAGE.name, "exec"), {"__name__": "page"})
    tasks = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
    choices = [task["predictions"][0]["result"][0]["value"]["choices"] for task in tasks]
    assert choices == [["positive"], ["negative"]]
    rows = [
        {"annotation_id": n, "annotator": 1, "id": n, "sentiment": choice[0], "text": task["data"]["text"]}
        for n, (task, choice) in enumerate(zip(tasks, choices, strict=True))
    ]
    with (tmp_path / "export.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    corpus = load_corpus(tmp_path / "export.csv", text_column="text", label_column="sentiment")
    assert list(corpus.labels) == ["positive", "negative"]
    sdk = pytest.importorskip("label_studio_sdk.label_interface", reason="label-studio-sdk is not installed")
    interface = sdk.LabelInterface(
        '<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text">'
        '<Choice value="negative"/><Choice value="neutral"/><Choice value="positive"/></Choices></View>'
    )
    for task in tasks:
        assert interface.validate_prediction(task["predictions"][0])
