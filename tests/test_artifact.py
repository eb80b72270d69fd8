"""A model folder loads as it was saved, and every fault has its own sentence."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from safetensors.numpy import save as to_bytes

from nlp_rnn.artifact import TextArtifact, fingerprint, load, save
from nlp_rnn.config import CELLS, POOLINGS, ModelConfig
from nlp_rnn.errors import ArtifactError, ConfigError
from nlp_rnn.folder import CARD, CONFIG, FILES, TOKENIZER, WEIGHTS, WORDS
from nlp_rnn.text.tokenizer import TextTokenizer
from nlp_rnn.weights import from_bytes


@pytest.fixture(scope="module")
def artifact() -> TextArtifact:
    tokenizer = TextTokenizer("word", max_tokens=32).train(["the film was not good, the film was bad"])
    config = ModelConfig(vocab_size=tokenizer.vocab_size, num_classes=2, embedding_dim=3, hidden_size=4)
    rng = np.random.default_rng(0)
    shapes = config.shapes()
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    notes = {"accuracy": 0.75, "corpora": ["ours"], "größe": None}
    return TextArtifact(
        task="sentiment",
        config=config,
        classes=("bad", "good"),
        tokenizer=tokenizer,
        weights=weights,
        temperature=1.5,
        card="# Card\nGrüße\n",
        notes=notes,
    )


@pytest.fixture
def folder(artifact: TextArtifact, tmp_path: Path) -> Path:
    return save(artifact, tmp_path / "model")


def test_loads_what_was_saved(artifact: TextArtifact, folder: Path) -> None:
    loaded = load(folder)
    for name in ("task", "config", "classes", "temperature", "card", "notes"):
        assert getattr(loaded, name) == getattr(artifact, name)
    text = "The film wasn’t bad"
    assert loaded.tokenizer.encode(text) == artifact.tokenizer.encode(text)
    assert loaded.tokenizer.max_tokens == 32
    assert loaded.weights.keys() == artifact.weights.keys()
    for name, array in loaded.weights.items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, artifact.weights[name])


def test_an_option_of_the_tokenizer_is_kept(artifact: TextArtifact, tmp_path: Path) -> None:
    tokenizer = TextTokenizer("word", mend_typos=True).train(["the film was not good, the film was bad"])
    folder = save(replace(artifact, tokenizer=tokenizer), tmp_path / "mending")
    assert load(folder).tokenizer.encode("fillm").tokens == ["film"]


def test_the_second_reading_and_its_known_words_are_kept(artifact: TextArtifact, tmp_path: Path) -> None:
    plain = TextTokenizer("word", reading=2, mend_typos=True).train(
        ["the film was not good, the film was bad"]
    )
    known = TextTokenizer("word", reading=2, mend_typos=True)
    known.train(["the film was not good, the film was bad"], known_words=["fillm"])
    folder = save(replace(artifact, tokenizer=known), tmp_path / "second")
    assert (folder / WORDS).is_file()
    again = load(folder).tokenizer
    assert again.reading == 2
    assert again.encode("<b>goooood</b> fillm fimm").tokens == ["good", "<unk>", "film"]
    (folder / WORDS).write_bytes(b"another")
    with pytest.raises(ArtifactError, match=r"words\.safetensors is truncated or was changed"):
        load(folder)
    (folder / WORDS).unlink()
    with pytest.raises(ArtifactError, match=r"words\.safetensors is missing"):
        load(folder)
    # Saved over by a model without such words, none are left behind.
    save(replace(artifact, tokenizer=plain), folder)
    assert not (folder / WORDS).exists()
    assert load(folder).tokenizer.encode("fillm").tokens == ["film"]


def test_a_folder_of_the_first_reading_says_nothing_of_readings(folder: Path) -> None:
    values = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    assert set(values["tokenizer"]) == {"kind", "max_tokens", "mend_typos"}
    assert load(folder).tokenizer.reading == 1


def test_a_folder_that_does_not_say_whether_typos_are_mended_mends_none(folder: Path) -> None:
    def older(values: dict[str, Any]) -> None:
        assert values["tokenizer"].pop("mend_typos") is False
        content = {key: value for key, value in values.items() if key != "sha256"}
        values["sha256"][CONFIG] = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    edit(folder, older)
    assert load(folder).tokenizer.encode("fillm").tokens == ["<unk>"]


def test_saving_again_gives_the_same_bytes(artifact: TextArtifact, folder: Path, tmp_path: Path) -> None:
    again = save(load(folder), tmp_path / "again")
    for name in FILES:
        assert (again / name).read_bytes() == (folder / name).read_bytes()
    assert fingerprint(again) == fingerprint(folder)


def test_float16_is_half_on_disk_only(artifact: TextArtifact, folder: Path, tmp_path: Path) -> None:
    half = save(artifact, tmp_path / "half", dtype="float16")
    assert all(array.dtype == np.float16 for array in load_file(half / WEIGHTS).values())
    assert fingerprint(half) != fingerprint(folder)
    for name, array in load(half).weights.items():
        assert array.dtype == np.float32
        np.testing.assert_allclose(array, artifact.weights[name], rtol=1e-3, atol=1e-6)


def test_a_weight_that_float16_cannot_hold_is_refused(artifact: TextArtifact, tmp_path: Path) -> None:
    weights = artifact.weights | {"output.bias": np.array([1e6, 0], np.float32)}
    with pytest.raises(ArtifactError, match=r"output\.bias holds values that are not finite"):
        save(replace(artifact, weights=weights), tmp_path / "model", dtype="float16")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ConfigError, match="float32, float16, int8"):
        save(artifact, tmp_path / "model", dtype="int4")


def test_int8_keeps_each_row_of_the_embedding_to_half_a_unit(artifact: TextArtifact, tmp_path: Path) -> None:
    embedding_VE = artifact.weights["embedding.weight"].copy()
    embedding_VE[0], embedding_VE[1] = 0, 1e-3 * embedding_VE[1]
    artifact = replace(artifact, weights=artifact.weights | {"embedding.weight": embedding_VE})
    folder = save(artifact, tmp_path / "small", dtype="int8")
    stored = load_file(folder / WEIGHTS)
    assert stored.pop("embedding.weight").dtype == np.int8
    assert stored.pop("embedding.weight.scale").shape == embedding_VE.shape[:1]
    assert all(array.dtype == np.float16 for array in stored.values())
    loaded = load(folder)
    unit_V1 = np.abs(embedding_VE).max(axis=1, keepdims=True) / 127
    found_VE = loaded.weights["embedding.weight"]
    assert found_VE.dtype == np.float32
    assert (np.abs(found_VE - embedding_VE) <= 0.501 * unit_V1).all()
    again = load(save(loaded, tmp_path / "again", dtype="int8"))
    np.testing.assert_allclose(again.weights["embedding.weight"], found_VE, rtol=1e-6)


def test_int8_without_its_scales_is_refused(artifact: TextArtifact, tmp_path: Path) -> None:
    folder = save(artifact, tmp_path / "small", dtype="int8")
    stored = load_file(folder / WEIGHTS)
    del stored["embedding.weight.scale"]
    with pytest.raises(ArtifactError, match=r"embedding\.weight is int8 and has no scale"):
        from_bytes(to_bytes(stored))
    weights = artifact.weights | {"embedding.weight": artifact.weights["embedding.weight"] * np.nan}
    with pytest.raises(ArtifactError, match=r"embedding\.weight holds values that are not finite"):
        save(replace(artifact, weights=weights), tmp_path / "other", dtype="int8")


@pytest.mark.parametrize("name", ["bidirectional", "layer_norm"])
def test_a_switch_is_true_or_false(name: str) -> None:
    with pytest.raises(ConfigError, match=f"Invalid {name}. Received: 'no'; it should be true or false"):
        ModelConfig.from_dict({"vocab_size": 5, "num_classes": 2, name: "no"})


def test_expected_shapes_are_the_torch_models() -> None:
    classifier = pytest.importorskip("nlp_rnn.nn.classifier", reason="needs torch", exc_type=ImportError)
    options = itertools.product(CELLS, (1, 2), (True, False), POOLINGS, (True, False))
    for cell, num_layers, bidirectional, pooling, layer_norm in options:
        config = ModelConfig(
            vocab_size=5,
            num_classes=2,
            cell=cell,
            embedding_dim=3,
            hidden_size=4,
            num_layers=num_layers,
            bidirectional=bidirectional,
            pooling=pooling,
            layer_norm=layer_norm,
        )
        state = classifier.BiLSTMClassifier(config).state_dict()
        assert config.shapes() == {name: tuple(tensor.shape) for name, tensor in state.items()}


def test_replaces_a_model_and_keeps_what_else_is_there(artifact: TextArtifact, folder: Path) -> None:
    (folder / "history.jsonl").write_text("{}\n", encoding="utf-8")
    save(replace(artifact, temperature=2.0), folder)
    assert load(folder).temperature == 2.0
    assert (folder / "history.jsonl").read_text(encoding="utf-8") == "{}\n"
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_fills_an_empty_folder_and_makes_parents(artifact: TextArtifact, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    load(save(artifact, tmp_path / "empty"))
    load(save(artifact, tmp_path / "a" / "b" / "model"))


def test_refuses_to_replace_what_is_no_model(artifact: TextArtifact, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / CONFIG).write_text('{"chapters": 7}', encoding="utf-8")
    (tmp_path / "file").write_text("text", encoding="utf-8")
    for name in ("thesis", "file"):
        with pytest.raises(ArtifactError, match=f"{name} exists and is no model folder"):
            save(artifact, tmp_path / name)
    assert (tmp_path / "thesis" / CONFIG).read_text(encoding="utf-8") == '{"chapters": 7}'


def test_a_save_that_fails_leaves_the_old_model(
    artifact: TextArtifact, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.name == CARD:
            raise OSError("No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        save(replace(artifact, temperature=2.0), folder)
    assert load(folder).temperature == 1.5
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"classes": ("bad", "bad")}, "differ from each other"),
        ({"classes": ("bad", "so-so", "good")}, "3 classes and its settings have 2"),
        ({"temperature": 0.0}, "finite number above 0"),
        ({"temperature": float("nan")}, "finite number above 0"),
        ({"task": "weather"}, "Invalid task"),
        ({"notes": {"accuracy": float("nan")}}, "not JSON compliant"),
        ({"tokenizer": TextTokenizer("word").train(["few words"])}, "vocabulary has 4 tokens"),
    ],
)
def test_refuses_to_save_a_contradiction(
    artifact: TextArtifact, tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ArtifactError, match=sentence):
        save(replace(artifact, **changes), tmp_path / "model")
    assert not list(tmp_path.iterdir())


# Tampering. Each case changes a good folder; some then mend the checksums, to reach what lies behind them.
Tamper = Callable[[Path], object]


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    values = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    change(values)
    (folder / CONFIG).write_text(json.dumps(values), encoding="utf-8")


def put(**changes: object) -> Tamper:
    return lambda folder: edit(folder, lambda values: values.update(changes))


def put_in(section: str, **changes: object) -> Tamper:
    return lambda folder: edit(folder, lambda values: values[section].update(changes))


def unlink(name: str) -> Tamper:
    return lambda folder: (folder / name).unlink()


def write(name: str, content: bytes) -> Tamper:
    return lambda folder: (folder / name).write_bytes(content)


def truncate(name: str, *, signed: bool = False) -> Tamper:
    def tamper(folder: Path) -> None:
        (folder / name).write_bytes((folder / name).read_bytes()[:-7])
        if signed:
            sign(folder)

    return tamper


def sign(folder: Path) -> None:
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (TOKENIZER, WEIGHTS)}
    edit(folder, lambda values: values["sha256"].update(hashes))


def tensor(name: str, array: np.ndarray | None) -> Tamper:
    def tamper(folder: Path) -> None:
        arrays = load_file(folder / WEIGHTS)
        arrays = {key: arrays[key] for key in arrays if key != name} | (
            {} if array is None else {name: array}
        )
        save_file(arrays, folder / WEIGHTS)
        sign(folder)

    return tamper


def other_tokenizer(folder: Path) -> None:
    (folder / TOKENIZER).write_text(TextTokenizer("word").train(["few words"]).to_json(), encoding="utf-8")
    sign(folder)


BIAS = "output.bias"
TAMPERED: dict[str, tuple[Tamper, str]] = {
    **{f"no {name}": (unlink(name), f"{name} is missing; copy the whole folder") for name in FILES},
    "truncated weights": (truncate(WEIGHTS), "model.safetensors is truncated or was changed"),
    "truncated tokenizer": (truncate(TOKENIZER), "tokenizer.json is truncated or was changed"),
    "truncated config": (truncate(CONFIG), "config.json is not JSON"),
    "config of bytes": (write(CONFIG, b"\xff\xfe\x00"), "config.json is not JSON"),
    "config of another kind": (write(CONFIG, b"[1]"), "config.json is not a model's"),
    "future format": (put(format=2), "format 2 and this one reads 1"),
    "wrong task": (put(task="generation"), "made for the task 'generation'"),
    "unknown key": (put(code="x"), "unknown key 'code'"),
    "missing key": (lambda f: edit(f, lambda values: values.pop("classes")), "lacks the key 'classes'"),
    "unknown setting": (put_in("model", heads=8), "Unknown setting 'heads'"),
    "missing setting": (lambda f: edit(f, lambda values: values["model"].pop("vocab_size")), "vocab_size"),
    "unknown cell": (put_in("model", cell="qrnn"), "Invalid cell. Received: 'qrnn'"),
    "unknown pooling": (put_in("model", pooling="sum"), "Invalid pooling. Received: 'sum'"),
    "size is text": (put_in("model", hidden_size="4"), "Invalid hidden_size"),
    "model is a list": (put(model=[]), "model in config.json should be"),
    "the tokenizer is null": (put(tokenizer=None), "tokenizer in config.json should be an object"),
    "the tokenizer is a list": (put(tokenizer=[]), "tokenizer in config.json should be an object"),
    "max_tokens is text": (put_in("tokenizer", max_tokens="9"), "max_tokens in config.json should be"),
    "a later reading": (put_in("tokenizer", reading=3), "made by a newer version"),
    "known words in another file": (
        put_in("tokenizer", known_words="x"),
        "should be 'words.safetensors' or null",
    ),
    "unknown tokenizer": (put_in("tokenizer", kind="llm"), "Invalid tokenizer kind"),
    "temperature is text": (put(temperature="hot"), "temperature 'hot' should be"),
    "classes in another order": (
        lambda f: edit(f, lambda values: values["classes"].reverse()),
        "config.json was changed",
    ),
    "equal classes": (put(classes=["a", "a"]), "differ from each other"),
    "too many classes": (put(classes=["a", "b", "c"]), "names 3 classes"),
    "classes are numbers": (put(classes=[0, 1]), "should be names"),
    "another size": (put_in("model", hidden_size=5), "has shape"),
    "another tokenizer": (other_tokenizer, "vocabulary has 4 tokens (last id 3) and its embedding"),
    "not safetensors": (truncate(WEIGHTS, signed=True), "not a safetensors file"),
    "not a tokenizer": (truncate(TOKENIZER, signed=True), "tokenizer.json cannot be read"),
    "missing tensor": (tensor(BIAS, None), "output.bias is missing"),
    "extra tensor": (tensor("extra", np.zeros(1, np.float32)), "extra is none of a model"),
    "wrong shape": (tensor(BIAS, np.zeros(3, np.float32)), "has shape (3,); its settings ask for (2,)"),
    "not a number": (
        tensor(BIAS, np.array([0, np.nan], np.float32)),
        "output.bias holds values that are not",
    ),
    "integers": (tensor(BIAS, np.zeros(2, np.int32)), "output.bias is int32"),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_every_fault_has_its_own_sentence(folder: Path, case: str) -> None:
    tamper, sentence = TAMPERED[case]
    tamper(folder)
    with pytest.raises(ArtifactError) as caught:
        load(folder, tasks=("sentiment",))
    assert sentence in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_asks_for_the_task_it_needs(folder: Path) -> None:
    with pytest.raises(ArtifactError, match="made for the task 'sentiment'; give a model for 'generation'"):
        load(folder, tasks=("generation",))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="There is no model folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(ArtifactError, match=r"There is no model\.safetensors"):
        fingerprint(tmp_path)
