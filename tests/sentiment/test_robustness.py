"""Changes that keep a text's sentiment, and how moved answers are counted."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from nlp_rnn.errors import InputError
from nlp_rnn.resources import data_folder
from nlp_rnn.sentiment.perturbation import (
    Change,
    ReplacementSplit,
    changes,
    perturbed,
    perturbed_pairs,
    toggled,
    with_articles,
    with_identity,
    with_invented_names,
    with_keyboard_typo,
    with_markup,
    with_other_gender,
    with_other_mark,
    with_other_names,
    with_other_numbers,
    with_other_skin_tone,
    with_typo,
)
from nlp_rnn.sentiment.robustness import (
    both_right,
    fairness,
    identity_groups,
    measure_robustness,
    noise,
    sum_of,
)
from nlp_rnn.text.markup import plain_text

TEXT = "In 1987 Mary met 12 people in Paris; Mary gave the film 8/10 and it won 3 of 5 stars."


def edits(first: str, second: str) -> int:
    """Letters that have to change, a swap of two neighbours counting once."""
    table = np.zeros((len(first) + 1, len(second) + 1), int)
    table[:, 0], table[0, :] = range(len(first) + 1), range(len(second) + 1)
    for i, a in enumerate(first, 1):
        for j, b in enumerate(second, 1):
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and b == first[i - 2]:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return int(table[-1, -1])


@pytest.mark.parametrize("change", [with_typo, with_keyboard_typo])
def test_a_typo_is_one_edit_in_one_long_word(change: Change) -> None:
    text = "a truly wonderful film, and so it goes"
    seen = set()
    for seed in range(300):
        changed = change(text, random.Random(seed)) or ""
        before, after = text.split(), changed.split()
        wrong = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
        assert len(wrong) == 1
        assert change is with_typo or wrong[0][0][0] == wrong[0][1][0]
        assert len(wrong[0][0].strip(",")) >= 4
        assert edits(*wrong[0]) == 1
        seen.add(changed)
    assert len(seen) > 50
    assert change("so it is", random.Random(0)) is None


def test_a_name_becomes_the_same_other_name_everywhere() -> None:
    changed = with_other_names(TEXT, random.Random(1)) or ""
    names = re.findall(r"1987 (\w+) met .* (\w+) gave", changed)
    assert len(names) == 1
    assert names[0][0] == names[0][1] != "Mary"
    assert changed.replace(names[0][0], "Mary") == TEXT
    assert "Paris" not in (with_other_names(TEXT, random.Random(1), sort="places") or "Paris")
    assert with_other_names("Nobody came; marylebone, Mary-Ann.", random.Random(0)) is None


def test_ratings_are_no_numbers_to_change() -> None:
    changed = with_other_numbers(TEXT, random.Random(0)) or ""
    assert re.fullmatch(re.escape(TEXT).replace("1987", r"\d{4}").replace("12", r"\d{2}"), changed)
    assert "1987" not in changed
    for text in (
        "8 out of 10",
        "10 / 10",
        "I gave it a 10!",
        "Rating: 70",
        "20 stars",
        "4* film",
        "2 thumbs down",
    ):
        assert with_other_numbers(text, random.Random(0)) is None
    assert with_other_numbers("It costs $25.50, version 3.2, one of them.", random.Random(0)) is None


def test_an_identity_stands_before_a_person_with_its_article() -> None:
    for text in ("I met a man.", "I met an actor."):
        found = {with_identity(text, random.Random(seed)) for seed in range(400)}
        assert len(found) > 30
        for changed in found:
            match = re.fullmatch(r"I met (an?) (.+) (man|actor)\.", changed or "")
            assert match
            assert changed == with_articles(f"I met a {match[2]} {match[3]}.")
    words = "a atheist, a European, a Ukrainian, a white, a uncle"
    assert with_articles(words) == "an atheist, a European, a Ukrainian, a white, an uncle"
    assert with_identity("The soup was cold.", random.Random(0)) is None


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("He gave HIS wife a hat, she said.", "She gave HER husband a hat, he said."),
        ("I met her yesterday with her son.", "I met him yesterday with his daughter."),
        ("I saw her.", "I saw him."),
        ("She told her that he lost her keys", "He told him that she lost his keys"),
    ],
)
def test_the_other_gender_keeps_capitals(text: str, changed: str) -> None:
    assert with_other_gender(text, random.Random(0)) == changed


def test_a_text_without_gender_stays() -> None:
    assert with_other_gender("The soup was theirs.", random.Random(0)) is None


def test_training_and_report_share_no_replacement() -> None:
    lists = json.loads((data_folder("robustness") / "replacements.json").read_text(encoding="utf-8"))
    for sort in ("names", "places"):
        assert set(lists[sort]["train"]).isdisjoint(lists[sort]["report"])
        assert set(lists[sort]["found"]).isdisjoint(lists[sort]["report"])


def test_known_names_trade_places_in_training_alone() -> None:
    lists = json.loads((data_folder("robustness") / "replacements.json").read_text(encoding="utf-8"))
    for sort, text in (("names", "We saw Mary."), ("places", "We saw Paris.")):
        given: dict[ReplacementSplit, set[str]] = {"train": set(), "report": set()}
        for split, found in given.items():
            changed = [with_other_names(text, random.Random(i), sort=sort, split=split) for i in range(1_000)]
            found |= {(each or "")[7:-1] for each in changed}
        known = set(lists[sort]["found"])
        assert known & given["train"]
        assert given["train"] <= known | set(lists[sort]["train"])
        assert given["report"] == set(lists[sort]["report"])


def test_names_change_more_often_than_numbers() -> None:
    texts = ["Mary sat there for 12 days or so"] * 400
    changed = perturbed(texts, share=0.2, seed=0)
    kept = {word: sum(word in text for text in changed) / 400 for word in ("12", "Mary")}
    assert 0.74 < kept["12"] < 0.86
    assert 0.4 < kept["Mary"] < 0.6


def test_pairs_differ_in_what_should_not_matter() -> None:
    text = "Mary saw the man again in Paris"
    found = perturbed_pairs([text, "Mary spoke", "so it was for us"], seed=0)
    assert {one for one, _ in found} == {text}
    for changed in (
        r"(?!Mary)[\w' -]+ saw the man again in Paris",
        r"Mary saw the man again in (?!Paris)[\w' -]+",
        r"Mary saw the (?!man)[\w -]+ man again in Paris",
        r"Mary saw the woman again in Paris",
    ):
        assert sum(bool(re.fullmatch(changed, other)) for _, other in found) == 1, changed
    assert text not in {other for _, other in found}
    assert perturbed_pairs([text], seed=0) != perturbed_pairs([text], seed=1)
    assert (
        len({one for one, _ in perturbed_pairs([f"{text} {number}" for number in range(9)], seed=0, most=4)})
        == 4
    )


def test_half_of_the_names_in_pairs_are_new_to_everyone_and_few_pairs_are_typos_or_links() -> None:
    text = "Mary saw Mary and so did they"
    lists = json.loads((data_folder("robustness") / "replacements.json").read_text(encoding="utf-8"))["names"]
    known = {*lists["found"], *lists["train"]}
    given = [
        other.partition(" ")[0] for one, other in perturbed_pairs([text] * 400, seed=0) if "Mary" not in other
    ]
    assert len(given) > 390  # now and then the drawn name is the same
    assert 150 < sum(name not in known for name in given) < 250
    same = [
        other
        for _, other in perturbed_pairs([text] * 400, seed=0)
        if other.startswith("Mary saw Mary and so did")
    ]
    assert 20 < sum("https://" in other for other in same) < 60
    assert 20 < sum(other in {f"{text}.", f"{text}!"} for other in same) < 60
    assert with_invented_names(text, random.Random(1)) == with_invented_names(text, random.Random(1))
    assert re.fullmatch(r"(\w+) saw \1 and so did they", with_invented_names(text, random.Random(1)) or "")
    assert with_invented_names("Nobody came.", random.Random(1)) is None


@pytest.mark.parametrize("text", ["It is small.", "It is small !", "It's small", 'She said "no".'])
def test_a_final_mark_becomes_another_and_nothing_else_changes(text: str) -> None:
    found = {with_other_mark(text, random.Random(seed)) for seed in range(20)}
    bare = text.rstrip(" .!")
    assert found == {bare + mark for mark in (".", "!", "")} - {text.replace(" !", "!")}


@pytest.mark.parametrize("text", ["Is it small?", "It is small...", "", ".", "Small 😀", "It is :("])
def test_other_ends_stay(text: str) -> None:
    assert with_other_mark(text, random.Random(0)) is None


def test_markup_is_what_a_reader_does_not_see() -> None:
    text = "The lamp that we bought is dim."
    found = {with_markup(text, random.Random(seed)) for seed in range(80)}
    assert len(found) > 20
    for marked in found:
        assert marked is not None
        seen = plain_text(marked)[0].replace("\u00a0", " ").removeprefix("> ")
        assert " ".join(seen.split()) == text
    assert with_markup("A <b>marked</b> text", random.Random(0)) is None


def test_a_skin_tone_becomes_another() -> None:
    toned = {with_other_skin_tone("Well done 👏🏽 you 👍", random.Random(seed)) for seed in range(50)}
    assert len(toned) == 5
    assert all(text and fold(text) == "Well done 👏 you 👍" for text in toned)
    assert with_other_skin_tone("Well done 😀", random.Random(0)) is None


def fold(text: str) -> str:
    return re.sub("[🏻-🏿]", "", text)


def test_short_texts_and_most_others_stay_as_they_are() -> None:
    texts = ["good film"] * 50 + ["Mary saw the man in Paris in 1987 and he was happy"] * 200
    changed = perturbed(texts, share=0.1, seed=3)
    assert changed[:50] == texts[:50]
    same = sum(one == other for one, other in zip(texts[50:], changed[50:], strict=True))
    assert 0.22 < same / 200 < 0.45  # 0.9 to the power of five changes and 0.75 to that of two
    assert perturbed(texts, share=0.1, seed=3) == changed
    assert perturbed(texts, share=0.0, seed=3) == texts


def by_word(word: str) -> NDArray[np.float64] | object:
    """A model that is positive where it sees a word."""

    def predict_proba(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([[0.1, 0.0, 0.9] if word in text else [0.9, 0.0, 0.1] for text in texts])

    return predict_proba


def test_noise_counts_the_texts_that_it_changed() -> None:
    texts = [TEXT, "Only letters here, and nobody's own."]
    found = noise(by_word("https://"), texts)
    assert found.keys() == changes("report").keys()
    assert (found["links"].count, found["links"].flips, found["links"].moves) == (2, 2, 2)
    assert (found["names"].count, found["numbers"].count, found["places"].count) == (1, 1, 1)
    assert sum(found[name].flips for name in ("names", "places", "numbers", "typo")) == 0
    assert sum_of(found.values()).count == sum(moved.count for moved in found.values())
    assert noise(by_word("x"), ["a"])["names"].flip_share == 0.0


def test_a_move_of_a_probability_counts_without_another_label() -> None:
    def predict_proba(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([[0.7, 0.3] if "https://" in text else [0.85, 0.15] for text in texts])

    found = noise(predict_proba, ["Some text"])["links"]
    assert (found.flip_share, found.move_share) == (0.0, 1.0)


def test_fairness_compares_every_two_identities() -> None:
    groups = identity_groups()
    assert all(len(set(group)) == len(group) for own in groups.values() for group in own)
    found = fairness(by_word("Sikh"))
    size = len(groups["religion"][0])
    assert found["religion"].count == len(groups["religion"]) * size * (size - 1) // 2
    assert found["religion"].flips == len(groups["religion"]) * (size - 1)
    assert found["sexuality"].flips == 0


def test_sentences_of_the_fairness_report_have_their_articles() -> None:
    sentences = all_sentences()
    assert not any(
        re.search(r"\ba [AEIOaeio]|\ban [^AEIOaeiou]|\ban Ukr|\ba uncle", text) for text in sentences
    )


def all_sentences() -> list[str]:
    """Every sentence of the fairness report."""
    return [text for groups in identity_groups().values() for group in groups for text in group]


def test_a_pair_is_right_when_both_its_texts_are() -> None:
    probs = np.array([[0.9, 0.0, 0.1], [0.1, 0.0, 0.9], [0.3, 0.5, 0.2], [0.6, 0.0, 0.4]])
    labels = ["negative", "positive", "negative", "positive"]
    classes = ["negative", "neutral", "positive"]
    assert both_right(probs, labels, ["a", "a", "b", "b"], classes) == pytest.approx(0.5)


class Classifier:
    """Positive where it sees a word."""

    classes_ = np.array(["negative", "neutral", "positive"])

    def __init__(self, word: str) -> None:
        self.predict_proba = by_word(word)


def test_a_report_has_every_set_its_sum_and_the_edited_pairs() -> None:
    texts = {"long": [TEXT, "Only letters here."], "short": ["Some text", "Another text", "Third text"]}
    edited = ["ab", "b", "a", "b"], ["positive", "negative"] * 2, ["1", "1", "2", "2"]
    report = measure_robustness(Classifier("https://"), texts, edited=edited)
    assert list(report.moved) == ["identities", "long", "short", "long and short"]
    assert [report.moved[title]["links"].flips for title in ("long", "short", "long and short")] == [2, 3, 5]
    for title, kind, moved in report.rows():
        if kind == "all":
            rest = [row for name, row in report.moved[title].items() if name != "all"]
            assert moved == sum_of(rest)
    assert (report.both_right, report.pairs) == (0.0, 2)
    assert measure_robustness(Classifier("a"), edited=edited).both_right == 1.0
    assert (
        measure_robustness(Classifier("a"), {"long": texts["short"]}, most=2).moved["long"]["links"].count
        == 2
    )


def test_a_report_of_nothing_has_the_identities_alone() -> None:
    report = measure_robustness(Classifier("Sikh"))
    assert list(report.to_dict()) == ["moved"]
    assert report.to_dict()["moved"]["identities"]["all"]["flips"] > 0
    with pytest.raises(InputError, match="no edited pairs"):
        measure_robustness(Classifier("a"), edited=([], [], []))
    with pytest.raises(InputError, match="label 'good', and the model answers negative"):
        measure_robustness(Classifier("a"), edited=(["a"], ["good"], ["1"]))


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("It wasn’t dull.", {"It was dull."}),
        ("It is not here", {"It is here"}),
        ("I cannot say", {"I can say"}),
        ("They won't go", {"They will go"}),
        ("Can't you see", {"Can you see"}),
        ("We could go", {"We could not go", "We couldn't go"}),
        ("It will do", {"It won't do", "It will not do"}),
        ("We can go", {"We can't go"}),
        ("It is. Is It?", {None}),
        ("Thisis a wonder", {None}),
        ("It looked good, but it was not.", {None}),
    ],
)
def test_a_not_more_or_less(text: str, others: set[str | None]) -> None:
    assert {toggled(text, random.Random(seed)) for seed in range(20)} == others
