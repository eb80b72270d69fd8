"""``runtime/`` is ``nn/`` in NumPy: the same files and names, and the same numbers from the same weights."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nlp_rnn
from nlp_rnn.batch import pad
from nlp_rnn.config import (
    CELLS,
    POOLINGS,
    CharConfig,
    ForecastConfig,
    ModelConfig,
    SpotterConfig,
    TranslationConfig,
)
from nlp_rnn.forecasting.scaling import inputs_of
from nlp_rnn.runtime.audio import SpotterGRU
from nlp_rnn.runtime.characters import CharRNN
from nlp_rnn.runtime.classifier import BiLSTMClassifier
from nlp_rnn.runtime.encoder import RecurrentEncoder, embed, pack, unpack
from nlp_rnn.runtime.pooling import Pooling
from nlp_rnn.runtime.seq2seq import Seq2Seq
from nlp_rnn.runtime.timeseries import TimeSeriesLSTM

PACKAGE = Path(nlp_rnn.__file__).parent

# What stands on one side alone, and why.
TORCH_FILES = {
    "language.py": "a language model is trained, and then its encoder is used as a classifier's",
    "weights.py": "turns tensors into arrays and back; NumPy has arrays",
}
TORCH_CLASSES = {
    "CharOutputs": "training needs a window's outputs and its state; in NumPy the caller's state is advanced",
    "TorchEngine": "the engine has its library's name",
}
NUMPY_CLASSES = {
    "Engine": "the interface that both engines keep to",
    "NumpyEngine": "the engine has its library's name",
    "Packed": "texts without padding; in torch texts are padded",
    "RecurrentLayer": "torch brings its own",
    "Memory": "what the encoder made of a batch; in torch three tensors",
    "Seq2SeqDecoder": "writes step by step; in torch the decoder is trained on whole rows",
}


def files(folder: str) -> set[str]:
    return {path.name for path in (PACKAGE / folder).glob("*.py")}


def classes(folder: str, file: str) -> set[str]:
    """Names of a file's public classes, read without importing it."""
    body = ast.parse((PACKAGE / folder / file).read_text(encoding="utf-8")).body
    return {node.name for node in body if isinstance(node, ast.ClassDef) and node.name[0] != "_"}


def test_both_folders_have_the_same_files() -> None:
    assert files("nn") - files("runtime") == set(TORCH_FILES)
    assert not files("runtime") - files("nn")


def test_both_sides_call_a_thing_the_same() -> None:
    torch_only, numpy_only = set(), set()
    for file in files("runtime"):
        torch_only |= classes("nn", file) - classes("runtime", file)
        numpy_only |= classes("runtime", file) - classes("nn", file)
    assert torch_only == set(TORCH_CLASSES)
    assert numpy_only == set(NUMPY_CLASSES)


def random_weights(model: Any) -> dict[str, np.ndarray]:
    """Give a torch model random weights of the size that training leaves; the weights as arrays."""
    torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
    from nlp_rnn.nn.weights import weights_of

    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            size = 1.0 if weight.ndim < 2 else weight.shape[-1] ** -0.5
            weight.copy_(size * torch.randn(weight.shape, generator=generator))
    model.eval()
    return weights_of(model)


def rows(*lengths: int) -> list[list[int]]:
    rng = np.random.default_rng(1)
    return [rng.integers(4, 11, length).tolist() for length in lengths]


@pytest.fixture
def nn() -> Any:
    """The torch side."""
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    from types import SimpleNamespace

    from nlp_rnn.nn import audio, characters, classifier, encoder, pooling, seq2seq, timeseries

    return SimpleNamespace(
        RecurrentEncoder=encoder.RecurrentEncoder,
        Pooling=pooling.Pooling,
        BiLSTMClassifier=classifier.BiLSTMClassifier,
        CharRNN=characters.CharRNN,
        SpotterGRU=audio.SpotterGRU,
        Seq2Seq=seq2seq.Seq2Seq,
        TimeSeriesLSTM=timeseries.TimeSeriesLSTM,
    )


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layer_norm", [True, False])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_recurrent_encoder(nn: Any, cell: str, layer_norm: bool, bidirectional: bool) -> None:
    import torch

    config = ModelConfig(
        vocab_size=11,
        num_classes=3,
        cell=cell,
        embedding_dim=5,
        hidden_size=6,
        num_layers=2,
        layer_norm=layer_norm,
        bidirectional=bidirectional,
    )
    model, batch = nn.RecurrentEncoder(config), pad(rows(3, 1, 7), pad_id=0)
    weights = {f"encoder.{name}": array for name, array in random_weights(model).items()}
    embedding_VE = np.random.default_rng(2).normal(size=(11, 5)).astype(np.float32)
    with torch.inference_mode():
        x_BTE = torch.from_numpy(embedding_VE[batch.ids_BT])
        expected_BTF = model(x_BTE, torch.from_numpy(batch.lengths_B)).numpy()
    packed = pack(batch.ids_BT, batch.lengths_B)
    outputs_DNH = RecurrentEncoder(config, weights).read(*embed(embedding_VE, packed), packed)
    found_BTF = unpack(outputs_DNH, packed, batch.ids_BT.shape)
    for found_TF, expected_TF, length in zip(found_BTF, expected_BTF, batch.lengths_B, strict=True):
        np.testing.assert_allclose(found_TF[:length], expected_TF[:length], rtol=0, atol=1e-5)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_pooling(nn: Any, pooling: str) -> None:
    import torch

    config = ModelConfig(vocab_size=11, num_classes=3, hidden_size=4, pooling=pooling)
    model, batch = nn.Pooling(config), pad(rows(3, 1, 7), pad_id=0)
    weights = {f"pooling.{name}": array for name, array in random_weights(model).items()}
    packed = pack(batch.ids_BT, batch.lengths_B)
    outputs_DNH = np.random.default_rng(2).normal(size=(2, len(packed.ids_N), 4)).astype(np.float32)
    read_DBTH = np.zeros((2, 3, 7, 4), np.float32)  # as each direction read them
    read_DBTH[:, packed.order_B[packed.text_N], packed.step_N] = outputs_DNH
    with torch.inference_mode():
        expected_BP = model(list(torch.from_numpy(read_DBTH)), torch.from_numpy(batch.lengths_B)).numpy()
    found_BP = Pooling(config, weights).forward(outputs_DNH, packed)
    np.testing.assert_allclose(found_BP, expected_BP[packed.order_B], rtol=0, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("wide_rows", [0, 30])
def test_classifier(nn: Any, cell: str, wide_rows: int) -> None:
    import torch

    config = ModelConfig(
        vocab_size=11, num_classes=3, cell=cell, embedding_dim=5, hidden_size=6, wide_rows=wide_rows
    )
    model, batch = nn.BiLSTMClassifier(config), pad(rows(3, 1, 7), pad_id=0)
    found_BC = BiLSTMClassifier(config, random_weights(model)).forward(batch)
    with torch.inference_mode():
        np.testing.assert_allclose(found_BC, model(batch).numpy(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "shape", [{}, {"num_layers": 3, "layer_norm": True}, {"embedding_dim": 6, "tied": True}]
)
def test_characters(nn: Any, cell: str, shape: dict[str, Any]) -> None:
    import torch

    config = CharConfig(**{"vocab_size": 11, "cell": cell, "embedding_dim": 5, "hidden_size": 6} | shape)
    model = nn.CharRNN(config)
    twin = CharRNN(config, random_weights(model))
    ids_BT = np.random.default_rng(1).integers(0, 11, (4, 30))
    with torch.inference_mode():
        expected_BTV = model(torch.from_numpy(ids_BT), model.encoder.start(4)).logits_BTV.numpy()
    step = twin.stepper(state := twin.start(4))
    found_BTV = np.stack([step(ids_B).copy() for ids_B in ids_BT.T], axis=1)
    assert found_BTV == pytest.approx(expected_BTV, abs=2e-5)
    alone = twin.start(1)
    assert twin.read(ids_BT[2], alone) == pytest.approx(expected_BTV[2], abs=2e-5)
    assert alone[:, :, 0] == pytest.approx(state[:, :, 2], abs=1e-5)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("attention", [True, False])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_seq2seq(nn: Any, cell: str, attention: bool, num_layers: int) -> None:
    import torch

    config = TranslationConfig(
        vocab_size=11, embedding_dim=5, hidden_size=6, cell=cell, attention=attention, num_layers=num_layers
    )
    model = nn.Seq2Seq(config)
    twin = Seq2Seq(config, random_weights(model))
    source, target = pad(rows(3, 1, 7), pad_id=0), pad(rows(6, 6, 6), pad_id=0)
    with torch.inference_mode():
        features, attended = model.features(source, torch.from_numpy(target.ids_BT))
        logits_BTV = model.output(torch.tanh(model.readout(features))).numpy()
    decoder = twin.decoder(twin.encode(source))
    for step in range(target.ids_BT.shape[1]):
        logits_nV, attention_nS = decoder.advance(target.ids_BT[:, step])
        np.testing.assert_allclose(logits_nV, logits_BTV[:, step], rtol=0, atol=2e-5)
        if attended is not None:
            np.testing.assert_allclose(attention_nS, attended[:, step].numpy(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("form", ["windows", "linear", "carried", "beside", "linear beside"])
def test_timeseries(nn: Any, cell: str, form: str) -> None:
    import torch

    config = ForecastConfig(
        columns=("a", "b"),
        context=7,
        horizon=2,
        cell=cell,
        hidden_size=5,
        num_layers=2,
        carried=form == "carried",
        linear="linear" in form,
        reads=("c", "a", "b") if "beside" in form else (),
    )
    model = nn.TimeSeriesLSTM(config)
    weights = random_weights(model)
    x_BTE, _ = inputs_of(config, np.random.default_rng(1).normal(size=(4, 7, len(config.read))))
    with torch.inference_mode():
        expected = model(torch.from_numpy(x_BTE)).numpy()
        streamed, _ = model.stream(torch.from_numpy(x_BTE), model.encoder.start(4))
    found = TimeSeriesLSTM(config, weights).forward(x_BTE)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    if config.linear:  # what it adds, by hand: each series by itself, the same weights for all
        if config.reads:  # every input to every answer
            by_hand = np.einsum("bce,kfqce->bkfq", x_BTE, weights["linear.weight"].reshape(2, 2, 5, 7, 6))
        else:
            by_hand = np.einsum("bcf,kqc->bkfq", x_BTE, weights["linear.weight"].reshape(2, 5, 7))
        expected = expected - by_hand
    np.testing.assert_allclose(streamed[:, -1].numpy(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("num_layers", [1, 2])
def test_spotter(nn: Any, cell: str, num_layers: int) -> None:
    import torch

    config = SpotterConfig(
        classes=("no", "unknown", "yes"), bands=8, cell=cell, hidden_size=6, num_layers=num_layers
    )
    model = nn.SpotterGRU(config)
    weights = random_weights(model)
    assert {name: array.shape for name, array in weights.items()} == config.shapes()
    network = SpotterGRU(config, weights)
    rng = np.random.default_rng(0)
    clips = [rng.standard_normal((length, 16)).astype(np.float32) for length in (3, 9, 1, 9)]
    padded, lengths = np.zeros((4, 9, 16), np.float32), np.array([3, 9, 1, 9])
    for row, clip in zip(padded, clips, strict=True):
        row[: len(clip)] = clip
    with torch.inference_mode():
        expected = model(torch.from_numpy(padded), torch.from_numpy(lengths)).numpy()
        steps = model.score_steps(torch.from_numpy(clips[1][None])).softmax(dim=-1)[0].numpy()
    np.testing.assert_allclose(network.forward(clips), expected, atol=1e-5)
    listen = network.stepper()
    heard = np.concatenate([listen(clips[1][:4]), listen(clips[1][4:])])
    np.testing.assert_allclose(heard, steps, atol=1e-5)
