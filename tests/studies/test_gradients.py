"""The studies: that what they measure is so, in small."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("accelerate", reason="the extra [train] is not installed")
import torch

from nlp_rnn.cli import main
from nlp_rnn.studies import flow, gradients, truncation
from nlp_rnn.studies.variants import EXPLODING, VARIANTS, as_network

TINY = gradients.Size(
    steps=15,
    sequences=2,
    hidden_size=6,
    descent_steps=2,
    stream=16,
    windows=(4,),
)


def test_gradients_vanish_survive_and_explode() -> None:
    found = {
        one.name: one for one in flow.profiles(steps=60, hidden_size=32, sequences=4, max_norm=1.0, seed=0)
    }
    rnn, forgetful, keeping = (found[VARIANTS[n].name] for n in (0, 2, 3))
    assert rnn.relative(40) < 1e-4
    assert keeping.relative(40) > 100 * rnn.relative(40)
    assert keeping.relative(40) > 100 * forgetful.relative(40)
    assert rnn.vanished_at is not None
    assert keeping.vanished_at is None or keeping.vanished_at > rnn.vanished_at
    exploding = found[EXPLODING.name]
    assert exploding.relative(40) > 100
    assert exploding.clipped_by == pytest.approx(1 / exploding.weights_norm)


def test_the_profile_is_torchs_gradient() -> None:
    encoder = VARIANTS[3].encoder(3, 5, seed=0).double()
    norms_T, weights_norm = flow.gradient_norms(as_network(encoder), steps=9, sequences=4, seed=1)
    rng = np.random.default_rng(1)
    x_BTE = torch.from_numpy(rng.normal(size=(9, 4, 3))).transpose(0, 1).requires_grad_()
    reading_BH = torch.from_numpy(rng.normal(size=(4, 5)))
    reading_BH = reading_BH / reading_BH.norm(dim=1, keepdim=True)
    outputs_BTH, _ = encoder.carry(x_BTE, encoder.start(4))
    (outputs_BTH[:, -1] * reading_BH).sum().backward()
    assert x_BTE.grad is not None
    np.testing.assert_allclose(norms_T, x_BTE.grad.norm(dim=2).mean(dim=0).flip(0).numpy(), rtol=1e-10)
    squares = sum(float((weight.grad / 4).square().sum()) for weight in encoder.parameters())
    assert weights_norm == pytest.approx(squares**0.5)


def test_clipping_keeps_an_exploding_descent_within_bounds() -> None:
    loose, clipped = flow.explosion(
        steps=40, lag=20, hidden_size=64, max_norm=1.0, learning_rate=0.05, seed=0
    )
    assert max(loose.norms) > 1e3
    assert max(clipped.losses) < 10
    assert len(loose.losses) < 40 or max(loose.losses) > 10


def test_a_shorter_window_holds_less_and_keeps_less_of_the_gradient() -> None:
    short, middle, whole = truncation.measure_windows(
        steps=64, windows=(4, 16), hidden_size=8, repetitions=1, seed=0
    )
    assert [one.window for one in (short, middle, whole)] == [4, 16, 64]
    assert short.megabytes < middle.megabytes < whole.megabytes
    assert short.cosine < 1
    assert whole.cosine == pytest.approx(1)


def test_the_command_writes_tables_figures_and_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="the extra [plot] is not installed")
    monkeypatch.setattr(gradients, "QUICK", TINY)
    assert main(["study", "gradients", "--quick", "--output", str(tmp_path / "out")]) == 0
    figures = json.loads((tmp_path / "out" / "gradients.json").read_text(encoding="utf-8"))
    assert {"flow", "explosion", "truncation"} <= figures.keys()
    assert len(figures["flow"]) == len(VARIANTS) + 1
    assert (tmp_path / "out" / "gradients.png").stat().st_size > 1000
    assert "Plain descent from an exploding start" in capsys.readouterr().out
