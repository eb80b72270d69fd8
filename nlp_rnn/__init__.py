"""Small recurrent text models that train, ship and run on any CPU.

The public names, each imported when it is first used: importing this package imports neither torch
nor NumPy.

>>> from nlp_rnn import CharGenerator, SentimentClassifier
"""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy
from nlp_rnn.version import __version__ as __version__

if TYPE_CHECKING:
    from nlp_rnn.audio.spotter import KeywordSpotter as KeywordSpotter
    from nlp_rnn.classification.classifier import TextClassifier as TextClassifier
    from nlp_rnn.forecasting.forecaster import Forecaster as Forecaster
    from nlp_rnn.generation.generator import CharGenerator as CharGenerator
    from nlp_rnn.language.model import LanguageModel as LanguageModel
    from nlp_rnn.risk.filter import RiskFilter as RiskFilter
    from nlp_rnn.sentiment.classifier import SentimentClassifier as SentimentClassifier
    from nlp_rnn.translation.translator import Translator as Translator

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "audio.spotter": ["KeywordSpotter"],
        "classification.classifier": ["TextClassifier"],
        "forecasting.forecaster": ["Forecaster"],
        "generation.generator": ["CharGenerator"],
        "language.model": ["LanguageModel"],
        "risk.filter": ["RiskFilter"],
        "sentiment.classifier": ["SentimentClassifier"],
        "translation.translator": ["Translator"],
        "version": ["__version__"],
    },
)
