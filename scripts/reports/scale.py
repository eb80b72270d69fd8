#!/usr/bin/env python
"""Measure labelling at length: a run that is killed again and again, several workers, and the engines.

    python -m scripts.reports.scale kills      # 2,000,000 rows, killed at 20 random moments and gone on with
    python -m scripts.reports.scale workers    # 2 workers beside two loops of their own; memory over the run
    python -m scripts.reports.scale engines    # the plain loop, the runner, Ray and Spark, in one run

Each prints a line of JSON. The rows are made of our own reviewed texts. For figures that count, leave
``--rows`` as it is, and run nothing beside it; ``--rows 5000`` shows that all works.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from nlp_rnn.cli import run_script
from nlp_rnn.errors import one_of
from nlp_rnn.files import read_texts
from nlp_rnn.resources import data_folder
from nlp_rnn.sentiment import load_suite

ROWS = {"kills": 2_000_000, "workers": 200_000, "engines": 100_000}
_ENGINES = ("loop", "runner", "ray", "spark")


def main(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(ROWS)}.")],
    rows: Annotated[int | None, typer.Option(min=100, help="By default, as many as count.")] = None,
    files: Annotated[int, typer.Option(min=2, help="Files that the rows lie in.")] = 4,
    group_rows: Annotated[int, typer.Option(min=1, help="Rows of a row group.")] = 8192,
    workers: Annotated[int, typer.Option(min=1, help="Processes: kills.")] = 2,
    kills: Annotated[int, typer.Option(min=1, help="How often: kills.")] = 20,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each, the best counts: workers, engines.")] = 3,
    spark_python: Annotated[str, typer.Option(help="A Python that has PySpark.")] = sys.executable,
    seed: Annotated[int, typer.Option(help="Of the rows and of the moments.")] = 0,
) -> None:
    """Measure one kind, and print a line of JSON."""
    one_of("kind", kind, tuple(ROWS))
    count, rng = rows or ROWS[kind], random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="nlp-rnn-scale-") as folder:
        base = Path(folder)
        named = write_rows(base / "in", count, files, group_rows, rng)
        if kind == "kills":
            found = measure_kills(base, workers, kills, rng)
        elif kind == "workers":
            found = measure_workers(base, named, count, repeats)
        else:
            found = measure_engines(base, named, count, repeats, spark_python)
    typer.echo(json.dumps({"kind": kind, "rows": count, **found}))


def made_texts(rng: random.Random) -> Iterator[str | None]:
    """Yield texts of one to four of our own; one in a hundred is missing."""
    cases = (*load_suite(), *load_suite(suite="everyday"))
    own = [text for case in cases for text in case.texts]
    own += [record.text for record in read_texts(data_folder("samples") / "reviews.csv", column="text")]
    while True:
        yield None if rng.random() < 0.01 else " ".join(rng.choices(own, k=rng.randint(1, 4)))


def write_rows(folder: Path, count: int, files: int, group_rows: int, rng: random.Random) -> list[Path]:
    """Write so many numbered rows into Parquet files, and return these."""
    import pyarrow as pa
    from pyarrow import parquet

    folder.mkdir()
    texts, paths = made_texts(rng), []
    schema = pa.schema([("id", pa.int64()), ("text", pa.string())])
    for file in range(files):
        path = folder / f"{file:03}.parquet"
        first, last = count * file // files, count * (file + 1) // files
        with parquet.ParquetWriter(path, schema) as out:
            for start in range(first, last, group_rows):
                numbers = range(start, min(start + group_rows, last))
                columns = {"id": list(numbers), "text": [next(texts) for _ in numbers]}
                out.write_table(pa.table(columns, schema), row_group_size=group_rows)
        paths.append(path)
    return paths


def command(base: Path, output: str, workers: int) -> list[str]:
    """Return the command line of a run."""
    options = ["--output", f"{base / output}/", "--workers", str(workers), "--resume"]
    return [sys.executable, "-m", "nlp_rnn", "classify", "--file", f"{base}/in/*.parquet", *options]


def measure_kills(base: Path, workers: int, kills: int, rng: random.Random) -> dict[str, Any]:
    """Kill a run at random moments, go on with it, and compare it with one that nobody killed."""
    start = time.perf_counter()
    subprocess.run(command(base, "whole", workers), check=True, capture_output=True)
    alone = time.perf_counter() - start
    made, again = 0, []
    start = time.perf_counter()
    while True:
        # Only this process is killed; its workers have to notice that themselves.
        run = subprocess.Popen(
            command(base, "killed", workers), stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            patience = None if made >= kills else rng.uniform(0, 2) * alone / kills
            code = run.wait(patience)
            if code:
                raise SystemExit(f"the run ended with exit code {code}")
            break
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.wait()
            made += 1
            again.append(_written_in_vain(base / "killed"))
    return {
        "kills": made,
        "kills_in_the_work": sum(count > 0 for count in again),  # the others came while the processes started
        "workers": workers,
        "seconds": round(alone, 1),
        "seconds_with_kills": round(time.perf_counter() - start, 1),
        "most_units_done_again": max(again, default=0),
        **compare(base / "whole", base / "killed"),
    }


def _written_in_vain(folder: Path) -> int:
    """Return how many parts, whole or not, the journal does not know: they are written again."""
    if not folder.exists():
        return 0
    journal = folder / "_journal.jsonl"
    lines = journal.read_bytes().splitlines() if journal.exists() else []
    parts = [path.name for path in folder.iterdir() if path.name.lstrip(".").startswith("part-")]
    return len(parts) - sum(line.endswith(b"}") and b'"unit"' in line for line in lines)


def compare(whole: Path, killed: Path) -> dict[str, Any]:
    """Return how many rows two folders have, and whether they are the same: ids, order, values."""
    from pyarrow import parquet

    names = [sorted(path.name for path in folder.glob("part-*")) for folder in (whole, killed)]
    rows, in_order, equal = 0, True, names[0] == names[1]
    for name in names[1]:
        found = parquet.read_table(killed / name)
        in_order &= found.column("id").to_pylist() == list(range(rows, rows + found.num_rows))
        equal &= (whole / name).exists() and found.equals(parquet.read_table(whole / name))
        rows += found.num_rows
    return {"rows_written": rows, "in_order": in_order, "equal": equal, "parts": len(names[1])}


def measure_workers(base: Path, files: Sequence[Path], count: int, repeats: int) -> dict[str, Any]:
    """Set a run by two workers beside two loops with half of the rows each."""
    half = len(files) // 2
    loops, runs, memory = [], [], []
    for repeat in range(repeats):
        start = time.perf_counter()
        halves = [
            subprocess.Popen(
                _engine("loop", part, base / f"loop{repeat}-{number}"), stdout=subprocess.DEVNULL
            )
            for number, part in enumerate((files[:half], files[half:]))
        ]
        if any(process.wait() for process in halves):
            raise SystemExit("a loop failed")
        loops.append(count / (time.perf_counter() - start))
        start = time.perf_counter()
        run = subprocess.Popen(command(base, f"run{repeat}", 2), stderr=subprocess.DEVNULL)
        memory.append(_memory_of(run))
        if run.wait():
            raise SystemExit("the run failed")
        runs.append(count / (time.perf_counter() - start))
    return {
        "rows_per_second_of_two_loops": round(max(loops)),
        "rows_per_second_of_two_workers": round(max(runs)),
        "share": round(max(runs) / max(loops), 3),
        "megabytes_at_quarters_of_the_run": memory[-1],
    }


def _memory_of(run: subprocess.Popen[bytes]) -> list[float]:
    """Return the memory of a process and its children at four moments, in MB, once it has ended."""
    seen: list[float] = []
    while run.poll() is None:
        seen.append(sum(map(_megabytes, _family(run.pid))))
        time.sleep(0.5)
    return (
        [round(seen[len(seen) * quarter // 4], 1) for quarter in (1, 2, 3)] + [round(max(seen), 1)]
        if seen
        else []
    )


def _family(process: int) -> list[int]:
    """Return a process and its children; of an ended one, nothing."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8")
    except OSError:
        return []
    return [process, *(each for child in children.split() for each in _family(int(child)))]


def _megabytes(process: int) -> float:
    try:
        pages = Path(f"/proc/{process}/statm").read_text(encoding="utf-8").split()[1]
    except OSError:
        return 0.0
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure_engines(
    base: Path, files: Sequence[Path], count: int, repeats: int, spark_python: str
) -> dict[str, Any]:
    """Label the same rows by each engine, with one worker."""
    found: dict[str, Any] = {}
    for engine in _ENGINES * repeats:
        if isinstance(found.get(engine), str):
            continue
        python = spark_python if engine == "spark" else sys.executable
        output = Path(tempfile.mkdtemp(dir=base)) / "out"
        done = subprocess.run(
            [python, *_engine(engine, files, output)[1:]],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            found[engine] = "not there" if "ModuleNotFoundError" in done.stderr else done.stderr[-300:]
            continue
        seconds = json.loads(done.stdout.splitlines()[-1])["seconds"]
        found[engine] = max(found.get(engine, 0), round(count / seconds))
    if isinstance(found["runner"], int) and isinstance(found["loop"], int):
        found["runner_to_loop"] = round(found["runner"] / found["loop"], 3)
    return {"rows_per_second": found}


def _engine(engine: str, files: Sequence[Path], output: Path) -> list[str]:
    """Return the command line of an engine with one worker."""
    module = [sys.executable, "-m", "scripts.reports.scale_engines", engine]
    return [*module, *map(str, files), "--output", str(output)]


if __name__ == "__main__":
    run_script(main)
