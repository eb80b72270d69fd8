"""Settings that are left to the data: few rows get steps enough, many get what they always got."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nlp_rnn.config import (
    MOST_EPOCHS,
    CharTrainConfig,
    ForecastTrainConfig,
    LoopConfig,
    PretrainConfig,
    TrainConfig,
    TranslationTrainConfig,
)
from nlp_rnn.errors import ConfigError
from nlp_rnn.training.buckets import LengthBuckets

ALWAYS = {  # epochs, batch and patience before there was a choice
    TrainConfig: (5, 256, 3),
    PretrainConfig: (3, 256, 3),
    CharTrainConfig: (10, 32, 3),
    ForecastTrainConfig: (16, 64, 16),
    TranslationTrainConfig: (4, 64, 3),
}


def rows(count: int) -> Callable[[int], int]:
    return lambda size: -(-count // size)


def settled(config: LoopConfig, count: int) -> tuple[int | None, int | None, int | None]:
    found = config.settled(rows(count))
    return found.max_epochs, found.batch_size, found.patience


@pytest.mark.parametrize("kind", ALWAYS)
def test_many_rows_get_what_they_always_got(kind: type[LoopConfig]) -> None:
    assert settled(kind(), 50_000) == ALWAYS[kind]


@pytest.mark.parametrize("kind", ALWAYS)
@pytest.mark.parametrize("count", [30, 126, 400, 3_000])
def test_few_rows_get_steps_enough(kind: type[LoopConfig], count: int) -> None:
    config = kind().settled(rows(count))
    assert config.max_epochs is not None
    assert config.batch_size is not None
    steps = config.max_epochs * rows(count)(config.batch_size)
    assert steps >= kind.USUAL.least_steps or config.max_epochs == MOST_EPOCHS
    assert steps < 3 * max(kind.USUAL.least_steps, kind.USUAL.max_epochs * rows(count)(config.batch_size) / 2)
    assert config.patience is not None
    assert config.patience * rows(count)(config.batch_size) >= kind.USUAL.least_steps / 4


def test_a_handful_of_rows_is_not_read_for_ever() -> None:
    assert settled(TrainConfig(), 4) == (200, 16, 100)


def test_what_is_given_stays() -> None:
    given = TrainConfig(max_epochs=2, batch_size=256, patience=1)
    assert given.settled(rows(126)) == given
    assert settled(TrainConfig(batch_size=256), 400) == (200, 256, 100)
    assert settled(TrainConfig(max_epochs=5), 126) == (5, 16, 13)
    assert settled(TrainConfig(patience=2), 126)[2] == 2


@pytest.mark.parametrize(
    ("count", "length", "size"),
    [(126, 12, 16), (3_000, 12, 32), (50_000, 12, 256), (3_000, 250, 256)],  # long texts fill batches alone
)
def test_what_counts_is_the_steps_that_the_lengths_give(count: int, length: int, size: int) -> None:
    buckets = LengthBuckets([length] * count, config=TrainConfig(), batch_tokens=8_192)
    assert buckets.config.batch_size == buckets.batch_size == size


@pytest.mark.parametrize("name", ["max_epochs", "batch_size", "patience", "seed", "checkpoint_every"])
@pytest.mark.parametrize("value", [2.5, "2", True, -1])
def test_counts_are_whole_numbers(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"Invalid {name}"):
        TrainConfig(**{name: value})  # type: ignore[arg-type]
