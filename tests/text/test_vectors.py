"""Ready-made vectors land on the right ids, and torchtext's side effects stay inside."""

from __future__ import annotations

import gzip
import ssl
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn.errors import DataError, InputError
from nlp_rnn.text.tokenizer import TextTokenizer
from nlp_rnn.text.vectors import load_vectors

pytest.importorskip("torchtext", reason='needs pip install "nlp-rnn[torchtext]"')

GLOVE = "good 1 0 0.5\nn't -1 2 0.25\nodd 3 3 3\nfilm 0 0 -4\n"


@pytest.fixture
def tokenizer() -> TextTokenizer:
    return TextTokenizer("word").train(["the film isn't good"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.txt"
    path.write_text(GLOVE, encoding="utf-8")
    return path


def test_rows_follow_the_ids(tokenizer: TextTokenizer, file: Path):
    vectors = load_vectors(file, tokenizer)
    assert vectors.matrix_VE.shape == (tokenizer.vocab_size, 3)
    assert vectors.matrix_VE.dtype == np.float32
    for token, row in (("good", [1, 0, 0.5]), ("n't", [-1, 2, 0.25]), ("film", [0, 0, -4])):
        assert vectors.matrix_VE[tokenizer.token_to_id(token)].tolist() == row
    assert vectors.coverage == pytest.approx(3 / 5)
    assert sorted(vectors.missing) == ["is", "the"]
    assert not vectors.matrix_VE[tokenizer.token_to_id("the")].any()


def test_fasttext_header_and_gzip(tokenizer: TextTokenizer, tmp_path: Path):
    path = tmp_path / "tiny.vec.gz"
    lines = "".join(line + " \n" for line in GLOVE.splitlines())
    path.write_bytes(gzip.compress(f"4 3\n{lines}".encode()))
    assert load_vectors(path, tokenizer).coverage == pytest.approx(3 / 5)


def test_the_unknown_are_drawn_by_the_seed(tokenizer: TextTokenizer, file: Path):
    first, again, other = (load_vectors(file, tokenizer, seed=seed).matrix_VE for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    the = tokenizer.token_to_id("the")
    assert first[the].any()
    assert not np.array_equal(first[the], other[the])
    assert not first[tokenizer.pad_id].any()


def test_fewer_lines_can_be_read(tokenizer: TextTokenizer, file: Path):
    assert load_vectors(file, tokenizer, max_vectors=1).coverage == pytest.approx(1 / 5)


def test_a_changed_file_is_read_afresh(tokenizer: TextTokenizer, file: Path):
    """torchtext keeps a pickle by the file's name, and would go on answering from it."""
    load_vectors(file, tokenizer)
    file.write_text(GLOVE.replace("good 1", "good 7"), encoding="utf-8")
    assert load_vectors(file, tokenizer).matrix_VE[tokenizer.token_to_id("good")][0] == 7


def test_nothing_is_printed_written_or_switched_off(
    tokenizer: TextTokenizer,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.chdir(file.parent)
    file.write_text(f"4 3\n{GLOVE}", encoding="utf-8")
    checks = ssl._create_default_https_context
    load_vectors(file, tokenizer)
    assert ssl._create_default_https_context is checks
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "lines of one length"),
        ("good 1 2 3\nfilm 1 2\n", "has 2 dimensions"),
        ("good 1 x 3\n", "could not convert"),
        ("good 1 nan 3\n", "not finite"),
        ("elsewhere 1 2 3\n", "none of the 7 tokens"),
    ],
)
def test_a_bad_file_is_named_with_the_reason(
    tokenizer: TextTokenizer, tmp_path: Path, text: str, reason: str
):
    path = tmp_path / "bad.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=reason) as caught:
        load_vectors(path, tokenizer)
    assert "bad.txt" in str(caught.value)


def test_a_file_that_is_no_gzip_is_named(tokenizer: TextTokenizer, tmp_path: Path):
    path = tmp_path / "bad.txt.gz"
    path.write_text(GLOVE, encoding="utf-8")
    with pytest.raises(DataError, match=r"bad\.txt\.gz"):
        load_vectors(path, tokenizer)


def test_an_unknown_name_and_a_missing_file(tokenizer: TextTokenizer, tmp_path: Path):
    with pytest.raises(InputError, match="neither a file nor a name"):
        load_vectors(tmp_path / "absent.txt", tokenizer)
    with pytest.raises(InputError, match="cache=FOLDER"):
        load_vectors("glove.6B.50d", tokenizer)


def refuse(*_: object, **__: object) -> None:
    raise OSError("no route to host")


def test_offline_a_name_gives_one_sentence_and_leaves_nothing(
    tokenizer: TextTokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("torchtext.vocab.urlretrieve", refuse)
    with pytest.raises(DataError, match=r"glove\.6B\.50d cannot be downloaded \(no route to host\)"):
        load_vectors("glove.6B.50d", tokenizer, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_a_name_is_downloaded_once(tokenizer: TextTokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fetch(url: str, to: str, **_: object) -> None:
        assert ssl._create_unverified_context is ssl.create_default_context
        Path(to).write_text(GLOVE, encoding="utf-8")

    monkeypatch.setattr("torchtext.vocab.urlretrieve", fetch)
    assert load_vectors("fasttext.en", tokenizer, cache=tmp_path).coverage == pytest.approx(3 / 5)
    monkeypatch.setattr("torchtext.vocab.urlretrieve", refuse)
    assert load_vectors("fasttext.en", tokenizer, cache=tmp_path).coverage == pytest.approx(3 / 5)
    assert [path.name for path in tmp_path.iterdir()] == ["wiki.en.vec"]
