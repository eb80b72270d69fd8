"""The rules that times follow: found from few of them, continued as a calendar does, or refused."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from nlp_rnn.errors import InputError
from nlp_rnn.files.calendar import Times, find_rule, next_times

# Name of the rule, some times of it, the next ones.
RULES = (
    ("1 month", "2015-01-01 2015-02-01 2015-03-01 2015-04-01", "2015-05-01 2015-06-01"),
    ("1 month", "2015-01 2015-02 2015-03", "2015-04 2015-05"),
    ("1 month", "2024-01-15 2024-02-15", "2024-03-15 2024-04-15"),
    ("1 month", "2023-12-30 2024-01-30 2024-02-29", "2024-03-30 2024-04-30"),
    ("1 month", "2024-05-01T06:00 2024-06-01T06:00 2024-07-01T06:00", "2024-08-01T06:00"),
    ("1 month (the last day)", "2023-11-30 2023-12-31 2024-01-31", "2024-02-29 2024-03-31"),
    ("1 month (the last weekday)", "2024-05-31 2024-06-28 2024-07-31 2024-08-30", "2024-09-30 2024-10-31"),
    ("1 month (the first weekday)", "2024-06-03 2024-07-01 2024-08-01", "2024-09-02 2024-10-01"),
    ("1 month (the third Fri)", "2024-03-15 2024-04-19 2024-05-17 2024-06-21", "2024-07-19 2024-08-16"),
    ("1 month (the last Fri)", "2024-03-29 2024-04-26 2024-05-31 2024-06-28", "2024-07-26 2024-08-30"),
    ("1 quarter", "2023-07-01 2023-10-01 2024-01-01", "2024-04-01 2024-07-01"),
    ("1 quarter (the last day)", "2023-09-30 2023-12-31 2024-03-31", "2024-06-30 2024-09-30"),
    ("6 months (the last day)", "2022-12-31 2023-06-30 2023-12-31", "2024-06-30 2024-12-31"),
    ("1 year", "2021-03-01 2022-03-01 2023-03-01", "2024-03-01 2025-03-01"),
    ("1 year", "2021 2022 2023", "2024 2025"),
    ("5 years", "1990 1995 2000", "2005 2010"),
    ("1 week", "2024-02-19 2024-02-26 2024-03-04", "2024-03-11 2024-03-18"),
    ("4 weeks", "2024-01-10 2024-02-07 2024-03-06", "2024-04-03 2024-05-01"),
    ("1 business day", "2024-05-01 2024-05-02 2024-05-03 2024-05-06", "2024-05-07 2024-05-08"),
    ("2 days", "2024-02-26 2024-02-28 2024-03-01", "2024-03-03 2024-03-05"),
    ("1 hour", "2024-12-31T22 2024-12-31T23", "2025-01-01T00"),
    ("90 minutes", "2024-01-01T00:00 2024-01-01T01:30", "2024-01-01T03:00"),
    ("250 milliseconds", "2024-01-01T00:00:00.000 2024-01-01T00:00:00.250", "2024-01-01T00:00:00.500"),
)


def times(texts: str) -> Times:
    return np.array(texts.split(), "datetime64")


@pytest.mark.parametrize(("name", "known", "after"), RULES)
def test_a_rule_is_found_and_goes_on(name: str, known: str, after: str) -> None:
    rule, places_T = find_rule(times(known))
    assert rule.name == name
    assert places_T.tolist() == list(range(len(known.split())))
    assert next_times(times(known), len(after.split())).astype(str).tolist() == after.split()


@pytest.mark.parametrize(("name", "known", "after"), RULES)
def test_the_dates_of_a_rule_before_1970_and_after_2262_are_no_others(
    name: str, known: str, after: str
) -> None:
    # The calendar repeats itself every 400 years, weekdays included.
    for years in (-400, 400):
        moved, wanted = (
            " ".join(f"{int(text[:4]) + years}{text[4:]}" for text in texts.split())
            for texts in (known, after)
        )
        assert next_times(times(moved), len(after.split())).astype(str).tolist() == wanted.split()


@pytest.mark.parametrize(
    "frequency",
    "D B 2D W-WED 4W h 2h 15min ME MS 2ME BME BMS QE QS-FEB BQE BQS YE-JUN YS BYE WOM-3FRI bh".split(),
)
def test_pandas_says_the_same(frequency: str) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    for start in ("2019-11-05", "2020-02-29", "2023-01-01"):
        for known in (3, 8, 40, 200):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what pandas will return some day
                index = pandas.date_range(start, periods=known + 40, freq=frequency)
                inferred = pandas.infer_freq(index[:known])
                index = pandas.date_range(index[0], periods=known + 40, freq=inferred)
            every_T = index.to_numpy().astype("datetime64[m]")
            np.testing.assert_array_equal(next_times(every_T[:known], 40), every_T[known:])


@pytest.mark.parametrize(
    ("known", "places"),
    [
        ("2024-01-31 2024-02-29 2024-05-31 2024-06-30", [0, 1, 4, 5]),
        ("2020-01-01 2021-01-01 2023-01-01", [0, 1, 3]),
        ("2024-01-01T00 2024-01-01T01 2024-01-01T04", [0, 1, 4]),
        # Monday to Friday, twice, without the second Wednesday.
        ("2024-05-06 2024-05-07 2024-05-08 2024-05-09 2024-05-10 2024-05-13 2024-05-14 2024-05-16 2024-05-17",
         [0, 1, 2, 3, 4, 5, 6, 8, 9]),
        ("2023-01-01 2023-01-02 2023-01-03 2024-01-01 2024-01-02", [0, 1, 2, 365, 366]),
    ],
)  # fmt: skip
def test_a_gap_is_a_jump_on_the_rule(known: str, places: list[int]) -> None:
    assert find_rule(times(known))[1].tolist() == places


def test_the_hours_of_a_week_are_a_rule_where_each_has_come_often() -> None:
    hour = np.arange(np.datetime64("2024-05-06T00"), np.datetime64("2024-06-03T00"))
    of_day = (hour - hour.astype("datetime64[D]")).astype(int)
    open_T = hour[np.is_busday(hour.astype("datetime64[D]")) & (9 <= of_day) & (of_day < 17)]
    rule, places_T = find_rule(open_T)
    assert rule.name == "one of 8 times on business days"
    assert places_T.tolist() == list(range(160))
    assert next_times(open_T, 9).astype(str).tolist()[-2:] == ["2024-06-03T16", "2024-06-04T09"]
    # One missing hour of one day is a gap, and no rule of 23 hours.
    rule, places_T = find_rule(np.delete(hour[:24], 5))
    assert (rule.name, places_T[-1]) == ("1 hour", 23)


@pytest.mark.parametrize(
    "known",
    [
        "2024-01-01 2024-01-02 2024-01-12 2024-02-01 2024-03-05 2024-03-06",
        "2024-01-15 2024-02-01 2024-02-15 2024-03-01 2024-03-15",
        "2024-01-01T00:00 2024-01-01T01:00 2024-01-01T02:01 2024-01-01T03:00 2024-01-01T04:00",
    ],
)
def test_times_without_a_rule_are_refused(known: str) -> None:
    with pytest.raises(InputError, match=r"follow no rule: .* where the commonest distance is"):
        find_rule(times(known))


def test_one_time_is_refused() -> None:
    with pytest.raises(InputError, match="at least two"):
        next_times(times("2024-01-01"), 1)
