"""What is no column of texts is refused in one sentence, wherever texts are taken."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_rnn import CharGenerator, LanguageModel, SentimentClassifier, TextClassifier, Translator
from nlp_rnn.errors import InputError, as_texts
from nlp_rnn.text import TextTokenizer

OLDER = Path(__file__).parent / "older"
TEXTS = ["the parcel came late", "my bill is wrong"]


def frame() -> Any:
    pandas = pytest.importorskip("pandas", reason="comes with datasets, extra train")
    return pandas.DataFrame({"text": TEXTS})


def table() -> Any:
    return pytest.importorskip("pyarrow", reason="needs the train extra").table({"text": TEXTS})


NO_COLUMNS: dict[str, tuple[Callable[[], Any], str]] = {
    "data frame": (frame, r"DataFrame: give one column of it, such as table\['text'\]"),
    "arrow table": (table, "Table: give one column of it"),
    "arrow array": (lambda: table()["text"].combine_chunks(), r"Array: give its \.to_pylist\(\)"),
    "arrow column": (lambda: table()["text"], r"ChunkedArray: give its \.to_pylist\(\)"),
    "2-D array": (lambda: np.array([TEXTS]), r"its shape is \(1, 2\); give one column"),
    "0-D array": (lambda: np.array("a text"), r"its shape is \(\); give one column"),
    "mapping": (lambda: {"text": TEXTS}, "dict: give a list of its values"),
    "set": (lambda: set(TEXTS), "a set has no order; give a list"),
    "frozen set": (lambda: frozenset(TEXTS), "a set has no order"),
    "file": (lambda: io.StringIO("\n".join(TEXTS)), "give a list of its lines"),
    "bytes": (lambda: b"a text", "decode it"),
}
TAKERS: dict[str, Callable[[Any], object]] = {
    "as_texts": as_texts,
    "predict": lambda texts: SentimentClassifier.from_pretrained(OLDER / "classifier").predict(texts),
    "fit": lambda texts: TextClassifier().fit(texts, ["a", "b"]),
    "labels": lambda labels: TextClassifier().fit(TEXTS, labels),
    "pretrain": lambda texts: LanguageModel().fit(texts),
    "translate": lambda texts: Translator.from_pretrained(OLDER / "translator").translate(texts),
    "pairs": lambda pairs: Translator().fit(pairs),
    "prompts": lambda texts: CharGenerator.from_pretrained(OLDER / "generator").generate_many(
        texts, seeds=[0, 1]
    ),
    "tokenizer": lambda texts: TextTokenizer("word").train(texts),
    "encode_batch": lambda texts: TextTokenizer("word").train(TEXTS).encode_batch(texts),
}


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("kind", NO_COLUMNS)
def test_what_is_no_column_is_refused_with_what_to_give(kind: str, taker: str) -> None:
    make, sentence = NO_COLUMNS[kind]
    if taker == "labels" and kind == "2-D array":
        sentence = "need the names of their columns"  # probabilities are such an array
    with pytest.raises(InputError, match=sentence) as caught:
        TAKERS[taker](make())
    assert "\n" not in str(caught.value)


def test_columns_of_every_kind_are_texts() -> None:
    pandas = pytest.importorskip("pandas", reason="comes with datasets, extra train")
    data = frame()
    for column in (data["text"], data["text"].to_numpy(), tuple(TEXTS), iter(TEXTS), pandas.Index(TEXTS)):
        assert as_texts(column) == TEXTS
