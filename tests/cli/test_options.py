"""Options become settings by their names, and none is forgotten on the way."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from nlp_rnn import CharGenerator, LanguageModel, SentimentClassifier, Translator
from nlp_rnn.cli.options import MODEL, TRAINING, from_options
from nlp_rnn.cli.pretrain import pretrain
from nlp_rnn.cli.train import train
from nlp_rnn.cli.train_char import train_char
from nlp_rnn.cli.train_translator import train_translator
from nlp_rnn.config import CharTrainConfig, LoopConfig, PretrainConfig, TrainConfig, TranslationTrainConfig

COMMANDS = [
    (train, TrainConfig, SentimentClassifier),
    (train_char, CharTrainConfig, CharGenerator),
    (train_translator, TranslationTrainConfig, Translator),
    (pretrain, PretrainConfig, LanguageModel),
]


def test_options_are_given_by_name() -> None:
    config = from_options(LoopConfig, {name.name: name.default for name in fields(LoopConfig)} | {"seed": 7})
    assert config == LoopConfig(seed=7)
    assert from_options(lambda seed, stop=(): (seed, stop), {"seed": 1, "other": 2}, kept="stop") == (1, ())


def test_a_setting_without_an_option_is_an_error_unless_it_is_kept() -> None:
    with pytest.raises(TypeError, match="LoopConfig takes 'batch_size'"):
        from_options(LoopConfig, {"max_epochs": 1}, kept="learning_rate")


@pytest.mark.parametrize(("command", "config", "model"), COMMANDS)
def test_what_stands_among_the_settings_is_one_and_has_its_default(
    command: Callable[..., Any], config: type[LoopConfig], model: type
) -> None:
    hints = typing.get_type_hints(command, include_extras=True)
    seen = set()
    for name, parameter in inspect.signature(command).parameters.items():
        panel = getattr(hints[name].__metadata__[0], "rich_help_panel", None) if name != "ctx" else None
        home = {TRAINING: config, MODEL: model}.get(panel)
        if home is None or name in ("objective", "init_from"):
            continue
        assert parameter.default == inspect.signature(home).parameters[name].default, name
        seen.add(panel)
    assert seen == {TRAINING, MODEL}
