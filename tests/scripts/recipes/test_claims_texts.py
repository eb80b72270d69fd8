"""The sentences that the claims model learns from."""

from __future__ import annotations

from collections import Counter

import pytest

from nlp_rnn.risk import CHECK_WORTHY

pytest.importorskip("scripts.recipes", reason="the scripts are not beside these tests")
from scripts.recipes.claims_texts import CLASSES, FOLDER, key, written

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="data/claims is not beside these tests")


def test_written_sentences_are_labelled_balanced_and_stand_there_once() -> None:
    texts, labels = written()
    assert set(labels) == set(CLASSES)
    assert 0.4 < labels.count(CHECK_WORTHY) / len(labels) < 0.6
    assert all(text and text == text.strip() for text in texts)
    assert [text for text, count in Counter(map(key, texts)).items() if count > 1] == []


def test_words_of_claims_stand_in_what_claims_nothing_too() -> None:
    words: dict[str, Counter[str]] = {name: Counter() for name in CLASSES}
    for text, label in zip(*written(), strict=True):
        words[label].update({word for word in text.lower().split() if len(word) > 5})
    common = [word for word, count in words[CHECK_WORTHY].items() if count > 14]
    alone = [word for word in common if not words["other"][word]]
    assert len(alone) < 0.1 * len(common)
