"""The plugin, as the real command ``llm`` finds it by its entry point and runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nlp_rnn import CharGenerator

pytest.importorskip("llm", reason="the extra [llm] is not installed")

ROOT = Path(__file__).parents[2]
WRITER = ROOT / "tests" / "older" / "generator"


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder on the import path with the entry point that pyproject.toml gives the installed package."""
    entries = re.search(
        r"\[project\.entry-points\.llm\]\n(.*?)\n\n", (ROOT / "pyproject.toml").read_text("utf-8"), re.S
    )
    assert entries is not None
    folder = tmp_path / "nlp_rnn_plugin-0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: nlp-rnn-plugin\nVersion: 0\n", encoding="utf-8"
    )
    (folder / "entry_points.txt").write_text(f"[llm]\n{entries[1].replace(chr(34), '')}\n", encoding="utf-8")
    return tmp_path


def llm(plugins: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``llm``."""
    return subprocess.run(
        [sys.executable, "-m", "llm", *words],
        env={
            **os.environ,
            "LLM_USER_PATH": str(plugins / "user"),
            "PYTHONPATH": os.pathsep.join([str(plugins), *filter(None, sys.path)]),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )


def test_the_text_leaves_with_its_disclaimer(plugins: Path) -> None:
    options = ("-o", "model", str(WRITER), "-o", "max_new_chars", "40", "-o", "seed", "3")
    done = llm(plugins, "-m", "nlp-rnn", "The ", *options)
    expected = CharGenerator.from_pretrained(WRITER).generate("The ", max_new_chars=40, seed=3)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip("\n") == f"{expected.text}\n\n{expected.disclaimer}"
    assert '"machine_generated": true' in llm(plugins, "logs", "--json").stdout  # with all of its provenance


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "temperature", "-1"), "Invalid temperature. Received: -1.0"),
        (("-o", "model", "nowhere at all"), "There is no model folder nowhere at all"),
        (("-s", "Be kind."), "follows no system prompt"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(plugins: Path, words: tuple[str, ...], said: str) -> None:
    done = llm(plugins, "-m", "nlp-rnn", "The ", *words)
    assert done.returncode == 1
    (sentence,) = done.stderr.strip().splitlines()
    assert said in sentence
