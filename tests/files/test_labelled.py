"""Labels are names, bad rows are named, and nothing is written where the user did not ask."""

from __future__ import annotations

import gzip
import importlib.util
import json
import lzma
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nlp_rnn.errors import ConfigError, DataError, InputError
from nlp_rnn.files.labelled import load_corpus, stream_corpus
from nlp_rnn.files.named import NAMED
from nlp_rnn.files.tables import Layout

needs_train = pytest.mark.skipif(
    importlib.util.find_spec("datasets") is None or importlib.util.find_spec("pyarrow") is None,
    reason='needs pip install "nlp-rnn[train]"',
)
ROWS = [("Not good.", "negative"), ("It works, and well.", "positive"), ("It is a chair.", "neutral")]
SAMPLES = Path(__file__).parents[2] / "data" / "samples"


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def table(delimiter: str) -> str:
    return "".join(f'"{text}"{delimiter}{label}\n' for text, label in [("text", "label"), *ROWS])


# Files


@pytest.mark.parametrize("ending", ["", ".gz", ".xz"])
@pytest.mark.parametrize("format_", ["csv", "tsv", "jsonl"])
def test_files_of_every_format(tmp_path: Path, format_: str, ending: str):
    content = {
        "csv": table(","),
        "tsv": table("\t"),
        "jsonl": "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in ROWS),
    }[format_]
    pack = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}[ending]
    path = put(tmp_path, f"a.{format_}{ending}", pack(content.encode()))
    corpus = load_corpus(path)
    assert list(zip(corpus.texts, corpus.labels, strict=True)) == ROWS
    assert (corpus.name, corpus.skipped) == (str(path), 0)
    assert list(stream_corpus(path)) == ROWS


@needs_train
def test_parquet(tmp_path: Path):
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"text": ["a", None, "c", "d"], "label": [1, 0, 1, None]}), path)
    names = {0: "no", 1: "yes"}
    corpus = load_corpus(path, label_map=names, on_error="skip")
    assert (corpus.texts, corpus.labels) == (["a", "c"], ["yes", "yes"])
    assert corpus.reasons == (
        f"{path}, row 2: the text is empty",
        f"{path}, row 4: the label is missing",
    )
    with pytest.raises(DataError, match="row 2: the text"):
        load_corpus(path, label_map=names)


def test_columns_by_name(tmp_path: Path):
    path = put(tmp_path, "a.csv", "review,stars,id\nfine,good,1\n")
    corpus = load_corpus(path, text_column="review", label_column="stars")
    assert (corpus.texts, corpus.labels) == (["fine"], ["good"])
    with pytest.raises(DataError, match="no column 'label'; the columns are review, stars, id"):
        load_corpus(path, text_column="review", label_column="label")
    with pytest.raises(DataError, match="no column 'body'; the columns are review, stars, id"):
        load_corpus(path, text_column="body")
    with pytest.raises(DataError, match="say which column holds the texts"):
        load_corpus(path)


def test_the_only_column_beside_the_labels_holds_the_texts(tmp_path: Path):
    assert load_corpus(put(tmp_path, "a.csv", "label,review\ngood,fine\n")).texts == ["fine"]
    assert load_corpus(put(tmp_path, "a.jsonl", '{"label": "good", "review": "fine"}\n')).texts == ["fine"]


def test_without_labels_there_are_none(tmp_path: Path):
    assert load_corpus(put(tmp_path, "a.csv", "text,id\nfine,1\n")).labels is None
    assert load_corpus(put(tmp_path, "a.txt", "fine\nbad\n")).labels is None
    assert list(stream_corpus(tmp_path / "a.txt")) == [("fine", None), ("bad", None)]
    with pytest.raises(DataError, match="no column 'label'"):
        load_corpus(tmp_path / "a.txt", label_column="label")


def test_a_limit_reads_no_further(tmp_path: Path):
    path = put(tmp_path, "a.csv", "text,label\na,x\nb,y\nbroken\n")
    assert load_corpus(path, limit=2).texts == ["a", "b"]
    with pytest.raises(ConfigError, match="limit"):
        load_corpus(path, limit=0)


def test_a_stream_reads_as_it_goes(tmp_path: Path):
    path = put(tmp_path, "a.csv", "text,label\na,x\nbroken\nc,x\n")
    stream = stream_corpus(path, on_error="skip")
    assert next(stream) == ("a", "x")
    assert stream.skipped == 0
    assert next(stream) == ("c", "x")
    assert stream.skipped == 1
    assert "row 2 (line 3): 1 cells" in stream.reasons[0]


# Labels


@pytest.mark.parametrize("label", ["1", "0.0", "-1"])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_numbers_need_names(tmp_path: Path, name: str, label: str, on_error: str):
    content = f"text,label\na,{label}\n" if name == "a.csv" else f'{{"text": "a", "label": {label}}}\n'
    with pytest.raises(DataError, match=r'row 1: .*label_map=\{0: "negative", 1: .*\} \(--label-map 0='):
        load_corpus(put(tmp_path, name, content), on_error=on_error)


@pytest.mark.parametrize("label", ['"1"', "1", "1.0", '" 1 "'])
@pytest.mark.parametrize("key", [1, "1", 1.0])
def test_a_number_is_itself_however_it_is_written(tmp_path: Path, label: str, key: object):
    path = put(tmp_path, "a.jsonl", f'{{"text": "a", "label": {label}}}\n')
    assert load_corpus(path, label_map={key: "yes", 0: "no"}).labels == ["yes"]


def test_true_and_false_need_names_too(tmp_path: Path):
    path = put(tmp_path, "a.jsonl", '{"text": "a", "label": true}\n')
    with pytest.raises(DataError, match="the label is True, not a name"):
        load_corpus(path)
    assert load_corpus(path, label_map={True: "yes", False: "no"}).labels == ["yes"]


def test_a_label_that_only_looks_missing_is_a_name(tmp_path: Path):
    path = put(tmp_path, "a.csv", "text,label\na,NA\nb,nan\nnull,None\n")
    assert load_corpus(path).labels == ["NA", "nan", "None"]
    assert load_corpus(path).texts[2] == "null"


def test_labels_mapped_to_none_are_left_out_on_purpose(tmp_path: Path):
    path = put(tmp_path, "a.csv", table(","))
    corpus = load_corpus(path, label_map={"negative": "bad", "positive": "good", "neutral": None})
    assert (corpus.labels, corpus.skipped) == (["bad", "good"], 0)


BAD = [
    ('{"text": "a", "label": "odd"}', "unknown label 'odd'; the label map knows good, bad"),
    ('{"text": "a", "label": " "}', "the label is empty"),
    ('{"text": "a", "label": null}', "the label is missing"),
    ('{"text": "a", "label": NaN}', "the label is missing"),
    ('{"text": "a", "label": ["good"]}', "the label is a list, not a name"),
    ('{"text": "a"}', "no column 'label'; this row has text"),
    ('{"label": "good"}', "no column 'text'; this row has label"),
    ('{"text": null, "label": "good"}', "the text is empty"),
    ('{"text": NaN, "label": "good"}', "the text is empty"),
    ('{"text": 5, "label": "good"}', "the text in 'text' is a number"),
    ('{"text": " ", "label": "good"}', "the text is empty"),
    ('{"text": "a", "label": "good"', "malformed JSON"),
]


@pytest.mark.parametrize(("line", "reason"), BAD)
def test_a_bad_row_names_file_row_and_reason_or_is_counted(tmp_path: Path, line: str, reason: str):
    good = '{"text": "fine", "label": "good"}\n'
    path = put(tmp_path, "a.jsonl", good + line + "\n" + good)
    names = {"good": "good", "bad": "bad"}
    with pytest.raises(DataError) as caught:
        load_corpus(path, label_map=names)
    assert str(caught.value).startswith(f"{path}, row 2: {reason}")
    corpus = load_corpus(path, label_map=names, on_error="skip")
    assert (corpus.texts, corpus.skipped) == (["fine", "fine"], 1)
    assert corpus.reasons == (str(caught.value),)


def test_classes_asked_for_must_be_there(tmp_path: Path):
    path = put(tmp_path, "a.csv", table(","))
    assert load_corpus(path, classes=3).texts == [text for text, _ in ROWS]
    assert load_corpus(path, classes=["negative", "neutral", "positive"]).skipped == 0
    with pytest.raises(DataError, match="asked for 5 classes, but it has 3: negative, neutral, positive"):
        load_corpus(path, classes=5)
    with pytest.raises(DataError, match="no text is labelled 'mixed'"):
        load_corpus(path, classes=["negative", "neutral", "positive", "mixed"])
    with pytest.raises(DataError, match="row 3: unknown label 'neutral'; the classes are negative, positive"):
        load_corpus(path, classes=["negative", "positive"])
    with pytest.raises(DataError, match="asked for 2 classes, but it has no labels"):
        load_corpus(put(tmp_path, "a.txt", "fine\n"), classes=2)


def test_a_corpus_of_nothing_is_an_error(tmp_path: Path):
    with pytest.raises(DataError, match="holds no texts"):
        load_corpus(put(tmp_path, "a.csv", "text,label\n"))
    with pytest.raises(DataError, match=r"holds no texts; the first bad row: .*row 1"):
        load_corpus(put(tmp_path, "b.csv", "text,label\n,good\n"), on_error="skip")


def test_what_is_no_corpus(tmp_path: Path):
    with pytest.raises(InputError, match=r"neither a file, a folder nor one of imdb, sst2"):
        load_corpus("imbd")
    with pytest.raises(DataError, match=r"holds neither folders of \.txt files"):
        load_corpus(tmp_path)
    with pytest.raises(ConfigError, match="should be one of raise, skip"):
        load_corpus(put(tmp_path, "a.txt", "x"), on_error="stop")


# Folders


def test_a_folder_for_each_label(tmp_path: Path):
    put(tmp_path, "pos/1.txt", "fine\nreally")
    put(tmp_path, "pos/2.txt.gz", gzip.compress(b"\xef\xbb\xbfgood"))
    put(tmp_path, "neg/1.txt", "bad")
    put(tmp_path, "neg/2.txt", "awful")
    put(tmp_path, "neg/notes.md", "not a text")
    put(tmp_path, ".git/1.txt", "hidden")
    corpus = load_corpus(tmp_path, label_map={"neg": "negative", "pos": "positive"})
    assert corpus.texts == ["bad", "fine\nreally", "awful", "good"]
    assert corpus.labels == ["negative", "positive"] * 2
    assert set(load_corpus(tmp_path, limit=2).labels) == {"neg", "pos"}


def test_a_folder_of_splits(tmp_path: Path):
    put(tmp_path, "train/pos/1.txt", "fine")
    put(tmp_path, "train/unsup/1.txt", "who knows")
    put(tmp_path, "test/pos/1.txt", "good")
    names = {"pos": "positive", "unsup": None}
    assert load_corpus(tmp_path, label_map=names).texts == ["fine"]
    assert load_corpus(tmp_path, split="test").texts == ["good"]


def test_a_folder_of_tables(tmp_path: Path):
    put(tmp_path, "train.csv", table(","))
    put(tmp_path, "test.jsonl.gz", gzip.compress(b'{"text": "a", "label": "x"}\n'))
    assert load_corpus(tmp_path).texts == [text for text, _ in ROWS]
    assert load_corpus(tmp_path, split="test").texts == ["a"]
    put(tmp_path, "train.tsv", table("\t"))
    with pytest.raises(DataError, match=r"holds train\.csv, train\.tsv: give the file itself"):
        load_corpus(tmp_path)


def test_a_bad_file_in_a_folder_is_named(tmp_path: Path):
    put(tmp_path, "pos/1.txt", "fine")
    put(tmp_path, "pos/2.txt", b"b\xffd")
    put(tmp_path, "pos/3.txt", " ")
    with pytest.raises(DataError, match=r"2\.txt: invalid UTF-8 \(byte 0xFF\)"):
        load_corpus(tmp_path)
    corpus = load_corpus(tmp_path, on_error="skip")
    assert (corpus.texts, corpus.skipped) == (["fine"], 2)
    assert corpus.reasons[1].endswith("3.txt: the text is empty")


# The Hub


class FakeHub:
    """What ``datasets`` would stream."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.asked: tuple[Any, ...] = ()

    def __call__(self, *asked: Any, **options: Any) -> Iterator[dict[str, Any]]:
        self.asked = (*asked, options)
        return iter(self.rows)


@needs_train
@pytest.mark.parametrize("name", sorted(NAMED))
def test_named_corpora_have_named_labels(name: str, monkeypatch: pytest.MonkeyPatch):
    corpus = NAMED[name]
    numbers = list(corpus.labels)
    hub = FakeHub([{corpus.text: "It did n't work .", "label": number} for number in numbers])
    monkeypatch.setattr("datasets.load_dataset", hub)
    monkeypatch.setattr("nlp_rnn.files.named._check_connection", lambda: None)
    found = load_corpus(name, split="test")
    assert found.labels == {2: ["negative", "positive"], 3: ["negative", "neutral", "positive"]}[len(numbers)]
    treebank = name in ("sst2", "rotten_tomatoes")
    assert found.texts[0] == ("It didn't work." if treebank else "It did n't work .")
    assert hub.asked == (corpus.path, corpus.config, {"split": "test", "streaming": True})


@needs_train
def test_a_split_without_labels_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("datasets.load_dataset", FakeHub([{"sentence": "fine", "label": -1}]))
    monkeypatch.setattr("nlp_rnn.files.named._check_connection", lambda: None)
    with pytest.raises(DataError, match="sst2, test, row 1: unknown label '-1'; the label map knows 0, 1"):
        load_corpus("sst2", split="test")


@needs_train
def test_a_connection_that_breaks_is_one_sentence(monkeypatch: pytest.MonkeyPatch):
    def broken(*_: Any, **__: Any) -> Iterator[dict[str, Any]]:
        yield {"text": "fine", "label": 1}
        raise RuntimeError("connection\nreset")

    monkeypatch.setattr("datasets.load_dataset", broken)
    monkeypatch.setattr("nlp_rnn.files.named._check_connection", lambda: None)
    stream = stream_corpus("imdb")
    assert next(stream) == ("fine", "positive")
    with pytest.raises(
        DataError, match=r"imdb \(split train\) cannot be read .*: connection reset; without a net"
    ):
        next(stream)


@needs_train
def test_a_refused_connection_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with pytest.raises(DataError, match=r"imdb .* cannot be read from the Hub as stanfordnlp/imdb.*refused"):
        load_corpus("imdb")
    assert capfd.readouterr() == ("", "")


@needs_train
def test_offline_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match=r"imdb \(split train\) cannot be read from the Hub.*give a file"):
        load_corpus("imdb")
    assert not list(tmp_path.iterdir())


# Our samples, and the corpora of whoever has them


def test_the_labelled_sample_has_three_classes_about_alike():
    corpus = load_corpus(SAMPLES / "reviews.csv", classes=["negative", "neutral", "positive"])
    counts = {label: corpus.labels.count(label) for label in set(corpus.labels)}
    assert len(corpus.texts) == len(set(corpus.texts)) >= 55
    assert min(counts.values()) >= 15


def test_the_unlabelled_sample_is_none_of_the_labelled():
    texts = load_corpus(SAMPLES / "sentences.txt").texts
    assert len(texts) >= 20
    assert not set(texts) & set(load_corpus(SAMPLES / "reviews.csv").texts)


@needs_train
def test_a_real_corpus_is_read_from_its_folder():
    folder = Path(os.environ.get("NLP_RNN_DATA", SAMPLES.parents[1].parent / "shared" / "data"))
    if not (folder / "sentiment" / "tweets").is_dir():
        pytest.skip("needs corpora: set NLP_RNN_DATA to their folder")
    corpus = load_corpus(folder / "sentiment" / "tweets", split="test", limit=500, classes=3)
    assert len(corpus.texts) == 500


# How a file is written, and what a folder holds beside texts


def test_a_corpus_is_read_as_it_is_written(tmp_path: Path):
    path = put(tmp_path, "a.dat", 'café|gut\n"bad|schlecht\nworse"|schlecht\n'.encode("cp1252"))
    layout = Layout(delimiter="|", quoting="none", encoding="cp1252", header=False)
    corpus = load_corpus(path, text_column="1", label_column="2", format="csv", layout=layout)
    assert corpus.texts == ["café", '"bad', 'worse"']
    assert corpus.labels == ["gut", "schlecht", "schlecht"]
    with pytest.raises(InputError, match="a corpus of the Hub, with no format"):
        load_corpus("imdb", layout=layout)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_documents_of_utf16_are_read(tmp_path: Path, encoding: str):
    put(tmp_path, "pos/1.txt", "größer and better".encode(encoding))
    assert load_corpus(tmp_path).texts == ["größer and better"]


def test_documents_of_another_encoding_need_its_name(tmp_path: Path):
    put(tmp_path, "pos/1.txt", "größer".encode("cp1252"))
    with pytest.raises(DataError, match=r"1\.txt: invalid UTF-8 .*--encoding"):
        load_corpus(tmp_path)
    assert load_corpus(tmp_path, layout=Layout(encoding="cp1252")).texts == ["größer"]
    with pytest.raises(InputError, match="--delimiter has no effect"):
        load_corpus(tmp_path, layout=Layout(delimiter=","))


def test_files_of_a_folder_that_are_left_out_are_named(tmp_path: Path):
    put(tmp_path, "pos/1.txt", "fine")
    assert load_corpus(tmp_path).notes == ()
    for name in ("pos/notes.md", "neg/1.csv", "README", ".git/config", "pos/.DS_Store"):
        put(tmp_path, name, "x")
    (note,) = load_corpus(tmp_path).notes
    assert note.endswith("left out 3 of its files, as it takes only texts (.txt) in a label's folder: "
                         "README, neg/1.csv, pos/notes.md")  # fmt: skip


def test_the_only_column_of_a_table_is_noted(tmp_path: Path):
    path = put(tmp_path, "a.csv", "Great phone\nBad\n")
    assert "--no-header" in load_corpus(path).notes[0]
    assert load_corpus(path, layout=Layout(header=False)).texts == ["Great phone", "Bad"]
