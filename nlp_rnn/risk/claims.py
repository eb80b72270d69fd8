"""Sentences that assert what could be checked: readable rules, and a small recurrent classifier.

The rules are reviewed data (``data/risk/rules.json``). The classifier is an ordinary model of this toolkit
that learned from people's judgements which sentences are worth a fact-checker's time (Hassan et al. 2017,
"Toward automated fact-checking: detecting check-worthy factual claims by ClaimBuster"). Both say that a
sentence claims something; neither knows whether it is true.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp_rnn.errors import DataError, InputError
from nlp_rnn.resources import CLAIMS_MODEL, data_folder
from nlp_rnn.risk.needles import Search, merged_matches
from nlp_rnn.risk.short import MOST_ANSWERS, SHORT
from nlp_rnn.risk.signals import Signal

if TYPE_CHECKING:
    from nlp_rnn.classification.classifier import TextClassifier

CHECK_WORTHY = "check-worthy"
FEWEST_WORDS = 4
"""A shorter sentence, such as a name before a colon or an exclamation, claims nothing."""

NOISE = 1e-5
"""Greatest distance of a probability read among others from that of the sentence alone."""

_WORD = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")
_INVISIBLE = "\u00ad\u200b\u2060\ufeff"
_SPACE = re.compile(r"\s")
_REWRITTEN = re.compile(rf"[’ʼ]|[\s{_INVISIBLE}]{{2,}}|[^\S ]|[{_INVISIBLE}]")
_RULE_KEYS = {"kind", "score", "why", "patterns", "examples", "counterexamples"}
_DAMPER_KEYS = {"why", "factor", "patterns"}


@dataclass(frozen=True)
class Rule:
    """One kind of statement, and the patterns that find it.

    Attributes:
        kind: Name of the signal it raises.
        score: The signal's score, in [0, 1].
        why: The reason given to a reader.
        pattern: All its patterns in one.
        examples: Sentences it must find.
        counterexamples: Sentences it must leave alone.
        patterns: The alternatives of which ``pattern`` is made; with them, those that cannot match in a
            sentence are not run, which changes no answer.
    """

    kind: str
    score: float
    why: str
    pattern: re.Pattern[str]
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...]
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Damper:
    """A property that lowers the scores of a sentence's claims, such as that it is a question.

    Attributes:
        why: The property in words.
        factor: The scores are multiplied by this, in [0, 1].
        pattern: All its patterns in one.
        patterns: As for a rule.
    """

    why: str
    factor: float
    pattern: re.Pattern[str]
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """The rules of one file, in its order."""

    rules: tuple[Rule, ...]
    dampers: tuple[Damper, ...]

    def find(self, sentence: str, offset: int = 0) -> Iterator[Signal]:
        """Yield a signal for each match of each rule; ``offset`` is added to its places."""
        yield from self.read(sentence, offset)[0]

    def damping(self, sentence: str) -> float:
        """Return the smallest factor of the dampers that match a sentence; 1 if none does."""
        return self.read(sentence)[1]

    def read(self, sentence: str, offset: int = 0) -> tuple[list[Signal], float]:
        """Return what ``find`` yields, and ``damping``, for less than both cost."""
        if len(sentence) > SHORT:
            return self._read(sentence, offset)
        # Very short sentences come by the ten thousand, and mostly again and again.
        answer = self._answers.get(sentence)
        if answer is None:
            if len(self._answers) >= MOST_ANSWERS:
                self._answers.clear()
            answer = self._answers[sentence] = self._read(sentence)
        signals, factor = answer
        return [replace(s, start=offset + s.start, end=offset + s.end) for s in signals], factor

    def _read(self, sentence: str, offset: int = 0) -> tuple[list[Signal], float]:
        """Return what ``read`` does."""
        plain, places = _plain(sentence)
        live = self._search.live(plain)
        # The dampers stand after the rules.
        factor = 1.0
        for number, damper in enumerate(self.dampers, len(self.rules)):
            if damper.factor < factor and any(part.search(plain) for part in live.pop(number, ())):
                factor = damper.factor
        signals = []
        for number, patterns in live.items():
            if number >= len(self.rules):
                continue
            rule = self.rules[number]
            for match in merged_matches(patterns, plain):
                found = match[0].strip()
                if found:
                    first = match.start() + match[0].index(found)
                    signal = Signal(
                        kind=rule.kind,
                        start=offset + places[first],
                        end=offset + places[first + len(found) - 1] + 1,
                        score=round(rule.score * factor, 3),
                        why=f"{rule.why}: “{_short(found)}”",
                    )
                    signals.append(signal)
        return signals, factor

    @cached_property
    def _answers(self) -> dict[str, tuple[list[Signal], float]]:
        return {}

    @cached_property
    def _search(self) -> Search:
        every: list[Rule | Damper] = [*self.rules, *self.dampers]
        return Search([(each.pattern, each.patterns) for each in every])


def load_rules(path: str | Path | None = None) -> Rules:
    """Read rules in the format that ``data/risk/README.md`` describes.

    Args:
        path: The file; None is the one that comes with the package.

    Raises:
        DataError: If it cannot be read or is not in that format; the message names the rule.
    """
    file = data_folder("risk") / "rules.json" if path is None else Path(path)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        words = {name: "(?:" + "|".join(listed) + ")" for name, listed in content["words"].items()}
        rules = tuple(_rule(entry, words, f"rule {n}") for n, entry in enumerate(content["rules"], 1))
        dampers = tuple(_damper(entry, words, f"damper {n}") for n, entry in enumerate(content["dampers"], 1))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise DataError(f"{file} cannot be used as rules: {reason}") from None
    return Rules(rules, dampers)


class CheckWorthiness:
    """A classifier of sentences that a fact-checker would look into.

    Args:
        classifier: A classifier with the class ``check-worthy``, trained on ``mask_digits`` sentences.

    Raises:
        InputError: If the classifier has no such class.
    """

    def __init__(self, classifier: TextClassifier) -> None:
        classes = classifier.classes_.tolist()
        if CHECK_WORTHY not in classes:
            raise InputError(
                f"this classifier answers {', '.join(classes)}: give one with the class {CHECK_WORTHY}"
            )
        self._classifier = classifier
        self._column = classes.index(CHECK_WORTHY)

    @classmethod
    def from_pretrained(cls, source: str | Path | None = None) -> CheckWorthiness:
        """Load the classifier from a model folder or the Hub; None is the one in the package.

        Raises:
            ArtifactError: If there is no whole, untampered model there.
        """
        from nlp_rnn.classification.classifier import TextClassifier

        return cls(TextClassifier.from_pretrained(source or CLAIMS_MODEL))

    def probability(self, sentence: str) -> float:
        """Return the probability of ``check-worthy``; 0 for fewer than ``FEWEST_WORDS`` words."""
        return self.probabilities([sentence])[0]

    def probabilities(self, sentences: Sequence[str]) -> list[float]:
        """Return ``probability`` of each sentence, read together: within ``NOISE`` of what each has alone."""
        probs = [0.0] * len(sentences)
        read = [n for n, sentence in enumerate(sentences) if _has_words(sentence)]
        if read:
            masked = [mask_digits(sentences[n]) for n in read]
            different = [*dict.fromkeys(masked)]
            found = self._classifier.predict_proba(different)[:, self._column].tolist()
            value_of = dict(zip(different, map(float, found), strict=True))
            for n, sentence in zip(read, masked, strict=True):
                probs[n] = value_of[sentence]
        return probs


def _has_words(sentence: str) -> bool:
    # So many words, and what parts them, are at least so many characters.
    if len(sentence) < 2 * FEWEST_WORDS - 1:
        return False
    return sum(1 for _ in islice(_WORD.finditer(sentence), FEWEST_WORDS)) == FEWEST_WORDS


def mask_digits(sentence: str) -> str:
    """Return the sentence as the classifier reads it: each digit a 0, as only the presence of numbers counts.

    >>> mask_digits("In 2019 it was 3.5 %.")
    'In 0000 it was 0.0 %.'
    """
    return _DIGIT.sub("0", sentence.strip())


def _rule(entry: Mapping[str, Any], words: Mapping[str, str], where: str) -> Rule:
    if set(entry) != _RULE_KEYS:
        raise ValueError(f"{where} should have the keys {', '.join(sorted(_RULE_KEYS))}")
    if not 0 < entry["score"] <= 1:
        raise ValueError(f"{where} has the score {entry['score']}; it should be in (0, 1]")
    texts = tuple(entry["examples"]), tuple(entry["counterexamples"])
    patterns = _filled(entry["patterns"], words)
    return Rule(entry["kind"], entry["score"], entry["why"], _compiled(patterns, where), *texts, patterns)


def _damper(entry: Mapping[str, Any], words: Mapping[str, str], where: str) -> Damper:
    if set(entry) != _DAMPER_KEYS:
        raise ValueError(f"{where} should have the keys {', '.join(sorted(_DAMPER_KEYS))}")
    patterns = _filled(entry["patterns"], words)
    return Damper(entry["why"], entry["factor"], _compiled(patterns, where), patterns)


def _plain(sentence: str) -> tuple[str, list[int]]:
    """Return the sentence as patterns read it, and the place of each of its characters in the original.

    White space of any kind and length is one space, a curly apostrophe is straight, and invisible
    characters are gone.
    """
    plain: list[str] = []
    places: list[int] = []
    at = 0
    for match in _REWRITTEN.finditer(sentence):
        start, end = match.span()
        plain.append(sentence[at:start])
        places.extend(range(at, start))
        at = end
        if match[0] in "’ʼ":
            plain.append("'")
            places.append(start)
            continue
        # Of a run of white space and invisible characters the first white space stays, as a space.
        space = _SPACE.search(match[0])
        if space is not None:
            plain.append(" ")
            places.append(start + space.start())
    plain.append(sentence[at:])
    places.extend(range(at, len(sentence)))
    return "".join(plain), places


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _filled(patterns: Iterable[str], words: Mapping[str, str]) -> tuple[str, ...]:
    """Return the patterns with their slots filled."""
    filled = []
    for pattern in patterns:
        for name, alternatives in words.items():
            pattern = pattern.replace("{" + name + "}", alternatives)
        filled.append(pattern)
    return tuple(filled)


def _compiled(patterns: Iterable[str], where: str) -> re.Pattern[str]:
    """Return one pattern of several; case counts only inside ``(?-i:...)``."""
    try:
        return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"{where} is no regular expression ({error})") from None
