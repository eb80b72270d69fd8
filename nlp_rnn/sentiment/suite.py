"""The suites of reviewed cases: a runner for any ``predict_proba``, and a report of failure rates.

Knows the format of ``data/negation/*.jsonl`` and ``data/everyday/*.jsonl``, and what each kind of case
asks for; does not know how the probabilities were made. The three kinds of case are those of CheckList
(Ribeiro et al. 2020, "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList"): a minimum
functionality test (MFT) must get its label, the texts of an invariance test (INV) must share one label, and
in a directional test (DIR) the polarity, P(positive) - P(negative), must move the stated way by at least the
stated margin.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlp_rnn.classification.abstention import UNSURE
from nlp_rnn.errors import DataError, InputError, in_range, one_of, require
from nlp_rnn.resources import data_folder

LABELS = ("negative", "neutral", "positive")
EXPECTATIONS = {
    "MFT": (*LABELS, "not negative", "not positive", UNSURE),
    "INV": ("same",),
    "DIR": ("lower", "higher"),
}
SUITES = ("negation", "everyday")
DEFAULT_MARGIN = 0.1
ROUNDING = 1e-9

PredictProba = Callable[[list[str]], ArrayLike]
"""Texts to their probabilities, *shape (N, C)*."""
Unsure = Callable[[list[str]], Iterable[Any]]
"""Texts to whether the model would rather not answer each, *shape (N,)*."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One reviewed case of the suite.

    Args:
        id: Unique name, e.g. ``"local-001"``.
        type: ``"MFT"``, ``"INV"`` or ``"DIR"``.
        phenomenon: The phenomenon that the case tests, e.g. ``"clause_final"``.
        texts: One text for MFT, two or more for INV, two for DIR.
        expect: A label, ``"not negative"``, ``"not positive"`` or ``"unsure"`` (the model should say that it
            does not know) for MFT; ``"same"`` for INV; for DIR
            ``"lower"`` or ``"higher"``: where the polarity of the second text lies from that of the first.
        margin: Least difference in polarity (DIR only).

    Raises:
        InputError: If the fields contradict each other.
    """

    id: str
    type: str
    phenomenon: str
    texts: tuple[str, ...]
    expect: str
    margin: float = DEFAULT_MARGIN

    def __post_init__(self) -> None:
        """Refuse a case that could not be scored."""
        for name in ("id", "phenomenon"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise InputError(f"Invalid {name}. Received: {value!r}; it should be a non-empty string")
        allowed = EXPECTATIONS.get(self.type) if isinstance(self.type, str) else None
        if allowed is None:
            raise InputError(f"Invalid type. Received: {self.type!r}; it should be one of MFT, INV, DIR")
        if self.expect not in allowed:
            raise InputError(
                f"Invalid expect for {self.type}. Received: {self.expect!r}; "
                f"it should be one of {', '.join(allowed)}"
            )
        if not all(isinstance(text, str) and text.strip() for text in self.texts):
            raise InputError(f"Invalid texts. Received: {self.texts!r}; each should be a non-empty string")
        fits = {"MFT": len(self.texts) == 1, "INV": len(self.texts) >= 2, "DIR": len(self.texts) == 2}
        if not fits[self.type]:
            raise InputError(
                f"Invalid number of texts for {self.type}. Received: {len(self.texts)}; "
                "it should be 1 for MFT, 2 or more for INV, 2 for DIR"
            )
        object.__setattr__(self, "margin", in_range("margin", self.margin, 0, 2, error=InputError))
        if not self.margin:
            raise InputError(f"Invalid margin. Received: {self.margin!r}; it should be a number in (0, 2]")

    def passes(self, labels: Sequence[str], polarities: Sequence[float]) -> bool:
        """Return True if one label and one polarity per text meet the expectation."""
        if self.type == "INV":
            return len(set(labels)) == 1
        if self.type == "DIR":
            rise = polarities[1] - polarities[0]
            return (rise if self.expect == "higher" else -rise) >= self.margin - ROUNDING
        if self.expect.startswith("not "):
            return labels[0] != self.expect.removeprefix("not ")
        return labels[0] == self.expect


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The answer of a model to one case: a label and a polarity in [-1, 1] per text."""

    case: Case
    labels: tuple[str, ...]
    polarities: tuple[float, ...]
    passed: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the case and the answer as one JSON object."""
        return {
            "id": self.case.id,
            "type": self.case.type,
            "phenomenon": self.case.phenomenon,
            "texts": list(self.case.texts),
            "expect": self.case.expect,
            "predicted": list(self.labels),
            "polarity": [round(value, 4) for value in self.polarities],
        }


@dataclass(frozen=True)
class Tally:
    """The number of cases in one group, and of those that failed."""

    name: str
    cases: int
    failures: int

    @property
    def failure_rate(self) -> float:
        """Share of the group's cases that failed, in [0, 1]."""
        return self.failures / self.cases

    def to_dict(self) -> dict[str, Any]:
        """Return the counts and the rate as one JSON object."""
        return {
            "name": self.name,
            "cases": self.cases,
            "failures": self.failures,
            "failure_rate": round(self.failure_rate, 4),
        }


@dataclass(frozen=True, kw_only=True)
class SuiteReport:
    """Every answer of one model on the suite, and what the answers add up to."""

    name: str
    classes: tuple[str, ...]
    outcomes: tuple[Outcome, ...] = field(repr=False)

    @property
    def total(self) -> Tally:
        """Cases and failures over the whole suite."""
        return Tally("all", len(self.outcomes), len(self.failures))

    @property
    def pass_share(self) -> float:
        """Passed share of all cases, in [0, 1]."""
        return 1 - self.total.failure_rate

    @property
    def turned_round(self) -> float:
        """Share of all cases answered positive where negative was expected, or the reverse, in [0, 1]."""
        poles = {"negative", "positive"}
        turned = sum({o.case.expect, o.labels[0]} == poles for o in self.outcomes if o.case.type == "MFT")
        return turned / len(self.outcomes)

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The failing cases with what was predicted, in the order of the suite."""
        return tuple(outcome for outcome in self.outcomes if not outcome.passed)

    @property
    def phenomena(self) -> tuple[Tally, ...]:
        """One tally per phenomenon, in the order of the suite."""
        return _tallies((outcome.case.phenomenon, outcome.passed) for outcome in self.outcomes)

    @property
    def expectations(self) -> tuple[Tally, ...]:
        """One tally per expectation: shows a model that has only learned that *not* is bad."""
        return _tallies((outcome.case.expect, outcome.passed) for outcome in self.outcomes)

    def rows(self) -> list[tuple[str, int, int, float]]:
        """Return rows for a table: (phenomenon, cases, failures, failure rate), ``"all"`` last."""
        return [(t.name, t.cases, t.failures, t.failure_rate) for t in (*self.phenomena, self.total)]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as one JSON object: totals, tallies and the failing cases."""
        return {
            "name": self.name,
            "classes": list(self.classes),
            "cases": self.total.cases,
            "failures": self.total.failures,
            "pass_share": round(self.pass_share, 4),
            "turned_round": round(self.turned_round, 4),
            "phenomena": [tally.to_dict() for tally in self.phenomena],
            "expectations": [tally.to_dict() for tally in self.expectations],
            "failing_cases": [outcome.to_dict() for outcome in self.failures],
        }

    def plot(self, path: str | Path, compare: SuiteReport | None = None) -> Path:
        """Draw the failure rate per phenomenon as a bar chart.

        Args:
            path: Picture to write; its suffix names the format (``.png``, ``.svg``, ``.pdf``).
            compare: A second report on the same cases, drawn beside this one.

        Returns:
            The path written.

        Raises:
            InputError: If ``compare`` covers other phenomena, or the format is unknown.
            MissingExtraError: If matplotlib is not installed.
        """
        path = Path(path)
        reports = [self] if compare is None else [self, compare]
        names = [tally.name for tally in self.phenomena]
        if any({tally.name for tally in report.phenomena} != set(names) for report in reports):
            raise InputError("the two reports cover different phenomena; run both models on the same cases")
        figure = require("matplotlib.figure", extra="plot").Figure(
            figsize=(8, 1.5 + 0.32 * len(names)), layout="constrained"
        )
        formats = sorted(figure.canvas.get_supported_filetypes())
        if path.suffix.lower().lstrip(".") not in formats:
            raise InputError(
                f"Invalid picture format. Received: {path.name!r}; "
                f"its suffix should be one of {', '.join(formats)}"
            )
        axes = figure.subplots()
        height = 0.8 / len(reports)
        for index, report in enumerate(reports):
            rates = {tally.name: 100 * tally.failure_rate for tally in report.phenomena}
            places = np.arange(len(names)) + (index - (len(reports) - 1) / 2) * height
            bars = axes.barh(
                places,
                [rates[name] for name in names],
                height=height,
                label=f"{report.name} ({100 * report.pass_share:.1f} % passed)",
            )
            axes.bar_label(bars, fmt="%.0f", padding=2, fontsize=7)
        axes.set_yticks(np.arange(len(names)), [name.replace("_", " ") for name in names])
        axes.invert_yaxis()
        axes.set_xlim(0, 105)
        axes.set_xlabel("cases failed, %")
        axes.set_title("Failure rate per phenomenon")
        figure.legend(loc="outside lower center", ncols=len(reports))
        figure.savefig(path, dpi=150)
        return path


def load_suite(path: str | Path | None = None, *, suite: str = "negation") -> list[Case]:
    """Read the cases of a suite.

    Args:
        path: One ``.jsonl`` file or a folder of them (read in the order of their names); None for one that
            comes with the package. Blank lines are skipped.
        suite: Which of these: ``"negation"`` or ``"everyday"``.

    Returns:
        The cases, in file and line order.

    Raises:
        ConfigError: If there is no such suite.
        DataError: If there is nothing to read, or a line is not a case; the message names file, line and
            reason.
    """
    one_of("suite", suite, SUITES)
    root = data_folder(suite) if path is None else Path(path)
    if not root.exists():
        raise DataError(f"{root}: no such file or folder; name a .jsonl file or a folder of them")
    sources = sorted(root.glob("*.jsonl")) if root.is_dir() else [root]
    cases: list[Case] = []
    origin: dict[str, str] = {}
    for source in sources:
        for number, line in enumerate(source.read_bytes().splitlines(), start=1):
            if not line.strip():
                continue
            where = f"{source}, line {number}"
            try:
                case = _parse(line)
            except ValueError as error:
                raise DataError(f"{where}: {error}") from None
            if case.id in origin:
                raise DataError(f"{where}: the id {case.id!r} was already used in {origin[case.id]}")
            origin[case.id] = where
            cases.append(case)
    if not cases:
        raise DataError(
            f"{root}: no cases found; name a .jsonl file with one case per line, or a folder of them"
        )
    return cases


def run_suite(
    predict_proba: PredictProba,
    cases: Iterable[Case] | None = None,
    *,
    classes: Iterable[str] = LABELS,
    name: str = "model",
    unsure: Unsure | None = None,
) -> SuiteReport:
    """Score a model on a suite; all texts go to ``predict_proba`` in one call.

    A model without a neutral class fails every case that expects ``"neutral"``, and one that always answers
    every case that expects ``"unsure"``.

    Args:
        predict_proba: Takes a list of n texts, returns their probabilities.
            Shape: (n, 3) or (n, 2), columns in the order of ``classes``.
        cases: Cases to run; by default the suite that comes with the package.
        classes: Label of each column: negative and positive, with or without neutral.
        name: Name of the model in tables and pictures.
        unsure: Takes the same texts, returns for each whether the model would rather not answer; then its
            label is ``"unsure"``. None for a model that always answers. Shape: (n,).

    Raises:
        InputError: If there are no cases, the classes are not known labels, or the answer is not one row of
            probabilities per text.
    """
    chosen = tuple(load_suite() if cases is None else cases)
    if not chosen:
        raise InputError("there are no cases to run; pass some, or leave `cases` out for the whole suite")
    columns = tuple(str(label) for label in classes)
    known = len(set(columns)) == len(columns) and set(columns) <= set(LABELS)
    if not known or not {"negative", "positive"} <= set(columns):
        raise InputError(
            f"Invalid classes. Received: {columns!r}; "
            "they should be negative and positive, with or without neutral"
        )
    texts = [text for case in chosen for text in case.texts]
    probs = _check_probs(predict_proba(texts), len(texts), columns)
    labels = [columns[index] for index in probs.argmax(axis=1)]
    if unsure is not None:
        answers = zip(labels, unsure(texts), strict=True)
        labels = [UNSURE if is_unsure else label for label, is_unsure in answers]
    polarity = (probs[:, columns.index("positive")] - probs[:, columns.index("negative")]).tolist()
    outcomes = []
    start = 0
    for case in chosen:
        end = start + len(case.texts)
        answer = tuple(labels[start:end]), tuple(polarity[start:end])
        outcomes.append(
            Outcome(case=case, labels=answer[0], polarities=answer[1], passed=case.passes(*answer)),
        )
        start = end
    return SuiteReport(name=name, classes=columns, outcomes=tuple(outcomes))


def _parse(line: bytes) -> Case:
    """Return one line of a suite as a case; any ValueError it raises says what is wrong."""
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError("it is not valid UTF-8; save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise InputError(f"it is not valid JSON ({error.msg}); write one JSON object per line") from None
    if not isinstance(row, dict):
        raise InputError("it is not a JSON object; write {...} with id, type, phenomenon, texts and expect")
    required = ("id", "type", "phenomenon", "texts", "expect")
    missing = [key for key in required if key not in row]
    unknown = sorted(set(row) - {*required, "margin"})
    if missing or unknown:
        raise InputError(
            f"missing fields: {', '.join(missing) or 'none'}; "
            f"unknown fields: {', '.join(unknown) or 'none'}; "
            f"allowed are {', '.join(required)} and, for DIR, margin"
        )
    if not isinstance(row["texts"], list):
        raise InputError(f"Invalid texts. Received: {row['texts']!r}; it should be a list of strings")
    if "margin" in row and row["type"] != "DIR":
        raise InputError("margin is only for cases of type DIR; take it out")
    return Case(**{**row, "texts": tuple(row["texts"])})


def _check_probs(answer: ArrayLike, n_texts: int, columns: tuple[str, ...]) -> NDArray[np.float64]:
    """Return the model's answer as a float array of one distribution per text."""
    try:
        probs = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"predict_proba did not return an array of numbers: {error}") from None
    shape = (n_texts, len(columns))
    if probs.shape != shape:
        raise InputError(
            f"predict_proba returned shape {probs.shape}, expected {shape}: one row per text, "
            f"one column for each of {', '.join(columns)}; name the model's own columns with `classes`"
        )
    if not ((probs >= -1e-6) & (probs <= 1 + 1e-6)).all() or not np.allclose(probs.sum(axis=1), 1, atol=1e-3):
        raise InputError("predict_proba returned rows that are not probabilities (each >= 0, sum 1)")
    return probs


def _tallies(marks: Iterator[tuple[str, bool]]) -> tuple[Tally, ...]:
    """Count cases and failures per name, names in the order first met."""
    counts: dict[str, list[int]] = {}
    for name, passed in marks:
        count = counts.setdefault(name, [0, 0])
        count[0] += 1
        count[1] += not passed
    return tuple(Tally(name, *count) for name, count in counts.items())
