"""Tell in which language a text is, and which of its sentences are not English.

Other scripts are known by their letters (``text/scripts.py``), Latin letters by a small recurrent classifier
of this toolkit that comes with the package. Short texts (``ok``, ``gg wp``, a name) are English unless the
model is all but certain, as nothing should be refused for being short. Knows nothing of what is done with the
answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.errors import ArtifactError, InputError, as_texts
from nlp_rnn.resources import LANGUAGES_MODEL
from nlp_rnn.text.scripts import LATIN, language_of_script, script_share
from nlp_rnn.text.sentences import split_sentences

if TYPE_CHECKING:
    from nlp_rnn.classification.classifier import TextClassifier

ENGLISH, OTHER = "en", "other"
_WINDOW, _WINDOWS = 240, 6  # characters of a window, of which a long text gives some, evenly spread
_LEAST_SCRIPT = 2  # letters of another script that may decide
_NO_LANGUAGE = re.compile(  # what is the same in all languages
    r"<[^<>\s][^<>]{0,200}>|(?:https?://|www\.)\S+|[^\s@]{1,64}@[^\s@]{1,100}\.\w+|[@#][\w.]+|\bRT\b|&#?\w{1,10};"
)
_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
# Words that no other language has among its common ones: where several stand together, it needs no model.
_PLAIN = frozenset(
    """
    the and that this with you your are were have they their them there these those what which when
    where why how would could should because about from been his she our just into than very my but
    before after always never while yours it's i'm don't isn't can't didn't doesn't i've you're that's
    """.split()
)
_PLAIN_SHARE, _PLAIN_WORDS = 0.15, 2
_LEAST_SMALL = 2  # words in small letters that say enough without the names among them

_TELLING = 5  # words of a text that say which language a collection is in
_LEAST_ASKED, _MOST_ASKED, _FOREIGN_SHARE = 20, 200, 0.1


@dataclass(frozen=True)
class Language:
    """The language of one text.

    Attributes:
        name: A code such as ``en``, ``fr`` or ``ru``; or the name of a script that several languages share,
            such as ``cyrillic``; or ``other``.
        english: How probable it is that the text is English, in [0, 1].
        score: How probable ``name`` is, in [0, 1]; of other scripts, the share of the letters.
    """

    name: str
    english: float
    score: float

    @property
    def unread(self) -> bool:
        """True if a model of English cannot read the text."""
        return self.name != ENGLISH


class UnreadSpan(NamedTuple):
    """A sentence that is not English: its place in the text, and its language."""

    start: int
    end: int
    language: Language


_UNDECIDED = Language(ENGLISH, 1.0, 1.0)


class LanguageGuesser:
    """Says in which language texts are; see ``guess``.

    Args:
        classifier: A classifier with a class ``en``, whose notes have ``thresholds``: the probability of
            English under which a text is called something else, for texts of at least as many words as
            ``LENGTHS`` says.

    Raises:
        ArtifactError: If the classifier is none of languages.
    """

    LENGTHS: ClassVar[tuple[int, ...]] = (1, 2, 3, 5, 8)

    def __init__(self, classifier: TextClassifier) -> None:
        classes = classifier.classes_.tolist()
        thresholds = classifier.artifact.notes.get("thresholds")
        if ENGLISH not in classes or not isinstance(thresholds, list) or len(thresholds) != len(self.LENGTHS):
            raise ArtifactError(
                f"this classifier answers {', '.join(classes[:5])}: give one of languages, with the class "
                f"{ENGLISH} and {len(self.LENGTHS)} thresholds in its notes"
            )
        self._classifier = classifier
        self._classes: list[str] = classes
        self._english = classes.index(ENGLISH)
        self._thresholds = [float(each) for each in thresholds]

    @classmethod
    def from_pretrained(cls, source: str | Path | None = None) -> LanguageGuesser:
        """Load a model of languages from a folder or the Hub; None is the one in the package.

        Raises:
            ArtifactError: If there is no whole, untampered model of languages there.
        """
        from nlp_rnn.classification.classifier import TextClassifier

        return cls(TextClassifier.from_pretrained(source or LANGUAGES_MODEL, threads=1))

    @staticmethod
    def as_read(text: str) -> str:
        """Return what is read of a text: no addresses, names of users, hashtags and tags."""
        return _without_markup(text)

    def guess(self, text: str) -> Language:
        """Return the language of one text.

        What has no words, and what is too short to tell, is English. A long text costs no more than some
        windows of it.

        Raises:
            InputError: If ``text`` is no str.
        """
        if not isinstance(text, str):
            raise InputError(
                f"guess wants one text (str), got {type(text).__name__}; for many texts use guess_many"
            )
        return self.guess_many([text])[0]

    def guess_many(self, texts: Sequence[str]) -> list[Language]:
        """Return the language of each text, as ``guess`` has it, for much less than one by one.

        Raises:
            InputError: If ``texts`` is a single str, or holds anything but str.
        """
        found = [_UNDECIDED] * len(as_texts(texts))
        windows: list[str] = []
        places: list[int] = []
        for place, text in enumerate(texts):
            bare = _without_markup(text)
            script, share = script_share(bare)
            if script == LATIN:
                own = _windows(bare)
                windows += own
                places += [place] * len(own)
            elif script is not None and _countable(bare) >= _LEAST_SCRIPT:
                found[place] = Language(language_of_script(script, bare), 0.0, share)
        if windows:
            self._name_latin(found, windows, np.array(places))
        return found

    def unread_spans(self, text: str) -> list[UnreadSpan]:
        """Return the sentences of a text that are not English, without the spaces around them.

        Raises:
            InputError: If ``text`` is no str.

        >>> guesser = LanguageGuesser.from_pretrained()
        >>> spans = guesser.unread_spans("Thank you. Das war wirklich gut.")
        >>> [(span.start, span.language.name) for span in spans]
        [(11, 'de')]
        """
        if not isinstance(text, str):
            raise InputError(f"unread_spans wants one text (str), got {type(text).__name__}")
        sentences = split_sentences(text)
        spans = []
        start = 0
        for sentence, language in zip(sentences, self.guess_many(sentences), strict=True):
            if language.unread:
                first = start + len(sentence) - len(sentence.lstrip())
                spans.append(UnreadSpan(first, start + len(sentence.rstrip()), language))
            start += len(sentence)
        return spans

    def english_share(self, text: str) -> float:
        """Return the share of a text's letters that stand in English sentences, in [0, 1]; 1 without letters.

        Raises:
            InputError: If ``text`` is no str.
        """
        unread = sum(_countable(text[span.start : span.end]) for span in self.unread_spans(text))
        return 1.0 - unread / max(1, _countable(text))

    def _name_latin(self, found: list[Language], windows: list[str], places_N: NDArray[np.int64]) -> None:
        """Put the languages of texts of Latin letters where they belong; windows of a text have its place."""
        probs_NC = self._probs(windows)
        # The windows of one text follow each other: their mean is the text's.
        first_B = np.flatnonzero(np.diff(places_N, prepend=-1))
        count_B = np.diff(first_B, append=len(places_N))
        probs_BC = np.add.reduceat(probs_NC, first_B, axis=0) / count_B[:, None]
        for at, place, probs_C in zip(first_B.tolist(), places_N[first_B].tolist(), probs_BC, strict=True):
            found[place] = self._named(probs_C, len(_LETTERS.findall(windows[at])))
        # Foreign names in English: what is short and not English is read once more without its names.
        doubted = [at for at, count in zip(first_B.tolist(), count_B, strict=True) if count == 1]
        doubted = [at for at in doubted if found[places_N[at]].unread]
        nameless = {at: rest for at in doubted if (rest := _without_names(windows[at]))}
        for at, probs_C in zip(nameless, self._probs(list(nameless.values())), strict=True):
            again = self._named(probs_C, len(_LETTERS.findall(nameless[at])))
            if not again.unread:
                found[places_N[at]] = again

    def _probs(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return probabilities (N, C) of texts; those that are plainly English are not given to the model."""
        probs_NC = np.zeros((len(texts), len(self._classes)), np.float32)
        asked = [n for n, text in enumerate(texts) if not _plainly_english(text)]
        probs_NC[:, self._english] = 1.0
        if asked:
            probs_NC[asked] = self._classifier.predict_proba([texts[n] for n in asked])
        return probs_NC

    def _named(self, probs_C: NDArray[np.float32], words: int) -> Language:
        """Return the language that some probabilities and a number of words speak for."""
        english = float(probs_C[self._english])
        threshold = max(
            (limit for least, limit in zip(self.LENGTHS, self._thresholds, strict=True) if words >= least),
            default=0.0,
        )
        if english >= threshold:
            return Language(ENGLISH, english, english)
        # Among the languages that are not English, one has to be more probable than all the rest.
        rest_C = probs_C.copy()
        rest_C[self._english] = 0.0
        best = int(rest_C.argmax())
        if float(rest_C[best]) * 2 < float(rest_C.sum()):
            return Language(OTHER, english, 1.0 - english)
        return Language(self._classes[best], english, float(rest_C[best]))


@cache
def shared_guesser() -> LanguageGuesser:
    """Return the guesser of the package's own model, loaded once."""
    return LanguageGuesser.from_pretrained()


def is_english(text: str) -> bool:
    """Return True if a text is English, or too short to tell.

    Raises:
        InputError: If ``text`` is no str.

    >>> is_english("gg wp"), is_english("Où est passée ma commande ?")
    (True, False)
    """
    return not shared_guesser().guess(text).unread


def mostly_english(texts: Sequence[str]) -> bool:
    """Return True if of some evenly spaced texts that are long enough to tell nearly all are English.

    Raises:
        InputError: If ``texts`` is a single str, or holds anything but str.
    """
    telling = [text for text in as_texts(texts) if len(text.split()) >= _TELLING]
    some = telling[:: max(1, len(telling) // _MOST_ASKED)]
    if len(some) < _LEAST_ASKED:
        return False
    unread = sum(language.unread for language in shared_guesser().guess_many(some))
    return unread <= _FOREIGN_SHARE * len(some)


def _plainly_english(text: str) -> bool:
    """Return True if enough of the words are such as only English has.

    >>> _plainly_english("The men were in the bus."), _plainly_english("Men and bus!")
    (True, False)
    """
    words = _LETTERS.findall(text.lower().replace("’", "'"))
    plain = [word for word in words if word in _PLAIN]
    return len(set(plain)) >= _PLAIN_WORDS and len(plain) >= _PLAIN_SHARE * len(words)


def _without_names(text: str) -> str | None:
    """Return a text without the capitalised words inside its sentences; None if too little or all is left.

    >>> _without_names("Mrs Novák moves to Łódź in April.")
    'Mrs moves to in'
    """
    words = text.split()
    kept = [word for n, word in enumerate(words) if n == 0 or not word.lstrip("(\"'“‘«")[:1].isupper()]
    small = sum(word[:1].islower() for word in kept)
    return " ".join(kept) if len(kept) < len(words) and small >= _LEAST_SMALL else None


def _without_markup(text: str) -> str:
    """Return the words of a text; addresses, names of users, hashtags and tags are of no language.

    Of a long text in some places only, as no more of it is read.
    """
    return _NO_LANGUAGE.sub(" ", _sampled(text))


def _sampled(text: str) -> str:
    """Return some windows of a long text, evenly spread, each beginning and ending with a whole word."""
    if len(text) <= 2 * _WINDOW * _WINDOWS:
        return text
    step = (len(text) - 2 * _WINDOW) / (_WINDOWS - 1)
    starts = [round(step * n) for n in range(_WINDOWS)]
    parts = [text[start : start + 2 * _WINDOW] for start in starts]
    return " ".join(part[part.find(" ") + 1 :] if n else part for n, part in enumerate(parts))


def _windows(text: str) -> list[str]:
    """Return a text in windows of about ``_WINDOW`` characters, cut at spaces, ``_WINDOWS`` at most."""
    if len(text) <= 2 * _WINDOW:
        return [text]
    count = min(_WINDOWS, len(text) // _WINDOW)
    step = (len(text) - _WINDOW) / (count - 1)
    found = []
    for n in range(count):
        part = text[round(step * n) : round(step * n) + _WINDOW]
        found.append(part[part.find(" ") + 1 :] if n else part)
    return found


def _countable(text: str) -> int:
    """Return the number of letters in a text."""
    return sum(map(str.isalpha, text))
