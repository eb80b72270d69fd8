"""The index of a training text: it misses no copy, invents none, keeps no text, and survives being saved."""

from __future__ import annotations

import lzma
import os
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn.errors import ArtifactError, ConfigError, InputError
from nlp_rnn.risk.overlap import FILE, OverlapIndex
from nlp_rnn.text.bloom import BloomFilter, mix

WORDS = "amber brick candle dusk ember fennel garden harbour island juniper kettle lantern meadow".split()
CORPORA = Path(os.environ.get("NLP_RNN_DATA", Path(__file__).parents[3] / "shared" / "data"))


def made_up(count: int, seed: int) -> str:
    """Words in random order: no two seeds share 50 characters."""
    return " ".join(np.random.default_rng(seed).choice(WORDS, size=count))


TRAINING = made_up(3000, 1) + " naïve “quotes” 🙂 and an end."


@pytest.fixture(scope="module")
def index() -> OverlapIndex:
    return OverlapIndex.build(TRAINING)


@pytest.mark.parametrize("at", range(0, 300, 7))
def test_every_run_of_fifty_characters_is_found_where_it_stands(index: OverlapIndex, at: int) -> None:
    copied = TRAINING[at : at + index.run]
    text = "#" * at + copied + "#" * 9
    [(start, end)] = index.runs(text)
    assert at - 4 <= start <= at
    assert at + index.run <= end <= at + index.run + 4


def test_shorter_runs_are_hardly_ever_found(index: OverlapIndex) -> None:
    for length, share in ((index.window, 0.0), (index.run - 4, 0.02), (index.run - 1, 0.4)):
        found = [bool(index.runs("#" * 9 + TRAINING[at : at + length] + "#" * 9)) for at in range(300)]
        assert sum(found) <= share * len(found)


def test_text_of_its_own_shares_nothing(index: OverlapIndex) -> None:
    report = index.report([made_up(3000, seed) for seed in range(2, 12)])
    assert (report.copied, report.runs, report.copied_share, report.new_share) == (0, 0, 0.0, 1.0)
    assert report.characters > 150_000


def test_copied_and_new_add_up(index: OverlapIndex) -> None:
    text = made_up(40, 2) + TRAINING[500:700] + made_up(40, 3)
    report = index.report(text)
    assert report.runs == 1
    assert 200 <= report.longest == report.copied <= 208
    assert report.to_dict()["new_share"] == pytest.approx(1 - report.copied / len(text), abs=1e-4)
    assert index.report([]).copied_share == 0


def test_emoji_and_half_surrogates_have_their_place(index: OverlapIndex) -> None:
    text = "🙂\ud83d" * 20 + TRAINING[-60:]
    [(start, end)] = index.runs(text)
    assert 36 <= start <= 40
    assert end == len(text)
    assert index.runs("\ud83d") == []


def test_pieces_make_the_same_index_as_the_whole(index: OverlapIndex) -> None:
    for length in (1, 30, 997):
        pieces = (TRAINING[i : i + length] for i in range(0, len(TRAINING), length))
        again = OverlapIndex.build(pieces)
        np.testing.assert_array_equal(again.stretches.bits, index.stretches.bits)
        np.testing.assert_array_equal(again.words.bits, index.words.bits)
        assert again.characters == index.characters


def test_white_space_and_ruled_lines_are_nobodys() -> None:
    ruled = "amber" + " " * 80 + "brick" + "-" * 80 + "\n"
    assert OverlapIndex.build(ruled * 3).runs(ruled) == []


def test_words_that_the_text_does_not_have(index: OverlapIndex) -> None:
    text = "The kettle is brimful of Candle, NAÏVE candles."
    found = [text[start:end] for start, end in index.unknown_words(text)]
    assert found == ["is", "brimful", "of", "candles"]


def test_size_and_error_rate_are_as_stated(index: OverlapIndex) -> None:
    stated = index.describe()
    assert stated["bytes"] == index.nbytes < len(TRAINING)
    assert stated["false_positive_rate"] == pytest.approx(1e-7, rel=1.0)
    new = mix(np.arange(200_000, dtype=np.uint64))
    assert index.stretches.contains(new).mean() == pytest.approx(index.stretches.false_positive_rate, rel=0.1)
    assert index.stretches.false_positive_rate**8 == index.false_positive_rate
    assert OverlapIndex.build(TRAINING, false_positive_rate=1e-4).nbytes < index.nbytes


def test_a_bloom_filter_forgets_nothing() -> None:
    inside = mix(np.arange(5000, dtype=np.uint64))
    made = BloomFilter.build(np.concatenate([inside, inside]), false_positive_rate=0.01)
    assert made.contains(inside).all()
    assert made.entries == 5000
    assert not BloomFilter.build(inside[:0], false_positive_rate=0.01).contains(inside).any()


def test_saved_and_loaded_it_answers_alike_and_holds_no_text(index: OverlapIndex, tmp_path: Path) -> None:
    path = index.save(tmp_path)
    again = OverlapIndex.load(tmp_path)
    text = made_up(40, 2) + TRAINING[500:700]
    assert again.runs(text) == index.runs(text)
    assert again.unknown_words(text) == index.unknown_words(text)
    assert again.describe() == index.describe()
    content = path.read_bytes()
    assert not any(word.encode() in content for word in WORDS)
    assert os.listdir(tmp_path) == [FILE]


@pytest.mark.parametrize("harm", ["missing", "empty", "truncated", "changed", "no settings"])
def test_a_harmed_index_is_refused(index: OverlapIndex, tmp_path: Path, harm: str) -> None:
    path = index.save(tmp_path)
    content = path.read_bytes()
    if harm == "missing":
        path.unlink()
    elif harm == "no settings":
        from safetensors.numpy import save

        path.write_bytes(save({"runs": np.zeros(4, np.uint8)}))
    else:
        changed = content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
        path.write_bytes({"empty": b"", "truncated": content[: len(content) // 2], "changed": changed}[harm])
    with pytest.raises(ArtifactError, match=FILE) as caught:
        OverlapIndex.load(tmp_path)
    assert "\n" not in str(caught.value)


def test_settings_and_input_are_checked(tmp_path: Path) -> None:
    for wrong in ({"run": 5}, {"run": 1000}, {"false_positive_rate": 0.0}):
        with pytest.raises(ConfigError):
            OverlapIndex.build("x", **wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="bytes"):
        OverlapIndex.build([b"x"])  # type: ignore[list-item]
    with pytest.raises(ArtifactError, match="nowhere"):
        OverlapIndex.build("x").save(tmp_path / "nowhere")
    empty = OverlapIndex.build("")
    assert empty.runs(TRAINING) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tinyshakespeare.txt", "english_prose.txt.xz"])
def test_no_copies_are_seen_in_text_that_nobody_copied(name: str) -> None:
    path = CORPORA / "text" / name
    if not path.is_file():
        pytest.skip(f"the corpus {name} is not below {CORPORA} (NLP_RNN_DATA)")
    content = path.read_bytes()
    text = (lzma.decompress(content) if name.endswith(".xz") else content).decode()
    border = len(text) * 9 // 10
    index, held = OverlapIndex.build(text[:border]), text[border:]
    starts = np.random.default_rng(0).integers(0, len(held) - 500, 500).tolist()
    assert [held[start : start + 500] for start in starts if index.runs(held[start : start + 500])] == []
