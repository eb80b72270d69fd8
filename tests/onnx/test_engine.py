"""ONNX Runtime answers as the NumPy engine does; in int8 nearly, and still each text by itself."""

from __future__ import annotations

import itertools
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp_rnn.batch import Batch, pad
from nlp_rnn.config import CELLS, POOLINGS, ModelConfig
from nlp_rnn.errors import ArtifactError, ConfigError, InputError, MissingExtraError
from nlp_rnn.onnx import OnnxEngine, build_graph
from nlp_rnn.runtime.engine import NumpyEngine, make_engine
from nlp_rnn.weights import Weights
from tests.runtime.models import VOCAB, model, texts

onnx = pytest.importorskip("onnx", reason="the extra [export] is not installed")
pytest.importorskip("onnxruntime", reason="the extra [onnx] is not installed")

SHAPES = list(itertools.product(CELLS, (1, 2), (True, False), POOLINGS, (True, False), (0, 50)))


def assert_as_numpy(config: ModelConfig, weights: Weights, batch: Batch, *, tolerance: float = 1e-5) -> None:
    found = make_engine(config, weights, "onnx", threads=1).logits(batch)
    expected = NumpyEngine(config, weights, threads=1).logits(batch)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("cell", CELLS)
def test_every_kind_of_model_answers_as_in_numpy(cell: str) -> None:
    batch = pad(texts(5, longest=9), pad_id=0)
    for seed, shape in enumerate(shape for shape in SHAPES if shape[0] == cell):
        assert_as_numpy(*kind(shape, seed), batch)


def kind(
    shape: tuple[str, int, bool, str, bool, int], seed: int, **sizes: int
) -> tuple[ModelConfig, Weights]:
    """A model of this shape, with random weights."""
    names = ("cell", "num_layers", "bidirectional", "pooling", "layer_norm", "wide_rows")
    return model(seed, **dict(zip(names, shape, strict=True)), **sizes)


@given(
    shape=st.sampled_from(SHAPES),
    rows=st.lists(st.lists(st.integers(0, VOCAB - 1), min_size=1, max_size=40), min_size=1, max_size=40),
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    seed=st.integers(0, 1000),
)
@settings(max_examples=20)
def test_any_texts_are_answered_as_in_numpy(
    shape: tuple[str, int, bool, str, bool, int], rows: list[list[int]], sizes: tuple[int, int], seed: int
) -> None:
    made = kind(shape, seed, embedding_dim=sizes[0], hidden_size=sizes[1])
    # Layer norm over a handful of units may divide by next to nothing, and magnifies what rounding did.
    assert_as_numpy(*made, pad(rows, pad_id=0), tolerance=1e-3 if made[0].layer_norm else 1e-5)


@pytest.mark.parametrize(("int8", "tolerance"), [(False, 1e-5), (True, 0.0)])
@pytest.mark.parametrize("wide_rows", [0, 50])
def test_an_answer_depends_on_its_own_text_alone(int8: bool, tolerance: float, wide_rows: int) -> None:
    """Not on the batch, nor on the order, the padding or the threads; in int8 to the last bit."""
    config, weights = model(num_layers=2, wide_rows=wide_rows)
    graph = build_graph(config, weights, int8=int8)
    engine = OnnxEngine(config, graph)
    rows = texts(40, longest=30)
    together = engine.logits(pad(rows, pad_id=0))
    alone = np.concatenate([engine.logits(pad([row], pad_id=0)) for row in rows])
    np.testing.assert_allclose(together, alone, rtol=0, atol=tolerance)
    backwards = engine.logits(pad(rows[::-1], pad_id=0))[::-1]
    np.testing.assert_allclose(together, backwards, rtol=0, atol=tolerance)
    batch = pad(rows, pad_id=0)
    padding_BT = np.arange(batch.ids_BT.shape[1]) >= batch.lengths_B[:, None]
    other = Batch(np.where(padding_BT, 7, batch.ids_BT), batch.lengths_B, batch.rows_B)
    np.testing.assert_allclose(engine.logits(other), together, rtol=0, atol=tolerance)
    threaded = OnnxEngine(config, graph, threads=2)
    np.testing.assert_allclose(threaded.logits(batch), together, rtol=0, atol=tolerance)


def test_int8_is_near_and_a_quarter_of_the_size() -> None:
    config, weights = model(embedding_dim=64, hidden_size=64)
    batch = pad(texts(40, longest=30), pad_id=0)
    exact, whole = (build_graph(config, weights, int8=int8) for int8 in (False, True))
    assert len(whole) < 0.4 * len(exact)
    engine = OnnxEngine(config, whole)
    assert engine.precision == "int8"
    far = np.abs(engine.logits(batch) - NumpyEngine(config, weights, threads=1).logits(batch)).max()
    assert 1e-5 < far < 0.1


def test_int8_of_a_cell_that_has_none_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"LSTMs alone in int8, and this model's cell is 'gru'"):
        build_graph(*model(cell="gru"), int8=True)


def test_the_last_token_moves_what_reads_from_the_end() -> None:
    config, weights = model(pooling="last", cell="gru")
    engine = make_engine(config, weights, "onnx", threads=1)
    one, other = engine.logits(pad([[3, 4, 5, 6, 7, 8], [3, 4, 5, 6, 7, 9]], pad_id=0))
    assert np.abs(one - other).max() > 1e-4


def test_callers_may_share_an_engine() -> None:
    config, weights = model()
    engine = OnnxEngine(config, build_graph(config, weights), threads=2)
    made = [pad(texts(40, longest=20, seed=seed), pad_id=0) for seed in range(8)]
    expected = [engine.logits(batch) for batch in made]
    with ThreadPoolExecutor(4) as pool:
        for found, wanted in zip(pool.map(engine.logits, made), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("wrong", [-1, VOCAB])
def test_an_id_outside_the_vocabulary_is_refused(wrong: int) -> None:
    engine = make_engine(*model(), "onnx", threads=1)
    with pytest.raises(InputError, match=rf"{wrong}.*ids should be in \[0, 19\]"):
        engine.logits(pad([[1, wrong]], pad_id=0))


def test_a_batch_of_no_texts_has_no_answers() -> None:
    assert make_engine(*model(), "onnx").logits(pad([], pad_id=0)).shape == (0, 3)


def test_threads_are_checked_as_for_numpy() -> None:
    with pytest.raises(ConfigError, match="threads"):
        make_engine(*model(), "onnx", threads=0)


def test_a_graph_that_the_runtime_does_not_know_is_refused_in_one_sentence() -> None:
    config, weights = model()
    newer = onnx.load_from_string(build_graph(config, weights))
    newer.opset_import[0].version = 999
    for graph in (newer.SerializeToString(), b"no graph at all"):
        with pytest.raises(
            ArtifactError, match=r"ONNX Runtime [\d.]+ cannot read the model's graph"
        ) as caught:
            OnnxEngine(config, graph)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("package", "extra"), [("onnxruntime", "onnx"), ("onnx", "export")])
def test_a_missing_package_is_answered_with_the_line_to_type(
    monkeypatch: pytest.MonkeyPatch, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf'pip install "nlp-rnn\[{extra}\]"'):
        make_engine(*model(), "onnx")
