"""Judges of texts that nobody labelled: each says how positive a text is, and together they label it.

A judge is any function from texts to margins, such as ``NbSvm().fit(...).margins``; here are two more, one
from the features of a text's sentences in a transformer, one from any classifier. Several together, weighted
on held-out texts, give the answers that a student learns (Hinton et al. 2015, "Distilling the Knowledge in a
Neural Network"). Knows texts, labels and judges; trains no student.

Shapes: N texts, S sentences, H hidden units, C classes, F features of a text, J judges.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.classification.examples import Labelled
from nlp_rnn.distillation.cache import digest, save_arrays
from nlp_rnn.distillation.ensemble import Classifier
from nlp_rnn.errors import InputError, require
from nlp_rnn.probabilities import NEGATIVE, POSITIVE, has_polarity, softmax
from nlp_rnn.text.sentences import split_sentences

F32 = NDArray[np.float32]
Judge = Callable[[Sequence[str]], NDArray[np.floating]]
"""Margins of texts, *shape (N,)*: above 0 for the second label in alphabetical order, as *positive* is."""

_READ_AT_ONCE = 2_000  # texts in a call of the teacher


class SentenceReader(Protocol):
    """A model that encodes sentences, such as a ``TransformerClassifier``."""

    @property
    def fingerprint(self) -> str:
        """Short name of its weights."""

    def read(self, texts: Sequence[str]) -> tuple[F32, F32]:
        """Return the logits of texts (N, C), and the features of each, the head's input (N, H)."""


def classifier_judge(classifier: Classifier) -> Judge:
    """Return a classifier as a judge: the log odds of *positive* against *negative*.

    Raises:
        InputError: If it lacks one of these classes.
    """
    classes = classifier.classes_.tolist()
    if not has_polarity(classes):
        raise InputError(
            f"a judge needs the classes negative and positive; this one has {', '.join(classes)}"
        )
    negative, positive = classes.index(NEGATIVE), classes.index(POSITIVE)

    def margins(texts: Sequence[str]) -> NDArray[np.floating]:
        logs_NC = np.log(np.maximum(classifier.predict_proba(texts), 1e-7))
        return np.asarray(logs_NC[:, positive] - logs_NC[:, negative])

    return margins


def feature_judge(
    texts: Sequence[str],
    labels: Sequence[str],
    teacher: SentenceReader,
    *,
    folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Judge:
    """Return a judge that learns from labelled texts: a logistic regression of their ``review_features``.

    Args:
        texts: Texts of several sentences.
        labels: Labels of two classes, one for each text.
        teacher: The model that reads the sentences.
        folder: Where features are kept, also those of the texts to judge.
        progress: As ``review_features`` calls it.

    Raises:
        InputError: If there are not two classes.
        MissingExtraError: If scikit-learn is not installed.
    """
    if len(set(labels)) != 2 or len(texts) != len(labels):
        raise InputError(
            f"a judge learns two classes, one label for each text; got {len(texts)} texts and {len(labels)} "
            f"labels of {len(set(labels))} classes"
        )
    linear = require("sklearn.linear_model", extra="train")
    scaler = require("sklearn.preprocessing", extra="train").StandardScaler()
    pipeline = require("sklearn.pipeline", extra="train")

    def features(asked: Sequence[str]) -> F32:
        return review_features(asked, teacher, folder=folder, progress=progress)

    model = pipeline.make_pipeline(scaler, linear.LogisticRegression(C=0.003, max_iter=500))
    model.fit(features(texts), labels)
    return lambda asked: np.asarray(model.decision_function(features(asked)))


def stacked_proba(
    judges: Sequence[Judge],
    texts: Sequence[str],
    *,
    held_out: Labelled,
    classes: Sequence[str],
) -> F32:
    """Return the probabilities that several judges together give to texts that nobody labelled.

    A logistic regression of their margins on held-out texts combines them: all that is learned from those
    texts is a weight for each judge, and a threshold.

    Args:
        judges: At least one; they learned from other texts than the held-out ones.
        texts: The texts to label.
        held_out: Texts, and the label of each.
        classes: Names of the columns to return; one that no held-out text has is always 0.

    Shape:
        (N, C), columns as ``classes``.

    Raises:
        InputError: If there is no judge, or the held-out labels are not two or more of the classes.
        MissingExtraError: If scikit-learn is not installed.

    Source:
        Stacked generalisation (Wolpert 1992).
    """
    present = set(held_out[1])
    if not judges or len(present) < 2 or not present <= set(classes):
        raise InputError(
            f"give judges, and held-out texts of two or more of the classes {', '.join(classes)}; got "
            f"{len(judges)} judges, and the labels {', '.join(sorted(present)) or 'none'}"
        )
    linear = require("sklearn.linear_model", extra="train")
    known_NJ, asked_NJ = (
        np.stack([judge(some) for judge in judges], axis=1) for some in (held_out[0], texts)
    )
    together = linear.LogisticRegression(C=1e3).fit(known_NJ, held_out[1])
    found_NC = np.zeros((len(texts), len(classes)), np.float32)
    columns = [list(classes).index(name) for name in together.classes_]
    found_NC[:, columns] = together.predict_proba(asked_NJ)
    return found_NC


def review_features(
    texts: Sequence[str],
    teacher: SentenceReader,
    *,
    folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> F32:
    """Return features of each text, from a transformer's features of its sentences.

    The mean, the last and the largest of the sentences' features, the mean of their probabilities, and those
    of the first and the last sentence; rounded to half precision, in which they are kept.

    Args:
        texts: Texts of one sentence or more.
        teacher: The model that reads them.
        folder: Where features are kept, so that the same texts are read only once; None keeps nothing.
        progress: Called with the number of texts read, and of all texts.

    Shape:
        (N, F), F is 3 H + 3 C.

    Raises:
        InputError: If there are no texts.
    """
    file = None if folder is None else folder / f"read-{digest(teacher.fingerprint, *texts)}.npz"
    if file is not None and file.is_file():
        with np.load(file) as found:
            return np.asarray(found["features"], dtype=np.float32)
    if not texts:
        raise InputError("there are no texts to read: give at least one")
    parts = []
    for start in range(0, len(texts), _READ_AT_ONCE):
        some = [sentences_of(text) for text in texts[start : start + _READ_AT_ONCE]]
        read = teacher.read([sentence for own in some for sentence in own])
        parts.append(_features(*read, [len(own) for own in some]))
        if progress is not None:
            progress(start + len(some), len(texts))
    features_NF = np.concatenate(parts).astype(np.float16)
    if file is not None:
        save_arrays(file, features=features_NF)
    return features_NF.astype(np.float32)


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text that hold a word; at least one.

    >>> sentences_of("It was good.<br />Was it? ...")
    ['It was good.', 'Was it?']
    """
    found = [sentence.strip() for sentence in split_sentences(text.replace("<br />", "\n"))]
    return [sentence for sentence in found if any(map(str.isalpha, sentence))] or [text]


def _features(logits_SC: F32, pooled_SH: F32, counts: Sequence[int]) -> F32:
    """Return the features of each text, from those of its sentences: (N, F)."""
    # All sentences stand one after the other: a text's are those from its start to its end.
    counts_N = np.array(counts, dtype=np.int64)
    ends_N = np.cumsum(counts_N)
    starts_N, sizes_N1 = ends_N - counts_N, counts_N[:, None]
    probs_SC = softmax(logits_SC)
    # ``reduceat`` adds up, or takes the largest, from each start to the next.
    parts: list[NDArray[Any]] = [
        np.add.reduceat(pooled_SH, starts_N) / sizes_N1,
        pooled_SH[ends_N - 1],
        np.maximum.reduceat(pooled_SH, starts_N),
        np.add.reduceat(probs_SC, starts_N) / sizes_N1,
        probs_SC[starts_N],
        probs_SC[ends_N - 1],
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)
