"""The memory study: its problems, its starts, which attempts it makes, and that none is made twice."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("accelerate", reason="the extra [train] is not installed")
import torch

from nlp_rnn.cli import main
from nlp_rnn.errors import ConfigError, DataError, InputError
from nlp_rnn.nn.encoder import set_chrono_biases
from nlp_rnn.studies import MemorySize, learning, memory, study_memory
from nlp_rnn.studies.learning import Attempt, Trial
from nlp_rnn.studies.problems import Adding, Copying
from nlp_rnn.studies.variants import CHRONO, VARIANTS, Variant

SIZE = MemorySize(lags=(4, 8, 16), seeds=2, budget=100, rates=(0.01, 0.1), rate_lag=5, rate_budget=50)
TINY = MemorySize(
    lags=(4,), seeds=1, budget=2, hidden_size=3, batch_size=2, rates=(0.01,), rate_lag=4, rate_budget=1
)


def test_the_adding_problem_asks_for_the_sum_of_the_marked() -> None:
    x_BTE, answers_B11 = Adding(20).batch(50, (0,))
    assert (x_BTE[:, :, 1].sum(axis=1) == 2).all()
    first_B = x_BTE[:, :, 1].argmax(axis=1)
    assert first_B.max() < 2
    assert not x_BTE[:, 10:, 1].any()
    np.testing.assert_allclose(answers_B11[:, 0, 0], (x_BTE[:, :, 0] * x_BTE[:, :, 1]).sum(axis=1), rtol=1e-6)
    guess = Adding(20).score(np.ones((50, 1, 1), np.float32), answers_B11)
    assert abs(guess) < 0.5
    assert Adding(20).score(answers_B11, answers_B11) == 1
    assert np.array_equal(x_BTE, Adding(20).batch(50, (0,))[0])
    assert not np.array_equal(x_BTE, Adding(20).batch(50, (1,))[0])


def test_the_copying_problem_asks_for_the_symbols() -> None:
    problem = Copying(5)
    x_BTE, answers_BAO = problem.batch(30, (0,))
    assert x_BTE.shape == (30, 11, 6)
    np.testing.assert_array_equal(x_BTE[:, :3, :4], answers_BAO)
    assert (x_BTE[:, 3:8, 4] == 1).all()
    assert (x_BTE[:, 8:, 5] == 1).all()
    assert problem.score(answers_BAO, answers_BAO) == 1
    assert 0.05 < problem.score(np.roll(answers_BAO, 1, axis=0), answers_BAO) < 0.6


def ask(problem: str, lag: int, **changed: float) -> Attempt:
    return replace(Attempt(problem, "RNN", lag, 0.01, 0, 1000, 1000, 24, 32), **changed)  # type: ignore[arg-type]


def test_a_short_lag_is_learned_and_training_stops_there() -> None:
    trial = learning.attempt_of(ask("copying", 2), Variant("RNN", "rnn"))
    assert trial.solved
    assert trial.steps < 1000


def test_a_budget_that_is_spent_is_not_solved() -> None:
    trial = learning.attempt_of(ask("adding", 10, budget=3, hidden_size=4), VARIANTS[0])
    assert not trial.solved
    assert trial.steps == 3


def test_an_attempt_without_progress_is_given_up() -> None:
    trial = learning.attempt_of(
        ask("adding", 4, learning_rate=1e-8, patience=100, hidden_size=4), VARIANTS[0]
    )
    assert not trial.solved
    assert trial.steps == 150


def test_an_attempt_that_diverges_is_not_solved(monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = np.full((2, 4, 2), np.inf, np.float32)
    monkeypatch.setattr(Adding, "batch", lambda *_: (spoilt, spoilt[:, :1, :1]))
    trial = learning.attempt_of(ask("adding", 10), VARIANTS[0])
    assert (trial.solved, trial.steps) == (False, 0)


def test_chrono_spreads_memories_over_all_lags_up_to_the_longest() -> None:
    layer = torch.nn.LSTM(2, 2000)
    torch.manual_seed(0)
    set_chrono_biases(layer, 101)
    input_H, forget_H, *others = layer.bias_ih_l0.detach().chunk(4)
    assert torch.equal(input_H, -forget_H)
    assert not any(bias.any() for bias in (*others, layer.bias_hh_l0))
    steps_H = forget_H.exp().numpy()
    assert 1 <= steps_H.min() < 2
    assert 99 < steps_H.max() <= 100
    np.testing.assert_allclose(np.quantile(steps_H, (0.25, 0.5, 0.75)), (25.75, 50.5, 75.25), atol=4)
    with pytest.raises(ConfigError, match="longest"):
        set_chrono_biases(layer, 1)


def test_each_variant_starts_as_its_name_says() -> None:
    biases = [
        variant.encoder(2, 6, longest=50, seed=0).layers[0]["fwd"].bias_ih_l0.detach()[6:12]
        for variant in (*VARIANTS[2:], CHRONO)
    ]
    assert not biases[0].any()
    assert (biases[1] == 1).all()
    assert biases[2].unique().numel() == 6
    assert biases[2].max() <= math.log(49)


Made = list[Attempt]


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Made]:
    """Attempts that cost nothing: the RNN's first seed learns lag 4, its second 8, the others all."""

    def prepare(*, killed_after: int | None = None) -> Made:
        made: Made = []

        def attempt_of(asked: Attempt, variant: Variant) -> Trial:
            if len(made) == killed_after:
                raise KeyboardInterrupt
            made.append(asked)
            limit = 4 * (1 + asked.seed) if variant.cell == "rnn" and asked.seed < 2 else 100
            fast = asked.learning_rate == (0.1 if variant.cell == "gru" else 0.01)
            return Trial(asked, 0.95 if asked.lag <= limit else 0.1, 50 if fast else 100)

        monkeypatch.setattr(memory, "attempt_of", attempt_of)
        return made

    return prepare


def test_lags_rise_until_a_seed_does_not_learn_one(pretend: Callable[..., Made], tmp_path: Path) -> None:
    made = pretend()
    found = study_memory(tmp_path, SIZE)
    assert len(made) == len(set(made))
    tried = [(one.attempt.seed, one.attempt.lag) for one in found.trials_of("adding", "RNN")]
    assert tried == [(0, 4), (1, 4), (0, 8), (1, 8), (1, 16)]
    assert found.longest("adding", "RNN") == [4, 8]
    assert found.longest("copying", "GRU") == [16, 16]
    assert found.rates["adding", "GRU"] == 0.1
    assert found.rates["adding", "RNN"] == 0.01
    assert {one.attempt.learning_rate for one in found.trials_of("adding", "GRU")} == {0.1}
    assert {one.attempt.seed for one in found.choices} == {1000}
    rows = {row[0]: row[1:] for row in found.longest_table()}
    assert rows["RNN"] == ["6 (4 to 8)"] * 2
    assert rows["GRU"] == ["16 or more"] * 2
    steps = {row[0]: row[1:] for row in found.steps_table("adding")}
    assert steps["RNN"] == ["0.01", "50", "50, 1 of 2 seeds", "not learned"]


def test_what_contradicts_the_textbook_is_said(pretend: Callable[..., Made], tmp_path: Path) -> None:
    pretend()
    size = replace(SIZE, lags=(4, 50, 100, 200))
    said = study_memory(tmp_path, size).remarks()
    assert "RNN, adding: learned lag 4, which agrees with the textbook's about 10" in said
    assert "LSTM, chrono, copying: learned lag 100, which agrees with the textbook's 100 and more" in said
    assert not any("GRU" in remark for remark in said)
    pretend()
    size = replace(SIZE, lags=(4, 90, 180))
    assert any("lag 90, which contradicts" in each for each in study_memory(tmp_path / "b", size).remarks())


@pytest.mark.parametrize("killed_after", [0, 7, 25, 40])
def test_a_study_that_was_killed_goes_on_and_does_nothing_twice(
    pretend: Callable[..., Made], tmp_path: Path, killed_after: int
) -> None:
    pretend()
    whole = study_memory(tmp_path / "whole", SIZE)
    first = pretend(killed_after=killed_after)
    with pytest.raises(KeyboardInterrupt):
        study_memory(tmp_path / "cut", SIZE)
    with (tmp_path / "cut" / "memory.jsonl").open("ab") as file:
        file.write(b'{"attempt": {"probl')  # a line that the kill has cut
    second = pretend()
    assert study_memory(tmp_path / "cut", SIZE) == whole
    assert not set(first) & set(second)
    third = pretend()
    assert study_memory(tmp_path / "cut", SIZE) == whole
    assert third == []


def test_a_longer_study_goes_on_from_a_shorter_one(pretend: Callable[..., Made], tmp_path: Path) -> None:
    pretend()
    study_memory(tmp_path, SIZE)
    made = pretend()
    found = study_memory(tmp_path, SIZE.up_to(32))
    assert {(one.lag, one.cell == "RNN") for one in made} == {(32, False)}
    assert found.longest("copying", "GRU") == [32, 32]


def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "memory.jsonl"
    for content in ("[1]\n", "{}\n", "text\n", '{"attempt": {"lag": 1}}\n'):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match="no journal of a study"):
            study_memory(tmp_path, SIZE)
        assert file.read_text(encoding="utf-8") == content
    with pytest.raises(InputError, match="no folder to write to"):
        study_memory(file, SIZE)


def test_lags_double_up_to_the_longest() -> None:
    assert MemorySize().up_to(900).lags == (10, 20, 50, 100, 200, 400, 800)
    assert MemorySize().up_to(99).lags == (10, 20, 50)
    with pytest.raises(InputError, match="at least 10, got 9"):
        MemorySize().up_to(9)


@pytest.mark.slow  # two processes import torch
def test_two_processes_find_what_one_finds(tmp_path: Path) -> None:
    alone = study_memory(tmp_path / "1", TINY)
    assert study_memory(tmp_path / "2", TINY, jobs=2) == alone


def test_the_command_learns_a_short_lag_and_draws_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="the extra [plot] is not installed")
    monkeypatch.setattr(
        memory, "CELLS", {one.name: one for one in (VARIANTS[0], CHRONO)}
    )  # not all, for time
    output = tmp_path / "out"
    assert main(["study", "memory", "--quick", "--output", str(output)]) == 0
    figures = json.loads((output / "memory.json").read_text(encoding="utf-8"))
    solved = {(one["attempt"]["problem"], one["attempt"]["cell"]): one["solved"] for one in figures["trials"]}
    assert len(solved) == 4
    assert all(solved["copying", cell] for cell in memory.CELLS)
    assert (output / "memory.png").stat().st_size > 1000
    assert "Longest lag learned" in capsys.readouterr().out
