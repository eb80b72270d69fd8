"""Changes of a text that leave its sentiment as it is: a typo, another name or mark, a link, markup.

For measuring how often an answer moves without a reason (the invariance tests of CheckList, Ribeiro et al.
2020), and for training against it with other names and places. And one change that alters it: a *not* added
or removed. Knows texts; no model.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from nlp_rnn.errors import in_range, whole_number
from nlp_rnn.resources import data_folder

ReplacementSplit = Literal["train", "report"]
Change = Callable[[str, random.Random], "str | None"]

_WORD = re.compile(r"[^\W\d_]{4,}")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_CONSONANTS, _VOWELS = "bdfgjklmnprstvyz", "aeiou"
_BESIDE = {
    key: row[max(0, place - 1) : place] + row[place + 1 : place + 2]
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    for place, key in enumerate(row)
}
_YEAR = r"(?:1[89]\d\d|20[0-2]\d)(?!\w|[.,]\d)"
_COUNT = r"[1-9]\d(?= (?:people|[a-z]{3,}s)\b(?<!stars)(?<!points)(?<!thumbs))"
_NUMBER = re.compile(rf"(?<![\w/.,$-])(?:{_YEAR}|{_COUNT})")
_PAIRS = (
    "he she, him her, his her, himself herself, man woman, men women, boy girl, boys girls, father mother, "
    "son daughter, brother sister, husband wife, uncle aunt, actor actress"
)
_GENDERS: dict[str, str] = {}
for _pair in _PAIRS.split(", "):
    _one, _other = _pair.split()
    _GENDERS |= {_one: _other, _other: _one}
_AFTER_HER = (
    "to a an the in on at and or but for with from as when that again up out yesterday today now there here"
)
_OBJECT = re.compile(rf"\W*(?:$|[^\w ]|(?:{_AFTER_HER.replace(' ', '|')})\b)")  # her: him, not his
_GENDERED = re.compile(rf"(?<![\w-])(?:{'|'.join(_GENDERS)})(?![\w-])", re.IGNORECASE)
_AN_BEFORE = re.compile(
    r"\b(a) (?=[aeiou]|hour|honest|heir|honou?r)(?!uni[cfoqtv]|use|usu|ukr|one\b|once|eu|ut[ie])",
    re.IGNORECASE,
)
_LAST_MARK = re.compile(r"(.*?)\s*([.!]?)", re.DOTALL)
_TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_TONED = re.compile(f"([☝✊-✌👂👃👆-👐💪🙋🙌🙏🤌🤏🤘-🤟🤦🤷🫶])([{_TONES}])?")
_LEAST_WORDS = 5
_NAMES_FACTOR = 2.5  # few texts have a name or a place, and each name comes with the opinions of few texts
_VERBS = "is are was were has had does did could would should will can".split()
_SHORT = {"will": "wo", "can": "ca"}
# Not before a verb that has no complement ("It is."), and no noun ("the will", "a can").
_AUXILIARY = re.compile(
    rf"(?<!\b[Tt]he )(?<!\b[Aa] )\b(?P<stem>{'|'.join(f'[{v[0].upper()}{v[0]}]{v[1:]}' for v in _VERBS)})"
    r"(?: (?P<apart>not\b)|(?P<joined>n['’]t|(?<=[Cc]an)not)\b)?(?= +[a-z])(?! +not\b)"
    r"|\b(?P<short>[Ww]o|[Cc]a)n['’]t(?= +[a-z])"
)
_HOSTS: dict[ReplacementSplit, tuple[str, ...]] = {
    "train": ("example.com", "example.org", "t.example.net", "photos.example.com"),
    "report": ("example.net", "news.example.com", "short.example.org"),
}


@dataclass(frozen=True)
class Replacements:
    """Names of one kind: those that a text is searched for, and those that replace them."""

    found: re.Pattern[str]
    given: tuple[str, ...]


@cache
def _replacements(sort: str, split: ReplacementSplit) -> Replacements:
    lists = json.loads((data_folder("robustness") / "replacements.json").read_text(encoding="utf-8"))[sort]
    found = "|".join(re.escape(name) for name in sorted(lists["found"], key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w-])(?<!New )(?<!San )(?<!St\. )(?<!West )(?:{found})(?![\w-])")
    known = lists["found"] if split == "train" and sort != "identities" else []
    return Replacements(pattern, (*lists[split], *known))


def _letter(text: str, rng: random.Random, *, skip: int) -> int | None:
    """Return the place of a letter that has another after it in its word, of four letters or more.

    The first ``skip`` letters of the word are left out; None if there is no such word.
    """
    words = list(_WORD.finditer(text))
    if not words:
        return None
    word = rng.choice(words)
    return rng.randrange(word.start() + skip, word.end() - 1)


def with_keyboard_typo(text: str, rng: random.Random) -> str | None:
    """Return the text with one typing error in one word of four letters or more; its first letter stays.

    Two letters are swapped, one is left out, written twice, or replaced by that of the key beside it.

    >>> with_keyboard_typo("A wonderful film", random.Random(1))
    'A wondefrul film'
    """
    at = _letter(text, rng, skip=1)
    if at is None:
        return None
    here, after = text[at], text[at + 1]
    kind = rng.choice(("swap", "drop", "double", "neighbour"))
    if kind == "swap" and here != after:
        new = after + here
    elif kind == "drop":
        new = after
    elif kind == "neighbour" and here.lower() in _BESIDE:
        new = rng.choice(_BESIDE[here.lower()]) + after
    else:
        new = here + here + after
    return text[:at] + new + text[at + 2 :]


def with_typo(text: str, rng: random.Random) -> str | None:
    """Return the text with one letter changed, left out, added or swapped, in a word of four letters or more.

    Cruder than ``with_keyboard_typo``, which training uses: any letter may come in any place.
    """
    at = _letter(text, rng, skip=0)
    if at is None:
        return None
    here, after = text[at], text[at + 1]
    kind = rng.choice(("swap", "drop", "add", "change"))
    if kind == "swap" and here != after:
        new = after + here
    elif kind == "drop":
        new = after
    elif kind == "change":
        new = rng.choice(_LETTERS.replace(here.lower(), "")) + after
    else:
        new = rng.choice(_LETTERS) + here + after
    return text[:at] + new + text[at + 2 :]


def with_other_names(
    text: str, rng: random.Random, *, sort: str = "names", split: ReplacementSplit = "report"
) -> str | None:
    """Return the text with every known name replaced, the same one by the same one; None if there is none.

    Args:
        text: Any text.
        rng: Source of the random numbers.
        sort: ``names`` (first names) or ``places`` (cities and countries).
        split: Which replacements: training and measuring have none in common. In training the names that are
            searched for replace each other, too, so that a model learns no opinion of any of them.
    """
    lists = _replacements(sort, split)
    return _replace_names(text, lists.found, lambda: rng.choice(lists.given))


def with_invented_names(text: str, rng: random.Random, *, sort: str = "names") -> str | None:
    """Return the text with invented words for its names, as most names are unknown to a vocabulary."""
    return _replace_names(text, _replacements(sort, "train").found, lambda: _invented(rng))


def _replace_names(text: str, found: re.Pattern[str], draw: Callable[[], str]) -> str | None:
    chosen: dict[str, str] = {}
    changed = found.sub(lambda match: chosen.setdefault(match[0], draw()), text)
    return changed if chosen else None


def _invented(rng: random.Random) -> str:
    """Return a name of three open syllables, such as *Vanuzo*."""
    return "".join(rng.choice(_CONSONANTS) + rng.choice(_VOWELS) for _ in range(3)).capitalize()


def with_identity(text: str, rng: random.Random) -> str | None:
    """Return the text with an identity (a faith, a nation, ...) before a person in it; None without one."""
    lists = _replacements("identities", "train")
    people = list(lists.found.finditer(text))
    if not people:
        return None
    start, identity = rng.choice(people).start(), rng.choice(lists.given)
    before = re.sub(r"\b([Aa])n $", r"\1 ", text[:start])
    return f"{before[:-3]}{with_articles(before[-3:] + identity)} {text[start:]}"


def with_articles(text: str) -> str:
    """Return the text with *an* for *a* where the next word asks for it.

    >>> with_articles("a atheist, a European, a Ukrainian and a uncle")
    'an atheist, a European, a Ukrainian and an uncle'
    """
    return _AN_BEFORE.sub(r"\1n ", text)


def with_other_gender(text: str, rng: random.Random) -> str | None:
    """Return the text with *she* for *he*, *mother* for *father* and so on; None if there is no such word."""

    def other(match: re.Match[str]) -> str:
        word = match[0].lower()
        found = _GENDERS[word]
        if word == "her":
            found = "him" if _OBJECT.match(text, match.end()) else "his"
        if match[0].isupper() and len(word) > 1:
            return found.upper()
        return found.capitalize() if match[0][0].isupper() else found

    changed = _GENDERED.sub(other, text)
    return changed if changed != text else None


def with_other_numbers(text: str, rng: random.Random) -> str | None:
    """Return the text with other years and counts, ratings left as they are; None if there are none."""

    def other(match: re.Match[str]) -> str:
        return str(rng.randrange(1900, 2026) if len(match[0]) == 4 else rng.randrange(11, 100))

    changed = _NUMBER.sub(other, text)
    return changed if changed != text else None


def with_link(text: str, rng: random.Random, *, split: ReplacementSplit = "report") -> str | None:
    """Return the text with a link to nowhere at its end."""
    path = "".join(rng.choice(_LETTERS) for _ in range(rng.randrange(4, 11)))
    return f"{text.rstrip()} https://{rng.choice(_HOSTS[split])}/{path}"


def with_other_mark(text: str, rng: random.Random) -> str | None:
    """Return the text with another mark at its end: a full stop, an exclamation mark or none.

    None if it ends with anything else, as a question does.

    >>> with_other_mark("It is small.", random.Random(0)), with_other_mark("Is it small?", random.Random(0))
    ('It is small', None)
    """
    body, mark = _LAST_MARK.fullmatch(text.rstrip()).groups()  # type: ignore[union-attr]
    if not body or not (body[-1].isalnum() or body[-1] in "'\"”’)"):
        return None
    others = [other for other in (".", "!", "") if other != mark]
    return f"{body}{rng.choice(others)}"


def with_markup(text: str, rng: random.Random) -> str | None:
    """Return the text in HTML or Markdown, as pages and chats have it; None if it has markup already.

    >>> with_markup("It is small.", random.Random(0))
    'It <b>is</b> small.'
    """
    if re.search(r"[<>&*_`\[\]]", text):
        return None
    words = text.split(" ")
    at = rng.randrange(len(words))
    before, word, after = " ".join(words[:at]), words[at], " ".join(words[at + 1 :])
    host = rng.choice(_HOSTS["report"])
    forms = (
        f"<p>{text}</p>",
        f"<div>{text}</div>",
        f"<ul><li>{text}</li></ul>",
        f'<a href="https://{host}/{rng.randrange(1000)}">{text}</a>',
        f"{before} <b>{word}</b> {after}".strip(),
        f"{before} <em>{word}</em> {after}".strip(),
        f"{before} **{word}** {after}".strip(),
        f"> {text}",
        f"{before}&nbsp;{word} {after}".strip(),
        f"{before} [{word}](https://{host}) {after}".strip(),
    )
    return rng.choice(forms)


def with_other_skin_tone(text: str, rng: random.Random) -> str | None:
    """Return the text with another skin tone of its first hand or person; None without one.

    >>> with_other_skin_tone("Great \N{THUMBS UP SIGN}", random.Random(0)) is None
    False
    """
    found = _TONED.search(text)
    if found is None:
        return None
    tones = [tone for tone in ("", *_TONES) if tone != (found[2] or "")]
    return f"{text[: found.start()]}{found[1]}{rng.choice(tones)}{text[found.end() :]}"


def toggled(text: str, rng: random.Random) -> str | None:
    """Return the text with one *not* more or less after an auxiliary verb; None without such a verb.

    Its label is then unknown: a teacher has to give one. (Kaushik et al. 2020 had people make such
    counterfactual edits.)

    >>> toggled("It wasn't dull.", random.Random(0)), toggled("It was dull.", random.Random(0))
    ('It was dull.', "It wasn't dull.")
    """
    verbs = list(_AUXILIARY.finditer(text))
    if not verbs:
        return None
    verb = rng.choice(verbs)
    if verb["short"]:
        new = verb["short"][0] + {"o": "ill", "a": "an"}[verb["short"][1]]
    elif verb["apart"] or verb["joined"]:
        new = verb["stem"]
    elif verb["stem"].lower() != "can" and rng.random() < 0.5:
        new = f"{verb['stem']} not"
    else:
        new = verb["stem"][0] + _SHORT.get(verb["stem"].lower(), verb["stem"])[1:] + "n't"
    return text[: verb.start()] + new + text[verb.end() :]


def changes(split: ReplacementSplit) -> dict[str, Change]:
    """Return every change by its name, with the names and places of a split."""
    return {
        "typo": with_keyboard_typo if split == "train" else with_typo,
        "names": lambda text, rng: with_other_names(text, rng, sort="names", split=split),
        "places": lambda text, rng: with_other_names(text, rng, sort="places", split=split),
        "numbers": with_other_numbers,
        "links": lambda text, rng: with_link(text, rng, split=split),
        "final mark": with_other_mark,
        "markup": with_markup,
        "skin tone": with_other_skin_tone,
    }


def _training_changes() -> dict[str, Change]:
    """Return the changes to train against: not those that a tokenizer takes off before anything is read."""
    kinds = changes("train") | {"identity": with_identity, "gender": with_other_gender}
    return {name: change for name, change in kinds.items() if name not in ("markup", "skin tone")}


def perturbed(texts: Sequence[str], *, share: float, seed: int) -> list[str]:
    """Return texts to train on, changed in what does not matter to their sentiment.

    Each change of ``changes("train")`` but markup and skin tones, an identity and the other gender are tried
    on every text of five words or more, independently of each other.

    Args:
        texts: Texts.
        share: The probability of each change; names and places, which mislead a model most, are
            changed 2.5 times as often.
        seed: Seed of the random choices.

    Raises:
        ConfigError: If ``share`` or ``seed`` is outside its range.
    """
    share, rng = in_range("share", share, 0, 1), random.Random(whole_number("seed", seed, 0))
    kinds = _training_changes()
    shares = {name: min(1.0, share * (_NAMES_FACTOR if name in ("names", "places") else 1)) for name in kinds}
    found = []
    for text in texts:
        long = _is_long(text)
        for name, change in kinds.items():
            if rng.random() < shares[name] and long:
                text = change(text, rng) or text
        found.append(text)
    return found


def perturbed_pairs(texts: Sequence[str], *, seed: int, most: int | None = None) -> list[tuple[str, str]]:
    """Return pairs of a text and a changed copy that should get the same answer.

    One pair for each of the changes that ``perturbed`` makes, if a text of five words or more allows it; of
    typos, links and final marks, which most texts allow, in a tenth of them. Half of the new names and places
    are words that nobody has read before, as those of most people are to a small vocabulary.

    Args:
        texts: Texts.
        seed: Seed of the random choices.
        most: Number of texts to use; of more, so many are drawn.

    Raises:
        ConfigError: If a number is outside its range.
    """
    seed, most = whole_number("seed", seed, 0), None if most is None else whole_number("most", most, 0)
    if most is not None and most < len(texts):
        texts = random.Random(seed).sample(texts, most)
    rng = random.Random(seed)
    kinds = _training_changes()
    found = []
    for text in filter(_is_long, texts):
        for name, change in kinds.items():
            if name in ("typo", "links", "final mark") and rng.random() >= 0.1:
                continue
            if name in ("names", "places") and rng.random() < 0.5:
                copy = with_invented_names(text, rng, sort=name)
            else:
                copy = change(text, rng)
            if copy not in (None, text):
                found.append((text, copy))
    return found


def _is_long(text: str) -> bool:
    return len(text.split()) >= _LEAST_WORDS
