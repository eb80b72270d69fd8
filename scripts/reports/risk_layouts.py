"""Lay texts out anew, and count what the risk filter makes of it: recall, redaction, languages.

Knows reviewed cases, ways to lay a text out, and corpora; nothing of how the filter reads.
"""

from __future__ import annotations

import html
import json
import lzma
import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from nlp_rnn.resources import data_folder
from nlp_rnn.risk import RISKY, RiskCase, RiskFilter, Thresholds, load_cases
from scripts.recipes.corpora import reader

_WORD = re.compile(r"[^\W\d_]{4,}")
_PLAIN_ITEMS = ("Buy milk and bread", "Call the plumber", "Water the beans")
_STYLED = {ord(small): 0x1D41A + n for n, small in enumerate("abcdefghijklmnopqrstuvwxyz")}
_ALIKE = str.maketrans("aeocpi", "\u0430\u0435\u043e\u0441\u0440\u0456")
_UNSEEN = "\u200d\u200b\u00ad\u2060\u202e\ufe0f\U000e0041"
_LEAST_WORDS = 5

Change = Callable[[str, random.Random], str]


def _marked(mark: Callable[[str, random.Random], str]) -> Change:
    """Return a change of one or two words of a text."""

    def change(text: str, rng: random.Random) -> str:
        words = [found.span() for found in _WORD.finditer(text)]
        for start, end in sorted(rng.sample(words, min(len(words), rng.randint(1, 2))), reverse=True):
            text = text[:start] + mark(text[start:end], rng) + text[end:]
        return text

    return change


def _pierced(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word))
    return word[:at] + rng.choice(_UNSEEN) + word[at:]


def _in_html(text: str, rng: random.Random) -> str:
    marked = _marked(lambda word, _: f"\x01{word}\x02")(text, rng)
    inside = html.escape(marked).replace(" ", "&nbsp;", 1).replace("\x01", "<b>").replace("\x02", "</b>")
    return f"<div><p>{_PLAIN_ITEMS[0]}.</p><p>{inside}</p><p>{_PLAIN_ITEMS[1]}.</p></div>"


CHANGES: dict[str, Change] = {
    "plain": lambda text, _: text,
    "words in bold": _marked(lambda word, _: f"**{word}**"),
    "words in backticks": _marked(lambda word, _: f"`{word}`"),
    "words with invisible characters": _marked(_pierced),
    "words in capitals": _marked(lambda word, _: word.upper()),
    "all in capitals": lambda text, _: text.upper(),
    "words in another letter style": _marked(lambda word, _: word.lower().translate(_STYLED)),
    "words with look-alikes": _marked(lambda word, _: word.translate(_ALIKE)),
    "in a list": lambda text, _: f"- {_PLAIN_ITEMS[0]}\n- {text}\n- {_PLAIN_ITEMS[1]}",
    "in a numbered list": lambda text, _: f"1. {_PLAIN_ITEMS[0]}\n2. {text}\n3. {_PLAIN_ITEMS[1]}",
    "in a table": lambda text, _: (
        f"| no. | what |\n|---|---|\n| 1 | {_PLAIN_ITEMS[0]} |\n| 2 | {text} |\n| 3 | {_PLAIN_ITEMS[1]} |"
    ),
    "in a chat": lambda text, _: f"[10:31] Zed: hi there\n[10:32] Ann: {text}\n[10:32] Zed: ok!",
    "in HTML": _in_html,
    "in a quote": lambda text, _: f"> {text}\n\nWell.",
}


def recall_by_layout(risk: RiskFilter, cases: Sequence[RiskCase]) -> dict[str, dict[str, float]]:
    """Return the shares flagged of the risky and the harmless cases, each laid out in every way."""
    found = {}
    for name, change in CHANGES.items():
        rng = random.Random(0)
        flagged: dict[str, list[bool]] = {}
        for case in cases:
            level = risk.review(change(case.text, rng)).level
            flagged.setdefault(case.expect, []).append(level != "low")
        found[name] = {expect: round(sum(each) / len(each), 4) for expect, each in flagged.items()}
    return found


def levels_of(risk: RiskFilter, file: Path) -> dict[str, float]:
    """Return the shares of a file's cases that are flagged, and raised to high."""
    levels = [risk.review(case.text).level for case in load_cases(file)]
    return {
        "cases": len(levels),
        "flagged": round(1 - levels.count("low") / len(levels), 4),
        "high": levels.count("high"),
    }


def hedges(risk: RiskFilter, rows: Sequence[dict[str, str]]) -> dict[str, float]:
    """Return the share flagged of the hedged cases, by their form and expectation."""
    flagged: dict[str, list[bool]] = {}
    plain = {row["group"]: risk.review(row["text"]).level != "low" for row in rows if row["form"] == "plain"}
    for row in rows:
        hit = risk.review(row["text"]).level != "low"
        flagged.setdefault(f"{row['form']}, {row['expect']}", []).append(hit)
        if row["form"] in ("tag", "hedge"):  # beside the same groups, plain
            flagged.setdefault(f"plain of the {row['form']}s", []).append(plain[row["group"]])
    return {form: round(sum(each) / len(each), 4) for form, each in flagged.items()}


def removed_outside(claims: Sequence[str], seed: int = 0) -> dict[str, dict[str, int]]:
    """Return, by layout, the items removed and the characters removed outside of them, of risky claims."""
    risk = RiskFilter("redact", thresholds=Thresholds(act_at="medium"))
    rng = random.Random(seed)
    found = {}
    for name, (before, item, between, after) in _FRAMES.items():
        items = outside = 0
        for claim in claims:
            said = [rng.choice(_PLAIN_ITEMS), claim, rng.choice(_PLAIN_ITEMS)]
            text, spans = before, []
            for number, each in enumerate(said, 1):
                head, tail = item.format(n=number).split("@")
                spans.append((len(text) + len(head), len(text) + len(head) + len(each)))
                text += head + each + tail + (between if number < len(said) else after)
            gone = {at for start, end in _removed(risk, text) for at in range(start, end)}
            items += bool(gone)
            outside += len(gone - set(range(*spans[1])))
        found[name] = {"items_removed": items, "characters_outside": outside}
    return found


_FRAMES = {
    "list": ("", "- @", "\n", "\n"),
    "numbered list": ("To do:\n", "{n}. @", "\n", "\n"),
    "bold list": ("", "* **@**", "\n", "\n"),
    "table": ("| no. | what |\n|---|---|\n", "| {n} | @ |", "\n", "\n"),
    "chat": ("", "[10:3{n}] Ann: @", "\n", "\n"),
    "HTML list": ("<ul>\n", "<li>@</li>", "\n", "\n</ul>"),
    "HTML table": ("<table><tr>", "<td>{n}</td><td>@</td>", "</tr><tr>", "</tr></table>"),
    "HTML lines": ("<p>", "@", "<br>", "</p>"),
}
"""What stands before the items, around each, between two and behind them."""


def _removed(risk: RiskFilter, text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of what a policy took out of a text."""
    for passage in risk.apply(text).review.passages:
        if passage.shown != passage.text:
            before = passage.shown.index("[removed")
            behind = len(passage.shown) - passage.shown.rindex("]") - 1
            yield passage.start + before, passage.end - behind


def unread_shares(risk: RiskFilter, data: Path, most: int) -> dict[str, dict[str, float]]:
    """Return the shares of sentences of five words or more said to be unread, by language and kind."""
    found = {}
    for name, texts in (_foreign(data) | _english(data)).items():
        found[name] = _unread_share(risk, random.Random(0).sample(texts, min(most, len(texts))))
    return found


def _unread_share(risk: RiskFilter, texts: Sequence[str]) -> dict[str, float]:
    unread: list[bool] = []
    for text in texts:
        for passage in risk.review(text).passages:
            if len(re.findall(r"[^\W\d_]+", passage.text)) >= _LEAST_WORDS:
                unread.append(any(signal.kind == "unread" for signal in passage.signals))
    return {"sentences": len(unread), "unread": round(sum(unread) / max(1, len(unread)), 4)}


def _foreign(data: Path) -> dict[str, list[str]]:
    read = reader(data)
    captions, tatoeba = read("parallel/multi30k/test"), read("parallel/tatoeba_en_fr/test")
    found = {"de, captions": captions["de"], "fr, captions": captions["fr"], "fr, Tatoeba": tatoeba["fr"]}
    for kind, file in (
        ("tweets", "multilingual/tweets/test"),
        ("restaurants", "multilingual/aspects/test"),
        ("dialogues", "multilingual/dialogues/all"),
    ):
        table = read(file)
        for text, language in zip(table["text"], table["language"], strict=True):
            found.setdefault(f"{language}, {kind}", []).append(text)
    return found


def _english(data: Path) -> dict[str, list[str]]:
    read = reader(data)
    plays = (data / "text/tinyshakespeare.txt").read_text(encoding="utf-8").split("\n\n")
    with lzma.open(data / "text/english_prose.txt.xz", "rt", encoding="utf-8") as stream:
        prose = stream.read(3_000_000).split("\n\n")
    names = (data / "text/names.txt").read_text(encoding="utf-8").split()
    rng = random.Random(0)
    return {
        "English, captions": read("parallel/multi30k/test")["en"],
        "English, Tatoeba": read("parallel/tatoeba_en_fr/test")["en"],
        "English, plays": plays,
        "English, prose": prose,
        "English, tweets": read("sentiment/tweets/test")["text"],
        "English, Reddit": read("sentiment/goemotions/test")["text"],
        "English, dialogues": read("sentiment/dailydialog/test")["text"],
        "English, names": [
            ", ".join(map(str.title, rng.sample(names, 3))) + f" and {rng.choice(names).title()} came."
            for _ in range(400)
        ],
    }


def measured_rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of one of the files in ``data/risk`` as they are."""
    lines = (data_folder("risk") / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def risky_texts(cases: Sequence[RiskCase], risk: RiskFilter) -> list[str]:
    """Return the risky cases of one sentence that are flagged as they stand."""
    return [
        case.text
        for case in cases
        if case.expect == RISKY
        and len((found := risk.review(case.text)).passages) == 1
        and found.level != "low"
    ]
