"""A run over files, without processes: what is written, what is gone on with, and what is refused."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nlp_rnn import SentimentClassifier
from nlp_rnn.artifact import load, save
from nlp_rnn.bulk import BulkSettings, Progress, Summary, check_inputs, label_files
from nlp_rnn.bulk.inputs import Inputs
from nlp_rnn.bulk.journal import JOURNAL, Journal, only_run_in
from nlp_rnn.bulk.parts import Plan, Unit, write_part
from nlp_rnn.errors import ConfigError, DataError, InputError
from nlp_rnn.files import Layout

TEXTS = ("a good film", "bad, it is", "", "the film")


class Inline:
    """A pool that labels here, one unit after the other; it can be told to break off."""

    labelled: list[tuple[int, int]] = []  # noqa: RUF012
    breaks_after: int | None = None

    def __init__(self, plan: Plan, model: str | None, engine: str, workers: int) -> None:
        self._plan, self._workers = plan, workers
        self._classifier = SentimentClassifier.from_pretrained(model, threads=1)
        self._waiting: list[Unit] = []

    def __enter__(self) -> Inline:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def out(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        return self.out >= self._workers

    def submit(self, unit: Unit) -> None:
        self._waiting.append(unit)

    def next_done(self) -> dict[str, Any]:
        if len(self.labelled) == self.breaks_after:
            raise KeyboardInterrupt
        unit = self._waiting.pop()  # the newest first: the order of the work is not that of the rows
        self.labelled.append((unit.file, unit.number))
        return write_part(unit, self._plan, self._classifier)


@pytest.fixture(autouse=True)
def inline(monkeypatch: pytest.MonkeyPatch) -> type[Inline]:
    """No processes; what was labelled is noted."""
    monkeypatch.setattr("nlp_rnn.bulk.run.Pool", Inline)
    monkeypatch.setattr(Inline, "labelled", [])
    monkeypatch.setattr(Inline, "breaks_after", None)
    return Inline


Label = Callable[..., Summary]


@pytest.fixture
def label(tiny_model: Path, tmp_path: Path) -> Label:
    """Labels files into ``out``."""

    def call(*files: Path, resume: bool = False, on_progress: Any = None, **options: Any) -> Summary:
        settings = BulkSettings(**{"model": str(tiny_model), "block_rows": 3, "workers": 2, **options})
        out = tmp_path / "out"
        return label_files(
            check_inputs(files, settings), out, settings, resume=resume, on_progress=on_progress
        )

    return call


def csv_file(path: Path, rows: int, first: int = 0) -> Path:
    lines = [f'{number},"{TEXTS[number % 4]}"\n' for number in range(first, first + rows)]
    path.write_text("id,text\n" + "".join(lines), encoding="utf-8")
    return path


def parts(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("part-"))


def ids(folder: Path) -> list[int]:
    """The numbers of the rows of all parts, in the order of their names."""
    lines = [
        line
        for name in parts(folder)
        for line in (folder / name).read_text(encoding="utf-8").splitlines()[1:]
    ]
    return [int(line.split(",")[0]) for line in lines]


def test_parts_have_the_rows_in_order_with_the_columns_of_the_command(label: Label, tmp_path: Path) -> None:
    first, second = csv_file(tmp_path / "a.csv", 7), csv_file(tmp_path / "b.csv", 4, first=7)
    found = label(first, second)
    assert (found.rows, found.blank, found.parts, found.new_parts, found.skipped) == (11, 3, 5, 5, 0)
    out = tmp_path / "out"
    assert parts(out) == [
        "part-00000-0000000.csv", "part-00000-0000001.csv", "part-00000-0000002.csv",
        "part-00001-0000000.csv", "part-00001-0000001.csv",
    ]  # fmt: skip
    assert ids(out) == [*range(11)]
    assert (out / "part-00000-0000000.csv").read_text(encoding="utf-8").splitlines() == [
        "id,text,label,score,polarity",
        "0,a good film,positive,0.948911,0.946488",
        '1,"bad, it is",negative,0.948911,-0.946488',
        "2,,,,",
    ]


def test_every_kind_of_text_file_keeps_its_kind(label: Label, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "a.txt").write_text("good\nbad\n", encoding="utf-8")
    label(tmp_path / "a.txt")
    assert (out / "part-00000-0000000.txt").read_text(encoding="utf-8").split("\t")[0] == "positive"
    shutil.rmtree(out)
    packed = tmp_path / "a.tsv.gz"
    packed.write_bytes(gzip.compress(b"n\ttext\n1\tgood\n"))
    label(packed)
    assert (
        (out / "part-00000-0000000.tsv")
        .read_text(encoding="utf-8")
        .startswith("n\ttext\tlabel\tscore\tpolarity\n1\tgood\t")
    )
    shutil.rmtree(out)
    (tmp_path / "a.jsonl").write_text('{"text": "good", "n": 1.10}\n', encoding="utf-8")
    label(tmp_path / "a.jsonl")
    row = (out / "part-00000-0000000.jsonl").read_text(encoding="utf-8")
    assert row.startswith('{"text": "good", "n": 1.10, "label": "positive"')
    shutil.rmtree(out)
    odd = tmp_path / "odd.csv"
    odd.write_text("1;good\n2;bad\n", encoding="utf-8")
    label(odd, column="2", layout=Layout(header=False, delimiter=";"))
    assert (
        (out / "part-00000-0000000.csv")
        .read_text(encoding="utf-8")
        .startswith("1;2;label;score;polarity\n1;good;")
    )


def test_a_run_that_was_broken_off_is_gone_on_with(
    label: Label, tmp_path: Path, inline: type[Inline]
) -> None:
    files = [csv_file(tmp_path / "a.csv", 7), csv_file(tmp_path / "b.csv", 4, first=7)]
    inline.breaks_after = 2
    with pytest.raises(KeyboardInterrupt):
        label(*files)
    before = list(inline.labelled)
    inline.breaks_after = None
    (tmp_path / "out" / ".part-00001-0000001.csv.123.part").write_text("half", encoding="utf-8")
    found = label(*files, resume=True, workers=5, on_error="skip")
    assert ids(tmp_path / "out") == [*range(11)]
    assert (found.rows, found.parts, found.new_parts) == (11, 5, 3)
    assert len(before) == 2
    assert len({*inline.labelled}) == len(inline.labelled) == 5
    assert [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")] == []
    assert label(*files, resume=True).new_parts == 0
    assert len(inline.labelled) == 5


def test_a_part_that_is_gone_or_cut_is_written_again(label: Label, tmp_path: Path) -> None:
    file = csv_file(tmp_path / "a.csv", 7)
    label(file)
    out = tmp_path / "out"
    (out / "part-00000-0000000.csv").unlink()
    (out / "part-00000-0000001.csv").write_text("id,text", encoding="utf-8")
    assert label(file, resume=True).new_parts == 2
    assert ids(out) == [*range(7)]


@pytest.mark.parametrize("cut", [1, 20])
def test_a_line_that_a_kill_has_cut_costs_its_unit_alone(label: Label, tmp_path: Path, cut: int) -> None:
    file = csv_file(tmp_path / "a.csv", 7)
    label(file)
    journal = tmp_path / "out" / JOURNAL
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-cut])
    assert label(file, resume=True).new_parts == 1
    assert {*journal.read_bytes().splitlines()} == {*whole.splitlines()}
    for name in parts(tmp_path / "out"):
        (tmp_path / "out" / name).unlink()
    journal.write_bytes(whole[:30])  # killed as it began
    assert label(file, resume=True).new_parts == 3


def test_a_damaged_journal_is_refused(label: Label, tmp_path: Path) -> None:
    file = csv_file(tmp_path / "a.csv", 7)
    label(file)
    journal = tmp_path / "out" / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([lines[0], b"\x00\x00\n", *lines[2:]]))
    with pytest.raises(DataError, match=r"_journal.jsonl, line 2: no journal of a run"):
        label(file, resume=True)


def test_another_run_into_the_same_folder_is_refused(label: Label, tmp_path: Path, tiny_model: Path) -> None:
    file = csv_file(tmp_path / "a.csv", 4)
    with only_run_in(tmp_path / "out"), pytest.raises(InputError, match=r"another run writes into .*out now"):
        label(file)
    label(file)
    with pytest.raises(InputError, match="was begun before, 2 of its parts done: go on with --resume, or"):
        label(file)
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").touch()
    settings = BulkSettings(model=str(tiny_model))
    with pytest.raises(
        InputError, match=r"has other files, such as thesis.txt: name a new folder, or a file in it"
    ):
        label_files(check_inputs([file], settings), other, settings)
    with pytest.raises(InputError, match="is no folder to write to"):
        label_files(check_inputs([file], settings), file, settings)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("grow", "it is longer (83 bytes, 72 then)"),
        ("shorten", "it is shorter (61 bytes, 72 then)"),
        ("touch", "it was written to"),
    ],
)
def test_a_changed_input_is_refused(label: Label, tmp_path: Path, change: str, said: str) -> None:
    file = csv_file(tmp_path / "a.csv", 5)
    label(file)
    if change == "touch":
        os.utime(file, ns=(0, 0))
    else:
        csv_file(file, 6 if change == "grow" else 4)
    with pytest.raises(InputError) as caught:
        label(file, resume=True)
    assert said[:10] in str(caught.value)
    assert "put the old one back, or label the new one into a new folder" in str(caught.value)


def test_other_inputs_are_refused(label: Label, tmp_path: Path) -> None:
    first, second = csv_file(tmp_path / "a.csv", 5), csv_file(tmp_path / "b.csv", 5)
    label(first, second)
    with pytest.raises(InputError, match=r"begun with \S*b.csv, which is not among the files now"):
        label(first, resume=True)
    with pytest.raises(InputError, match=r"begun without \S*c.csv"):
        label(first, second, csv_file(tmp_path / "c.csv", 5), resume=True)
    with pytest.raises(InputError, match="in another order"):
        label(second, first, resume=True)


def test_another_model_or_other_settings_are_refused(
    label: Label, tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = csv_file(tmp_path / "a.csv", 5)
    label(file)
    moved = tmp_path / "moved"
    shutil.copytree(tiny_model, moved)
    assert label(file, resume=True, model=str(moved)).new_parts == 0  # the same model, elsewhere
    warmer = save(replace(load(tiny_model), temperature=2.0), tmp_path / "warmer")
    with pytest.raises(InputError, match=r"begun with another model \(tiny \w+; this one is warmer \w+\)"):
        label(file, resume=True, model=str(warmer))
    with pytest.raises(InputError, match=r"other settings \(block rows 3, 4 now\)"):
        label(file, resume=True, block_rows=4)
    with pytest.raises(InputError, match=r"other settings \(encoding 'auto', 'cp1252' now\)"):
        label(file, resume=True, layout=Layout(encoding="cp1252"))
    monkeypatch.setattr("nlp_rnn.bulk.journal.__version__", "99.0")
    with pytest.raises(InputError, match=r"begun with nlp_rnn \S+, and this is 99.0"):
        label(file, resume=True)


def test_a_file_that_changes_while_it_is_read_is_refused(
    label: Label, tmp_path: Path, inline: type[Inline]
) -> None:
    file = csv_file(tmp_path / "a.csv", 9)

    def change(_: Progress) -> None:
        os.utime(file, ns=(0, 0))

    with pytest.raises(InputError, match="it was written to"):
        label(file, on_progress=change, workers=1)


def test_bad_rows_are_counted_once_over_all_starts(
    label: Label, tmp_path: Path, inline: type[Inline]
) -> None:
    file = tmp_path / "a.jsonl"
    good = [json.dumps({"text": text}) for text in TEXTS]
    file.write_text("\n".join([good[0], "{", *good, '{"text": 3}', good[1], "[]"]) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="row 2: malformed JSON"):
        label(file)
    inline.labelled.clear()
    inline.breaks_after = 1
    with pytest.raises(KeyboardInterrupt):
        label(file, resume=True, on_error="skip", workers=1)
    inline.breaks_after = None
    found = label(file, resume=True, on_error="skip")
    assert (found.rows, found.skipped) == (6, 3)
    assert [reason.split(": ")[0][-5:] for reason in found.reasons] == ["row 2", "row 7", "row 9"]
    assert label(file, resume=True).skipped == 3


def test_rows_that_cannot_be_written_are_bad_rows(label: Label, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"text": "good"}\n{"text": "bad", "label": 1}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"a.jsonl, row 2: has a column 'label' already"):
        label(file)
    found = label(file, resume=True, on_error="skip")
    assert (found.rows, found.skipped) == (1, 1)


def test_names_that_are_taken_get_one_prefix_for_all_parts(label: Label, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    rows = [{"text": "good", "label": 1}] + [{"text": "bad"}] * 5
    file.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    label(file)
    for name in parts(tmp_path / "out"):
        for line in (tmp_path / "out" / name).read_text(encoding="utf-8").splitlines():
            assert "predicted_label" in json.loads(line)
    clash = tmp_path / "b.csv"
    clash.write_text("text,label,predicted_label\na,b,c\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"b.csv has a column 'predicted_label' already"):
        label(clash)


def test_abstaining_adds_its_columns_or_is_refused_at_once(
    label: Label, tmp_path: Path, tiny_model: Path
) -> None:
    file = csv_file(tmp_path / "a.csv", 4)
    with pytest.raises(ConfigError, match="saved without thresholds"):
        label(file, abstain=0.1)
    assert not (tmp_path / "out").exists()
    artifact = load(tiny_model)
    notes = artifact.notes | {"language": "en", "abstention": [[0.1, 0.92]]}
    folder = save(replace(artifact, notes=notes), tmp_path / "abstaining")
    label(file, abstain=0.1, model=str(folder))
    header, *found = (tmp_path / "out" / "part-00000-0000000.csv").read_text(encoding="utf-8").splitlines()
    assert header == "id,text,label,score,polarity,language,unknown_share"
    assert found[0].endswith(",en,0.0")
    assert found[2] == "2,,,,,,"


def checked(*files: Path, **options: Any) -> Inputs:
    return check_inputs(files, BulkSettings(**options))


def test_all_files_are_looked_at_before_the_work(tmp_path: Path) -> None:
    files = [csv_file(tmp_path / f"{number:02}.csv", 2) for number in range(9)]
    assert checked(*files).column == "text"
    files[7].write_text("id,review\n1,good\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"07.csv: no column 'text'; the columns are id, review"):
        checked(*files)
    files[7].write_text("id,text,note\n1,good,\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"07.csv has a column 'note', as \S+00.csv has not"):
        checked(*files)
    files[7].write_text("text,id\ngood,1\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"07.csv has the columns text, id, in another order than"):
        checked(*files)
    lines = tmp_path / "x.jsonl"
    lines.write_text('{"review": "good"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"x.jsonl is jsonl and \S+00.csv is csv"):
        checked(files[0], lines)
    with pytest.raises(DataError, match=r"x.jsonl, row 1: no column 'text'"):
        checked(lines, column="text")
    with pytest.raises(InputError, match="no files"):
        checked()
    with pytest.raises(DataError, match="there is no file"):
        checked(tmp_path / "absent.csv")
    with pytest.raises(ConfigError, match="workers"):
        BulkSettings(workers=0)


def test_a_journal_is_gone_on_with_only_if_asked(tmp_path: Path) -> None:
    begun = {"model": {"name": "a", "fingerprint": "1"}, "settings": {"layout": {}}, "inputs": []}
    with Journal(tmp_path, begun, resume=True) as journal:
        journal.add({"file": 0, "unit": 3, "rows": 1})
        journal.add({"file": 0, "units": 4})
    with Journal(tmp_path, begun, resume=True) as journal:
        assert (list(journal.done), list(journal.ended)) == ([(0, 3)], [0])


def test_a_process_says_its_threads_before_numpy_is_there() -> None:
    code = "import sys, nlp_rnn.bulk.pool; print('numpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == "False"


# Parquet


@pytest.fixture
def parquet() -> Any:
    pytest.importorskip("pyarrow", reason='needs pip install "nlp-rnn[parquet]"')
    from pyarrow import parquet

    return parquet


def parquet_file(path: Path, **columns: list[Any]) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table(columns), path, row_group_size=4)
    return path


def test_row_groups_become_parts_that_read_as_one_table(label: Label, parquet: Any, tmp_path: Path) -> None:
    from pyarrow import dataset

    texts = [*TEXTS, None] * 2
    files = [
        parquet_file(tmp_path / f"{first}.parquet", n=[*range(first, first + 10)], text=texts)
        for first in (0, 10)
    ]
    steps: list[Progress] = []
    found = label(*files, on_progress=steps.append)
    assert (found.rows, found.blank, found.parts) == (20, 8, 6)
    assert sorted(step.share for step in steps) == [step.share for step in steps]
    assert (steps[-1].rows, steps[-1].share, steps[-1].seconds_left) == (20, 1.0, 0.0)
    table = dataset.dataset(tmp_path / "out", format="parquet").to_table()
    assert table.column("n").to_pylist() == [*range(20)]
    assert table.column_names == ["n", "text", "label", "score", "polarity"]
    labels = ["positive", "negative", None, "neutral", None]
    assert table.column("label").to_pylist() == labels * 4


def test_schemas_that_differ_are_refused_before_the_work(parquet: Any, tmp_path: Path) -> None:
    first = parquet_file(tmp_path / "a.parquet", n=[1], text=["a"])
    for columns, said in [
        ({"n": [1]}, "b.parquet: no column 'text'; the columns are n"),
        ({"n": ["1"], "text": ["a"]}, "b.parquet has string in the column 'n', where"),
        ({"n": [1], "text": [1]}, "b.parquet: the column 'text' holds int64, where texts"),
        ({"text": ["a"]}, "b.parquet has no column 'n', as"),
    ]:
        with pytest.raises(DataError) as caught:
            checked(first, parquet_file(tmp_path / "b.parquet", **columns))
        assert said in str(caught.value)
    (tmp_path / "b.parquet").write_bytes(first.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"b.parquet is no readable Parquet file"):
        checked(first, tmp_path / "b.parquet")
    with pytest.raises(InputError, match="read as parquet, where --delimiter has no effect"):
        checked(first, layout=Layout(delimiter=";"))


def test_a_damaged_row_group_is_named_and_the_others_kept(label: Label, parquet: Any, tmp_path: Path) -> None:
    file = parquet_file(tmp_path / "a.parquet", text=[f"good {number:0100}" for number in range(12)])
    content = bytearray(file.read_bytes())
    group = parquet.ParquetFile(file).metadata.row_group(1).column(0)
    start = group.dictionary_page_offset or group.data_page_offset
    content[start : start + 64] = b"\xff" * 64
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"a.parquet, row group 1: damaged") as caught:
        label(file, workers=1)
    assert "\n" not in str(caught.value)
    assert parts(tmp_path / "out") == ["part-00000-0000000.parquet"]
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(".")] == []
