"""The loss that a forecaster is trained with."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from nlp_rnn.forecasting.fitting import quantile_loss  # noqa: E402


def test_the_quantile_loss_by_hand() -> None:
    actual, levels_Q = torch.tensor([1.0]), torch.tensor([0.1, 0.9])
    assert quantile_loss(torch.tensor([[0.0, 2.0]]), actual, levels_Q).item() == pytest.approx(0.2)
    assert quantile_loss(torch.tensor([[2.0, 0.0]]), actual, levels_Q).item() == pytest.approx(1.8)


def test_the_median_s_share_is_the_mean_absolute_error() -> None:
    forecast, actual = torch.tensor([[1.0], [5.0]]), torch.tensor([2.0, 2.0])
    assert quantile_loss(forecast, actual, torch.tensor([0.5])).item() == pytest.approx(2.0)
