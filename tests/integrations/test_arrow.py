"""Labels for Arrow batches: the columns, values and rules of ``classify --file``, lazily, in order."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nlp_rnn import SentimentClassifier
from nlp_rnn.artifact import load, save
from nlp_rnn.classification import TextClassifier
from nlp_rnn.cli import main
from nlp_rnn.errors import ArtifactError, DataError, InputError
from nlp_rnn.integrations.arrow import load_once, score_batches, scored_schema

pa = pytest.importorskip("pyarrow", reason='needs pip install "nlp-rnn[parquet]"')

TEXTS = ["a good film", None, "bad", " \n", "", "the film"]


def table(**columns: list[Any]) -> Any:
    return pa.table(columns)


def scored(source: Any, **options: Any) -> list[dict[str, Any]]:
    """The rows that come out."""
    return [row for batch in score_batches(source.to_batches(), **options) for row in batch.to_pylist()]


def test_rows_are_those_that_the_command_writes(tiny_model: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = table(id=[*range(6)], text=TEXTS)
    parquet.write_table(rows, tmp_path / "in.parquet")
    output = tmp_path / "out.jsonl"
    args = ["--file", str(tmp_path / "in.parquet"), "--output", str(output), "--model", str(tiny_model)]
    assert main(["classify", *args]) == 0
    written = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert scored(rows, column="text", model=tiny_model) == written
    assert [row["label"] for row in written] == ["positive", None, "negative", None, None, "neutral"]
    assert [row["score"] is None for row in written] == [row["label"] is None for row in written]


def test_batches_stay_what_they_were_and_come_as_they_are_asked_for(tiny_model: Path) -> None:
    taken, schema = [], pa.schema([("n", pa.int64()), ("text", pa.string())])

    def endless() -> Iterator[Any]:
        for number in itertools.count():
            taken.append(number)
            rows = [{"n": number, "text": "good"}] * (number % 3)
            yield pa.RecordBatch.from_pylist(rows, schema)

    found = list(itertools.islice(score_batches(endless(), column="text", model=tiny_model), 5))
    assert [batch.num_rows for batch in found] == [0, 1, 2, 0, 1]
    assert [batch.column("n").to_pylist() for batch in found] == [[], [1], [2, 2], [], [4]]
    assert taken == [0, 1, 2, 3, 4]
    assert {str(batch.schema) for batch in found} == {str(found[0].schema)}


def test_the_schema_is_known_beforehand(tiny_model: Path) -> None:
    empty = pa.schema([("id", pa.int8()), ("text", pa.string())])
    batch = next(score_batches([pa.RecordBatch.from_pylist([], empty)], column="text", model=tiny_model))
    assert batch.schema == scored_schema(empty, column="text", model=tiny_model)
    assert batch.schema.names == ["id", "text", "label", "score", "polarity"]


@pytest.mark.parametrize("kind", ["string", "large_string", "dictionary", "null"])
def test_texts_of_every_kind_are_read(tiny_model: Path, kind: str) -> None:
    texts = pa.array([None, None] if kind == "null" else ["bad", None])
    texts = texts.dictionary_encode() if kind == "dictionary" else texts.cast(kind)
    found = scored(pa.table({"text": texts}), column="text", model=tiny_model)
    assert [row["label"] for row in found] == [None if kind == "null" else "negative", None]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"review": ["a"]}, "batch 1: no column 'text'; the columns are review"),
        ({"text": [1]}, "batch 1: the column 'text' holds int64, where texts (string) are wanted"),
        ({"text": [["a"]]}, "holds list<"),
        (
            {"text": ["a"], "label": [1], "predicted_score": [1]},
            "batch 1 has a column 'predicted_score' already, and nothing of yours is overwritten",
        ),
    ],
)
def test_what_cannot_be_labelled_is_refused(tiny_model: Path, columns: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        scored(table(**columns), column="text", model=tiny_model)
    assert said in str(caught.value)


def test_names_that_are_taken_get_a_prefix(tiny_model: Path) -> None:
    rows = table(text=["bad"], score=[1])
    [found] = scored(rows, column="text", model=tiny_model)
    assert (found["score"], found["predicted_label"], found["predicted_polarity"] < 0) == (
        1,
        "negative",
        True,
    )
    [found] = scored(rows, column="text", model=tiny_model, prefix="my_")
    assert list(found) == ["text", "score", "my_label", "my_score", "my_polarity"]


def test_the_first_batch_says_the_names_for_all(tiny_model: Path) -> None:
    first, second = table(text=["a"], label=[1]), table(text=["a"])
    batches = [*first.to_batches(), *second.to_batches()]
    names = [batch.schema.names[-3:] for batch in score_batches(batches, column="text", model=tiny_model)]
    assert names == [["predicted_label", "predicted_score", "predicted_polarity"]] * 2
    with pytest.raises(DataError, match="batch 2 has a column 'label' already"):
        list(score_batches(reversed(batches), column="text", model=tiny_model))


def test_columns_of_the_same_name_are_told_apart_as_in_files(tiny_model: Path) -> None:
    twice = pa.RecordBatch.from_arrays([pa.array(["good"]), pa.array(["bad"])], names=["text", "text"])
    with pytest.raises(DataError, match=r"2 columns are called 'text', so name one as here: text \(1\)"):
        list(score_batches([twice], column="text", model=tiny_model))
    [found] = score_batches([twice], column="text (2)", model=tiny_model)
    assert found.schema.names == ["text", "text", "label", "score", "polarity"]
    assert found.column("label").to_pylist() == ["negative"]


def test_a_table_is_refused_with_what_to_give(tiny_model: Path) -> None:
    with pytest.raises(InputError, match=r"got Table: of a table, give table.to_batches\(\)"):
        next(score_batches([table(text=["a"])], column="text", model=tiny_model))


def test_a_model_is_loaded_once_and_again_when_its_folder_changes(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    loaded = []
    original = SentimentClassifier.from_pretrained.__func__

    def count(cls: Any, source: Any = None, **options: Any) -> Any:
        loaded.append(source)
        return original(cls, source, **options)

    monkeypatch.setattr(SentimentClassifier, "from_pretrained", classmethod(count))
    rows = table(text=["good"])
    for _ in range(3):
        [found] = scored(rows, column="text", model=folder)
    assert loaded == [folder]
    changed = load(folder)
    changed.weights["output.weight"][:] *= -1
    save(changed, folder)
    [other] = scored(rows, column="text", model=folder)
    assert len(loaded) == 2
    assert other["label"] != found["label"]


def test_a_model_may_be_given_in_any_form(tiny_model: Path) -> None:
    classifier = TextClassifier.from_pretrained(tiny_model)
    rows = table(text=["bad", "good"])
    assert scored(rows, column="text", model=classifier) == scored(rows, column="text", model=str(tiny_model))
    assert load_once(classifier) is classifier
    with pytest.raises(InputError, match="must be a folder, a Hub id or a classifier, got int"):
        load_once(3)
    with pytest.raises(ArtifactError, match="There is no model folder"):
        load_once("no/such/model")


def test_other_classes_have_no_polarity(tiny_model: Path, tmp_path: Path) -> None:
    artifact = load(tiny_model)
    other = save(replace(artifact, task="classification", classes=("a", "b", "c")), tmp_path / "other")
    [found] = scored(table(text=["bad"]), column="text", model=other)
    assert found == {"text": "bad", "label": "a", "score": found["score"]}


def test_abstaining_adds_what_is_known_of_the_text(tiny_model: Path, tmp_path: Path) -> None:
    artifact = load(tiny_model)
    notes = artifact.notes | {"language": "en", "abstention": [[0.1, 0.92]]}
    folder = save(replace(artifact, notes=notes), tmp_path / "abstaining")
    rows = table(text=["the film was good", "the film", None, "zork zork"])
    found = scored(rows, column="text", model=folder, abstain=0.1)
    assert [row["label"] for row in found] == ["positive", "unsure", None, "unsure"]
    assert [row["unknown_share"] for row in found] == [0.0, 0.0, None, 1.0]
    assert found[0]["language"] == "en"
