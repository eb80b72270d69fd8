"""Series from files: what is taken for times, how they go on, what is refused, what is filled and said."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_rnn.errors import ConfigError, DataError
from nlp_rnn.files import Layout, Series, read_series


def written(path: Path, times: Iterable[object], header: str = "time,load") -> Path:
    rows = [f"{time},{step % 5 + 0.5}" for step, time in enumerate(times)]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def read(times: Iterable[object], header: str = "time,load", **options: Any) -> Series:
        return read_series(written(tmp_path / "load.csv", times, header), **options)

    return read


def spread(first: str, unit: str, count: int, every: int = 1) -> list[str]:
    steps = np.datetime64(first) + np.arange(0, count * every, every).astype(f"timedelta64[{unit}]")
    return steps.astype(str).tolist()


HOURS = spread("2024-04-29T00:00", "h", 24)

# Header, cells of the first column, the next steps as the file would write them.
COLUMNS = (
    ("time", [f"{year}-{month:02}-01" for year in (2015, 2016) for month in range(1, 13)], "2017-01-01"),
    ("time", [text.replace("T", " ") for text in HOURS], "2024-04-30 00:00|2024-04-30 01:00"),
    ("time", [f"{text}:00Z" for text in HOURS], "2024-04-30T00:00:00Z 2024-04-30T01:00:00Z"),
    ("time", [f"{text}+05:30" for text in HOURS], "2024-04-30T00:00+05:30 2024-04-30T01:00+05:30"),
    ("time", [f"2024-0{month}-01T00:00-0400" for month in range(1, 9)], "2024-09-01T00:00-0400"),
    ("date", [text.replace("-", "") for text in spread("2024-04-29", "D", 4)], "20240503 20240504"),
    ("x", [text.replace("-", "") for text in spread("2024-04-29", "D", 4)], "20240503 20240504"),
    ("x", [text.replace("-", "") for text in spread("2023-11", "M", 4)], "202403 202404"),
    ("x", [text[:13].replace("-", "").replace("T", "") for text in HOURS], "2024043000 2024043001"),
    ("x", [text.replace("-", "").replace(":", "") for text in HOURS], "20240430T0000 20240430T0100"),
    ("Year", range(1990, 2000), "2000 2001"),
    ("x", range(1990, 2000), "2000 2001"),
    ("x", [f"{year}.0" for year in range(1990, 2000)], "2000 2001"),
    ("x", range(1_714_348_800, 1_714_348_800 + 20 * 3600, 3600), "1714420800 1714424400"),
    ("x", [1_714_348_800_000 + 60_000 * minute for minute in range(9)], "1714349340000 1714349400000"),
    ("", range(20), "20 21"),
    ("x", range(1, 4), "4 5"),
    ("id", range(10, 70, 10), "70 80"),
    ("seconds", [f"{step / 10:.1f}" for step in range(20)], "2.0 2.1"),
    ("year", [f"{1950 + month / 12:.3f}" for month in range(24)], "1952.000|1952.083"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "cells", "after"), COLUMNS)
def test_a_first_column_of_times_or_counts_is_no_series(
    read: Any, name: str, cells: list[object], after: str
) -> None:
    series = read(cells, f"{name},load")
    assert series.columns == ("load",)
    after_K = after.split("|" if "|" in after else " ")
    assert series.next_steps(len(after_K)) == after_K
    # Cells that are numbers could be a series, so this is said; and what is asked for is one.
    numbers = not any(sign in str(cells[0])[1:] for sign in "-T")
    assert [f"the first column, {name!r}, is read as" in note for note in series.notes] == [True] * numbers
    if numbers:
        assert read(cells, f"{name},load", columns=[name, "load"]).columns == (name, "load")
        assert read(cells, f"{name},load", time_column=name).next_steps(2) == series.next_steps(2)


def test_values_that_rise_are_a_series_where_there_is_no_other(read: Any, tmp_path: Path) -> None:
    for text, columns in (
        ("v\n" + "\n".join(map(str, range(1990, 2010))), ("v",)),
        ("v,w\n3,1\n4,2\n8,2\n", ("v", "w")),
        ("v,w\n84000030,1\n84000031,2\n84000029,2\n", ("v", "w")),
        ("day,w\n30,1\n31,2\n1,2\n2,2\n", ("day", "w")),
    ):
        (tmp_path / "v.csv").write_text(text, encoding="utf-8")
        series = read_series(tmp_path / "v.csv")
        assert (series.columns, series.next_steps(2)) == (columns, ["1", "2"])


def test_times_may_stand_in_another_column(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("v,when\n2,2024-01-01\n3,2024-01-02\n", encoding="utf-8")
    series = read_series(tmp_path / "v.csv")
    assert (series.columns, series.next_steps(1)) == (("v",), ["2024-01-03"])
    assert series.notes == ("the column 'when' is read as the times",)


def test_other_formats_have_the_same_times(tmp_path: Path) -> None:
    rows = [{"t": 2015 + step, "v": step**2} for step in range(4)]
    (tmp_path / "v.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert read_series(tmp_path / "v.jsonl").next_steps(1) == ["2019"]
    pyarrow = pytest.importorskip("pyarrow", reason="the extra [train] is not installed")
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra [train] is not installed")
    stamps = pyarrow.array([1_714_348_800 + 3600 * hour for hour in range(4)], pyarrow.timestamp("s", "UTC"))
    decimals = pyarrow.array([1, 2, 4, 3]).cast(pyarrow.decimal128(21, 2))
    parquet.write_table(pyarrow.table({"t": stamps, "v": decimals}), tmp_path / "v.parquet")
    series = read_series(tmp_path / "v.parquet")
    assert series.next_steps(1) == ["2024-04-29 04:00:00+00:00"]
    assert series.write(0, 2.5) == "2.500"


# Zones


def test_hours_are_even_where_a_clock_is_put_forward_and_the_zone_is_written(read: Any) -> None:
    spring = [f"2024-03-31T{hour:02}:00+0{1 if hour < 2 else 2}:00" for hour in (0, 1, 3, 4, 5)]
    series = read(spring)
    assert series.next_steps(1) == ["2024-03-31T06:00+02:00"]
    assert np.diff(series.times_T).astype(int).tolist() == [60] * 4
    assert series.notes == ("the zone of the times changes; later times are written in the last, +02:00",)
    autumn = [f"2024-10-27T{hour:02}:00+0{zone}:00" for hour, zone in ((1, 2), (2, 2), (2, 1), (3, 1))]
    assert read(autumn).next_steps(1) == ["2024-10-27T04:00+01:00"]


def test_midnights_are_even_on_the_zones_own_clock(read: Any) -> None:
    days = [f"2024-03-{day}T00:00+01:00" for day in range(25, 32)]
    days += [f"2024-04-0{day}T00:00+02:00" for day in range(1, 5)]
    assert read(days).next_steps(2) == ["2024-04-05T00:00+02:00", "2024-04-06T00:00+02:00"]
    months = [f"2024-{month:02}-01T00:00+0{2 if 4 <= month <= 10 else 1}:00" for month in range(1, 13)]
    assert read(months).next_steps(2) == ["2025-01-01T00:00+01:00", "2025-02-01T00:00+01:00"]
    filled = read([day for day in days if "-28T" not in day], fill="previous")
    np.testing.assert_array_equal(filled.times_T, read(days).times_T)


def test_some_times_with_a_zone_and_some_without_are_refused(read: Any) -> None:
    with pytest.raises(
        DataError, match="row 2: the time 2024-01-01T01:00 has no zone, and the first has one"
    ):
        read(["2024-01-01T00:00Z", "2024-01-01T01:00"])


# Gaps


SPRING = [text.replace("T", " ") for text in spread("2024-03-31T00:00", "h", 24) if "T02" not in text]
GAPS = (
    (spread("2023-01-01", "D", 60) + spread("2024-01-01", "D", 60),
     r"row 61: 305 steps missing between 2023-03-01 and 2024-01-01 \(305 in all; a step is 1 day\)"),
    (SPRING, "row 3: 1 step missing between 2024-03-31 01:00 and 2024-03-31 03:00"),
    (["2024-01-31", "2024-02-29", "2024-04-30", "2024-05-31"],
     "row 3: 1 step missing between 2024-02-29 and 2024-04-30 .* 1 month .the last day"),
    ([1990, 1991, 1992, 1993, 1995, 1996, 1997, 1998], "row 5: 1 step missing between 1993 and 1995"),
    ([1, 2, 3, 4, 7, 8], "row 5: 2 steps missing between 4 and 7"),
    ([day for day in spread("2024-01-01", "D", 40) if np.is_busday(day) and day != "2024-01-15"],
     "row 11: 1 step missing between 2024-01-12 and 2024-01-16 .* 1 business day"),
)  # fmt: skip


@pytest.mark.parametrize(("times", "message"), GAPS)
def test_gaps_are_refused_by_row(read: Any, times: list[object], message: str) -> None:
    with pytest.raises(DataError, match=f"{message}.*--fill linear, previous, zero"):
        read(times)
    assert read(times, fill="ignore").next_steps(2) == ["1", "2"]


def test_gaps_are_filled_by_a_named_rule(read: Any) -> None:
    for fill, middle in (("linear", 2.0), ("previous", 1.5), ("zero", 0.0)):
        series = read(SPRING, fill=fill)
        assert len(series.values_TF) == len(series.times_T) == 24
        assert series.values_TF[:4, 0].tolist() == [0.5, 1.5, middle, 2.5]
        assert str(series.times_T[2]) == "2024-03-31T02:00"
        assert series.next_steps(1) == ["2024-04-01 00:00"]
        assert series.notes == (f"filled 1 of 24 values ({fill}); the longest gap has 1 step",)
    assert len(read([1, 2, 3, 4, 7, 8], fill="linear").values_TF) == 8
    with pytest.raises(DataError, match="more are missing than are there, so use one stretch"):
        read(GAPS[0][0], fill="linear")
    with pytest.raises(ConfigError, match="linear, previous, zero, ignore"):
        read(SPRING, fill="guess")


def test_missing_values_are_filled_too_and_steps_before_a_series_begins_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "weather.csv"
    rows = ["00:00,,1", "01:00,,2", "02:00,3,NA", "03:00,nan,4", "05:00,6,", "06:00,7,7"]
    path.write_text("\n".join(["time,pm25,wind", *(f"2024-01-01 {row}" for row in rows)]), encoding="utf-8")
    with pytest.raises(DataError, match="row 1: 'pm25' is missing"):
        read_series(path)
    series = read_series(path, fill="linear")
    assert series.times_T is not None
    assert str(series.times_T[0]) == "2024-01-01T02:00"
    # The second series is filled from what was before the first began, too; 04:00 has no row.
    assert series.values_TF.tolist() == [[3, 3], [4, 4], [5, 5], [6, 6], [7, 7]]
    assert series.notes[0] == "left out the first 2 steps, where a series has not begun"
    zero = read_series(path, fill="zero")
    assert zero.values_TF[:, 0].tolist() == [0, 0, 3, 0, 0, 6, 7]
    (tmp_path / "v.csv").write_text("v,w\n,1\n,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="'v' has no value"):
        read_series(tmp_path / "v.csv", fill="linear")


def test_a_blank_line_is_a_step_only_where_no_times_say_what_one_is(read: Any, tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("v\n1\n\n3\n", encoding="utf-8")
    assert read_series(tmp_path / "v.csv", fill="linear").values_TF.tolist() == [[1], [2], [3]]
    (tmp_path / "v.csv").write_text("day,v\n2024-01-01,1\n\n2024-01-02,3\n", encoding="utf-8")
    assert read_series(tmp_path / "v.csv", fill="linear").values_TF.tolist() == [[1], [3]]


# What is refused


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["today", "now"], "row 1: 'today' is no time"),
        (["2024-02-29", "2024-02-30"], "row 2: '2024-02-30' is on no calendar"),
        (["2024-01-01T23:00", "2024-01-01T24:00"], "row 2: '2024-01-01T24:00' is on no calendar or clock"),
        (["01/02/2024", "01/03/2024"], "row 1: '01/02/2024' is no time in ISO form"),
        (["2024-01-01", "20240102"], "row 2: '20240102' is no time"),
        (range(2020, 1990, -1), "row 2: the time 2019 is before that of the row above"),
        ([1990, 1991, 1991, 1992, 1993], "row 3: the time 1991 comes twice"),
        (["2024-10-27 01:00", "2024-10-27 02:00", "2024-10-27 02:00"], r"comes twice.*write the zone: 02:00"),
        (["2024-01-01", "2024-01-02", "2024-01-09", "2024-02-02", "2024-02-03", "2024-05-01"],
         "column 'time': the times follow no rule: .*--fill ignore"),
        (["1.0", "2.0", "3.0", "4.5", "5.5", "6.5"], "numbers of the steps follow no rule: 4.5 comes 1.5"),
    ],
)  # fmt: skip
def test_times_that_cannot_be_meant_are_refused(read: Any, times: list[object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(times)


@pytest.mark.parametrize("cell", ["1_96", "١٢", "1,5", "inf", "1e999", "0x10", "5 %", "true"])
def test_cells_that_only_python_reads_as_numbers_are_refused(tmp_path: Path, cell: str) -> None:
    (tmp_path / "v.tsv").write_text(f"v\n1\n{cell}\n3\n", encoding="utf-8")
    with pytest.raises(DataError, match=f"row 2: 'v' is '{cell}', not a finite number"):
        read_series(tmp_path / "v.tsv")


@pytest.mark.parametrize("cell", ["-1.5e3", " 7 ", "+2", ".5", "3."])
def test_plain_numbers_are_read(tmp_path: Path, cell: str) -> None:
    (tmp_path / "v.tsv").write_text(f"v\n1\n{cell}\n", encoding="utf-8")
    assert read_series(tmp_path / "v.tsv").values_TF[1, 0] == float(cell)


@pytest.mark.parametrize("header", ["1.5", "112,118", "2024-01-01,5.0", "2019,2020"])
def test_a_row_of_values_is_no_header(tmp_path: Path, header: str) -> None:
    rows = "\n".join([header] * 2)
    (tmp_path / "v.csv").write_text(f"{header}\n{rows}\n", encoding="utf-8")
    with pytest.raises(DataError, match="so the row of names is missing: add one above it"):
        read_series(tmp_path / "v.csv")


def test_columns_that_are_called_by_numbers_are_read_if_asked_for(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("2019,2020\n1,2\n3,5\n", encoding="utf-8")
    assert read_series(tmp_path / "v.csv", columns=["2019", "2020"]).values_TF.tolist() == [[1, 2], [3, 5]]
    (tmp_path / "v.csv").write_text("day,2020\n2024-01-01,2\n2024-01-02,5\n", encoding="utf-8")
    assert read_series(tmp_path / "v.csv").columns == ("2020",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "day;v\n2024-01-01;0,5\n",
            "row 1: 'v' is '0,5', not a finite number; write it with",
        ),
        ("day;v\n2024-01-01;1.234,5\n", "'1.234,5', not a finite number; write it with a decimal point"),
        ("v\n0,5\n1,5\n", "2 cells where the header has 1; .* a decimal point, not a comma"),
        ("day,v\n2024-01-01,0,5\n", "3 cells where the header has 2; .* a decimal point, not a comma"),
    ],
)
def test_a_decimal_comma_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "v.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_series(tmp_path / "v.csv")


def test_a_series_can_be_told_how_its_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("día^v\n2024-01-01^1\n2024-01-02^2\n", encoding="cp1252")
    with pytest.raises(DataError, match="--delimiter"):
        read_series(tmp_path / "v.csv", layout=Layout(encoding="cp1252"))
    told = Layout(delimiter="^", encoding="cp1252")
    assert read_series(tmp_path / "v.csv", layout=told).next_steps(1) == ["2024-01-03"]
    bare = Layout(header=False)
    (tmp_path / "w.data").write_text("1\n2\n", encoding="utf-8")
    assert read_series(tmp_path / "w.data", format="csv", layout=bare).columns == ("value",)
    (tmp_path / "x.csv").write_text("2024-01-01,5\n2024-01-02,6\n", encoding="utf-8")
    assert read_series(tmp_path / "x.csv", layout=bare).columns == ("2",)


def test_no_message_about_a_series_speaks_of_texts(tmp_path: Path) -> None:
    for content in ("a;b,c\n1;2,3\n2;3;1\n", "v\n1,2,3\n"):
        (tmp_path / "v.csv").write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match="--delimiter") as refused:
            read_series(tmp_path / "v.csv")
        assert "text" not in str(refused.value).replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("content", "columns", "notes"),
    [
        ("date,v,\n2024-01-01,3,\n2024-01-02,4,\n", ("v",), ()),
        ("date,v,,\n2024-01-01,3,,\n2024-01-02,4,,\n", ("v",), ()),
        ("v,\n3,\n5,\n4,\n", ("v",), ()),
        ("date,v,\n2024-01-01,3,late\n2024-01-02,4,\n", ("v",), ("left out what stands in columns",)),
    ],
)
def test_a_column_without_a_name_does_no_harm(
    tmp_path: Path, content: str, columns: tuple[str, ...], notes: tuple[str, ...]
) -> None:
    (tmp_path / "v.csv").write_text(content, encoding="utf-8")
    series = read_series(tmp_path / "v.csv")
    assert series.columns == columns
    assert len(series.notes) == len(notes)
    assert all(map(str.startswith, series.notes, notes))


def test_a_column_of_row_numbers_without_a_name_still_counts(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text(",v\n0,3\n1,5\n2,4\n", encoding="utf-8")
    assert read_series(tmp_path / "v.csv").columns == ("v",)
    (tmp_path / "v.csv").write_text("2024-01-01,5.0,\n2024-01-02,6.0,\n", encoding="utf-8")
    with pytest.raises(DataError, match="the row of names is missing"):
        read_series(tmp_path / "v.csv")


@pytest.mark.parametrize("cell", ["1_96", "n/a?", "$5.00", "?"])
def test_a_first_value_that_is_no_number_is_named(tmp_path: Path, cell: str) -> None:
    for content in (f"v\n{cell}\n0\n1\n", f"v,\n{cell},\n0,\n1,\n"):
        (tmp_path / "v.csv").write_text(content, encoding="utf-8")
        with pytest.raises(DataError) as refused:
            read_series(tmp_path / "v.csv")
        assert f"row 1: 'v' is '{cell}', not a finite number" in str(refused.value)
