"""Labelled training sentences from templates: what sentiment corpora do not teach.

Knows the format of ``data/templates`` (frames with slots, word lists, two splits) and how to fill, vary and
balance them. Knows nothing about models, tokenizers or corpora; the sentences go into a training mixture.

The design follows one idea: every form (a negator, a contrast, a named identity) occurs about equally often
under every label, so that the form alone predicts nothing and a model has to read what it applies to.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from nlp_rnn.errors import DataError, InputError, one_of
from nlp_rnn.sentiment import with_articles

Label = Literal["negative", "neutral", "positive"]
TemplateSplit = Literal["train", "dev"]

LABELS: tuple[Label, ...] = get_args(Label)
SPLITS: tuple[TemplateSplit, ...] = get_args(TemplateSplit)
WORDS_FILE = "words.json"  # further files words*.json add lists and domains
FOLDER = Path(__file__).parents[2] / "data" / "templates"

_SLOT = re.compile(r"\{([a-z]+)(\d?)(?::([a-z]+))?\}")
_CHOICE = re.compile(r"\(([^()]*)\)")
_MIRROR = re.compile(r"\{(op|anti)(?=[a-z0-9:}])")
_FORMS = {"s": 1, "ed": 2, "ing": 3}
_VERBS = ("posv", "negv", "posp", "negp", "praisev", "blamev", "praisedo", "blamedo")
_SUBJECTS = ("thing", "things", "worker")
_NOUNS = ("thing", "things")
_FREE = frozenset(" .,;!?")  # after a noun: no hyphen, no possessive
_CONTRACTIBLE = re.compile(
    r"\b(is|are|was|were|do|does|did|has|have|had|would|could|should|need|must) not\b", re.IGNORECASE
)
_TWO_MARKS = re.compile(r"([?!])\.(?!\.)")  # of a filler that brings its own mark
_COMPARED = re.compile(r"\b(more|most) [a-z]+", re.IGNORECASE)
_SENTENCE_START = re.compile(r"(^|[.?!]\s+)([a-z])")
_STALE_AFTER = 40
_ALONE = frozenset(
    (
        "neutral_message question_answer emoji_alone emoji_with_words hashtags dialogue software markup "
        "courtesy headlines business_news medical_legal thanks"
    ).split()
)
_SHOUTED = 6  # capital letters; fewer may be an abbreviation
_BEFORE_MARK = re.compile(r"[^\S\n]+([,.;:?!]+)(?=\s|$|[\"'’”](?:\s|$))")  # a mark, not the eyes of a :)


@dataclass(frozen=True)
class Example:
    """One labelled sentence (or two or three of them) and the phenomenon it teaches."""

    text: str
    label: str
    phenomenon: str


@dataclass(frozen=True)
class Frame:
    """A sentence with ``{slots}`` and ``(alternatives|...)``, its label, and the split that may use it."""

    text: str
    label: str
    phenomenon: str
    split: str


@dataclass(frozen=True)
class WordLists:
    """Slot fillers of one split.

    Attributes:
        lists: Fillers by slot name, e.g. ``{"day": ("Monday", ...)}``; a verb is a string of its forms,
            ``"admire, admires, admired, admiring"``.
        domains: For each kind of thing (``"food"``, ``"person"``, ...) its nouns and the adjectives that fit.
        compared: Comparatives and superlatives of one word, e.g. ``{"more nice": "nicer"}``.
    """

    lists: Mapping[str, tuple[str, ...]]
    domains: Mapping[str, Mapping[str, tuple[str, ...]]]
    compared: Mapping[str, str]


def load_frames(path: Path | None = None) -> list[Frame]:
    """Read every frame of both splits, mirrored ones written out for both polarities.

    A frame listed under ``same`` becomes two: with positive words it is positive, with negative ones
    negative. Under ``flip`` the label is the opposite of the words'. In such frames ``{op}`` is an opinion
    word and ``{anti}`` one of the opposite polarity.

    Args:
        path: Folder with the JSON files; the project's own by default.

    Raises:
        DataError: If a file is not in the documented format; the message names the file.
    """
    frames: list[Frame] = []
    for file in _json_files(path):
        if not file.match("words*.json"):
            frames.extend(_frames_of(file))
    return frames


def load_words(split: TemplateSplit, path: Path | None = None) -> WordLists:
    """Read the slot fillers that sentences of one split may use.

    Args:
        split: ``"train"`` or ``"dev"``; fillers listed under ``both`` belong to each.
        path: Folder with ``words.json`` and, if one file is not enough, further ``words*.json``; the
            project's own by default.

    Raises:
        ConfigError: If ``split`` is another word.
        DataError: If ``words.json`` is missing, a file is malformed, or two files name one list.
    """
    one_of("split", split, SPLITS)
    folder = FOLDER if path is None else path
    words = _words_of(folder / WORDS_FILE, split)
    for file in sorted(folder.glob("words*.json")):
        if file.name != WORDS_FILE:
            more = _words_of(file, split)
            twice = sorted({*words.lists} & {*more.lists} | {*words.domains} & {*more.domains})
            if twice:
                raise DataError(f"{file.name}: {', '.join(twice)} is in another file of words: rename it")
            words = WordLists(
                {**words.lists, **more.lists},
                {**words.domains, **more.domains},
                {**words.compared, **more.compared},
            )
    return words


def generate(
    n: int,
    *,
    seed: int,
    split: TemplateSplit = "train",
    path: Path | None = None,
    more_words: Mapping[str, Sequence[str]] | None = None,
) -> list[Example]:
    """Make ``n`` distinct labelled sentences, balanced over phenomena and, within each, over labels.

    Args:
        n: Number of sentences.
        seed: The same seed, split and templates give the same list.
        split: ``"dev"`` uses only frames and opinion words that ``"train"`` never uses.
        path: Folder with the templates; the project's own by default.
        more_words: Fillers to add to lists that suit any subject, e.g. ``{"pos": [...], "neg": [...]}``.

    Returns:
        ``n`` examples in random order, no two alike when case, contraction and final stops are ignored.

    Raises:
        ConfigError: If ``split`` is neither ``"train"`` nor ``"dev"``.
        DataError: If the templates are malformed or name a slot without fillers.
        InputError: If ``n`` is negative or more than the templates can give.
    """
    one_of("split", split, SPLITS)
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise InputError(f"n is the number of sentences, 0 or more; received {n!r}")
    rng = random.Random(f"{seed}/{split}")
    words = load_words(split, path)
    more = {name: (*words.lists.get(name, ()), *extra) for name, extra in (more_words or {}).items()}
    filler = _Filler(replace(words, lists={**words.lists, **more}), rng)
    cells: dict[tuple[str, str], list[Frame]] = {}
    for frame in load_frames(path):
        if frame.split == split:
            cells.setdefault((frame.phenomenon, frame.label), []).append(frame)
    sources = {key: _Source(frames, filler, rng) for key, frames in sorted(cells.items())}

    seen: set[str] = set()
    examples: list[Example] = []
    while len(examples) < n:
        live = [key for key, source in sources.items() if source.alive]
        if not live:
            raise InputError(
                f"these templates give {len(examples)} distinct {split} sentences, not {n}: ask for fewer"
            )
        for key, quota in _quotas(live, n - len(examples)).items():
            examples.extend(sources[key].take(quota, seen))
    rng.shuffle(examples)
    return examples


class _Filler:
    """A filler of slots from shuffled decks, one per label, so that each word is as often with each label."""

    def __init__(self, words: WordLists, rng: random.Random) -> None:
        self._words = words
        self._rng = rng
        self._decks: dict[tuple[str, ...], list[str]] = {}
        self._nested = {name for name, fillers in words.lists.items() if any("{" in word for word in fillers)}

    def fill(self, frame: Frame) -> str:
        """Return one sentence of the frame, before variation of its surface."""
        text = self._open(_CHOICE.sub(lambda match: self._rng.choice(match[1].split("|")), frame.text), frame)
        found = {(match[1], match[3] or "") for match in _SLOT.finditer(text) if match[1] in _SUBJECTS}
        subjects = sorted(found)
        if len(dict(subjects)) < len(subjects):
            raise DataError(f"one slot names two kinds of things in {frame.text!r}")
        domains = {name: self._domain(name, wanted, frame) for name, wanted in subjects}
        about = domains[subjects[0][0]] if len(domains) == 1 else None
        chosen: dict[tuple[str, str], str] = {}

        def replace(match: re.Match[str]) -> str:
            name, index, form = match[1], match[2], match[3]
            if (name, index) not in chosen:
                used = {word for (other, _), word in chosen.items() if other == name}
                chosen[name, index] = self._draw(name, domains.get(name, about), frame, used)
            word = chosen[name, index]
            if name in _NOUNS and text[match.end() : match.end() + 1] in _FREE and self._rng.random() < 0.15:
                return f"{word} {self._modifier(frame)}".rstrip()
            if name in _VERBS:
                return word.split(", ")[_FORMS[form] if form else 0]
            return word

        return _COMPARED.sub(self._compare, _SLOT.sub(replace, text))

    def _open(self, text: str, frame: Frame) -> str:
        """Fill the slots whose fillers hold slots themselves, and leave these open."""
        chosen: dict[str, str] = {}

        def opened(match: re.Match[str]) -> str:
            if match[1] not in self._nested:
                return match[0]
            if match[0] not in chosen:
                used = set(chosen.values())
                chosen[match[0]] = self._open(self._draw(match[1], None, frame, used), frame)
            return chosen[match[0]]

        return _SLOT.sub(opened, text)

    def draw(self, name: str, label: str) -> str:
        """Return the next filler of a list that does not depend on a domain."""
        return self._from_deck((label, name), self._words.lists[name])

    def _modifier(self, frame: Frame) -> str:
        """Return words that may follow a noun and hold no opinion, such as *from the second page*, or ""."""
        modifiers = self._words.lists.get("mod", ())
        return self._from_deck((frame.label, "mod"), modifiers) if modifiers else ""

    def _compare(self, match: re.Match[str]) -> str:
        """Write ``more tasty`` as ``tastier`` where the word list says so."""
        return self._words.compared.get(match[0].lower(), match[0])

    def _domain(self, noun: str, wanted: str, frame: Frame) -> str:
        """Choose a kind of thing that has nouns for the slot; adjectives follow it if it is the only one."""
        fitting = [name for name, table in self._words.domains.items() if noun in table]
        if wanted in fitting:
            return str(wanted)
        if wanted or not fitting:
            kind = f"domain {wanted!r}" if wanted else "domain"
            raise DataError(f"no {kind} in {WORDS_FILE} has {{{noun}}}, wanted by {frame.text!r}")
        return self._from_deck((frame.label, frame.phenomenon, noun), fitting)

    def _draw(self, name: str, domain: str | None, frame: Frame, used: set[str]) -> str:
        choices = self._choices(name, domain)
        if not choices:
            raise DataError(f"slot {{{name}}} has no {frame.split} fillers, wanted by {frame.text!r}")
        for _ in range(8):
            word = self._from_deck((frame.label, name, domain or ""), choices)
            if word not in used:
                break
        return word

    def _choices(self, name: str, domain: str | None) -> Sequence[str]:
        table = self._words.domains.get(domain or "", {})
        if name in _SUBJECTS:
            return table.get(name, ())
        return (*self._words.lists.get(name, ()), *table.get(name, ()))

    def _from_deck(self, key: tuple[str, ...], choices: Sequence[str]) -> str:
        deck = self._decks.setdefault(key, [])
        if not deck:
            deck.extend(choices)
            self._rng.shuffle(deck)
        return deck.pop()


class _Source:
    """The frames of one phenomenon and label, used in turn; a frame that only repeats itself is dropped."""

    def __init__(self, frames: Sequence[Frame], filler: _Filler, rng: random.Random) -> None:
        self._frames = list(frames)
        rng.shuffle(self._frames)
        self._failures: Counter[Frame] = Counter()
        self._filler = filler
        self._rng = rng
        self._turn = 0

    @property
    def alive(self) -> bool:
        return bool(self._frames)

    def take(self, quota: int, seen: set[str]) -> list[Example]:
        """Return up to ``quota`` new examples and add their keys to ``seen``."""
        taken: list[Example] = []
        while len(taken) < quota and self._frames:
            frame = self._frames[self._turn % len(self._frames)]
            text = _vary(self._filler.fill(frame), frame, self._filler, self._rng)
            key = sentence_key(text)
            if key in seen:
                self._failures[frame] += 1
                if self._failures[frame] == _STALE_AFTER:
                    self._frames.remove(frame)
            else:
                self._failures[frame] = 0
                seen.add(key)
                taken.append(Example(text, frame.label, frame.phenomenon))
            self._turn += 1
        return taken


def sentence_key(text: str) -> str:
    """Return the text without what variation of the surface changes: case, apostrophes, final stops, spaces.

    >>> sentence_key("It WASN’T slow.") == sentence_key("it wasnt slow")
    True
    """
    plain = _CONTRACTIBLE.sub(r"\1nt", text.lower().replace("’", "'")).replace("'", "")
    return " ".join(plain.rstrip(" .!").split())


def _vary(text: str, frame: Frame, filler: _Filler, rng: random.Random) -> str:
    """Vary contraction, apostrophe, case, the final stop, and now and then add a neutral sentence."""
    if frame.phenomenon not in _ALONE and "?" not in text and rng.random() < 0.12:
        if rng.random() < 0.6:
            text = f"{filler.draw('lead', frame.label)} {text}"
        else:
            text = f"{text if text[-1] in '.!' else text + '.'} {filler.draw('trail', frame.label)}"
    lines = (" ".join(line.split()) for line in text.split("\n"))
    text = _BEFORE_MARK.sub(r"\1", "\n".join(lines))
    text = with_articles(_TWO_MARKS.sub(r"\1", text))
    if rng.random() < 0.45:
        text = _CONTRACTIBLE.sub(r"\1n't", text)
    text = _SENTENCE_START.sub(lambda match: match[1] + match[2].upper(), text)
    style = rng.random()
    if style < 0.25:
        text = text.replace("'", "’")
    elif style < 0.45:
        text = text.replace("n't", "nt")
    if rng.random() < 0.18:
        text = text.lower()
    if rng.random() < 0.22:
        text = text.removesuffix(".")
    return text.upper() if _in_capitals(frame.text) else text


def _in_capitals(frame_text: str) -> bool:
    """Whether a frame spells its words in capitals, so that what fills its slots is shouted, too."""
    letters = [letter for letter in _SLOT.sub("", frame_text) if letter.isalpha()]
    return len(letters) >= _SHOUTED and "".join(letters).isupper()


def _quotas(live: Iterable[tuple[str, str]], n: int) -> dict[tuple[str, str], int]:
    """Share ``n`` over phenomena, then over the labels of each, every count within one of the fair share."""
    labels: dict[str, list[str]] = {}
    for phenomenon, label in live:
        labels.setdefault(phenomenon, []).append(label)
    quotas: dict[tuple[str, str], int] = {}
    for phenomenon, share in zip(labels, _even(n, len(labels)), strict=True):
        for label, part in zip(labels[phenomenon], _even(share, len(labels[phenomenon])), strict=True):
            quotas[phenomenon, label] = part
    return quotas


def _even(n: int, parts: int) -> list[int]:
    return [n // parts + (index < n % parts) for index in range(parts)]


def _json_files(path: Path | None) -> list[Path]:
    folder = FOLDER if path is None else path
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder of template files")
    files = [file for file in folder.iterdir() if file.name.endswith(".json")]
    return sorted(files, key=lambda file: file.name)


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file.name}: cannot be read as JSON: {error}") from None


def _pick(entry: Mapping[str, Sequence[str]], split: str) -> tuple[str, ...]:
    if not entry.keys() <= {*SPLITS, "both"}:
        raise TypeError(f"unknown split in {sorted(entry)}")
    return (*entry.get(split, ()), *entry.get("both", ()))


def _words_of(file: Path, split: str) -> WordLists:
    content = _read_json(file)
    try:
        lists = {name: _pick(entry, split) for name, entry in content["lists"].items()}
        domains = {
            domain: {name: _pick(entry, split) for name, entry in table.items()}
            for domain, table in content["domains"].items()
        }
        return WordLists(lists, domains, dict(content.get("compared", {})))
    except (AttributeError, KeyError, TypeError) as error:
        raise DataError(
            f"{file.name}: expected 'lists' and 'domains' of train, dev or both word lists: {error}"
        ) from None


def _frames_of(file: Path) -> list[Frame]:
    frames: list[Frame] = []
    try:
        for phenomenon, groups in _read_json(file).items():
            for label, splits in groups.items():
                for split, texts in splits.items():
                    for text in texts:
                        frames.extend(_expand(text, label, phenomenon, split))
    except (AttributeError, TypeError, KeyError) as error:
        raise DataError(
            f"{file.name}: expected phenomenon -> label -> split -> list of frames: {error}"
        ) from None
    return frames


def _expand(text: str, label: str, phenomenon: str, split: str) -> list[Frame]:
    if split not in SPLITS:
        raise TypeError(f"unknown split {split!r}")
    if label in LABELS:
        return [Frame(text, label, phenomenon, split)]
    if label not in {"same", "flip"}:
        raise TypeError(f"unknown label {label!r}")
    pair = {"op": ("pos", "neg"), "anti": ("neg", "pos")}
    names = ("positive", "negative") if label == "same" else ("negative", "positive")

    def words(side: int) -> str:
        return _MIRROR.sub(lambda match: "{" + pair[match[1]][side], text)

    return [Frame(words(side), names[side], phenomenon, split) for side in (0, 1)]
