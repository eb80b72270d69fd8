"""What the user of a classifier should know of its data and of its answers, in sentences.

Knows texts, labels and answers; knows no models.

Shapes: N held-out texts, C classes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from nlp_rnn.batch import Ids
from nlp_rnn.classification.examples import Examples, folded
from nlp_rnn.training.remarks import leaks

_FEW = 10  # texts of a class, to learn from
_NAMED = 5  # of a longer list
_UNREAD = 0.5  # of the tokens
_MISSING = frozenset(
    ("", "nan", "NaN", "NAN", "NaT", "None", "null", "NULL", "<NA>", "N/A", "n/a", "#N/A", "NA")
)


def data_remarks(examples: Examples) -> list[str]:
    """Return what is wrong with texts and labels that can be learned from all the same."""
    return [
        *_rare_classes(examples.labels, examples.classes),
        *_labels_alike(examples.classes),
        *_missing_labels(examples.classes),
        *_two_labels(examples.texts, examples.labels),
        *(
            remark
            for name, (texts, _) in examples.validation.items()
            for remark in leaks(examples.texts, texts, f"held-out texts ({name})")
        ),
    ]


def reading_remarks(rows: Sequence[Sequence[int]], unk_id: int) -> list[str]:
    """Return how little of the training texts a tokenizer can read.

    Args:
        rows: Ids of each training text.
        unk_id: Id of the unknown token.
    """
    advice = "give more texts, or another tokenizer (subword, char or byte)"
    if len(rows) > 1 and all(row == rows[0] for row in rows):
        return [f"the tokenizer reads all {len(rows):,} training texts alike: {advice}"]
    count = sum(map(len, rows))
    share = sum(list(row).count(unk_id) for row in rows) / max(1, count)
    if share <= _UNREAD:
        return []
    return [f"the tokenizer does not know {share:.0%} of the words of the training texts: {advice}"]


def answer_remarks(labels_N: Ids, answers_N: Ids, classes: Sequence[str]) -> list[str]:
    """Return what held-out texts show that the model has not learned.

    Args:
        labels_N: The right class of each held-out text, *shape (N,)*.
        answers_N: The class answered, *shape (N,)*.
        classes: Names of the classes.
    """
    present, counts = np.unique(labels_N, return_counts=True)
    recalls = np.array([(answers_N[labels_N == label] == label).mean() for label in present])
    most = classes[int(present[counts.argmax()])]
    # Blind answers have the macro recall 1/C, give or take what chance moves so few texts by.
    share = 1 / len(present)
    chance = np.sqrt((share * (1 - share) / counts).sum()) / len(present)
    if recalls.mean() < share + chance:
        least = int(counts.argmin())
        few = f" (only {counts[least]} of {classes[int(present[least])]!r})" if counts[least] < _FEW else ""
        return [
            f"on the {len(labels_N):,} held-out texts{few} the model is no better than always answering "
            f"{most!r}: its macro recall is {recalls.mean():.2f}, and that answer's {share:.2f}; give more "
            "texts, more epochs (max_epochs) or smaller batches (batch_size), or look whether labels follow "
            "from texts"
        ]
    never = [int(label) for label in present if not (answers_N == label).any()]
    if not never:
        return []
    texts = sum(int(counts[present == label][0]) for label in never)
    return [
        f"the model never answers {_listed(classes[label] for label in never)} on the {len(labels_N):,} "
        f"held-out texts, though {texts:,} of them should be: give more texts of it, or try "
        'class_weights="balanced"'
    ]


def _rare_classes(labels: Sequence[str], classes: Sequence[str]) -> list[str]:
    """Name the classes with very few texts."""
    counts = Counter(labels)
    rare = [f"{name!r} ({counts[name]})" for name in classes if counts[name] < _FEW]
    if not rare:
        return []
    return [
        f"very few texts to learn from have the label {_listed(rare, quoted=True)}: give {_FEW} or more of "
        "each, or leave the class out"
    ]


def _labels_alike(classes: Sequence[str]) -> list[str]:
    """Name labels that differ in case or spaces alone."""
    alike = defaultdict(list)
    for name in classes:
        alike[folded(name)].append(name)
    return [
        f"the labels {_listed(names)} differ in case or spaces alone and are learned as {len(names)} "
        "classes: write them alike if they mean the same"
        for names in alike.values()
        if len(names) > 1
    ]


def _missing_labels(classes: Sequence[str]) -> list[str]:
    """Name labels that look like a missing value."""
    missing = [name for name in classes if name.strip() in _MISSING]
    if not missing:
        return []
    return [f"the label {_listed(missing)} looks like a missing one: leave out the rows that have no label"]


def _two_labels(texts: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Count the texts that have several labels."""
    several: set[str] = set()
    first: dict[str, str] = {}
    for text, label in zip(texts, labels, strict=True):
        if first.setdefault(text, label) != label:
            several.add(text)
    if not several:
        return []
    return [
        f"{_texts(len(several))} with two labels or more, such as {min(several)!r:.60}: "
        "keep the right one of each"
    ]


def _texts(count: int) -> str:
    return f"there are {count:,} texts" if count > 1 else "there is a text"


def _listed(names: Iterable[str], *, quoted: bool = False) -> str:
    """Return names with commas, the first few of many.

    >>> _listed("abcdefgh")
    "'a', 'b', 'c', 'd', 'e' and 3 more"
    """
    shown = [name if quoted else repr(name) for name in names]
    more = f" and {len(shown) - _NAMED:,} more" if len(shown) > _NAMED else ""
    return ", ".join(shown[:_NAMED]) + more
