"""Models that teach smaller ones: transformers, judges of reviews, ensembles."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.distillation.cache import Answers as Answers
    from nlp_rnn.distillation.cache import digest as digest
    from nlp_rnn.distillation.cache import save_arrays as save_arrays
    from nlp_rnn.distillation.ensemble import Classifier as Classifier
    from nlp_rnn.distillation.ensemble import average_proba as average_proba
    from nlp_rnn.distillation.judges import Judge as Judge
    from nlp_rnn.distillation.judges import classifier_judge as classifier_judge
    from nlp_rnn.distillation.judges import feature_judge as feature_judge
    from nlp_rnn.distillation.judges import sentences_of as sentences_of
    from nlp_rnn.distillation.judges import stacked_proba as stacked_proba
    from nlp_rnn.distillation.transformer import TransformerClassifier as TransformerClassifier
    from nlp_rnn.distillation.transformer import crop_texts as crop_texts
    from nlp_rnn.distillation.transformer import default_config as default_config

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "transformer": ["TransformerClassifier", "default_config", "crop_texts"],
        "ensemble": ["Classifier", "average_proba"],
        "judges": ["Judge", "classifier_judge", "feature_judge", "sentences_of", "stacked_proba"],
        "cache": ["Answers", "digest", "save_arrays"],
    },
)
