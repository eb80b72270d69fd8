"""Sounds from files: WAV with the core install, FLAC and more with an extra; and labelled clips from folders.

Whatever comes, samples leave as float32 between -1 and 1, one channel, at the rate asked for. Knows files;
knows no words and no network. ``soundfile`` reads what is no plain WAV, ``soxr`` resamples (extra ``audio``).

Shapes: N samples, C channels.
"""

from __future__ import annotations

import wave
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import InputError, require

F32 = NDArray[np.float32]
Sound = Any
"""An array of samples, int16 or float, or the path of a file."""

_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif")
_FULL_SCALE = 32_768


def read_sound(path: str | Path, sample_rate: int) -> F32:
    """Return the samples of a file, mixed down to one channel, at this rate: (N,).

    Raises:
        InputError: If there is no such file, or it is no sound, an empty one, or one with missing values.
        MissingExtraError: If it is no plain WAV, or has another rate, without the extra ``audio``.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no file {path}: give a WAV or FLAC file")
    samples_NC, rate = _plain_wav(path) or _any_format(path)
    if not len(samples_NC):
        raise InputError(f"{path} has no samples: give a recording")
    samples_N = _scaled(samples_NC.mean(axis=1, dtype=np.float32), str(path))
    if rate == sample_rate:
        return samples_N
    resampled: F32 = require("soxr", extra="audio").resample(samples_N, rate, sample_rate)
    return resampled


def _plain_wav(path: Path) -> tuple[F32, int] | None:
    """Return the samples and the rate of a WAV file of 16-bit whole numbers, as most are; None of others."""
    try:
        with wave.open(str(path)) as file:
            if file.getsampwidth() != 2:
                return None
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            channels = file.getnchannels()
            whole = samples[: len(samples) // channels * channels]
            samples_NC: F32 = whole.reshape(-1, channels).astype(np.float32) / np.float32(_FULL_SCALE)
            return samples_NC, file.getframerate()
    except (wave.Error, EOFError):
        return None


def _any_format(path: Path) -> tuple[F32, int]:
    """Return the samples and the rate of a file of any format that libsndfile knows."""
    soundfile = require("soundfile", extra="audio")
    try:
        samples_NC, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        raise InputError(f"{path} is no sound that can be read: give a WAV or FLAC file") from None
    return samples_NC, rate


def samples_of(sound: Sound, sample_rate: int, what: str = "the sound") -> F32:
    """Return the samples of an array, or of a file: float32 between -1 and 1, (N,).

    Args:
        sound: int16 samples, float samples between -1 and 1, or a path.
        sample_rate: The rate that an array has, and that a file is brought to.
        what: Its name in messages.

    Raises:
        InputError: If it is empty, has several channels or missing values, or is no sound.
        MissingExtraError: As ``read_sound``.
    """
    if isinstance(sound, (str, Path)):
        return read_sound(sound, sample_rate)
    array = np.asarray(sound)
    if array.ndim != 1:
        raise InputError(
            f"{what} has the shape {array.shape}: give one channel, (samples,), such as sound.mean(axis=1)"
        )
    if not len(array):
        raise InputError(f"{what} has no samples: leave it out")
    return _scaled(array, what)


def _scaled(array: NDArray[Any], what: str) -> F32:
    """Return samples of an allowed type as float32 between -1 and 1."""
    if array.dtype == np.int16 or (array.dtype == np.int64 and np.abs(array).max(initial=0) <= _FULL_SCALE):
        scaled: F32 = array.astype(np.float32) / np.float32(_FULL_SCALE)
        return scaled  # int64 is what a list of int16 samples becomes
    if array.dtype.kind != "f":
        raise InputError(f"{what} has samples of type {array.dtype}: give int16, or floats between -1 and 1")
    if not np.isfinite(array).all():
        raise InputError(f"{what} has samples that are missing or infinite: replace them, by 0 for silence")
    if np.abs(array).max(initial=0) > 8:
        raise InputError(
            f"{what} has float samples up to {np.abs(array).max():g}: divide them, so that they lie between "
            "-1 and 1"
        )
    return array.astype(np.float32)


def pieces_of(chunks: Iterable[Any]) -> Iterator[F32]:
    """Yield the samples of each piece of a stream, empty pieces left out.

    Raises:
        InputError: As ``samples_of``; also if the stream is one array.
    """
    if isinstance(chunks, (np.ndarray, str, bytes, Path)):
        kind = type(chunks).__name__
        raise InputError(f"a stream is pieces of samples, one behind the other, got {kind}: give [{kind}]")
    for number, chunk in enumerate(chunks):
        array = np.asarray(chunk)
        if array.shape != (0,):
            yield samples_of(array, 0, f"piece {number} of the stream")


def resampled(pieces: Iterable[F32], given: int, wanted: int) -> Iterator[F32]:
    """Yield the pieces of a stream at another rate.

    Raises:
        MissingExtraError: If the rates differ and the extra ``audio`` is not installed.
    """
    if given == wanted:
        yield from pieces
        return
    stream = require("soxr", extra="audio").ResampleStream(given, wanted, 1, dtype="float32")
    for piece_N in pieces:
        yield stream.resample_chunk(piece_N)
    yield stream.resample_chunk(np.empty(0, np.float32), last=True)


def raw_pieces(read: Any, size: int = 1_600) -> Iterator[NDArray[np.int16]]:
    """Yield the samples of raw 16-bit little-endian PCM, as ``arecord -f S16_LE -t raw`` writes it.

    Args:
        read: Returns at most so many bytes of what has come, none at the end, as ``sys.stdin.buffer.read1``.
        size: Bytes asked for at once.

    Raises:
        InputError: If it ends in the middle of a sample.
    """
    rest = b""
    while piece := read(size):
        piece = rest + piece
        whole = len(piece) // 2 * 2
        rest = piece[whole:]
        if whole:
            yield np.frombuffer(piece[:whole], "<i2").astype(np.int16)
    if rest:
        raise InputError("the raw sound has an odd number of bytes: it should be 16-bit samples (S16_LE)")


@dataclass(frozen=True)
class LabelledClips:
    """Clips with their labels.

    Attributes:
        clips: Samples, each (N,).
        labels: The word of each.
        groups: Who spoke each, where that is known; else empty.
    """

    clips: list[F32]
    labels: list[str]
    groups: list[str] = field(default_factory=list)


def read_clips(path: str | Path, sample_rate: int) -> LabelledClips:
    """Return the clips of a folder with a folder for each label, or of a Parquet file.

    The file has the columns ``audio`` (lists of samples, which are taken to have this rate), ``label`` and
    perhaps ``speaker``.

    Raises:
        InputError: If there are no such clips.
        MissingExtraError: If a file needs an extra that is not installed.
    """
    path = Path(path)
    if path.is_dir():
        return _read_folder(path, sample_rate)
    if path.suffix != ".parquet" or not path.is_file():
        raise InputError(f"{path} is no folder of clips: give a folder with one for each word, or a .parquet")
    parquet, arrow = require("pyarrow.parquet", extra="parquet"), require("pyarrow", extra="parquet")
    try:
        table = parquet.read_table(path)
    except arrow.ArrowInvalid:
        raise InputError(f"{path} is no Parquet file: it is cut off, or something else") from None
    missing = [name for name in ("audio", "label") if name not in table.column_names]
    if missing:
        raise InputError(f"{path} has no column {missing[0]!r}; it has {', '.join(table.column_names)}")
    clips = [
        samples_of(sound.values.to_numpy(), sample_rate, f"row {number} of {path}")
        for number, sound in enumerate(table["audio"], 1)
    ]
    groups = table["speaker"].to_pylist() if "speaker" in table.column_names else []
    return LabelledClips(clips, [str(label) for label in table["label"].to_pylist()], list(map(str, groups)))


def _read_folder(path: Path, sample_rate: int) -> LabelledClips:
    """Return the clips in a folder's folders, sorted by name."""
    files = sorted(
        file
        for folder in path.iterdir()
        if folder.is_dir()
        for file in folder.iterdir()
        if file.suffix.lower() in _SUFFIXES
    )
    if not files:
        raise InputError(f"{path} has no folders with sounds: it should be such as {path}/yes/1.wav")
    return LabelledClips(
        [read_sound(file, sample_rate) for file in files], [file.parent.name for file in files]
    )
