"""Pretraining: what it learns, what it must not see, and what a classifier starts from."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("accelerate", reason="training needs the train extra")

from nlp_rnn import LanguageModel, SentimentClassifier  # noqa: E402
from nlp_rnn.artifact import TextArtifact, load, save  # noqa: E402
from nlp_rnn.batch import pad  # noqa: E402
from nlp_rnn.cli import main  # noqa: E402
from nlp_rnn.config import (  # noqa: E402
    CELLS,
    CharConfig,
    LanguageConfig,
    ModelConfig,
    PretrainConfig,
    TrainConfig,
)
from nlp_rnn.errors import ArtifactError, ConfigError, InputError, TrainingWarning  # noqa: E402
from nlp_rnn.language.fitting import LanguageTask, rows_of  # noqa: E402
from nlp_rnn.language.model import encoder_weights  # noqa: E402
from nlp_rnn.nn.classifier import BiLSTMClassifier  # noqa: E402
from nlp_rnn.nn.language import BiLanguageModel, Candidates  # noqa: E402
from nlp_rnn.training.loop import Trainer, seeded  # noqa: E402

WORDS = "the cat sat on a mat and then the dog ran to its own door".split()
SHAPE = {"embedding_dim": 6, "hidden_size": 5}
CONFIG = PretrainConfig(max_epochs=2, batch_tokens=60, learning_rate=0.02, ema_decay=0.0, samples=8, seed=1)


def texts(count: int, seed: int) -> list[str]:
    """Stretches of one sentence that goes round, so that each word tells the next and the one before."""
    rng = np.random.default_rng(seed)
    starts, lengths = rng.integers(len(WORDS), size=count), rng.integers(3, 12, size=count)
    return [
        " ".join(WORDS[(start + i) % len(WORDS)] for i in range(length))
        for start, length in zip(starts, lengths, strict=True)
    ]


def network(num_layers: int = 1, cell: str = "lstm", bidirectional: bool = True) -> BiLanguageModel:
    config = LanguageConfig(
        vocab_size=12, cell=cell, num_layers=num_layers, bidirectional=bidirectional, **SHAPE
    )
    with seeded(4):
        return BiLanguageModel(config).eval()


BATCH = pad([[3, 4, 5, 6, 7], [8, 9, 10], [11]], pad_id=0)


def test_perplexity_falls_to_what_the_texts_leave_open() -> None:
    config = PretrainConfig(max_epochs=25, batch_tokens=200, learning_rate=0.03, dropout=0.0, samples=6)
    model = LanguageModel(min_count=1, **SHAPE).fit(texts(150, 0), validation=texts(20, 1), config=config)
    history = [row["validation"] for row in model.artifact.notes["history"]]
    assert set(history[0]) == {"loss", "score", "perplexity_forward", "perplexity_backward"}
    measured = model.perplexity(texts(20, 1))
    for direction in ("forward", "backward"):
        assert history[0][f"perplexity_{direction}"] > 8
        assert measured[direction] < 1.6  # each word but "the" has one neighbour
        assert measured[direction] == pytest.approx(
            min(row[f"perplexity_{direction}"] for row in history), rel=0.1
        )


def test_word_vectors_are_where_it_starts() -> None:
    untrained = LanguageModel(min_count=1, **SHAPE).fit(texts(40, 0), config=CONFIG)
    tokenizer = untrained.artifact.tokenizer
    vectors = np.random.default_rng(0).normal(size=(tokenizer.vocab_size, 6)).astype(np.float32)
    still = PretrainConfig(max_epochs=1, learning_rate=1e-8, ema_decay=0.0)
    model = LanguageModel(tokenizer=tokenizer, **SHAPE).fit(texts(40, 0), config=still, vectors=vectors)
    assert np.allclose(model.artifact.weights["embedding.weight"], vectors, atol=1e-5)
    with pytest.raises(InputError, match=r"vectors must have the shape \(\d+, 6\), got \(3, 6\)"):
        model.fit(texts(40, 0), vectors=np.zeros((3, 6)))


@pytest.mark.parametrize(("num_layers", "cell"), [*product((1, 2), CELLS)])
def test_no_direction_sees_what_it_is_to_predict(num_layers: int, cell: str) -> None:
    model = network(num_layers, cell)
    x_BTE = model.embedding(torch.from_numpy(BATCH.ids_BT)).detach()
    other_BTE = x_BTE.clone()
    other_BTE[0, 3] += 1.0
    lengths_B = torch.from_numpy(BATCH.lengths_B)
    for direction, (before, after) in enumerate(
        zip(model.encoder.read(x_BTE, lengths_B), model.encoder.read(other_BTE, lengths_B), strict=True)
    ):
        changed_T = (before != after)[0].any(dim=1).tolist()
        assert changed_T == ([False, False, False, True, True] if direction == 0 else [False, *[True] * 4])


def test_nats_are_those_of_the_words_that_follow() -> None:
    model = network()
    with torch.no_grad():
        nats_DN = model(BATCH)
        outputs = model.encoder.read(
            model.embedding(torch.from_numpy(BATCH.ids_BT)), torch.from_numpy(BATCH.lengths_B)
        )
        wanted = {"fwd": [[3, 4, 5, 6, 7], [8, 9, 10]], "bwd": [[7, 6, 5, 4, 3], [10, 9, 8]]}
        for direction, (name, rows) in enumerate(wanted.items()):
            expected = []
            for b, row in enumerate(rows):
                z_TE = model.projection[name](outputs[direction][b])
                logs_TV = (z_TE @ model.embedding.weight.T + model.bias).log_softmax(dim=1)
                expected += [-float(logs_TV[t, word]) for t, word in enumerate(row[1:])]
            np.testing.assert_allclose(nats_DN[direction], expected, rtol=1e-5)


def test_candidates_that_are_the_vocabulary_give_the_exact_loss() -> None:
    model = network()
    everything = Candidates(torch.arange(12), torch.zeros(12))
    torch.testing.assert_close(model(BATCH, everything), model(BATCH))


def test_candidates_stand_for_the_vocabulary_on_average() -> None:
    """With the correction the sum over a sample is an unbiased estimate of the one over all words."""
    model = network()
    shares_V = torch.arange(1.0, 13.0) / 78
    with seeded(7), torch.no_grad():
        ids_K = torch.multinomial(shares_V, 20_000, replacement=True)
        sampled_DN = model(BATCH, Candidates(ids_K, (20_000 * shares_V[ids_K]).log()))
    torch.testing.assert_close(sampled_DN, model(BATCH).detach(), atol=0.05, rtol=0.02)


def test_pieces_predict_every_word_once() -> None:
    rows = rows_of([range(10), range(20, 24), [7]], window=4)
    assert [row.tolist() for row in rows] == [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9], [20, 21, 22, 23]]


def test_shapes_of_the_folder_are_the_networks() -> None:
    for cell, num_layers, bidirectional in product(CELLS, (1, 2), (True, False)):
        model = network(num_layers, cell, bidirectional)
        shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
        assert shapes == model.config.shapes()


@pytest.mark.parametrize("num_layers", [1, 2])
def test_a_classifiers_encoder_starts_as_the_language_models(num_layers: int, tmp_path: Path) -> None:
    pretrained = LanguageModel(min_count=1, num_layers=num_layers, **SHAPE).fit(texts(40, 2), config=CONFIG)
    artifact = pretrained.artifact
    config = ModelConfig(vocab_size=artifact.config.vocab_size, num_classes=2, num_layers=num_layers, **SHAPE)
    classifier = BiLSTMClassifier(config).eval()
    tensors = {
        name: torch.from_numpy(weight)
        for name, weight in encoder_weights(artifact.config, artifact.weights).items()
    }
    missing = classifier.load_state_dict(tensors, strict=False)
    assert not missing.unexpected_keys
    assert {name.partition(".")[0] for name in missing.missing_keys} == {"output"}
    language = BiLanguageModel(artifact.config).eval()
    language.load_state_dict({name: torch.from_numpy(weight) for name, weight in artifact.weights.items()})
    ids_BT, lengths_B = torch.from_numpy(BATCH.ids_BT), torch.from_numpy(BATCH.lengths_B)
    mine = classifier.encoder.read(classifier.embed(ids_BT), lengths_B)
    theirs = language.encoder.read(language.embedding(ids_BT), lengths_B)
    for own_BTH, other_BTH in zip(mine, theirs, strict=True):
        torch.testing.assert_close(own_BTH, other_BTH)


def test_fit_starts_from_a_pretrained_folder_bit_for_bit(tmp_path: Path) -> None:
    pretrained = LanguageModel(min_count=1, **SHAPE).fit(texts(40, 2), config=CONFIG)
    folder = pretrained.save_pretrained(tmp_path / "language")
    data = ["the cat sat", "a mat ran"] * 8, ["up", "down"] * 8
    frozen = TrainConfig(max_epochs=1, embedding_rate=0.0, encoder_rate=0.0)
    made = SentimentClassifier(pooling="max", hidden_size=99)
    for source in (folder, str(folder), pretrained):
        fitted = made.fit(*data, init_from=source, config=frozen).artifact
        assert fitted.config.hidden_size == 5
        assert fitted.config.pooling == "max"
        assert fitted.tokenizer.vocab == pretrained.artifact.tokenizer.vocab
        start = encoder_weights(pretrained.artifact.config, pretrained.artifact.weights)
        for name, weight in start.items():
            np.testing.assert_array_equal(fitted.weights[name], weight)


def test_a_one_way_model_teaches_a_one_way_classifier() -> None:
    pretrained = LanguageModel(min_count=1, bidirectional=False, **SHAPE).fit(texts(40, 2), config=CONFIG)
    assert set(pretrained.perplexity(texts(5, 3))) == {"forward"}
    fitted = SentimentClassifier().fit(["a cat", "a dog"] * 8, ["up", "down"] * 8, init_from=pretrained)
    assert not fitted.artifact.config.bidirectional


def test_goes_on_from_a_pretrained_model(tmp_path: Path) -> None:
    first = LanguageModel(min_count=1, **SHAPE).fit(texts(40, 2), config=CONFIG)
    folder = first.save_pretrained(tmp_path / "language")
    slow = PretrainConfig(**{**CONFIG.to_dict(), "learning_rate": 1e-8, "weight_decay": 0.0})
    again = LanguageModel.from_pretrained(folder).fit(texts(40, 5), config=slow)
    for name, weight in first.artifact.weights.items():
        np.testing.assert_allclose(again.artifact.weights[name], weight, atol=1e-5)


def test_stopped_and_resumed_is_bit_identical(tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(now: object) -> None:
        if now.step == 5:  # type: ignore[attr-defined]
            raise Stopped

    config = PretrainConfig(**{**CONFIG.to_dict(), "checkpoint_every": 2, "dropout": 0.2, "ema_decay": 0.9})

    def fit(folder: Path, **more: object) -> dict[str, np.ndarray]:
        model = LanguageModel(min_count=1, **SHAPE)
        return model.fit(texts(40, 2), config=config, output=folder, **more).artifact.weights  # type: ignore[arg-type]

    expected = fit(tmp_path / "whole")
    with pytest.raises(Stopped):
        fit(tmp_path / "cut", progress=stop)
    resumed = fit(tmp_path / "cut", resume=True)
    assert all(np.array_equal(expected[name], resumed[name]) for name in expected)


def test_candidates_are_drawn_anew_at_each_step() -> None:
    rows = rows_of([[3, 4, 5, 6], [7, 8, 9]], window=9)
    task = LanguageTask(rows, rows, pad_id=0, vocab_size=12, config=CONFIG)
    model = network().train()
    losses = []
    for step in range(2):
        with seeded(1, step):
            losses.append(float(task.loss(model, task.plan(0)[0]).detach()))
    assert losses[0] != losses[1]
    Trainer(model, task, CONFIG).run()


def test_wrong_folders_are_refused_in_one_sentence(tmp_path: Path, tiny_model: Path) -> None:
    pretrained = LanguageModel(min_count=1, **SHAPE).fit(texts(40, 2), config=CONFIG)
    folder = pretrained.save_pretrained(tmp_path / "language")
    with pytest.raises(ArtifactError, match="made for the task 'language'; give a model for 'sentiment'"):
        SentimentClassifier.from_pretrained(folder)
    with pytest.raises(ArtifactError, match="made for the task 'sentiment'; give a model for 'language'"):
        LanguageModel.from_pretrained(tiny_model)
    assert load(folder, tasks=("language",)).notes["words"] > 100
    config = CharConfig(vocab_size=pretrained.artifact.config.vocab_size, embedding_dim=2, hidden_size=2)
    weights = {name: np.zeros(shape, np.float32) for name, shape in config.shapes().items()}
    writer = TextArtifact(
        task="generation", config=config, tokenizer=pretrained.artifact.tokenizer, weights=weights
    )
    with pytest.raises(ArtifactError, match="cannot start from a model for the task 'generation'"):
        SentimentClassifier().fit(["a", "b"] * 4, ["up", "down"] * 4, init_from=save(writer, tmp_path / "w"))


def test_what_cannot_be_learned_from_is_refused() -> None:
    with pytest.raises(InputError, match="got one str"):
        LanguageModel().fit("the cat")
    with pytest.raises(InputError, match="no training text has two tokens"):
        LanguageModel().fit(["cat"], validation=["the cat sat"])
    with pytest.raises(InputError, match="no held-out text has two tokens"):
        LanguageModel().fit(texts(3, 0), validation=["cat"])
    with pytest.raises(ConfigError, match="layer_norm joins both directions"):
        LanguageConfig(vocab_size=9, layer_norm=True)


def test_pretrain_then_train_at_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "texts"
    (folder / "inner").mkdir(parents=True)
    (folder / "plain.txt").write_text("\n".join([*texts(30, 1), ""]), encoding="utf-8")
    (folder / "inner" / "table.csv").write_text("text,label\na cat sat,0\n", encoding="utf-8")
    (folder / "notes.md").write_text("not read", encoding="utf-8")
    more = tmp_path / "more.txt"
    more.write_text("\n".join(texts(10, 2)), encoding="utf-8")
    run = tmp_path / "run"
    options = "--hidden-size 5 --embedding-dim 6 --max-epochs 1 --samples 8 --min-count 1".split()
    assert main(["pretrain", "--data", str(folder), "--data", str(more), "--output", str(run), *options]) == 0
    said = capsys.readouterr().err
    assert "41 texts" in said
    assert "perplexity of held-out texts forward" in said
    data = tmp_path / "labelled.csv"
    data.write_text("text,label\n" + "a cat sat,up\nthe dog ran,down\n" * 10, encoding="utf-8")
    start = ["--init-from", str(run / "model")]
    assert main(["train", "--data", str(data), "--output", str(tmp_path / "fine"), *start]) == 0
    fitted = load(tmp_path / "fine" / "model")
    assert fitted.config.hidden_size == 5
    capsys.readouterr()
    assert main(["classify", "--model", str(run / "model"), "x"]) == 2
    assert "made for the task 'language'" in capsys.readouterr().err
    assert main(["pretrain", "--data", str(tmp_path / "run"), "--output", str(tmp_path / "other")]) == 2
    assert math.isfinite(fitted.temperature)


def test_a_model_that_learned_nothing_or_was_asked_what_it_knows_says_so() -> None:
    still = PretrainConfig(max_epochs=1, learning_rate=1e-8, ema_decay=0.0)
    known = texts(20, 0)
    with pytest.warns(TrainingWarning) as said:
        model = LanguageModel(min_count=1, **SHAPE).fit(known, validation=known[:3], config=still)
    leaked, lost = model.artifact.notes["remarks"]
    assert [str(each.message) for each in said] == [leaked, lost]
    assert leaked.startswith("3 of the 3 held-out texts are learned from, too")
    assert lost.startswith("the language model predicts no better than the share of each word")
