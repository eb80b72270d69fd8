"""Settings of models and of training: frozen, keyword-only, and refusing nonsense.

Knows no tensors and imports neither NumPy nor torch. A model's settings are saved in its
``config.json``; an unknown key there is an error, not something to ignore.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from nlp_rnn.errors import ConfigError, in_range, one_of, true_or_false, whole_number

if TYPE_CHECKING:
    from typing_extensions import Self

CELLS = ("rnn", "gru", "lstm")
POOLINGS = ("last", "mean", "max", "mean+max", "attention")
PRECISIONS = ("no", "fp16", "bf16")
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
"""Gates of each cell; a recurrent weight has as many blocks."""
LABEL_FREE = ("virtual_adversarial", "entropy", "consistency")
NO_KEYWORDS = ("unknown", "silence")
"""Labels of clips that hold other words, and none."""
_WIDEST = 2**24
OBJECTIVES = ("adversarial", "pairing", *LABEL_FREE)

Own = TypeVar("Own", bound="Settings")
Shapes = dict[str, tuple[int, ...]]
"""Shape of each tensor, by its name in the torch model's state dict and in ``model.safetensors``."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Base of all settings: they have a dict form and refuse unknown keys."""

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls: type[Own], values: Mapping[str, Any]) -> Own:
        """Settings from plain values.

        Raises:
            ConfigError: On an unknown key, a missing key, or a value out of range.
        """
        known = [each.name for each in fields(cls)]
        unknown = [key for key in values if key not in known]
        if unknown:
            raise ConfigError(f"Unknown setting {unknown[0]!r}; the settings are {', '.join(known)}")
        try:
            return cls(**values)
        except TypeError as error:
            raise ConfigError(f"{cls.__name__}: {error}") from None

    def _set(self, name: str, value: object) -> None:
        """Keep a value in the form in which it is saved: NumPy's numbers as Python's, lists as tuples."""
        object.__setattr__(self, name, value)

    def _numbers(self, names: str, low: float, high: float, *, open_high: bool = False) -> None:
        """Refuse settings that are no numbers in this range."""
        for name in names.split():
            self._set(name, in_range(name, getattr(self, name), low, high, open_high=open_high))

    def _whole_numbers(self, names: str, low: int, high: int = 2**31) -> None:
        """Refuse settings that are no whole numbers in this range."""
        for name in names.split():
            self._set(name, whole_number(name, getattr(self, name), low, high))

    def _flags(self, names: str) -> None:
        """Refuse settings that are neither true nor false."""
        for name in names.split():
            self._set(name, true_or_false(name, getattr(self, name)))


def settings_of(kind: type[Own], given: object) -> Own:
    """Return the settings given, or those of ``kind`` if None is.

    Raises:
        ConfigError: If something else is given.
    """
    if given is None:
        return kind()
    if not isinstance(given, kind):
        hint = f"{kind.__name__}(**settings)" if isinstance(given, Mapping) else f"a {kind.__name__}"
        raise ConfigError(f"config must be a {kind.__name__}, got {type(given).__name__}: give {hint}")
    return given


@dataclass(frozen=True, kw_only=True)
class EncoderConfig(Settings):
    """Shape of an embedding and the recurrent encoder over it: what every model has.

    Attributes:
        vocab_size: Rows of the embedding.
        cell: ``rnn`` (Elman, tanh), ``gru`` or ``lstm``.
        embedding_dim, hidden_size, num_layers, bidirectional: As in torch's own recurrent layers;
            ``hidden_size`` is per direction.
        layer_norm: Normalise the output of each recurrent layer.
    """

    vocab_size: int
    cell: str = "lstm"
    embedding_dim: int = 128
    hidden_size: int = 128
    num_layers: int = 1
    bidirectional: bool = True
    layer_norm: bool = False

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        one_of("cell", self.cell, CELLS)
        self._whole_numbers("vocab_size", 2, _WIDEST)
        self._whole_numbers("embedding_dim hidden_size num_layers", 1, _WIDEST)
        self._flags("bidirectional layer_norm")

    @property
    def output_dim(self) -> int:
        """Width of the encoder's output at each step."""
        return self.hidden_size * (2 if self.bidirectional else 1)

    @property
    def inner_dim(self) -> int:
        """Width of what each layer after the first reads: both directions of the layer below."""
        return self.output_dim

    def shapes(self) -> Shapes:
        """Return the shape of every tensor of a model with these settings."""
        return {"embedding.weight": (self.vocab_size, self.embedding_dim), **self.layer_shapes("encoder")}

    def layer_shapes(self, part: str) -> Shapes:
        """Return the shapes of the recurrent layers alone, under the name that the model gives them."""
        gates = GATES[self.cell] * self.hidden_size
        shapes: Shapes = {}
        for layer in range(self.num_layers):
            width = self.embedding_dim if layer == 0 else self.inner_dim
            for direction in ("fwd", "bwd") if self.bidirectional else ("fwd",):
                prefix = f"{part}.layers.{layer}.{direction}."
                shapes[prefix + "weight_ih_l0"] = (gates, width)
                shapes[prefix + "weight_hh_l0"] = (gates, self.hidden_size)
                shapes[prefix + "bias_ih_l0"] = shapes[prefix + "bias_hh_l0"] = (gates,)
            if self.layer_norm:
                for name in ("weight", "bias"):
                    shapes[f"{part}.layers.{layer}.norm.{name}"] = (self.output_dim,)
        return shapes


@dataclass(frozen=True, kw_only=True)
class ModelConfig(EncoderConfig):
    """Shape of a classifier: embedding, recurrent encoder, pooling, linear head.

    Attributes:
        num_classes: Columns of the answer.
        pooling: How the outputs of all time steps become one vector.
        wide_rows: Rows of the wide path, a linear model of hashed runs of one to three tokens beside the
            recurrent one (wide and deep; Cheng et al. 2016); 0 for none.
    """

    num_classes: int
    pooling: str = "mean+max"
    wide_rows: int = 0

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        super().__post_init__()
        one_of("pooling", self.pooling, POOLINGS)
        self._whole_numbers("num_classes", 2, _WIDEST)
        self._whole_numbers("wide_rows", 0, _WIDEST)

    @property
    def pooled_dim(self) -> int:
        """Width of the pooled vector."""
        return self.output_dim * (2 if self.pooling == "mean+max" else 1)

    def shapes(self) -> Shapes:
        """Return the shape of every tensor: the encoder's, those of pooling and wide path, the head's."""
        shapes = super().shapes()
        if self.pooling == "attention":
            shapes |= _linear("pooling.proj", self.output_dim, self.output_dim)
            shapes["pooling.query.weight"] = (1, self.output_dim)
        if self.wide_rows:
            shapes["wide.weight"] = (self.wide_rows, self.num_classes)
        return shapes | _linear("output", self.num_classes, self.pooled_dim)


@dataclass(frozen=True, kw_only=True)
class LanguageConfig(EncoderConfig):
    """Shape of a pair of language models, forward and backward, that share embedding and output.

    The output's weight is the embedding (Press & Wolf 2017), behind a projection for each direction.
    ``bidirectional=False`` has the forward one alone.
    """

    def __post_init__(self) -> None:
        """Refuse values outside their range, and what would show a direction the word it is to predict."""
        super().__post_init__()
        if self.layer_norm:
            raise ConfigError(
                "layer_norm joins both directions, so each would see the word that it is to predict: "
                "pretrain without it"
            )

    @property
    def inner_dim(self) -> int:
        """Width of what each layer after the first reads: its own direction of the layer below."""
        return self.hidden_size

    def shapes(self) -> Shapes:
        """Return the shape of every tensor: the encoder's, a projection for each direction, a bias."""
        shapes = super().shapes()
        for direction in ("fwd", "bwd") if self.bidirectional else ("fwd",):
            shapes[f"projection.{direction}.weight"] = (self.embedding_dim, self.hidden_size)
        return shapes | {"bias": (self.vocab_size,)}


@dataclass(frozen=True, kw_only=True)
class CharConfig(EncoderConfig):
    """Shape of a character model: embedding, one-way recurrent encoder, a logit for each character.

    Attributes:
        tied: The output's weight is the embedding (Press & Wolf 2017), so both are equally wide.
    """

    embedding_dim: int = 64
    hidden_size: int = 256
    bidirectional: bool = False
    tied: bool = False

    def __post_init__(self) -> None:
        """Refuse values outside their range, and those that contradict each other."""
        super().__post_init__()
        self._whole_numbers("num_layers", 1, 4)
        if self.bidirectional:
            raise ConfigError("a character model reads one way: bidirectional should be false")
        self._flags("tied")
        if self.tied and self.embedding_dim != self.hidden_size:
            raise ConfigError(
                f"tied weights need embedding_dim ({self.embedding_dim}) and hidden_size "
                f"({self.hidden_size}) to be equal"
            )

    def shapes(self) -> Shapes:
        """Return the shape of every tensor; a tied output has a bias alone."""
        output = _linear("output", self.vocab_size, self.output_dim)
        if self.tied:
            del output["output.weight"]
        return super().shapes() | output


@dataclass(frozen=True, kw_only=True)
class ForecastConfig(Settings):
    """Shape of a forecaster: a recurrent encoder over the last steps, a linear head of quantiles.

    Attributes:
        columns: Names of the series that are forecast.
        reads: Names of all series that are read, those that are forecast among them, in their order; none:
            the same as ``columns``. With some that are only read, the network sees changes and levels of all.
        context: Steps read before a forecast.
        horizon: Steps forecast at once.
        quantiles: Levels of the quantiles forecast, rising; the median, 0.5, is the forecast itself.
        cell, hidden_size, num_layers: As in ``EncoderConfig``.
        log: The logarithm is forecast, for series that grow by shares; they are positive.
        carried: The network was trained with its state carried along the series (truncated
            back-propagation through time), so it reads levels and changes instead of normalised windows.
        level: Levels as they are, as in folders of older versions; else counted from the series' moving mean
            (an exponential one, of about ``context`` steps), so that a trend leaves no range that was seen.
        linear: A linear autoregression over the window is added to the network's answer (LSTNet, Lai et al.
            2018, section 3.6). It reads windows, so not with ``carried``.
        sampled: The forecast of a closed loop is the median of many sampled futures. False, as in folders of
            older versions: of one future, into which each forecast's median is fed back.
        tails: Sampled futures may go far beyond the outermost quantiles, each step with an exponential tail.
            False, as in folders of older versions: no further than a straight line through the two outermost.
        persistence: How alike the steps of one forecast are drawn: the chance that a step has the level of
            the step before it, which is the rank correlation of their errors. 1, as in folders of older
            versions, draws all at one level.
    """

    columns: tuple[str, ...]
    context: int = 24
    horizon: int = 1
    quantiles: tuple[float, ...] = (0.1, 0.25, 0.5, 0.75, 0.9)
    cell: str = "lstm"
    hidden_size: int = 32
    num_layers: int = 1
    log: bool = False
    carried: bool = False
    level: bool = True
    linear: bool = False
    sampled: bool = False
    tails: bool = False
    persistence: float = 1.0
    reads: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse values outside their range; lists, as JSON has them, become tuples."""
        self._set("columns", tuple(self.columns))
        self._set("reads", tuple(self.reads))
        self._whole_numbers("context", 2, _WIDEST)
        self._whole_numbers("horizon hidden_size num_layers", 1, _WIDEST)
        self._flags("log carried linear level sampled tails")
        self._numbers("persistence", 0, 1)
        if not self.columns or len(set(self.columns)) != len(self.columns):
            raise ConfigError(f"Invalid columns {self.columns!r}; they should be names that differ")
        if self.reads and (
            len(set(self.reads)) != len(self.reads) or not set(self.columns) < set(self.reads)
        ):
            raise ConfigError(
                f"Invalid reads {self.reads!r}; they should be names that differ, {', '.join(self.columns)} "
                "and others"
            )
        self._set("quantiles", tuple(in_range("quantiles", level, 0.001, 0.999) for level in self.quantiles))
        if 0.5 not in self.quantiles or list(self.quantiles) != sorted(set(self.quantiles)):
            raise ConfigError(f"Invalid quantiles {self.quantiles!r}; they should rise and include 0.5")
        if self.carried and self.linear:
            raise ConfigError("linear reads whole windows: with a carried state it should be false")
        _ = self.encoder

    @property
    def read(self) -> tuple[str, ...]:
        """Names of all series that are read."""
        return self.reads or self.columns

    @property
    def beside(self) -> tuple[str, ...]:
        """Names of the series that are read and not forecast."""
        return tuple(name for name in self.reads if name not in self.columns)

    @property
    def places(self) -> list[int]:
        """Where the series that are forecast stand among those that are read."""
        return [self.read.index(name) for name in self.columns]

    @property
    def encoder(self) -> EncoderConfig:
        """The encoder's shape; there is no vocabulary, so ``vocab_size`` is the least allowed."""
        return EncoderConfig(
            vocab_size=2,
            cell=self.cell,
            embedding_dim=len(self.read) * (2 if self.carried or self.reads else 1),
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            bidirectional=False,
        )

    @property
    def output_dim(self) -> int:
        """Numbers in a forecast: steps, series, quantiles."""
        return self.horizon * len(self.columns) * len(self.quantiles)

    def shapes(self) -> Shapes:
        """Return the shape of every tensor: the recurrent layers', the head's, the linear path's."""
        shapes = self.encoder.layer_shapes("encoder") | _linear("output", self.output_dim, self.hidden_size)
        if self.linear:
            shapes["linear.weight"] = (
                (self.output_dim, self.context * self.encoder.embedding_dim)
                if self.reads
                else (self.horizon * len(self.quantiles), self.context)
            )
        return shapes


@dataclass(frozen=True, kw_only=True)
class SpotterConfig(Settings):
    """Shape of a keyword spotter: log-mel frames, a one-way recurrent encoder, heads for clips and for steps.

    Attributes:
        classes: The labels of clips, in the order of the answer's columns. ``unknown`` (other words) and
            ``silence`` are no keywords: a stream's detections never name them.
        sample_rate: Samples a second of what is read.
        window_ms, hop_ms: Length of a frame, and the distance to the next, in milliseconds.
        stack: Frames that are read in one step, side by side.
        bands: Mel bands of a frame.
        low_hz: Lower edge of the lowest band; the upper edge of the highest is half the sample rate.
        cell, hidden_size, num_layers: As in ``EncoderConfig``.
        smoothing: Steps whose scores are averaged before a detection.
        refractory: Steps in which a word is heard once: a detection has the best score of so many steps
            before and after it.
    """

    classes: tuple[str, ...]
    sample_rate: int = 8_000
    window_ms: int = 25
    hop_ms: int = 10
    stack: int = 2
    bands: int = 32
    low_hz: int = 60
    cell: str = "gru"
    hidden_size: int = 80
    num_layers: int = 1
    smoothing: int = 6
    refractory: int = 20

    def __post_init__(self) -> None:
        """Refuse values outside their range; lists, as JSON has them, become tuples."""
        self._set("classes", tuple(self.classes))
        if not all(isinstance(name, str) and name for name in self.classes):
            raise ConfigError(f"Invalid classes {self.classes!r}; they should be names")
        if len(self.classes) < 2 or len(set(self.classes)) != len(self.classes) or not self.keywords:
            raise ConfigError(
                f"Invalid classes {self.classes!r}; they should be two or more that differ, one a keyword"
            )
        self._whole_numbers("sample_rate", 4_000, 48_000)
        self._whole_numbers("window_ms hop_ms", 1, 200)
        self._whole_numbers("stack", 1, 8)
        self._whole_numbers("bands", 8, 80)
        self._whole_numbers("low_hz", 0, self.sample_rate // 4)
        self._whole_numbers("smoothing refractory", 1, 1_000)
        self._whole_numbers("hidden_size num_layers", 1)
        _ = self.encoder

    @property
    def keywords(self) -> tuple[str, ...]:
        """The classes that a stream is searched for."""
        return tuple(name for name in self.classes if name not in NO_KEYWORDS)

    @property
    def encoder(self) -> ModelConfig:
        """The shape of encoder, pooling and head of clips; of a vocabulary, the least."""
        return ModelConfig(
            vocab_size=2,
            num_classes=len(self.classes),
            cell=self.cell,
            embedding_dim=self.bands * self.stack,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            bidirectional=False,
        )

    @property
    def step_seconds(self) -> float:
        """The time from one step to the next."""
        return self.hop_ms * self.stack / 1_000

    def shapes(self) -> Shapes:
        """Return the shape of every tensor: the recurrent layers', the clips' head's, the steps' head's."""
        shapes = self.encoder.layer_shapes("encoder")
        shapes |= _linear("output", len(self.classes), self.encoder.pooled_dim)
        return shapes | _linear("steps", 1 + len(self.keywords), self.hidden_size)


@dataclass(frozen=True, kw_only=True)
class TranslationConfig(EncoderConfig):
    """Shape of an encoder-decoder: one embedding for both languages, a two-way encoder, two decoder layers.

    Attributes:
        hidden_size: Of each direction of the encoder and each layer of the decoder.
        num_layers: Of the encoder.
        attention: Each step of the decoder sees a mean of the encoder's outputs, weighted anew (Bahdanau et
            al. 2015); without it, all steps see the same vector: what each direction of the encoder wrote
            last (Cho et al. 2014).
    """

    embedding_dim: int = 192
    hidden_size: int = 192
    attention: bool = True

    def __post_init__(self) -> None:
        """Refuse values outside their range, and an encoder that reads one way."""
        super().__post_init__()
        self._flags("attention")
        if not self.bidirectional:
            raise ConfigError("a translator's encoder reads both ways: bidirectional should be true")

    @property
    def lower(self) -> EncoderConfig:
        """The decoder's lower layer, which reads what has been written."""
        return self._decoder_layer(self.embedding_dim)

    @property
    def upper(self) -> EncoderConfig:
        """The decoder's upper layer, which reads the lower one and the context."""
        return self._decoder_layer(self.hidden_size + self.output_dim)

    def shapes(self) -> Shapes:
        """Return the shape of every tensor: the encoder's, both decoder layers', attention and output."""
        hidden, memory = self.hidden_size, self.output_dim
        shapes = super().shapes() | self.lower.layer_shapes("lower") | self.upper.layer_shapes("upper")
        shapes |= _linear("bridge", 2 * hidden, memory)
        shapes |= _linear("readout", self.embedding_dim, hidden + memory)
        if self.attention:
            shapes |= _linear("attention.query", hidden, hidden)
            shapes |= {"attention.key.weight": (hidden, memory), "attention.score.weight": (1, hidden)}
        return shapes | {"output.bias": (self.vocab_size,)}

    def _decoder_layer(self, width: int) -> EncoderConfig:
        return EncoderConfig(
            vocab_size=self.vocab_size,
            cell=self.cell,
            embedding_dim=width,
            hidden_size=self.hidden_size,
            bidirectional=False,
        )


class Usual(NamedTuple):
    """What a training takes that is left to the data, and what it changes where these are few.

    Attributes:
        max_epochs, batch_size, patience: The settings where there is enough to learn from.
        least_steps: Fewer steps than these teach a network little: a small set gets smaller batches, then
            more epochs.
        least_batch: The smallest batch that is chosen.
    """

    max_epochs: int
    batch_size: int
    patience: int
    least_steps: int
    least_batch: int


MOST_EPOCHS = 200
"""Epochs that are chosen at most, however few rows there are."""


@dataclass(frozen=True, kw_only=True)
class LoopConfig(Settings):
    """Settings of every training run; the loop knows no more.

    Attributes:
        USUAL: What ``max_epochs``, ``batch_size`` and ``patience`` are where they are None and the data are
            enough; ``settled`` says what they are else.
        max_epochs: Passes over the training texts at most; None: as the data ask for.
        batch_size: Texts (or streams) in a batch at most; None: as the data ask for.
        learning_rate: Peak of the schedule (linear warm-up, then a cosine to zero).
        embedding_rate: The embedding's learning rate over the rest's; below 1 keeps given vectors general.
        encoder_rate: The recurrent layers' learning rate over the head's: with ``embedding_rate`` below it,
            discriminative fine-tuning (Howard & Ruder 2018, section 3.2).
        frozen_epochs: Epochs in which the head learns alone; the embedding waits as many again (gradual
            unfreezing, section 3.3 there).
        warmup: Share of all steps spent warming up.
        weight_decay: Decoupled, as in AdamW (Loshchilov & Hutter 2019); not on biases and norms.
        max_grad_norm: The gradient's norm is clipped to this (Pascanu 2013).
        ema_decay: Decay of the average of the weights that is kept and evaluated; 0 keeps none.
        patience: Epochs without a better validation figure before stopping; None: as the data ask for.
        dropout, weight_dropout: Locked, between layers and before the head (Gal & Ghahramani 2016); on the
            recurrent weights (Merity 2018).
        checkpoint_every: Steps between checkpoints (if a folder is given); 0 means at each epoch's end only.
        precision: ``no`` (fp32), ``fp16`` or ``bf16``, through ``accelerate``.
        seed: Of initialisation, order of texts and dropout.
    """

    USUAL: ClassVar[Usual] = Usual(max_epochs=5, batch_size=256, patience=3, least_steps=400, least_batch=16)

    max_epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float = 2e-3
    embedding_rate: float = 1.0
    encoder_rate: float = 1.0
    frozen_epochs: int = 0
    warmup: float = 0.05
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    ema_decay: float = 0.999
    patience: int | None = None
    dropout: float = 0.3
    weight_dropout: float = 0.0
    checkpoint_every: int = 0
    precision: str = "no"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        one_of("precision", self.precision, PRECISIONS)
        for name in ("max_epochs", "batch_size", "patience"):
            if getattr(self, name) is not None:
                self._whole_numbers(name, 1)
        self._numbers("warmup ema_decay dropout weight_dropout", 0, 1, open_high=True)
        self._numbers("learning_rate", 1e-8, 10)
        self._numbers("embedding_rate encoder_rate weight_decay", 0, 10)
        self._numbers("max_grad_norm", 1e-6, 1e6)
        self._whole_numbers("frozen_epochs checkpoint_every", 0)
        self._whole_numbers("seed", 0, 2**31 - 1)

    def settled(self, steps_of: Callable[[int], int]) -> Self:
        """Return the same settings, with numbers for what was left to the data.

        What was given stays. Where the usual settings would take fewer steps than ``USUAL.least_steps``, the
        batch is halved, down to the smallest, and then there are more epochs; ``patience`` waits for a
        quarter of these steps, and for half of the epochs where these are more.

        Args:
            steps_of: Function from the size of a batch to the steps of an epoch.

        >>> LoopConfig().settled(lambda size: -(-126 // size)).batch_size
        16
        """
        if None not in (self.max_epochs, self.batch_size, self.patience):
            return self
        usual = self.USUAL
        epochs = usual.max_epochs if self.max_epochs is None else self.max_epochs
        size = usual.batch_size if self.batch_size is None else self.batch_size
        if self.batch_size is None:
            while size > usual.least_batch and steps_of(size) * epochs < usual.least_steps:
                size = max(usual.least_batch, size // 2)
        steps = max(1, steps_of(size))
        if self.max_epochs is None:
            epochs = max(epochs, min(math.ceil(usual.least_steps / steps), MOST_EPOCHS))
        patience = max(usual.patience, math.ceil(usual.least_steps / 4 / steps))
        if self.max_epochs is None and epochs > usual.max_epochs:
            patience = max(patience, epochs // 2)
        return replace(
            self,
            max_epochs=epochs,
            batch_size=size,
            patience=patience if self.patience is None else self.patience,
        )


@dataclass(frozen=True, kw_only=True)
class TrainConfig(LoopConfig):
    """Settings of a classifier's training; every default is what the shipped model's family was tuned to.

    Attributes:
        batch_tokens: Tokens in a batch, padding included.
        label_smoothing: Mass moved from the label to all classes (Szegedy 2016).
        class_weights: ``none`` or ``balanced`` (inverse class frequency).
        calibration: By one ``temperature``, which moves no answer, or by a scale and a bias for each of the
            ``classes``, which takes 1,000 held-out texts or more, and moves answers where one came too
            easily; the figures that select an epoch are taken before.
        embedding_dropout: Share of whole words whose vector is zeroed (Gal & Ghahramani 2016).
        unk_dropout: Share of tokens replaced by the unknown token in training.
        objectives: Weight of each loss beside the cross-entropy: ``adversarial``, on labelled texts;
            ``pairing``, on pairs of texts that say the same (counterfactual pairing, Garg et al. 2019);
            ``virtual_adversarial`` (Miyato et al. 2017, as the first), ``entropy`` (Sachan et al. 2019) and
            ``consistency`` (R-Drop, Liang et al. 2021), on unlabelled texts if there are any, else on the
            labelled ones.
        perturbation: Length of an adversarial step over all words of a text, in units of the embedding's
            spread.
        objective_share: Share of the steps that have these losses: with one adversarial loss such a step
            takes about three times as long, with both five times.
    """

    batch_tokens: int = 8192
    label_smoothing: float = 0.05
    class_weights: str = "none"
    calibration: str = "temperature"
    embedding_dropout: float = 0.0
    unk_dropout: float = 0.02
    objectives: Mapping[str, float] = field(default_factory=dict)
    perturbation: float = 5.0
    objective_share: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        super().__post_init__()
        one_of("class_weights", self.class_weights, ("none", "balanced"))
        one_of("calibration", self.calibration, ("temperature", "classes"))
        self._whole_numbers("batch_tokens", 1)
        self._numbers("label_smoothing embedding_dropout unk_dropout", 0, 1, open_high=True)
        if not isinstance(self.objectives, Mapping):
            raise ConfigError(
                f"Invalid objectives. Received: {self.objectives!r}; it should be weights by name, such as "
                '{"virtual_adversarial": 1.0}'
            )
        for name in self.objectives:
            one_of("objective", name, OBJECTIVES)
        weights = self.objectives.items()
        plain = {name: in_range(f"weight of the objective {name}", each, 0, 1e3) for name, each in weights}
        self._set("objectives", plain)
        self._numbers("perturbation", 0, 1e3)
        self._numbers("objective_share", 0, 1)


@dataclass(frozen=True, kw_only=True)
class PretrainConfig(LoopConfig):
    """Settings of the training of language models for a classifier to start from.

    Attributes:
        batch_tokens: Tokens in a batch, padding included.
        window: Longer texts are read in pieces of about equal length, of at most this many tokens.
        samples: Words that each batch is normalised over instead of the vocabulary (sampled softmax, Jean et
            al. 2015); 0 takes the whole vocabulary, for a small one or a GPU.
    """

    USUAL: ClassVar[Usual] = LoopConfig.USUAL._replace(max_epochs=3)

    dropout: float = 0.1
    batch_tokens: int = 8192
    window: int = 256
    samples: int = 1024

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        super().__post_init__()
        self._whole_numbers("batch_tokens", 1)
        self._whole_numbers("window", 1, 2**20)
        self._whole_numbers("samples", 0, 2**20)


@dataclass(frozen=True, kw_only=True)
class CharTrainConfig(LoopConfig):
    """Settings of a character model's training: truncated back-propagation through time, parallel streams.

    Attributes:
        batch_size: Streams, each a stretch of the text of its own.
        window: Characters after which the gradient stops (Williams & Peng 1990); the state is carried on.
        window_jitter: Windows differ in length by up to this share, so that no character always stands at
            an edge (Merity et al. 2018).
        restart: Share of windows that a stream begins with an empty state, as a prompt does.
        activation_penalty: Weight of the squared outputs (AR; Merity et al. 2017).
        slowness_penalty: Weight of the squared change of the outputs from step to step (TAR, the same).
    """

    USUAL: ClassVar[Usual] = Usual(max_epochs=10, batch_size=32, patience=3, least_steps=500, least_batch=4)

    learning_rate: float = 4e-3
    dropout: float = 0.2
    window: int = 100
    window_jitter: float = 0.1
    restart: float = 0.01
    activation_penalty: float = 0.0
    slowness_penalty: float = 0.0

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        super().__post_init__()
        self._whole_numbers("window", 2, 2**16)
        self._numbers("window_jitter", 0, 0.5)
        self._numbers("restart", 0, 1)
        self._numbers("activation_penalty slowness_penalty", 0, 1e3)


@dataclass(frozen=True, kw_only=True)
class ForecastTrainConfig(LoopConfig):
    """Settings of a forecaster's training.

    Attributes:
        epoch_steps: Steps between two looks at the validation part.
        batch_size: Windows (or streams) in a batch.
        window: Steps after which the gradient stops while the state is carried on (truncated
            back-propagation through time); 0 trains on windows of ``context`` steps, each from a zero state.
        validation: Share of the series, its latest part, that is held out to choose the epoch.
    """

    USUAL: ClassVar[Usual] = Usual(max_epochs=16, batch_size=64, patience=16, least_steps=100, least_batch=4)

    learning_rate: float = 5e-3
    weight_decay: float = 1e-3
    ema_decay: float = 0.0
    dropout: float = 0.0
    epoch_steps: int = 50
    window: int = 0
    validation: float = 0.1

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        super().__post_init__()
        self._whole_numbers("epoch_steps", 1)
        self._whole_numbers("window", 0, 2**20)
        self._numbers("validation", 0.01, 0.5)


@dataclass(frozen=True, kw_only=True)
class SpotterTrainConfig(LoopConfig):
    """Settings of a keyword spotter's training.

    Attributes:
        batch_size: Clips in a batch; an eighth as many stretches are trained on beside them.
        stretch_seconds: Length of a stretch: clips glued together, with noise and silence between them.
        augment: Strength of the changes to clips in training (speed, gain, colour, shift, noise); 0: none.
        label_smoothing: Mass moved from the label to all classes (Szegedy 2016).
        validation: Share of the clips, or of the groups, that is held out to choose epoch and threshold where
            none are given.
        false_alarms_per_hour: The rate of false alarms that the threshold is chosen for.
    """

    USUAL: ClassVar[Usual] = Usual(max_epochs=40, batch_size=64, patience=40, least_steps=300, least_batch=8)

    learning_rate: float = 4e-3
    dropout: float = 0.2
    ema_decay: float = 0.99
    stretch_seconds: float = 3.0
    augment: float = 1.0
    label_smoothing: float = 0.05
    validation: float = 0.1
    false_alarms_per_hour: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        super().__post_init__()
        self._numbers("stretch_seconds", 1, 60)
        self._numbers("augment", 0, 3)
        self._numbers("label_smoothing", 0, 1, open_high=True)
        self._numbers("validation", 0.01, 0.5)
        self._numbers("false_alarms_per_hour", 0, 3_600)


@dataclass(frozen=True, kw_only=True)
class TranslationTrainConfig(LoopConfig):
    """Settings of a translator's training.

    Attributes:
        batch_size: Pairs in a batch at most.
        batch_tokens: Tokens in a batch, both languages and padding included.
        label_smoothing: Mass moved from the right token to all (Szegedy 2016).
        copy_share: Share of the names and numbers standing in both texts of a pair that are read and written
            as unknown, so that the decoder learns to copy what it does not know.
    """

    USUAL: ClassVar[Usual] = Usual(max_epochs=4, batch_size=64, patience=3, least_steps=800, least_batch=16)

    learning_rate: float = 4e-3
    weight_decay: float = 1e-3
    dropout: float = 0.1
    batch_tokens: int = 4096
    label_smoothing: float = 0.1
    copy_share: float = 0.05

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        super().__post_init__()
        self._whole_numbers("batch_tokens", 1)
        self._numbers("label_smoothing copy_share", 0, 1, open_high=True)


def _linear(name: str, out_features: int, in_features: int) -> Shapes:
    """Return the shapes of a linear layer's weight and bias."""
    return {f"{name}.weight": (out_features, in_features), f"{name}.bias": (out_features,)}
