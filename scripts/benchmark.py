#!/usr/bin/env python
"""Measure this package and its peers: ``pip install ".[train,bench]" && python scripts/benchmark.py``.

Prints the machine, the versions, and the median, smallest and largest of several runs; of the row ``peers``
a table of its own, with how often each system is right. A row that cannot be measured here says why. More on
quality: ``nlp-rnn evaluate`` and ``nlp-rnn negation``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from benchmarks.answering import latency, throughput
from benchmarks.comparing import COLUMNS, compare
from benchmarks.exporting import onnx
from benchmarks.generating import generation
from benchmarks.installing import install, install_core, startup
from benchmarks.learning import learning
from benchmarks.measure import Row, machine
from benchmarks.peers import PEERS, TIMED, read_reviews, train_peers
from benchmarks.training import training
from rich.console import Console
from rich.table import Table

from nlp_rnn import SentimentClassifier
from nlp_rnn.cli import run_script
from nlp_rnn.config import ModelConfig, TrainConfig
from nlp_rnn.errors import NlpRnnError, one_of

ROWS = ("latency", "throughput", "onnx", "peers", "training", "learning", "generation", "install", "startup")
DATA = Path(__file__).parents[2] / "shared" / "data"


def main(
    rows: Annotated[str, typer.Option(help=f"Which of {', '.join(ROWS)}, with commas; or all.")] = "all",
    data: Annotated[Path, typer.Option(envvar="NLP_RNN_DATA", help="Folder of corpora.")] = DATA,
    model: Annotated[str | None, typer.Option(help="A saved model; without it, the shipped one.")] = None,
    generator: Annotated[str | None, typer.Option(help="A model that writes text; else the shipped.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Rounds; starting up takes twice as many.")] = 5,
    reviews: Annotated[int, typer.Option(min=1, help="IMDb test reviews to label.")] = 2000,
    train_reviews: Annotated[int, typer.Option(min=4, help="IMDb reviews the peers train on.")] = 25_000,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write everything here.")] = None,
) -> None:
    """Measure speed, and the quality of the peers."""
    asked = ROWS if rows == "all" else tuple(rows.split(","))
    for name in asked:
        one_of("rows", name, (*ROWS, "all"))
    described = machine()
    found: list[Row] = []
    with TemporaryDirectory(prefix="nlp-rnn-benchmark-") as place:
        work = Path(place)
        read = partial(read_reviews, data)
        if {"latency", "throughput", "peers"} & set(asked):
            kinds = PEERS if "peers" in asked else TIMED
            found += _try("peer training", lambda: train_peers(kinds, read("train", train_reviews), work))
        measures: dict[str, Callable[[], list[Row]]] = {
            "latency": lambda: latency(model, work, repeats),
            "throughput": lambda: throughput(model, work, read("test", reviews), repeats),
            "onnx": lambda: onnx(model, work, read("test", reviews)[0], repeats),
            "peers": lambda: compare(model, work, found, read("test", reviews), repeats),
            "training": lambda: training(*_shape(model), steps=4 * repeats),
            "learning": lambda: learning(data, repeats),
            "generation": lambda: generation(generator, repeats),
        }
        for name, measure in measures.items():
            if name in asked:
                found += _try(name, measure)
        if {"install", "startup"} & set(asked):
            found += _try("install", lambda: _core_rows(asked, work / "core", model, repeats))
    if json_out is not None:
        report = {"machine": described, "rows": [row.to_dict() for row in found]}
        json_out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    _show(described, found)


def _try(name: str, measure: Callable[[], list[Row]]) -> list[Row]:
    """Return what was measured, or one row that says why nothing was."""
    try:
        return measure()
    except NlpRnnError as error:
        return [Row(name, "all", "", note=str(error))]


def _shape(model: str | None) -> tuple[ModelConfig, TrainConfig]:
    """Return shape and training settings of the model; the defaults where there is none."""
    try:
        artifact = SentimentClassifier.from_pretrained(model).artifact
    except NlpRnnError:
        return ModelConfig(vocab_size=30_000, num_classes=3), TrainConfig(max_epochs=1, batch_size=256)
    settings = TrainConfig.from_dict(artifact.notes.get("train", {}))
    return artifact.config, replace(settings, max_epochs=1, checkpoint_every=0)


def _core_rows(asked: tuple[str, ...], folder: Path, model: str | None, repeats: int) -> list[Row]:
    core = install_core(folder)
    rows = install(core) if "install" in asked else []
    return rows + (startup(core, model, 2 * repeats) if "startup" in asked else [])


def _show(described: dict[str, str], rows: list[Row]) -> None:
    console = Console()
    for name, value in described.items():
        console.print(f"{name}: {value}", markup=False, highlight=False)
    table = Table("row", "system", "median", "min", "max", "runs", "unit", "goal")
    compared: dict[str, dict[str, float | None]] = {}
    for row in rows:
        if row.row == "peers":
            compared.setdefault(row.system, {})[row.unit] = row.median
            continue
        plain = row.to_dict()
        figures = [_number(plain[key]) for key in ("median", "min", "max")]
        table.add_row(row.row, row.system, *figures, str(plain["runs"]), row.unit, row.goal)
    console.print(table)
    if compared:
        table = Table("peers", *COLUMNS)
        for name, values in compared.items():
            table.add_row(name, *(_number(values.get(column)) for column in COLUMNS))
        console.print(table)
    for row in rows:
        if row.note:
            console.print(f"{row.row}, {row.system}: {row.note}", markup=False, highlight=False)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    run_script(main)
