"""Which language a text is in, and which sentences are not English; the sentences are our own."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp_rnn import TextClassifier
from nlp_rnn.classification import Language, LanguageGuesser, is_english, shared_guesser
from nlp_rnn.errors import ArtifactError, InputError
from nlp_rnn.resources import CLAIMS_MODEL, LANGUAGES_MODEL

SENTENCES: dict[str, Any] = json.loads(
    (Path(__file__).parent / "sentences_by_language.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def guesser() -> LanguageGuesser:
    return shared_guesser()


def known(guesser: LanguageGuesser, sentences: list[str]) -> float:
    return float(np.mean([each.unread for each in guesser.guess_many(sentences)]))


@pytest.mark.parametrize("language", SENTENCES["taught"])
def test_sentences_of_a_language_it_was_taught_are_known_by_name(
    guesser: LanguageGuesser, language: str
) -> None:
    sentences = SENTENCES["taught"][language]
    found = guesser.guess_many(sentences)
    assert [text for text, each in zip(sentences, found, strict=True) if not each.unread] == []
    assert sum(each.name == language for each in found) >= (2 if language == "ca" else len(sentences) - 1)


@pytest.mark.parametrize("language", SENTENCES["words_alone"])
def test_languages_of_which_it_knows_words_alone_are_other(guesser: LanguageGuesser, language: str) -> None:
    sentences = SENTENCES["words_alone"][language]
    assert len(sentences) == 15
    assert known(guesser, sentences) >= (12 if language == "da" else 14) / 15
    assert sum(each.name == "other" for each in guesser.guess_many(sentences)) > 7


def test_most_sentences_of_languages_it_never_saw_are_not_taken_for_english(guesser: LanguageGuesser) -> None:
    every = [sentence for own in SENTENCES["never_seen"].values() for sentence in own]
    assert known(guesser, every) >= 0.8
    assert known(guesser, SENTENCES["never_seen"]["sw"]) >= 0.8


@pytest.mark.parametrize("name", SENTENCES["scripts"])
def test_other_scripts_are_known_by_their_letters(guesser: LanguageGuesser, name: str) -> None:
    for sentence in SENTENCES["scripts"][name]:
        found = guesser.guess(sentence)
        assert (found.name, found.english, found.unread) == (name, 0.0, True)
        assert found.score > 0.9


def test_english_of_all_kinds_is_english(guesser: LanguageGuesser) -> None:
    texts = SENTENCES["english"]
    assert [text for text, each in zip(texts, guesser.guess_many(texts), strict=True) if each.unread] == []


def test_capitals_and_missing_accents_change_nothing(guesser: LanguageGuesser) -> None:
    assert guesser.guess("ICH HABE GESTERN DREI STUNDEN AUF DEN BUS GEWARTET.").name == "de"
    assert guesser.guess("le plombier n'est jamais venu et personne ne repond au telephone").name == "fr"
    assert guesser.guess("la impresora no imprime desde ayer por la manana, quiero mi dinero").name == "es"


def test_addresses_users_hashtags_and_tags_say_nothing(guesser: LanguageGuesser) -> None:
    german = "Der Drucker zieht das Papier schief ein."
    dressed = f"<p>RT @thebestuser {german} #thankyouverymuch https://www.example.com/the/best/printer</p>"
    assert guesser.guess(dressed) == guesser.guess(f" {german} ") or guesser.guess(dressed).name == "de"
    assert not guesser.guess("@derbuchhalter #schnäppchen https://www.beispiel.de/der/beste/drucker").unread


def test_an_answer_does_not_depend_on_the_texts_beside_it(guesser: LanguageGuesser) -> None:
    texts = [*SENTENCES["english"][:20], *SENTENCES["taught"]["fr"], *SENTENCES["scripts"]["zh"]]
    together = guesser.guess_many(texts)
    for text, found in zip(texts, together, strict=True):
        alone = guesser.guess(text)
        assert alone.name == found.name
        assert alone.english == pytest.approx(found.english, abs=1e-5)


def test_sentences_that_are_not_english_have_their_places(guesser: LanguageGuesser) -> None:
    russian = SENTENCES["scripts"]["ru"][0]
    text = f"  Thanks for the quick help. Die Lampe geht aber immer noch nicht. \n\n{russian} Bye!"
    spans = guesser.unread_spans(text)
    assert [(text[span.start : span.end], span.language.name) for span in spans] == [
        ("Die Lampe geht aber immer noch nicht.", "de"),
        (russian, "ru"),
    ]
    assert guesser.english_share(text) == pytest.approx(26 / 88, abs=0.05)


def test_the_share_of_english_is_all_where_nothing_is_to_be_read(guesser: LanguageGuesser) -> None:
    for text in ("", " \n", "12 %", "🙂🙂"):
        assert guesser.english_share(text) == 1.0
        assert guesser.unread_spans(text) == []
    assert guesser.english_share("Der Drucker zieht das Papier schief ein.") == 0.0


def test_of_a_long_text_no_more_than_some_windows_are_read() -> None:
    read: list[int] = []

    class Counting(TextClassifier):
        def predict_proba(self, texts: Any, **settings: Any) -> Any:
            read.extend(map(len, texts))
            return super().predict_proba(texts, **settings)

    guesser = LanguageGuesser(Counting.from_pretrained(LANGUAGES_MODEL))
    french = "Le plombier arrive demain avec une nouvelle pompe. "
    assert guesser.guess(french * 2000).name == "fr"
    assert guesser.guess("Nobody answers the phone. " * 4000 + french).name == "en"
    assert guesser.guess("a" * 100_000).name in ("en", "other")
    assert len(read) <= 3 * 7
    assert max(read) <= 500


def test_words_that_only_english_has_need_no_model_and_one_of_them_is_not_enough() -> None:
    asked: list[str] = []

    class Listening(TextClassifier):
        def predict_proba(self, texts: Any, **settings: Any) -> Any:
            asked.extend(texts)
            return super().predict_proba(texts, **settings)

    guesser = LanguageGuesser(Listening.from_pretrained(LANGUAGES_MODEL))
    assert guesser.guess("They didn’t say WHICH of the lamps were broken.").english == 1.0
    assert asked == []
    german = "Den Film The Birds habe ich The Birds habe ich noch nie gesehen."
    assert guesser.guess(german).unread
    assert asked[0] == german
    every = [
        s
        for group in ("taught", "words_alone", "never_seen")
        for own in SENTENCES[group].values()
        for s in own
    ]
    asked.clear()
    guesser.guess_many(every)
    assert asked[: len(every)] == every


def test_foreign_names_do_not_make_an_english_sentence_foreign(guesser: LanguageGuesser) -> None:
    names = "Mrs Szczepańska moves to Kraków in March."
    small = names.lower().replace("mrs", "pani")
    assert not guesser.guess(names).unread
    assert guesser.guess(small).english < guesser.guess(names).english
    assert guesser.guess("Frau Müller zieht im März nach Köln, weil dort ihre Tochter wohnt.").name == "de"


def test_odd_characters_are_read(guesser: LanguageGuesser) -> None:
    for text in ("\ud83d", "\x00\x01", "a\u200bb", "<" * 5000, "&" * 5000, "@" * 5000, "<a" + " " * 5000):
        assert not guesser.guess(text).unread


def test_wrong_input_is_refused_in_one_sentence(guesser: LanguageGuesser) -> None:
    with pytest.raises(InputError, match=r"guess wants one text .* use guess_many"):
        guesser.guess(["a"])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="str"):
        guesser.guess_many("a")
    with pytest.raises(InputError, match="unread_spans wants one text"):
        guesser.unread_spans(None)  # type: ignore[arg-type]
    assert guesser.guess_many([]) == []


def test_a_classifier_of_something_else_is_refused() -> None:
    with pytest.raises(ArtifactError, match="give one of languages, with the class en"):
        LanguageGuesser.from_pretrained(CLAIMS_MODEL)


def test_thresholds_decide_and_longer_texts_need_less_certainty() -> None:
    classifier = TextClassifier.from_pretrained(LANGUAGES_MODEL)
    sure = SENTENCES["taught"]["de"][0]
    classifier._use(replace(classifier.artifact, notes={"thresholds": [0.0] * 5}))
    assert not LanguageGuesser(classifier).guess(sure).unread
    classifier._use(replace(classifier.artifact, notes={"thresholds": [0.0, 0.0, 0.0, 0.9, 0.9]}))
    assert LanguageGuesser(classifier).guess(sure).unread
    assert not LanguageGuesser(classifier).guess("Der Drucker").unread
    shipped = TextClassifier.from_pretrained(LANGUAGES_MODEL).artifact.notes["thresholds"]
    assert shipped == sorted(shipped)


def test_it_is_small_and_loaded_once() -> None:
    assert sum(file.stat().st_size for file in LANGUAGES_MODEL.iterdir()) <= 300_000
    assert shared_guesser() is shared_guesser()


def test_answers_can_be_pickled(guesser: LanguageGuesser) -> None:
    copied = pickle.loads(pickle.dumps(guesser))
    text = SENTENCES["taught"]["it"][0]
    assert copied.guess(text) == guesser.guess(text)
    assert pickle.loads(pickle.dumps(guesser.unread_spans(text))) == guesser.unread_spans(text)


def test_is_english_is_the_short_way() -> None:
    assert is_english("Nobody answers the phone.")
    assert not is_english("Niemand geht ans Telefon, seit Tagen nicht.")
    assert Language("fr", 0.1, 0.8).unread
    assert not Language("en", 0.4, 0.4).unread
