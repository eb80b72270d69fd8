"""Estimators that break the contract in one way each, by the name of the check that should see it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the sklearn extra")

from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.validation import check_is_fitted


def linear() -> Pipeline:
    return make_pipeline(TfidfVectorizer(), LogisticRegression())


class Good(ClassifierMixin, BaseEstimator):
    """A linear classifier of words, whole until a subclass breaks it."""

    def __init__(self, strength=1.0):
        self.strength = strength

    def fit(self, X, y):
        self.model_ = linear().fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X):
        check_is_fitted(self)
        return self.model_.predict_proba(X)

    def predict(self, X):
        best_N = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best_N]


def raised(probs_NC, power):
    """Probabilities that are surer, or less sure."""
    probs_NC = probs_NC**power
    return probs_NC / probs_NC.sum(axis=1, keepdims=True)


class ForgetsToReturnItself(Good):
    def set_params(self, **params):
        super().set_params(**params)


class SwallowsUnknownParams(Good):
    def set_params(self, **params):
        return super().set_params(**{name: params[name] for name in params if hasattr(self, name)})


class ClonesItsModel(Good):
    def __sklearn_clone__(self):
        return self


class MutatesParams(Good):
    def fit(self, X, y):
        self.strength = 2.0
        return super().fit(X, y)


class FitsInSilence(Good):
    def fit(self, X, y):
        super().fit(X, y)


class SortsTheCallersLists(Good):
    def fit(self, X, y):
        super().fit(X, y)
        if isinstance(y, list):
            y.sort()
        return self


class GoesOnFromTheLastFit(Good):
    def fit(self, X, y):
        self.fits_ = getattr(self, "fits_", 0) + 1
        return super().fit(X, y)

    def predict_proba(self, X):
        return raised(super().predict_proba(X), self.fits_)


class RemembersOldLabels(Good):
    def fit(self, X, y):
        known = set(getattr(self, "classes_", ()))
        super().fit(X, y)
        self.classes_ = np.array(sorted({*self.classes_, *known}))
        return self

    def predict(self, X):
        return self.model_.predict(X)


class DrawsWithoutASeed(Good):
    draws = itertools.count(1)

    def fit(self, X, y):
        self.power_ = next(DrawsWithoutASeed.draws)
        return super().fit(X, y)

    def predict_proba(self, X):
        return raised(super().predict_proba(X), self.power_)


class AnswersBeforeFit(Good):
    def predict(self, X):
        return super().predict(X) if hasattr(self, "model_") else np.array(["parcel"] * len(X))


class NamesClassesAsTheyCome(Good):
    def fit(self, X, y):
        super().fit(X, y)
        self.classes_ = np.array(list(dict.fromkeys(y)))
        return self


class AnswersNumbers(Good):
    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)


class GivesLogits(Good):
    def predict_proba(self, X):
        return np.log(super().predict_proba(X))


class IgnoresItsProbabilities(Good):
    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmin(axis=1)]


class SortsLabels(Good):
    def fit(self, X, y):
        return super().fit(X, sorted(y))


class SpellsLabelsInLowerCase(Good):
    def fit(self, X, y):
        return super().fit(X, [label.lower() for label in y])


class ScoresTheError(Good):
    def score(self, X, y):
        return float(np.mean(self.predict(X) != np.array(y)))


class ComparesWithItsNeighbours(Good):
    def predict_proba(self, X):
        probs_NC = super().predict_proba(X)
        return raised(probs_NC / probs_NC.max(axis=0), 1)


class AnswersByPosition(Good):
    def predict_proba(self, X):
        return np.eye(len(self.classes_))[(np.arange(len(X)) + 2) % len(self.classes_)]


class LearnsWhileItIsAsked(Good):
    def predict_proba(self, X):
        self.asked_ = getattr(self, "asked_", 0) + 1
        return raised(super().predict_proba(X), self.asked_)


class WantsLists(Good):
    def predict_proba(self, X):
        return super().predict_proba(X or [""])


class DividesByTheLength(Good):
    def predict_proba(self, X):
        return super().predict_proba(X) * np.array([[len(text) / len(text)] for text in X])


class AnswersNothingWithSomething(Good):
    def predict_proba(self, X):
        return super().predict_proba(list(X) or [""])


class ReadsAStrLetterByLetter(Good):
    def predict_proba(self, X):
        return super().predict_proba(list(X))


class MakesUpMissingTexts(Good):
    def predict_proba(self, X):
        return super().predict_proba([text or "" for text in X] if isinstance(X, list) else X)


class DropsWhatHasNoLabel(Good):
    def fit(self, X, y):
        return super().fit(X[: len(y)], y)


class InventsAClass(Good):
    def fit(self, X, y):
        if len({*y}) == 1:
            X, y = [*X, "other"], [*y, "other"]
            super().fit(X, y)
            self.classes_ = self.classes_[::-1]
            return self
        return super().fit(X, y)


class CannotBePickled(Good):
    def fit(self, X, y):
        super().fit(X, y)
        self.reader_ = lambda text: text
        return self


class SaysItIsARegressor(Good):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor"
        return tags


BROKEN = {
    "params_survive_a_round_trip": ForgetsToReturnItself,
    "an_unknown_param_is_refused": SwallowsUnknownParams,
    "a_clone_has_the_params_and_no_model": ClonesItsModel,
    "fit_leaves_the_params_alone": MutatesParams,
    "fit_returns_the_estimator": FitsInSilence,
    "fit_leaves_texts_and_labels_alone": SortsTheCallersLists,
    "fitting_twice_is_fitting_once": GoesOnFromTheLastFit,
    "a_new_fit_forgets_the_old_labels": RemembersOldLabels,
    "clones_learn_alike": DrawsWithoutASeed,
    "asking_before_fit_is_refused": AnswersBeforeFit,
    "classes_are_sorted_and_differ": NamesClassesAsTheyCome,
    "answers_are_classes": AnswersNumbers,
    "probabilities_are_probabilities": GivesLogits,
    "the_likeliest_class_is_the_answer": IgnoresItsProbabilities,
    "it_learns_what_it_is_shown": SortsLabels,
    "renamed_labels_rename_the_answers": SpellsLabelsInLowerCase,
    "score_is_the_share_of_right_answers": ScoresTheError,
    "one_by_one_is_as_together": ComparesWithItsNeighbours,
    "the_order_of_texts_does_not_matter": AnswersByPosition,
    "asking_changes_nothing": LearnsWhileItIsAsked,
    "any_sequence_of_texts_will_do": WantsLists,
    "any_text_has_an_answer": DividesByTheLength,
    "no_texts_have_no_answers": AnswersNothingWithSomething,
    "a_text_for_a_list_is_refused": ReadsAStrLetterByLetter,
    "a_missing_text_is_refused": MakesUpMissingTexts,
    "texts_and_labels_of_other_numbers_are_refused": DropsWhatHasNoLabel,
    "one_class_is_refused_or_always_answered": InventsAClass,
    "a_pickled_model_answers_as_before": CannotBePickled,
    "it_cross_validates": SaysItIsARegressor,
}
