"""``nlp-rnn explain``: the terminal, a page, a picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def test_explain_shows_every_token_and_writes_a_page(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "why.html"
    result = run("explain", "The film was bad", "--html", str(page))
    assert result.code == 0
    assert result.out.startswith("negative 0.95")
    assert all(word in result.out for word in ("the", "film", "was", "bad", "-0.95"))
    assert "negative" in page.read_text(encoding="utf-8")


def test_explain_draws_and_prints_values(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the plot extra")
    picture = tmp_path / "why.png"
    result = run("explain", "not good", "--plot", str(picture), "--json")
    assert json.loads(result.out)["tokens"] == ["not", "good"]
    assert picture.read_bytes()[:4] == b"\x89PNG"
