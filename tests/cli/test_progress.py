"""What a long work says meanwhile."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from nlp_rnn.cli.progress import training_bar


def test_a_long_training_without_a_terminal_says_where_it_is_once_a_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = SimpleNamespace(
        epoch=1, step=900, total_steps=1200, loss=0.25, tokens_per_second=2e4, seconds_left=300
    )
    clock = [0.0]
    monkeypatch.setattr("nlp_rnn.cli.progress.time.monotonic", lambda: clock[0])
    with training_bar("tokens/s") as show:
        for clock[0] in (1.0, 59.0, 60.5, 61.0, 119.0, 121.0):
            show(now)
    line = "epoch 2, step 900 of 1,200: loss 0.250, 20,000 tokens/s, 5 minutes left\n"
    assert capsys.readouterr().err == 2 * line
