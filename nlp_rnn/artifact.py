"""A model is a folder of JSON and safetensors that loads alone and says what is wrong with it.

``config.json`` (task, settings, notes, checksums and what else the kind of model needs), ``tokenizer.json``
for models of text, ``model.safetensors`` (the torch model's own parameter names) and ``README.md`` (the model
card); where ``config.json`` names it, ``words.safetensors`` (words that are no typos). Six models have this
one format. Knows the files; runs nothing and imports no torch.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.config import (
    CharConfig,
    EncoderConfig,
    ForecastConfig,
    LanguageConfig,
    ModelConfig,
    Settings,
    SpotterConfig,
    TranslationConfig,
)
from nlp_rnn.errors import ArtifactError, ConfigError, in_range, one_of
from nlp_rnn.folder import CARD, CONFIG, TOKENIZER, WEIGHTS, WORDS, check_destination, replace_folder
from nlp_rnn.text.known import KnownWords
from nlp_rnn.text.reading import READINGS
from nlp_rnn.text.tokenizer import TextTokenizer
from nlp_rnn.weights import DTYPES, Weights, check_weights, from_bytes, to_bytes

FORMAT = 1
FINGERPRINT = 12
"""Digits of a checksum that name a model."""

TEXT_CONFIGS: dict[str, type[EncoderConfig]] = {
    "sentiment": ModelConfig,
    "classification": ModelConfig,
    "check-worthiness": ModelConfig,
    "generation": CharConfig,
    "language": LanguageConfig,
    "translation": TranslationConfig,
}
"""Task of each model of text, and the settings that it has."""
TASKS = (*TEXT_CONFIGS, "forecast", "keyword-spotting")

_TOKENIZER_KEYS = ("kind", "max_tokens", "mend_typos", "reading", "known_words")
_LATER_TOKENIZER_KEYS = {
    "mend_typos": False,
    "reading": 1,
    "known_words": None,
}  # what older folders do not say
_JSON_TYPES = {"model": dict, "notes": dict, "classes": list, "scaling": dict, "tail": list}

Config = TypeVar("Config", bound=Settings, covariant=True)
TextConfig = TypeVar("TextConfig", bound=EncoderConfig, covariant=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class Artifact(Generic[Config]):
    """A model as data: everything it needs to answer.

    Attributes:
        task: What the model is for, one of ``TASKS``.
        config: Shape of the model.
        weights: float32 arrays under the torch model's parameter names.
        card: The model card, Markdown.
        notes: Metrics, corpora and the like; any JSON.
        read_from: SHA-256 of the weights' file that it was read from; empty for what was just trained.
    """

    KEYS: ClassVar[tuple[str, ...]]
    """Keys of ``config.json`` besides those that every model has."""
    HASHED: ClassVar[tuple[str, ...]]
    """Files whose checksums stand in ``config.json``."""

    task: str
    config: Config
    weights: Weights
    card: str = ""
    notes: dict[str, Any] = field(default_factory=dict)
    read_from: str = ""

    def check(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Refuse a model whose parts contradict each other: before saving, and after loading.

        Args:
            weights: The model's own, as they come back from the number type in which they are stored.

        Raises:
            ArtifactError: Naming the part and what it should be.
        """
        raise NotImplementedError

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the bytes of the folder, which outlast changes of the code."""
        return _from_pickled, (to_files(self),)

    def own_values(self) -> dict[str, Any]:
        """Return the values of ``KEYS``, as JSON has them."""
        raise NotImplementedError

    def own_files(self) -> dict[str, bytes]:
        """Return the files that only this kind of model has."""
        return {}

    def hashed(self) -> tuple[str, ...]:
        """Return the names of the files whose checksums stand in ``config.json``."""
        return self.HASHED


@dataclass(frozen=True, kw_only=True, eq=False)
class TextArtifact(Artifact[TextConfig]):
    """A model of text.

    Attributes:
        classes: Name of each column of the answer; only a classifier has any.
        tokenizer: Text to ids.
        temperature: The logits are divided by it before the softmax.
    """

    KEYS = ("classes", "tokenizer", "temperature")
    HASHED = (TOKENIZER, WEIGHTS)

    classes: tuple[str, ...] = ()
    tokenizer: TextTokenizer
    temperature: float = 1.0

    def check(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Refuse classes, temperature, vocabulary or weights that do not fit the settings."""
        config, classes = self.config, self.classes
        one_of("task", self.task, tuple(TEXT_CONFIGS))
        if not isinstance(config, TEXT_CONFIGS[self.task]):
            raise ArtifactError(f"its settings are no {self.task} model's")
        if not all(isinstance(name, str) for name in classes) or len(set(classes)) != len(classes):
            raise ArtifactError(f"its classes {list(classes)} should be names that differ from each other")
        expected = config.num_classes if isinstance(config, ModelConfig) else 0
        if len(classes) != expected:
            raise ArtifactError(f"it names {len(classes)} classes and its settings have {expected}")
        try:
            right = in_range("temperature", self.temperature, 0, math.inf, open_high=True) > 0
        except ConfigError:
            right = False
        if not right:
            raise ArtifactError(f"its temperature {self.temperature!r} should be a finite number above 0")
        vocab = self.tokenizer.vocab
        last_id = self.tokenizer.token_to_id(vocab[-1]) if vocab else None
        if len(vocab) != config.vocab_size or last_id != len(vocab) - 1:
            raise ArtifactError(
                f"its vocabulary has {len(vocab)} tokens (last id {last_id}) and its embedding "
                f"{config.vocab_size} rows; {TOKENIZER} and {WEIGHTS} must come from the same training"
            )
        check_weights(config.shapes(), weights)

    def own_values(self) -> dict[str, Any]:
        """Return classes, the tokenizer's settings and the temperature."""
        return {
            "classes": list(self.classes),
            "tokenizer": self._tokenizer_values(),
            "temperature": float(self.temperature),
        }

    def _tokenizer_values(self) -> dict[str, Any]:
        """Return the tokenizer's settings; what the first reading does not have it does not say."""
        tokenizer = self.tokenizer
        values: dict[str, Any] = {
            name: getattr(tokenizer, name) for name in ("kind", "max_tokens", "mend_typos")
        }
        if tokenizer.reading != 1:
            values |= {"reading": tokenizer.reading, "known_words": WORDS if tokenizer.known_words else None}
        return values

    def own_files(self) -> dict[str, bytes]:
        """Return the tokenizer's file, and that of its known words, if it has any."""
        files = {TOKENIZER: self.tokenizer.to_json().encode()}
        if self.tokenizer.known_words is not None:
            files[WORDS] = self.tokenizer.known_words.to_bytes()
        return files

    def hashed(self) -> tuple[str, ...]:
        """Return the names of the files whose checksums stand in ``config.json``."""
        return self.HASHED if self.tokenizer.known_words is None else (*self.HASHED, WORDS)


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriesArtifact(Artifact[ForecastConfig]):
    """A model of series.

    Attributes:
        scaling: From values to the network's units: ``mean``, ``scale`` and ``drift`` of each series,
            and ``log``; older folders have no ``drift``, which is 0.
        tail_CF: The last steps of the series that the model was fitted on, *shape (C, F)*, so that a saved
            model goes on where its series ended.
    """

    KEYS = ("scaling", "tail")
    HASHED = (WEIGHTS,)

    task: str = "forecast"
    scaling: Mapping[str, Any]
    tail_CF: NDArray[np.float64]

    def check(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Refuse weights, scaling or last steps that do not fit the settings."""
        config, series = self.config, len(self.config.read)
        one_of("task", self.task, ("forecast",))
        check_weights(config.shapes(), weights)
        each = ["mean", "scale"] + ["drift"] * ("drift" in self.scaling)
        _same_keys(f"scaling in {CONFIG}", self.scaling, (*each, "log"))
        try:
            numbers = np.array([self.scaling[key] for key in each], np.float64)
        except (TypeError, ValueError):
            numbers = np.empty(0)
        if numbers.shape != (len(each), series) or not np.isfinite(numbers).all() or (numbers[1] <= 0).any():
            raise ArtifactError(f"its scaling should be finite numbers for {series} series")
        tail_CF = self.tail_CF
        if self.scaling["log"] != config.log or tail_CF.shape != (config.context, series):
            raise ArtifactError("its scaling and its last steps do not fit its settings")
        if not np.isfinite(tail_CF).all():
            raise ArtifactError("its last steps should be finite numbers")

    def own_values(self) -> dict[str, Any]:
        """Return the scaling and the last steps."""
        return {"scaling": dict(self.scaling), "tail": self.tail_CF.tolist()}


@dataclass(frozen=True, kw_only=True, eq=False)
class AudioArtifact(Artifact[SpotterConfig]):
    """A model of sounds.

    Attributes:
        scaling: ``mean`` and ``scale`` of each mel band: the network reads it less the one, over the other.
        threshold: The score from which a stream has a detection.
    """

    KEYS = ("scaling", "threshold")
    HASHED = (WEIGHTS,)

    task: str = "keyword-spotting"
    scaling: Mapping[str, Any]
    threshold: float

    def check(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Refuse weights, scaling or threshold that do not fit the settings."""
        one_of("task", self.task, ("keyword-spotting",))
        check_weights(self.config.shapes(), weights)
        _same_keys(f"scaling in {CONFIG}", self.scaling, ("mean", "scale"))
        try:
            numbers = np.array([self.scaling["mean"], self.scaling["scale"]], np.float64)
        except (TypeError, ValueError):
            numbers = np.empty(0)
        if (
            numbers.shape != (2, self.config.bands)
            or not np.isfinite(numbers).all()
            or (numbers[1] <= 0).any()
        ):
            raise ArtifactError(f"its scaling should be finite numbers for {self.config.bands} bands")
        try:
            in_range("threshold", self.threshold, 0, 1)
        except ConfigError as error:
            raise ArtifactError(f"its threshold is none: {error}") from None

    def own_values(self) -> dict[str, Any]:
        """Return the scaling and the threshold."""
        return {"scaling": dict(self.scaling), "threshold": float(self.threshold)}


def save(artifact: Artifact[Settings], folder: str | Path, *, dtype: str = "float32") -> Path:
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
    one_of("dtype", dtype, DTYPES)
    folder = check_destination(folder)
    try:
        files = to_files(artifact, dtype)
    except (ArtifactError, TypeError, ValueError) as error:
        raise ArtifactError(f"This model cannot be saved to {folder}: {error}") from None
    return replace_folder(folder, files)


def to_files(artifact: Artifact[Settings], dtype: str = "float32") -> dict[str, bytes]:
    """Return the content of each file of a model's folder.

    Raises:
        ArtifactError, TypeError, ValueError: If the model contradicts itself, or its notes are no JSON.
    """
    weights = to_bytes(artifact.weights, dtype)
    artifact.check(from_bytes(weights))
    files = {**artifact.own_files(), WEIGHTS: weights, CARD: artifact.card.encode()}
    values = {
        "format": FORMAT,
        "task": artifact.task,
        "model": artifact.config.to_dict(),
        **artifact.own_values(),
        "notes": artifact.notes,
    }
    sums = {name: hashlib.sha256(files[name]).hexdigest() for name in artifact.hashed()}
    values["sha256"] = {CONFIG: _digest(values), **sums}
    files[CONFIG] = (json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
    return files


def load(folder: str | Path, *, tasks: tuple[str, ...] = TASKS) -> Artifact[Any]:
    """Read a model folder and check all of it; smaller number types become float32.

    Args:
        folder: The model folder.
        tasks: What the model may be for.

    Returns:
        The model: a ``TextArtifact``, a ``SeriesArtifact`` for the task ``forecast``, or an ``AudioArtifact``
        for ``keyword-spotting``.

    Raises:
        ArtifactError: If the folder is missing, incomplete, changed, contradictory, of a later format or made
            for another task.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ArtifactError(f"There is no model folder {folder}: give a folder that save_pretrained wrote")
    if not (folder / CONFIG).is_file() and (folder / "model" / CONFIG).is_file():
        raise ArtifactError(f"{folder} is the folder of a training: its model is {folder / 'model'}")
    try:
        return from_files(partial(_content, folder), tasks)
    except (ArtifactError, ConfigError, OSError) as error:
        raise ArtifactError(f"The model folder {folder} cannot be used: {error}") from None


def fingerprint(folder: str | Path) -> str:
    """Return the first digits of the SHA-256 of a folder's weights: the short name of a model.

    Raises:
        ArtifactError: If the folder has no weights.
    """
    path = Path(folder) / WEIGHTS
    if not path.is_file():
        raise ArtifactError(f"There is no {WEIGHTS} in {folder}: give a folder that save_pretrained wrote")
    return hashlib.sha256(path.read_bytes()).hexdigest()[:FINGERPRINT]


def from_files(content_of: Callable[[str], bytes], tasks: tuple[str, ...] = TASKS) -> Artifact[Any]:
    """Return the model whose folder has these files, all of it checked.

    Args:
        content_of: The content of a file, by its name.
        tasks: What the model may be for.

    Raises:
        ArtifactError: As ``load``.
    """
    # What the model is for comes first: it says which other files there should be.
    values = _read_config(content_of(CONFIG), tasks)
    hashed = [name for name in values["sha256"] if name != CONFIG]
    content = {name: content_of(name) for name in (*hashed, CARD)}
    for name in hashed:
        if hashlib.sha256(content[name]).hexdigest() != values["sha256"][name]:
            raise ArtifactError(
                f"{name} is truncated or was changed (it does not match its checksum); copy the folder again"
            )
    artifact = _artifact(values, content)
    artifact.check(artifact.weights)
    # At last, for the checks before it have the clearer words; folders of older forecasters have no such sum.
    if _digest(values) != values["sha256"].get(CONFIG, _digest(values)):
        raise ArtifactError(f"{CONFIG} was changed (it does not match its checksum); copy the folder again")
    return artifact


def _from_pickled(files: dict[str, bytes]) -> Artifact[Any]:
    """Return the model of a folder's files."""
    return from_files(files.__getitem__)


def _content(folder: Path, name: str) -> bytes:
    """Return the bytes of a file of a model."""
    if not (folder / name).is_file():
        raise ArtifactError(f"{name} is missing; copy the whole folder again")
    return (folder / name).read_bytes()


def _kind(task: str) -> type[Artifact[Any]]:
    """Return the class of a task's models."""
    if task in TEXT_CONFIGS:
        return TextArtifact
    return SeriesArtifact if task == "forecast" else AudioArtifact


def _artifact(values: dict[str, Any], content: dict[str, bytes]) -> Artifact[Any]:
    """Return the model of these values and files."""
    common: dict[str, Any] = {
        "task": values["task"],
        "weights": from_bytes(content[WEIGHTS]),
        "card": content[CARD].decode(errors="replace"),
        "notes": values["notes"],
        "read_from": values["sha256"][WEIGHTS],
    }
    if values["task"] in TEXT_CONFIGS:
        text = content[TOKENIZER].decode(errors="replace")
        settings = dict(values["tokenizer"])
        if settings.get("known_words") is not None:
            settings["known_words"] = KnownWords.from_bytes(content[WORDS])
        return TextArtifact(
            config=TEXT_CONFIGS[values["task"]].from_dict(values["model"]),
            classes=tuple(values["classes"]),
            tokenizer=TextTokenizer.from_json(text, **settings),
            temperature=values["temperature"],
            **common,
        )
    if values["task"] == "keyword-spotting":
        return AudioArtifact(
            config=SpotterConfig.from_dict(values["model"]),
            scaling=values["scaling"],
            threshold=values["threshold"],
            **common,
        )
    try:
        tail_CF = np.array(values["tail"], np.float64)
    except (TypeError, ValueError):
        raise ArtifactError("its last steps should be rows of numbers") from None
    config = ForecastConfig.from_dict(values["model"])
    return SeriesArtifact(config=config, scaling=values["scaling"], tail_CF=tail_CF, **common)


def _digest(values: Mapping[str, Any]) -> str:
    """Return a checksum of all of ``config.json`` but its checksums, whatever its layout."""
    content = {key: value for key, value in values.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _read_config(content: bytes, tasks: tuple[str, ...]) -> dict[str, Any]:
    """Return ``config.json`` with its keys, format, task and types checked; not yet what the values mean."""
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
    task = values.get("task")
    if task not in tasks:
        wanted = " or ".join(map(repr, tasks))
        raise ArtifactError(f"it was made for the task {task!r}; give a model for {wanted}")
    kind = _kind(task)
    _same_keys(CONFIG, values, ("format", "task", "model", *kind.KEYS, "notes", "sha256"))
    for name, json_type in _JSON_TYPES.items():
        if not isinstance(values.get(name, json_type()), json_type):
            raise ArtifactError(f"{name} in {CONFIG} should be a {json_type.__name__}, not {values[name]!r}")
    hashed = (CONFIG, *kind.HASHED)
    if kind is TextArtifact:
        _check_tokenizer(values["tokenizer"])
        hashed += () if values["tokenizer"].get("known_words") is None else (WORDS,)
    if kind is SeriesArtifact and isinstance(values["sha256"], dict) and CONFIG not in values["sha256"]:
        hashed = kind.HASHED  # forecasters once had no checksum of their settings
    _same_keys(f"sha256 in {CONFIG}", values["sha256"], hashed)
    return values


def _check_tokenizer(settings: object) -> None:
    """Refuse settings of a tokenizer that are none."""
    complete = _LATER_TOKENIZER_KEYS | settings if isinstance(settings, dict) else settings
    _same_keys(f"tokenizer in {CONFIG}", complete, _TOKENIZER_KEYS)
    assert isinstance(settings, dict)
    if not isinstance(settings["max_tokens"], (int, type(None))):
        raise ArtifactError(f"max_tokens in {CONFIG} should be a whole number or null")
    reading = settings.get("reading", 1)
    if isinstance(reading, bool) or reading not in READINGS:
        known = " and ".join(map(str, READINGS))
        raise ArtifactError(
            f"it has the reading {reading!r} and this version knows {known}: it was made by a newer version; "
            "use that one"
        )
    if settings.get("known_words") not in (None, WORDS):
        raise ArtifactError(f"known_words in {CONFIG} should be {WORDS!r} or null")


def _same_keys(where: str, values: object, keys: tuple[str, ...]) -> None:
    """Refuse what is no JSON object with these keys and no others."""
    if not isinstance(values, Mapping):
        raise ArtifactError(f"{where} should be an object with the keys {', '.join(keys)}")
    for key in [key for key in values if key not in keys]:
        raise ArtifactError(f"{where} has an unknown key {key!r}; its keys are {', '.join(keys)}")
    for key in [key for key in keys if key not in values]:
        raise ArtifactError(f"{where} lacks the key {key!r}; copy the folder again")
