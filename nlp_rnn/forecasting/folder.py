"""A forecaster as a folder: ``config.json``, ``model.safetensors`` and ``README.md``, checked when read.

The same rules as for the other models (``artifact.py``), without a tokenizer and with what a series needs:
scaling, and the last steps, so that a saved model goes on where its series ended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.artifact import (
    CARD,
    CONFIG,
    FORMAT,
    WEIGHTS,
    Weights,
    check_destination,
    expected_shapes,
    read_weights,
    replace_folder,
)
from nlp_rnn.config import ForecastConfig, ModelConfig
from nlp_rnn.errors import ArtifactError, NlpRnnError
from nlp_rnn.files.series import values_of
from nlp_rnn.forecasting.scaling import F64, Scaling

TASK = "forecast"
_KEYS = ("format", "task", "model", "scaling", "tail", "notes", "sha256")
_CARD = """\
---
license: mit
library_name: nlp-rnn
---

# Forecaster

A recurrent network ({cell}, {hidden} units){linear} that reads the last {context} steps of {columns}
and forecasts the next {horizon}, with the quantiles {quantiles}.
It runs in NumPy; nlp-rnn {version} trained it.

```python
from nlp_rnn import Forecaster

Forecaster.from_pretrained("this-folder").rollout(10)
```
"""


@dataclass(frozen=True, eq=False)
class ForecastModel:
    """Everything a forecaster needs to answer.

    Attributes:
        config: Shape of the model.
        weights: float32 arrays under the torch model's parameter names.
        scaling: From values to the network's units and back.
        tail_CF: The last steps of the series that the model was fitted on.
        notes: How it was trained; any JSON.
    """

    config: ForecastConfig
    weights: Weights
    scaling: Scaling
    tail_CF: F64
    notes: dict[str, Any]


def save(model: ForecastModel, folder: str | Path) -> Path:
    """Write a model folder; a reader never sees half of one.

    Raises:
        ArtifactError: If the folder holds something that is no model, or the model contradicts itself.
    """
    from safetensors.numpy import save as to_bytes

    from nlp_rnn.version import __version__

    target = check_destination(folder)
    try:
        _check(model)
    except ArtifactError as error:
        raise ArtifactError(f"This model cannot be saved to {target}: {error}") from None
    config = model.config
    weights = to_bytes({name: np.ascontiguousarray(array) for name, array in model.weights.items()})
    card = _CARD.format(
        cell=config.cell.upper(),
        hidden=config.hidden_size,
        linear=" with a linear path beside it" if config.linear else "",
        context=config.context,
        columns=", ".join(config.columns),
        horizon=config.horizon,
        quantiles=", ".join(f"{level:g}" for level in config.quantiles),
        version=__version__,
    )
    values = {
        "format": FORMAT,
        "task": TASK,
        "model": config.to_dict(),
        "scaling": asdict(model.scaling),
        "tail": model.tail_CF.tolist(),
        "notes": model.notes,
        "sha256": {WEIGHTS: hashlib.sha256(weights).hexdigest()},
    }
    text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return replace_folder(target, {WEIGHTS: weights, CARD: card.encode(), CONFIG: text.encode()})


def load(folder: str | Path) -> ForecastModel:
    """Read a model folder and check all of it.

    Raises:
        ArtifactError: If the folder is missing, incomplete, changed, contradictory, of a later format or made
            for another task.
    """
    path = Path(folder)
    if not path.is_dir():
        raise ArtifactError(f"There is no model folder {path}: give a folder that save_pretrained wrote")
    try:
        for name in (CONFIG, WEIGHTS, CARD):
            if not (path / name).is_file():
                raise ArtifactError(f"{name} is missing; copy the whole folder again")
        values = _read_config(path)
        content = (path / WEIGHTS).read_bytes()
        if hashlib.sha256(content).hexdigest() != values["sha256"].get(WEIGHTS):
            raise ArtifactError(f"{WEIGHTS} is truncated or was changed; copy the folder again")
        model = ForecastModel(
            config=ForecastConfig.from_dict(values["model"]),
            weights=read_weights(content),
            scaling=Scaling(
                tuple(values["scaling"]["mean"]), tuple(values["scaling"]["scale"]), values["scaling"]["log"]
            ),
            tail_CF=values_of(values["tail"]),
            notes=values["notes"],
        )
        _check(model)
    except (NlpRnnError, OSError, KeyError, TypeError) as error:
        reason = f"{error.args[0]} is missing in {CONFIG}" if isinstance(error, KeyError) else str(error)
        raise ArtifactError(f"The model folder {path} cannot be used: {reason}") from None
    return model


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        values = json.loads((folder / CONFIG).read_bytes())
    except ValueError as error:
        raise ArtifactError(f"{CONFIG} is not JSON ({error}); copy the folder again") from None
    if not isinstance(values, dict) or values.get("task") != TASK:
        task = values.get("task") if isinstance(values, dict) else None
        raise ArtifactError(f"it was made for the task {task!r}; give a model for {TASK!r}")
    if values.get("format") != FORMAT:
        raise ArtifactError(f"it has format {values.get('format')!r} and this one reads {FORMAT}")
    wrong = sorted(set(values) ^ set(_KEYS))
    if wrong or not isinstance(values["sha256"], dict):
        raise ArtifactError(
            f"the keys of {CONFIG} should be {', '.join(_KEYS)}; not so: {', '.join(wrong) or 'sha256'}"
        )
    return values


def _shapes(config: ForecastConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor: a classifier's encoder, and our head."""
    classifier = ModelConfig(num_classes=2, **config.encoder.to_dict())
    encoder = {n: shape for n, shape in expected_shapes(classifier).items() if n.startswith("encoder.")}
    head = {
        "output.weight": (config.output_dim, config.hidden_size),
        "output.bias": (config.output_dim,),
    }
    if config.linear:
        head["linear.weight"] = (config.horizon * len(config.quantiles), config.context)
    return encoder | head


def _check(model: ForecastModel) -> None:
    """Refuse a model whose parts contradict each other: before saving, and after loading."""
    config, scaling = model.config, model.scaling
    found: Mapping[str, NDArray[np.float32]] = model.weights
    shapes = _shapes(config)
    for name in sorted(shapes.keys() ^ found.keys()):
        raise ArtifactError(f"the tensor {name} is missing from the weights, or is none of this model's")
    for name, array in found.items():
        if array.shape != shapes[name] or not np.isfinite(array).all():
            raise ArtifactError(f"the tensor {name} should be finite and have the shape {shapes[name]}")
    series = len(config.columns)
    numbers = np.array([scaling.mean, scaling.scale], np.float64)
    if numbers.shape != (2, series) or not np.isfinite(numbers).all() or (numbers[1] <= 0).any():
        raise ArtifactError(f"its scaling should be finite numbers for {series} series")
    if scaling.log != config.log or model.tail_CF.shape != (config.context, series):
        raise ArtifactError("its scaling and its last steps do not fit its settings")
