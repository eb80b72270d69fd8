"""A comparison of the systems: right answers, negation, size, training and speed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmarks.answering import answer
from benchmarks.measure import Row
from benchmarks.peers import PEERS, Reviews, load_systems
from nlp_rnn.sentiment import load_suite, run_suite

COLUMNS = ("IMDb test, % right", "negation suite, % passed", "MB", "training, s", "IMDb reviews/s")


def compare(
    model: str | None, trained: Path, measured: Iterable[Row], reviews: Reviews, rounds: int
) -> list[Row]:
    """Return one row for each system and column; training times are from the rows of ``train_peers``."""
    systems, missing = load_systems(PEERS, trained, model)
    cases = load_suite()
    taken = {row.system: row.values for row in measured if row.row == "peer training"}
    rows = []
    for system, (rates, right) in zip(systems, answer(systems, reviews, rounds), strict=True):
        suite = run_suite(system.predict_proba, cases, classes=system.classes, name=system.name)
        own = () if system.trained_seconds is None else (system.trained_seconds,)
        figures = (
            (100 * right,),
            (100 * suite.pass_share,),
            (_bytes(system.files) / 1e6,),
            taken.get(system.name, own),
            rates,
        )
        note = f"{len(reviews[0]):,} reviews, {len(cases):,} cases"
        if own:
            note += "; trained for as long as its own notes say, maybe on another machine"
        rows += [
            Row("peers", system.name, column, values, note=note if column == COLUMNS[0] else "")
            for column, values in zip(COLUMNS, figures, strict=True)
        ]
    return rows + [Row("peers", name, COLUMNS[0], note=why) for name, why in missing.items()]


def _bytes(paths: Iterable[Path]) -> int:
    """Return the size of files, and of all files below folders."""
    files = [file for path in paths for file in (path, *path.rglob("*")) if file.is_file()]
    return sum(file.stat().st_size for file in files)
