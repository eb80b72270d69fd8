"""The report of parity counts what differs, and goes on where a way cannot be gone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn.errors import InputError
from scripts.reports import parity

EXPECTED = [("positive", 0.9, 0.8), ("negative", 0.7, -0.5)]


def test_differences_and_other_labels_are_counted() -> None:
    found = [("positive", 0.9, 0.8), ("neutral", 0.5, -0.25)]
    row = parity.compare("a way", lambda texts: found, ["a", "b"], EXPECTED)
    assert (row.difference, row.labels) == (pytest.approx(0.25), 1)
    assert parity.compare("a way", lambda texts: EXPECTED, ["a", "b"], EXPECTED).difference == 0


def test_a_way_that_is_not_there_says_why() -> None:
    def missing(texts: list[str]) -> parity.Answers:
        raise InputError("no such tool\nand more")

    assert parity.compare("a way", missing, ["a", "b"], EXPECTED).note == "no such tool"
    short = parity.compare("a way", lambda texts: EXPECTED[:1], ["a", "b"], EXPECTED)
    assert short.note == "1 answers for 2 texts"


def test_texts_are_short_and_long_and_the_same_each_time() -> None:
    texts = parity.made_texts(40, seed=0)
    assert texts == parity.made_texts(40, seed=0)
    words = [len(text.split()) for text in texts]
    assert np.mean(words[::2]) > 3 * np.mean(words[1::2])
    assert all(text.strip() for text in texts)


def test_answers_from_probabilities() -> None:
    probs_NC = np.array([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]])
    found = parity.of_probs(probs_NC, ["negative", "neutral", "positive"])
    assert [each[0] for each in found] == ["positive", "negative"]
    assert [each[2] for each in found] == pytest.approx([0.6, -0.5])


def test_the_engines_on_a_few_texts(tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx", reason="the extra [export] is not installed")
    parity.main(texts=6, model=tiny_model, seed=0, only="ONNX", as_json=True)
    rows = {row["way"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["ONNX"]["difference"] < 1e-5
    assert rows["ONNX"]["labels"] == 0
    assert "LSTMs alone" in rows["ONNX int8"]["note"]
