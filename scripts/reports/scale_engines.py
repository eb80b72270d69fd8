#!/usr/bin/env python
"""Label Parquet files by one engine, in this process and those that it starts: ``scale.py`` runs each so.

    python -m scripts.reports.scale_engines loop in/*.parquet --output out

Prints how many seconds it took once the engine was there; loading the model counts.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from nlp_rnn.bulk import BulkSettings, check_inputs, label_files
from nlp_rnn.cli import run_script
from nlp_rnn.errors import one_of
from nlp_rnn.integrations import arrow, ray, spark

COLUMN = "text"


def main(
    engine: Annotated[str, typer.Argument(help="loop, runner, ray or spark.")],
    files: Annotated[list[Path], typer.Argument(help="Parquet files.")],
    output: Annotated[Path, typer.Option(help="Folder to write to.")],
    workers: Annotated[int, typer.Option(min=1, help="Processes, actors or cores.")] = 1,
) -> None:
    """Label files by one engine."""
    engines: dict[str, Callable[[list[Path], Path, int], float]] = {
        "loop": by_loop,
        "runner": by_runner,
        "ray": by_ray,
        "spark": by_spark,
    }
    one_of("engine", engine, tuple(engines))
    typer.echo(json.dumps({"engine": engine, "seconds": engines[engine](files, output, workers)}))


def by_loop(files: list[Path], output: Path, workers: int) -> float:
    """Read, label and write in a plain loop, with one thread; return the seconds."""
    from pyarrow import parquet

    start = time.perf_counter()
    model = arrow.load_once(None, threads=1)
    output.mkdir(parents=True, exist_ok=True)
    for path in files:
        with parquet.ParquetFile(path) as source:
            schema = arrow.scored_schema(source.schema_arrow, column=COLUMN, model=model)
            batches = source.iter_batches(4096, use_threads=False)
            with parquet.ParquetWriter(output / path.name, schema) as out:
                for batch in arrow.score_batches(batches, column=COLUMN, model=model):
                    out.write_batch(batch)
    return time.perf_counter() - start


def by_runner(files: list[Path], output: Path, workers: int) -> float:
    """Label by the runner; return the seconds."""
    start = time.perf_counter()
    settings = BulkSettings(column=COLUMN, workers=workers)
    label_files(check_inputs(files, settings), output, settings)
    return time.perf_counter() - start


def by_ray(files: list[Path], output: Path, workers: int) -> float:
    """Label by Ray Data, with a CPU more than actors need, for reading; return the seconds."""
    import ray as engine
    import ray.data as data

    engine.init(num_cpus=workers + 1, include_dashboard=False, log_to_driver=False)
    data.DataContext.get_current().enable_progress_bars = False
    start = time.perf_counter()
    dataset = data.read_parquet([str(path) for path in files])
    ray.classify(dataset, column=COLUMN, actors=workers).write_parquet(str(output.resolve()))
    return time.perf_counter() - start


def by_spark(files: list[Path], output: Path, workers: int) -> float:
    """Label by a local Spark; return the seconds."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder: Any = SparkSession.builder
    session = builder.master(f"local[{workers}]").config("spark.ui.enabled", "false").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    start = time.perf_counter()
    frame = session.read.parquet(*map(str, files))
    scored = frame.mapInArrow(spark.scorer(column=COLUMN), spark.schema(frame, column=COLUMN))
    scored.write.parquet(str(output.resolve()))
    seconds = time.perf_counter() - start
    session.stop()
    return seconds


if __name__ == "__main__":
    run_script(main)
