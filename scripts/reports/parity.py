#!/usr/bin/env python
"""Show that all ways to an answer lead to the same one: alone, in a batch, by every engine and every tool.

    python -m scripts.reports.parity

Texts are made of our own reviewed ones, short and long. What is compared with is the NumPy engine's answer in
one batch. A way whose package is not installed says so.
"""

from __future__ import annotations

import importlib
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from nlp_rnn import SentimentClassifier
from nlp_rnn.cli import main as cli
from nlp_rnn.cli import run_script
from nlp_rnn.errors import InputError
from nlp_rnn.onnx import export_folder
from nlp_rnn.resources import SENTIMENT_MODEL
from nlp_rnn.sentiment import load_suite
from scripts.reports.load import served
from scripts.reports.service import ask

_ROWS = 256  # of an Arrow batch
_ASKED = 32  # texts of a request

Answers = Sequence[tuple[str, float, float]]
"""Label, its probability, and polarity, text by text."""
Way = Callable[[list[str]], Answers]


@dataclass(frozen=True)
class Row:
    """One way: the largest difference of a score or polarity, and how many labels differ; or why none."""

    way: str
    difference: float | None = None
    labels: int | None = None
    note: str = ""


def main(
    texts: Annotated[int, typer.Option(min=1, help="How many texts.")] = 2_000,
    model: Annotated[
        Path, typer.Option(help="A sentiment model; by default, the shipped.")
    ] = SENTIMENT_MODEL,
    seed: Annotated[int, typer.Option(help="Of the texts.")] = 0,
    only: Annotated[str, typer.Option(help="Ways whose names hold this.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Answer the texts in every way, and print a table of the differences."""
    asked = made_texts(texts, seed)
    expected = named(SentimentClassifier.from_pretrained(model), asked)
    with tempfile.TemporaryDirectory(prefix="nlp-rnn-parity-") as place:
        ways = all_ways(model, Path(place))
        rows = [compare(name, way, asked, expected) for name, way in ways.items() if only in name]
    if as_json:
        typer.echo(json.dumps({"texts": len(asked), "rows": [asdict(row) for row in rows]}))
    else:
        show(rows, len(asked))


def made_texts(count: int, seed: int) -> list[str]:
    """Return texts of the reviewed suites: every other one as it stands, the rest 2 to 30 of them joined."""
    pool = [
        text for suite in ("negation", "everyday") for case in load_suite(suite=suite) for text in case.texts
    ]
    rng = np.random.default_rng(seed)
    sizes = [1 if number % 2 else int(rng.integers(2, 31)) for number in range(count)]
    return [" ".join(pool[i] for i in rng.integers(len(pool), size=size)) for size in sizes]


def compare(name: str, way: Way, texts: list[str], expected: Answers) -> Row:
    """Return how far a way's answers are from those expected."""
    try:
        found = way(texts)
    except Exception as error:  # a tool's own, too: the other ways are still to be compared
        return Row(name, note=(str(error).splitlines() or [type(error).__name__])[0])
    if len(found) != len(expected):
        return Row(name, note=f"{len(found)} answers for {len(expected)} texts")
    figures = [np.array([each[1:] for each in answers], np.float64) for answers in (found, expected)]
    labels = sum(one[0] != other[0] for one, other in zip(found, expected, strict=True))
    return Row(name, float(np.abs(figures[0] - figures[1]).max()), labels)


def show(rows: Sequence[Row], count: int) -> None:
    """Print a table."""
    table = Table("way", "largest difference", "other labels", title=f"{count:,} texts", title_justify="left")
    for row in rows:
        if row.difference is None:
            table.add_row(row.way, "-", "-")
        else:
            table.add_row(row.way, f"{row.difference:.1e}", f"{row.labels} ({(row.labels or 0) / count:.2%})")
    console = Console()
    console.print(table)
    for row in rows:
        if row.note:
            console.print(f"{row.way}: {row.note}", markup=False, highlight=False, soft_wrap=True)


def all_ways(model: Path, place: Path) -> dict[str, Way]:
    """Return the ways by name; what they need is loaded when they are used."""
    load = partial(SentimentClassifier.from_pretrained, model)
    fp32, int8 = place / "fp32", place / "int8"

    def exported(folder: Path, *, one_by_one: bool = False, int8: bool = False) -> Way:
        def answer(texts: list[str]) -> Answers:
            if not folder.exists():
                export_folder(model, folder, int8=int8)
            classifier = SentimentClassifier.from_pretrained(folder, engine="onnx")
            return alone(classifier, texts) if one_by_one else named(classifier, texts)

        return answer

    return {
        "NumPy, alone": lambda texts: alone(load(), texts),
        "NumPy, in reverse": lambda texts: named(load(), texts[::-1])[::-1],
        "NumPy, one thread": lambda texts: named(load(threads=1), texts),
        "torch": lambda texts: named(load(engine="torch"), texts),
        "ONNX": exported(fp32),
        "ONNX, alone": exported(fp32, one_by_one=True),
        "ONNX int8": exported(int8, int8=True),
        "ONNX int8, alone": exported(int8, one_by_one=True, int8=True),
        "Arrow batches": partial(arrow, model),
        "runner, 2 processes": partial(runner, model, place),
        "Spark's function": partial(spark, model),
        "Ray": partial(ray, model),
        "spaCy": partial(spacy, model),
        "scikit-learn pipeline": lambda texts: sklearn(load(), texts),
        "data frame": partial(frame, model),
        "HTTP": partial(http, model),
    }


def named(classifier: SentimentClassifier, texts: list[str]) -> Answers:
    """Return the answers to all texts at once."""
    return [(each.label, each.score, each.polarity) for each in classifier.classify_many(texts)]


def alone(classifier: SentimentClassifier, texts: list[str]) -> Answers:
    """Return the answers to texts one by one."""
    return [answer for text in texts for answer in named(classifier, [text])]


def of_probs(probs_NC: NDArray[Any], classes: Sequence[str]) -> Answers:
    """Return answers from probabilities, *shape (N, C)*."""
    negative, positive = classes.index("negative"), classes.index("positive")
    best_N = probs_NC.argmax(axis=1)
    polarity_N = probs_NC[:, positive] - probs_NC[:, negative]
    return [
        (classes[best], float(probs_NC[n, best]), float(polarity_N[n]))
        for n, best in enumerate(best_N.tolist())
    ]


def of_columns(columns: dict[str, list[Any]]) -> Answers:
    """Return answers from the columns that every table gets."""
    return list(zip(columns["label"], columns["score"], columns["polarity"], strict=True))


def batches_of(texts: list[str]) -> list[Any]:
    """Return the texts as Arrow batches, their numbers beside them."""
    pyarrow = importlib.import_module("pyarrow")
    table = pyarrow.table({"number": range(len(texts)), "text": texts})
    batches: list[Any] = table.to_batches(max_chunksize=_ROWS)
    return batches


def arrow(model: Path, texts: list[str]) -> Answers:
    """Answer by ``score_batches``."""
    score = importlib.import_module("nlp_rnn.integrations.arrow").score_batches
    scored = list(score(iter(batches_of(texts)), column="text", model=model))
    return of_columns(importlib.import_module("pyarrow").Table.from_batches(scored).to_pydict())


def runner(model: Path, place: Path, texts: list[str]) -> Answers:
    """Answer by a run of several processes over a file, into a folder of parts."""
    parquet = importlib.import_module("pyarrow.parquet")
    table = importlib.import_module("pyarrow").Table.from_batches(batches_of(texts))
    parquet.write_table(table, place / "in.parquet", row_group_size=_ROWS)
    words = ["classify", "--file", place / "in.parquet", "--column", "text", "--workers", "2"]
    code = cli([*map(str, words), "--output", f"{place / 'parts'}/", "--model", str(model)])
    if code:
        raise InputError(f"nlp-rnn classify --workers ended with the code {code}")
    parts = [parquet.read_table(part) for part in sorted((place / "parts").rglob("*.parquet"))]
    return of_columns(importlib.import_module("pyarrow").concat_tables(parts).to_pydict())


def spark(model: Path, texts: list[str]) -> Answers:
    """Answer by the function that Spark calls, without Spark."""
    scorer = importlib.import_module("nlp_rnn.integrations.spark").scorer(column="text", model=model)
    scored = list(scorer(iter(batches_of(texts))))
    return of_columns(importlib.import_module("pyarrow").Table.from_batches(scored).to_pydict())


def ray(model: Path, texts: list[str]) -> Answers:
    """Answer by Ray, started on this machine."""
    classify = importlib.import_module("nlp_rnn.integrations.ray").classify
    engine = importlib.import_module("ray")
    data = importlib.import_module("ray.data")
    engine.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        table = importlib.import_module("pyarrow").Table.from_batches(batches_of(texts))
        rows = classify(data.from_arrow(table), column="text", model=model).take_all()
    finally:
        engine.shutdown()
    rows.sort(key=lambda row: row["number"])
    return [(row["label"], row["score"], row["polarity"]) for row in rows]


def spacy(model: Path, texts: list[str]) -> Answers:
    """Answer by a component of a spaCy pipeline."""
    importlib.import_module("nlp_rnn.integrations.spacy")  # an installed package is found without
    nlp = importlib.import_module("spacy").blank("en")
    nlp.add_pipe("nlp_rnn_sentiment", config={"model": str(model)})
    cats = [doc.cats for doc in nlp.pipe(texts)]
    classes = list(cats[0])
    return of_probs(np.array([[each[name] for name in classes] for each in cats]), classes)


def sklearn(classifier: SentimentClassifier, texts: list[str]) -> Answers:
    """Answer by a scikit-learn pipeline."""
    pipeline = importlib.import_module("sklearn.pipeline").make_pipeline(classifier)
    return of_probs(pipeline.predict_proba(texts), classifier.classes_.tolist())


def frame(model: Path, texts: list[str]) -> Answers:
    """Answer by a column of a data frame."""
    classify_frame = importlib.import_module("nlp_rnn.integrations.frames").classify_frame
    table = importlib.import_module("pyarrow").table({"text": texts})
    return of_columns(classify_frame(table, "text", model=model).to_pydict())


def http(model: Path, texts: list[str]) -> Answers:
    """Answer by the service, started on this machine."""
    classes = SentimentClassifier.from_pretrained(model).classes_.tolist()
    found: list[list[float]] = []
    with served("--model", str(model)) as server:
        for start in range(0, len(texts), _ASKED):
            asked = {"model": model.name, "input": texts[start : start + _ASKED]}
            found += [each["probs"] for each in ask(server, "/v1/classify", asked)["data"]]
    return of_probs(np.array(found), classes)


if __name__ == "__main__":
    run_script(main)
