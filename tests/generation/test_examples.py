"""A corpus of characters: what is held out is never learned from."""

from __future__ import annotations

import pytest

from nlp_rnn.errors import ConfigError, InputError
from nlp_rnn.generation.examples import CharCorpus
from nlp_rnn.text import TextTokenizer

TEXT = "a" * 80 + "b" * 20


def test_the_end_is_held_out_and_not_learned_from() -> None:
    corpus = CharCorpus.of(TEXT, None, 0.2)
    tokenizer = TextTokenizer("char").train([TEXT])
    a, b = (tokenizer.token_to_id(letter) for letter in "ab")
    assert "".join(corpus.training_parts()) == "a" * 80
    assert set(corpus.held_out_ids(tokenizer).tolist()) == {b}
    assert len(corpus.held_out_ids(tokenizer)) == 20
    with pytest.raises(InputError, match="one distinct character"):
        corpus.training_ids(tokenizer)
    assert a != b


def test_another_text_may_be_held_out() -> None:
    corpus = CharCorpus.of(TEXT, "ba", 0.2)
    tokenizer = TextTokenizer("char").train([TEXT])
    assert "".join(corpus.training_parts()) == TEXT
    assert len(corpus.training_ids(tokenizer)) == 100
    assert len(corpus.held_out_ids(tokenizer)) == 2


def test_a_share_is_a_share() -> None:
    with pytest.raises(ConfigError, match="holdout"):
        CharCorpus.of(TEXT, None, 1.5)
