"""The columns that answers add to a table of texts: the same in files, in Arrow batches and on clusters.

Knows classifiers and texts; knows no files and no tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from nlp_rnn.classification.abstention import UNSURE
from nlp_rnn.classification.classifier import TextClassifier
from nlp_rnn.errors import InputError
from nlp_rnn.probabilities import has_polarity, polarity

CHUNK_TEXTS, CHUNK_CHARACTERS = 1024, 2**22
"""A chunk of texts, which are answered at once, ends at so many texts or so many characters."""
WORDS = ("label", "language")
"""Added columns that hold words; the others hold figures."""
DIGITS = 6
"""Digits behind the point of the figures in a column."""

Item = TypeVar("Item")


def added_columns(classes: Sequence[str], *, abstain: bool = False) -> list[str]:
    """Return the names of the columns that an answer adds, without a prefix.

    >>> added_columns(["negative", "positive"]), added_columns(["spam", "ham"], abstain=True)
    (['label', 'score', 'polarity'], ['label', 'score', 'language', 'unknown_share'])

    Args:
        classes: The classes of the model.
        abstain: Whether answers may be ``unsure``.
    """
    own = ["polarity"] if has_polarity(classes) else []
    return ["label", "score", *own, *(["language", "unknown_share"] if abstain else [])]


def in_chunks(
    items: Iterable[Item],
    length_of: Callable[[Item], int],
    *,
    most: int | None = None,
    characters: int | None = None,
) -> Iterator[list[Item]]:
    """Yield the items in lists of bounded size, to be answered at once; the same items in the same lists.

    Args:
        items: Any number, such as texts.
        length_of: Returns the characters of an item.
        most: A list ends at so many items; None is ``CHUNK_TEXTS``.
        characters: A list ends at so many characters; None is ``CHUNK_CHARACTERS``.
    """
    most = CHUNK_TEXTS if most is None else most
    characters = CHUNK_CHARACTERS if characters is None else characters
    chunk: list[Item] = []
    length = 0
    for item in items:
        chunk.append(item)
        length += length_of(item)
        if len(chunk) >= most or length >= characters:
            yield chunk
            chunk, length = [], 0
    if chunk:
        yield chunk


def answers_of(
    classifier: TextClassifier, texts: Iterable[str | None], *, abstain: float | None = None
) -> dict[str, list[Any]]:
    """Return the added columns for the texts; one that is missing or has only spaces has no answer: None.

    Args:
        classifier: What answers.
        texts: Any number of texts.
        abstain: As ``TextClassifier.unsure`` takes it.

    Raises:
        InputError: If a text is no str.
        ConfigError: As ``TextClassifier.unsure``.
    """
    names = added_columns(classifier.artifact.classes, abstain=abstain is not None)
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for chunk in in_chunks(texts, lambda text: len(text or "")):
        here = [text for text in chunk if text is not None and not _is_blank(text)]
        found = iter(_rows(classifier, here, abstain) if here else ())
        for text in chunk:
            row = None if text is None or _is_blank(text) else next(found)
            for name in names:
                columns[name].append(None if row is None else row[name])
    return columns


def _is_blank(text: object) -> bool:
    if not isinstance(text, str):
        raise InputError(f"texts must be str or None, got {type(text).__name__}: {text!r:.60}")
    return not text.strip()


def _rows(classifier: TextClassifier, texts: list[str], abstain: float | None) -> Iterator[dict[str, Any]]:
    """Yield the added values for each text."""
    classes = classifier.artifact.classes
    if abstain is None:
        probs_NC = classifier.predict_proba(texts)
        for probs_C in probs_NC:
            best = int(probs_C.argmax())
            yield row_of(classes[best], float(probs_C[best]), float(polarity(probs_C, classes)))
        return
    for each in classifier.classify_many(texts, abstain=abstain):
        probs_C = np.array([each.probabilities[name] for name in classes], np.float32)
        label = UNSURE if each.unsure else each.label
        balance = float(polarity(probs_C, classes))
        yield row_of(label, each.score, balance, each.language, each.unknown_share)


def row_of(
    label: str, score: float, balance: float, language: str | None = None, unknown_share: float = 0.0
) -> dict[str, Any]:
    """Return all values that an answer may add to a row, figures rounded.

    Args:
        label: A class, or ``unsure``.
        score: Its probability, in [0, 1].
        balance: The polarity, in [-1, 1]; NaN where the classes have none.
        language: Of the text, or None.
        unknown_share: Share of its tokens that the model does not know, in [0, 1].
    """
    return {
        "label": label,
        "score": round(score, DIGITS),
        "polarity": round(balance, DIGITS),
        "language": language,
        "unknown_share": round(unknown_share, DIGITS),
    }
