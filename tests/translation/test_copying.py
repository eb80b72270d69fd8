"""Copying: whole words, by the attention on all of their pieces."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from nlp_rnn.text.tokenizer import SPACE, UNK, TextTokenizer
from nlp_rnn.translation.copying import copied

COPYING = TextTokenizer("piece", vocab_size=100).train(
    ["Mon ami aime Dvo Jean-P O'H mak yslem. est, s e r k"]
)


def copy(text: str, written: list[str], looked_at: dict[int, dict[str, float]]) -> str:
    """What is written for these pieces, if step t looks at the pieces of the source that it is told to."""
    encoding = COPYING.encode(text)
    attention_TS = np.zeros((len(written), len(encoding.ids)), np.float32)
    for t, weights in looked_at.items():
        for token, weight in weights.items():
            attention_TS[t, encoding.tokens.index(token)] = weight
    return "".join(copied(text, encoding, written, attention_TS)).replace(SPACE, " ").strip()


def test_the_whole_word_is_copied_and_not_its_unknown_piece() -> None:
    text = "ami aime Dvořák."
    assert UNK in COPYING.encode(text).tokens
    assert len(COPYING.encode(text).ids) > 4  # the name is several pieces
    assert copy(text, ["▁ami", "▁", UNK, "."], {2: {UNK: 1.0}}) == "ami Dvořák."
    # What the model spelled of the word itself is not written twice; an ending of its own stays.
    assert copy(text, ["▁Dvo", UNK, "k", "."], {1: {UNK: 1.0}}) == "Dvořák."
    assert copy(text, ["▁Dvo", UNK, "s"], {1: {UNK: 1.0}}) == "Dvořáks"
    assert copy(text, ["▁", UNK, "s"], {1: {UNK: 1.0}}) == "Dvořáks"
    # A word with two unknown pieces, written as two or as one.
    assert copy("Ďvořák.", ["▁", UNK, "vo", UNK, "k"], {1: {UNK: 1.0}, 3: {UNK: 1.0}}) == "Ďvořák"
    assert copy("Ďvořák.", ["▁", UNK, UNK], {1: {UNK: 1.0}, 2: {UNK: 1.0}}) == "Ďvořák"


@pytest.mark.parametrize(
    "word",
    [
        "Ďmak",
        "O'Ďmak",
        "Jean-Přemysl",
        "Dvor\u030ca\u0301k",
        "हिन्दी",
        "жук",
        "👨‍👩‍👧",
        "👍🏽",
        "🇨🇿",
        "2Đ",
        "鱻鱻",
    ],
)
def test_words_of_any_kind_are_copied_whole_and_alone(word: str) -> None:
    for text in (f"ami aime {word}.", word, f"{word}, est"):
        assert copy(text, ["▁", UNK, "."], {1: {UNK: 1.0}}) == unicodedata.normalize("NFC", word) + "."


def test_a_script_without_spaces_gives_its_unknown_piece_alone() -> None:
    tokenizer = TextTokenizer("piece", vocab_size=60).train(["我吃 我爱", "我爱吃 吃"])
    encoding = tokenizer.encode("我爱鱻吃")
    attention_TS = np.ones((1, len(encoding.ids)), np.float32)
    assert copied("我爱鱻吃", encoding, [UNK], attention_TS) == ["鱻"]


def test_attention_is_summed_over_the_pieces_of_a_word() -> None:
    text = "жук Dvořák"
    known = [token for token in COPYING.encode(text).tokens if token not in (UNK, SPACE)]
    weights = {UNK: 0.4, **{token: 0.6 / len(known) for token in known}}  # the unknown one is the beetle's
    assert copy(text, ["▁", UNK], {1: weights}) == "Dvořák"
    assert copy(text, ["▁", UNK], {1: {UNK: 0.6, "k": 0.4}}) == "жук"


def test_without_attention_unknown_words_are_copied_in_order() -> None:
    assert copy("жук aime цап", ["▁", UNK, "▁aime", "▁", UNK], {}) == "жук aime цап"


def test_a_known_word_that_is_copied_is_whole_too() -> None:
    assert UNK not in COPYING.encode("ami Demak.").tokens
    token = COPYING.encode("ami Demak.").tokens[-2]
    assert copy("ami Demak.", ["▁", UNK, "."], {1: {token: 1.0}}) == "Demak."
