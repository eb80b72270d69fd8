"""Ray Data: a dataset labelled by actors; by a Ray that is really started, where there is time for that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nlp_rnn.integrations.arrow import score_batches
from nlp_rnn.integrations.ray import Labeller

pa = pytest.importorskip("pyarrow", reason='needs pip install "nlp-rnn[parquet]"')

TEXTS = ["a good film", None, "bad", " "]


def test_an_actor_labels_tables(tiny_model: Path) -> None:
    rows = pa.table({"text": pa.chunked_array([TEXTS[:3], TEXTS[3:]])})
    actor = Labeller("text", tiny_model)
    expected = pa.Table.from_batches(score_batches(rows.to_batches(), column="text", model=tiny_model))
    assert actor(rows) == expected
    assert actor(rows.slice(0, 0)).schema == expected.schema


# Ray leaves threads and processes to the interpreter's end, so it gets one of its own.
STARTED = """
import json, sys
import pyarrow as pa, ray
from nlp_rnn.errors import NlpRnnError
from nlp_rnn.integrations.ray import classify

model, folder = sys.argv[1:]
for left in (4, 3, 2, 1, 0):
    try:
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        break
    except Exception:  # Ray gives itself 30 seconds, whatever else the machine has to do
        ray.shutdown()
        if not left:
            raise
context = ray.data.DataContext.get_current()
context.execution_options.preserve_order = True
context.enable_progress_bars = False
rows = pa.table({"id": [*range(400)], "text": ["a good film", None, "bad", " "] * 100})
dataset = ray.data.from_arrow(rows).repartition(5)
found = classify(dataset, column="text", model=model).take_all()
classify(dataset, column="text", model=model, prefix="p_").write_parquet(folder)
# Reading files needs a CPU beside the actors.
again = classify(ray.data.read_parquet(folder), column="text", model=model).take_all()
refused = []
for given, options in [
    (dataset, {"column": "review"}),
    (dataset, {"column": "text", "actors": 3}),
    (dataset, {"column": "text", "num_cpus": 1}),
    ([], {"column": "text"}),
]:
    try:
        classify(given, **options)
    except NlpRnnError as error:
        refused.append(str(error))
print(json.dumps([found, sorted(again, key=lambda row: row["id"]), refused]))
ray.shutdown()
"""


@pytest.mark.slow  # to start Ray takes ten seconds
def test_a_dataset_is_labelled_by_a_ray_on_this_machine(tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason='needs pip install "nlp-rnn[ray]"')
    done = subprocess.run(
        [sys.executable, "-c", STARTED, str(tiny_model), str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    found, again, refused = json.loads(done.stdout.splitlines()[-1])
    rows = pa.table({"id": [*range(400)], "text": TEXTS * 100})
    expected = pa.Table.from_batches(score_batches(rows.to_batches(), column="text", model=tiny_model))
    assert found == expected.to_pylist()  # in order, too
    assert [(row["id"], row["p_label"], row["label"]) for row in again] == [
        (row["id"], row["label"], row["label"]) for row in expected.to_pylist()
    ]
    missing, many, whole, other = refused
    assert missing == "the dataset has no column 'review'; the columns are id, text"
    assert "3 actors of 0.5 CPUs leave less than one of Ray's 2" in many
    assert "take 2 at most" in many
    assert whole.startswith("Invalid num_cpus")
    assert other == "classify takes a ray.data.Dataset, got list"
