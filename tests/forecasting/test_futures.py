"""Closed loops: a trend goes on beyond what was seen, forecast and interval come from the same futures."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nlp_rnn import Forecaster
from nlp_rnn.config import ForecastTrainConfig
from nlp_rnn.errors import InputError
from nlp_rnn.forecasting.backtest import covered_ahead
from nlp_rnn.forecasting.scaling import Scaling, draw, draw_levels, drift_of, levels_of, moving_mean
from nlp_rnn.forecasting.scores import coverage

F64 = NDArray[np.float64]
STEPS = 36


def noisy_line(slope: float, noise: float, steps: int = 200, first: float = 0.0) -> F64:
    return first + slope * np.arange(steps) + np.random.default_rng(0).normal(0, noise, steps)


@pytest.mark.parametrize(
    ("slope", "noise", "settings"),
    [
        (1, 3, {}),
        (-5, 8, {"window": 12}),
        (1, 3, {"horizon": 6}),
        (1, 3, {"window": 12}),
        (10, 3, {"window": 12}),
    ],
)
def test_a_noisy_trend_is_not_bent_back(slope: float, noise: float, settings: dict[str, Any]) -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    known_T = noisy_line(slope, noise)
    forecaster = Forecaster(context=24, linear=False, **settings)
    config = None  # a state carried along 200 steps learns quickly enough
    if "window" not in settings:
        config = ForecastTrainConfig(max_epochs=4, batch_size=32, seed=0)
    forecaster.fit(known_T, config=config)
    quantiles_KQ = forecaster.rollout_quantiles(STEPS)
    middle_K, line_K = forecaster.rollout(STEPS), slope * (200 + np.arange(STEPS))
    assert (quantiles_KQ[:, 0] <= middle_K).all()
    assert (middle_K <= quantiles_KQ[:, -1]).all()
    # Most of the way on: at least two thirds of the rise, and not a half too much.
    assert 2 / 3 < (middle_K[-6:].mean() - line_K[0]) / (line_K[-6:].mean() - line_K[0]) < 3 / 2
    assert coverage(line_K, quantiles_KQ[:, 0], quantiles_KQ[:, -1]) > 0.8


@pytest.mark.parametrize(("slope", "noise"), [(1, 3), (-5, 8), (0.3, 3)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_clear_trend_goes_on_whatever_was_learned(slope: float, noise: float, seed: int) -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    config = ForecastTrainConfig(max_epochs=1, epoch_steps=1, batch_size=8, seed=seed)
    forecaster = Forecaster(hidden_size=4, linear=False, seed=seed)
    forecaster.fit(noisy_line(slope, noise, first=50), config=config)
    loop_K = forecaster.rollout(STEPS)
    assert loop_K[-1] - loop_K[0] == pytest.approx(slope * (STEPS - 1), rel=0.25, abs=noise)
    # What was saved says so, too, and a history elsewhere is gone on from.
    assert forecaster.artifact.scaling["drift"] == pytest.approx([slope], abs=0.05)
    np.testing.assert_allclose(forecaster.rollout(5, forecaster.artifact.tail_CF + 1_000), loop_K[:5] + 1_000)


def test_a_trend_is_one_that_chance_and_waves_do_not_make() -> None:
    rng, steps_T = np.random.default_rng(0), np.arange(180)
    walks_TF = np.cumsum(rng.normal(size=(180, 400)), axis=0)
    assert np.mean(drift_of(walks_TF) != 0) < 0.08
    assert not drift_of(rng.normal(size=(180, 400))).any()
    assert not drift_of(np.sin(2 * np.pi * steps_T[:, None] / [7, 12, 25, 50, 100, 200])).any()
    assert not drift_of(1 - np.exp(-steps_T[:, None] / 30)).any()  # a rise that is over
    np.testing.assert_allclose(drift_of(walks_TF + 2 * steps_T[:, None]), 2, atol=0.5)
    np.testing.assert_array_equal(drift_of(np.arange(9.0)[:, None]), [0])


def test_a_trend_taken_out_comes_back() -> None:
    values_TF = noisy_line(2, 1, 40)[:, None] + [100, 200]
    for log in (False, True):
        scaling = Scaling.fit(values_TF, log=log)
        assert all(scaling.drift)
        np.testing.assert_allclose(scaling.undo(scaling.apply(values_TF), first=-39), values_TF)
    line_TF = np.arange(40.0)[:, None]
    scaling = Scaling.fit(line_TF, log=False)
    np.testing.assert_allclose(
        scaling.undo(scaling.apply(line_TF)[-1:].repeat(3, axis=0)), [[40], [41], [42]]
    )


def test_futures_are_as_wild_as_what_they_are_drawn_from() -> None:
    levels = (0.1, 0.25, 0.5, 0.75, 0.9)
    quantiles_Q = np.array([NormalDist().inv_cdf(level) for level in levels])
    u_N = np.linspace(0, 1, 20_001)
    drawn_N, straight_N = (
        draw(np.tile(quantiles_Q, (len(u_N), 1)), levels, u_N, tails=t) for t in (True, False)
    )
    assert drawn_N.std() == pytest.approx(1, abs=0.05)
    assert np.isfinite(drawn_N).all()
    assert (np.diff(drawn_N) >= 0).all()
    np.testing.assert_allclose(drawn_N + drawn_N[::-1], 0, atol=1e-6)
    inside = (u_N > 0.1) & (u_N < 0.9)
    np.testing.assert_array_equal(drawn_N[inside], straight_N[inside])


def test_the_unit_of_a_trend_is_the_same_however_long_it_is() -> None:
    units = [
        Scaling.fit(noisy_line(1, 3, steps)[:, None], log=False).scale[0] for steps in (200, 2_000, 20_000)
    ]
    assert max(units) < 1.1 * min(units)


@pytest.mark.parametrize("factor", [1e-200, 1e-10, 1.0, 1e200])
def test_series_of_any_size_are_learned_alike(factor: float) -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    wave_T = 10 + np.sin(np.arange(80) / 2)
    config = ForecastTrainConfig(max_epochs=1, epoch_steps=4, batch_size=8, seed=0)
    found, wanted = (
        Forecaster(context=8, hidden_size=4, linear=False).fit(series_T, config=config).rollout(4)
        for series_T in (factor * wave_T, wave_T)
    )
    np.testing.assert_allclose(found / factor, wanted, rtol=1e-3)


def test_a_small_wave_on_a_high_level_is_not_constant() -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    config = ForecastTrainConfig(max_epochs=1, epoch_steps=2, batch_size=8, seed=0)
    forecaster = Forecaster(context=8, hidden_size=4, linear=False)
    loop = forecaster.fit(1e12 + 10 * np.sin(np.arange(80) / 2), config=config).rollout(4)
    assert np.ptp(loop) > 0.01
    for constant in (1e12, 0.1 + 0.2, -3e-10, 0.0):
        series_T = np.full(80, constant)
        series_T[::2] *= 1 + 2e-16  # the last bit is rounding
        with pytest.raises(InputError, match="constant"):
            forecaster.fit(series_T, config=config)


def test_levels_of_values_are_what_draws_turn_back() -> None:
    quantiles_NQ = np.sort(np.random.default_rng(0).normal(size=(50, 3)), axis=1)
    levels = (0.25, 0.5, 0.75)
    u_N = np.random.default_rng(1).uniform(0.01, 0.99, 50)
    np.testing.assert_allclose(levels_of(quantiles_NQ, levels, draw(quantiles_NQ, levels, u_N)), u_N)
    np.testing.assert_array_equal(levels_of(np.ones((2, 3)), levels, np.array([0.0, 2.0])), [0.375, 0.625])


@pytest.mark.parametrize("persistence", [0.0, 0.3, 0.8, 1.0])
def test_levels_of_one_forecast_are_as_alike_as_errors_were(persistence: float) -> None:
    levels_NKF = draw_levels(np.random.default_rng(0), 4_000, 3, 2, persistence, mirrored=True)
    assert levels_NKF.shape == (4_000, 3, 2)
    assert np.corrcoef(levels_NKF[:, 0, 0], levels_NKF[:, 1, 0])[0, 1] == pytest.approx(persistence, abs=0.05)
    np.testing.assert_allclose(levels_NKF[::2] + levels_NKF[1::2], 1)
    # Each step alone is uniform, so the first forecast's quantiles are the network's.
    np.testing.assert_allclose(
        np.quantile(levels_NKF, [0.1, 0.5, 0.9], axis=0)[:, 2, 1], [0.1, 0.5, 0.9], atol=0.03
    )


@pytest.mark.parametrize(("walk", "least", "most"), [(False, 0.0, 0.6), (True, 0.6, 1.0)])
def test_fit_measures_how_alike_errors_are(walk: bool, least: float, most: float) -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    noise_T = np.random.default_rng(0).normal(size=300)
    config = ForecastTrainConfig(max_epochs=4, epoch_steps=30, batch_size=32, seed=0)
    forecaster = Forecaster(context=8, horizon=6, hidden_size=8, linear=False)
    found = forecaster.fit(np.cumsum(noise_T) if walk else noise_T, config=config).config.persistence
    assert least <= found <= most


def test_a_moving_mean_by_hand() -> None:
    np.testing.assert_allclose(moving_mean(np.array([[[0.0], [3.0], [3.0]]]), 2)[0, :, 0], [0, 2, 8 / 3])


def test_the_interval_of_closed_loops_is_measured_on_what_follows() -> None:
    class Flat:
        """Forecasts the last value, one more or less."""

        def rollout_quantiles(self, steps: int, history_TF: F64) -> F64:
            loops.append((len(history_TF), steps))
            return np.repeat(history_TF[-1:, :, None] + [-1.0, 0.0, 1.0], steps, axis=0)

    loops: list[tuple[int, int]] = []
    values_TF = np.zeros((160, 2))
    values_TF[130:, 1] = 5.0  # jumps within the second loop, and stays inside the third
    assert covered_ahead(Flat(), values_TF, 100, 25) == pytest.approx(40 / 60)  # type: ignore[arg-type]
    assert loops == [(100, 25), (125, 25), (150, 10)]
    assert covered_ahead(Flat(), values_TF, 100, 25, target=0) == 1  # type: ignore[arg-type]
