"""Leaving out patterns that cannot match changes no answer, and leaves out nearly all of them."""

from __future__ import annotations

import random
import re
import string
import sys

import pytest

from nlp_rnn.resources import data_folder
from nlp_rnn.risk.claims import Rule, load_rules
from nlp_rnn.risk.needles import Needles, Search, folded, forbidden_by, merged_matches, needs_of, stands_alone
from nlp_rnn.risk.suite import CASE_FILES, load_cases

RULES = load_rules()
PATTERNS = [pattern for each in (*RULES.rules, *RULES.dampers) for pattern in each.patterns]
CASES = [case.text for name in CASE_FILES for case in load_cases(data_folder("risk") / name)]
ODD = [
    "\u0130",
    "\u0131",
    "\u017f",
    "\u212a",
    "\u0307",
    "5",
    "1,000",
    "%",
    "“",
    '"',
    "?",
    "é",
    "-",
    "_",
    "'s",
]


def mixed_sentences(count: int) -> list[str]:
    """Return sentences of the cases' words in other orders, with odd characters in between."""
    rng = random.Random(0)
    words = [word for text in CASES for word in text.split()]
    found = []
    for _ in range(count):
        chosen = [rng.choice(words) for _ in range(rng.randrange(1, 9))]
        chosen[rng.randrange(len(chosen))] += rng.choice(ODD)
        text = rng.choice([" ", "", "-"] if rng.random() < 0.1 else [" "]).join(chosen)
        found.append(f"{rng.choice(CASES)} {text}" if rng.random() < 0.5 else text)
    return found


def test_no_pattern_that_matches_is_left_out() -> None:
    needles = Needles(PATTERNS)
    compiled = [re.compile(pattern, re.IGNORECASE) for pattern in PATTERNS]
    left_out = matched = 0
    for text in [*CASES[::3], *mixed_sentences(150)]:
        possible = set(needles.possible(text))
        found = {number for number, pattern in enumerate(compiled) if pattern.search(text)}
        assert found <= possible, text
        matched += len(found)
        left_out += len(compiled) - len(possible)
    assert matched > 100
    assert left_out > 0.8 * len(compiled) * (len(CASES[::3]) + 150)


def test_plain_prose_runs_hardly_any_rule() -> None:
    search = Search([(rule.pattern, rule.patterns) for rule in RULES.rules])
    live = search.live("The old man set down his basket and looked at the sea.")
    assert sum(map(len, live.values())) <= 5


def test_letters_that_ignoring_case_takes_for_ascii_ones_are_folded() -> None:
    letter = re.compile("[a-z]", re.IGNORECASE)
    for code in range(128, sys.maxunicode + 1):
        if letter.fullmatch(chr(code)):
            assert folded(chr(code)) in string.ascii_lowercase
            assert re.fullmatch(folded(chr(code)), chr(code), re.IGNORECASE)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\bcures? cancer\b", "It CURE\u017f cancer"),
        (r"\bkilled\b", "\u212aILLED"),
        (r"\b\d+ ?kg\b", "5kg"),
        (r"\b\d+ ?kg\b", "٣ kg"),
        (r"(?a)\bcure\b", "écure"),
        (r"cure|", ""),
        (r"(?:x|cure)d", "xd"),
        (r"\bcure(?!d)", "cures"),
        (r"^(?!.*\bmy\b).*cure", "İ: a cure"),
        (r"(?m)^(?!.*\bmy\b)cure", "my\ncure"),
        (r"cure(?:d|s)*", "cure"),
        ("cafés?", "CAFÉ"),
        (r"\bcure\b", "cure\u0307"),
    ],
)
def test_a_match_is_always_possible(pattern: str, text: str) -> None:
    assert re.search(pattern, text, re.IGNORECASE)
    assert Needles([pattern]).possible(text) == [0]


def test_needs_and_what_is_forbidden_are_read_off() -> None:
    assert needs_of(r"\w+") == needs_of("(") == []
    assert [sorted(need) for need in needs_of(r"\b(?:\w+ ){0,2}(?:is|was) \w+ly (?:fatal|safe)\b")] == [
        ["fatal", "safe"],
        ["is", "was"],
    ]
    assert forbidden_by(r"(?!.*\bmy\b)cure") == set()  # not bound to the beginning
    assert forbidden_by(r"^(?!.*\bmy)cure") == set()  # a beginning of words is no word
    assert not Needles([r"^(?!.*\bmy\b).*cure"]).possible("My cure")


def test_parts_searched_alone_match_as_the_alternation_does() -> None:
    rng = random.Random(1)
    parts = ["ab?", "b+", "(?<!a)bc", "c(?=a)", "^a+", "abc"]
    compiled = [re.compile(part) for part in parts]
    whole = re.compile("|".join(f"(?:{part})" for part in parts))
    for _ in range(400):
        text = "".join(rng.choice("abc ") for _ in range(rng.randrange(12)))
        expected = [match.span() for match in whole.finditer(text)]
        assert [match.span() for match in merged_matches(compiled, text)] == expected
    assert [stands_alone(part) for part in ("a", "a?", "(a)", "a)|(?:b", "(?:a)")] == [
        True,
        False,
        False,
        False,
        True,
    ]


def test_a_rule_made_by_hand_is_found_as_before() -> None:
    rule = Rule("own", 0.5, "why", re.compile("(zzyxq)|y*", re.IGNORECASE), (), ())
    assert [
        match[0] for match in Search([(rule.pattern, rule.patterns)]).live("a Zzyxq")[0][0].finditer("Zzyxq")
    ]
    own = type(RULES)((rule,), ())
    assert [(s.kind, s.start, s.end) for s in own.find("a Zzyxq")] == [("own", 2, 7)]


# Patterns whose time would grow with the square of a sentence

_FIRST = re.compile(r"\(\?:\(\?!(.*?)\)\.\)\*(?=\\b)")


def as_before(pattern: str) -> str:
    """Return a rule as it was: the first of two lists, and what stands before a run of figures, free."""
    start = pattern.find("(?:(?!")
    while start >= 0:
        depth, at = 0, start
        while True:  # to the end of the group that keeps to the first occurrence
            depth += {"(": 1, ")": -1}.get(pattern[at], 0) if pattern[at - 1] != "\\" else 0
            at += 1
            if not depth:
                break
        pattern = pattern[:start] + "." + pattern[at:]
        start = pattern.find("(?:(?!", start + 1)
    return re.sub(r"(?:\(\?<!(?:\[,\.\]|,)(?:\\d)+(?:\[,\.\]|,)\))+", "", pattern)


def test_rules_that_read_a_sentence_once_match_what_they_did() -> None:
    rng = random.Random(2)
    changed = [pattern for pattern in PATTERNS if as_before(pattern) != pattern]
    assert len(changed) >= 15
    pairs = [(re.compile(p, re.I), re.compile(as_before(p), re.I)) for p in changed]
    figures = [
        "1",
        "22",
        "333",
        "4444",
        ",",
        ".",
        " ",
        "kg",
        "%",
        " % ",
        "a",
        "in ",
        "mg",
        "million",
        " euros",
    ]
    words = [
        word
        for pattern in changed
        for word in re.findall(r"[a-z]{3,}", re.sub(r"\(\?!.*?\)\)?|\\.", " ", pattern))
    ]
    matched = 0
    for number in range(600):
        if number % 2:
            text = "".join(rng.choice(figures) for _ in range(rng.randrange(1, 14)))
        else:
            text = " ".join(rng.choice(words) for _ in range(rng.randrange(2, 10)))
        for new, old in pairs[number % 3 :: 3]:
            expected = [match.span() for match in old.finditer(text)]
            assert [match.span() for match in new.finditer(text)] == expected, (new.pattern, text)
            matched += len(expected)
    assert matched > 50


def test_no_rule_looks_for_two_things_with_anything_before_and_between() -> None:
    between = re.compile(r"\.\*\\b.*\\b\.\*\\b")
    for pattern in PATTERNS:
        heads = re.sub(r"^\^(?:\(\?!\.\*(?:\\b\(\?:[a-z|]+\)\\b|\[[^\]]*\])\))+", "", pattern)
        assert not between.match(heads), pattern
