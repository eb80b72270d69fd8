"""The data that a classifier learns from, checked: texts, labels or probabilities, held-out sets, pairs.

Knows texts and the names of classes; knows no ids and no models.

Shapes: N texts, C classes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.config import LABEL_FREE, TrainConfig
from nlp_rnn.errors import InputError, as_texts, refuse_tables
from nlp_rnn.probabilities import check_probs

Labelled = tuple[Sequence[str], Sequence[str]]
"""Texts, and the label of each."""


@dataclass(frozen=True)
class Examples:
    """The checked examples.

    Attributes:
        texts: Texts to learn from.
        labels: The class of each text.
        targets_NC: Probabilities to learn instead of the classes, or None.
        classes: Names of the classes, in order.
        validation: Held-out texts and labels, by name; at least one set.
        unlabelled: Texts without labels.
        pairs: Texts that should get the same answer, two by two.
    """

    texts: list[str]
    labels: list[str]
    targets_NC: NDArray[np.float32] | None
    classes: tuple[str, ...]
    validation: Mapping[str, Labelled]
    unlabelled: list[str]
    pairs: list[list[str]]


def check_examples(
    texts: Sequence[str],
    labels: Sequence[str] | NDArray[np.floating[Any]],
    classes: Sequence[str] | None,
    *,
    validation: Labelled | Mapping[str, Labelled] | None,
    unlabelled: Sequence[str] | None,
    pairs: Sequence[tuple[str, str]] | None,
    config: TrainConfig,
) -> Examples:
    """Return the arguments of ``TextClassifier.fit``, checked; without a validation set hold out a tenth.

    Raises:
        InputError: If they do not fit together; see ``TextClassifier.fit``.
    """
    texts = as_texts(texts)
    labels, targets_NC = _labels_and_targets(labels, classes)
    if len(texts) != len(labels):
        raise InputError(f"there are {len(texts)} texts but {len(labels)} labels: give one label per text")
    if len({text.strip() for text in texts}) == 1:
        raise InputError(f"all {len(texts):,} texts are equal: there is nothing to tell the classes apart by")
    _check_objectives(unlabelled, pairs, config)
    examples = Examples(
        texts=texts,
        labels=labels,
        targets_NC=targets_NC,
        classes=_class_names(labels, classes),
        validation=_validation_sets(validation),
        unlabelled=[] if unlabelled is None else as_texts(unlabelled, "unlabelled"),
        pairs=[] if pairs is None else [_pair(pair) for pair in pairs],
    )
    if pairs is not None and not examples.pairs:
        raise InputError("there are no pairs: give some, or leave out the objective pairing")
    return examples if examples.validation else _hold_out(examples, config.seed)


def class_numbers(labels: Sequence[str], classes: Sequence[str], where: str) -> NDArray[np.int64]:
    """Return the number of each label's class.

    Args:
        labels: N labels.
        classes: Names of the classes, in order.
        where: Name of the labelled set, for the message.

    Shape:
        -> (N,).

    Raises:
        InputError: If a label is none of the classes.
    """
    numbers = {name: number for number, name in enumerate(classes)}
    unknown = sorted(set(labels) - set(classes))
    if unknown:
        raise InputError(f"{where} has the label {unknown[0]!r}; the classes are {', '.join(classes)}")
    return np.array([numbers[label] for label in labels], dtype=np.int64)


def folded(label: str) -> str:
    """Return a label without what people do not tell labels apart by: case, and spaces around and within it.

    >>> folded(" Neg"), folded("very  Bad")
    ('neg', 'very bad')
    """
    return " ".join(unicodedata.normalize("NFKC", label).casefold().split())


def _labels_and_targets(
    labels: Sequence[str] | NDArray[np.floating[Any]], classes: Sequence[str] | None
) -> tuple[list[str], NDArray[np.float32] | None]:
    """Return the (most probable) class of each text, and the probabilities (N, C) if these are given."""
    if not isinstance(labels, np.ndarray):
        return as_texts(labels, "labels"), None
    if labels.ndim == 1:
        return as_texts(labels.tolist(), "labels"), None
    if labels.ndim != 2:
        refuse_tables(labels, "labels must be a sequence of str")
    if classes is None:
        raise InputError("labels given as probabilities need the names of their columns: give classes")
    probs_NC = check_probs(labels, num_classes=len(classes))
    return [classes[best] for best in probs_NC.argmax(axis=1)], probs_NC.astype(np.float32)


def _check_objectives(
    unlabelled: Sequence[str] | None, pairs: Sequence[tuple[str, str]] | None, config: TrainConfig
) -> None:
    """Refuse texts that no objective uses, and the objective ``pairing`` without pairs."""
    if unlabelled is not None and not {*LABEL_FREE} & {*config.objectives}:
        raise InputError(
            f"unlabelled texts are for the objectives {', '.join(LABEL_FREE)}: give one a weight, as in "
            'TrainConfig(objectives={"virtual_adversarial": 1.0})'
        )
    if (pairs is None) == bool(config.objectives.get("pairing")):
        raise InputError(
            "pairs and the objective pairing go together: give fit pairs, and TrainConfig(objectives="
            '{"pairing": 1.0})'
        )


def _class_names(labels: Sequence[str], classes: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of the classes, alphabetical if they are not given."""
    names = tuple(classes) if classes is not None else tuple(sorted(set(labels)))
    if len(names) < 2 or len(set(names)) != len(names):
        raise InputError(
            f"a classifier needs at least two classes, each once; these are {', '.join(names) or 'none'}"
        )
    return names


def _validation_sets(validation: Labelled | Mapping[str, Labelled] | None) -> dict[str, Labelled]:
    """Return the held-out sets by name, each checked."""
    if validation is None:
        return {}
    sets = validation if isinstance(validation, Mapping) else {"validation": validation}
    checked: dict[str, Labelled] = {}
    for name, (texts, labels) in sets.items():
        texts = as_texts(texts, f"the texts of the validation set {name}")
        labels = as_texts(labels, f"the labels of the validation set {name}")
        if len(texts) != len(labels):
            raise InputError(f"the validation set {name} has {len(texts)} texts and {len(labels)} labels")
        if len(set(labels)) < (1 if len(sets) > 1 else 2):
            raise InputError(
                f"the validation set {name} needs texts of two classes or more, it has {len(set(labels))}"
            )
        checked[name] = texts, labels
    return checked


def _pair(pair: Sequence[str]) -> list[str]:
    """Return one pair of texts, checked."""
    found = as_texts(pair, "pairs, each of them,")
    if len(found) != 2:
        raise InputError(f"pairs must hold two texts each, not {len(found)}")
    return found


def _hold_out(examples: Examples, seed: int) -> Examples:
    """Return the examples with a tenth of each class held out; pairs with a text of these are left out."""
    texts, labels, targets_NC = examples.texts, examples.labels, examples.targets_NC
    keep, held = _split_by_class(texts, labels, seed)
    held_out = {texts[i] for i in held}
    return replace(
        examples,
        texts=[texts[i] for i in keep],
        labels=[labels[i] for i in keep],
        targets_NC=None if targets_NC is None else targets_NC[keep],
        validation={"validation": ([texts[i] for i in held], [labels[i] for i in held])},
        pairs=[pair for pair in examples.pairs if held_out.isdisjoint(pair)],
    )


def _split_by_class(texts: list[str], labels: list[str], seed: int) -> tuple[list[int], list[int]]:
    """Return which texts to train on, and a tenth of each class (at least one text) to hold out.

    Copies of a text stay together, so that none is both learned from and held out, unless they are more than
    a quarter of their class.
    """
    rng = np.random.default_rng(seed)
    held: set[int] = set()
    for name in sorted(set(labels)):
        of_class = [i for i, label in enumerate(labels) if label == name]
        if len(of_class) < 2:
            twins = [other for other in sorted({*labels}) if other != name and folded(other) == folded(name)]
            alike = f", and {twins[0]!r} is almost alike: write both alike, or" if twins else ":"
            raise InputError(
                f"the class {name!r} has {len(of_class)} text{alike} give it more, or give a validation set"
            )
        copies: dict[str, list[int]] = {}
        for i in of_class:
            copies.setdefault(texts[i], []).append(i)
        wanted, aside = max(1, len(of_class) // 10), set[int]()
        for i in rng.permutation(of_class).tolist():
            if len(aside) >= wanted:
                break
            rows = copies[texts[i]]
            aside.update(rows if len(rows) <= max(wanted, len(of_class) // 4) else [i])
        held |= aside
    return [i for i in range(len(labels)) if i not in held], sorted(held)
