"""The report of what costs much: pieces of all patterns, and generated texts through every call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nlp_rnn.errors import InputError
from scripts.reports import cost


def test_pieces_are_the_literal_parts_and_what_almost_is_one() -> None:
    found = cost.pieces([r"\b(?:heals|cures?) x{2}", r"[\x{200B}]|<br\s*"])
    assert {"heals", "heals ", "heal", "cures", "\u200b", "<", "br"} <= set(found)
    patterns = cost.patterns()
    assert any("<br" in pattern for pattern in patterns)
    assert any("volcano" in pattern for pattern in patterns)
    assert {"&amp;"[1:4], "volcano ", "gunme", "http"} & set(cost.pieces(patterns)) >= {"volcano ", "gunme"}


def test_the_worst_repetition_comes_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter(range(10**9))
    spent = {"now": 0.0}

    def review(text: str) -> None:
        spent["now"] += 5.0 if "bad" in text else 0.001
        if "good" in text:
            raise InputError("too long")

    monkeypatch.setattr(cost.time, "process_time", lambda: spent["now"] + next(clock) * 0)
    monkeypatch.setattr(cost, "patterns", lambda: ["good|bad"])
    calls: dict[str, Any] = {"review": review, "classify": len}
    cost.report_repetitions(calls, length=1_000, kept=8, limit=2.0)
    lines = capsys.readouterr().out.splitlines()
    assert "bad" in lines[1]
    assert lines[1].split()[0] == "5.00"
    assert "took more than 2 s" in lines[-1]


def test_generated_texts_are_those_of_their_seed_and_a_crash_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = cost.pieces(["heals|cures"])
    drawn = [[cost.generated(np.random.default_rng(seed), own) for _ in range(9)] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]

    def crash(text: str) -> None:
        raise ValueError("broken")

    names = ("classify", "explain", "review", "redact", "stream")
    cost.report_generated({**dict.fromkeys(names, len), "generate": crash}, 3, seed=0, limit=2.0)
    out = capsys.readouterr().out
    assert out.count("crash: generate: ValueError: broken") == 3
    assert "3 texts, 6 calls each: 3 crashes, 0 over 2 s" in out
