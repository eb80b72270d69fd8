"""NumPy's scalars are numbers, and settings made of them are Python's own, as JSON and torch want them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from nlp_rnn.config import ForecastConfig, ModelConfig, Settings, TrainConfig


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (
            TrainConfig,
            {
                "max_epochs": np.int64(3),
                "learning_rate": np.float32(0.5),
                "seed": np.uint16(7),
                "objectives": {"entropy": np.float64(1)},
            },
        ),
        (ModelConfig, {"vocab_size": np.int32(5), "num_classes": np.int64(2), "bidirectional": np.False_}),
        (ForecastConfig, {"columns": ["a"], "context": np.int64(5), "quantiles": [np.float32(0.5)]}),
    ],
)
def test_settings_of_numpy_are_kept_as_python_s(kind: type[Settings], given: dict[str, Any]) -> None:
    config = kind(**given)
    assert kind.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    for name in given:
        value = getattr(config, name)
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
        assert {type(each) for each in inner} <= {int, float, bool, str}
