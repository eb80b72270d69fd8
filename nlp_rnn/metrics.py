"""The quality of answers: accuracy, macro-F1, macro-recall, calibration, confusions, risk and coverage.

Takes labels and probabilities of any model; knows no models and no corpora. The counting is
scikit-learn's (extra ``train``); calibration error and risk-coverage curve are our own, as it has neither.

Shapes: N texts, C classes, M bins or points.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlp_rnn.errors import InputError, require, whole_number
from nlp_rnn.figure import BLUE, GREY, new_figure, save_figure
from nlp_rnn.probabilities import check_columns, check_probs

ECE_BINS: Final = 15
_ALLOWED = 0.05  # share of wrong answers that the picture of risk and coverage marks


@dataclass(frozen=True, eq=False)
class Reliability:
    """The confidence and the accuracy in bins of equal width (the reliability diagram as a table).

    Attributes:
        confidence: Mean top probability of the texts in each bin, *shape (M,)*; NaN where a bin is empty.
        accuracy: Share of them answered rightly, *shape (M,)*; NaN where a bin is empty.
        count: Texts in each bin, *shape (M,)*.
    """

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    count: NDArray[np.int64]

    @property
    def ece(self) -> float:
        """Expected calibration error, in [0, 1]: mean gap of confidence and accuracy, weighted by count."""
        filled = self.count > 0
        gaps = np.abs(self.accuracy[filled] - self.confidence[filled])
        return float((gaps * self.count[filled]).sum() / self.count.sum())


def reliability(probs: ArrayLike, labels: ArrayLike, *, bins: int = ECE_BINS) -> Reliability:
    """Return how often the top class is right, by its probability (Guo et al. 2017, section 2).

    Bin m of M holds the top probabilities in ((m - 1) / M, m / M]; of equal ones the first is the answer.

    Args:
        probs: Probabilities, *shape (N, C)*.
        labels: Column of the right class, *shape (N,)*, whole numbers.
        bins: M.

    Raises:
        InputError: If ``probs`` are no probabilities, or ``labels`` are not one column number per row.
        ConfigError: If ``bins`` is less than 1.
    """
    bins = whole_number("bins", bins, 1, 2**16)
    probs_NC = check_probs(probs)
    labels_N = check_columns(labels, probs_NC.shape)
    # The most probable class is the answer, and its probability the confidence.
    confidence_N = probs_NC.max(axis=1)
    right_N = (probs_NC.argmax(axis=1) == labels_N).astype(np.float64)
    # A bin includes its upper edge, so ceil, and bins count from 0; clip keeps rounding errors inside.
    bin_N = np.clip(np.ceil(confidence_N * bins).astype(np.int64) - 1, 0, bins - 1)
    count_M = np.bincount(bin_N, minlength=bins)
    # A mean is a sum over a count; NaN in place of 0 makes the mean of an empty bin NaN.
    divisor_M = np.where(count_M > 0, count_M, np.nan)
    return Reliability(
        confidence=np.bincount(bin_N, weights=confidence_N, minlength=bins) / divisor_M,
        accuracy=np.bincount(bin_N, weights=right_N, minlength=bins) / divisor_M,
        count=count_M.astype(np.int64),
    )


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """How many of the answers given are wrong, when only the surest are given.

    Attributes:
        coverage: Share of the texts that are answered, rising to 1, *shape (M,)*.
        error: Share of these answers that are wrong, *shape (M,)*.
        confidence: The least top probability among them, falling, *shape (M,)*.
    """

    coverage: NDArray[np.float64]
    error: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def coverage_at(self, error: float) -> float:
        """Return the largest share of texts that can be answered with at most this share of them wrong."""
        return float(self.coverage[self.error <= error].max(initial=0.0))

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw the curve (extra ``plot``).

        Returns:
            The path written.

        Raises:
            MissingExtraError: If matplotlib is not installed.
            InputError: If the picture cannot be written, or its suffix is not .png, .svg or .pdf.
        """
        figure = new_figure(5.6, 3.8)
        axes = figure.add_subplot()
        axes.plot(self.coverage * 100, self.error * 100, color=BLUE)
        share = self.coverage_at(_ALLOWED) * 100
        axes.axhline(_ALLOWED * 100, color=GREY, linewidth=0.8, linestyle="--")
        axes.plot([share, share], [0, _ALLOWED * 100], color=GREY, linewidth=0.8, linestyle="--")
        axes.set_xlim(0, 100)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("texts answered, the surest first (%)")
        axes.set_ylabel("answers that are wrong (%)")
        title = f"At most {_ALLOWED * 100:.0f} % wrong: {share:.0f} % of the texts answered"
        axes.set_title(title, fontsize="medium")
        return save_figure(figure, path)


def risk_coverage(
    probs: ArrayLike, labels: ArrayLike, *, weights: NDArray[np.float64] | None = None
) -> RiskCoverage:
    """Return the risk-coverage curve (El-Yaniv & Wiener 2010), by the top probability.

    Answers of equal probability are given together, so there are as many points as different probabilities.

    Args:
        probs: Probabilities, *shape (N, C)*.
        labels: Column of the right class, *shape (N,)*, whole numbers.
        weights: How much each text counts in ``error``, *shape (N,)*; None is all the same.

    Raises:
        InputError: If ``probs`` are no probabilities, or ``labels`` are not one column number per row.

    >>> curve = risk_coverage([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]], [0, 0, 1, 1])
    >>> curve.coverage.tolist(), curve.error.tolist(), curve.coverage_at(0.05)
    ([0.25, 0.5, 0.75, 1.0], [0.0, 0.0, 0.0, 0.25], 0.75)
    """
    probs_NC = check_probs(probs)
    labels_N = check_columns(labels, probs_NC.shape)
    confidence_N = probs_NC.max(axis=1)
    order_N = np.argsort(-confidence_N, kind="stable")
    wrong_N = (probs_NC.argmax(axis=1) != labels_N)[order_N]
    confidence_N = confidence_N[order_N]
    given_N = np.arange(1, len(order_N) + 1)
    is_last_N = np.append(np.diff(confidence_N) != 0, True)
    weight_N = np.ones(len(order_N)) if weights is None else weights[order_N]
    error_N = np.cumsum(weight_N * wrong_N) / np.cumsum(weight_N)
    return RiskCoverage(
        coverage=(given_N / len(order_N))[is_last_N],
        error=error_N[is_last_N],
        confidence=confidence_N[is_last_N].astype(np.float64),
    )


@dataclass(frozen=True, eq=False)
class Scores:
    """Quality of answers to N labelled texts; every figure but ``n`` and the counts is in [0, 1].

    Attributes:
        n: Texts.
        classes: Names of the classes measured, in the order of every array here.
        accuracy: Share answered rightly.
        macro_f1: F1, averaged over the classes that have texts.
        macro_recall: Recall, averaged over the classes that have texts; with three classes the measure of
            SemEval-2017 task 4 A (Rosenthal et al. 2017).
        ece: Expected calibration error (Guo et al. 2017): 15 bins of equal width over the top probability.
        confusion: Texts by right class (row) and answer (column), *shape (C, C)*.
        precision: Share of the texts answered as each class that have it, *shape (C,)*; 0 if there is none.
        recall: Share of the texts of each class that are answered so, *shape (C,)*; NaN if no text has it.
        curve: Share of wrong answers, when only the surest are given.
    """

    n: int
    classes: tuple[str, ...]
    accuracy: float
    macro_f1: float
    macro_recall: float
    ece: float
    confusion: NDArray[np.int64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    curve: RiskCoverage

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; a recall that does not exist is None."""
        per_class = {
            name: {
                "precision": float(self.precision[c]),
                "recall": None if math.isnan(self.recall[c]) else float(self.recall[c]),
                "texts": int(self.confusion[c].sum()),
            }
            for c, name in enumerate(self.classes)
        }
        return {
            "n": self.n,
            "classes": list(self.classes),
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "macro_recall": self.macro_recall,
            "ece": self.ece,
            "coverage_at_5_percent_error": self.curve.coverage_at(_ALLOWED),
            "confusion": self.confusion.tolist(),
            "per_class": per_class,
        }

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw the confusion matrix: counts, and shares of each row as shade (extra ``plot``).

        Returns:
            The path written.

        Raises:
            MissingExtraError: If matplotlib is not installed.
            InputError: If the picture cannot be written, or its suffix is not .png, .svg or .pdf.
        """
        size = len(self.classes)
        share_CC = self.confusion / np.maximum(self.confusion.sum(axis=1, keepdims=True), 1)
        figure = new_figure(3.2 + 1.1 * size, 2.4 + 0.95 * size)
        axes = figure.add_subplot()
        image = axes.imshow(share_CC, cmap="Blues", vmin=0, vmax=1)
        for row in range(size):
            for column in range(size):
                share = share_CC[row, column]
                ink = "white" if share > 0.5 else "black"
                label = f"{self.confusion[row, column]:,}\n{share:.1%}"
                axes.text(column, row, label, ha="center", va="center", color=ink)
        axes.set_xticks(range(size), self.classes, rotation=0 if size <= 4 else 45, parse_math=False)
        axes.set_yticks(range(size), self.classes, parse_math=False)
        axes.set_xlabel("answer")
        axes.set_ylabel("right class")
        axes.set_title(
            f"{self.n:,} texts: accuracy {self.accuracy:.1%}\n"
            f"macro F1 {self.macro_f1:.3f}, macro recall {self.macro_recall:.3f}, ECE {self.ece:.3f}",
            fontsize="medium",
        )
        figure.colorbar(image, ax=axes, label="share of the row", shrink=0.8)
        return save_figure(figure, path)


def evaluate(
    labels: Sequence[str], probs: ArrayLike, classes: Sequence[str], *, only: Sequence[str] | None = None
) -> Scores:
    """Compare answers with the right labels.

    Args:
        labels: Right class of each text, by name.
        probs: Probabilities, *shape (N, C)*, columns in the order of ``classes``.
        classes: Names of the columns.
        only: Measure on these classes alone: the other columns are dropped and the rest scaled to sum to 1
            (a row with nothing left counts as evenly spread). So a three-class model is measured on
            two-class data.

    Returns:
        The figures, classes in the order of ``only`` if given.

    Raises:
        InputError: If a label is not among the classes measured, a shape does not fit, there are no texts, or
            ``probs`` are no probabilities.
        MissingExtraError: If scikit-learn is not installed.
    """
    names = _distinct("classes", classes)
    probs_NC = check_probs(probs, num_classes=len(names))
    if only is not None:
        kept = _distinct("only", only)
        unknown = [name for name in kept if name not in names]
        if unknown:
            raise InputError(f"only names the class {unknown[0]!r}; the classes are {', '.join(names)}")
        probs_NC = _keep(probs_NC, [names.index(name) for name in kept])
        names = kept
    labels_N = _columns_of(labels, names, len(probs_NC))
    return _scores(labels_N, probs_NC, names)


def evaluate_present(labels: Sequence[str], probs: ArrayLike, classes: Sequence[str]) -> Scores:
    """Compare answers with the right labels, between the classes that these texts have.

    Texts of one class alone are measured against all others. Arguments and errors are those of ``evaluate``.
    """
    present = [name for name in classes if name in set(labels)]
    return evaluate(labels, probs, classes, only=present if len(present) > 1 else None)


def _scores(labels_N: NDArray[np.int64], probs_NC: NDArray[np.float64], names: tuple[str, ...]) -> Scores:
    sklearn_metrics = require("sklearn.metrics", extra="train")
    answers_N = probs_NC.argmax(axis=1)
    columns = list(range(len(names)))
    precision_C, recall_C, f1_C, texts_C = sklearn_metrics.precision_recall_fscore_support(
        labels_N, answers_N, labels=columns, zero_division=0.0
    )
    present_C = texts_C > 0
    return Scores(
        n=len(labels_N),
        classes=names,
        accuracy=float(sklearn_metrics.accuracy_score(labels_N, answers_N)),
        macro_f1=float(f1_C[present_C].mean()),
        macro_recall=float(recall_C[present_C].mean()),
        ece=reliability(probs_NC, labels_N).ece,
        confusion=sklearn_metrics.confusion_matrix(labels_N, answers_N, labels=columns).astype(np.int64),
        precision=precision_C,
        recall=np.where(present_C, recall_C, np.nan),
        curve=risk_coverage(probs_NC, labels_N),
    )


def _keep(probs_NC: NDArray[np.float64], columns: list[int]) -> NDArray[np.float64]:
    """Return the given columns, each row scaled to sum to 1."""
    kept_NC = probs_NC[:, columns]
    sums_N1 = kept_NC.sum(axis=1, keepdims=True)
    return np.where(sums_N1 > 0, kept_NC / np.where(sums_N1 > 0, sums_N1, 1), 1 / len(columns))


def _distinct(what: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return at least two different class names, as a tuple of str."""
    if isinstance(names, str):
        raise InputError(f"{what} must be a sequence of class names, got one str: {names!r}")
    found = tuple(str(name) for name in names)
    if len(found) < 2 or len(set(found)) < len(found):
        raise InputError(f"{what} must be at least two different class names, got {list(found)}")
    return found


def _columns_of(labels: Sequence[str], names: tuple[str, ...], rows: int) -> NDArray[np.int64]:
    """Return the column of each label."""
    if isinstance(labels, str):
        raise InputError("labels must be a sequence of class names, got one str: put it in a list")
    if len(labels) != rows:
        raise InputError(f"there are {len(labels)} labels for {rows} rows of probs: give one label per row")
    column = {name: c for c, name in enumerate(names)}
    for row, label in enumerate(labels):
        if label not in column:
            raise InputError(f"label {label!r} of row {row} is not among the classes {', '.join(names)}")
    return np.array([column[label] for label in labels], dtype=np.int64)
