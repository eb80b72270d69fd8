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
    from nlp_rnn.classification.classifier import TextClassifier as TextClassifier
    from nlp_rnn.forecasting.forecaster import Forecaster as Forecaster
    from nlp_rnn.generation.generator import CharGenerator as CharGenerator
    from nlp_rnn.language.model import LanguageModel as LanguageModel
    from nlp_rnn.risk.filter import RiskFilter as RiskFilter
    from nlp_rnn.sentiment.classifier import SentimentClassifier as SentimentClassifier
    from nlp_rnn.translation.translator import Translator as Translator

_HOME = {
    "CharGenerator": "nlp_rnn.generation.generator",
    "Forecaster": "nlp_rnn.forecasting.forecaster",
    "LanguageModel": "nlp_rnn.language.model",
    "RiskFilter": "nlp_rnn.risk.filter",
    "SentimentClassifier": "nlp_rnn.sentiment.classifier",
    "TextClassifier": "nlp_rnn.classification.classifier",
    "Translator": "nlp_rnn.translation.translator",
}
__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
