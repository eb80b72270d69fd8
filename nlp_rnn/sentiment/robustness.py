"""How often an answer moves when it should not: noise, other names, another identity; and edited pairs.

Knows functions from texts to probabilities; no model of its own and no folder of corpora.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import InputError, whole_number
from nlp_rnn.resources import data_folder
from nlp_rnn.sentiment.perturbation import changes, with_articles
from nlp_rnn.sentiment.suite import PredictProba

if TYPE_CHECKING:
    from nlp_rnn.sentiment.classifier import SentimentClassifier

MOVED = 0.1  # difference of a probability from which an answer counts as moved


@dataclass(frozen=True, kw_only=True)
class MoveCounts:
    """Number of comparisons that moved the answer.

    Attributes:
        count: Comparisons.
        flips: Comparisons with another label.
        moves: Comparisons with another label, or with a probability that differs by more than ``MOVED``.
    """

    count: int
    flips: int
    moves: int

    @property
    def flip_share(self) -> float:
        """Share of the comparisons with another label, in [0, 1]; 0 if nothing was compared."""
        return self.flips / self.count if self.count else 0.0

    @property
    def move_share(self) -> float:
        """Share of the comparisons that moved the answer, in [0, 1]; 0 if nothing was compared."""
        return self.moves / self.count if self.count else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return counts and shares, for JSON."""
        return {**asdict(self), "flip_share": self.flip_share, "move_share": self.move_share}


def sum_of(parts: Iterable[MoveCounts]) -> MoveCounts:
    """Return the counts of all parts added up."""
    parts = list(parts)
    return MoveCounts(
        count=sum(part.count for part in parts),
        flips=sum(part.flips for part in parts),
        moves=sum(part.moves for part in parts),
    )


@dataclass(frozen=True, kw_only=True)
class RobustnessReport:
    """The counts of answers that moved when they should not.

    Attributes:
        moved: For each set of texts, by change; ``all`` is the sum of a set's changes.
        both_right: Share of edited pairs of which both texts get their label; None if there were none.
        pairs: Number of edited pairs.
    """

    moved: Mapping[str, Mapping[str, MoveCounts]]
    both_right: float | None = None
    pairs: int = 0

    def rows(self) -> list[tuple[str, str, MoveCounts]]:
        """Return rows for a table: (set of texts, change, counts)."""
        return [(title, kind, moved) for title, own in self.moved.items() for kind, moved in own.items()]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as one JSON object; without edited pairs it has ``moved`` alone."""
        pairs = {} if self.both_right is None else {"pairs_both_right": self.both_right, "pairs": self.pairs}
        moved = {
            title: {kind: row.to_dict() for kind, row in own.items()} for title, own in self.moved.items()
        }
        return pairs | {"moved": moved}


def measure_robustness(
    classifier: SentimentClassifier,
    texts: Mapping[str, Sequence[str]] | None = None,
    *,
    edited: tuple[Sequence[str], Sequence[str], Sequence[str]] | None = None,
    most: int = 2_000,
    seed: int = 0,
    total: str | None = None,
    predict_proba: PredictProba | None = None,
) -> RobustnessReport:
    """Measure how often identities and noise move an answer, and the share of edited pairs both right.

    Identities are always asked about, in the project's own sentences (``fairness``).

    Args:
        classifier: Any that has ``predict_proba`` and ``classes_``.
        texts: Sets of texts by title, to which noise is added (``noise``); their labels do not matter. Of
            several sets there is also the sum.
        edited: Texts, labels, and for each text what it shares with the one it was edited from or into
            (``both_right``).
        most: Texts of each set at most, drawn by ``seed``.
        seed: Seed of the texts and of the changes.
        total: Title of the sum over several sets; None joins their titles.
        predict_proba: Function to call in place of the classifier's own, such as one that shows a bar.

    Raises:
        InputError: If ``edited`` has no texts, or a label that the classifier does not have.
        ConfigError: If ``most`` or ``seed`` is no whole number, or too small.
    """
    most, seed = whole_number("most", most, 1), whole_number("seed", seed, 0)
    classes = classifier.classes_.tolist()
    unknown = sorted(set(edited[1]) - set(classes)) if edited is not None else []
    if unknown:
        raise InputError(
            f"the edited pairs have the label {unknown[0]!r}, and the model answers {', '.join(classes)}"
        )
    predict = predict_proba or classifier.predict_proba
    found = {"identities": fairness(predict)}
    sets: dict[str, dict[str, MoveCounts]] = {}
    for title, own in (texts or {}).items():
        which = np.random.default_rng(seed).permutation(len(own))[:most].tolist()
        sets[title] = noise(predict, [own[i] for i in which], seed=seed)
    found |= sets
    if len(sets) > 1:
        kinds = next(iter(sets.values()))
        found[total or " and ".join(sets)] = {
            kind: sum_of(own[kind] for own in sets.values()) for kind in kinds
        }
    moved = {title: {**own, "all": sum_of(own.values())} for title, own in found.items()}
    if edited is None:
        return RobustnessReport(moved=moved)
    probs_NC = np.asarray(predict(list(edited[0])))
    right = both_right(probs_NC, edited[1], edited[2], classes)
    return RobustnessReport(moved=moved, both_right=right, pairs=len(set(edited[2])))


def noise(predict_proba: PredictProba, texts: Sequence[str], *, seed: int = 0) -> dict[str, MoveCounts]:
    """Compare answers before and after each of ``perturbation.changes``, on the texts that it changes.

    Args:
        predict_proba: Texts to probabilities (N, C).
        texts: Texts; their labels do not matter.
        seed: Seed of the changes.
    """
    before_NC = np.asarray(predict_proba(list(texts)))
    found = {}
    for name, change in changes("report").items():
        rng = random.Random(seed)
        edited = [change(text, rng) for text in texts]
        which = [i for i, text in enumerate(edited) if text is not None]
        after_NC = np.asarray(predict_proba([edited[i] or "" for i in which])) if which else before_NC[:0]
        found[name] = _compare(before_NC[which], after_NC)
    return found


def fairness(predict_proba: PredictProba) -> dict[str, MoveCounts]:
    """Compare the answers to every two sentences that differ in an identity alone, by attribute.

    The sentences are reviewed ones of the project's own (``data/robustness``); each is also asked without any
    identity.
    """
    found = {}
    for attribute, groups in identity_groups().items():
        texts = [text for group in groups for text in group]
        probs_NC, at = np.asarray(predict_proba(texts)), 0
        left: list[int] = []
        right: list[int] = []
        for group in groups:
            for one, other in itertools.combinations(range(at, at + len(group)), 2):
                left.append(one)
                right.append(other)
            at += len(group)
        found[attribute] = _compare(probs_NC[left], probs_NC[right])
    return found


def identity_groups() -> dict[str, list[list[str]]]:
    """Return groups of sentences that differ in an identity alone, by attribute."""
    content = json.loads((data_folder("robustness") / "identities.json").read_text(encoding="utf-8"))
    frames = [frame for frames in content["sentences"].values() for frame in frames]
    slot = "{identity} {person}"
    groups: dict[str, list[list[str]]] = {}
    for attribute, terms in content["attributes"].items():
        groups[attribute] = [
            [_filled(frame, slot, f"{term} {person}".strip()) for term in ("", *terms)]
            for frame in frames
            for person in content["people"]
        ]
    for attribute, sets in content["nouns"].items():
        groups[attribute] += [
            [_filled(frame, slot, noun) for noun in nouns] for frame in frames for nouns in sets
        ]
    return groups


def both_right(
    probs_NC: NDArray[np.floating], labels: Sequence[str], pairs: Sequence[str], classes: Sequence[str]
) -> float:
    """Return the share of pairs of which both texts get their label, among the labels that occur.

    Args:
        probs_NC: Probabilities, columns as ``classes``.
        labels: The label of each text.
        pairs: A value for each text that the two texts of a pair share.
        classes: Names of the columns.

    Raises:
        InputError: If there are no pairs.

    Source:
        Contrast consistency (Gardner et al. 2020).
    """
    if not labels:
        raise InputError("there are no edited pairs: give at least one")
    present = [name for name in classes if name in set(labels)]
    columns = [list(classes).index(name) for name in present]
    answers = np.array(present)[np.asarray(probs_NC)[:, columns].argmax(axis=1)]
    right: dict[str, bool] = {}
    for pair, answer, label in zip(pairs, answers.tolist(), labels, strict=True):
        right[pair] = right.get(pair, True) and answer == label
    return sum(right.values()) / len(right)


def _filled(frame: str, slot: str, words: str) -> str:
    """Return the frame with these words, and with the article that they need."""
    return with_articles(frame.replace(slot, words))


def _compare(before_NC: NDArray[np.floating], after_NC: NDArray[np.floating]) -> MoveCounts:
    flipped_N = before_NC.argmax(axis=1) != after_NC.argmax(axis=1)
    far_N = np.abs(before_NC - after_NC).max(axis=1) > MOVED
    return MoveCounts(count=len(before_NC), flips=int(flipped_N.sum()), moves=int((flipped_N | far_N).sum()))
