"""A user's file goes in and comes out with answers: nothing lost, nothing half written, complaints placed."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import json
import lzma
import os
import signal
import subprocess
import sys
import tracemalloc
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp_rnn.errors import ConfigError, DataError, InputError
from nlp_rnn.files.tables import Layout
from nlp_rnn.files.texts import Record, read_texts, write_records

HAS_PARQUET = importlib.util.find_spec("pyarrow") is not None
# The time of packing would stand in the names of the tests, which have to be the same in every process.
PACK = {"": bytes, ".gz": partial(gzip.compress, mtime=0), ".xz": lzma.compress}
UNPACK = {"": bytes, ".gz": gzip.decompress, ".xz": lzma.decompress}

CSV = 'id,text,note\n1,"Good, really",a\n2,"two\nlines ""quoted""",b\n\n3,,c\n'
TABLE = [("1", "Good, really", "a"), ("2", 'two\nlines "quoted"', "b"), ("3", "", "c")]


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def texts(path: Path, **options: str) -> list[str]:
    return [record.text for record in read_texts(path, **options)]


# Reading


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("format_", ["csv", "tsv", "jsonl"])
def test_a_table_keeps_its_rows_texts_and_columns(tmp_path: Path, format_: str, ending: str):
    if format_ == "jsonl":
        content = "".join(
            json.dumps(dict(zip(("id", "text", "note"), row, strict=True))) + "\n" for row in TABLE
        )
    else:
        content = CSV if format_ == "csv" else CSV.replace(",", "\t").replace("Good\t", "Good,")
    path = put(tmp_path, f"reviews.{format_}{ending}", PACK[ending](content.encode()))
    records = list(read_texts(path))
    assert [record.row for record in records] == [1, 2, 3]
    assert [tuple(record.fields.values()) for record in records] == TABLE
    assert [record.text for record in records] == [row[1] for row in TABLE]


@pytest.mark.parametrize("ending", PACK)
def test_plain_text_is_a_text_a_line(tmp_path: Path, ending: str):
    path = put(tmp_path, f"lines.txt{ending}", PACK[ending]("one\r\n\n  three\x0b\u2028 \nfour".encode()))
    records = list(read_texts(path))
    assert [record.text for record in records] == ["one", "", "  three\x0b\u2028 ", "four"]
    assert [record.row for record in records] == [1, 2, 3, 4]
    assert records[0].fields == {"text": "one"}


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl"])
def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path, name: str):
    content = {"a.txt": "hi\n", "a.csv": "text\nhi\n", "a.jsonl": '{"text": "hi"}\n'}[name]
    assert texts(put(tmp_path, name, b"\xef\xbb\xbf" + content.encode())) == ["hi"]


def test_the_column_can_be_named_or_is_the_only_one(tmp_path: Path):
    path = put(tmp_path, "a.csv", "review,stars\nfine,3\n")
    assert texts(path, column="review") == ["fine"]
    assert texts(put(tmp_path, "b.csv", "review\nfine\n")) == ["fine"]
    assert texts(put(tmp_path, "c.jsonl", '{"review": "fine"}\n')) == ["fine"]


def test_standard_input_is_plain_text_unless_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("one\ntwo – ½".encode()), encoding="ascii"))
    assert [record.text for record in read_texts("-")] == ["one", "two – ½"]
    assert not sys.stdin.buffer.closed
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"text,n\nhi,1\n"), encoding="utf-8"))
    reader = read_texts("-", format="csv")
    assert [record.fields for record in reader] == [{"text": "hi", "n": "1"}]
    assert reader.progress is None


def test_no_standard_input_at_all_does_not_matter_to_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert texts(put(tmp_path, "a.txt", "hi")) == ["hi"]


def test_a_text_of_ten_megabytes_is_read(tmp_path: Path):
    long = "not good " * 1_200_000
    before = csv.field_size_limit()
    assert texts(put(tmp_path, "a.csv", f'text\n"{long}"\n')) == [long]
    assert texts(put(tmp_path, "a.txt", long)) == [long]
    assert csv.field_size_limit() == before


def test_progress_reaches_the_end(tmp_path: Path):
    reader = read_texts(put(tmp_path, "a.txt", "x\n" * 50_000))
    next(reader)
    assert 0 < reader.progress < 1
    assert sum(1 for _ in reader) == 49_999
    assert reader.progress == 1


@pytest.mark.skipif(not HAS_PARQUET, reason='needs pip install "nlp-rnn[train]"')
def test_parquet(tmp_path: Path):
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"text": ["one", None, "three"], "n": [1, 2, 3]}), path)
    assert [(record.row, record.text, record.fields["n"]) for record in read_texts(path)] == [
        (1, "one", 1),
        (2, "", 2),
        (3, "three", 3),
    ]
    with pytest.raises(DataError, match="no column 'review'; the columns are text, n"):
        read_texts(path, column="review")
    with pytest.raises(DataError, match="no readable Parquet"):
        read_texts(put(tmp_path, "b.parquet", b"PAR1 not"))
    whole = path.read_bytes()
    broken = put(tmp_path, "c.parquet", whole[:4] + b"\xff" * 60 + whole[64:])
    with pytest.raises(DataError, match=r"c\.parquet"):
        list(read_texts(broken))


# Bad rows


BAD = [
    ("a.csv", b"text,n\nok,1\nb\xffd,2\nok,3\n", "row 2 (line 3): invalid UTF-8 (byte 0xFF)"),
    ("a.csv", b"text,n\nok,1\nbad\nok,3\n", "row 2 (line 3): 1 cells where the header has 2"),
    ("a.csv", b"text,n\nok,1\nbad,2,3\nok,3\n", "row 2 (line 3): 3 cells where the header has 2"),
    ("a.csv", b'text,n\n"ok\nok",1\n"ba"d,2\nok,3\n', "row 2 (line 4): malformed CSV"),
    ("a.tsv", b'text\tn\nok\t1\n"bad\t2\nok\t3\n', "row 2 (line 3): malformed TSV"),
    ("a.txt", b"ok\nb\xe9d\nok\n", "row 2: invalid UTF-8 (byte 0xE9)"),
    ("a.jsonl", b'{"text": "ok"}\n{"text": "bad"\n{"text": "ok"}\n', "row 2: malformed JSON"),
    (
        "a.jsonl",
        b'{"text": "ok"}\n["bad"]\n{"text": "ok"}\n',
        "row 2: holds a list where an object is needed",
    ),
    ("a.jsonl", b'{"text": "ok"}\n{"text": 7}\n{"text": "ok"}\n', "row 2: the text in 'text' is a number"),
    (
        "a.jsonl",
        b'{"text": "ok"}\n{"text": true}\n{"text": "ok"}\n',
        "row 2: the text in 'text' is true or false",
    ),
    (
        "a.jsonl",
        b'{"text": "ok"}\n{"txt": "bad"}\n{"text": "ok"}\n',
        "row 2: no column 'text'; this row has txt",
    ),
    ("a.jsonl", b'{"text": "ok"}\n{"text": "b\xffd"}\n{"text": "ok"}\n', "row 2: invalid UTF-8"),
    ("a.jsonl", b'{"text": "ok"}\n' + b"[" * 100_000 + b'\n{"text": "ok"}\n', "row 2: malformed JSON"),
]


@pytest.mark.parametrize(("name", "content", "reason"), BAD)
def test_a_bad_row_is_an_error_that_names_file_row_and_reason(
    tmp_path: Path, name: str, content: bytes, reason: str
):
    path = put(tmp_path, name, content)
    with pytest.raises(DataError) as caught:
        texts(path)
    assert str(caught.value).startswith(f"{path}, {reason}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "content", "reason"), BAD)
def test_a_bad_row_can_be_skipped_and_is_counted(tmp_path: Path, name: str, content: bytes, reason: str):
    reader = read_texts(put(tmp_path, name, content), on_error="skip")
    found = [record.text for record in reader]
    assert found == [found[0], "ok"]
    assert reader.skipped == 1
    assert reason in reader.reasons[0]


def test_a_stray_quote_costs_one_row_not_the_rest_of_the_file(tmp_path: Path):
    path = put(tmp_path, "a.csv", "text,n\n" + '"stray,0\n' + "fine,1\n" * 1000)
    reader = read_texts(path, on_error="skip")
    assert sum(1 for _ in reader) == 1000
    assert reader.skipped == 1


def test_only_the_first_reasons_are_kept(tmp_path: Path):
    reader = read_texts(put(tmp_path, "a.jsonl", "no\n" * 40), on_error="skip")
    assert list(reader) == []
    assert (reader.skipped, len(reader.reasons)) == (40, 5)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"review,stars\nx,1\n", "say which column holds the texts; the columns are review, stars"),
        ("a.csv", b"text,text\nx,1\n", r"the columns are text \(1\), text \(2\)"),
        ("a.csv", b"te\xffxt,n\nx,1\n", "header: invalid UTF-8"),
        ("a.jsonl", b'{"review": "x", "stars": 1}\n', "row 1: say which column holds the texts"),
        ("a.jsonl", b'[{"text": "x"}]\n', "one object a line"),
        ("a.json", b'[\n{"text": "x"}\n]\n', "one object a line"),
        ("a.txt", b"hi\0\0there", r"begins with NUL bytes, .* --encoding utf-16-le"),
        ("a.csv", PACK[".gz"](b"text\nx\n"), r"packed by gzip: its name should end in \.gz"),
        ("a.csv", b"PK\x03\x04....", "save it as CSV"),
        ("a.txt.gz", PACK[".gz"](b"x" * 9999)[:-9], "damaged or cut short"),
        ("a.txt.gz", b"no gzip", "damaged or cut short"),
        ("a.txt.xz", PACK[".xz"](b"x" * 9999)[:-9], "damaged or cut short"),
        ("a.txt.xz", b"no xz", "damaged or cut short"),
        ("a.parquet.gz", b"", "plain file"),
    ],
)
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_a_bad_file_is_an_error_either_way(
    tmp_path: Path, name: str, content: bytes, message: str, on_error: str
):
    if name.startswith("a.json") and b"[" in content and on_error == "skip":
        pytest.skip("each line is a bad row, and skipped")
    if "parquet" in name and not HAS_PARQUET:
        pytest.skip('needs pip install "nlp-rnn[train]"')
    with pytest.raises(DataError, match=message) as caught:
        texts(put(tmp_path, name, content), on_error=on_error)
    assert name in str(caught.value)


def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path: Path):
    path = put(tmp_path, "a.csv", "review,stars\nx,1\n")
    with pytest.raises(DataError, match=r"no column 'text'; the columns are review, stars; .*--no-header"):
        read_texts(path, column="text")
    with pytest.raises(InputError, match=r"plain text, .* no column 'review'; .*--input-format csv"):
        read_texts(put(tmp_path, "a.txt", "x"), column="review")


def test_plain_text_has_no_column_not_even_text(tmp_path: Path):
    with pytest.raises(InputError, match="name its format"):
        read_texts(put(tmp_path, "a.txt", "x"), column="text")


def test_files_and_formats_that_do_not_exist(tmp_path: Path):
    with pytest.raises(DataError, match="there is no file"):
        read_texts(tmp_path / "absent.csv")
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    with pytest.raises(DataError, match="is a folder"):
        read_texts(folder)
    with pytest.raises(InputError, match=r"should be one of \.csv"):
        read_texts(put(tmp_path, "a.docx", "x"))
    assert texts(tmp_path / "a.docx", format="txt") == ["x"]
    with pytest.raises(ConfigError, match="should be one of auto, csv"):
        read_texts(tmp_path / "a.docx", format="xlsx")
    with pytest.raises(ConfigError, match="should be one of raise, skip"):
        read_texts(tmp_path / "a.docx", on_error="ignore")


# Writing


def answer(source: Path, target: Path | str, **options: str) -> None:
    with read_texts(source) as records, write_records(target, source=source, **options) as out:
        for record in records:
            out.write(
                record,
                label="positive",
                score=0.75,
                polarity=0.5,
                probabilities={"negative": 0.25, "positive": 0.75},
            )


ADDED = {"label": "positive", "score": 0.75, "polarity": 0.5, "p_negative": 0.25, "p_positive": 0.75}


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("format_", ["csv", "tsv"])
def test_a_table_keeps_its_columns_and_gains_the_answers(tmp_path: Path, format_: str, ending: str):
    source = put(tmp_path, "in.csv", CSV)
    target = tmp_path / f"out.{format_}{ending}"
    answer(source, target)
    text = UNPACK[ending](target.read_bytes()).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="," if format_ == "csv" else "\t"))
    assert list(rows[0]) == ["id", "text", "note", *ADDED]
    assert [(row["id"], row["text"], row["note"]) for row in rows] == TABLE
    assert {name: rows[0][name] for name in ADDED} == {name: str(value) for name, value in ADDED.items()}


@pytest.mark.parametrize("ending", PACK)
def test_json_lines_keep_types_and_every_key(tmp_path: Path, ending: str):
    rows = [{"text": "häh", "deep": {"a": [1, None]}}, {"text": "\ud83d half", "other": True}]
    source = put(tmp_path, "in.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    target = tmp_path / f"out.jsonl{ending}"
    answer(source, target)
    lines = UNPACK[ending](target.read_bytes()).decode().splitlines()
    assert [json.loads(line) for line in lines] == [row | ADDED for row in rows]
    assert "häh" in lines[0]


def test_plain_text_gains_columns_before_it(tmp_path: Path):
    source = put(tmp_path, "in.txt", "one\n\tthree  four\n")
    with read_texts(source) as records, write_records(tmp_path / "out.txt") as out:
        for record in records:
            out.write(record, label="neutral", score=0.5)
    assert (tmp_path / "out.txt").read_text(
        encoding="utf-8"
    ) == "neutral\t0.5\tone\nneutral\t0.5\t three four\n"


@settings(max_examples=200)
@given(
    rows=st.lists(
        st.tuples(
            st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.text(alphabet="a\"',\r\n\t\0 ")
        ),
        min_size=1,
        max_size=4,
    ),
    format_=st.sampled_from(["csv", "tsv", "jsonl"]),
)
def test_whatever_is_written_reads_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], format_: str
):
    if sys.version_info < (3, 11):
        rows = [(a.replace("\0", ""), b.replace("\0", "")) for a, b in rows]  # csv refused NUL until 3.11
    path = tmp_path_factory.mktemp("any") / f"out.{format_}"
    with write_records(path) as out:
        for i, (text, note) in enumerate(rows, 1):
            out.write(Record(i, text, {"text": text, "note": note}), label="neutral", score=0.5)
    # Told that there are quotes: a text may be made so that it looks like rows that a stray quote swallowed.
    layout = None if format_ == "jsonl" else Layout(quoting="quotes")
    assert [(record.text, record.fields["note"]) for record in read_texts(path, layout=layout)] == rows


def test_standard_output(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    answer(put(tmp_path, "in.txt", "naïve"), "-", format="jsonl")
    assert json.loads(out.buffer.getvalue()) == {"text": "naïve"} | ADDED


def test_own_columns_are_never_overwritten(tmp_path: Path):
    source = put(tmp_path, "in.csv", "text,label\nfine,3 stars\n")
    answer(source, tmp_path / "out.csv")
    answer(source, tmp_path / "mine.csv", prefix="x_")
    (record,) = read_texts(tmp_path / "out.csv")
    row = record.fields
    assert row["label"] == "3 stars"
    assert row["predicted_label"] == "positive"
    assert list(row) == ["text", "label", *(f"predicted_{name}" for name in ADDED)]
    assert [record.fields["x_label"] for record in read_texts(tmp_path / "mine.csv")] == ["positive"]
    with pytest.raises(DataError, match="row 1: has a column 'label' already"):
        answer(source, tmp_path / "bad.csv", prefix="")
    assert not (tmp_path / "bad.csv").exists()


def test_a_table_refuses_a_row_with_a_new_column(tmp_path: Path):
    source = put(tmp_path, "in.jsonl", '{"text": "a"}\n{"text": "b", "new": 1}\n')
    with pytest.raises(DataError, match="row 2: has a column 'new' that the first row has not"):
        answer(source, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_missing_cells_and_other_types_in_a_table(tmp_path: Path):
    source = put(tmp_path, "in.jsonl", '{"text": "a", "n": [1, true], "m": null}\n{"text": "b\\ud83d"}\n')
    answer(source, tmp_path / "out.csv")
    first, second = (record.fields for record in read_texts(tmp_path / "out.csv"))
    assert (first["n"], first["m"], second["n"]) == ("[1, true]", "", "")
    assert second["text"] == "b\ufffd"


# Atomic


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl.gz", "out.txt.xz"])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, name: str, error: type[BaseException]
):
    target = put(tmp_path, name, "old")

    def fail() -> None:
        with write_records(target) as out:
            out.write(Record(1, "a", {"text": "a"}), label="neutral", score=1)
            raise error

    with pytest.raises(error):
        fail()
    assert target.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == [name]


KILLED = """
import sys
from nlp_rnn.files.tables import Layout
from nlp_rnn.files.texts import Record, write_records
with write_records(sys.argv[1]) as out:
    for row in range(5_000):
        out.write(Record(row, "a", {"text": "a"}), label="neutral", score=1)
    out.flush()
    print("written", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of Unix")
def test_a_killed_run_leaves_no_half_file_under_the_name(tmp_path: Path):
    target = tmp_path / "out.csv"
    run = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert run.stdout.readline() == "written\n"
    assert not target.exists()
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert not target.exists()


@pytest.mark.skipif(os.name == "nt", reason="links and modes are of Unix")
def test_the_input_is_never_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = put(tmp_path, "in.csv", CSV)
    link = tmp_path / "link.csv"
    link.symlink_to(source)
    monkeypatch.chdir(tmp_path)
    for target in (source, link, "in.csv", "./in.csv"):
        with pytest.raises(InputError, match="is the file being read"):
            write_records(target, source=source)
    assert source.read_text(encoding="utf-8") == CSV


@pytest.mark.skipif(os.name == "nt", reason="links and modes are of Unix")
def test_a_link_stays_a_link_and_a_mode_stays(tmp_path: Path):
    real = put(tmp_path, "real.txt", "old")
    real.chmod(0o640)
    link = tmp_path / "link.txt"
    link.symlink_to(real)
    answer(put(tmp_path, "in.txt", "a"), link)
    assert link.is_symlink()
    assert "positive" in real.read_text(encoding="utf-8")
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name == "nt", reason="there, a device is no path")
def test_a_device_is_written_to_not_replaced(tmp_path: Path):
    answer(put(tmp_path, "in.txt", "a"), "/dev/null", format="txt")
    assert not Path("/dev/null").is_file()


def test_targets_that_cannot_be(tmp_path: Path):
    with pytest.raises(InputError, match="there is no folder"):
        write_records(tmp_path / "absent" / "out.csv")
    with pytest.raises(InputError, match="is a folder"):
        write_records(tmp_path, format="csv")
    with pytest.raises(InputError, match="parquet is only read"):
        write_records(tmp_path / "out.parquet")
    with pytest.raises(InputError, match="should be one of"):
        write_records(tmp_path / "out")


# Memory


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.txt.gz"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, name: str):
    row = "It was not good, " * 60
    line = {"a.csv": f'1,"{row}"\n', "a.jsonl": json.dumps({"text": row}) + "\n", "a.txt.gz": row + "\n"}[
        name
    ]
    head = "id,text\n" if name == "a.csv" else ""
    content = (head + line * 4_000).encode()
    source = put(tmp_path, name, PACK[".gz"](content) if name.endswith(".gz") else content)
    del content
    tracemalloc.start()
    try:
        answer(source, tmp_path / f"out.{name}")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert source.name.endswith(".gz") or source.stat().st_size > 4_000_000
    assert peak < 700_000
