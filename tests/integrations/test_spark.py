"""Spark: what ``mapInArrow`` is given, without Spark; and, where PySpark and Java are, with it."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

from nlp_rnn.errors import DataError
from nlp_rnn.integrations.arrow import score_batches
from nlp_rnn.integrations.spark import schema, scorer

pa = pytest.importorskip("pyarrow", reason='needs pip install "nlp-rnn[parquet]"')

ROWS = [(number, ["a good film", None, "bad", " "][number % 4]) for number in range(400)]


def labelled(model: Path) -> list[dict[str, Any]]:
    """The rows as ``score_batches`` labels them."""
    rows = pa.table({"id": [row[0] for row in ROWS], "text": [row[1] for row in ROWS]})
    return [
        row
        for batch in score_batches(rows.to_batches(), column="text", model=model)
        for row in batch.to_pylist()
    ]


def test_a_partition_is_labelled_by_what_was_sent_to_another_process(tiny_model: Path) -> None:
    sent = pickle.loads(pickle.dumps(scorer(column="text", model=str(tiny_model))))
    batches = pa.table({"id": [row[0] for row in ROWS], "text": [row[1] for row in ROWS]}).to_batches(64)
    found = list(sent(iter(batches)))
    assert [batch.num_rows for batch in found] == [batch.num_rows for batch in batches]
    assert [row for batch in found for row in batch.to_pylist()] == labelled(tiny_model)


@pytest.mark.slow  # a minute, and 456 MB to install
@pytest.mark.filterwarnings("ignore")
def test_a_frame_is_labelled_by_a_spark_on_this_machine(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = pytest.importorskip("pyspark.sql", reason='needs pip install "nlp-rnn[spark]" and Java')
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    spark = builder.getOrCreate()
    try:
        frame = spark.createDataFrame(ROWS, ["id", "text"]).repartition(3)
        columns = {"column": "text", "model": str(tiny_model)}
        found = frame.mapInArrow(scorer(**columns), schema(frame, **columns))
        rows = sorted((row.asDict() for row in found.collect()), key=lambda row: row["id"])
        assert rows == labelled(tiny_model)
        with pytest.raises(DataError, match="the frame has no column 'review'; the columns are id, text"):
            schema(frame, column="review", model=str(tiny_model))
        again = schema(found, **columns)
        assert again.names[-3:] == ["predicted_label", "predicted_score", "predicted_polarity"]
    finally:
        spark.stop()
