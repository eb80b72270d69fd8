"""Data frames of three libraries: answers beside the texts, in the kind of frame that was given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_rnn import SentimentClassifier, TextClassifier
from nlp_rnn.cli import main
from nlp_rnn.errors import DataError, InputError
from nlp_rnn.resources import CLAIMS_MODEL

pytest.importorskip("narwhals", reason="needs the frames extra")
from nlp_rnn.integrations.frames import classify_frame

Make = Callable[[dict[str, list[Any]]], Any]
TEXTS = ["the film was good", None, "a bad film", " ", "it was a film"]


def pandas(columns: dict[str, list[Any]]) -> Any:
    return pytest.importorskip("pandas").DataFrame(columns)


def polars(columns: dict[str, list[Any]]) -> Any:
    return pytest.importorskip("polars").DataFrame(columns)


def pyarrow(columns: dict[str, list[Any]]) -> Any:
    return pytest.importorskip("pyarrow").table(columns)


each_kind = pytest.mark.parametrize("make", [pandas, polars, pyarrow])


def column(frame: Any, name: str) -> list[Any]:
    """Values of a column; missing ones as None."""
    values = frame[name].to_pylist() if hasattr(frame, "column_names") else list(frame[name])
    return [None if value is None or value != value else value for value in values]


@each_kind
def test_the_same_kind_comes_back_with_the_answers_of_the_classifier(make: Make, tiny_model: Path) -> None:
    frame = make({"id": [1, 2, 3, 4, 5], "note": TEXTS})
    found = classify_frame(frame, "note", model=tiny_model)
    assert type(found) is type(frame)
    names = list(found.column_names if hasattr(found, "column_names") else found.columns)
    assert names == ["id", "note", "label", "score", "polarity"]
    assert column(found, "label") == ["positive", None, "negative", None, "neutral"]
    probs_NC = SentimentClassifier.from_pretrained(tiny_model).predict_proba([TEXTS[0], TEXTS[2], TEXTS[4]])
    scores, polarities = column(found, "score"), column(found, "polarity")
    np.testing.assert_allclose([scores[at] for at in (0, 2, 4)], probs_NC.max(axis=1), atol=1e-6)
    np.testing.assert_allclose(
        [polarities[at] for at in (0, 2, 4)], probs_NC[:, 2] - probs_NC[:, 0], atol=1e-6
    )
    assert scores[1] is scores[3] is polarities[1] is None
    assert "label" not in list(getattr(frame, "column_names", frame.columns))  # the caller's is as it was


@each_kind
def test_the_columns_are_those_of_the_command(
    make: Make, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_text("text,label\na bad film,x\n,y\n", encoding="utf-8")
    args = ["classify", "--file", str(tmp_path / "in.csv"), "--model", str(tiny_model), "--format", "csv"]
    assert main(args) == 0
    header, first, second = capsys.readouterr().out.splitlines()[:3]
    found = classify_frame(make({"text": ["a bad film", None], "label": ["x", "y"]}), model=tiny_model)
    names = list(found.column_names if hasattr(found, "column_names") else found.columns)
    assert ",".join(names) == header
    assert first.split(",")[2] == column(found, "predicted_label")[0]
    assert second == ",y,,,"
    assert column(found, "predicted_label")[1] is None


@each_kind
def test_a_frame_without_rows_has_the_columns(make: Make, tiny_model: Path) -> None:
    found = classify_frame(make({"text": []}), model=tiny_model)
    assert column(found, "polarity") == []


@each_kind
def test_a_model_without_polarity_and_a_prefix(make: Make) -> None:
    model = TextClassifier.from_pretrained(CLAIMS_MODEL)
    found = classify_frame(make({"text": ["Prices rose by 4% in May."]}), "text", model=model, prefix="my_")
    assert column(found, "my_label") == model.predict(["Prices rose by 4% in May."]).tolist()
    assert list(found.column_names if hasattr(found, "column_names") else found.columns)[1:] == [
        "my_label",
        "my_score",
    ]


def test_the_index_of_pandas_is_kept(tiny_model: Path) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"text": ["good", "bad", "film"]}, index=pd.Index([7, 7, 2], name="page"))
    found = classify_frame(frame, "text", model=tiny_model)
    assert found.index.equals(frame.index)
    assert found.index.name == "page"
    assert found["label"].tolist() == ["positive", "negative", "neutral"]
    part = classify_frame(frame[frame.index == 7].iloc[::-1], model=tiny_model)
    assert part["label"].tolist() == ["negative", "positive"]


def test_columns_of_pandas_that_are_called_by_numbers(tiny_model: Path) -> None:
    pd = pytest.importorskip("pandas")
    found = classify_frame(pd.DataFrame([["a", "good"], ["b", "bad"]]), 1, model=tiny_model)  # type: ignore[arg-type]
    assert found["label"].tolist() == ["positive", "negative"]


def test_more_texts_than_are_answered_at_once(monkeypatch: pytest.MonkeyPatch, tiny_model: Path) -> None:
    frame = pandas({"text": ["good", None, "bad", "film", "bad"]})
    expected = classify_frame(frame, model=tiny_model)
    monkeypatch.setattr("nlp_rnn.classification.columns.CHUNK_TEXTS", 2)
    assert classify_frame(frame, model=tiny_model).equals(expected)


@each_kind
@pytest.mark.parametrize(
    ("columns", "asked", "prefix", "said"),
    [
        ({"a": ["x"]}, "text", None, "the data frame: no column 'text'; the columns are a"),
        ({"a": ["x"], "b": ["y"]}, None, None, "say which column holds the texts; the columns are a, b"),
        ({"text": [3, 4]}, "text", None, r"frame, row 1: the text in 'text' is .*, not a string"),
        (
            {"text": ["x"], "label": ["y"], "predicted_score": [1.0]}, "text", None,
            "has a column 'predicted_score' already, and nothing of yours is overwritten",
        ),
        ({"text": ["x"], "label": ["y"]}, "text", "", "has a column 'label' already"),
    ],
)  # fmt: skip
def test_bad_columns_are_refused_in_one_sentence(
    make: Make, tiny_model: Path, columns: Any, asked: str | None, prefix: str | None, said: str
) -> None:
    with pytest.raises((DataError, InputError), match=said):
        classify_frame(make(columns), asked, model=tiny_model, prefix=prefix)


def test_two_columns_of_one_name_are_refused(tiny_model: Path) -> None:
    pd, pa = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    for frame in (
        pd.DataFrame([["good", "x", "y"]], columns=["text", "a", "a"]),
        pa.Table.from_arrays([pa.array(["good"])] * 2, names=["text", "text"]),
    ):
        with pytest.raises(InputError, match="two columns of the data frame have one name"):
            classify_frame(frame, "text", model=tiny_model)


def test_what_is_no_frame_in_memory_is_refused() -> None:
    pl = pytest.importorskip("polars")
    with pytest.raises(InputError, match=r"got LazyFrame: call its collect\(\) first"):
        classify_frame(pl.LazyFrame({"text": ["good"]}), "text")
    for other in ({"text": ["good"]}, ["good"], pl.Series(["good"])):
        with pytest.raises(InputError, match=r"wants a data frame in memory, got .*: give one of pandas"):
            classify_frame(other, "text")
