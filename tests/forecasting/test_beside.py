"""Series that are read and not forecast: they help, are named, and are not invented by a closed loop."""

from __future__ import annotations

import csv
from functools import partialmethod
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn import Forecaster
from nlp_rnn.cli import main
from nlp_rnn.config import ForecastConfig, ForecastTrainConfig
from nlp_rnn.errors import ConfigError, InputError
from nlp_rnn.files import read_series, with_clock
from nlp_rnn.files.series import Series
from nlp_rnn.forecasting import histories, run_backtest
from nlp_rnn.forecasting.backtest import find_leak, recurrent
from nlp_rnn.forecasting.scaling import F64, forecast_quantiles
from nlp_rnn.runtime import TimeSeriesLSTM

pytest.importorskip("torch", reason="training needs the train extra")

QUICK = ForecastTrainConfig(max_epochs=2, epoch_steps=5, batch_size=8, seed=0)
NAMES = ("driver", "value", "other")


def driven(steps: int) -> F64:
    """A value that follows the driver a step later, between the driver and what has no say."""
    driver_T, other_T = np.random.default_rng(0).normal(size=(2, steps))
    return 10 + np.column_stack([driver_T, np.concatenate([[0], driver_T[:-1]]), other_T])


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    series = Series(NAMES, driven(120))
    return Forecaster(context=8, horizon=2, hidden_size=6, linear=False).fit(
        series, beside=["driver", "other"], config=QUICK
    )


@pytest.mark.parametrize("window", [0, 8])
def test_what_is_read_beside_helps(window: int) -> None:
    values_TF = driven(400)
    config = ForecastTrainConfig(
        max_epochs=20 if window else 2,
        epoch_steps=50,
        batch_size=4 if window else 32,
        patience=20,
        seed=0,
        window=window,
        learning_rate=0.02,
    )
    forecaster = Forecaster(context=6, hidden_size=12, linear=False, window=window).fit(
        values_TF[:300], columns=NAMES, beside=["driver", "other"], config=config
    )
    found_N = forecaster.predict(histories(forecaster, values_TF, 300))[:, 0]
    # Without the driver nothing is known: the mean is off by 0.8.
    assert np.abs(found_N - values_TF[300:, 1]).mean() < 0.3


def test_only_the_others_are_forecast(fitted: Forecaster, tmp_path: Path) -> None:
    assert (fitted.config.columns, fitted.config.read) == (("value",), NAMES)
    history_TR = driven(20)
    assert fitted.predict(history_TR).shape == (2,)
    assert fitted.predict(np.stack([history_TR, history_TR])).shape == (2, 2)
    assert fitted.rollout_quantiles(2, history_TR).shape == (2, 5)
    np.testing.assert_array_equal(fitted.predict(Series(NAMES, history_TR)), fitted.predict(history_TR))
    loaded = Forecaster.from_pretrained(fitted.save_pretrained(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.rollout(2), fitted.rollout(2))


def test_two_are_forecast_around_one_that_is_only_read() -> None:
    forecaster = Forecaster(context=8, hidden_size=6, linear=True).fit(
        driven(120) + np.array([0, 100, 1000]), columns=NAMES, beside=["value"], target=1, config=QUICK
    )
    assert forecaster.config.columns == ("driver", "other")
    found_F = forecaster.rollout(1)[0]
    np.testing.assert_allclose(found_F, [10, 1010], atol=8)
    # A network that answers nothing forecasts the last value of just those that are forecast.
    silent = {name: np.zeros_like(weight) for name, weight in forecaster.artifact.weights.items()}
    z_BTR = np.random.default_rng(1).normal(size=(4, 8, 3))
    found_BFQ = forecast_quantiles(TimeSeriesLSTM(forecaster.config, silent), z_BTR)[:, 0]
    np.testing.assert_array_equal(found_BFQ, np.repeat(z_BTR[:, -1, [0, 2], None], 5, axis=-1))


def test_a_closed_loop_does_not_invent_what_is_only_read(fitted: Forecaster) -> None:
    for rollout in (fitted.rollout, fitted.rollout_quantiles):
        with pytest.raises(
            InputError, match=r"3 steps cannot be forecast: after 2 \(the horizon\).* driver, other"
        ):
            rollout(3)


def test_names_that_do_not_fit(fitted: Forecaster) -> None:
    values_TR = driven(120)
    for beside, message in (
        (["wind"], "no series 'wind' to read beside; they are driver, value, other"),
        (NAMES, "leave at least one to forecast"),
        ("driver", "a list of names, not one text"),
    ):
        with pytest.raises(InputError, match=message):
            Forecaster(context=8).fit(values_TR, columns=NAMES, beside=beside, config=QUICK)
    with pytest.raises(InputError, match="2 series, and the model reads 3: driver, value, other"):
        fitted.predict(values_TR[:, :2])
    with pytest.raises(InputError, match="choose these columns, in this order"):
        fitted.predict(Series(("value", "driver", "other"), values_TR))
    with pytest.raises(InputError, match="scored is only read beside"):
        run_backtest(
            values_TR, 9, name="value", forecaster=Forecaster(), target=0, beside=[0], classical=False
        )
    for reads in (("driver",), ("value",), ("value", "driver", "driver")):
        with pytest.raises(ConfigError, match="Invalid reads"):
            ForecastConfig(columns=("value",), reads=reads)


def test_what_is_read_beside_is_not_looked_up_ahead() -> None:
    for linear in (False, True):
        method = recurrent(
            Forecaster(context=8, hidden_size=6, linear=linear), 1, beside=[0, 2], config=QUICK
        )
        assert find_leak(method, driven(90), 60) is None


def weather(path: Path, hours: int = 200) -> Path:
    times = np.datetime64("2024-01-01T00:00") + np.arange(hours) * np.timedelta64(1, "h")
    lines = [
        f"{time},{temperature:.1f},{pressure:.1f},NW,{'' if at % 50 == 7 else at % 9}"
        for at, (time, (temperature, pressure, _)) in enumerate(zip(times, driven(hours), strict=True))
    ]
    path.write_text("\n".join(["time,temperature,pressure,wind,dust", *lines]) + "\n", encoding="utf-8")
    return path


def test_the_command_reads_beside_and_by_the_clock(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Forecaster, "fit", partialmethod(Forecaster.fit, config=QUICK))
    data, model = str(weather(tmp_path / "weather.csv")), str(tmp_path / "model")
    args = ["forecast", "--data", data, "--fill", "previous"]
    asked = ["--column", "temperature", "--beside", "pressure,dust", "--clock"]
    assert main([*args, *asked, "--context", "6", "--horizon", "3", "--save", model]) == 0
    out = capsys.readouterr().out
    rows = list(csv.DictReader(out.splitlines()))
    assert [row["time"] for row in rows] == ["2024-01-09T08:00", "2024-01-09T09:00", "2024-01-09T10:00"]
    assert list(rows[0])[:2] == ["time", "temperature"]
    assert not any("dust" in name for name in rows[0])
    # The saved model knows what it reads, its clock too.
    assert main([*args, "--model", model]) == 0
    assert capsys.readouterr().out == out
    saved = Forecaster.from_pretrained(model)
    series = with_clock(read_series(data, columns=["temperature", "pressure", "dust"], fill="previous"))
    np.testing.assert_allclose(
        [float(row["temperature"]) for row in rows], saved.rollout(3, series), atol=0.06
    )


def test_the_command_refuses_before_it_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(weather(tmp_path / "weather.csv"))
    args = ["forecast", "--data", data, "--fill", "previous", "--column", "temperature"]
    for more, message in (
        (["--beside", "pressure", "--steps", "2"], "2 steps cannot be forecast: after 1"),
        (["--beside", "temperature"], "leave at least one to forecast"),
        (["--beside", "pressure", "--target", "pressure"], "no series 'pressure'; they are temperature"),
        (["--beside", "rain"], "'rain'"),
    ):
        assert main([*args, *more]) == 2
        said = capsys.readouterr().err
        assert message in said
        assert len(said.strip().splitlines()) <= 2  # one sentence, after what was filled
