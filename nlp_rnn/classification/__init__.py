"""Classifiers of texts, whatever their labels: training, calibration, explanations."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.classification.calibration import fit_class_scaling as fit_class_scaling
    from nlp_rnn.classification.calibration import fit_temperature as fit_temperature
    from nlp_rnn.classification.classifier import Classification as Classification
    from nlp_rnn.classification.classifier import TextClassifier as TextClassifier
    from nlp_rnn.classification.explanation import Explanation as Explanation
    from nlp_rnn.classification.fitting import ClassificationTask as ClassificationTask
    from nlp_rnn.classification.fitting import LabelledRows as LabelledRows

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "classifier": ["Classification", "TextClassifier"],
        "explanation": ["Explanation"],
        "calibration": ["fit_class_scaling", "fit_temperature"],
        "fitting": ["ClassificationTask", "LabelledRows"],
    },
)
