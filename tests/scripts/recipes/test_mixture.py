"""The training mixture: what must not leak into it, and where the templates' extra words come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp_rnn.errors import DataError

pytest.importorskip("scripts.recipes", reason="the scripts are not beside these tests")
from scripts.recipes.mixture import RATES, Guard, Mixture, build
from scripts.recipes.opinions import opinion_adjectives, opinion_clauses


def test_guard_knows_a_text_whatever_its_spacing_case_and_punctuation() -> None:
    guard = Guard(["It's n't `` fine '' -LRB- really -RRB- ."])
    texts = ["It'sn't \"fine\" (really).", "it is fine, really"]
    assert guard.clean("somewhere", texts, ["a", "b"]) == ([texts[1]], ["b"])
    assert guard.dropped == {"somewhere": 1}


def test_guard_by_prefix_knows_a_text_whose_end_differs() -> None:
    beginning = "a sentence that goes on for more than forty letters"
    guard = Guard([beginning + " and ends so"], prefix=40)
    assert guard.clean("near", [beginning + " and ends otherwise", "another one"], ["a", "b"])[1] == ["b"]


def test_guard_can_be_asked_about_more_texts_without_keeping_them() -> None:
    guard = Guard(["first"])
    known = guard.also(["second"])
    assert known("First!")
    assert known("SECOND")
    assert not known("third")
    assert guard.clean("x", ["second"], ["a"]) == (["second"], ["a"])


def test_opinion_adjectives_are_labelled_single_words_used_as_adjectives_and_not_excluded() -> None:
    phrases = (
        ["soggy", "crisp", "golden", "very soggy", "shines", "wooden", "round"],
        ["negative", "positive", "positive", "negative", "positive", "neutral", "positive"],
    )
    text = "very soggy, very crisp. so golden! very golden, absolutely shines. very wooden."
    found = opinion_adjectives(phrases, [text] * 5, exclude=["golden"])
    assert found == {"neg": ["soggy"], "pos": ["crisp"]}  # shines is never "very"; round is nowhere


def test_a_word_that_begins_like_an_excluded_one_is_excluded() -> None:
    phrases = (["tasteful", "distasteful", "untasteful"], ["positive", "negative", "negative"])
    text = "very tasteful. very distasteful. very untasteful."
    assert opinion_adjectives(phrases, [text] * 5, exclude=["taste"]) == {"neg": ["distasteful"], "pos": []}


def test_an_opinion_clause_is_short_whole_and_of_one_polarity_that_is_its_text_s_own() -> None:
    phrases = ["soggy", "crisp", "golden", "a soggy mess"], ["negative", "positive", "positive", "negative"]
    texts = [
        "We came at noon. The crust was CRISP and golden! The rest was soggy.<br />It is crisp, if small.",
        "The crust was soggy. The crust was crisp.",
        "Crisp and golden all over. The crust was not soggy",
        "The crust was soggy",
    ]
    found = opinion_clauses((texts, ["positive", "negative", "negative", "neutral"]), phrases)
    assert {name: clauses for name, clauses in found.items() if clauses} == {
        "negclause": ["the crust was soggy"],
        "posclause": ["the crust was crisp and golden"],
    }
    short = opinion_clauses((texts, ["positive"] * 4), phrases, max_words=4)
    assert {name: clauses for name, clauses in short.items() if clauses} == {
        "posclause": ["the crust was crisp"]
    }


def test_a_negated_clause_says_the_opposite_of_its_opinion_words() -> None:
    phrases = ["soggy", "crisp"], ["negative", "positive"]
    texts = [
        "The crust was not soggy. The rest was not crisp.",
        "It really wasn't crisp! It was not, not soggy.",
    ]
    found = opinion_clauses((texts, ["positive", "negative"]), phrases)
    assert found["posnotclause"] == ["the crust was not soggy"]
    assert found["negnotclause"] == ["it really wasn't crisp"]
    dangling = opinion_clauses((["They found it crisp, we did not."], ["positive"]), phrases)
    assert not any(dangling.values())


def test_each_source_is_taken_at_its_rate() -> None:
    sources = {"yelp": ([f"text {number}" for number in range(100)], ["positive"] * 100)}
    texts, labels = Mixture(sources, {}, [], {}).training(seed=0)
    assert len(texts) == len(labels) == len(set(texts)) == round(100 * RATES["yelp"])
    assert len(Mixture({"counterfactual": (["x"], ["negative"])}, {}, [], {}).training(seed=0)[0]) == 2
    assert len(Mixture(sources, {}, [], {}).training(seed=0, share=0.5, rates={"yelp": 0.4})[0]) == 20


def test_some_longer_texts_of_people_are_changed_and_nothing_else() -> None:
    texts = [f"She saw the man in a shop, number {n}, and was glad" for n in range(20, 60)]
    sources = {name: (texts, ["positive"] * len(texts)) for name in ("imdb", "templates")}
    changed, _ = Mixture(sources, {}, [], {}).training(seed=0)
    assert changed[len(texts) :] == texts
    assert 5 < sum(one != other for one, other in zip(changed, texts, strict=False)) < 35


def test_a_folder_without_corpora_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    with pytest.raises(DataError, match=r"imdb.test\.parquet is missing: give the folder"):
        build(tmp_path)
