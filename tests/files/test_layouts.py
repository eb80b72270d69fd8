"""However a table is written, each of its rows is read right, or one sentence says what to give."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import lzma
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp_rnn.errors import ConfigError, DataError, InputError
from nlp_rnn.files.tables import Layout, keys_of
from nlp_rnn.files.texts import read_texts, write_records

PACK = {"": bytes, ".gz": gzip.compress, ".xz": partial(lzma.compress, preset=0)}
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


# One by one


REVIEWS = ["Great phone, love it", "Awful battery", "Broke in a day"]
SWALLOWED = {
    "a.tsv": 'id\ttext\n1\t"Great phone, love it\n2\tAwful battery\n3\tBroke in a day"\n',
    "b.tsv": 'text\tid\n"Great phone\t1\nAwful battery"\t2\n',
    "c.tsv": 'text\n"Great phone\nAwful battery"\n',
    "d.tsv": 'id\ttext\n1\t"Great phone\n2\tAwful\tbattery\n3\tBroke"\n',
    "a.csv": 'id,text\n1,"Great phone, love it\n2,Awful battery\n3,Broke in a day"\n',
    "b.csv": 'text;stars\n"Great phone;5\nAwful battery";1\n',
    "c.csv": 'id|text\n1|"Great phone\n2|Awful battery"\n',
    "d.csv": 'text\n"Great phone\nAwful battery"\n',
    "e.csv": 'label,text\npos,"Great phone\nneg,Awful battery"\n',
}


@pytest.mark.parametrize("on_error", ["raise", "skip"])
@pytest.mark.parametrize("name", SWALLOWED)
def test_a_quote_that_may_have_swallowed_rows_is_reported(tmp_path: Path, name: str, on_error: str):
    path = put(tmp_path, name, SWALLOWED[name])
    with pytest.raises(DataError, match=rf"{name}, line 2: a quote .*--quoting quotes.*--quoting none"):
        texts(path, on_error=on_error)
    count = SWALLOWED[name].count("\n") - 1
    if name not in ("a.csv", "d.tsv"):  # these two have a bad row without quotes
        found = texts(path, layout=Layout(quoting="none"), on_error=on_error, column="text")
        assert len(found) == count
        assert any('"' in text for text in found)
    assert len(texts(path, layout=Layout(quoting="quotes"))) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'id,text,n\n1,"First line, and\nsecond, and\nthird",2\n2,x,3\n'),
        ("a.csv", 'text,label\n"First line,\nsecond",pos\n'),
        ("a.csv", 'id,text\n1,"First\nsecond, third"\n'),
        ("a.csv", 'text\n"First, and\nsecond"\n"Third, ""good"""\n'),
        ("a.csv", 'text\n"First\nsecond, great"\nAwful\n'),
        ("a.csv", 'text\n"First one\nsecond line"\n"Line three\nline four"\nBad\n'),
        ("a.csv", 'text\n"First ""one""\nsecond line"\nBad\n'),
        ("a.tsv", 'text\n"First\tone\nsecond line"\nBad\n'),
        ("a.tsv", 'id\ttext\tn\n1\t"First\tand\nsecond"\t2\n'),
        ("a.tsv", 'text\tlabel\n"First\nsecond"\tpos\n'),
    ],
)
def test_a_text_over_several_lines_is_one_text(tmp_path: Path, name: str, content: str):
    assert texts(put(tmp_path, name, content))[0].startswith("First")
    assert "second" in texts(put(tmp_path, name, content))[0]


@pytest.mark.parametrize("mark", [";", "\t", "|", ","])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_what_parts_the_columns_is_found(tmp_path: Path, name: str, mark: str):
    path = put(tmp_path, name, f"id{mark}text\n1{mark}Good: it works\n2{mark}Bad\n")
    assert texts(path) == ["Good: it works", "Bad"]
    with read_texts(path) as reader:
        assert reader.rows.delimiter == mark


def test_a_first_line_can_say_what_parts_the_columns(tmp_path: Path):
    path = put(tmp_path, "a.csv", "sep=;\r\nid;text\r\n1;Good, really\r\n2;x;y\r\n")
    reader = read_texts(path, on_error="skip")
    assert [record.text for record in reader] == ["Good, really"]
    assert "row 2 (line 4)" in reader.reasons[0]
    assert texts(put(tmp_path, "b.csv", '"sep=^"\nid^text\n1^Good\n')) == ["Good"]
    with pytest.raises(DataError, match="';' parts its columns, not ',': leave out --delimiter"):
        texts(path, layout=Layout(delimiter=","))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id;text,all\n1;a,b\n"),  # both go
        ("a.csv", "review; text\nfine\nbad\n"),  # no row has it
        ("a.csv", "id^text\n1^Good\n2^Bad\n"),
        ("a.csv", "id:text\n1:Good\n2:Bad\n"),
        ("a.tsv", "id\x1ftext\n1\x1fGood\n"),
        ("a.csv", "text\nGood, really\n"),
    ],
)
def test_a_doubt_names_the_option(tmp_path: Path, name: str, content: str):
    with pytest.raises(DataError, match="--delimiter"):
        texts(put(tmp_path, name, content))


@pytest.mark.parametrize(
    "content",
    ["text: reviews\ngood: yes\nbad: no\n", "see https://a.b\nhttps://b.c is bad\nhttps://d.e is good\n"],
)
def test_a_colon_of_prose_parts_no_columns(tmp_path: Path, content: str):
    assert texts(put(tmp_path, "a.csv", content)) == content.splitlines()[1:]


def test_a_doubt_is_settled_by_the_option(tmp_path: Path):
    path = put(tmp_path, "a.csv", "id^text\n1^Good\n2^Bad\n")
    assert texts(path, layout=Layout(delimiter="^")) == ["Good", "Bad"]
    path = put(tmp_path, "b.csv", "review; text\nfine\nbad\n")
    assert texts(path, layout=Layout(delimiter="comma")) == ["fine", "bad"]
    assert texts(path, format="txt") == ["review; text", "fine", "bad"]


ENCODED = ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.jsonl", "a.csv.gz"])
def test_unicode_is_read_in_all_its_forms(tmp_path: Path, name: str, encoding: str):
    content = {"a.txt": "Café – größer\n", "a.jsonl": '{"text": "Café – größer"}\n'}.get(
        name, "id,text\n1,Café – größer\n"
    )
    packed = PACK[".gz" if name.endswith(".gz") else ""](content.encode(encoding))
    assert texts(put(tmp_path, name, packed)) == ["Café – größer"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_of_another_script_is_read_or_refused(tmp_path: Path, encoding: str):
    text = "这是一个很好的手机"
    path = put(tmp_path, "a.csv", f"id,text\n1,{text}\n".encode(encoding))
    assert texts(path) == [text]
    bare = put(tmp_path, "b.txt", f"{text}\n".encode(encoding))
    assert texts(bare, layout=Layout(encoding=encoding)) == [text]
    with pytest.raises(DataError, match="name the file's encoding"):
        texts(bare)


def test_an_encoding_can_be_named(tmp_path: Path):
    path = put(tmp_path, "a.csv", "id,text\n1,café\n2,bad \x93quote\x94\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"row 1 \(line 2\): invalid UTF-8 \(byte 0xE9\).*--encoding cp1252"):
        texts(path)
    assert texts(path, layout=Layout(encoding="cp1252")) == ["café", "bad “quote”"]
    undefined = put(tmp_path, "b.txt", b"fine\n\x81\n")
    with pytest.raises(DataError, match=r"row 2: invalid CP1252 \(byte 0x81\)"):
        texts(undefined, layout=Layout(encoding="windows-1252"))
    marked = put(tmp_path, "c.txt", "fine".encode("utf-16"))
    with pytest.raises(DataError, match="begins with the mark of UTF-16-LE, so it is not cp1252"):
        texts(marked, layout=Layout(encoding="cp1252"))
    with pytest.raises(DataError, match="say in which order, --encoding utf-16-le or utf-16-be"):
        texts(put(tmp_path, "d.txt", "好".encode("utf-16-le")), layout=Layout(encoding="utf-16"))


def test_half_a_character_of_utf16_costs_one_row(tmp_path: Path):
    content = "fine\nbad\ud83d\ngood\n".encode("utf-16", "surrogatepass")
    reader = read_texts(put(tmp_path, "a.txt", content), on_error="skip")
    assert [record.text for record in reader] == ["fine", "good"]
    with pytest.raises(DataError, match="no readable UTF-16-LE"):
        texts(put(tmp_path, "b.txt", "fine\n".encode("utf-16")[:-1]))


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.txt"])
def test_a_carriage_return_alone_ends_a_line(tmp_path: Path, name: str):
    content = {"a.csv": 'n,text\r1,good\r2,"two\nlines"\r', "a.jsonl": '{"text": "good"}\r{"text": "b"}\r'}
    expected = {"a.csv": ["good", "two\nlines"], "a.jsonl": ["good", "b"]}
    path = put(tmp_path, name, content.get(name, "good\rb\r"))
    assert texts(path) == expected.get(name, ["good", "b"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a\rb\nc\n", "line 2: ends with a line feed"),
        ("a\nb\rc\n", "row 2: a carriage return stands in it"),
    ],
)
def test_two_kinds_of_line_ends_are_not_one_text(tmp_path: Path, content: str, reason: str):
    with pytest.raises(DataError, match=f"{reason}.* one kind"):
        texts(put(tmp_path, "a.txt", content))
    with pytest.raises(DataError, match=r"line end of another kind .* one kind"):
        texts(put(tmp_path, "a.csv", "id,text\n1," + content))


def test_lines_ended_twice_are_read_once(tmp_path: Path):
    assert texts(put(tmp_path, "a.txt", "good\r\r\nbad\r\r\n")) == ["good", "bad"]
    assert texts(put(tmp_path, "a.csv", "text\r\r\ngood\r\r\n")) == ["good"]


def test_names_that_nobody_asked_for_do_no_harm(tmp_path: Path):
    path = put(tmp_path, "a.csv", "id, text ,note,note,\n1,good,a,b,c\n")
    with read_texts(path) as reader:
        (record,) = reader
        assert record.fields == {"id": "1", "text": "good", "note (1)": "a", "note (2)": "b", "": "c"}
        with write_records(tmp_path / "out.csv", like=reader.rows) as out:
            out.add(record, {"label": "x"})
    assert (tmp_path / "out.csv").read_text(
        encoding="utf-8"
    ) == "id, text ,note,note,,label\n1,good,a,b,c,x\n"
    with pytest.raises(
        DataError,
        match=r"2 columns are called 'note', so name one as here: id, text, note \(1\), note \(2\)",
    ):
        read_texts(path, column="note")
    assert keys_of(["a", "a (1)", "a"]) == ["a (2)", "a (1)", "a (3)"]


def test_a_table_without_a_header_is_said_or_told(tmp_path: Path):
    path = put(tmp_path, "a.csv", "Great phone\nBad\n")
    with read_texts(path) as reader:
        assert [record.text for record in reader] == ["Bad"]
        assert "'Great phone'; if it is a row like the others, say so with --no-header" in reader.notes[0]
    assert texts(path, layout=Layout(header=False)) == ["Great phone", "Bad"]
    with read_texts(put(tmp_path, "b.csv", "text\nBad\n")) as reader:
        assert reader.notes == []
    two = put(tmp_path, "c.csv", "1,Great phone\n2,Bad\n2,Bad,really\n")
    with pytest.raises(DataError, match=r"the columns are 1, Great phone; .* --no-header"):
        texts(two)
    reader = read_texts(two, layout=Layout(header=False), column="2", on_error="skip")
    assert [record.text for record in reader] == ["Great phone", "Bad"]
    assert reader.reasons == [f"{two}, row 3 (line 3): 3 cells where the first row has 2"]


@pytest.mark.parametrize("name", ["review", "comment", "Review Text", "Comments", "tweet_body", "reviewText"])
def test_a_usual_name_of_a_column_is_no_text(tmp_path: Path, name: str):
    with read_texts(put(tmp_path, "a.csv", f"{name}\nBad\n")) as reader:
        assert reader.notes == []


@pytest.mark.parametrize("text", ["Bad", "Good, I think", "Comments welcome!", "review text.", "My review"])
def test_a_first_row_that_may_be_a_text_is_named(tmp_path: Path, text: str):
    with read_texts(put(tmp_path, "a.csv", f'"{text}"\nBad\n')) as reader:
        assert "--no-header" in reader.notes[0]


def test_a_blank_line_is_a_row_where_there_is_one_column(tmp_path: Path):
    assert texts(put(tmp_path, "a.csv", "text\ngood\n\nbad\n\n")) == ["good", "", "bad"]
    assert texts(put(tmp_path, "a.csv", "id,text\n1,good\n\n2,bad\n")) == ["good", "bad"]


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
@pytest.mark.parametrize("layout", [{"delimiter": ";"}, {"quoting": "none"}, {"header": False}])
def test_what_means_nothing_is_refused(tmp_path: Path, name: str, layout: dict[str, Any]):
    with pytest.raises(InputError, match=f"is read as {name[2:]}, where --.* has no effect"):
        read_texts(put(tmp_path, name, "x"), layout=Layout(**layout))


def test_only_what_fits_a_format_is_kept():
    told = Layout(delimiter=";", encoding="cp1252")
    assert told.fitting("tsv") == told
    assert told.fitting("txt") == Layout(encoding="cp1252")
    assert told.fitting("parquet") == Layout()


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"delimiter": "ab"}, "one character"),
        ({"delimiter": '"'}, "one character"),
        ({"quoting": "yes"}, "auto, quotes, none"),
        ({"encoding": "utf-9"}, "one that Python knows"),
        ({"encoding": "base64"}, "one that Python knows"),
    ],
)
def test_a_layout_refuses_nonsense(layout: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match=message):
        Layout(**layout)


def test_a_table_without_quotes_comes_out_without_quotes(tmp_path: Path):
    path = put(tmp_path, "a.tsv", 'id\ttext\n1\t"Great" phone\n')
    with read_texts(path, layout=Layout(quoting="none")) as reader:
        (record,) = reader
        with write_records(tmp_path / "out.tsv", like=reader.rows) as out:
            out.add(record, {"label": "x"})
        with (
            pytest.raises(DataError, match="without quotes"),
            write_records(tmp_path / "b.tsv", like=reader.rows) as bad,
        ):
            bad.add(record, {"label": "x\ty"})
    assert (tmp_path / "out.tsv").read_text(encoding="utf-8") == 'id\ttext\tlabel\n1\t"Great" phone\tx\n'


@pytest.mark.parametrize(
    ("name", "row", "kept"),
    [
        ("a.tsv", '1\tIt is 5" wide', '1\tIt is 5" wide'),
        ("a.tsv", "1\tIt is, well; wide", "1\tIt is, well; wide"),
        ("a.tsv", '1\t"""Great"" it is"', '1\t"""Great"" it is"'),
        ("a.tsv", '1\t"It is 5"" wide"', '1\t"It is 5"" wide"'),  # this one shows that cells stand in quotes
        ("a.csv", '1,"It is 5"" wide"', '1,"It is 5"" wide"'),
    ],
)
def test_a_tsv_that_shows_no_quotes_gets_none(tmp_path: Path, name: str, row: str, kept: str):
    mark = "," if name == "a.csv" else "\t"
    with read_texts(put(tmp_path, name, f"id{mark}text\n{row}\n")) as reader:
        records = list(reader)
        with write_records(tmp_path / f"out{name}", like=reader.rows) as out:
            out.add(records[0], {"label": "x"})
    assert (tmp_path / f"out{name}").read_text(encoding="utf-8").splitlines()[1] == f"{kept}{mark}x"
    assert texts(tmp_path / f"out{name}") == [record.text for record in records]


def test_a_tab_that_is_wanted_is_named(tmp_path: Path):
    path = put(tmp_path, "a.tsv", 'id\ttext\n1\t"Great" phone\n')
    with pytest.raises(DataError, match=r"malformed TSV \(a tab expected after"):
        texts(path)
