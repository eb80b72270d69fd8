"""Classifiers of texts, whatever their labels: training, calibration, explanations; which language it is."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.classification.abstention import UNSURE as UNSURE
    from nlp_rnn.classification.abstention import fit_thresholds as fit_thresholds
    from nlp_rnn.classification.calibration import fit_class_scaling as fit_class_scaling
    from nlp_rnn.classification.calibration import fit_temperature as fit_temperature
    from nlp_rnn.classification.classifier import Classification as Classification
    from nlp_rnn.classification.classifier import TextClassifier as TextClassifier
    from nlp_rnn.classification.explanation import Explanation as Explanation
    from nlp_rnn.classification.fitting import ClassificationTask as ClassificationTask
    from nlp_rnn.classification.fitting import LabelledRows as LabelledRows
    from nlp_rnn.classification.languages import Language as Language
    from nlp_rnn.classification.languages import LanguageGuesser as LanguageGuesser
    from nlp_rnn.classification.languages import UnreadSpan as UnreadSpan
    from nlp_rnn.classification.languages import is_english as is_english
    from nlp_rnn.classification.languages import shared_guesser as shared_guesser

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "abstention": ["UNSURE", "fit_thresholds"],
        "classifier": ["Classification", "TextClassifier"],
        "explanation": ["Explanation"],
        "calibration": ["fit_class_scaling", "fit_temperature"],
        "fitting": ["ClassificationTask", "LabelledRows"],
        "languages": ["Language", "LanguageGuesser", "UnreadSpan", "is_english", "shared_guesser"],
    },
)
