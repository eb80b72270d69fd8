"""A measured row, how it is timed, and on what machine; knows no systems."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

from nlp_rnn.version import __version__

PACKAGES = (
    "numpy",
    "tokenizers",
    "torch",
    "onnxruntime",
    "accelerate",
    "scikit-learn",
    "vaderSentiment",
    "fasttext-community",
    "textblob",
    "spacy",
)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


@dataclass(frozen=True)
class Row:
    """One line of the report.

    Attributes:
        row: Which measurement, e.g. ``latency``.
        system: The system measured.
        unit: Unit of the figures.
        values: One figure per run; empty if there is none, and ``note`` says why.
        goal: The figure that it should reach, in words.
        note: Anything else that a reader must know.
    """

    row: str
    system: str
    unit: str
    values: tuple[float, ...] = ()
    goal: str = ""
    note: str = ""

    @property
    def median(self) -> float | None:
        """Median of the runs."""
        return median(self.values) if self.values else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; of the runs, how many there were and the smallest and largest."""
        low, high = (min(self.values), max(self.values)) if self.values else (None, None)
        return {
            "row": self.row,
            "system": self.system,
            "unit": self.unit,
            "median": self.median,
            "min": low,
            "max": high,
            "runs": len(self.values),
            "goal": self.goal,
            "note": self.note,
        }


def seconds(function: Callable[[], object], runs: int = 1, *, warm_up: bool = True) -> tuple[float, ...]:
    """Return the wall-clock seconds of each of ``runs`` calls, after one that does not count."""
    if warm_up:
        function()
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        function()
        taken.append(time.perf_counter() - started)
    return tuple(taken)


def in_turns(
    functions: Sequence[Callable[[], object]], rounds: int, calls: int = 1
) -> list[tuple[float, ...]]:
    """Return the seconds of each call of each function, ``calls`` in each round: all see the same machine."""
    taken: list[list[float]] = [[] for _ in functions]
    for function in functions:
        function()
    for _ in range(rounds):
        for function, mine in zip(functions, taken, strict=True):
            mine += seconds(function, calls, warm_up=False)
    return [tuple(mine) for mine in taken]


def cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads(count: int) -> dict[str, str]:
    """Return an environment with so many threads for every library, and with this process's import path."""
    limits = dict.fromkeys(THREAD_VARIABLES, str(count))
    return {**os.environ, **limits, "PYTHONPATH": os.pathsep.join(sys.path)}


def machine() -> dict[str, str]:
    """Return processor, cores, threads, load, operating system, Python and library versions."""
    limits = [f"{name}={os.environ[name]}" for name in THREAD_VARIABLES if name in os.environ]
    return {
        "processor": _processor(),
        "cores": str(cores()),
        "threads": ", ".join(limits) or "one per core",
        "load before": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown",
        "system": platform.platform(),
        "python": platform.python_version(),
        "nlp-rnn": __version__,
        **{name: _version(name) for name in PACKAGES},
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines: Iterable[str] = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else ()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
