"""The command ``forecast``: what it writes has the digits, the zone and the calendar of what it read."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from nlp_rnn import Forecaster
from nlp_rnn.cli import main
from nlp_rnn.config import ForecastTrainConfig
from nlp_rnn.files import read_series
from nlp_rnn.forecasting.backtest import naive

OLDER = Path(__file__).parents[1] / "older" / "forecaster"


def written(path: Path, times: list[str], values: list[str], name: str = "value") -> list[str]:
    lines = [f"time,{name}", *(",".join(row) for row in zip(times, values, strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ["forecast", "--data", str(path), "--model", str(OLDER), "--steps", "3"]


def rows_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return list(csv.DictReader(capsys.readouterr().out.splitlines()))


def test_months_zones_and_digits_go_on_as_they_were(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = [f"2024-{month:02}-01T00:00Z" for month in range(3, 13)]
    command = written(tmp_path / "v.csv", times, [str(84_000_030 + step**2 * 7_000) for step in range(10)])
    assert main(command) == 0
    rows = rows_of(capsys)
    assert [row["time"] for row in rows] == [f"2025-0{month}-01T00:00Z" for month in (1, 2, 3)]
    cells = [cell for row in rows for name, cell in row.items() if name != "time"]
    assert all(cell.isdigit() and len(cell) == 8 for cell in cells)
    assert len(set(cells)) > 10


def test_the_forecast_is_never_outside_its_interval_with_an_older_folder_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line_T = np.arange(60) + np.random.default_rng(0).normal(0, 3, 60)
    times = (np.datetime64("2024-01-01") + np.arange(60)).astype(str).tolist()
    command = written(tmp_path / "v.csv", times, [f"{value:.2f}" for value in line_T])
    assert main([*command[:-1], "36"]) == 0
    for row in rows_of(capsys):
        numbers = [float(row[f"value q{level}"]) for level in ("0.1", "0.25", "0.5", "0.75", "0.9")]
        assert numbers == sorted(numbers)
        assert row["value"] == row["value q0.5"]


def test_gaps_are_refused_or_filled_and_choices_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    years = [str(year) for year in range(1990, 2010) if year != 2000]
    command = written(tmp_path / "v.csv", years, [f"{np.sin(int(year)):.3f}" for year in years])
    assert main(command) == 2
    said = capsys.readouterr().err
    assert "1 step missing between 1999 and 2001" in said
    assert len(said.splitlines()) == 1
    assert main([*command, "--fill", "linear"]) == 0
    out, said = capsys.readouterr()
    assert [line.split(",")[0] for line in out.splitlines()] == ["time", "2010", "2011", "2012"]
    said = " ".join(said.split())
    assert "the first column, 'time', is read as years" in said
    assert "filled 1 of 20 values (linear)" in said
    assert main([*command, "--fill", "ignore"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("1,")
    assert main([*command, "--fill", "guess"]) == 2
    assert "linear, previous, zero, ignore" in capsys.readouterr().err


def test_a_comparison_says_what_both_intervals_cover(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    pytest.importorskip("statsmodels", reason="the extra [forecast] is not installed")
    monkeypatch.setattr(
        "nlp_rnn.forecasting.forecaster.ForecastTrainConfig",
        lambda **settings: ForecastTrainConfig(**settings, max_epochs=1, epoch_steps=2),
    )
    for name in ("ets", "arima"):  # they take seconds, and are another test's to try
        monkeypatch.setattr(f"nlp_rnn.forecasting.backtest.{name}", lambda target, **_: naive(target))
    noise = np.random.default_rng(0).normal(size=60)
    command = written(
        tmp_path / "v.csv", [str(step) for step in range(60)], [f"{value:.3f}" for value in noise]
    )
    command = [
        "forecast",
        "--data",
        str(tmp_path / "v.csv"),
        "--context",
        "8",
        "--test",
        "12",
        "--steps",
        "5",
    ]
    assert main(command) == 0
    out, said = capsys.readouterr()
    assert "inside the 80% interval one step ahead, and" in " ".join(said.split())
    assert "in closed loops of 5 steps" in " ".join(said.split())
    assert [line.split(",")[0] for line in out.splitlines()] == ["step", "60", "61", "62", "63", "64"]


def test_a_model_of_other_steps_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="training needs the train extra")
    config = ForecastTrainConfig(max_epochs=1, epoch_steps=2, batch_size=8)
    hours = (np.datetime64("2024-01-01T00") + np.arange(60)).astype(str).tolist()
    command = written(tmp_path / "v.csv", hours, [f"{value:.3f}" for value in np.sin(np.arange(60))])
    model = Forecaster(context=8, hidden_size=4, linear=False).fit(
        read_series(tmp_path / "v.csv"), config=config
    )
    command[4] = str(model.save_pretrained(tmp_path / "model"))
    assert main(command) == 0
    assert "Note" not in capsys.readouterr().err
    days = (np.datetime64("2024-01-01") + np.arange(60)).astype(str).tolist()
    written(tmp_path / "v.csv", days, [str(value % 7) for value in range(60)])
    assert main(command) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "the model learned steps of 1 hour, and those of" in said
    assert "are 1 day" in said


def test_the_python_answer_of_an_older_folder_is_still_one_future() -> None:
    assert not Forecaster.from_pretrained(OLDER).config.sampled


def test_the_options_that_messages_name_are_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = "".join(f'2024-01-{day:02}^"{day % 7}"^é\n' for day in range(1, 31))
    (tmp_path / "v.data").write_bytes(table.encode("cp1252"))
    told = [
        "--input-format",
        "csv",
        "--delimiter",
        "^",
        "--encoding",
        "cp1252",
        "--no-header",
        "--column",
        "2",
    ]
    command = ["forecast", "--data", str(tmp_path / "v.data"), "--model", str(OLDER), "--steps", "2", *told]
    assert main(command) == 0
    assert [row["time"] for row in rows_of(capsys)] == ["2024-01-31", "2024-02-01"]
    assert main([*command, "--quoting", "none"]) == 2
    assert "'\"1\"', not a finite number" in " ".join(capsys.readouterr().err.split())
