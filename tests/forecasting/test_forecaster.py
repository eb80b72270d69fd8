"""Forecasting: what it learns, what it refuses, that it never looks ahead, that a saved one is the same."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from nlp_rnn import Forecaster, SentimentClassifier
from nlp_rnn.cli import main
from nlp_rnn.config import ForecastTrainConfig
from nlp_rnn.errors import ArtifactError, ConfigError, DataError, InputError, NotFittedError, TrainingError
from nlp_rnn.files.calendar import next_times
from nlp_rnn.files.series import Series, read_series, values_of
from nlp_rnn.forecasting.backtest import find_leak, histories, recurrent, run_backtest
from nlp_rnn.forecasting.classical import arima, ets, naive
from nlp_rnn.forecasting.scaling import Scaling, draw
from nlp_rnn.forecasting.scores import coverage, mase, rmse, smape

if TYPE_CHECKING:
    from nlp_rnn.training.loop import Progress

F64 = NDArray[np.float64]
QUICK = ForecastTrainConfig(max_epochs=2, epoch_steps=5, batch_size=8, seed=0)
TINY = {"context": 8, "hidden_size": 6, "linear": False}


def wave(steps: int, columns: int = 1) -> F64:
    t_T1 = np.arange(steps)[:, None]
    return 10 + np.sin(2 * np.pi * t_T1 / 12 + np.arange(columns))


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    """Two series, three steps at once."""
    pytest.importorskip("torch", reason="training needs the train extra")
    return Forecaster(**TINY, horizon=3).fit(wave(120, 2), columns=["up", "down"], config=QUICK)


# What it learns


def test_a_sine_wave_in_closed_loop() -> None:
    wave_T = np.sin(2 * np.pi * np.arange(600) / 25)
    config = ForecastTrainConfig(max_epochs=8, epoch_steps=40, batch_size=32, seed=0)
    forecaster = Forecaster(context=24, horizon=1, seed=0, hidden_size=16).fit(wave_T[:500], config=config)
    loop_T = forecaster.rollout(100)
    assert loop_T.shape == (100,)
    assert rmse(wave_T[500:], loop_T) < 0.1


def test_a_trend_goes_on_beyond_what_was_seen() -> None:
    line_T = np.arange(100.0) + np.tile([0.0, 0.3], 50)
    config = ForecastTrainConfig(max_epochs=4, epoch_steps=30, batch_size=32, seed=0)
    forecaster = Forecaster(context=8, hidden_size=8, linear=False).fit(line_T, config=config)
    np.testing.assert_allclose(forecaster.rollout(20), np.arange(100, 120), atol=4)


def test_streams_with_a_carried_state_learn_what_windows_do() -> None:
    wave_T = np.sin(2 * np.pi * np.arange(600) / 12)
    config = ForecastTrainConfig(
        max_epochs=30, patience=30, batch_size=8, window=12, learning_rate=0.02, seed=0
    )
    forecaster = Forecaster(context=24, hidden_size=12, window=12).fit(wave_T[:500], config=config)
    assert forecaster.config.carried
    found_N = forecaster.predict(histories(forecaster, wave_T[:, None], 500))[:, 0]
    assert rmse(wave_T[500:], found_N) < 0.4 * rmse(wave_T[500:], wave_T[499:-1])


def test_the_same_seed_gives_the_same_forecast_and_another_does_not() -> None:
    first, again = (Forecaster(**TINY).fit(wave(100), config=QUICK).rollout(5) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = ForecastTrainConfig(**{**QUICK.to_dict(), "seed": 1})
    assert not np.array_equal(first, Forecaster(**TINY).fit(wave(100), config=other).rollout(5))


@pytest.mark.parametrize("log", [False, True])
def test_the_validation_part_chooses_whether_a_linear_path_helps(log: bool, tmp_path: Path) -> None:
    shape = {"context": 8, "hidden_size": 6, "log": log}
    seen: list[tuple[int, int]] = []
    chosen = Forecaster(**shape).fit(
        wave(100), config=QUICK, progress=lambda now: seen.append((now.step, now.total_steps))
    )
    tried = chosen.artifact.notes["tried"]
    assert [way["linear"] for way in tried] == [False, True]
    assert chosen.config.linear == min(tried, key=lambda way: way["quantile_loss"])["linear"]
    ways = [Forecaster(**shape, linear=way).fit(wave(100), config=QUICK) for way in (False, True)]
    np.testing.assert_array_equal(chosen.rollout(5), ways[chosen.config.linear].rollout(5))
    assert not np.array_equal(ways[0].rollout(5), ways[1].rollout(5))
    assert seen == [(step, 20) for step in range(1, 21)]
    again = Forecaster.from_pretrained(ways[1].save_pretrained(tmp_path / "model"))
    assert again.config.linear
    np.testing.assert_array_equal(again.rollout(5), ways[1].rollout(5))


@pytest.mark.parametrize("window", [0, 8])
def test_the_series_that_matters_chooses(window: int) -> None:
    values_TF = wave(100, 2)
    values_TF[:, 1] += np.random.default_rng(0).normal(size=100)
    config = ForecastTrainConfig(max_epochs=3, epoch_steps=5, batch_size=8, window=window, seed=0)

    def losses(target: int | None) -> NDArray[np.float64]:
        fitted = Forecaster(**TINY).fit(values_TF, target=target, config=config)
        return np.array([row["validation"]["quantile_loss"] for row in fitted.artifact.notes["history"]])

    np.testing.assert_allclose((losses(0) + losses(1)) / 2, losses(None), rtol=1e-5)
    np.testing.assert_array_equal(losses(-1), losses(1))
    assert not np.allclose(losses(0), losses(1))
    with pytest.raises(InputError, match="no series 2; there are 2"):
        losses(2)


# What it gives


def test_shapes_and_quantiles(fitted: Forecaster) -> None:
    series_TF = wave(120, 2)
    assert fitted.predict().shape == (3, 2)
    assert fitted.predict_quantiles(series_TF).shape == (3, 2, 5)
    assert fitted.predict(np.stack([series_TF, series_TF])).shape == (2, 3, 2)
    assert fitted.rollout(7).shape == (7, 2)
    quantiles_TFQ = fitted.rollout_quantiles(7, paths=40)
    assert quantiles_TFQ.shape == (7, 2, 5)
    for quantiles in (quantiles_TFQ, fitted.predict_quantiles()):
        assert (np.diff(quantiles, axis=-1) >= 0).all()
    np.testing.assert_array_equal(fitted.predict(), fitted.predict_quantiles()[..., 2])
    one = Forecaster(**TINY).fit(wave(100)[:, 0], config=QUICK)
    assert one.predict().shape == (1,)
    assert one.predict_quantiles().shape == (1, 5)
    assert one.rollout_quantiles(4, paths=8).shape == (4, 5)
    assert one.predict(np.zeros((3, 9, 1)) + wave(9)).shape == (3, 1)


def test_a_rollout_feeds_its_own_forecasts_back(fitted: Forecaster) -> None:
    series_TF = wave(50, 2)
    first = fitted.predict(series_TF)
    second = fitted.predict(np.concatenate([series_TF, first]))
    chained = np.concatenate([first, second])[:5]
    # Exactly where medians are fed back, as in folders of older versions; nearly so by many futures.
    older = as_older(fitted)
    np.testing.assert_allclose(older.rollout(5, series_TF), chained, rtol=1e-5)
    np.testing.assert_allclose(fitted.rollout(5, series_TF), chained, atol=0.05)
    assert not np.array_equal(fitted.rollout(5, series_TF), older.rollout(5, series_TF))


def test_the_forecast_is_the_middle_of_its_own_quantiles(fitted: Forecaster) -> None:
    series_TF = wave(50, 2)
    for settings in ({}, {"paths": 31, "seed": 4}):
        quantiles_TFQ = fitted.rollout_quantiles(9, series_TF, **settings)
        np.testing.assert_array_equal(fitted.rollout(9, series_TF, **settings), quantiles_TFQ[..., 2])
    assert not np.array_equal(fitted.rollout(9), fitted.rollout(9, seed=1))


def as_older(model: Forecaster) -> Forecaster:
    """The same network in a folder as older versions wrote it."""
    older = Forecaster()
    config = replace(model.config, sampled=False, persistence=1.0)
    older._use(replace(model.artifact, config=config))
    return older


def test_only_the_last_context_steps_count(fitted: Forecaster) -> None:
    series_TF = wave(50, 2)
    changed_TF = series_TF.copy()
    changed_TF[:-8] += 100
    np.testing.assert_array_equal(fitted.predict(series_TF), fitted.predict(changed_TF))
    changed_TF[-8] += 1
    assert not np.array_equal(fitted.predict(series_TF), fitted.predict(changed_TF))


def test_many_histories_are_answered_as_one_by_one(fitted: Forecaster) -> None:
    histories_NCF = histories(fitted, wave(60, 2), 30)
    together = fitted.predict(histories_NCF)
    np.testing.assert_allclose(together, [fitted.predict(one) for one in histories_NCF], rtol=1e-5)


def test_intervals_widen_with_the_distance() -> None:
    noise_T = np.cumsum(np.random.default_rng(0).normal(size=300))
    config = ForecastTrainConfig(max_epochs=3, epoch_steps=20, batch_size=32, seed=0)
    quantiles_TQ = Forecaster(**TINY).fit(noise_T, config=config).rollout_quantiles(30, paths=200)
    width_T = quantiles_TQ[:, -1] - quantiles_TQ[:, 0]
    assert width_T[20:].mean() > 1.5 * width_T[:3].mean()


def test_draws_are_linear_between_and_beyond_the_quantiles() -> None:
    quantiles, levels = np.array([0.0, 2.0, 3.0]), (0.25, 0.5, 0.75)
    found = draw(np.tile(quantiles, (4, 1)), levels, np.array([0.125, 0.375, 0.75, 1.0]))
    np.testing.assert_allclose(found, [-1, 1, 3, 4])


def test_scaling_undoes_itself() -> None:
    values_TF = wave(40, 3)
    for log in (False, True):
        scaling = Scaling.fit(values_TF, log=log)
        np.testing.assert_allclose(scaling.undo(scaling.apply(values_TF), first=-39), values_TF)


# That it never looks ahead


def test_no_method_looks_ahead() -> None:
    values_TF = wave(90, 2) + 0.1 * np.random.default_rng(0).normal(size=(90, 2))
    methods = {
        "ours": recurrent(Forecaster(**TINY), config=QUICK),
        "log": recurrent(Forecaster(**TINY, log=True), config=QUICK),
        "chosen": recurrent(Forecaster(context=8, hidden_size=6), config=QUICK),
        "naive": naive(),
        "seasonal": naive(season=12),
    }
    for name, method in methods.items():
        assert find_leak(method, values_TF, 60) is None, name


def test_the_classical_methods_do_not_look_ahead() -> None:
    pytest.importorskip("statsmodels", reason="the extra [forecast] is not installed")
    values_TF = wave(90) + 0.1 * np.random.default_rng(0).normal(size=(90, 1))
    assert find_leak(ets(), values_TF, 60) is None
    assert find_leak(arima(season=12), values_TF, 60) is None


def test_planted_leaks_are_found() -> None:
    values_TF = wave(90)

    def fitted_on_everything(values_TF: F64, split: int) -> F64:
        forecaster = Forecaster(**TINY).fit(values_TF, config=QUICK)
        return forecaster.predict(histories(forecaster, values_TF, split))[:, 0]

    def scaled_by_everything(values_TF: F64, split: int) -> F64:
        scaled_TF = (values_TF - values_TF.mean()) / values_TF.std()
        return recurrent(Forecaster(**TINY), config=QUICK)(scaled_TF, split)

    def window_too_far(values_TF: F64, split: int) -> F64:
        return naive()(values_TF, split + 1)[: len(values_TF) - split]

    def shifted(values_TF: F64, split: int) -> F64:
        return values_TF[split:, 0]

    assert find_leak(fitted_on_everything, values_TF, 60) == 60
    assert find_leak(scaled_by_everything, values_TF, 60) is not None
    assert find_leak(shifted, values_TF, 60) == 60
    assert find_leak(lambda values, split: np.append(window_too_far(values, split), 0.0), values_TF, 60) == 60


def test_scaling_and_training_see_nothing_of_the_validation_part() -> None:
    values_TF = wave(100)
    changed_TF = values_TF.copy()
    changed_TF[90:] *= 3
    first, second = (Forecaster(**TINY).fit(each, config=QUICK) for each in (values_TF, changed_TF))
    assert first.artifact.scaling == second.artifact.scaling
    assert [row["train_loss"] for row in first.artifact.notes["history"]] == [
        row["train_loss"] for row in second.artifact.notes["history"]
    ]
    streams = ForecastTrainConfig(max_epochs=2, batch_size=2, window=8, seed=0)
    first, second = (
        Forecaster(**TINY, window=8).fit(each, config=streams) for each in (values_TF, changed_TF)
    )
    assert (
        first.artifact.notes["history"][0]["train_loss"] == second.artifact.notes["history"][0]["train_loss"]
    )


def test_a_short_series_read_as_streams_gets_more_steps_than_a_few() -> None:
    short = Forecaster(**TINY, window=8).fit(wave(100), config=ForecastTrainConfig(window=8, patience=1))
    settings = short.artifact.notes["train"]
    assert (settings["batch_size"], settings["patience"]) == (4, 1)
    assert settings["max_epochs"] > 16


def test_a_backtest_scores_every_method() -> None:
    pytest.importorskip("statsmodels", reason="the extra [forecast] is not installed")
    noise_T1 = 0.05 * np.random.default_rng(0).normal(size=(100, 1))
    config = ForecastTrainConfig(max_epochs=4, epoch_steps=40, batch_size=32, seed=0)
    found = run_backtest(
        wave(100) + noise_T1, 24, name="wave", forecaster=Forecaster(**TINY), season=12, config=config
    )
    scores = {score.method: score.mase for score in found.scores}
    assert list(scores) == ["recurrent", "naive", "seasonal naive", "linear", "ETS", "ARIMA"]
    assert scores["recurrent"] < scores["naive"]
    assert scores["ARIMA"] < 0.5 * scores["naive"]
    assert json.loads(json.dumps(found.to_dict()))["steps"] == 24


# Scores


def test_scores_by_hand() -> None:
    actual, found = np.array([3.0, 5.0]), np.array([2.0, 7.0])
    training = np.array([0.0, 2.0, 1.0, 3.0])
    assert mase(actual, found, training) == pytest.approx(1.5 / (5 / 3))
    assert mase(actual, found, training, season=2) == pytest.approx(1.5 / 1)
    assert smape(actual, found) == pytest.approx(100 * (2 / 5 + 4 / 12) / 2)
    assert rmse(actual, found) == pytest.approx(2.5**0.5)
    assert coverage(actual, np.array([3.0, 6.0]), np.array([4.0, 7.0])) == 0.5
    with pytest.raises(InputError, match="repeats itself every 2 steps"):
        mase(actual, found, np.array([1.0, 2.0, 1.0, 2.0]), season=2)
    with pytest.raises(InputError, match="no scale for season 4"):
        mase(actual, found, training, season=4)


# What it refuses


@pytest.mark.parametrize(
    ("series", "message"),
    [
        ([1.0, 2.0, float("nan")] * 20, "step 2 of series 0 is missing"),
        ([1.0, 2.0, float("inf")] * 20, "infinite"),
        ([4.0] * 60, "'value' is constant"),
        ([1.0, 2.0] * 5, "too short: it has 10 steps"),
        (["a", "b"], "numbers only"),
        (np.zeros((2, 3, 4)), r"shape \(T,\), or \(T, F\)"),
        ([], "shape"),
        ([1.0, 2.0] * 29 + [5.0] * 2, None),
    ],
)
def test_series_that_cannot_be_learned(series: object, message: str | None) -> None:
    forecaster = Forecaster(**TINY)
    if message is None:
        assert forecaster.fit(series, config=QUICK) is forecaster  # type: ignore[arg-type]
        return
    with pytest.raises(InputError, match=message):
        forecaster.fit(series, config=QUICK)  # type: ignore[arg-type]


def test_a_series_that_changes_only_in_its_validation_part_is_constant() -> None:
    with pytest.raises(InputError, match="constant"):
        Forecaster(**TINY).fit([1.0] * 58 + [2.0, 3.0], config=QUICK)


def test_histories_and_steps_that_do_not_fit(fitted: Forecaster) -> None:
    with pytest.raises(InputError, match="7 steps, and the model reads the last 8"):
        fitted.predict(wave(7, 2))
    with pytest.raises(InputError, match="1 series, and the model reads 2: up, down"):
        fitted.predict(wave(20))
    for steps in (0, 2.5, True):
        with pytest.raises(InputError, match=r"Invalid steps.*at least 1"):
            fitted.rollout(steps)  # type: ignore[arg-type]
    for name, number in (("paths", 0), ("paths", 1.5), ("seed", -1), ("seed", 0.5)):
        with pytest.raises(InputError, match=rf"Invalid {name}.*at least"):
            fitted.rollout_quantiles(3, **{name: number})  # type: ignore[arg-type]
    assert fitted.rollout_quantiles(np.int64(2), paths=np.int64(4)).shape == (2, 2, 5)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="from one history"):
        fitted.rollout(2, np.zeros((2, 9, 2)))
    with pytest.raises(InputError, match="missing"):
        fitted.predict(np.full((9, 2), np.nan))
    with pytest.raises(NotFittedError, match="call fit"):
        Forecaster().predict(wave(30))


def test_a_series_of_other_names_is_not_taken_for_the_models(fitted: Forecaster) -> None:
    straight, swapped = (Series(names, wave(20, 2)) for names in (("up", "down"), ("down", "up")))
    np.testing.assert_array_equal(fitted.predict(straight), fitted.predict(straight.values_TF))
    for answer in (fitted.predict, lambda history: fitted.rollout(2, history)):
        with pytest.raises(InputError, match="are down, up, and the model reads up, down"):
            answer(swapped)
    nameless = Forecaster(**TINY).fit(wave(100, 2), config=QUICK)
    np.testing.assert_array_equal(nameless.predict(swapped), nameless.predict(straight))


def test_logarithms_need_values_above_zero() -> None:
    with pytest.raises(InputError, match="log=True needs values above 0"):
        Forecaster(**TINY, log=True).fit(wave(100) - 10, config=QUICK)
    forecaster = Forecaster(**TINY, log=True).fit(wave(100), config=QUICK)
    with pytest.raises(InputError, match="no logarithm"):
        forecaster.predict(wave(20) - 10)


def test_settings_that_make_no_sense() -> None:
    for settings, message in (
        ({"context": 1}, "context"),
        ({"horizon": 0}, "horizon"),
        ({"quantiles": (0.1, 0.9)}, "include 0.5"),
        ({"quantiles": (0.9, 0.5)}, "rise"),
        ({"cell": "gated"}, "rnn, gru, lstm"),
        ({"linear": True, "window": 8}, "carried state it should be false"),
    ):
        with pytest.raises(ConfigError, match=message):
            Forecaster(**settings)


# Files


TABLE = [(f"2024-01-0{day}", str(value)) for day, value in enumerate((5.0, 7.5, 6.0), 1)]


def table(path: Path, rows: list[tuple[str, str]] | None = None) -> Path:
    lines = ["day,load", *(",".join(row) for row in (TABLE if rows is None else rows))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_file_is_read_with_its_times(tmp_path: Path) -> None:
    series = read_series(table(tmp_path / "load.csv"))
    assert series.columns == ("load",)
    assert series.values_TF.tolist() == [[5.0], [7.5], [6.0]]
    assert series.times_T is not None
    assert next_times(series.times_T, 1).astype(str).tolist() == ["2024-01-04"]
    assert read_series(table(tmp_path / "load.csv"), columns=["load"]).times_T is not None
    np.testing.assert_array_equal(values_of(series), series.values_TF)


def test_times_with_a_zone_become_utc(tmp_path: Path) -> None:
    rows = [("2024-01-01T00:00Z", "1"), ("2024-01-01T03:00+02:00", "2"), ("2024-01-01T02:00Z", "3")]
    times_T = read_series(table(tmp_path / "load.csv", rows)).times_T
    assert times_T is not None
    assert times_T.astype(str).tolist() == ["2024-01-01T00:00", "2024-01-01T01:00", "2024-01-01T02:00"]


@pytest.mark.parametrize(
    ("row", "cells", "message"),
    [
        (1, ("2024-01-02", ""), "row 2: 'load' is missing"),
        (1, ("2024-01-02", "NaN"), "row 2: 'load' is missing"),
        (1, ("2024-01-02", "much"), "row 2: 'load' is 'much', not a finite number"),
        (1, ("2024-01-01", "7"), "row 2: the time 2024-01-01 comes twice"),
        (2, ("2024-01-01", "7"), "row 3: the time 2024-01-01 comes twice"),
        (2, ("2023-12-31", "7"), "row 3: the time 2023-12-31 is before that of the row above"),
        (2, ("soon", "7"), "row 3: 'soon' is no time"),
        (2, ("", "7"), "row 3: '' is no time"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, row: int, cells: tuple[str, str], message: str) -> None:
    rows = [*TABLE[:row], cells, *TABLE[row + 1 :]]
    with pytest.raises(DataError, match=message):
        read_series(table(tmp_path / "load.csv", rows))


@pytest.mark.parametrize(
    ("text", "row"),
    [("v\n1\n\n3\n", 2), ("v\r\n\r\n1\r\n2\r\n", 1), ("v\tw\n1\t2\n3\t4\n\n\n5\t6\n", 3)],
)
def test_a_blank_line_is_a_missing_value(tmp_path: Path, text: str, row: int) -> None:
    path = tmp_path / ("v.tsv" if "\t" in text else "v.csv")
    path.write_bytes(text.encode())
    with pytest.raises(DataError, match=f"row {row}: 'v' is missing"):
        read_series(path)


def test_blank_lines_around_the_rows_are_none(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_text("\nv\n1\n2\n\n\n", encoding="utf-8")
    assert read_series(path).values_TF.tolist() == [[1.0], [2.0]]


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column 'price'; the columns are day, load"):
        read_series(table(tmp_path / "load.csv"), columns=["price"])
    with pytest.raises(DataError, match="has no rows"):
        read_series(table(tmp_path / "empty.csv", []))
    lonely = tmp_path / "lonely.csv"
    lonely.write_text("day\n2024-01-01\n", encoding="utf-8")
    with pytest.raises(DataError, match="no column of values"):
        read_series(lonely)


def test_a_saved_forecaster_is_the_same(fitted: Forecaster, tmp_path: Path) -> None:
    folder = fitted.save_pretrained(tmp_path / "model")
    again = Forecaster.from_pretrained(folder)
    np.testing.assert_array_equal(again.rollout(5), fitted.rollout(5))
    assert again.config == fitted.config
    assert fitted.save_pretrained(folder) == folder


def test_a_folder_that_is_no_whole_forecaster_is_refused(
    fitted: Forecaster, tmp_path: Path, tiny_model: Path
) -> None:
    folder = fitted.save_pretrained(tmp_path / "model")
    with pytest.raises(ArtifactError, match="made for the task 'forecast'"):
        SentimentClassifier.from_pretrained(folder)
    with pytest.raises(ArtifactError, match="made for the task 'sentiment'"):
        Forecaster.from_pretrained(tiny_model)
    with pytest.raises(ArtifactError, match="no model folder"):
        Forecaster.from_pretrained(tmp_path / "nowhere")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    for change in (
        {"format": 99},
        {"tail": []},
        {"scaling": {"mean": [0], "scale": [1], "log": False}},
        {"model": {**config["model"], "hidden_size": 7}},
        {"surplus": 1},
        {"scaling": {}},
        {"scaling": {"mean": [0], "scale": [1], "drift": [1, 2], "log": False}},
        {"tail": [[0.0]] * len(config["tail"])},
        {"notes": {}},  # nothing is wrong with it, but that it is not what was saved
    ):
        (folder / "config.json").write_text(json.dumps(config | change), encoding="utf-8")
        with pytest.raises(ArtifactError, match="cannot be used"):
            Forecaster.from_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[:-4])
    with pytest.raises(ArtifactError, match="truncated or was changed"):
        Forecaster.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ArtifactError, match="cannot be used"):
        Forecaster.from_pretrained(folder)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    with pytest.raises(ArtifactError, match="is no model folder"):
        fitted.save_pretrained(tmp_path / "full")


def test_a_stopped_training_goes_on_to_the_same_forecasts(tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(now: Progress) -> None:
        if now.step == 13:  # the second of the two networks that are tried
            raise Stopped

    config = ForecastTrainConfig(max_epochs=2, epoch_steps=5, checkpoint_every=2)
    whole = Forecaster(context=8, hidden_size=6).fit(wave(100), config=config)
    output = tmp_path / "run"
    with pytest.raises(Stopped):
        Forecaster(context=8, hidden_size=6).fit(wave(100), config=config, output=output, progress=stop)
    with pytest.raises(TrainingError, match="resume it"):
        Forecaster(context=8, hidden_size=6).fit(wave(100), config=config, output=output)
    resumed = Forecaster(context=8, hidden_size=6).fit(wave(100), config=config, output=output, resume=True)
    np.testing.assert_array_equal(resumed.rollout(5), whole.rollout(5))
    with pytest.raises(TrainingError, match="made with other data:"):
        Forecaster(context=8, hidden_size=6).fit(wave(100)[::-1], config=config, output=output, resume=True)


def test_another_target_is_another_run(tmp_path: Path) -> None:
    values_TF = wave(100, 2)
    Forecaster(**TINY).fit(values_TF, target=0, config=QUICK, output=tmp_path)
    with pytest.raises(TrainingError, match="made with other target"):
        Forecaster(**TINY).fit(values_TF, target=1, config=QUICK, output=tmp_path, resume=True)


def test_whole_numbers_are_refused_where_there_is_no_embedding(fitted: Forecaster, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="int8 is for the rows of an embedding"):
        fitted.save_pretrained(tmp_path / "model", dtype="int8")
    assert not list(tmp_path.iterdir())


# The command line


def test_the_command_writes_a_table_and_a_picture(
    fitted: Forecaster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="the extra [plot] is not installed")
    days = np.datetime64("2024-01-01") + np.arange(30)
    data = tmp_path / "waves.csv"
    lines = [f"{day},{a:.5f},{b:.5f}" for day, (a, b) in zip(days, wave(30, 2), strict=True)]
    data.write_text("\n".join(["day,up,down", *lines]) + "\n", encoding="utf-8")
    model = str(fitted.save_pretrained(tmp_path / "model"))
    output, plot = tmp_path / "next.csv", tmp_path / "next.png"
    args = ["forecast", "--data", str(data), "--model", model, "--steps", "4"]
    assert main([*args, "--output", str(output), "--plot", str(plot), "--target", "up"]) == 0
    with output.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["time"] for row in rows] == ["2024-01-31", "2024-02-01", "2024-02-02", "2024-02-03"]
    expected = fitted.rollout(4, read_series(data))
    found = [[float(row["up"]), float(row["down"])] for row in rows]
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert list(rows[0])[1:4] == ["up", "up q0.1", "up q0.25"]
    assert plot.stat().st_size > 1000
    capsys.readouterr()
    assert main(args) == 0
    assert capsys.readouterr().out == output.read_text(encoding="utf-8")


def test_info_describes_a_forecaster(
    fitted: Forecaster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(fitted.save_pretrained(tmp_path / "model"))
    assert main(["info", "--model", model]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "forecasts the next 3" in said
    assert "up, down" in said
    assert main(["info", "--model", model, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["task"], facts["columns"], facts["horizon"]) == ("forecast", ["up", "down"], 3)
    assert facts["parameters"] == sum(array.size for array in fitted.artifact.weights.values())
    assert "tokenizer" not in facts


def test_the_command_refuses_in_one_sentence(
    fitted: Forecaster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(fitted.save_pretrained(tmp_path / "model"))
    data = str(table(tmp_path / "load.csv"))
    swapped = tmp_path / "swapped.csv"
    swapped.write_text("down,up\n" + "1,2\n" * 9, encoding="utf-8")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    for args, message in (
        (["--data", data], "too short"),
        (["--data", data, "--model", model], "1 series, and the model reads 2"),
        (["--data", str(swapped), "--model", model], "the model reads up, down: choose these columns"),
        (["--data", data, "--model", model, "--test", "2"], "--test has no effect here, so leave it out"),
        (["--data", data, "--target", "price"], "no series 'price'"),
        (["--data", str(tmp_path / "none.csv")], "no file"),
        (["--data", data, "--steps", "0"], "--steps"),
        (["--data", data, "--season", "0"], "--season"),
        (["--data", data, "--test", "-1"], "--test"),
        (["--data", data, "--test", "1", "--season", "3"], "season of 3 steps is longer than the 2"),
        (["--data", data, "--output", str(tmp_path / "no" / "next.csv")], "no folder"),
        (["--data", data, "--save", str(tmp_path / "full")], "is no model folder"),
    ):
        assert main(["forecast", *args]) == 2
        said = capsys.readouterr().err
        assert message in said
        assert len(said.splitlines()) == 1
