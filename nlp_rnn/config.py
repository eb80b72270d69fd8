"""Settings of models and of training: frozen, keyword-only, and refusing nonsense.

Knows no tensors and imports neither NumPy nor torch. A model's settings are saved in its
``config.json``; an unknown key there is an error, not something to ignore.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from nlp_rnn.errors import ConfigError, in_range, one_of

CELLS = ("rnn", "gru", "lstm")
POOLINGS = ("last", "mean", "max", "mean+max", "attention")
PRECISIONS = ("no", "fp16", "bf16")

Settings = TypeVar("Settings", bound="_Settings")


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """What all settings share: a dict form and a refusal of unknown keys."""

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls: type[Settings], values: Mapping[str, Any]) -> Settings:
        """Settings from plain values.

        Raises:
            ConfigError: On an unknown key, a missing key, or a value out of range.
        """
        known = [field.name for field in fields(cls)]
        unknown = [key for key in values if key not in known]
        if unknown:
            raise ConfigError(f"Unknown setting {unknown[0]!r}; the settings are {', '.join(known)}")
        try:
            return cls(**values)
        except TypeError as error:
            raise ConfigError(f"{cls.__name__}: {error}") from None


@dataclass(frozen=True, kw_only=True)
class ModelConfig(_Settings):
    """Shape of a classifier: embedding, recurrent encoder, pooling, linear head.

    Attributes:
        vocab_size: Rows of the embedding.
        num_classes: Columns of the answer.
        cell: ``rnn`` (Elman, tanh), ``gru`` or ``lstm``.
        embedding_dim, hidden_size, num_layers, bidirectional: As in torch's own recurrent layers;
            ``hidden_size`` is per direction.
        pooling: How the outputs of all time steps become one vector.
        layer_norm: Normalise the output of each recurrent layer.
    """

    vocab_size: int
    num_classes: int
    cell: str = "lstm"
    embedding_dim: int = 128
    hidden_size: int = 128
    num_layers: int = 1
    bidirectional: bool = True
    pooling: str = "mean+max"
    layer_norm: bool = False

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        one_of("cell", self.cell, CELLS)
        one_of("pooling", self.pooling, POOLINGS)
        for name in ("vocab_size", "num_classes", "embedding_dim", "hidden_size", "num_layers"):
            value = getattr(self, name)
            if not isinstance(value, int):
                raise ConfigError(f"Invalid {name}. Received: {value!r}; it should be a whole number")
            in_range(name, value, 2 if name in ("vocab_size", "num_classes") else 1, 2**24)
        for name in ("bidirectional", "layer_norm"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(
                    f"Invalid {name}. Received: {getattr(self, name)!r}; it should be true or false"
                )

    @property
    def output_dim(self) -> int:
        """Width of the encoder's output at each step."""
        return self.hidden_size * (2 if self.bidirectional else 1)

    @property
    def pooled_dim(self) -> int:
        """Width of the pooled vector."""
        return self.output_dim * (2 if self.pooling == "mean+max" else 1)


@dataclass(frozen=True, kw_only=True)
class TrainConfig(_Settings):
    """How to train; every default is what the shipped model's family was tuned to.

    Attributes:
        max_epochs: Passes over the training texts at most.
        batch_tokens: Tokens in a batch, padding included.
        batch_size: Texts in a batch at most.
        learning_rate: Peak of the schedule (linear warm-up, then a cosine to zero).
        embedding_rate: The embedding's learning rate over the rest's; below 1 keeps given vectors general.
        warmup: Share of all steps spent warming up.
        weight_decay: Decoupled, as in AdamW (Loshchilov & Hutter 2019); not on biases and norms.
        max_grad_norm: The gradient's norm is clipped to this (Pascanu 2013).
        label_smoothing: Mass moved from the label to all classes (Szegedy 2016).
        ema_decay: Decay of the average of the weights that is kept and evaluated; 0 keeps none.
        class_weights: ``none`` or ``balanced`` (inverse class frequency).
        patience: Epochs without a better validation figure before stopping.
        embedding_dropout, dropout, weight_dropout: Whole words; locked between layers and before the head
            (Gal & Ghahramani 2016); on the recurrent weights (Merity 2018).
        unk_dropout: Share of tokens replaced by the unknown token in training.
        checkpoint_every: Steps between checkpoints (if a folder is given); 0 means at each epoch's end only.
        precision: ``no`` (fp32), ``fp16`` or ``bf16``, through ``accelerate``.
        seed: Of initialisation, order of texts and dropout.
    """

    max_epochs: int = 5
    batch_tokens: int = 8192
    batch_size: int = 256
    learning_rate: float = 2e-3
    embedding_rate: float = 1.0
    warmup: float = 0.05
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    label_smoothing: float = 0.05
    ema_decay: float = 0.999
    class_weights: str = "none"
    patience: int = 3
    embedding_dropout: float = 0.0
    dropout: float = 0.3
    weight_dropout: float = 0.0
    unk_dropout: float = 0.02
    checkpoint_every: int = 0
    precision: str = "no"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        one_of("class_weights", self.class_weights, ("none", "balanced"))
        one_of("precision", self.precision, PRECISIONS)
        for name in ("max_epochs", "batch_tokens", "batch_size", "patience"):
            in_range(name, getattr(self, name), 1, 2**31)
        for name in ("warmup", "label_smoothing", "ema_decay"):
            in_range(name, getattr(self, name), 0, 1, open_high=True)
        for name in ("embedding_dropout", "dropout", "weight_dropout", "unk_dropout"):
            in_range(name, getattr(self, name), 0, 1, open_high=True)
        in_range("learning_rate", self.learning_rate, 1e-8, 10)
        in_range("embedding_rate", self.embedding_rate, 0, 10)
        in_range("weight_decay", self.weight_decay, 0, 10)
        in_range("max_grad_norm", self.max_grad_norm, 1e-6, 1e6)
        in_range("checkpoint_every", self.checkpoint_every, 0, 2**31)
        in_range("seed", self.seed, 0, 2**31 - 1)
