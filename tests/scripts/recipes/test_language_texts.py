"""The texts of the language model's recipe: which part each is in, and its language."""

from __future__ import annotations

from collections import Counter
from typing import Any

from scripts.recipes import language_texts
from scripts.recipes.language_texts import HELD, TEST, TRAIN, Source

SENTENCES = [f"The lamp number {n} is on the table." for n in range(400)]


def parts_of(source: Source, table: dict[str, list[Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part, _, texts in language_texts._rows(lambda _: table, source):
        found.setdefault(part, []).extend(texts)
    return found


def test_a_file_for_all_parts_is_parted_by_a_hash_and_a_training_file_gives_no_tests() -> None:
    table = {"text": SENTENCES}
    whole = parts_of(Source(name="a", files="one"), table)
    assert {part: len(texts) > 15 for part, texts in whole.items()} == {TRAIN: True, HELD: True, TEST: True}
    assert Counter(text for texts in whole.values() for text in texts) == Counter(SENTENCES)
    training = parts_of(Source(name="a", files={TRAIN: "one"}), table)
    assert set(training) == {TRAIN, HELD}
    assert set(training[HELD]) == set(whole[HELD])


def test_rows_are_chosen_by_columns_and_name_their_language() -> None:
    table = {"text": ["a b", "c d", "e f"], "source": ["x", "y", "x"], "language": ["de", "it", "fr"]}
    only = Source(name="a", files={TEST: "one"}, language=None, only=("source", "x"))
    assert [row[1:] for row in language_texts._rows(lambda _: table, only)] == [
        ("de", ["a b"]),
        ("fr", ["e f"]),
    ]
    without = Source(name="a", files={TEST: "one"}, language="nl", without=("source", "x"))
    assert [row[1:] for row in language_texts._rows(lambda _: table, without)] == [("nl", ["c d"])]


def test_what_may_only_be_measured_has_no_training_part() -> None:
    assert all(set(source.files) == {TEST} for source in language_texts.MEASURED)
    files = [file for source in language_texts.SOURCES for file in str(source.files).split("'")]
    assert not any("dailydialog" in file or "meld" in file or "dialogues" in file for file in files)
