"""scripts/benchmark.py: its counts are right, its peers answer, what is missing is said; nothing is timed."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn.artifact import load, save
from nlp_rnn.config import CharConfig, ModelConfig, TrainConfig
from nlp_rnn.errors import DataError
from nlp_rnn.sentiment.suite import LABELS

OLDER_CLASSIFIER = Path(__file__).parents[1] / "older" / "classifier"
SCRIPTS = Path(__file__).parents[2] / "scripts"
if not (SCRIPTS / "benchmark.py").is_file():
    pytest.skip("only in the source tree", allow_module_level=True)
sys.path.insert(0, str(SCRIPTS))

from benchmarks import answering, comparing, exporting, generating, measure, peers, training  # noqa: E402

GOOD = [
    "A good, warm film!",
    "Good fun and a good cast.",
    "It was good; I laughed.",
    "Really good, go and see it.",
]
BAD = ["A bad, cold film!", "Bad jokes and a bad cast.", "It was bad; I slept.", "Really bad, stay at home."]
REVIEWS = (GOOD + BAD, ["positive"] * 4 + ["negative"] * 4)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("peers")
    peers.train_peers(peers.TIMED, REVIEWS, folder)
    return folder


def test_a_row_reports_median_and_extremes_of_its_runs() -> None:
    plain = measure.Row("latency", "ours", "ms", (3.0, 1.0, 2.0)).to_dict()
    assert (plain["median"], plain["min"], plain["max"], plain["runs"]) == (2.0, 1.0, 3.0, 3)
    assert measure.Row("latency", "theirs", "ms", note="not installed").to_dict()["median"] is None


def test_taking_turns_calls_each_as_often() -> None:
    calls: list[str] = []
    taken = measure.in_turns([lambda: calls.append("a"), lambda: calls.append("b")], rounds=2, calls=3)
    assert [len(times) for times in taken] == [6, 6]
    assert "".join(calls) == "ab" + "aaabbb" * 2


def test_the_sentences_are_as_long_as_they_are_called() -> None:
    from nlp_rnn.text.tokenizer import TextTokenizer

    tokenizer = TextTokenizer("word", min_count=1).train(list(answering.SENTENCES.values()))
    for length, sentence in answering.SENTENCES.items():
        assert f"{len(tokenizer.encode(sentence).ids)} tokens" == length


def test_floating_point_operations_by_hand() -> None:
    lstm = ModelConfig(vocab_size=9, num_classes=2, embedding_dim=128, hidden_size=256)
    assert training.flop_per_token(lstm) == 3 * 2 * 2 * (128 + 256) * 4 * 256
    gru = ModelConfig(
        vocab_size=9,
        num_classes=2,
        cell="gru",
        embedding_dim=5,
        hidden_size=7,
        num_layers=2,
        bidirectional=False,
    )
    assert training.flop_per_token(gru) == 3 * 2 * (5 + 7 + 7 + 7) * 3 * 7


def test_made_up_lengths_are_like_imdb() -> None:
    pytest.importorskip("torch", reason="the training rows need the train extra")
    config = ModelConfig(vocab_size=1000, num_classes=3)
    rows = training._rows(config, count=2000, cut=1024)
    lengths = [len(row) for row in rows.rows]
    assert 255 < np.mean(lengths) < 285
    assert max(lengths) <= 1024
    assert 1 < min(map(min, rows.rows))
    assert max(map(max, rows.rows)) < 1000


def test_peers_answer_and_absent_ones_name_the_line_to_type(trained: Path, tiny_model: Path) -> None:
    texts = ["the film is good", "a bad film"]
    systems, missing = peers.load_systems(peers.TIMED, trained, str(tiny_model))
    assert {*missing, *(system.name for system in systems)} == {kind.name for kind in peers.TIMED}
    assert systems[0].label(texts) == ["positive", "negative"]
    for system in systems:
        probs = np.asarray(system.predict_proba(texts))
        assert probs.shape == (2, len(system.classes)), system.name
        np.testing.assert_allclose(probs.sum(axis=1), 1, rtol=1e-6)
        assert [system.classes[column] for column in probs.argmax(axis=1)] == system.label(texts), system.name
        assert comparing._bytes(system.files) > 0, system.name
    assert all("pip install" in why for why in missing.values())


def test_textblob_is_neutral_where_it_finds_nothing() -> None:
    pytest.importorskip("textblob", reason="TextBlob needs the bench extra")
    probs = np.asarray(peers.Pattern().predict_proba(["a good film", "the table", "a bad film"]))
    assert [LABELS[column] for column in probs.argmax(axis=1)] == ["positive", "neutral", "negative"]


def test_spacy_learns_and_loads_what_it_wrote(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("spacy", reason="spaCy needs the bench extra")
    monkeypatch.setattr(peers.SpaCy, "max_steps", 401)
    reviews = (REVIEWS[0][::-1] + REVIEWS[0], REVIEWS[1][::-1] + REVIEWS[1])
    assert "16 reviews, 1 of them held out" in peers.SpaCy.train(reviews, tmp_path)
    system = peers.SpaCy.load(tmp_path, None)
    assert system.label(["a good cast", "bad jokes"]) == ["positive", "negative"]
    assert comparing._bytes(system.files) > 1e6


def test_a_model_without_both_poles_is_not_compared(tiny_model: Path, tmp_path: Path) -> None:
    other = save(replace(load(tiny_model), classes=("low", "middle", "high")), tmp_path / "other")
    systems, missing = peers.load_systems([peers.NumpyEngine], tmp_path, str(other))
    assert not systems
    assert "only one with negative and positive" in missing["nlp_rnn, NumPy engine"]


def test_an_absent_peer_is_a_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "fasttext", None)
    rows = {row.system: row for row in peers.train_peers([peers.FastText], REVIEWS, tmp_path)}
    assert rows["fastText"].values == ()
    assert 'pip install "nlp-rnn[bench]"' in rows["fastText"].note


def test_absent_reviews_say_where_to_name_them(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet needs the train extra")
    with pytest.raises(DataError, match="--data"):
        peers.read_reviews(tmp_path, "test")


def test_throughput_counts_what_is_right(trained: Path, tiny_model: Path) -> None:
    reviews = (["a good film", "the film is bad"], ["positive", "positive"])
    rows = answering.throughput(str(tiny_model), trained, reviews, 1)
    ours = next(row for row in rows if row.system == "nlp_rnn, NumPy engine")
    assert len(ours.values) == 1
    assert "50.0% right" in ours.note


def test_peers_are_set_side_by_side(trained: Path, tiny_model: Path, tmp_path: Path) -> None:
    notes = {"training_seconds": 30.5}
    model = save(replace(load(tiny_model), notes=notes), tmp_path / "noted")
    reviews = (["a good film", "the film is bad"], ["positive", "positive"])
    measured = [measure.Row("peer training", "NB-SVM", "s", (3.0,))]
    rows = comparing.compare(str(model), trained, measured, reviews, 2)
    found = {(row.system, row.unit): row for row in rows}
    ours = [found["nlp_rnn, NumPy engine", column] for column in comparing.COLUMNS]
    assert [len(row.values) for row in ours] == [1, 1, 1, 1, 2]
    assert (ours[0].median, ours[3].median) == (50.0, 30.5)
    assert 0 < ours[1].median < 100
    assert ours[2].median == sum(file.stat().st_size for file in model.iterdir()) / 1e6
    taken = found.get(("NB-SVM", "training, s"))
    assert taken is None or taken.values == (3.0,)
    assert {row.system for row in rows} == {kind.name for kind in peers.PEERS}
    assert all(row.note for row in rows if row.unit == comparing.COLUMNS[0])


def test_latency_is_measured_in_a_process_of_its_own(trained: Path, tiny_model: Path) -> None:
    rows = answering.latency(str(tiny_model), trained, 5)
    for length in answering.SENTENCES:
        ours = next(row for row in rows if row.system == f"nlp_rnn, NumPy engine, {length}")
        assert len(ours.values) >= 200


def test_writing_is_counted_for_each_engine_and_set_beside_the_plain_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("torch", reason="the plain loop needs torch")
    monkeypatch.setattr(generating, "_DEFAULT", CharConfig(vocab_size=9, hidden_size=4, embedding_dim=3))
    monkeypatch.setattr(generating, "CHARACTER_MODEL", Path("nowhere"))
    monkeypatch.setattr(generating, "_CHARACTERS", 5)
    rows = generating.generation(None, 2)
    assert [(row.system, len(row.values)) for row in rows] == [
        ("NumPy engine, streams: 1", 2),
        ("NumPy engine, streams: 64", 2),
        ("plain PyTorch loop, streams: 1", 2),
        ("plain PyTorch loop, streams: 64", 2),
    ]
    assert "x PyTorch" in rows[0].goal
    assert "random weights, lstm 1 x 4" in rows[0].note


def test_training_runs_the_real_step(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("torch", "accelerate"):
        pytest.importorskip(module, reason="training needs the train extra")
    model = ModelConfig(vocab_size=20, num_classes=2, embedding_dim=4, hidden_size=4)
    config = TrainConfig(max_epochs=1, batch_tokens=64, ema_decay=0.9)
    monkeypatch.setattr(training, "_ROWS", 60)
    rates, note = training._tokens_per_second(model, config, 3, 30)
    assert len(rates) == 3
    assert "padding" in note


def test_the_script_writes_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import benchmark
    import typer

    made = [
        measure.Row("install", "core", "MB", (12.0,), "at most 170", "made up"),
        measure.Row("peers", "ours", comparing.COLUMNS[1], (97.25,)),
    ]
    monkeypatch.setattr(benchmark, "_core_rows", lambda *_: made)
    app = typer.Typer()
    app.command()(benchmark.main)
    app(["--rows", "install", "--json", str(tmp_path / "out.json")], standalone_mode=False)
    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert written["rows"][0]["median"] == 12.0
    assert {"processor", "cores", "threads", "system", "python", "numpy"} <= written["machine"].keys()
    shown = capsys.readouterr().out
    assert "made up" in shown
    (ours,) = [line for line in shown.splitlines() if "ours" in line]
    assert [cell.strip() for cell in ours.strip("│ ").split("│")] == ["ours", "-", "97.2", "-", "-", "-"]


def test_runtimes_take_turns_on_one_model(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the extra [export] is not installed")
    rows = exporting.onnx(str(OLDER_CLASSIFIER), tmp_path, GOOD + BAD, rounds=2)
    assert [(row.system, row.unit) for row in rows] == [
        (f"{name}, {what}", unit)
        for what, unit in (("20 tokens", "ms"), ("mixed lengths", "texts/s"))
        for name in ("NumPy", "ONNX fp32", "ONNX int8")
    ]
    assert "1.00 times NumPy's rate" in rows[0].note
    assert all(row.values for row in rows)
