"""Each section of docs/MORE_TOOLS.md runs where the packages that it imports are installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub_server import serve_hub

PAGE = Path(__file__).parents[1] / "docs" / "MORE_TOOLS.md"
if not PAGE.is_file():
    pytest.skip("the page is not beside these tests", allow_module_level=True)


def sections() -> Iterator[tuple[str, str]]:
    """Heading and blocks of each section that has any."""
    for part in re.split(r"^#+ (?=\w)", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE):
        blocks = re.findall(r"^```python\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
        if blocks:
            yield part.partition("\n")[0], "\n".join(blocks)


@pytest.mark.parametrize(("heading", "code"), [pytest.param(*each, id=each[0]) for each in sections()])
def test_a_section_runs(heading: str, code: str, tmp_path: Path) -> None:
    """In a process of its own, whose Hub is a server of ours."""
    for name in re.findall(r"^import (\w+)", code, re.MULTILINE):
        pytest.importorskip(name, reason=f"{heading} needs {name}")
    with serve_hub() as hub:
        paths = {"HF_HOME": str(tmp_path / "hub"), "LLM_USER_PATH": str(tmp_path / "llm")}
        access = {"HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_writer"}
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={**os.environ, **paths, **access, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=False,
            encoding="utf-8",
        )
    assert done.returncode == 0, done.stderr
