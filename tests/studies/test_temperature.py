"""The temperature study, on a model whose letters stand in a fixed order."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn.artifact import TextArtifact
from nlp_rnn.config import CharConfig
from nlp_rnn.errors import InputError
from nlp_rnn.generation.generator import CharGenerator
from nlp_rnn.generation.sampling import Sampling
from nlp_rnn.risk.filter import RiskFilter
from nlp_rnn.risk.overlap import OverlapIndex
from nlp_rnn.studies.temperature import entropy_bits, study_temperature
from nlp_rnn.text.tokenizer import TextTokenizer

WORD = "tone "
FILTER = RiskFilter(claims=None)


def circling(strength: float = 6.0) -> CharGenerator:
    """A model that sees its last character alone, and finds the next one of ``WORD`` the most probable."""
    tokenizer = TextTokenizer("char").train([WORD + "\n"])
    config = CharConfig(vocab_size=tokenizer.vocab_size, cell="rnn", embedding_dim=8, hidden_size=8)
    weights = {name: np.zeros(shape, np.float32) for name, shape in config.shapes().items()}
    weights["embedding.weight"] += 4 * np.eye(8, dtype=np.float32)[: config.vocab_size]
    weights["encoder.layers.0.fwd.weight_ih_l0"] += np.eye(8, dtype=np.float32)
    ids = [tokenizer.token_to_id(letter) for letter in "\n" + WORD + WORD[0]]
    for here, behind in pairwise(ids):
        weights["output.weight"][behind, here] = strength
    generator = CharGenerator()
    generator._use(TextArtifact(task="generation", config=config, tokenizer=tokenizer, weights=weights))
    generator.memory = OverlapIndex.build(WORD * 40)
    return generator


def test_hotter_is_freer_less_wordlike_and_less_copied() -> None:
    found = study_temperature(
        circling(), temperatures=(0, 0.8, 3), seeds=(1, 2, 3), max_new_chars=200, risk_filter=FILTER
    ).points
    assert [one.characters for one in found] == [200, 600, 600]
    assert found[0].entropy_bits == 0
    assert found[0].real_words == found[0].copied == 1
    assert found[0].longest == 200
    assert found[0].entropy_bits < found[1].entropy_bits < found[2].entropy_bits < math.log2(6)
    assert found[0].real_words > found[1].real_words > found[2].real_words
    assert found[2].copied == 0
    for one in found:
        assert sum(one.levels.values()) == pytest.approx(1)


def test_entropy_by_hand() -> None:
    generator, sampling = circling(strength=0), Sampling(temperature=0.5)
    assert entropy_bits(generator, "", "tone", sampling) == pytest.approx(4 * math.log2(6))
    assert entropy_bits(generator, "t", "one", Sampling(top_k=2)) == pytest.approx(3)


def test_logits_are_those_the_text_was_written_by() -> None:
    generator = circling(strength=1)
    out = generator.generate("to", seed=4, max_new_chars=50, logprobs=True, risk_filter=None)
    logits_TV = generator.next_logits("to", out.text).astype(np.float64)
    ids = generator.artifact.tokenizer.encode(out.text).ids
    found_T = logits_TV[np.arange(50), ids] - np.log(np.exp(logits_TV).sum(axis=1))
    assert found_T == pytest.approx(out.logprobs, abs=1e-5)


def test_a_word_is_real_if_the_text_has_it() -> None:
    index = OverlapIndex.build("The cat sat. It's Rome's.")
    assert index.has_words("the CAT zat, it’s rome, Rome's ca") == [True, True, False, True, False, True]


def test_words_may_come_from_another_text() -> None:
    other = OverlapIndex.build("nothing of the kind")
    found = study_temperature(
        circling(), words=other, temperatures=(0,), max_new_chars=100, risk_filter=FILTER
    )
    assert found.points[0].real_words == 0
    assert found.points[0].copied == 1


def test_table_json_and_picture(tmp_path: Path) -> None:
    found = study_temperature(
        circling(), temperatures=(0, 1), seeds=(0,), max_new_chars=60, risk_filter=FILTER
    )
    header, *rows = found.table()
    assert [row[0] for row in rows] == ["0", "1"]
    assert {len(row) for row in rows} == {len(header)}
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["points"][0]["real_words"] == 1
    assert found.plot(tmp_path / "study.svg").stat().st_size > 1000


def test_what_it_cannot_measure_it_says() -> None:
    generator = circling()
    with pytest.raises(InputError, match="policy 'redact'"):
        study_temperature(generator, risk_filter=RiskFilter("redact", claims=None))
    with pytest.raises(InputError, match="a seed"):
        study_temperature(generator, seeds=(), risk_filter=FILTER)
    generator.memory = None
    with pytest.raises(InputError, match="name a text"):
        study_temperature(generator, risk_filter=FILTER)
