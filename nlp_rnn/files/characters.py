"""Text of any length, from a string, a file or a folder, to the ids a character model trains on.

Files are UTF-8, UTF-16 or what is named, also as ``.gz`` or ``.xz``, and read piece by piece; the ids lie in
a temporary file that is mapped into memory, so a corpus may be larger than memory. Knows
characters; knows no models.
"""

from __future__ import annotations

import codecs
import io
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np

from nlp_rnn.batch import AnyIds
from nlp_rnn.errors import DataError, InputError, in_range
from nlp_rnn.files.encoding import DAMAGED, check_encoding, encoding_of, read_head
from nlp_rnn.files.folders import all_files, left_out_sentence
from nlp_rnn.files.rows import unpacked
from nlp_rnn.text.tokenizer import TextTokenizer

Source: TypeAlias = "str | Path"
"""A text, or where it is: a ``Path``, or a string that names an existing file or folder."""

PIECE = 2**18  # bytes, or characters of a string
ENDINGS = (".txt", ".text", ".txt.gz", ".text.gz", ".txt.xz", ".text.xz")
_LONGEST_NAME = 4096


def read_characters(source: Source, *, encoding: str = "auto") -> Iterator[str]:
    """Yield a corpus piece by piece; the files of a folder in the order of their names, each ending a line.

    Args:
        source: A text, a file or a folder.
        encoding: Of its files, as in ``Layout``.

    Raises:
        ConfigError: If Python knows no such encoding of text.
        DataError: If there is no such file, it is damaged, or not in this encoding; the message has the
            byte's place.
        InputError: If ``source`` is neither a string nor a path.
    """
    encoding = check_encoding(encoding)
    path = path_of(source)
    if path is None:
        yield from (str(source)[start : start + PIECE] for start in range(0, len(str(source)), PIECE))
        return
    if not path.is_dir():
        yield from _file(path, encoding)
        return
    files = [file for file in all_files(path) if file.name.lower().endswith(ENDINGS)]
    if not files:
        raise DataError(f"{path} holds no text: its files should end in one of {', '.join(ENDINGS)}")
    for file in files:
        last = "\n"
        for piece in _file(file, encoding):
            yield piece
            last = piece[-1]
        if last != "\n":
            yield "\n"


def path_of(source: Source) -> Path | None:
    """Return the file or folder that ``source`` names; None if it is the text itself.

    Raises:
        InputError: If it is neither a string nor a path.
    """
    if isinstance(source, Path):
        return source
    if not isinstance(source, str):
        raise InputError(f"a corpus is a text (str) or a path, got {type(source).__name__}")
    if not source or len(source) > _LONGEST_NAME or "\n" in source or "\0" in source:
        return None
    try:
        return Path(source) if Path(source).exists() else None
    except OSError:  # too long for a name
        return None


def no_such_file(source: Source) -> str:
    r"""Return what to add to a message about a text that may be meant as a file's name; "" if it may not.

    >>> no_such_file("corpus.txt"), no_such_file("To be,\nor not to be")
    ("; if 'corpus.txt' was meant as a file's name: there is no such file", '')
    """
    if not isinstance(source, str) or path_of(source) is not None:
        return ""
    if not source or len(source) > _LONGEST_NAME or "\n" in source:
        return ""
    return f"; if {source!r:.60} was meant as a file's name: there is no such file"


def left_out(source: Source) -> str:
    """Return a sentence that names the files of a folder that are not read; "" if there are none."""
    path = path_of(source)
    if path is None or not path.is_dir():
        return ""
    files = [file for file in all_files(path) if not file.name.lower().endswith(ENDINGS)]
    return left_out_sentence(path, files, f"only {', '.join(ENDINGS)}") if files else ""


def _file(path: Path, asked: str) -> Iterator[str]:
    """Yield a file's text, piece by piece, without a byte-order mark; every line ends in a line feed."""
    line_ends = io.IncrementalNewlineDecoder(None, translate=True)
    raw, stream = unpacked(path, str(path))
    with raw, stream:
        content = read_head(stream, str(path)).content
        encoding = encoding_of(content, str(path), asked)
        decoder: codecs.IncrementalDecoder = codecs.getincrementaldecoder(encoding)()
        offset = 0
        while True:
            # A character may be cut by the end of a piece: its first bytes wait in the decoder.
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(content, final=not content)
            except UnicodeDecodeError as error:
                # The place in the file: the decoder counts from the bytes that waited.
                at = offset - pending + error.start
                wrong = error.object[error.start]
                raise DataError(
                    f"{path}, byte {at:,}: invalid {encoding.upper()} (0x{wrong:02X}); name its encoding "
                    "(--encoding cp1252, for example), or save it as UTF-8"
                ) from None
            text = text.removeprefix("\ufeff") if offset == 0 else text
            # A carriage return at a piece's end waits for the next one, which may begin with a line feed.
            text = line_ends.decode(text, final=not content)
            offset += len(content)
            if text:
                yield text
            if not content:
                return
            try:
                content = stream.read(PIECE)
            except DAMAGED as error:
                raise DataError(f"{path}, after byte {offset:,}: damaged or cut short ({error})") from None


def encode_characters(parts: Iterable[str], tokenizer: TextTokenizer) -> AnyIds:
    """Return the ids of a text, mapped into memory from a temporary file that is deleted with them.

    Returns:
        Shape (N,), the smallest unsigned integers that hold the vocabulary; read-only.

    Raises:
        InputError: If there is no text at all.
    """
    dtype = np.min_scalar_type(max(1, tokenizer.vocab_size - 1))
    count = 0
    with tempfile.TemporaryFile() as file:
        for part in filter(None, parts):
            ids = np.concatenate([np.asarray(row, dtype) for row in tokenizer.encode_batch([part])])
            file.write(ids.tobytes())
            count += len(ids)
        if not count:
            raise InputError("there is no text: a corpus needs at least one window of characters")
        file.flush()
        return np.memmap(file, dtype, mode="r", shape=(count,))


def split_at(source: Source, share: float, *, encoding: str = "auto") -> int:
    """Return the number of characters before the last ``share`` of a corpus.

    Raises:
        ConfigError: If ``share`` is no number from 0 to 1, or Python knows no such encoding of text.
    """
    share = in_range("share", share, 0, 1)
    return int(sum(map(len, read_characters(source, encoding=encoding))) * (1 - share))


def keep_first(parts: Iterable[str], count: int) -> Iterator[str]:
    """Yield the first ``count`` characters.

    >>> list(keep_first(["abc", "def"], 4))
    ['abc', 'd']
    """
    for part in parts:
        if count <= 0:
            return
        yield part[:count]
        count -= len(part)


def drop_first(parts: Iterable[str], count: int) -> Iterator[str]:
    """Yield the characters after the first ``count``.

    >>> list(drop_first(["abc", "def"], 4))
    ['ef']
    """
    for part in parts:
        if len(part) > count:
            yield part[max(count, 0) :]
        count -= len(part)
