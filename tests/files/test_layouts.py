"""However a table is written, each of its rows is read right, or one sentence says what to give."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import lzma
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp_rnn.errors import ConfigError, DataError, InputError
from nlp_rnn.files.tables import Layout, keys_of
from nlp_rnn.files.texts import read_texts, write_records

PACK = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}
MARKS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
BOMS = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
PIECES = [
    "good",
    "not bad",
    "é",
    "naïve",
    ",",
    ";",
    "\t",
    "|",
    '"',
    "'",
    "\n",
    "\r\n",
    "1",
    "0,5",
    "a:b",
    "^",
    " ",
]
HEADERS = ["plain", "twice", "empty", "spaces", "none", "sep"]


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def texts(path: Path, **options: Any) -> list[str]:
    return [record.text for record in read_texts(path, **options)]


# 200 generated files


def written(rows: list[list[str]], mark: str, quoting: str, ends: str) -> str:
    """Rows as a table; without quotes, what cannot stand in a cell is left out of it."""
    if quoting == "none":
        return "".join(mark.join(row) + ends for row in rows)
    mode = csv.QUOTE_ALL if quoting == "all" else csv.QUOTE_MINIMAL
    lines = []
    for row in rows:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=mark, lineterminator="\r\n", quoting=mode).writerow(row)
        lines.append(text.getvalue().removesuffix("\r\n") + ends)
    return "".join(lines)


SHAPES = {
    "text": ("text",),
    "label text": ("label", "text"),
    "text stars": ("text", "stars"),
    "id text note": ("id", "text", "note", "other"),
}


def header_of(kind: str, names: tuple[str, ...]) -> list[list[str]]:
    if kind == "none":
        return []
    if kind == "spaces":
        return [[f" {name} " for name in names]]
    if kind in ("twice", "empty") and len(names) == 4:
        return [["id", "text", "note", "note"] if kind == "twice" else ["", "text", "note", ""]]
    return [list(names)]


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """A table, what it was written with, and what should be read."""
    mark, quoting = draw(st.sampled_from(list(MARKS))), draw(st.sampled_from(["all", "minimal", "none"]))
    ends = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    kind, names = draw(st.sampled_from(HEADERS)), draw(st.sampled_from(list(SHAPES.values())))
    encoding = draw(st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "cp1252"]))
    bom = BOMS.get(encoding, b"") if draw(st.booleans()) else b""
    cell = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join)
    cells = {
        "text": cell,
        "note": cell,
        "label": st.sampled_from(["pos", "neg"]),
        "stars": st.sampled_from(["1", "2.5", "3"]),
        "other": st.sampled_from(["x", "", "2"]),
    }
    rows = []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        row = [str(number) if name == "id" else draw(cells[name]) for name in names]
        if quoting == "none":
            row = [each.replace(mark, "").replace("\n", "").replace("\r", "") for each in row]
        rows.append([each if each.strip() else "fine" for each in row] if len(row) == 1 else row)
    table = written([*header_of(kind, names), *rows], mark, quoting, ends)
    content = (f"sep={mark}{ends}" if kind == "sep" else "") + table
    packed = draw(st.sampled_from(list(PACK)))
    return {
        "name": draw(st.sampled_from(["a.csv", "a.tsv"])) + packed,
        "content": PACK[packed](bom + content.encode(encoding)),
        "rows": rows,
        "header": kind,
        "column": "text" if kind != "none" or len(names) == 1 else str(names.index("text") + 1),
        "named": Layout(
            delimiter=mark,
            quoting="none" if quoting == "none" else "quotes",
            encoding=encoding,
            header=kind != "none",
        ),
        "unquoted": quoting == "none",
    }


def unquote(cell: str) -> str:
    """What a cell of a file without quotes is to who takes it for one with quotes."""
    return next(csv.reader([cell], delimiter="\0"), [""])[0] if cell.startswith('"') else cell


@settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(file=files())
def test_a_generated_file_is_read_right_or_refused_in_one_sentence(tmp_path: Path, file: dict[str, Any]):
    path = put(tmp_path, file["name"], file["content"])
    rows, named = file["rows"], file["named"]
    column = file["column"]
    # Told how the file is written: each cell as it is, and so again from what is written of it.
    with read_texts(path, column=column, layout=named) as reader:
        records = list(reader)
        assert [list(record.fields.values()) for record in records] == rows
        like = reader.rows if reader.rows.format == "csv" else None
        with write_records(tmp_path / "out.csv", like=like) as out:
            for record in records:
                out.write(record, label="x", score=1.0)
    again = Layout(delimiter=named.delimiter if like else ",", quoting=named.quoting if like else "quotes")
    copied = read_texts(tmp_path / "out.csv", column=column, layout=again)
    assert [list(record.fields.values())[: len(rows[0])] for record in copied] == rows
    # Told nothing: the same, or one sentence. A file without quotes may lose those around a whole cell.
    found, notes, refusal = attempt(path)
    if refusal:
        assert refusal.startswith(str(path))
        assert "\n" not in refusal
        assert "--" in refusal
    elif file["header"] == "none":
        # Nothing tells a single column's first row from its name: it is said, and no other row is lost.
        assert len(rows[0]) == 1
        assert "--no-header" in notes[0]
        assert found == rows[1:] or (
            file["unquoted"] and found == [list(map(unquote, row)) for row in rows[1:]]
        )
    else:
        assert found == rows or (file["unquoted"] and found == [list(map(unquote, row)) for row in rows])


def attempt(path: Path) -> tuple[list[list[str]], list[str], str]:
    """The cells of a file of which nothing is said, the notes, or the sentence that refuses it."""
    try:
        reader = read_texts(path)
        return [list(record.fields.values()) for record in reader], reader.notes, ""
    except (DataError, InputError) as error:
        return [], [], str(error)
