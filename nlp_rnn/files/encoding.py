"""From the bytes of a file to its characters: which encoding, and which line ends; in constant memory.

The encoding is the one named, else what a byte order mark says, else UTF-16 where its NUL bytes show it, else
UTF-8. Nothing else is guessed: bytes that do not fit become lone surrogates, which ``bad_bytes`` finds and
names. Knows bytes and characters; knows neither rows nor columns.
"""

from __future__ import annotations

import codecs
import io
import lzma
import re
import zlib
from typing import IO, TYPE_CHECKING, NamedTuple

from nlp_rnn.errors import ConfigError, DataError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEAD = 2**16
"""So many bytes at the beginning of a file decide on encoding, line ends and delimiter."""
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)

# The longest marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHER_FILES = (
    (b"\x1f\x8b\x08", "packed by gzip: its name should end in .gz"),
    (b"\xfd7zXZ\x00", "packed by xz: its name should end in .xz"),
    (b"PK\x03\x04", "a zip archive or a workbook (.xlsx): unpack it, or save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old workbook or document (.xls, .doc): save it as CSV or as text"),
    (b"%PDF-", "a PDF: save its text in a text file"),
    (b"PAR1\x15", "a Parquet file: its name should end in .parquet"),
    (b"BZh91AY&SY", "packed by bzip2: unpack it, or pack it by gzip"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd: unpack it, or pack it by gzip"),
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def check_encoding(name: str) -> str:
    """Return the usual name of an encoding; ``auto`` stays.

    >>> check_encoding("CP1252"), check_encoding("utf_8_sig")
    ('cp1252', 'utf-8')

    Raises:
        ConfigError: If Python knows no such encoding of text.
    """
    if name == "auto":
        return name
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=name)  # refuses what encodes no text, like base64
        found = codecs.lookup(name).name
    except (LookupError, TypeError, ValueError):
        raise ConfigError(
            f"Invalid encoding. Received: {name!r}; it should be auto or one that Python knows, like utf-8, "
            "utf-16, cp1252 (Windows), latin-1, shift_jis or gb18030"
        ) from None
    return found.removesuffix("-sig")


class Head(NamedTuple):
    """The beginning of a stream, and whether it is all of it."""

    content: bytes
    whole: bool


def read_head(stream: IO[bytes], name: str, *, patient: bool = True) -> Head:
    """Return the first ``HEAD`` bytes of a stream, fewer only where it ends.

    Args:
        stream: The bytes.
        name: The file in messages.
        patient: False takes what a pipe has as soon as a line is whole, since more may come much later.

    Raises:
        DataError: If it is damaged there, or is a file of another kind by its first bytes.
    """
    head, whole = b"", False
    try:
        if patient or stream.seekable():
            head = stream.read(HEAD)
            whole = len(head) < HEAD
        else:
            take = getattr(stream, "read1", stream.read)
            while len(head) < HEAD and b"\n" not in head and not whole:
                piece = take(HEAD - len(head))
                head, whole = head + piece, not piece
    except DAMAGED as error:
        raise DataError(f"{name} is damaged or cut short ({error})") from None
    for mark, words in _OTHER_FILES:
        if head.startswith(mark):
            raise DataError(f"{name} is {words}")
    return Head(head, whole)


def encoding_of(head: bytes, name: str, asked: str = "auto") -> str:
    """Return the encoding of a file by its first bytes, and by what was asked for.

    Args:
        head: The first bytes.
        name: The file in messages.
        asked: A name from ``check_encoding``.

    Raises:
        DataError: If its byte order mark says something else than what was asked for, or UTF-16 or UTF-32 was
            asked for and nothing says in which byte order.
    """
    marked = next((found for mark, found in _MARKS if head.startswith(mark)), None)
    if asked == "auto":
        found = marked or _utf16_of(head)
        if found is None and b"\0" in head[:4]:
            raise DataError(
                f"{name} begins with NUL bytes, as no text in UTF-8 does: name its encoding, as in "
                "--encoding utf-16-le or utf-16-be"
            )
        return found or "utf-8"
    if marked is not None and asked not in (marked, marked.removesuffix("-le").removesuffix("-be")):
        raise DataError(
            f"{name} begins with the mark of {marked.upper()}, so it is not {asked}: leave out --encoding"
        )
    if asked in ("utf-16", "utf-32"):
        found = marked or (_utf16_of(head) if asked == "utf-16" else None)
        if found is None and head:
            raise DataError(
                f"{name} has no byte order mark: say in which order, --encoding {asked}-le or {asked}-be"
            )
        return found or f"{asked}-le"
    return asked


def _utf16_of(head: bytes) -> str | None:
    """Return the UTF-16 that bytes without a mark show themselves to be, by the NULs in it; else None.

    A Latin letter has one NUL of its two bytes, always on the same side. Characters of other scripts have
    none, so text in them is not recognised (and is no UTF-8, so it is refused).
    """
    head = head[: len(head) // 2 * 2]
    low, high = head[::2].count(0), head[1::2].count(0)
    found = "utf-16-le" if high > low else "utf-16-be"
    # Both sides have NULs where a character is a multiple of 256, like the Chinese one.
    if 0 not in head[:2] or max(low, high) < max(4 * min(low, high), len(head) / 8):
        return None
    try:
        text = codecs.getincrementaldecoder(found)("surrogatepass").decode(head)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else found


class TextLines:
    """The lines of a stream with their ends, decoded.

    Args:
        stream: The bytes; it is read, and never closed.
        head: What was taken from it by ``read_head``.
        name: The file in messages.
        encoding: A name from ``encoding_of``.
        quoted: If True, line ends between double quotes do not say which ones the file has.

    Attributes:
        encoding: The encoding.
        start: What the beginning says in characters; the last line in it may be cut.
        whole: True if ``start`` is the whole file.
        ends: What ends a line: a line feed (also behind a carriage return), or a carriage return alone.
    """

    def __init__(self, stream: IO[bytes], head: Head, name: str, encoding: str, *, quoted: bool) -> None:
        """Decode the beginning."""
        self.name = name
        self.encoding = encoding
        self.whole = head.whole
        # A half of a surrogate pair costs one row; other damage in UTF-16 moves all that follows.
        errors = "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
        try:
            self.start = codecs.getincrementaldecoder(encoding)(errors).decode(head.content, final=self.whole)
        except UnicodeDecodeError as error:
            raise self._damaged(error) from None
        self.start = self.start.removeprefix("\ufeff")
        self.ends = _line_end(self.start, whole=self.whole, quoted=quoted)
        bytes_ = io.BufferedReader(_Replayed(head.content, stream))
        self._text = io.TextIOWrapper(bytes_, encoding=encoding, errors=errors, newline=self.ends)
        self._read = 0

    def readline(self, most: int) -> str:
        """Return the next line with its end, at most so many characters; "" at the end of the file.

        Raises:
            DataError: If the file is damaged or cut short there.
        """
        try:
            line = self._text.readline(most)
        except UnicodeDecodeError as error:
            raise self._damaged(error) from None
        except DAMAGED as error:
            raise DataError(f"{self.name}, after line {self._read}: damaged or cut short ({error})") from None
        self._read += 1
        return line.removeprefix("\ufeff") if self._read == 1 else line

    def read(self, most: int) -> str:
        """Return all the rest, at most so many characters.

        Raises:
            DataError: If the file is damaged or cut short.
        """
        try:
            text = self._text.read(most)
        except UnicodeDecodeError as error:
            raise self._damaged(error) from None
        except DAMAGED as error:
            raise DataError(f"{self.name}: damaged or cut short ({error})") from None
        return text.removeprefix("\ufeff")

    def _damaged(self, error: UnicodeDecodeError) -> DataError:
        """Return the error for bytes that cannot be decoded, nor passed over."""
        return DataError(f"{self.name}: no readable {self.encoding.upper()} ({error.reason})")


class _Replayed(io.RawIOBase):
    """A stream whose beginning was read already; closing it leaves the stream open."""

    def __init__(self, head: bytes, stream: IO[bytes]) -> None:
        self._head = memoryview(head)
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Give what was read first, then what comes."""
        target = memoryview(buffer).cast("B")
        piece: bytes | memoryview = self._head[: len(target)]
        self._head = self._head[len(piece) :]
        if not piece:
            # read1 gives what a pipe has, read would wait for more.
            read = getattr(self._stream, "read1", self._stream.read)
            piece = read(len(target))
        target[: len(piece)] = piece
        return len(piece)


def _line_end(start: str, *, whole: bool, quoted: bool) -> str:
    r"""Return what ends the first line: ``\n`` (also for ``\r\n``) or ``\r``.

    >>> _line_end("a\r\nb\n", whole=True, quoted=False), _line_end('"a\nb"\rc', whole=True, quoted=True)
    ('\n', '\r')
    """
    if quoted:
        start = re.sub(r'"[^"]*"?', "", start)  # a doubled quote is two quoted pieces here
    found = re.search(r"\r*\n|\r+", start)
    if found is None or "\n" in found[0]:
        return "\n"
    # Where the beginning is cut behind a carriage return, a line feed may follow.
    return "\n" if found.end() == len(start) and not whole else "\r"


def bad_bytes(text: str, encoding: str) -> str:
    """Return what is wrong with text whose undecodable bytes were read as lone surrogates; "" if nothing."""
    found = None if text.isascii() else _SURROGATE.search(text)
    if found is None:
        return ""
    name = encoding.upper()
    if not 0xDC80 <= ord(found[0]) <= 0xDCFF or encoding.startswith("utf-16"):
        return f"invalid {name} (half of a surrogate pair)"
    way_out = "name the file's encoding (--encoding cp1252, for example)"
    return f"invalid {name} (byte 0x{ord(found[0]) - 0xDC00:02X}); {way_out}, or save the file as UTF-8"
