"""The speed of trained systems: one sentence with one thread, many reviews with all cores.

Run as a program (``python -m benchmarks.answering``, see ``latency``) it measures one sentence, so that
the number of threads can be set before any library is loaded.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.measure import Row, in_turns, threads
from benchmarks.peers import TIMED, Reviews, System, load_systems

SENTENCES = {
    "4 tokens": "Movie was not good",
    "20 tokens": "The food was not good, the service was slow, and nobody came when we asked for help.",
}
LEAST_CALLS = 200


def latency(model: str | None, trained: Path, rounds: int) -> list[Row]:
    """Measure milliseconds from one sentence to its label, in a process with one thread."""
    job = json.dumps({"model": model, "trained": str(trained), "rounds": rounds})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.answering", job],
        env=threads(1),
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    if done.returncode:
        return [Row("latency", "all", "ms", note=(done.stderr.splitlines() or ["it failed"])[-1])]
    found = json.loads(done.stdout.splitlines()[-1])
    return [Row(**{**row, "values": tuple(row["values"])}) for row in found]


def answer(systems: Sequence[System], reviews: Reviews, rounds: int) -> list[tuple[tuple[float, ...], float]]:
    """Return for each system the reviews per second, one figure a round, and the share it labels right."""
    texts, labels = reviews
    answers: dict[str, list[str]] = {}

    def run(system: System) -> None:
        answers[system.name] = system.label(texts)

    taken = in_turns([partial(run, system) for system in systems], rounds)
    found = []
    for system, times in zip(systems, taken, strict=True):
        right = sum(a == b for a, b in zip(answers[system.name], labels, strict=True))
        found.append((tuple(len(texts) / time for time in times), right / len(texts)))
    return found


def throughput(model: str | None, trained: Path, reviews: Reviews, rounds: int) -> list[Row]:
    """Measure reviews per second, and the share each system labels right."""
    systems, missing = load_systems(TIMED, trained, model)
    goals = {"nlp_rnn, NumPy engine": "at least 350", "nlp_rnn, torch engine": "at least 800"}
    rows = []
    for system, (rates, right) in zip(systems, answer(systems, reviews, rounds), strict=True):
        note = f"{len(reviews[0]):,} reviews, {right:.1%} right"
        rows.append(Row("throughput", system.name, "reviews/s", rates, goals.get(system.name, ""), note))
    return rows + [Row("throughput", name, "reviews/s", note=why) for name, why in missing.items()]


def _latency_here(model: str | None, trained: str, rounds: int) -> list[Row]:
    systems, missing = load_systems(TIMED, Path(trained), model)
    rows = []
    for length, sentence in SENTENCES.items():
        calls = [partial(system.classify, sentence) for system in systems]
        in_turns(calls, 1, 20)  # warm
        taken = in_turns(calls, rounds, max(40, -(-LEAST_CALLS // rounds)))
        for system, times in zip(systems, taken, strict=True):
            goal = "at most 1.5" if "NumPy" in system.name else ""
            values = tuple(1e3 * time for time in times)
            rows.append(Row("latency", f"{system.name}, {length}", "ms", values, goal, "one thread"))
    return rows + [Row("latency", name, "ms", note=why) for name, why in missing.items()]


if __name__ == "__main__":
    if "torch" in sys.modules:
        raise SystemExit("torch was loaded before the number of threads was set")
    print(json.dumps([vars(row) for row in _latency_here(**json.loads(sys.argv[1]))]))
