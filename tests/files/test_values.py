"""What is passed through comes out as it went in; a missing text is missing in every format."""

from __future__ import annotations

import copy
import csv
import datetime
import importlib.util
import io
import json
import pickle
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_rnn.errors import DataError
from nlp_rnn.files.labelled import load_corpus
from nlp_rnn.files.pairs import read_pairs
from nlp_rnn.files.texts import Record, read_texts, write_records
from nlp_rnn.files.values import Number, cell_of, json_of

needs_parquet = pytest.mark.skipif(
    importlib.util.find_spec("pyarrow") is None, reason='needs pip install "nlp-rnn[train]"'
)
DAY, TIME = datetime.date(2024, 1, 2), datetime.datetime(2024, 1, 2, 3, 4, 5, 600_000)


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def parquet(path: Path, columns: dict[str, Any]) -> Path:
    import pyarrow as pa
    from pyarrow import parquet as files

    files.write_table(pa.table(columns), path)
    return path


def passed(source: Path, target: Path) -> str:
    """What is written of the rows of a file, without an answer."""
    with read_texts(source) as reader, write_records(target, like=reader.rows) as out:
        for record in reader:
            out.add(record, {})
    return target.read_text(encoding="utf-8")


def strict(text: str) -> Any:
    """JSON as the standard has it, which knows no NaN."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def all_kinds() -> dict[str, tuple[Any, str, str]]:
    """A column of each kind, its cell in a table, and its value in JSON Lines."""
    import pyarrow as pa

    nan = float("nan")
    return {
        "date": ([DAY], "2024-01-02", '"2024-01-02"'),
        "time": ([TIME], "2024-01-02 03:04:05.600000", '"2024-01-02 03:04:05.600000"'),
        "zone": (
            pa.array([TIME], pa.timestamp("us", "UTC")),
            "2024-01-02 03:04:05.600000+00:00",
            '"2024-01-02 03:04:05.600000+00:00"',
        ),
        "nano": (
            pa.array([1], pa.timestamp("ns")),
            "1970-01-01 00:00:00.000000001",
            '"1970-01-01 00:00:00.000000001"',
        ),
        "round": (pa.array([0], pa.timestamp("ns")), "1970-01-01 00:00:00", '"1970-01-01 00:00:00"'),
        "clock": ([datetime.time(1, 2, 3)], "01:02:03", '"01:02:03"'),
        "span": (pa.array([1_500_000_001], pa.duration("ns")), "0:00:01.500000001", '"0:00:01.500000001"'),
        "money": ([Decimal("1.10")], "1.10", "1.10"),
        "single": (pa.array([0.1], pa.float32()), "0.1", "0.1"),
        "half": (pa.array([np.float16(0.1)], pa.float16()), "0.1", "0.1"),
        "double": ([0.1], "0.1", "0.1"),
        "nan": ([nan], "NaN", "null"),
        "single nan": (pa.array([nan], pa.float32()), "NaN", "null"),
        "infinite": ([float("inf")], "Infinity", "null"),
        "none": (pa.array([None], pa.int64()), "", "null"),
        "big": ([2**62 + 1], "4611686018427387905", "4611686018427387905"),
        "true": ([True], "true", "true"),
        "bytes": ([b"caf\xc3\xa9"], "café", '"café"'),
        "binary": ([b"\xff\x00"], "/wA=", '"/wA="'),
        "list": (pa.array([[1.5, nan, None]]), "[1.5, null, null]", "[1.5, null, null]"),
        "nested": ([{"when": DAY, "many": [DAY]}],) + ('{"when": "2024-01-02", "many": ["2024-01-02"]}',) * 2,
    }


@needs_parquet
def test_parquet_goes_through_unchanged(tmp_path: Path):
    kinds = all_kinds()
    columns = {"text": ["fine"], **{name: values for name, (values, _, _) in kinds.items()}}
    source = parquet(tmp_path / "a.parquet", columns)
    (row,) = csv.DictReader(io.StringIO(passed(source, tmp_path / "out.csv")))
    assert row == {"text": "fine", **{name: cell for name, (_, cell, _) in kinds.items()}}
    line = passed(source, tmp_path / "out.jsonl")
    assert list(strict(line)) == list(columns)
    inner = ", ".join(f'"{name}": {value}' for name, (_, _, value) in kinds.items())
    assert line == f'{{"text": "fine", {inner}}}\n'


@needs_parquet
def test_parquet_with_repeated_names_loses_none(tmp_path: Path):
    import pyarrow as pa
    from pyarrow import parquet as files

    table = pa.table([["fine"], [1], [2]], names=["text", "n", "n"])
    files.write_table(table, tmp_path / "a.parquet")
    assert passed(tmp_path / "a.parquet", tmp_path / "out.csv") == "text,n,n\nfine,1,2\n"


@pytest.mark.parametrize("number", ["1.10", "1E5", "-0.0", "12345678901234567890.123", "1e999", "4.0", "7"])
def test_numbers_of_json_keep_their_digits(tmp_path: Path, number: str):
    source = put(tmp_path, "a.jsonl", f'{{"text": "a", "n": {number}, "in": [{number}]}}\n')
    assert passed(source, tmp_path / "out.jsonl") == source.read_text(encoding="utf-8")
    assert passed(source, tmp_path / "out.csv").splitlines()[1].startswith(f"a,{number},")
    (record,) = read_texts(source)
    assert record.fields["n"] == float(number)


def test_json_lines_are_json(tmp_path: Path):
    source = put(tmp_path, "a.jsonl", '{"text": "a", "n": NaN, "in": [Infinity, {"x": -Infinity}]}\n')
    assert strict(passed(source, tmp_path / "out.jsonl")) == {
        "text": "a",
        "n": None,
        "in": [None, {"x": None}],
    }


def test_cells_of_a_table_stay_as_they_are(tmp_path: Path):
    rows = "n,text\n007,a\n1.50,b\nNaN,c\n 2 ,d\n1e5,e\nTRUE,f\n2024-1-2,g\n"
    assert passed(put(tmp_path, "a.csv", rows), tmp_path / "out.csv") == rows


def test_values_of_numpy_are_numbers():
    values = {"a": np.int64(3), "b": np.float32(0.5), "c": np.bool_(True), "d": np.float64("nan")}
    assert json_of(values) == '{"a": 3, "b": 0.5, "c": true, "d": null}'
    assert [cell_of(value) for value in values.values()] == ["3", "0.5", "true", "NaN"]


def test_a_number_keeps_its_text_through_copies():
    number = Number("1.10")
    for again in (copy.deepcopy(number), pickle.loads(pickle.dumps(number))):
        assert (again, again.text) == (1.1, "1.10")


# A missing text


def write_missing(folder: Path, name: str) -> Path:
    if name == "parquet":
        return parquet(folder / "a.parquet", {"text": ["good", None, "", " "], "label": ["x"] * 4})
    content = {
        "csv": 'text,label\ngood,x\n,x\n"",x\n" ",x\n',
        "tsv": "text\tlabel\ngood\tx\n\tx\n\tx\n \tx\n",
        "jsonl": '{"text": "good", "label": "x"}\n{"text": null, "label": "x"}\n'
        '{"text": NaN, "label": "x"}\n{"text": " ", "label": "x"}\n',
        "txt": "good\n\n\n \n",
    }
    return put(folder, f"a.{name}", content[name])


FORMATS = ["csv", "tsv", "jsonl", "txt", pytest.param("parquet", marks=needs_parquet)]


@pytest.mark.parametrize("name", FORMATS)
def test_a_missing_text_is_one_thing_in_every_format(tmp_path: Path, name: str):
    path = write_missing(tmp_path, name)
    records = list(read_texts(path))
    assert [record.blank for record in records] == [False, True, True, True]
    assert [record.text.strip() for record in records] == ["good", "", "", ""]
    with pytest.raises(DataError, match="row 2: the text is empty"):
        load_corpus(path)
    corpus = load_corpus(path, on_error="skip")
    assert (corpus.texts, corpus.skipped) == (["good"], 3)


@pytest.mark.parametrize("empty", ["null", "NaN", '""'])
def test_a_pair_with_a_missing_text_is_left_out(tmp_path: Path, empty: str):
    path = put(tmp_path, "a.jsonl", f'{{"en": "Hi", "fr": "Salut"}}\n{{"en": "Go", "fr": {empty}}}\n')
    assert list(read_pairs(path, "en", "fr")) == [("Hi", "Salut")]


def test_an_answer_that_there_is_not_leaves_its_cells_empty(tmp_path: Path):
    for name, expected in {
        "a.csv": "text,label,score\n,,\n",
        "a.jsonl": '{"text": null, "label": null, "score": null}\n',
    }.items():
        with write_records(tmp_path / name) as out:
            out.write(Record(1, "", {"text": None}), label=None, score=None)
        assert (tmp_path / name).read_text(encoding="utf-8") == expected


# A header and no rows


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz"])
@pytest.mark.parametrize("skipped", [False, True])
def test_a_header_alone_gives_a_header(tmp_path: Path, name: str, skipped: bool):
    source = put(tmp_path, "in.csv", "id,text,label\n" + ("1\n" if skipped else ""))
    target = tmp_path / name
    added = ["label", "score"]
    with (
        read_texts(source, on_error="skip") as reader,
        write_records(target, like=reader.rows, added=added) as out,
    ):
        for record in reader:
            out.add(record, dict.fromkeys(added))
    with read_texts(target) as reader:
        assert reader.rows.columns == ["id", "text", "label", "predicted_label", "predicted_score"]
        assert list(reader) == []


@needs_parquet
def test_a_parquet_file_without_rows_gives_a_header(tmp_path: Path):
    import pyarrow as pa

    source = parquet(
        tmp_path / "a.parquet", {"text": pa.array([], pa.string()), "n": pa.array([], pa.int8())}
    )
    assert passed(source, tmp_path / "out.csv") == "text,n\n"


# Labels that are numbers


@pytest.mark.parametrize("label", [4, 4.0, "4", "4.0", " 4.00 ", Decimal("4.0"), np.int8(4), np.float32(4)])
@pytest.mark.parametrize("key", [4, 4.0, "4", "4.0", np.int64(4), np.float32(4)])
def test_a_whole_number_is_one_label_in_every_format(tmp_path: Path, label: Any, key: Any):
    names = {key: "good"}
    path = put(tmp_path, "a.csv", f"text,label\na,{label}\n")
    assert load_corpus(path, label_map=names).labels == ["good"]
    quoted = json.dumps(label) if isinstance(label, str) else str(label)
    path = put(tmp_path, "a.jsonl", f'{{"text": "a", "label": {quoted}}}\n')
    assert load_corpus(path, label_map=names).labels == ["good"]
    if importlib.util.find_spec("pyarrow") is not None:
        path = parquet(tmp_path / "a.parquet", {"text": ["a"], "label": [label]})
        assert load_corpus(path, label_map=names).labels == ["good"]


def test_a_name_with_a_zero_before_it_is_another(tmp_path: Path):
    path = put(tmp_path, "a.csv", "text,label\na,04\nb,4\nc,4.50\n")
    assert load_corpus(path, label_map={"04": "x", 4: "y", 4.5: "z"}).labels == ["x", "y", "z"]
