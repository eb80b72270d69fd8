"""Small recurrent text models that train, ship and run on any CPU.

The public names, each imported when it is first used: importing this package imports neither torch
nor NumPy.

>>> from nlp_rnn import CharGenerator, SentimentClassifier
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nlp_rnn.version import __version__

if TYPE_CHECKING:
    from nlp_rnn.forecasting.forecaster import Forecaster
    from nlp_rnn.generation.generator import CharGenerator
    from nlp_rnn.language.model import LanguageModel
    from nlp_rnn.risk.filter import RiskFilter
    from nlp_rnn.sentiment.classifier import SentimentClassifier
    from nlp_rnn.translation.translator import Translator

__all__ = [
    "CharGenerator",
    "Forecaster",
    "LanguageModel",
    "RiskFilter",
    "SentimentClassifier",
    "Translator",
    "__version__",
]

_HOME = {
    "CharGenerator": "nlp_rnn.generation.generator",
    "Forecaster": "nlp_rnn.forecasting.forecaster",
    "LanguageModel": "nlp_rnn.language.model",
    "RiskFilter": "nlp_rnn.risk.filter",
    "SentimentClassifier": "nlp_rnn.sentiment.classifier",
    "Translator": "nlp_rnn.translation.translator",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
