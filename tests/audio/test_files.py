"""Sounds from files: formats, rates, channels, and what is none."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn.audio.files import pieces_of, raw_pieces, read_clips, read_sound, resampled, samples_of
from nlp_rnn.errors import InputError
from tests.audio.sounds import RATE, as_int16, sound, write_wav

CLIP = sound("rise", 1)


def test_a_wav_comes_back(tmp_path: Path) -> None:
    found = read_sound(write_wav(tmp_path / "a.wav", CLIP), RATE)
    assert found.dtype == np.float32
    assert np.abs(found - CLIP).max() < 1e-4


def test_channels_are_mixed_down(tmp_path: Path) -> None:
    found = read_sound(write_wav(tmp_path / "a.wav", CLIP, channels=2), RATE)
    assert found.shape == CLIP.shape
    assert np.abs(found - CLIP).max() < 1e-4


@pytest.mark.parametrize(("name", "subtype"), [("a.flac", "PCM_16"), ("a.wav", "FLOAT"), ("a.wav", "PCM_24")])
def test_other_formats_are_read_by_a_library(tmp_path: Path, name: str, subtype: str) -> None:
    soundfile = pytest.importorskip("soundfile", reason="the extra [audio] is not installed")
    soundfile.write(tmp_path / name, CLIP, RATE, subtype=subtype)
    assert np.abs(read_sound(tmp_path / name, RATE) - CLIP).max() < 1e-4


def test_another_rate_is_brought_to_ours(tmp_path: Path) -> None:
    pytest.importorskip("soxr", reason="the extra [audio] is not installed")
    time = np.arange(16_000) / 16_000
    tone = 0.5 * np.sin(2 * np.pi * 440 * time)
    found = read_sound(write_wav(tmp_path / "a.wav", tone, rate=16_000), RATE)
    assert len(found) == RATE
    assert np.abs(found - tone[::2])[200:-200].max() < 1e-3


def test_a_stream_of_another_rate_is_the_same_in_pieces() -> None:
    pytest.importorskip("soxr", reason="the extra [audio] is not installed")
    noise = np.random.default_rng(0).standard_normal(16_000).astype(np.float32) / 8
    whole = np.concatenate(list(resampled([noise], 16_000, RATE)))
    parts = np.concatenate(list(resampled(np.array_split(noise, 100), 16_000, RATE)))
    assert len(whole) == RATE
    assert np.abs(whole - parts).max() < 1e-6


@pytest.mark.parametrize(
    ("sound", "message"),
    [
        (np.zeros(0), "has no samples"),
        (np.array([0.0, np.nan]), "missing or infinite"),
        (np.zeros((100, 2)), r"shape \(100, 2\): give one channel"),
        (np.array([0.0, 900.0]), "up to 900: divide them"),
        (np.zeros(5, np.uint8), "type uint8: give int16"),
        ("nowhere.wav", "there is no file nowhere.wav"),
    ],
)
def test_what_is_no_sound_is_refused_in_a_sentence(sound: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        samples_of(sound, RATE)


def test_whole_numbers_and_floats_are_the_same_sound() -> None:
    given = as_int16(CLIP)
    assert (samples_of(given, RATE) == samples_of(given.astype(np.float32) / 32_768, RATE)).all()
    assert (samples_of(given.tolist(), RATE) == samples_of(given, RATE)).all()


def test_a_text_is_no_sound(tmp_path: Path) -> None:
    pytest.importorskip("soundfile", reason="the extra [audio] is not installed")
    (tmp_path / "a.wav").write_text("not a sound", encoding="utf-8")
    with pytest.raises(InputError, match="no sound that can be read"):
        read_sound(tmp_path / "a.wav", RATE)
    with pytest.raises(InputError, match="has no samples"):
        read_sound(write_wav(tmp_path / "b.wav", np.zeros(0)), RATE)


def test_raw_samples_are_whole_whatever_the_reads() -> None:
    given = as_int16(CLIP)
    for size in (1, 3, 1_000):
        assert (np.concatenate(list(raw_pieces(io.BytesIO(given.tobytes()).read, size))) == given).all()
    with pytest.raises(InputError, match="odd number of bytes"):
        list(raw_pieces(io.BytesIO(b"\0\0\0").read))


def test_a_stream_is_pieces() -> None:
    with pytest.raises(InputError, match=r"got ndarray: give \[ndarray\]"):
        list(pieces_of(CLIP))
    assert [len(each) for each in pieces_of([CLIP[:5], CLIP[:0], CLIP[5:8]])] == [5, 3]


def test_clips_of_a_folder(tmp_path: Path) -> None:
    for label in ("yes", "no"):
        for number in range(2):
            write_wav(tmp_path / label / f"{number}.wav", CLIP)
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    found = read_clips(tmp_path, RATE)
    assert found.labels == ["no", "no", "yes", "yes"]
    assert len(found.clips) == 4
    with pytest.raises(InputError, match="no folders with sounds"):
        read_clips(tmp_path / "yes", RATE)
    with pytest.raises(InputError, match="no folder of clips"):
        read_clips(tmp_path / "notes.txt", RATE)


def test_clips_of_a_parquet_file(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="the extra [parquet] is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    sounds = [as_int16(CLIP).tolist(), as_int16(CLIP[:500]).tolist()]
    table = pa.table(
        {"audio": pa.array(sounds, pa.list_(pa.int16())), "label": ["yes", "no"], "speaker": ["a", "b"]}
    )
    parquet.write_table(table, tmp_path / "clips.parquet")
    found = read_clips(tmp_path / "clips.parquet", RATE)
    assert (found.labels, found.groups) == (["yes", "no"], ["a", "b"])
    assert np.abs(found.clips[1] - CLIP[:500]).max() < 1e-4
    parquet.write_table(table.drop_columns("label"), tmp_path / "bare.parquet")
    with pytest.raises(InputError, match="no column 'label'; it has audio, speaker"):
        read_clips(tmp_path / "bare.parquet", RATE)
    (tmp_path / "cut.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="no Parquet file"):
        read_clips(tmp_path / "cut.parquet", RATE)
