"""Which script a text is written in."""

from __future__ import annotations

import unicodedata

import pytest

from nlp_rnn.text import language_of_script, script_counts, script_of, script_share

WORD_OF_SCRIPT = {
    "LATIN": "latin", "CYRILLIC": "cyrillic", "GREEK": "greek", "ARABIC": "arabic", "HEBREW": "hebrew",
    "DEVANAGARI": "devanagari", "THAI": "thai", "HANGUL": "hangul", "HIRAGANA": "kana", "KATAKANA": "kana",
    "CJK": "han", "TAMIL": "tamil", "BENGALI": "bengali", "ARMENIAN": "armenian", "GEORGIAN": "georgian",
}  # fmt: skip


def test_letters_have_the_script_that_unicode_names() -> None:
    wrong = []
    for point in range(0x1D00):  # behind it are phonetic signs and rare additions
        letter = chr(point)
        name = unicodedata.name(letter, "")
        expected = WORD_OF_SCRIPT.get(name.partition(" ")[0])
        if expected and letter.isalpha() and "LETTER" in name.split() and script_of(letter) != expected:
            wrong.append((letter, name, script_of(letter)))
    for letter in "ẞỹἀ가힣一龥豈ｱＡあゟヺ\U00020000":
        expected = WORD_OF_SCRIPT.get(unicodedata.name(letter).split()[0].partition("-")[0])
        if script_of(letter) != (expected or ("kana" if letter == "ｱ" else "latin")):
            wrong.append((letter, expected, script_of(letter)))
    assert not wrong, wrong[:10]


def test_marks_digits_and_pictures_are_of_no_script() -> None:
    for text in ("", " \n\t", "12:30 – 14.00", "!?…", "🙂👍🏽❤️", "١٢٣", "\ud83d"):
        assert script_of(text) is None
        assert script_share(text) == (None, 0.0)


def test_most_letters_decide_and_signs_that_stand_for_syllables_count_twice() -> None:
    assert script_of("Ghosts (Привид) in the old mill") == "latin"
    assert script_of("Привет, Anna") == "cyrillic"
    assert script_of("私は Linux が好き") == "kana"
    assert script_of("北京 is big") == "latin"
    assert script_of("北京大学 is") == "han"


def test_a_latin_text_with_one_letter_of_another_script_stays_latin() -> None:
    assert script_of("p\u0430ssword") == "latin"  # a Cyrillic a
    assert script_share("p\u0430ssword") == ("latin", 7 / 8)


def test_counts_come_in_falling_order_and_look_at_both_ends_of_a_long_text() -> None:
    assert script_counts("abc Мир") == {"latin": 3, "cyrillic": 3}
    assert list(script_counts("ab Мир")) == ["cyrillic", "latin"]
    assert script_counts("a" * 5000 + "я" * 5000) == {"latin": 2000, "cyrillic": 2000}


@pytest.mark.parametrize(
    ("script", "text", "language"),
    [
        ("cyrillic", "Ёлка", "ru"),
        ("cyrillic", "їжак", "cyrillic"),
        ("cyrillic", "љубав", "cyrillic"),
        ("arabic", "كتاب", "ar"),
        ("arabic", "گربه", "arabic"),
        ("devanagari", "घर", "hi"),
        ("tamil", "வீடு", "tamil"),
    ],
)
def test_a_script_names_its_main_language_unless_letters_are_strange_to_it(
    script: str, text: str, language: str
) -> None:
    assert language_of_script(script, text) == language
