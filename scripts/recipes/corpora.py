"""Where each corpus lies below the user's data folder, and which texts must not be trained on.

Knows files, licences, and which part of a corpus is for what; not what a model does with it. A set without an
official validation part has one cut by a hash of the text, so it is the same whatever else changes.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp_rnn.errors import DataError, require
from scripts.recipes.opinions import Labelled

Table = dict[str, list[Any]]
Read = Callable[[str], Table]

_HELD = 12  # one in so many texts of a corpus without a validation part is held out
_MOST_HELD = 600


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A corpus of everyday English in three classes.

    Attributes:
        train: Its training part, below ``sentiment/``.
        validation: Its own validation part; None cuts one.
        test: Its test part, if it has one.
        licence: As its source states it.
        permissive: True if all of it is under a licence that asks for no more than credit; or the values of
            its column ``source`` that are.
    """

    train: str
    validation: str | None = None
    test: str | None = None
    licence: str = "none stated"
    permissive: bool | tuple[str, ...] = False


EVERYDAY = {
    "goemotions": Corpus(
        train="goemotions/train",
        validation="goemotions/validation",
        test="goemotions/test",
        licence="Apache-2.0",
        permissive=True,
    ),
    "topic_tweets": Corpus(train="topic_tweets/train", test="topic_tweets/test"),
    "software": Corpus(
        train="software/train",
        test="software/test",
        licence="MIT (Senti4SD), none stated (GitHub, JIRA, Java libraries)",
        permissive=("stack overflow",),
    ),
    "review_sentences": Corpus(train="review_sentences/train", test="review_sentences/test"),
    "rated_snippets": Corpus(
        train="rated_snippets/train", test="rated_snippets/test", licence="MIT", permissive=True
    ),
    "finance": Corpus(
        train="finance/train",
        test="finance/test",
        licence="MIT (SEntFiN), none stated (FiQA, SemEval-2017)",
        permissive=("SEntFiN",),
    ),
    "news": Corpus(train="news/train", test="news/test", licence="MIT", permissive=True),
    "neutral_requests": Corpus(
        train="neutral_requests/train",
        test="neutral_requests/test",
        licence="none stated (TREC), CC BY 3.0 (CLINC150), CC0 (SNIPS), CC BY 4.0 (BANKING77)",
        permissive=("assistant (CLINC150)", "assistant (SNIPS)", "bank (BANKING77)"),
    ),
    "hotel_sentences": Corpus(
        train="hotel_sentences/train", validation="hotel_sentences/validation", test="hotel_sentences/test"
    ),
    "hotel_reviews": Corpus(train="hotel_reviews/all"),
    "app_reviews": Corpus(train="app_reviews/all"),
    "game_reviews": Corpus(train="game_reviews/all", licence="MIT", permissive=True),
    "course_comments": Corpus(train="course_comments/all"),
}
# As their sources state them; of those that are not everyday English.
OTHER_LICENCES = {
    "counterfactual": "Apache-2.0",
    "captions": "Multi30k: Flickr30k's, for research",
    "encyclopedia": "CC BY-SA 3.0 (WikiText-2)",
    "templates": "this project's own",
    "nothing": "this project's own",
}
# Licences that forbid selling or changing, or ask for the GPL: measured on, never learned from; and
# headlines, which have a test part alone.
MEASURED_ONLY = {
    "headlines": "headlines/test",
    "dailydialog": "dailydialog/test",
    "meld": "meld/validation",
}


def licence_of(source: str) -> str:
    """Return the licence of a source of the mixture, as its own source states it."""
    return EVERYDAY[source].licence if source in EVERYDAY else OTHER_LICENCES.get(source, "none stated")


def reader(data: Path) -> Read:
    """Return a function from a file's name below ``data`` to its columns.

    Raises:
        MissingExtraError: If pandas (which comes with ``datasets``) is not installed.
    """
    pandas = require("pandas", extra="train")

    def read(name: str) -> Table:
        path = data / f"{name}.parquet"
        if not path.is_file():
            raise DataError(f"{path} is missing: give the folder that holds sentiment/, parallel/ and text/")
        table = pandas.read_parquet(path)
        return {column: table[column].tolist() for column in table.columns}

    return read


def everyday_tests(data: str | Path) -> dict[str, Labelled]:
    """Read the test parts of everyday English, to be used once, when every choice has been made.

    Raises:
        DataError: If a corpus is missing.
    """
    read = reader(Path(data))
    files = {name: corpus.test for name, corpus in EVERYDAY.items() if corpus.test} | MEASURED_ONLY
    tables = {name: read(f"sentiment/{file}") for name, file in files.items()}
    return {name: (table["text"], table["label"]) for name, table in tables.items()}


def everyday_parts(
    read: Read, guard: Guard, *, permissive: bool = False
) -> tuple[dict[str, Labelled], dict[str, Labelled]]:
    """Read what may be learned of everyday English: training texts and held-out ones, by corpus.

    Args:
        read: What ``reader`` returned.
        guard: Knows the texts not to learn from; it comes to know the held-out ones.
        permissive: Leave out what no permissive licence covers.

    Raises:
        DataError: If a corpus is missing.
    """
    held: dict[str, Labelled] = {}
    rest: dict[str, Labelled] = {}
    for name, corpus in EVERYDAY.items():
        if permissive and not corpus.permissive:
            continue
        table = read(f"sentiment/{corpus.train}")
        wanted = list(range(len(table["text"])))
        if permissive and isinstance(corpus.permissive, tuple):
            wanted = [i for i in wanted if table["source"][i] in corpus.permissive]
        texts, labels = [table["text"][i] for i in wanted], [table["label"][i] for i in wanted]
        if corpus.validation is None:
            held[name], (texts, labels) = _cut(texts, labels)
        else:
            own = read(f"sentiment/{corpus.validation}")
            held[name] = own["text"], own["label"]
        rest[name] = texts, labels
    for texts, _ in held.values():
        guard.add(texts)
    return {name: guard.clean(name, *part) for name, part in rest.items()}, held


def unlabelled_parts(read: Read) -> dict[str, list[str]]:
    """Read texts of everyday English that nobody labelled.

    Raises:
        DataError: If a corpus is missing.
    """
    files = {
        "bank_messages": ("sentiment/neutral_requests/unlabelled_bank_messages", "text"),
        "app_reviews": ("sentiment/app_reviews/unlabelled", "text"),
        "tatoeba": ("parallel/tatoeba_en_fr/train", "en"),
    }
    return {name: list(dict.fromkeys(read(file)[column])) for name, (file, column) in files.items()}


def _cut(texts: Sequence[str], labels: Sequence[str]) -> tuple[Labelled, Labelled]:
    """Return a part to hold out, chosen by a hash of each text, and the rest."""
    order = sorted(range(len(texts)), key=lambda i: hashlib.sha256(key_of(texts[i]).encode()).digest())
    count = min(_MOST_HELD, len(texts) // _HELD)
    parts = order[:count], sorted(order[count:])
    held, rest = (([texts[i] for i in part], [labels[i] for i in part]) for part in parts)
    return held, rest


class Guard:
    """A set of texts that must not be trained on, whatever their spacing, case and punctuation.

    Args:
        texts: The texts to keep out.
        prefix: Compare only this many letters and digits of each text; 0 compares all.
    """

    def __init__(self, texts: Iterable[str], *, prefix: int = 0) -> None:
        self.prefix = prefix
        self.dropped: dict[str, int] = {}
        self._keys: set[str] = set()
        self.add(texts)

    def add(self, texts: Iterable[str]) -> None:
        """Add texts to keep out."""
        self._keys.update(key_of(text, self.prefix) for text in texts)

    def also(self, texts: Iterable[str]) -> Callable[[str], bool]:
        """Return a function that is True for the guarded texts and these."""
        keys = self._keys | {key_of(text, self.prefix) for text in texts}
        return lambda text: key_of(text, self.prefix) in keys

    def clean(self, name: str, texts: list[str], labels: list[str]) -> Labelled:
        """Return the texts that are not guarded; the number dropped is noted under ``name``."""
        kept = [i for i, text in enumerate(texts) if key_of(text, self.prefix) not in self._keys]
        self.dropped[name] = len(texts) - len(kept)
        return [texts[i] for i in kept], [labels[i] for i in kept]


class Near:
    """A function that says if a text is near one of a suite: the same words, or half its runs of three words.

    >>> near = Near(["The lamp that we bought is dim."])
    >>> near("they say the lamp that we bought is fine"), near("The lamp that they bought is dim.")
    (True, False)
    """

    def __init__(self, texts: Iterable[str], *, share: float = 0.5) -> None:
        self.share = share
        self._keys: set[str] = set()
        self._sizes: list[int] = []
        self._texts_of: dict[tuple[str, ...], list[int]] = {}
        for text in texts:
            runs = _runs(text)
            self._keys.add(key_of(text))
            for run in runs:
                self._texts_of.setdefault(run, []).append(len(self._sizes))
            self._sizes.append(len(runs))

    def __call__(self, text: str) -> bool:
        """Return True if the text is near one of them; of texts under five words only the same ones are."""
        found = Counter(number for run in _runs(text) for number in self._texts_of.get(run, ()))
        most = (count >= max(3, self.share * self._sizes[number]) for number, count in found.items())
        return key_of(text) in self._keys or any(most)


def _runs(text: str) -> set[tuple[str, ...]]:
    """Return every three words in a row."""
    words = re.findall(r"[\w']+", text.lower().replace("’", "'"))
    return set(zip(words, words[1:], words[2:], strict=False))


def key_of(text: str, prefix: int = 0) -> str:
    """Return the letters and digits of a text, in small letters: all, or the first ``prefix``.

    A text of other signs alone, such as an emoji, is its own key.
    """
    letters = re.sub(r"[\W_]+", "", re.sub(r"-[lr][rs]b-|<br />", "", text.lower()))
    return (letters[:prefix] if prefix else letters) or text.strip()
