"""Sentiment: the classifier, the suites of reviewed cases, robustness, and what to compare with."""

from typing import TYPE_CHECKING

from nlp_rnn.face import lazy

if TYPE_CHECKING:
    from nlp_rnn.sentiment.baselines import TOKEN as TOKEN
    from nlp_rnn.sentiment.baselines import NbSvm as NbSvm
    from nlp_rnn.sentiment.baselines import score_proba as score_proba
    from nlp_rnn.sentiment.baselines import vader_predict_proba as vader_predict_proba
    from nlp_rnn.sentiment.classifier import Sentiment as Sentiment
    from nlp_rnn.sentiment.classifier import SentimentClassifier as SentimentClassifier
    from nlp_rnn.sentiment.perturbation import perturbed as perturbed
    from nlp_rnn.sentiment.perturbation import perturbed_pairs as perturbed_pairs
    from nlp_rnn.sentiment.perturbation import toggled as toggled
    from nlp_rnn.sentiment.perturbation import with_articles as with_articles
    from nlp_rnn.sentiment.robustness import RobustnessReport as RobustnessReport
    from nlp_rnn.sentiment.robustness import both_right as both_right
    from nlp_rnn.sentiment.robustness import measure_robustness as measure_robustness
    from nlp_rnn.sentiment.suite import LABELS as LABELS
    from nlp_rnn.sentiment.suite import ROUNDING as ROUNDING
    from nlp_rnn.sentiment.suite import SuiteReport as SuiteReport
    from nlp_rnn.sentiment.suite import load_suite as load_suite
    from nlp_rnn.sentiment.suite import run_suite as run_suite

__all__, __getattr__, __dir__ = lazy(
    __name__,
    {
        "classifier": ["Sentiment", "SentimentClassifier"],
        "suite": ["LABELS", "ROUNDING", "SuiteReport", "load_suite", "run_suite"],
        "robustness": ["RobustnessReport", "both_right", "measure_robustness"],
        "perturbation": ["perturbed", "perturbed_pairs", "toggled", "with_articles"],
        "baselines": ["NbSvm", "TOKEN", "score_proba", "vader_predict_proba"],
    },
)
