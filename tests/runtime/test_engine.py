"""The NumPy engine answers as the torch engine does, whatever stands beside a text."""

from __future__ import annotations

import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlp_rnn.batch import Batch, pad
from nlp_rnn.config import CELLS, POOLINGS, ModelConfig
from nlp_rnn.errors import ConfigError, InputError, MissingExtraError
from nlp_rnn.runtime.engine import NumpyEngine, make_engine
from nlp_rnn.weights import Weights
from tests.runtime.models import VOCAB, model, texts


def softmax(logits_BC: NDArray[np.float32]) -> NDArray[np.float32]:
    shares_BC = np.exp(logits_BC - logits_BC.max(axis=1, keepdims=True))
    return shares_BC / shares_BC.sum(axis=1, keepdims=True)


SHAPES = list(itertools.product(CELLS, (1, 2), (True, False), POOLINGS, (True, False)))


def assert_engines_agree(config: ModelConfig, weights: Weights, batch: Batch) -> None:
    found = make_engine(config, weights, "numpy").logits(batch)
    expected = make_engine(config, weights, "torch").logits(batch)
    assert found.dtype == expected.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(softmax(found), softmax(expected), rtol=0, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_the_engines_agree_on_every_kind_of_model(cell: str) -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    batch = pad(texts(5, longest=9), pad_id=0)
    for seed, (_, num_layers, bidirectional, pooling, layer_norm) in enumerate(
        s for s in SHAPES if s[0] == cell
    ):
        config, weights = model(
            seed,
            cell=cell,
            num_layers=num_layers,
            bidirectional=bidirectional,
            pooling=pooling,
            layer_norm=layer_norm,
        )
        assert_engines_agree(config, weights, batch)


def test_the_wide_path_is_the_same_in_both_engines_and_beside_any_text() -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    config, weights = model(7, wide_rows=50)
    assert weights["wide.weight"].shape == (50, 3)
    rows = texts(70, longest=9)
    assert_engines_agree(config, weights, pad(rows, pad_id=0))
    together = NumpyEngine(config, weights, threads=2).logits(pad(rows, pad_id=0))
    for row, logits_C in zip(rows, together, strict=True):
        alone = NumpyEngine(config, weights, threads=1).logits(pad([row], pad_id=0))[0]
        np.testing.assert_allclose(alone, logits_C, rtol=0, atol=1e-5)
    without = NumpyEngine(config, weights | {"wide.weight": np.zeros((50, 3), np.float32)}, threads=1)
    assert np.abs(without.logits(pad(rows, pad_id=0)) - together).max(axis=1).min() > 0.01


@given(
    shape=st.sampled_from(SHAPES),
    rows=st.lists(st.lists(st.integers(0, VOCAB - 1), min_size=1, max_size=40), min_size=1, max_size=40),
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60)
def test_the_engines_agree_on_any_texts(
    shape: tuple[str, int, bool, str, bool], rows: list[list[int]], sizes: tuple[int, int], seed: int
) -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    cell, num_layers, bidirectional, pooling, layer_norm = shape
    config, weights = model(
        seed,
        cell=cell,
        num_layers=num_layers,
        bidirectional=bidirectional,
        pooling=pooling,
        layer_norm=layer_norm,
        embedding_dim=sizes[0],
        hidden_size=sizes[1],
    )
    assert_engines_agree(config, weights, pad(rows, pad_id=0))


@pytest.mark.parametrize("name", ["numpy", "torch"])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_an_answer_depends_on_its_own_text_alone(name: str, pooling: str) -> None:
    """Not on the batch, nor on the order, nor on what stands in the padding."""
    if name == "torch":
        pytest.importorskip("torch", reason="the extra [train] is not installed")
    config, weights = model(pooling=pooling, num_layers=2, layer_norm=True)
    engine = make_engine(config, weights, name)
    rows = texts(40, longest=30)
    batch = pad(rows, pad_id=0)
    together = engine.logits(batch)
    alone = np.concatenate([engine.logits(pad([row], pad_id=0)) for row in rows])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-5)
    backwards = engine.logits(pad(rows[::-1], pad_id=0))[::-1]
    np.testing.assert_allclose(together, backwards, rtol=0, atol=1e-5)
    padding_BT = np.arange(batch.ids_BT.shape[1]) >= batch.lengths_B[:, None]
    other = replace(batch, ids_BT=np.where(padding_BT, 7, batch.ids_BT))
    np.testing.assert_array_equal(engine.logits(other), together)
    wider = replace(batch, ids_BT=np.pad(batch.ids_BT, ((0, 0), (0, 9))))
    np.testing.assert_allclose(engine.logits(wider), together, rtol=0, atol=1e-6)


def test_threads_do_not_change_an_answer() -> None:
    config, weights = model(num_layers=2)
    batch = pad(texts(100, longest=20), pad_id=0)
    alone, *several = (NumpyEngine(config, weights, threads=threads).logits(batch) for threads in (1, 2, 5))
    for logits_BC in several:
        np.testing.assert_allclose(logits_BC, alone, rtol=0, atol=1e-6)


def test_callers_may_share_an_engine() -> None:
    config, weights = model()
    engine = NumpyEngine(config, weights, threads=2)
    made = [pad(texts(40, longest=20, seed=seed), pad_id=0) for seed in range(8)]
    expected = [engine.logits(batch) for batch in made]
    with ThreadPoolExecutor(4) as pool:
        for found, wanted in zip(pool.map(engine.logits, made), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("cell", CELLS)
def test_saturated_gates_neither_warn_nor_break(cell: str) -> None:
    config, weights = model(scale=1e4, cell=cell)
    batch = pad(texts(40, longest=20), pad_id=0)
    for threads in (1, 2):  # NumPy's error state is each thread's own
        assert np.isfinite(NumpyEngine(config, weights, threads=threads).logits(batch)).all()


@pytest.mark.parametrize("wrong", [-1, VOCAB])
def test_an_id_outside_the_vocabulary_is_refused(wrong: int) -> None:
    engine = NumpyEngine(*model())
    with pytest.raises(InputError, match=rf"{wrong}.*ids should be in \[0, 19\]"):
        engine.logits(pad([[1, wrong]], pad_id=0))


def test_a_batch_of_no_texts_has_no_answers() -> None:
    assert NumpyEngine(*model()).logits(pad([], pad_id=0)).shape == (0, 3)


def test_engines_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    config, weights = model()
    assert isinstance(make_engine(config, weights), NumpyEngine)
    with pytest.raises(ConfigError, match="auto, numpy, torch, onnx"):
        make_engine(config, weights, "jax")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r'pip install "nlp-rnn\[train\]"'):
        make_engine(config, weights, "torch")


def test_the_numpy_runtime_does_not_import_torch() -> None:
    code = "import sys, nlp_rnn.runtime.engine, nlp_rnn.artifact; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
