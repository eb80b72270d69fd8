"""Numbers in text: what says the same agrees however it is written, and what does not, does not."""

from __future__ import annotations

from itertools import pairwise

import pytest

from nlp_rnn.text.quantities import Quantity, find_quantities

hypothesis = pytest.importorskip("hypothesis")
given, settings, st = hypothesis.given, hypothesis.settings, hypothesis.strategies


def only(text: str) -> Quantity:
    """The one number of a text."""
    [found] = find_quantities(text)
    return found


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1,000", "one thousand"),
        ("1000", "1 000"),
        ("a hundred and twenty", "120"),
        ("two hundred and five thousand", "205,000"),
        ("nineteen eighty-seven", "1987"),
        ("2.5 million", "2,500,000"),
        ("a dozen", "12"),
        ("twenty five", "25"),
        ("60 %", "sixty percent"),
        ("half of it", "50 %"),
        ("three quarters of it", "75 per cent"),
        ("1.5 kg", "1,500 grams"),
        ("1.5 kg", "a kilo and a half"),
        ("two-metre", "200 cm"),
        ("£75", "75 pounds"),
        ("€5.50", "5.50 euros"),
        ("50p", "£0.50"),
        ("two years", "24 months"),
        ("a year and a half", "eighteen months"),
        ("three weeks", "21 days"),
        ("four and a half\nhours", "270 minutes"),
        ("half an hour", "30 min"),
        ("a whole day", "24 hours"),
        ("within a fortnight", "14 days"),
        ("every second Tuesday", "every other week"),
        ("weekly", "once a week"[5:]),
        ("half past six", "6.30"),
        ("half past six", "18:30"),
        ("a quarter to eight", "7:45"),
        ("7 pm", "19:00"),
        ("7 p.m.", "seven o'clock"),
        ("noon", "12 pm"),
        ("14 June 2025", "2025-06-14"),
        ("June 14th, 2025", "the 14th of June"),
        ("3/4/2025", "4 March 2025"),
        ("June 2025", "14 June"),
        ("105 °C", "105 degrees Celsius"),
        ("-18 °C", "minus 18 degrees"),
        ("21st", "twenty-first"),
        ("0700 900 461", "0700/900461"),
        ("nine", "9 am"),
        ("25", "25 kg"),
    ],
)
def test_what_says_the_same_agrees(first: str, second: str) -> None:
    assert only(first).agrees(only(second))
    assert only(second).agrees(only(first))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1,000", "1,00"),
        ("25 kg", "25 m"),
        ("5 °C", "-5 °C"),
        ("6 weeks", "6 months"),
        ("7 am", "7 pm"),
        ("14 June 2025", "14 July 2025"),
        ("14 June 2025", "15 June"),
        ("£6", "€6"),
        ("5 %", "5 kg"),
        ("two hours", "second"),
        ("nineteen", "ninety"),
        ("0700 900 461", "0700 900 462"),
    ],
)
def test_what_does_not_say_the_same_does_not_agree(first: str, second: str) -> None:
    assert not only(first).agrees(only(second))


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("It takes two and a half hours.", ["two and a half hours"]),
        ("between two and half past seven", ["two", "half past seven"]),
        ("on 20 December. Next", ["20 December"]),
        ("from 5 to 7 days", ["5", "7 days"]),
        ("version v1.2.3 and 3rd", ["3rd"]),
        ("Nobody counts here, and often.", []),
        ("it may be over, even if someone is alone", []),
    ],
)
def test_numbers_have_their_places(text: str, spans: list[str]) -> None:
    assert [text[found.start : found.end] for found in find_quantities(text)] == spans


def test_in_a_range_the_unit_behind_counts_for_both() -> None:
    assert find_quantities("5 to 7 days")[0].agrees(only("120 hours"))
    assert find_quantities("between 5 and 40 °C")[0].unit == "°C"
    assert find_quantities("in 1987 and 1.5 kg")[0].unit == ""


@pytest.mark.parametrize(
    ("text", "loose"), [("one", True), ("a week", True), ("first", True), ("two", False)]
)
def test_words_that_often_count_nothing_are_loose(text: str, loose: bool) -> None:
    assert only(text).loose is loose


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="0123456789 .,:-/€%kKmİßone and half a past to\n½ª²①٣", max_size=40))
def test_any_text_is_read_and_places_lie_in_it(text: str) -> None:
    found = find_quantities(text)
    assert all(0 <= a.start < a.end <= len(text) for a in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
