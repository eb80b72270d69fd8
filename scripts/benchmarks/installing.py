"""The size of the core install in an empty environment, and how fast it starts there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.measure import Row, seconds
from nlp_rnn.errors import InputError

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Core:
    """A fresh environment with this project and no extra.

    Attributes:
        folder: The environment.
        added_mb: Disk space that the installation took, MB (1e6 bytes).
        install_seconds: Time ``pip`` took.
    """

    folder: Path
    added_mb: float
    install_seconds: float

    def run(self, *words: str) -> None:
        """Run a program of the environment, outside the source tree.

        Raises:
            InputError: If it fails; with its last line.
        """
        _run([str(self.folder / _BIN / words[0]), *words[1:]], cwd=self.folder)


_BIN = "Scripts" if sys.platform == "win32" else "bin"


def install_core(folder: Path) -> Core:
    """Make the environment.

    Raises:
        InputError: If ``pip`` fails; with its last line.
    """
    venv.create(folder, with_pip=True)
    empty = _disk(folder)
    started = time.perf_counter()
    core = Core(folder, 0.0, 0.0)
    core.run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(ROOT))
    return Core(folder, (_disk(folder) - empty) / 1e6, time.perf_counter() - started)


def install(core: Core) -> list[Row]:
    """Return the size on disk."""
    shipped = ROOT / "nlp_rnn" / "pretrained" / "sentiment-en"
    note = "model included" if shipped.is_dir() else "WITHOUT a model: none is shipped yet"
    note += f"; pip took {core.install_seconds:.0f} s"
    return [Row("install", "core", "MB", (core.added_mb,), "at most 170", note)]


def startup(core: Core, model: str | None, runs: int) -> list[Row]:
    """Measure seconds until the interpreter, the import and the first answer are ready."""
    named = [] if model is None else ["--model", str(Path(model).resolve())]
    commands = {
        "python -c '' (bare)": ("", ["python", "-c", ""]),
        "import nlp_rnn": ("under 0.3", ["python", "-c", "import nlp_rnn"]),
        "import of SentimentClassifier": ("", ["python", "-c", "from nlp_rnn import SentimentClassifier"]),
        "nlp-rnn classify, first answer": ("under 1", ["nlp-rnn", "classify", "Movie was not good", *named]),
    }
    rows = []
    for name, (goal, words) in commands.items():
        try:
            rows.append(Row("startup", name, "s", seconds(partial(core.run, *words), runs), goal))
        except InputError as error:
            rows.append(Row("startup", name, "s", goal=goal, note=str(error)))
    return rows


def _run(words: list[str], cwd: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        words, cwd=cwd, env=env, capture_output=True, text=True, check=False, encoding="utf-8"
    )
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise InputError(f"{Path(words[0]).name} {' '.join(words[1:4])} failed: {last}")


def _disk(folder: Path) -> int:
    """Return the bytes that the files below ``folder`` take on disk."""
    files = [path.lstat() for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(getattr(stat, "st_blocks", -(-stat.st_size // 512)) * 512 for stat in files)
