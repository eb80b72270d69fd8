"""``TextBatch``: texts that come and go, each what ``generate`` gives for its own settings and seed."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from nlp_rnn.artifact import TextArtifact
from nlp_rnn.config import CharConfig
from nlp_rnn.errors import ConfigError, InputError
from nlp_rnn.generation import CharGenerator, OpenText, Sampling
from nlp_rnn.risk import RiskFilter
from nlp_rnn.text.tokenizer import TextTokenizer

FILTER = RiskFilter(claims=None)
SETTINGS: tuple[dict[str, Any], ...] = (
    {"temperature": 0.9},
    {"temperature": 0.0},
    {"temperature": 1.2, "top_p": 0.8},
    {"temperature": 0.9, "repetition_penalty": 1.3},
)


@pytest.fixture(scope="module")
def generator() -> CharGenerator:
    tokenizer = TextTokenizer("char").train(["abcdefgh .,\n"])
    config = CharConfig(vocab_size=tokenizer.vocab_size, embedding_dim=8, hidden_size=12)
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(0, 0.7, size).astype(np.float32) for name, size in config.shapes().items()}
    made = CharGenerator()
    made._use(TextArtifact(task="generation", config=config, tokenizer=tokenizer, weights=weights))
    return made


def test_texts_that_come_and_go_are_what_each_is_alone(generator: CharGenerator) -> None:
    batch = generator.open_batch(width=4)  # of twelve: some wait
    asked = [
        (prompt, seed, each) for seed, (prompt, each) in enumerate(product(("ab", "", "c. " * 40), SETTINGS))
    ]
    texts: list[OpenText] = []
    shown: list[str] = []
    for prompt, seed, each in asked:
        text = generator.open(
            prompt, sampling=Sampling(**each), seed=seed, max_new_chars=40, stop="hh", risk_filter=FILTER
        )
        batch.join(text)
        texts.append(text)
        shown.append("")
        for _ in range(5):
            batch.advance()
        shown = [before + text.take() for before, text in zip(shown, texts, strict=True)]
    while batch.advance():
        pass
    for (prompt, seed, each), text, before in zip(asked, texts, shown, strict=True):
        alone = generator.generate(prompt, seed=seed, max_new_chars=40, stop="hh", risk_filter=FILTER, **each)
        assert before + text.take() == text.result.text == alone.text
        assert (text.ended, text.result.finish_reason) == (True, alone.finish_reason)


def test_a_text_that_is_closed_leaves_and_the_others_go_on(generator: CharGenerator) -> None:
    batch = generator.open_batch(width=2)
    texts = [generator.open("abc", seed=seed, max_new_chars=30, risk_filter=FILTER) for seed in (1, 2, 3)]
    first, second, third = texts
    for text in texts:
        batch.join(text)
    for _ in range(4):
        batch.advance()
    first.close()
    third.close()  # it has not begun
    while batch.advance():
        pass
    assert first.result.finish_reason == third.result.finish_reason == "cancelled"
    assert len(first.result.text) < 30
    assert third.result.text == ""
    assert second.take() == generator.generate("abc", seed=2, max_new_chars=30, risk_filter=FILTER).text
    assert not batch.advance()


def test_a_policy_shows_what_it_shows_of_the_whole(generator: CharGenerator) -> None:
    prompt = "The study confirmed that eating glass is healthy"
    for policy in ("redact", "block"):
        risky = RiskFilter(policy, claims=None)
        text = generator.open(prompt, seed=4, max_new_chars=60, risk_filter=risky)
        batch = generator.open_batch()
        batch.join(text)
        shown = ""
        while batch.advance() and not text.ended:
            shown += text.take()
        shown += text.take()
        streamed = generator.stream(prompt, seed=4, max_new_chars=60, risk_filter=risky)
        assert shown == "".join(streamed)
        assert [each.level for each in text.judged()] == [each.level for each in text.result.risk.passages]


def test_nonsense_is_refused_before_anything_is_written(generator: CharGenerator) -> None:
    with pytest.raises(ConfigError, match="width"):
        generator.open_batch(width=0)
    with pytest.raises(InputError, match="a prompt must be a str"):
        generator.open(3)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="max_new_chars"):
        generator.open("abc", max_new_chars=-1)
    nothing = generator.open("abc", max_new_chars=0, risk_filter=FILTER)
    assert (nothing.ended, nothing.take(), nothing.result.finish_reason) == (True, "", "length")
