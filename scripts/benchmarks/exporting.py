"""The speed of a model in NumPy and ONNX Runtime: a sentence with one thread, many texts with all cores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.answering import LEAST_CALLS, SENTENCES
from benchmarks.measure import Row, in_turns
from nlp_rnn import SentimentClassifier
from nlp_rnn.onnx import export_folder
from nlp_rnn.resources import SENTIMENT_MODEL

_SENTENCE = "20 tokens"


def onnx(model: str | None, work: Path, texts: Sequence[str], rounds: int) -> list[Row]:
    """Measure milliseconds from a sentence to its label, and texts of mixed lengths per second.

    Args:
        model: A model folder; None is the shipped one.
        work: Where the exported folders are written.
        texts: Many texts of mixed lengths.
        rounds: Rounds in which the systems take turns.

    Raises:
        ArtifactError, ConfigError: If the model cannot be exported.
        MissingExtraError: If the extra ``export`` is not installed.
    """
    source = SENTIMENT_MODEL if model is None else Path(model)
    fp32 = export_folder(source, work / "onnx-fp32")
    int8 = export_folder(source, work / "onnx-int8", int8=True)
    systems = {"NumPy": (source, "numpy"), "ONNX fp32": (fp32, "onnx"), "ONNX int8": (int8, "onnx")}
    load = SentimentClassifier.from_pretrained
    calls = [
        partial(load(folder, engine=engine, threads=1).predict, [SENTENCES[_SENTENCE]])
        for folder, engine in systems.values()
    ]
    in_turns(calls, 1, 20)  # warm
    taken = in_turns(calls, rounds, max(40, -(-LEAST_CALLS // rounds)))
    usual = median(taken[0])
    rows = []
    for name, times in zip(systems, taken, strict=True):
        goal = "at most 0.35, half of NumPy's" if name.endswith("int8") else ""
        note = f"one thread, {usual / median(times):.2f} times NumPy's rate"
        rows.append(Row("onnx", f"{name}, {_SENTENCE}", "ms", tuple(1e3 * t for t in times), goal, note))
    bulk = [partial(load(folder, engine=engine).predict, texts) for folder, engine in systems.values()]
    for name, times in zip(systems, in_turns(bulk, rounds), strict=True):
        rates = tuple(len(texts) / time for time in times)
        rows.append(Row("onnx", f"{name}, mixed lengths", "texts/s", rates, note=f"{len(texts):,} reviews"))
    return rows
