"""``text_checks``: what scikit-learn expects of a classifier, as checks that give it texts, not numbers.

scikit-learn's own ``check_estimator`` runs a single check on an estimator whose input is text. Each of these
takes an unfitted estimator, or a function without arguments that returns one, and raises ``AssertionError``
(or what the estimator raises) where the contract is not kept. They work for any text classifier that learns
a few words from 27 texts; one that draws random numbers needs a seed. Checks of ``predict_proba`` ask nothing
of an estimator that has none.

Knows nothing about our own classifiers.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import require

__all__ = ["text_checks"]

Check = Callable[[Any], None]

_TOLERANCE = 1e-5
_WORDS = {"parcel": "late lost opened", "invoice": "wrong paid unsigned", "account": "locked closed shared"}
_FRAMES = ("the {} is {}", "why was my {} {} again", "a {} and it came {}")
TEXTS = [
    frame.format(name, states.split()[place])
    for frame in _FRAMES
    for place in range(3)
    for name, states in _WORDS.items()
]
LABELS = [next(name for name in _WORDS if name in text) for text in TEXTS]
OTHERS = ["my invoice", "the account of a parcel", "an account", "is it a late parcel", "zygote", "unsigned"]


def params_survive_a_round_trip(estimator: Any) -> None:
    """``set_params(**get_params())`` changes nothing and returns the estimator."""
    model = _new(estimator)
    before = _shown(model)
    _must(model.set_params(**model.get_params()) is model, "set_params does not return the estimator")
    _must(_shown(model) == before, "set_params(**get_params()) changed a parameter")


def an_unknown_param_is_refused(estimator: Any) -> None:
    """A parameter that does not exist is an error, and is not swallowed."""
    _must_refuse(lambda: _new(estimator).set_params(no_such_parameter_=1), "an unknown parameter")


def a_clone_has_the_params_and_no_model(estimator: Any) -> None:
    """A clone of a fitted estimator has equal parameters and knows no classes."""
    model = _fitted(estimator)
    cloned = _clone(model)
    _must(cloned is not model, "the clone is the estimator itself")
    _must(_shown(cloned) == _shown(model), "a clone has other parameters")
    _must(not hasattr(cloned, "classes_"), "a clone is fitted: it has classes_")


def fit_leaves_the_params_alone(estimator: Any) -> None:
    """``fit`` changes no parameter; what it learns is kept under other names."""
    model = _new(estimator)
    before = _shown(model)
    after = _shown(model.fit(TEXTS, LABELS))
    changed = [name for name in before if after.get(name) != before[name]]
    _must(not changed, f"fit changed the parameters {', '.join(changed)}")


def fit_returns_the_estimator(estimator: Any) -> None:
    """``fit`` returns self."""
    model = _new(estimator)
    _must(model.fit(TEXTS, LABELS) is model, "fit does not return the estimator")


def fit_leaves_texts_and_labels_alone(estimator: Any) -> None:
    """``fit`` and ``predict`` change neither the texts nor the labels that they are given."""
    texts, labels = list(TEXTS), list(LABELS)
    _new(estimator).fit(texts, labels).predict(texts)
    _must(texts == TEXTS and labels == LABELS, "fit or predict changed the caller's lists")


def fitting_twice_is_fitting_once(estimator: Any) -> None:
    """A second ``fit`` on the same data gives the same model: nothing of the first is left."""
    model = _fitted(estimator)
    before = _answers(model, OTHERS)
    _must_equal(
        _answers(model.fit(TEXTS, LABELS), OTHERS), before, "a second fit on the same data changed answers"
    )


def a_new_fit_forgets_the_old_labels(estimator: Any) -> None:
    """After ``fit`` on other labels there are only those."""
    model = _fitted(estimator).fit(TEXTS, [f"about {label}" for label in LABELS])
    found = list(model.classes_)
    _must(
        found == sorted({f"about {label}" for label in LABELS}), f"after another fit the classes are {found}"
    )


def clones_learn_alike(estimator: Any) -> None:
    """Two clones that are fitted on the same data answer alike."""
    model = _new(estimator)
    one, other = _clone(model).fit(TEXTS, LABELS), _clone(model).fit(TEXTS, LABELS)
    _must_equal(
        _answers(one, OTHERS), _answers(other, OTHERS), "two fits on the same data answer differently"
    )


def asking_before_fit_is_refused(estimator: Any) -> None:
    """``predict`` before ``fit`` raises an error of the name ``NotFittedError``."""
    model = _new(estimator)
    try:
        model.predict(TEXTS)
    except Exception as error:  # whatever the estimator under test raises
        names = {kind.__name__ for kind in type(error).__mro__}
        _must(
            "NotFittedError" in names, f"predict before fit raised {type(error).__name__}, no NotFittedError"
        )
    else:
        raise AssertionError("predict before fit gave an answer")


def classes_are_sorted_and_differ(estimator: Any) -> None:
    """``classes_`` has each label once, in the order of ``numpy.unique``."""
    found = _fitted(estimator).classes_
    _must(list(found) == sorted(set(LABELS)), f"classes_ is {list(found)}, not {sorted(set(LABELS))}")


def answers_are_classes(estimator: Any) -> None:
    """``predict`` gives one of ``classes_`` for each text, in an array of one axis."""
    model = _fitted(estimator)
    found = model.predict([*TEXTS, *OTHERS])
    _must(np.shape(found) == (len(TEXTS) + len(OTHERS),), f"predict has the shape {np.shape(found)}")
    unknown = sorted({*found} - {*model.classes_})
    _must(not unknown, f"predict answers {unknown[:1]}, which is not in classes_")


def probabilities_are_probabilities(estimator: Any) -> None:
    """``predict_proba`` has a row for each text and a column for each class; rows sum to 1."""
    model = _fitted(estimator)
    if hasattr(model, "predict_proba"):
        probs_NC = np.asarray(model.predict_proba(OTHERS))
        _must(
            probs_NC.shape == (len(OTHERS), len(model.classes_)),
            f"predict_proba has the shape {probs_NC.shape}",
        )
        _must(bool((probs_NC >= 0).all()), "predict_proba has a negative number")
        _must_equal(probs_NC.sum(axis=1), np.ones(len(OTHERS)), "a row of predict_proba does not sum to 1")


def the_likeliest_class_is_the_answer(estimator: Any) -> None:
    """``predict`` is the class, in the order of ``classes_``, whose probability is the largest."""
    model = _fitted(estimator)
    if hasattr(model, "predict_proba"):
        likeliest = np.asarray(model.classes_)[np.argmax(model.predict_proba(TEXTS), axis=1)]
        _must_equal(model.predict(TEXTS), likeliest, "predict is not the likeliest class of predict_proba")


def it_learns_what_it_is_shown(estimator: Any) -> None:
    """Of the texts it was fitted on, four fifths get the label they had: texts and labels stay together."""
    share = float(np.mean(_fitted(estimator).predict(TEXTS) == np.array(LABELS)))
    _must(share >= 0.8, f"after fit {share:.0%} of the training texts get their own label")


def renamed_labels_rename_the_answers(estimator: Any) -> None:
    """What the labels are called, and so how they sort, does not move what is learned."""
    names = dict(zip(sorted(set(LABELS)), ["z", "Ä b", "0"], strict=True))
    model = _new(estimator).fit(TEXTS, [names[label] for label in LABELS])
    _must(
        list(model.classes_) == sorted(names.values()), f"classes_ is {list(model.classes_)} for those labels"
    )
    share = float(np.mean(model.predict(TEXTS) == np.array([names[label] for label in LABELS])))
    _must(
        share >= 0.8,
        f"with the labels {', '.join(names.values())}, {share:.0%} of the training texts are right",
    )


def score_is_the_share_of_right_answers(estimator: Any) -> None:
    """``score`` is the accuracy, also where some labels are wrong."""
    model = _fitted(estimator)
    labels = [*LABELS[1:], LABELS[0]]
    right = float(np.mean(model.predict(TEXTS) == np.array(labels)))
    _must_equal(model.score(TEXTS, labels), right, "score is not the share of right answers")


def one_by_one_is_as_together(estimator: Any) -> None:
    """A text's answer does not depend on the texts beside it."""
    model = _fitted(estimator)
    alone = np.concatenate([_answers(model, [text]) for text in OTHERS])
    _must_equal(
        alone, _answers(model, OTHERS), "a text alone and the same text among others are answered differently"
    )


def the_order_of_texts_does_not_matter(estimator: Any) -> None:
    """Texts in another order get the same answers, in that order."""
    model = _fitted(estimator)
    order = np.random.default_rng(0).permutation(len(TEXTS))
    moved = _answers(model, [TEXTS[at] for at in order])
    _must_equal(moved, _answers(model, TEXTS)[order], "the answers depend on the order of the texts")


def asking_changes_nothing(estimator: Any) -> None:
    """The same question, asked again after others, has the same answer."""
    model = _fitted(estimator)
    before = _answers(model, OTHERS)
    model.predict(TEXTS)
    _must_equal(_answers(model, OTHERS), before, "asking again gives another answer")


def any_sequence_of_texts_will_do(estimator: Any) -> None:
    """Lists, tuples and NumPy's arrays of texts and labels are all the same."""
    model = _new(estimator).fit(np.array(TEXTS, dtype=object), np.array(LABELS))
    expected = _answers(_fitted(estimator), OTHERS)
    kinds: list[Callable[[list[str]], Any]] = [list, tuple, np.array, partial(np.array, dtype=object)]
    for kind in kinds:
        _must_equal(_answers(model, kind(OTHERS)), expected, "the kind of sequence moves the answers")


def any_text_has_an_answer(estimator: Any) -> None:
    """No text is too odd: empty, blank, long, of other scripts, of characters that nobody types."""
    odd = [
        "",
        "  \t\n",
        "x" * 5_000,
        "word " * 2_000,
        "größer als 日本",
        "👩‍👩‍👧 🙃",
        "a\0b\r\n",
        "'; --",
        "نص",
    ]
    model = _fitted(estimator)
    _must(len(model.predict(odd)) == len(odd), "predict does not give one answer for each odd text")
    if hasattr(model, "predict_proba"):
        _must(bool(np.isfinite(model.predict_proba(odd)).all()), "a text has a probability that is no number")


def no_texts_have_no_answers(estimator: Any) -> None:
    """An empty list is refused, or has an empty answer."""
    model = _fitted(estimator)
    try:
        found = model.predict([])
    except ValueError:
        return
    _must(np.shape(found) == (0,), f"predict([]) has the shape {np.shape(found)}")


def a_text_for_a_list_is_refused(estimator: Any) -> None:
    """A single str is no list of one-letter texts."""
    _must_refuse(lambda: _fitted(estimator).predict("parcel"), "a single str where a list of texts is wanted")


def a_missing_text_is_refused(estimator: Any) -> None:
    """None among the texts has no answer."""
    _must_refuse(lambda: _fitted(estimator).predict(["parcel", None]), "None among the texts")


def texts_and_labels_of_other_numbers_are_refused(estimator: Any) -> None:
    """``fit`` wants one label for each text."""
    _must_refuse(lambda: _new(estimator).fit(TEXTS, LABELS[:-1]), "one label less than texts")


def one_class_is_refused_or_always_answered(estimator: Any) -> None:
    """With labels that are all alike, ``fit`` says so, or that label is the answer to everything."""
    try:
        model = _new(estimator).fit(TEXTS, ["parcel"] * len(TEXTS))
    except ValueError:
        return
    _must({*model.predict(OTHERS)} == {"parcel"}, "fitted on one class, it answers another")


def a_pickled_model_answers_as_before(estimator: Any) -> None:
    """A fitted estimator survives pickling, as it goes to other processes and to joblib's files."""
    model = _fitted(estimator)
    again = pickle.loads(pickle.dumps(model))
    _must_equal(_answers(again, OTHERS), _answers(model, OTHERS), "after pickling it answers differently")


def it_cross_validates(estimator: Any) -> None:
    """``cross_val_score`` takes it, and knows it for a classifier."""
    selection = require("sklearn.model_selection", extra="sklearn")
    _must(
        require("sklearn.base", extra="sklearn").is_classifier(_new(estimator)),
        "it is no classifier to is_classifier",
    )
    scores = selection.cross_val_score(_new(estimator), TEXTS, LABELS, cv=2, error_score="raise")
    _must(bool(((scores >= 0) & (scores <= 1)).all()), f"cross_val_score gives {scores.tolist()}")


text_checks: dict[str, Check] = {
    check.__name__: check
    for check in (
        params_survive_a_round_trip,
        an_unknown_param_is_refused,
        a_clone_has_the_params_and_no_model,
        fit_leaves_the_params_alone,
        fit_returns_the_estimator,
        fit_leaves_texts_and_labels_alone,
        fitting_twice_is_fitting_once,
        a_new_fit_forgets_the_old_labels,
        clones_learn_alike,
        asking_before_fit_is_refused,
        classes_are_sorted_and_differ,
        answers_are_classes,
        probabilities_are_probabilities,
        the_likeliest_class_is_the_answer,
        it_learns_what_it_is_shown,
        renamed_labels_rename_the_answers,
        score_is_the_share_of_right_answers,
        one_by_one_is_as_together,
        the_order_of_texts_does_not_matter,
        asking_changes_nothing,
        any_sequence_of_texts_will_do,
        any_text_has_an_answer,
        no_texts_have_no_answers,
        a_text_for_a_list_is_refused,
        a_missing_text_is_refused,
        texts_and_labels_of_other_numbers_are_refused,
        one_class_is_refused_or_always_answered,
        a_pickled_model_answers_as_before,
        it_cross_validates,
    )
}
"""The checks by name."""


def _new(estimator: Any) -> Any:
    """Return an unfitted estimator of one's own."""
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        return estimator()
    return _clone(estimator)


def _clone(estimator: Any) -> Any:
    return require("sklearn.base", extra="sklearn").clone(estimator)


def _fitted(estimator: Any) -> Any:
    return _new(estimator).fit(TEXTS, LABELS)


def _answers(model: Any, texts: Sequence[str]) -> NDArray[Any]:
    """Return probabilities, or, of an estimator without any, labels."""
    return np.asarray(model.predict_proba(texts) if hasattr(model, "predict_proba") else model.predict(texts))


def _shown(model: Any) -> dict[str, str]:
    """Return the parameters as they print, objects without their addresses."""
    params = model.get_params()
    return {name: re.sub(r" at 0x[0-9a-f]+", "", repr(value)) for name, value in params.items()}


def _must(right: bool, message: str) -> None:
    if not right:
        raise AssertionError(message)


def _must_equal(found: Any, expected: Any, message: str) -> None:
    """Compare numbers to 1e-5, anything else exactly."""
    found, expected = np.asarray(found), np.asarray(expected)
    alike = found.shape == expected.shape
    if alike and np.issubdtype(found.dtype, np.number):
        alike = bool(np.allclose(found, expected, rtol=0, atol=_TOLERANCE))
    elif alike:
        alike = bool((found == expected).all())
    _must(alike, message)


def _must_refuse(action: Callable[[], object], what: str) -> None:
    try:
        action()
    except (ValueError, TypeError, AttributeError):
        return
    raise AssertionError(f"{what} is accepted")
