"""A model is a folder of JSON and safetensors that loads alone and says what is wrong with it.

``config.json`` (settings, classes, temperature, notes, checksums), ``tokenizer.json``,
``model.safetensors`` (the torch model's own parameter names) and ``README.md`` (the model card).
Knows the files and the shapes of the weights; runs nothing and imports no torch.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.config import CharConfig, EncoderConfig, LanguageConfig, ModelConfig, TranslationConfig
from nlp_rnn.errors import ArtifactError, ConfigError, InputError, one_of
from nlp_rnn.text.tokenizer import TextTokenizer

FORMAT = 1
CONFIGS: dict[str, type[EncoderConfig]] = {
    "sentiment": ModelConfig,
    "generation": CharConfig,
    "language": LanguageConfig,
    "translation": TranslationConfig,
}
TASKS = tuple(CONFIGS)
DTYPES = ("float32", "float16", "int8")
CONFIG, TOKENIZER, WEIGHTS, CARD = "config.json", "tokenizer.json", "model.safetensors", "README.md"
FILES = (CONFIG, TOKENIZER, WEIGHTS, CARD)

_KEYS = ("format", "task", "model", "classes", "tokenizer", "temperature", "notes", "sha256")
_LATER_KEYS = {"mend_typos": False}  # what older folders do not say
_TOKENIZER_KEYS = ("kind", "max_tokens", "mend_typos")
_SCALE = ".scale"
_GATES = {"rnn": 1, "gru": 3, "lstm": 4}

Weights = dict[str, NDArray[np.float32]]
Config = TypeVar("Config", bound=EncoderConfig, covariant=True)


@dataclass(frozen=True)
class Artifact(Generic[Config]):
    """Everything a model needs to answer.

    Attributes:
        task: What the model is for: ``sentiment``, ``generation``, ``language`` (pretraining) or
            ``translation``.
        config: Shape of the model.
        classes: Name of each column of the answer; only a classifier has any.
        tokenizer: Text to ids.
        weights: float32 arrays under the torch model's parameter names.
        temperature: The logits are divided by it before the softmax.
        card: The model card, Markdown.
        notes: Metrics, corpora and the like; any JSON.
    """

    task: str
    config: Config
    classes: tuple[str, ...]
    tokenizer: TextTokenizer
    weights: Weights
    temperature: float = 1.0
    card: str = ""
    notes: dict[str, Any] = field(default_factory=dict)


def expected_shapes(config: EncoderConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor of a model, as in the state dict of its torch model in ``nn/``."""
    shapes = {"embedding.weight": (config.vocab_size, config.embedding_dim), **_layers("encoder", config)}
    if isinstance(config, TranslationConfig):
        return shapes | _decoder(config)
    if isinstance(config, LanguageConfig):
        for direction in ("fwd", "bwd") if config.bidirectional else ("fwd",):
            shapes[f"projection.{direction}.weight"] = (config.embedding_dim, config.hidden_size)
        return shapes | {"bias": (config.vocab_size,)}
    if isinstance(config, CharConfig):
        if not config.tied:
            shapes["output.weight"] = (config.vocab_size, config.output_dim)
        shapes["output.bias"] = (config.vocab_size,)
        return shapes
    assert isinstance(config, ModelConfig)
    if config.pooling == "attention":
        shapes["pooling.proj.weight"] = (config.output_dim, config.output_dim)
        shapes["pooling.proj.bias"] = (config.output_dim,)
        shapes["pooling.query.weight"] = (1, config.output_dim)
    shapes["output.weight"] = (config.num_classes, config.pooled_dim)
    shapes["output.bias"] = (config.num_classes,)
    return shapes


def _layers(part: str, config: EncoderConfig) -> dict[str, tuple[int, ...]]:
    """The tensors of recurrent layers."""
    hidden, gates = config.hidden_size, _GATES[config.cell] * config.hidden_size
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(config.num_layers):
        width = config.embedding_dim if layer == 0 else config.inner_dim
        for direction in ("fwd", "bwd") if config.bidirectional else ("fwd",):
            prefix = f"{part}.layers.{layer}.{direction}."
            shapes[prefix + "weight_ih_l0"] = (gates, width)
            shapes[prefix + "weight_hh_l0"] = (gates, hidden)
            shapes[prefix + "bias_ih_l0"] = shapes[prefix + "bias_hh_l0"] = (gates,)
        if config.layer_norm:
            for name in ("weight", "bias"):
                shapes[f"{part}.layers.{layer}.norm.{name}"] = (config.output_dim,)
    return shapes


def _decoder(config: TranslationConfig) -> dict[str, tuple[int, ...]]:
    """The tensors of a translator's decoder."""
    hidden, memory = config.hidden_size, config.output_dim
    shapes = {**_layers("lower", config.lower), **_layers("upper", config.upper)}
    linear = {"bridge": (2 * hidden, memory), "readout": (config.embedding_dim, hidden + memory)}
    if config.attention:
        linear["attention.query"] = (hidden, hidden)
        shapes["attention.key.weight"] = (hidden, memory)
        shapes["attention.score.weight"] = (1, hidden)
    for name, shape in linear.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return shapes | {"output.bias": (config.vocab_size,)}


def check_weights(config: EncoderConfig, weights: Mapping[str, NDArray[Any]]) -> None:
    """Refuse weights that are not those of a model of this shape, or not finite.

    Raises:
        ArtifactError: Naming the tensor and what it should be.
    """
    expected = expected_shapes(config)
    for name in sorted(expected.keys() | weights.keys()):
        if name not in weights:
            raise ArtifactError(f"the tensor {name} is missing from the weights")
        if name not in expected:
            raise ArtifactError(f"the tensor {name} is none of a model of these settings")
        if weights[name].shape != expected[name]:
            raise ArtifactError(
                f"the tensor {name} has shape {weights[name].shape}; its settings ask for {expected[name]}"
            )
        if not np.isfinite(weights[name]).all():
            raise ArtifactError(f"the tensor {name} holds values that are not finite")


def embedding_weights(vectors: NDArray[Any], shape: tuple[int, int]) -> Weights:
    """Word vectors given by a user as the weights of an embedding.

    Raises:
        InputError: If they are not of this shape (V, E).
    """
    if np.shape(vectors) != shape:
        raise InputError(f"vectors must have the shape {shape}, got {np.shape(vectors)}")
    return {"embedding.weight": np.asarray(vectors, np.float32)}


def save(artifact: Artifact[EncoderConfig], folder: str | Path, *, dtype: str = "float32") -> Path:
    """Write a model folder; a reader never sees half of one.

    An empty folder is filled and an older model folder replaced (other files in it are kept).

    Args:
        artifact: The model.
        folder: Where; its parent folders are made.
        dtype: ``float32``; ``float16`` for half the size; ``int8``: the embedding in whole numbers with a
            scale for each row, the rest in float16.

    Returns:
        The folder.

    Raises:
        ArtifactError: If the model contradicts itself, or ``folder`` holds something else.
        ConfigError: If ``dtype`` is unknown.
    """
    from safetensors.numpy import save as to_bytes

    one_of("dtype", dtype, DTYPES)
    folder = check_destination(folder)
    try:
        weights = _packed(artifact.weights, dtype)
        _check(artifact, _unpacked(weights))
        files = {
            TOKENIZER: artifact.tokenizer.to_json().encode(),
            WEIGHTS: to_bytes(weights),
            CARD: artifact.card.encode(),
        }
        config = {
            "format": FORMAT,
            "task": artifact.task,
            "model": artifact.config.to_dict(),
            "classes": list(artifact.classes),
            "tokenizer": {name: getattr(artifact.tokenizer, name) for name in _TOKENIZER_KEYS},
            "temperature": float(artifact.temperature),
            "notes": artifact.notes,
        }
        sums = {name: hashlib.sha256(files[name]).hexdigest() for name in (TOKENIZER, WEIGHTS)}
        config["sha256"] = {CONFIG: _digest(config), **sums}
        files[CONFIG] = (json.dumps(config, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except (ArtifactError, TypeError, ValueError) as error:
        raise ArtifactError(f"This model cannot be saved to {folder}: {error}") from None

    return replace_folder(folder, files)


def replace_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write a model's files so that a reader sees the old ones or the new; other files are kept."""
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    try:
        fresh.mkdir(parents=True)
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        if old.exists() and not folder.exists():
            old.rename(folder)
    if old.exists():
        for entry in old.iterdir():
            if entry.name not in FILES:
                entry.rename(folder / entry.name)
        shutil.rmtree(old)
    return folder


def check_destination(folder: str | Path) -> Path:
    """The folder's absolute path, if a model may be written there: it is new, empty, or holds a model.

    Raises:
        ArtifactError: If it holds something else, or is a file.
    """
    folder = Path(folder).resolve()
    occupied = folder.is_dir() and any(folder.iterdir())
    if (folder.exists() and not folder.is_dir()) or (occupied and not _is_model(folder)):
        raise ArtifactError(f"{folder} exists and is no model folder: choose a new folder, or empty this one")
    return folder


@overload
def load(folder: str | Path, *, task: Literal["sentiment"] = ...) -> Artifact[ModelConfig]: ...
@overload
def load(folder: str | Path, *, task: Literal["generation"]) -> Artifact[CharConfig]: ...
@overload
def load(folder: str | Path, *, task: Literal["language"]) -> Artifact[LanguageConfig]: ...
@overload
def load(folder: str | Path, *, task: Literal["translation"]) -> Artifact[TranslationConfig]: ...
@overload
def load(folder: str | Path, *, task: str | None) -> Artifact[EncoderConfig]: ...
def load(folder: str | Path, *, task: str | None = "sentiment") -> Artifact[Any]:
    """Read a model folder and check all of it; float16 weights become float32.

    Args:
        folder: The model folder.
        task: What the model must be for; None takes any.

    Returns:
        The model.

    Raises:
        ArtifactError: If the folder is missing, incomplete, changed, contradictory, of a later format or made
            for another task.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ArtifactError(f"There is no model folder {folder}: give a folder that save_pretrained wrote")
    try:
        return _load(folder, task)
    except (ArtifactError, ConfigError, OSError) as error:
        raise ArtifactError(f"The model folder {folder} cannot be used: {error}") from None


def task_of(folder: str | Path) -> str | None:
    """What a model folder says it is for; None if it says nothing that can be read, or is none."""
    try:
        values = json.loads((Path(folder) / CONFIG).read_bytes())
    except (OSError, ValueError):
        return None
    return values.get("task") if isinstance(values, dict) else None


def fingerprint(folder: str | Path) -> str:
    """First 12 digits of the SHA-256 of a folder's weights: the short name of a model.

    Raises:
        ArtifactError: If the folder has no weights.
    """
    path = Path(folder) / WEIGHTS
    if not path.is_file():
        raise ArtifactError(f"There is no {WEIGHTS} in {folder}: give a folder that save_pretrained wrote")
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _load(folder: Path, task: str | None) -> Artifact[EncoderConfig]:
    values: dict[str, Any] = {}
    for name in (CONFIG, *FILES):  # what the model is for comes first: another task has other files
        if not (folder / name).is_file():
            raise ArtifactError(f"{name} is missing; copy the whole folder again")
        if not values:
            values = _read_config((folder / CONFIG).read_bytes(), task)
    content = {name: (folder / name).read_bytes() for name in (TOKENIZER, WEIGHTS)}
    for name, found in content.items():
        if hashlib.sha256(found).hexdigest() != values["sha256"][name]:
            raise ArtifactError(
                f"{name} is truncated or was changed (it does not match its checksum); copy the folder again"
            )
    text = content[TOKENIZER].decode(errors="replace")
    artifact = Artifact(
        task=values["task"],
        config=CONFIGS[values["task"]].from_dict(values["model"]),
        classes=tuple(values["classes"]),
        tokenizer=TextTokenizer.from_json(text, **values["tokenizer"]),
        weights=read_weights(content[WEIGHTS]),
        temperature=values["temperature"],
        card=(folder / CARD).read_text(encoding="utf-8", errors="replace"),
        notes=values["notes"],
    )
    _check(artifact, artifact.weights)
    if _digest(values) != values["sha256"][CONFIG]:
        raise ArtifactError(f"{CONFIG} was changed (it does not match its checksum); copy the folder again")
    return artifact


def _digest(values: Mapping[str, Any]) -> str:
    """Checksum of all of ``config.json`` but its checksums, whatever its layout."""
    content = {key: value for key, value in values.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _read_config(content: bytes, task: str | None) -> dict[str, Any]:
    """``config.json`` with its keys and its format, task and types checked; not yet what the values mean."""
    try:
        values = json.loads(content)
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError both are
        raise ArtifactError(f"{CONFIG} is not JSON ({error}); copy the folder again") from None
    if not isinstance(values, dict) or "format" not in values:
        raise ArtifactError(f"{CONFIG} is not a model's; give a folder that save_pretrained wrote")
    if values["format"] != FORMAT:
        raise ArtifactError(
            f"it has format {values['format']!r} and this one reads {FORMAT}; use the version that wrote it"
        )
    if values.get("task") not in (TASKS if task is None else (task,)):
        wanted = " or ".join(TASKS) if task is None else repr(task)
        raise ArtifactError(f"it was made for the task {values.get('task')!r}; give a model for {wanted}")
    _same_keys(CONFIG, values, _KEYS)
    tokenizer = values["tokenizer"]
    told = _LATER_KEYS | tokenizer if isinstance(tokenizer, dict) else tokenizer
    _same_keys(f"tokenizer in {CONFIG}", told, _TOKENIZER_KEYS)
    _same_keys(f"sha256 in {CONFIG}", values["sha256"], (CONFIG, TOKENIZER, WEIGHTS))
    for name, kind in (("model", dict), ("classes", list), ("notes", dict)):
        if not isinstance(values[name], kind):
            raise ArtifactError(f"{name} in {CONFIG} should be a {kind.__name__}, not {values[name]!r}")
    if not isinstance(values["tokenizer"]["max_tokens"], (int, type(None))):
        raise ArtifactError(f"max_tokens in {CONFIG} should be a whole number or null")
    return values


def read_weights(content: bytes) -> Weights:
    """Tensors of a safetensors file as float32."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    try:
        arrays = from_bytes(content)
    except (SafetensorError, KeyError, TypeError, ValueError, ImportError) as error:
        raise ArtifactError(f"{WEIGHTS} is not a safetensors file this version reads: {error}") from None
    for name, array in arrays.items():
        if array.dtype not in (np.float32, np.float16, np.int8):
            raise ArtifactError(f"the tensor {name} is {array.dtype}; weights are float32, float16 or int8")
    return _unpacked(arrays)


def _packed(weights: Weights, dtype: str) -> dict[str, NDArray[Any]]:
    """Weights as they are stored; in ``int8`` a row of the embedding is whole numbers and a scale."""
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused after it
        small = "float16" if dtype == "int8" else dtype
        packed = {name: np.ascontiguousarray(array, small) for name, array in weights.items()}
        if dtype == "int8":
            embedding_VE = weights["embedding.weight"]
            scale_V = np.abs(embedding_VE).max(axis=1) / np.float32(127)
            whole_VE = np.rint(embedding_VE / np.where(scale_V > 0, scale_V, 1)[:, None])
            packed["embedding.weight"] = whole_VE.astype(np.int8)
            packed["embedding.weight" + _SCALE] = scale_V
    return packed


def _unpacked(packed: Mapping[str, NDArray[Any]]) -> Weights:
    """Stored weights as float32."""
    weights: Weights = {}
    for name, array in packed.items():
        if name.endswith(_SCALE) and name.removesuffix(_SCALE) in packed:
            continue
        weights[name] = np.ascontiguousarray(array, np.float32)
        if array.dtype == np.int8:
            scale = packed.get(name + _SCALE)
            if scale is None or scale.shape != array.shape[:1]:
                raise ArtifactError(f"the tensor {name} is int8 and has no scale for each row; copy it again")
            weights[name] *= scale.reshape(-1, *(1,) * (array.ndim - 1))
    return weights


def _check(artifact: Artifact[EncoderConfig], weights: Mapping[str, NDArray[Any]]) -> None:
    """Refuse a model whose parts contradict each other: before saving, and after loading."""
    config, classes = artifact.config, artifact.classes
    one_of("task", artifact.task, TASKS)
    if not isinstance(config, CONFIGS[artifact.task]):
        raise ArtifactError(f"its settings are no {artifact.task} model's")
    if not all(isinstance(name, str) for name in classes) or len(set(classes)) != len(classes):
        raise ArtifactError(f"its classes {list(classes)} should be names that differ from each other")
    expected = config.num_classes if isinstance(config, ModelConfig) else 0
    if len(classes) != expected:
        raise ArtifactError(f"it names {len(classes)} classes and its settings have {expected}")
    temperature = artifact.temperature
    number = isinstance(temperature, (int, float)) and not isinstance(temperature, bool)
    if not number or not math.isfinite(temperature) or temperature <= 0:
        raise ArtifactError(f"its temperature {temperature!r} should be a finite number above 0")
    vocab = artifact.tokenizer.vocab
    last_id = artifact.tokenizer.token_to_id(vocab[-1]) if vocab else None
    if len(vocab) != config.vocab_size or last_id != len(vocab) - 1:
        raise ArtifactError(
            f"its vocabulary has {len(vocab)} tokens (last id {last_id}) and its embedding "
            f"{config.vocab_size} rows; {TOKENIZER} and {WEIGHTS} must come from the same training"
        )
    check_weights(config, weights)


def _same_keys(where: str, values: object, keys: tuple[str, ...]) -> None:
    if not isinstance(values, dict):
        raise ArtifactError(f"{where} should be an object with the keys {', '.join(keys)}")
    for key in [key for key in values if key not in keys]:
        raise ArtifactError(f"{where} has an unknown key {key!r}; its keys are {', '.join(keys)}")
    for key in [key for key in keys if key not in values]:
        raise ArtifactError(f"{where} lacks the key {key!r}; copy the folder again")


def _is_model(folder: Path) -> bool:
    """Whether a folder holds a model of any format, even a damaged one: what ``save`` may replace."""
    try:
        values = json.loads((folder / CONFIG).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(values, dict) and {"format", "task", "model"} <= values.keys()
