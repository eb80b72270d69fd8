"""What the language model's recipe makes of texts."""

from __future__ import annotations

from scripts.recipes import made_texts

SENTENCES = [f"The lamp number {n} is on the table." for n in range(400)]
TEXTS = {
    ("en", "Reddit comments"): SENTENCES,
    ("de", "tweets"): [f"Die Lampe Nummer {n} steht heute auf dem Tisch im Keller." for n in range(50)],
}


def test_an_invented_language_keeps_words_and_exchanges_letters_alike() -> None:
    changes = made_texts.Changes(TEXTS, seed=0)
    for _ in range(20):
        made = changes.invented("Banana bread is bland.")
        words = made.split()
        assert [len(word) for word in words] == [6, 5, 2, 6]
        assert words[0][1] == words[0][3] == words[0][5] == words[1][3] == words[3][2]
        assert made != "banana bread is bland."


def test_changes_leave_most_of_a_text_and_are_the_same_with_the_same_seed() -> None:
    changes, again = made_texts.Changes(TEXTS, seed=1), made_texts.Changes(TEXTS, seed=1)
    text = SENTENCES[7] + " It is a very good lamp and I like it."
    for _ in range(30):
        cropped = changes.cropped(text)
        assert cropped in text
        assert cropped == again.cropped(text)
        mixed = changes.mixed(text, "en")
        assert mixed == again.mixed(text, "en")
        assert sum(a == b for a, b in zip(mixed.split(), text.split(), strict=True)) >= 14
        assert abs(len(changes.misspelt(text)) - len(text)) <= 4
        again.misspelt(text)
    assert changes.bare("Où est la crème brûlée, señor Şahin?") == "Ou est la creme brulee, senor Sahin?"


def test_chat_is_made_of_abbreviations_cries_and_words_of_real_texts() -> None:
    lines = made_texts.chat(200, SENTENCES, seed=0)
    assert lines == made_texts.chat(200, SENTENCES, seed=0) != made_texts.chat(200, SENTENCES, seed=1)
    assert any(len(set(line.strip("!:). ").split())) == 1 and len(line.split()) > 3 for line in lines)
    assert any("lamp" in line for line in lines)
