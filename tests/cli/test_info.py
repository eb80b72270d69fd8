"""``nlp-rnn info``: what a model is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_info_says_what_the_model_is(run: Run, tiny_model: Path) -> None:
    result = run("info")
    assert all(word in result.out for word in ("negative, neutral, positive", "rnn", "Written down by hand."))
    assert "license: mit" not in result.out
    facts = json.loads(run("info", "--json").out)
    assert facts["classes"] == ["negative", "neutral", "positive"]
    assert facts["bytes"] == sum(path.stat().st_size for path in tiny_model.iterdir())
    assert {"nlp-rnn", "python", "numpy"} <= set(facts["versions"])
