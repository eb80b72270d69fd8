"""Treebank text must come out as people type it, or a model trained on it misreads users."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp_rnn.text.sentences import detokenize_treebank


@pytest.mark.parametrize(
    ("treebank", "typed"),
    [
        ("It did n't work , and it was n't cheap .", "It didn't work, and it wasn't cheap."),
        ("IS N'T IT ?", "ISN'T IT?"),
        ("I ca n't , wo n't and can not", "I can't, won't and cannot"),
        ("They 'd 've said it 's `` fine '' .", "They'd've said it's \"fine\"."),
        ("`` Odd , '' she said , `` but good . ''", '"Odd," she said, "but good."'),
        ("a -LRB- very -RRB- long -LSB- cut -RSB- film", "a (very) long [cut] film"),
        ("it is ` arty ' , he says", "it is 'arty', he says"),
        ("he ` re-imagines ' it", "he 're-imagines' it"),
        ("the dogs ' day -LRB- Denis ' -RRB-", "the dogs' day (Denis')"),
        ("either\\/or , three \\* stars", "either/or, three * stars"),
        ("$ 5 or 10 % off ; why not ?!", "$5 or 10% off; why not?!"),
        ("I 'm gon na say you got ta see it", "I'm gonna say you gotta see it"),
        ("all of 'em", "all of 'em"),
        ("  two   spaces ", "two spaces"),
        ("", ""),
        ("Typed text, (already) fine, isn't it?", "Typed text, (already) fine, isn't it?"),
    ],
)
def test_treebank_text_becomes_typed_text(treebank: str, typed: str):
    assert detokenize_treebank(treebank) == typed


@given(st.lists(st.sampled_from("good bad film it 's n't did , . ! ( ) can not".split())))
def test_undoing_twice_changes_nothing_more(tokens: list[str]):
    once = detokenize_treebank(" ".join(tokens))
    assert detokenize_treebank(once) == once


@given(st.lists(st.sampled_from("good bad film it did was not".split())))
def test_plain_words_stay_as_they_are(words: list[str]):
    assert detokenize_treebank(" ".join(words)) == " ".join(words).replace("can not", "cannot")
