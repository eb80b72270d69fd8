"""Read the texts of the language model's recipe: real sentences by language and kind.

Knows files and which of them may be learned from; not what a model does with them. A file without a test part
has its texts parted by a hash.
"""

from __future__ import annotations

import hashlib
import lzma
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nlp_rnn
from nlp_rnn.text import detokenize_treebank, script_of, split_sentences
from scripts.recipes.corpora import Guard, Read, Table, reader

TRAIN, HELD, TEST = "train", "held", "test"
PARTS = (TRAIN, HELD, TEST)
ENGLISH = "en"
MOST = 6000
"""Sentences that one source gives at most, for each language."""
_PIECES = 4  # sentences that one long text gives at most
_NAMES_ON_A_LINE = 8


@dataclass(frozen=True, kw_only=True)
class Source:
    """Files of one kind of text, below the data folder.

    Attributes:
        name: What the report calls it.
        files: Its file for each part; one name stands for all three, which a hash then parts.
        licence: As its source states it.
        column: Where the text is.
        language: Of all rows; None: the column ``language`` says it.
        only: Column and value of the rows taken; None takes all.
        without: Column and value of the rows left out.
        treebank: Its texts are Treebank tokens.
    """

    name: str
    files: dict[str, str] | str
    licence: str = "none stated"
    column: str = "text"
    language: str | None = ENGLISH
    only: tuple[str, str] | None = None
    without: tuple[str, str] | None = None
    treebank: bool = False


def _split(folder: str, *parts: str) -> dict[str, str]:
    """Return the files of a folder, one for each part of ``PARTS``."""
    return {part: f"{folder}/{file}" for part, file in zip(PARTS, parts, strict=True)}


_TATOEBA = _split("parallel/tatoeba_en_fr", "train", "validation", "test")
_MULTI30K = _split("parallel/multi30k", "train", "validation", "test")
_BY = "CC BY 2.0 FR"
SOURCES = (
    Source(name="Tatoeba", files=_TATOEBA, column="en", licence=_BY),
    Source(name="Tatoeba", files=_TATOEBA, column="fr", language="fr", licence=_BY),
    Source(name="picture captions", files=_MULTI30K, column="en"),
    Source(name="picture captions", files=_MULTI30K, column="de", language="de"),
    Source(name="picture captions", files=_MULTI30K, column="fr", language="fr"),
    Source(
        name="tweets of UMSAB",
        files=_split("multilingual/tweets", "train", "validation", "test"),
        language=None,
    ),
    Source(
        name="hotel and restaurant reviews",
        files={TRAIN: "multilingual/reviews/train", TEST: "multilingual/reviews/test"},
        language=None,
        without=("source", "norec"),
    ),
    Source(
        name="restaurant sentences",
        files={TRAIN: "multilingual/aspects/train", TEST: "multilingual/aspects/test"},
        language=None,
    ),
    Source(
        name="tweets of SB10k",
        files="multilingual/german/all",
        language=None,
        only=("source", "SB10k tweets"),
    ),
    Source(
        name="Reddit comments",
        files=_split("sentiment/goemotions", "train", "validation", "test"),
        licence="Apache-2.0",
    ),
    Source(name="tweets", files={TRAIN: "sentiment/tweets/train", TEST: "sentiment/tweets/test"}),
    Source(
        name="tweets on topics",
        files={TRAIN: "sentiment/topic_tweets/train", TEST: "sentiment/topic_tweets/test"},
    ),
    Source(name="app reviews", files="sentiment/app_reviews/unlabelled"),
    Source(name="game reviews", files="sentiment/game_reviews/all", licence="MIT"),
    Source(
        name="software talk",
        files={TRAIN: "sentiment/software/train", TEST: "sentiment/software/test"},
        licence="MIT and none stated",
    ),
    Source(
        name="requests",
        files={TRAIN: "sentiment/neutral_requests/train", TEST: "sentiment/neutral_requests/test"},
        licence="CC BY 3.0, CC BY 4.0, CC0 and none stated",
    ),
    Source(
        name="bank messages", files="sentiment/neutral_requests/unlabelled_bank_messages", licence="CC BY 4.0"
    ),
    Source(
        name="finance",
        files={TRAIN: "sentiment/finance/train", TEST: "sentiment/finance/test"},
        licence="MIT and none stated",
    ),
    Source(name="news", files={TRAIN: "sentiment/news/train", TEST: "sentiment/news/test"}, licence="MIT"),
    Source(
        name="rated snippets",
        files={TRAIN: "sentiment/rated_snippets/train", TEST: "sentiment/rated_snippets/test"},
        licence="MIT",
    ),
    Source(
        name="restaurant and laptop sentences",
        files={TRAIN: "sentiment/review_sentences/train", TEST: "sentiment/review_sentences/test"},
    ),
    Source(name="hotel reviews", files="sentiment/hotel_reviews/all"),
    Source(name="course comments", files="sentiment/course_comments/all"),
    Source(name="film reviews", files={TRAIN: "sentiment/imdb/train", TEST: "sentiment/imdb/test"}),
    Source(
        name="sentences on films",
        files=_split("sentiment/sst", "sentences_train", "sentences_validation", "sentences_test"),
        treebank=True,
    ),
    Source(name="business reviews", files="sentiment/yelp_sentences/all"),
    Source(
        name="claims in debates",
        files={TRAIN: "claims/claimbuster/train", TEST: "claims/claimbuster/test"},
    ),
)
# Licences that forbid selling, or ask for the GPL, and what is kept to see how far the rest carries.
MEASURED = (
    Source(name="headlines", files={TEST: "sentiment/headlines/test"}),
    Source(name="everyday dialogues", files={TEST: "sentiment/dailydialog/test"}),
    Source(name="comedy dialogues", files={TEST: "sentiment/meld/validation"}),
    Source(name="everyday dialogues", files={TEST: "multilingual/dialogues/all"}, language=None),
    Source(
        name="newspaper comments",
        files={TEST: "multilingual/german/all"},
        language=None,
        only=("source", "newspaper comments"),
    ),
    Source(
        name="reviews of NoReC",
        files={TEST: "multilingual/reviews/test"},
        language=None,
        only=("source", "norec"),
    ),
)
BOOKS = {"prose": "english_prose.txt.xz", "encyclopaedia": "wikitext2.train.txt.xz"}

Texts = dict[tuple[str, str], list[str]]
"""Sentences by language and kind of text."""


def read_texts(data: Path, *, most: int = MOST) -> dict[str, Texts]:
    """Return the sentences of each part; none that is in the test part is in another one.

    Raises:
        DataError: If a file is missing.
    """
    read = reader(data)
    parts: dict[str, Texts] = {part: {} for part in PARTS}
    for source in (*SOURCES, *MEASURED):
        for part, language, texts in _rows(read, source):
            found = parts[part].setdefault((language, source.name), [])
            found += texts
    for (language, kind), sentences in (_printed(data) | _code()).items():
        for sentence in sentences:
            parts[_part_of(sentence)].setdefault((language, kind), []).append(sentence)
    guard = Guard(text for texts in parts[TEST].values() for text in texts)
    rng = random.Random(0)
    for part in PARTS:
        for key, texts in parts[part].items():
            kept = list(dict.fromkeys(texts))
            if part != TEST:
                kept = guard.clean("", kept, kept)[0]
            rng.shuffle(kept)
            parts[part][key] = [piece for text in kept[: 2 * most] for piece in _pieces(text, rng)][:most]
    return parts


def _rows(read: Read, source: Source) -> Iterator[tuple[str, str, list[str]]]:
    """Yield part, language and texts of a source's files; the training part gives a tenth to hold out."""
    whole = isinstance(source.files, str)
    files = {TRAIN: source.files} if isinstance(source.files, str) else source.files
    for part, file in files.items():
        found: dict[tuple[str, str], list[str]] = {}
        for text, language in _chosen(read(file), source):
            own = part
            if part == TRAIN and (whole or HELD not in files):
                own = _part_of(text)
                own = own if whole or own == HELD else TRAIN
            found.setdefault((own, language), []).append(text)
        for (own, language), texts in found.items():
            yield own, language, texts


def _chosen(table: Table, source: Source) -> Iterator[tuple[str, str]]:
    """Yield text and language of the rows that a source takes."""
    for i, text in enumerate(table[source.column]):
        if source.only and table[source.only[0]][i] != source.only[1]:
            continue
        if source.without and table[source.without[0]][i] == source.without[1]:
            continue
        text = detokenize_treebank(text) if source.treebank else text
        yield text, source.language or table["language"][i]


def _part_of(text: str) -> str:
    """Return the part that a hash puts a text in: a tenth is held out, a tenth is tested on."""
    # The corpora were parted by a plain hash: a last byte is drawn anew.
    digit = hashlib.sha256(text.encode("utf-8", "replace")).digest()[-1] % 10
    return {0: HELD, 1: TEST}.get(digit, TRAIN)


def _printed(data: Path) -> Texts:
    """Return what books, plays and lists have, as sentences and lines."""
    found: Texts = {}
    for kind, file in BOOKS.items():
        with lzma.open(data / "text" / file, "rt", encoding="utf-8") as stream:
            text = stream.read(6_000_000)
        sentences = (detokenize_treebank(each) for each in split_sentences(text))
        found[ENGLISH, kind] = [each for each in sentences if "<unk>" not in each and "= " not in each]
    plays = (data / "text/tinyshakespeare.txt").read_text(encoding="utf-8")
    found[ENGLISH, "plays"] = [each for each in plays.split("\n") if each.strip()]
    names = (data / "text/names.txt").read_text(encoding="utf-8").split()
    rng = random.Random(0)
    rng.shuffle(names)
    found[ENGLISH, "lists of names"] = [
        _names_line(names[at : at + _NAMES_ON_A_LINE], rng) for at in range(0, len(names), _NAMES_ON_A_LINE)
    ]
    return found


def _code() -> Texts:
    """Return the lines of this package, as English that is no prose."""
    lines: list[str] = []
    for path in sorted(Path(nlp_rnn.__file__).parent.rglob("*.py")):
        own = path.read_text(encoding="utf-8").split("\n")
        lines += [line.strip() for line in own if len(line.split()) > 2]
    return {(ENGLISH, "code"): lines}


def _names_line(names: Sequence[str], rng: random.Random) -> str:
    shown = [name.title() for name in names[: rng.randint(2, _NAMES_ON_A_LINE)]]
    return rng.choice([", ", " ", " and ", "\n", "; "]).join(shown)


def _pieces(text: str, rng: random.Random) -> list[str]:
    """Return some sentences of a text, or all of it if it is short."""
    if len(text) <= 200:
        return [text.strip()] if text.strip() else []
    sentences = [each.strip() for each in split_sentences(text[:4000]) if each.strip()]
    return sentences if len(sentences) <= _PIECES else rng.sample(sentences, _PIECES)


def latin(texts: Iterable[str]) -> list[str]:
    """Return the texts whose letters are Latin: the others need no model."""
    return [text for text in texts if script_of(text) == "latin"]
