"""Words and clauses of opinion in labelled corpora, for the templates' slots.

Knows labelled texts and the labels ``negative`` and ``positive``; knows no file and no template.
Polarity always comes from the labels that people gave.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

Labelled = tuple[list[str], list[str]]
"""Texts, and the label of each."""

_SLOTS = {"negative": "neg", "positive": "pos"}
_AS_ADJECTIVE = re.compile(r"\b(very|so|really|truly|absolutely|simply|utterly|totally) ([a-z]+)(?=[.,;!?])")
_SUBJECT = re.compile(
    r"(?:the|this|these|those|that|it|they|we|i|my|our|he|she|his|her|its|their|there|everything|all) "
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|am|has|have|had|made|makes?|tastes?d?|looks?|looked|works?|worked|loved?|hated?|enjoyed|"
    r"feels?|felt|seems?|seemed|sounds?|comes?|came|goes|went|gets?|got|gives?|gave|takes?|took|does|did)(?:n't)?\b|'(?:s|re|m|ve)\b"
)
_NEGATOR = re.compile(
    r"(?:\b(?:not|no|never|cannot)|n't)\b(?= ?((?:[a-z']+ ?){0,3}))"
)  # and the words that it negates
_OTHERWISE = re.compile(  # words that invert or weaken a clause, or end it
    r"\b(?:nobody|nothing|none|neither|nor|hardly|barely|without|but|however|although|though|"
    r"while|if|would|could|should|might|than|wish|hope|too|used|only|just|except|until|unless|yet|instead|"
    r"lack\w*|fail\w*)\b|[^a-z', ]"
)


def opinion_adjectives(
    phrases: Labelled, texts: Iterable[str], *, exclude: Iterable[str], min_count: int = 5
) -> dict[str, list[str]]:
    """Return adjectives that people labelled negative or positive, for the templates' general slots.

    Args:
        phrases: Labelled phrases; those of one word count.
        texts: Running text that shows which of these are adjectives: they follow *very* and end a clause.
        exclude: Words to leave out, with whatever begins like them, e.g. of the negation suite.
        min_count: Times a word must be seen as an adjective.

    Returns:
        ``{"neg": [...], "pos": [...]}``, each in alphabetical order.
    """
    slot_of = _polar_words(phrases)
    taken = {word.lower() for word in exclude}
    stems = tuple(word[:-1] for word in taken if len(word) > 3)
    clauses: Counter[tuple[str, str]] = Counter()
    everywhere: Counter[str] = Counter()
    for text in map(str.lower, texts):
        clauses.update(_AS_ADJECTIVE.findall(text))
        everywhere.update(re.findall("[a-z]+", text))
    seen: Counter[str] = Counter()
    for (_, word), count in clauses.items():
        seen[word] += count
    found: dict[str, list[str]] = {"neg": [], "pos": []}
    for word in sorted(slot_of.keys() - taken):
        adverb = word.endswith("ly") and word[:-2] in seen
        adjective = seen[word] >= max(min_count, 0.01 * everywhere[word]) and clauses["very", word] > 1
        if adjective and not adverb and not word.removeprefix("un").startswith(stems):
            found[slot_of[word]].append(word)
    return found


def opinion_clauses(texts: Labelled, phrases: Labelled, *, max_words: int = 14) -> dict[str, list[str]]:
    """Return short main clauses that alone have the polarity of their text's label.

    Either every opinion word has the label's polarity and nothing inverts it, or every one has the other and
    a single negator does.

    Args:
        texts: Labelled texts, in prose; each of their sentences is looked at.
        phrases: Labelled phrases; those of one word give the polarity of words.
        max_words: Words of a clause at most.

    Returns:
        ``negclause`` and ``posclause``, without a negator, ``negnotclause`` and ``posnotclause``, with one:
        lower-case, without a final stop or another word that inverts the sense, each once, in order.
    """
    slot_of = _polar_words(phrases)
    found: dict[str, set[str]] = {
        f"{slot}{what}": set() for slot in ("neg", "pos") for what in ("clause", "notclause")
    }
    for text, label in zip(*texts, strict=True):
        if label not in _SLOTS:
            continue
        slot = _SLOTS[label]
        for sentence in re.split(r"<br />|(?<=[.!?]) ", text.lower()):
            clause = sentence.strip().rstrip(".!").rstrip()
            if not 4 <= len(clause.split()) <= max_words or _OTHERWISE.search(clause):
                continue
            words = {slot_of[word] for word in re.findall("[a-z]+", clause) if word in slot_of}
            reaches = _NEGATOR.findall(clause)
            if len(reaches) > 1 or not _SUBJECT.match(clause) or not _VERB.search(clause):
                continue
            if not reaches and words == {slot}:
                found[f"{slot}clause"].add(clause)
            elif reaches and words and slot not in words and slot_of.keys() & set(reaches[0].split()):
                found[f"{slot}notclause"].add(clause)
    return {name: sorted(clauses) for name, clauses in found.items()}


def _polar_words(phrases: Labelled) -> dict[str, str]:
    """Return ``neg`` or ``pos`` for each phrase of one word that people gave such a label."""
    return {
        text.lower(): _SLOTS[label]
        for text, label in zip(*phrases, strict=True)
        if label in _SLOTS and " " not in text
    }
