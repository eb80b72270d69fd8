"""The numbers of an English text: figures and number words, with units, as clock times and as dates.

What says the same is equal, however it is written: *1,000* and *one thousand*, *24 months* and *two years*,
*half past six* and *6.30*, *60 %* and *sixty percent*, *14 June* and *2025-06-14*. Knows spans and values;
nothing about what a number is said of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

Date: TypeAlias = tuple[int, int, int]
"""Year, month and day, each 0 where it is not said."""
Reading: TypeAlias = "tuple[str, float | Date]"
"""A unit and a value in it."""

_SMALL = dict(
    zip(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen".split(),
        range(20),
        strict=True,
    )
)
_TENS = dict(
    zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True)
)
_FACTORS = {"hundred": 100, "dozen": 12, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_FACTORS |= {"k": 1_000, "m": 1_000_000, "bn": 1_000_000_000}
_ORDINALS = dict(
    zip("first second third fourth fifth sixth seventh eighth ninth tenth".split(), range(1, 11), strict=True)
)
_ORDINALS |= {"eleventh": 11, "twelfth": 12, "twentieth": 20, "thirtieth": 30}
_PARTS = {"half": 0.5, "quarter": 0.25, "third": 1 / 3, "½": 0.5, "¼": 0.25, "¾": 0.75}
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()

_SECONDS = {"second": 1, "sec": 1, "s": 1, "minute": 60, "min": 60, "hour": 3_600, "hr": 3_600, "h": 3_600}
_SECONDS |= {"day": 86_400, "night": 86_400, "week": 604_800, "fortnight": 1_209_600}
_MONTHS_LONG = {"month": 1, "year": 12, "yr": 12, "decade": 120, "century": 1_200, "centurie": 1_200}
_METRES = {"mm": 0.001, "millimetre": 0.001, "millimeter": 0.001, "cm": 0.01, "centimetre": 0.01}
_METRES |= {"centimeter": 0.01, "m": 1, "metre": 1, "meter": 1, "km": 1_000, "kilometre": 1_000}
_METRES |= {"kilometer": 1_000, "inch": 0.0254, "inche": 0.0254, "foot": 0.3048, "feet": 0.3048}
_METRES |= {"ft": 0.3048, "yard": 0.9144, "mile": 1_609.344}
_GRAMS = {"mg": 0.001, "milligram": 0.001, "g": 1, "gram": 1, "gramme": 1, "kg": 1_000, "kilo": 1_000}
_GRAMS |= {"kilogram": 1_000, "t": 1e6, "ton": 1e6, "tonne": 1e6, "lb": 453.592, "oz": 28.3495}
_GRAMS |= {"ounce": 28.3495}
_LITRES = {"ml": 0.001, "millilitre": 0.001, "milliliter": 0.001, "cl": 0.01, "dl": 0.1, "l": 1}
_LITRES |= {"litre": 1, "liter": 1, "pint": 0.568261, "gallon": 4.54609}
_UNITS: dict[str, tuple[str, float]] = {
    name: (kind, factor)
    for kind, factors in (
        ("time", _SECONDS),
        ("months", _MONTHS_LONG),
        ("length", _METRES),
        ("mass", _GRAMS),
        ("volume", _LITRES),
        ("share", {"%": 0.01, "percent": 0.01, "per cent": 0.01}),
        ("°C", dict.fromkeys(["°c", "° c", "degree", "degree celsius", "degree centigrade", "°"], 1)),
        ("°F", {"°f": 1, "degree fahrenheit": 1}),
        ("€", {"€": 1, "eur": 1, "euro": 1}),
        ("$", {"$": 1, "usd": 1, "dollar": 1, "cent": 0.01}),
        ("£", {"£": 1, "gbp": 1, "pound": 1, "p": 0.01, "pence": 0.01, "penny": 0.01}),
        ("power", {"w": 1, "watt": 1, "kw": 1_000, "kilowatt": 1_000}),
        ("energy", {"kwh": 1}),
        ("voltage", {"v": 1, "volt": 1}),
        ("pressure", {"bar": 1}),
        ("data", {"kb": 0.001, "mb": 1, "gb": 1_000, "tb": 1_000_000}),
    )
    for name, factor in factors.items()
}
_LETTERS = [name for name in _UNITS if len(name) == 1 and name.isalpha()]  # units behind figures only
_PER = {"hourly": "hour", "daily": "day", "nightly": "night", "weekly": "week", "fortnightly": "fortnight"}
_PER |= {"monthly": "month", "yearly": "year", "annually": "year", "annual": "year"}


_SIZES = _SMALL | _TENS
_LONGEST_FIRST = sorted(_UNITS, key=len, reverse=True)
_BEGINNINGS = (
    "a an one per each every once twice thrice fortnight noon midday midnight minus eur usd gbp".split()
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _either(names: Iterable[str]) -> str:
    return "|".join(re.escape(name).replace(r"\ ", " ") for name in sorted(names, key=len, reverse=True))


# In these patterns a space stands for white space of any kind.
_DIGITS = _either(list(_SMALL)[1:10])
_FACTOR = _either(["hundred", "dozen", "thousand", "million", "billion"])
_THOUSANDS = r"\d{1,3}(?:[,'’\u00a0\u202f\x20]\d{3})+(?!\d)(?:\.\d+)?"
_FIGURES = rf"(?:(?:[-\u2212](?=\d)|minus )?(?:{_THOUSANDS}|\d+(?:[.,]\d+)?))"
_ONE = rf"(?:(?:{_either(_TENS)})(?:[-\s](?:{_DIGITS})\b)?|{_either(_SMALL)})"
_WORDS = rf"(?:{_ONE}|an?(?= (?:{_FACTOR})\b))\b(?:[-\s](?:{_FACTOR})\b(?:(?: and)? {_ONE}\b)?)*"
_NUMBER = rf"(?:{_FIGURES}(?: ?(?:{_FACTOR})\b|k\b|[½¼¾])?|[½¼¾]|{_WORDS})(?: and a (?:half|quarter)\b)?"
_NAMED = rf"(?:{_either(name for name in _UNITS if len(name) > 1 and name.isalpha())})s?\b"
_SIGNS = r"(?:degrees? (?:celsius|centigrade|fahrenheit)\b|per cent\b|° ?[cf]\b|[%°€$£])"
_UNIT = rf"(?:-? ?(?:{_SIGNS}|{_NAMED})|(?<=\d) ?(?:{_either(_LETTERS)})\b)"
_HOUR = rf"(?:{_either(list(_SMALL)[1:13])}|1[0-2]|0?[1-9])\b"
_HALF_DAY = r"(?:[ap]\.m\.|[ap]m\b)"
_PART = r"(?:(?:an? )?half|(?:an? |one )?quarter|(?:an? |one )third|three quarters|two thirds)"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY = r"(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
# The first that fits at a place is taken.
_KINDS = {
    "iso": r"\d{4}-\d\d-\d\d(?!\d)",
    "slashed": r"\d{1,2}(?:/\d{1,2}/|\.\d{1,2}\.)\d{4}(?!\d)",
    "date": rf"(?:{_DAY} (?:of )?{_MONTH}|{_MONTH} {_DAY}(?![\d.:]))(?:,? \d{{4}}\b)?|{_MONTH} \d{{4}}\b",
    "code": r"(?:\+\d|0\d)[\d\s()/-]{5,}\d",
    "past": rf"(?:half past|(?:a )?quarter (?:past|to)) {_HOUR}(?: ?{_HALF_DAY})?",
    "noon": r"(?:noon|midday|midnight)\b",
    "clock": rf"(?:\d{{1,2}}[:.][0-5]\d|{_HOUR}) ?(?:{_HALF_DAY}|o['’]clock\b)|[0-2]?\d:[0-5]\d\b",
    "money": rf"(?:[€$£]|(?:eur|usd|gbp) ) ?{_FIGURES}(?: ?(?:{_FACTOR}|bn|[km])\b)?",
    "year": rf"(?:eighteen|nineteen|twenty)[-\s](?:{_either(_TENS)})(?:[-\s](?:{_DIGITS}))?\b",
    "and_part": rf"(?:an?|one) {_NAMED} and a (?:half|quarter)\b",
    "part_of": rf"{_PART}(?:(?: of)? an?)?[-\s]{_NAMED}",
    "dozen": r"half a dozen\b",
    "amount": rf"{_NUMBER}{_UNIT}(?!\w)",
    "every": rf"every (?:second|other) (?:{_NAMED}|(?:{_either(_DAYS)})\b)",
    "a": rf"(?:an?|per|each|every|one)(?: (?:whole|full|single))? {_NAMED}",
    "often": rf"(?:once|twice|thrice|fortnight|{_either(_PER)})\b",
    "share": rf"{_PART}(?= (?:of|the|that|price)\b)",
    "part": rf"{_PART}\b",
    "ordinal": rf"(?:\d+(?:st|nd|rd|th)|(?:(?:{_either(_TENS)})-)?(?:{_either(_ORDINALS)}))\b",
    "number": rf"{_NUMBER}(?![^\W_])",
}
# No number begins with another word: most places in a text are passed over by this alone.
_BEGINS = rf"[\d€$£½¼¾+\u2212-]|(?:{_either([*_SIZES, *_ORDINALS, *_PARTS, *_PER, *_BEGINNINGS])})|{_MONTH}"
_QUANTITY = re.compile(
    rf"(?<![\w.])(?={_BEGINS})(?:"
    + "|".join(f"(?P<{kind}>{p})" for kind, p in _KINDS.items()).replace(" ", r"(?:\s{1,4})")
    + ")"
)
_RANGE = re.compile(r"\s?[-–—]\s?|\sto\s|\sor\s")
_BETWEEN = re.compile(r"between\s\S+\sand\s")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text.

    Attributes:
        start, end: Its place.
        readings: What it may mean, each a unit and a value in it: half past six is 6.30 or 18.30.
        raw: The plain numbers in it, as they are written: 2 of *2 km*, 14 and 2025 of *14 June 2025*.
        loose: True of words that often count nothing: *one*, *a day*, *once*, *first*.
    """

    start: int
    end: int
    readings: frozenset[Reading]
    raw: frozenset[float]
    loose: bool = False

    @property
    def unit(self) -> str:
        """The kind of unit, such as ``mass``, ``date`` or ``ordinal``; "" if none is said."""
        return min(unit for unit, _ in self.readings)

    def agrees(self, other: Quantity) -> bool:
        """Return True if both may mean the same; a bare number agrees with its like of any unit."""
        units = {self.unit, other.unit}
        if self.readings & other.readings:
            return True
        if self.raw & other.raw and (
            units == {"ordinal", "date"} or ("" in units and "ordinal" not in units)
        ):
            return True
        return units == {"date"} and any(
            _same_date(a, b) for _, a in self.readings for _, b in other.readings
        )


def find_quantities(text: str) -> list[Quantity]:
    """Return the numbers of a text, in its order.

    >>> [a] = find_quantities("It takes two and a half hours.")
    >>> [b] = find_quantities("150 min")
    >>> a.agrees(b), (a.start, a.end)
    (True, (9, 29))
    """
    found: list[Quantity] = []
    small = text.lower()
    if len(small) != len(text):  # a few letters have a small form of two characters
        small = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
    text = small
    for match in _QUANTITY.finditer(text):
        kind = str(match.lastgroup)
        readings, raw, loose = _read(kind, _plain(match[0]))
        end = match.end() - (kind == "date" and match[0].endswith("."))
        found.append(Quantity(match.start(), end, frozenset(readings), frozenset(raw), loose))
    # In a range the unit stands once, behind the last number: 5 to 7 days.
    for place in range(len(found) - 2, -1, -1):
        first, second = found[place], found[place + 1]
        if (
            not first.unit
            and second.unit
            and (
                _RANGE.fullmatch(text, first.end, second.start)
                or _BETWEEN.fullmatch(text, max(0, first.start - 8), second.start)
            )
        ):
            _, unit, factor = _split_unit(_plain(text[second.start : second.end]))
            if factor:
                readings = {(unit, _rounded(value * factor)) for value in first.raw}
                found[place] = replace(first, readings=frozenset(readings))
    return found


def _read(kind: str, words: str) -> tuple[set[Reading], set[float], bool]:
    """Return the readings of a match, its plain numbers, and whether it is loose."""
    if kind in ("iso", "slashed", "date"):
        dates = _dates(kind, words)
        raw = {float(part) for year, _, day in dates for part in (year, day) if part}
        return {("date", date) for date in dates}, raw, False
    if kind == "code":
        return {("code", float(re.sub(r"\D", "", words)))}, set(), False
    if kind in ("past", "noon", "clock"):
        return _read_clock(words)
    if kind in ("ordinal", "often", "a", "every"):
        return _read_loose(kind, words)
    if kind == "and_part":  # a year and a half
        named, _, part = words.partition(" and ")
        words = f"one and {part} {named.split()[1]}"
    number, unit, factor = (words, "", 0.0) if kind == "year" else _split_unit(words)
    if kind in ("part", "share"):
        unit = "share"
    value = _value(number)
    readings: set[Reading] = {(unit, _rounded(value * (factor or 1)))}
    if kind == "number" and re.fullmatch(r"[0-2]?\d\.[0-5]\d", words):  # 6.30 may be a time of the day
        readings |= _read_clock(words)[0]
    return readings, {_rounded(value)}, kind == "part" or words == "one"


def _read_loose(kind: str, words: str) -> tuple[set[Reading], set[float], bool]:
    """Return what ``_read`` does of *second*, *2nd*, *twice*, *weekly*, *a week* and *every other week*."""
    first, _, last = words.rpartition(" ")
    if kind == "ordinal":
        tens, _, ones = words.rpartition("-")
        digits = re.match(r"\d+", words)
        value = float(digits[0]) if digits else float(_TENS.get(tens, 0) + _ORDINALS[ones])
        return {("ordinal", value)}, {value}, True
    if words in ("once", "twice", "thrice"):
        value = float(("once", "twice", "thrice").index(words) + 1)
        return {("", value)}, {value}, value == 1
    times = 2.0 if kind == "every" else 1.0
    if last in _DAYS:
        return {("time", 7 * 86_400 * times)}, set(), True
    _, unit, factor = _split_unit(" " + _PER.get(last, last))
    return {(unit, _rounded(times * factor))}, {times} if first else set(), True


def _read_clock(words: str) -> tuple[set[Reading], set[float], bool]:
    """Return what ``_read`` does of a time of the day; without am and pm, it may be either."""
    if words in ("noon", "midday", "midnight"):
        return {("clock", 0.0 if words == "midnight" else 720.0)}, set(), False
    figures = [int(part) for part in re.findall(r"\d+", words)]
    named = [_SMALL[part] for part in re.findall(r"[a-z]+", words) if part in _SMALL]
    hour, minute = (figures or named)[0], figures[1] if len(figures) > 1 else 0
    raw = {float(hour)} if minute == 0 and "past" not in words and "quarter" not in words else set()
    minutes = hour * 60 + minute
    if "half" in words:
        minutes += 30
    elif "quarter" in words:
        minutes += -15 if " to " in words else 15
    half_day = re.search(r"(?<![a-z])([ap])\.?m\b", words)
    if half_day is not None:
        minutes = minutes % 720 + (720 if half_day[1] == "p" else 0)
    both = {minutes, minutes + 720} if half_day is None and hour <= 12 else {minutes}
    return {("clock", float(m % 1_440)) for m in both}, raw, False


def _dates(kind: str, words: str) -> list[Date]:
    """Return what a date may mean: 3/4/2025 is in March or in April."""
    figures = [int(part) for part in re.findall(r"\d+", words)]
    if kind == "iso":
        return [(figures[0], figures[1], figures[2])]
    if kind == "slashed":
        first, second, year = figures
        return [(year, month, day) for day, month in {(first, second), (second, first)} if month <= 12]
    named = next(part for part in re.findall(r"[a-z]+", words) if part[:3] in _MONTHS)
    day = next((part for part in figures if part <= 31), 0)
    return [(next((part for part in figures if part > 31), 0), _MONTHS.index(named[:3]) + 1, day)]


def _same_date(first: object, second: object) -> bool:
    """Return True if two dates say the same where both say something."""
    if not (isinstance(first, tuple) and isinstance(second, tuple)):
        return False
    both = [(a, b) for a, b in zip(first, second, strict=True) if a and b]
    return bool(both) and all(a == b for a, b in both)


def _split_unit(words: str) -> tuple[str, str, float]:
    """Return the words without their unit, its kind and its factor; 0.0 as the factor where there is none.

    >>> _split_unit("thirty-five kilos"), _split_unit("€ 5")
    (('thirty-five', 'mass', 1000), (' 5', '€', 1))
    """
    sign = re.match("€|[$]|£|(?:eur|usd|gbp) ", words)
    if sign is not None:
        return words[sign.end() :], *_UNITS[sign[0].strip()]
    words = words.replace("degrees ", "degree ")
    for name in _LONGEST_FIRST:
        for ending in (name, name + "s"):
            rest = words.removesuffix(ending)
            if rest != words and not rest[-1:].isalpha():
                return rest.rstrip(" -"), *_UNITS[name]
    return words, "", 0.0


def _value(words: str) -> float:
    """Return the value of figures and number words.

    >>> _value("two hundred and five thousand"), _value("1,250.5"), _value("4 and a half")
    (205000.0, 1250.5, 4.5)
    """
    whole, value, plus = 0.0, 0.0, False
    parts = re.findall(r"\d(?:[\d.,'\s]*\d)?|[^\W\d_]+|[½¼¾]", words)
    for place, part in enumerate(parts):
        single = part.removesuffix("s")
        if part[0].isdigit():
            value += _figures(part)
        elif single in _SIZES:
            # nineteen eighty-seven is 1987
            value = value * 100 if place == 1 and value > 17 and part in _TENS and value < 20 else value
            value += _SIZES[single]
        elif part in ("hundred", "dozen"):
            value = (value or 1) * _FACTORS[part]
        elif part in _FACTORS:
            whole, value = whole + (value or 1) * _FACTORS[part], 0.0
        elif single in _PARTS:
            value = value + _PARTS[single] if plus or part in "½¼¾" else (value or 1) * _PARTS[single]
        plus = part == "and" or (plus and part == "a")
    sign = -1 if re.match(r"\s*[-\u2212]|minus", words) else 1
    return sign * (whole + value)


def _figures(digits: str) -> float:
    """Return the value of figures: a comma separates thousands, or begins a fraction."""
    if re.fullmatch(r"\d{1,3}(?:[,'\s]\d{3})+(?:\.\d+)?", digits):
        return float(re.sub(r"[,'\s]", "", digits))
    return float(re.sub(r"\s.*", "", digits).replace(",", "."))


def _plain(words: str) -> str:
    return " ".join(words.lower().replace("’", "'").split())


def _rounded(value: float) -> float:
    """Return a value to ten digits, so that 0.1 of a kilogram is 100 grams."""
    return float(f"{value:.10g}")
