"""The rest of scikit-learn's contract for a classifier of texts: its settings by name, its score, what it is.

With it that package's pipelines, searches, cross-validation and calibration take a ``TextClassifier``. Knows
the names of settings; knows no models, and imports scikit-learn only where that asks what this estimator is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.config import ModelConfig, TrainConfig, settings_of
from nlp_rnn.errors import ConfigError, InputError, as_texts, require

if TYPE_CHECKING:
    from typing_extensions import Self

    from nlp_rnn.text.tokenizer import TokenizerChoice

_OF_THE_DATA = ("vocab_size", "num_classes")  # what the shape has, and no setting says
_ENGINE = ("engine", "device", "threads")


class Estimator:
    """The part of ``TextClassifier`` that deals with scikit-learn."""

    _shape: ModelConfig
    _tokenizer: TokenizerChoice
    _engine_name: str
    _device: str
    _threads: int | None
    _config: TrainConfig | None = None
    _start: Any
    _artifact: Any

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the settings that this classifier was made with, by name.

        >>> from nlp_rnn import TextClassifier
        >>> TextClassifier(hidden_size=32).get_params()["hidden_size"]
        32

        Args:
            deep: Also those of ``config``, if it has one, as ``config__learning_rate`` and so on.
        """
        choice = self._tokenizer
        params = {name: value for name, value in vars(self._shape).items() if name not in _OF_THE_DATA}
        params |= {name: value for name, value in vars(choice).items() if name != "given"}
        params |= {"tokenizer": choice.given, "config": self._config}
        params |= {"engine": self._engine_name, "device": self._device, "threads": self._threads}
        if deep and self._config is not None:
            params |= {f"config__{name}": value for name, value in vars(self._config).items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Change settings: those of the engine at once, all others for the next ``fit``.

        Args:
            **params: Settings by name; ``config__learning_rate=0.01`` changes one of ``config``.

        Returns:
            self.

        Raises:
            ConfigError: If there is no such setting, its value is outside its range, or it is the shape or
                the tokenizer of a classifier that ``fit`` would fine-tune. Then nothing is changed.
        """
        fresh = type(self)(**_changed(self.get_params(deep=False), params))
        if self._start is not None and (fresh._shape, fresh._tokenizer) != (self._shape, self._tokenizer):
            raise ConfigError(
                f"{', '.join(params)}: this classifier goes on from a trained model, whose shape and "
                "tokenizer stay; for others make a new one, which learns from nothing"
            )
        taken = ["_shape", "_tokenizer", "_config", "_engine_name", "_device", "_threads"]
        if self._artifact is not None and {*_ENGINE} & {*params}:
            fresh._use(self._artifact)
            taken.append("_engine")
        vars(self).update({name: vars(fresh)[name] for name in taken})
        return self

    def score(self, texts: Sequence[str], labels: Sequence[str]) -> float:
        """Return the share of the texts whose predicted class is their label.

        Args:
            texts: One text or more.
            labels: The class name of each.

        Raises:
            InputError: If texts and labels do not fit together.
            NotFittedError: Before ``fit``.
        """
        texts, labels = as_texts(texts), as_texts(labels, "labels")
        if len(texts) != len(labels) or not texts:
            raise InputError(
                f"there are {len(texts)} texts and {len(labels)} labels: give one text or more, and a label "
                "for each"
            )
        return float(np.mean(self.predict(texts) == np.array(labels)))

    def predict(self, texts: Sequence[str]) -> NDArray[np.str_]:
        """Return the most probable class of each text."""
        raise NotImplementedError

    def _use(self, artifact: Any) -> None:
        """Take an artifact as this model, and make the engine that computes it."""
        raise NotImplementedError

    def __sklearn_clone__(self) -> Self:
        """Return an unfitted classifier with these settings, whose ``fit`` begins where this one's does."""
        fresh = type(self)(**self.get_params(deep=False))
        fresh._start = self._start
        return fresh

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there is a model."""
        return self._artifact is not None

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn (1.6 or newer) should know: this classifies texts, no rows of numbers."""
        utils = require("sklearn.utils", extra="sklearn")
        return utils.Tags(
            estimator_type="classifier",
            target_tags=utils.TargetTags(required=True),
            classifier_tags=utils.ClassifierTags(),
            input_tags=utils.InputTags(one_d_array=True, two_d_array=False, string=True),
        )


def _changed(own: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with some of them changed; those of ``config`` after ``config`` itself."""
    found = own | {name: value for name, value in params.items() if not name.startswith("config__")}
    inner = {name.removeprefix("config__"): params[name] for name in params if name.startswith("config__")}
    unknown = sorted(found.keys() - own.keys())
    if unknown:
        raise ConfigError(f"Unknown setting {unknown[0]!r}; the settings are {', '.join(sorted(own))}")
    if inner:
        config = settings_of(TrainConfig, found["config"])
        found["config"] = TrainConfig.from_dict({**vars(config), **inner})
    return found
