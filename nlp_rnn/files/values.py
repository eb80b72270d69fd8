"""Values of a row as they were written: kept through reading, and written again in a cell or as JSON.

Numbers keep their digits, dates and times are written in ISO form, and JSON has no NaN. Knows values; knows
no files.
"""

from __future__ import annotations

import base64
import datetime
import json
import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")


class Number(float):
    """A number and how it was written: ``1.10``, ``1e5``, or ``0.1`` for the 32 bits nearest to it.

    >>> Number("1.10") == 1.1, Number("1.10").text
    (True, '1.10')
    """

    text: str

    def __new__(cls, text: str | float, written: str | None = None) -> Number:
        """Make a number from its text, or from its value and its text."""
        number = super().__new__(cls, text)
        number.text = written or str(text)
        return number


def is_missing(value: object) -> bool:
    """Return True if there is no value: null, or NaN.

    >>> is_missing(None), is_missing(float("nan")), is_missing("")
    (True, True, False)
    """
    return value is None or bool(value != value)


def plain(value: Any) -> Any:
    """Return a NumPy scalar as Python's own number, and anything else as it is."""
    return value.item() if hasattr(value, "dtype") and getattr(value, "ndim", 1) == 0 else value


def cell_of(value: Any) -> str:
    """Return a value as a cell of a table; lists and objects as JSON.

    >>> cell_of(None), cell_of(datetime.date(2024, 1, 2)), cell_of(Decimal("1.10")), cell_of([1, "a"])
    ('', '2024-01-02', '1.10', '[1, "a"]')
    """
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not isinstance(value, Number) and not math.isfinite(value):
        return json.dumps(value)  # NaN, Infinity
    text = json_of(value, ascii_only=False)
    return _bare(value) if text.startswith('"') else text


def json_of(value: Any, *, ascii_only: bool = False) -> str:
    """Return a value as JSON, which any reader of JSON can read: NaN and the infinities are null.

    >>> json_of({"n": Number("1.10"), "none": float("nan"), "when": datetime.date(2024, 1, 2)})
    '{"n": 1.10, "none": null, "when": "2024-01-02"}'
    """
    value = plain(value)
    if value is None or isinstance(value, str | bool | int):
        return json.dumps(value, ensure_ascii=ascii_only)
    if isinstance(value, Number):
        # A text that JSON has no number for, like nan, is none of its digits.
        return value.text if value.text[-1].isdigit() else "null"
    if isinstance(value, float):
        return json.dumps(value) if math.isfinite(value) else "null"
    if isinstance(value, Decimal):
        return str(value) if value.is_finite() else "null"
    if isinstance(value, Mapping):
        pairs = (
            f"{json.dumps(str(key), ensure_ascii=ascii_only)}: {json_of(inner, ascii_only=ascii_only)}"
            for key, inner in value.items()
        )
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(json_of(inner, ascii_only=ascii_only) for inner in value) + "]"
    return json.dumps(_bare(value), ensure_ascii=ascii_only)


def json_line(value: Mapping[str, Any]) -> bytes:
    """Return an object as a line of JSON Lines, in UTF-8."""
    line = json_of(value)
    # Half of a surrogate pair has no UTF-8: JSON can escape it.
    return (json_of(value, ascii_only=True) if _SURROGATE.search(line) else line).encode() + b"\n"


def utf8(text: str) -> bytes:
    """Return the text as UTF-8, halves of surrogate pairs replaced."""
    return (text if text.isascii() else _SURROGATE.sub("\ufffd", text)).encode()


def _bare(value: object) -> str:
    """Return the text of what JSON has no form for: times in ISO form, bytes as UTF-8 or else base64."""
    if isinstance(value, bytes | bytearray | memoryview):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return str(value)


def arrow_rows(batch: Any, keys: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of an Arrow record batch; ``keys`` name its columns.

    Numbers of 16 and 32 bits keep their few digits; times finer than a microsecond, which Python has not,
    come as text.
    """
    columns = [_values(column) for column in batch.columns]
    for row in zip(*columns, strict=True) if columns else ({} for _ in range(batch.num_rows)):
        yield dict(zip(keys, row, strict=True))


def _values(column: Any) -> list[Any]:
    """Return the values of one column."""
    kind = str(column.type)
    if kind in ("float", "halffloat"):
        numbers = column.to_numpy(zero_copy_only=False)
        return [
            None if value is None else Number(value, str(number)) if math.isfinite(value) else value
            for value, number in zip(column.to_pylist(), numbers, strict=True)
        ]
    if kind.startswith(("timestamp[ns", "time64[ns", "duration[ns")):
        if kind.startswith("duration"):
            column = column.cast("int64")
            return [None if value is None else _duration(value) for value in column.to_pylist()]
        return [None if text is None else _short(text) for text in column.cast("string").to_pylist()]
    values: list[Any] = column.to_pylist()
    return values


def _short(time: str) -> str:
    """Return a time without the zeros at the end of its fraction.

    >>> _short("2024-01-02 03:04:05.120000000Z"), _short("03:04:00.000000000")
    ('2024-01-02 03:04:05.12Z', '03:04:00')
    """
    return re.sub(r"\.(\d*?)0+(?!\d)", lambda found: f".{found[1]}" if found[1] else "", time)


def _duration(nanoseconds: int) -> str:
    """Return a duration in the form of ``str(timedelta)``, with all its digits."""
    whole, rest = divmod(nanoseconds, 10**9)
    text = str(datetime.timedelta(seconds=whole))
    return f"{text}.{rest:09}".rstrip("0") if rest else text
