"""Low-rank adapters: a large transformer is taught by a few small matrices; the rest of it stays as it was.

Source: Hu et al. 2022, "LoRA: Low-Rank Adaptation of Large Language Models": a layer computes W x + B A x,
with A of shape (rank, inputs) and B of shape (outputs, rank), B starting at 0; W does not learn. Here the
adapters themselves are the library ``peft``'s (extra ``teach``). What is learned, the head included, is a
file of a few megabytes, where the transformer has hundreds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nlp_rnn.errors import ArtifactError, ConfigError, require, whole_number

_SETTINGS, _WEIGHTS = "adapters.json", "adapters.safetensors"


def add_adapters(model: Any, *, rank: int, first_layer: int, seed: int = 0) -> None:
    """Freeze a transformer but for its head, and put adapters beside the matrices of its upper layers.

    Args:
        model: Of the library ``transformers``, with ``base_model.encoder.layer`` and ``classifier``; changed
            in place.
        rank: Rows of A and columns of B.
        first_layer: The lowest layer with adapters, from 0; those below it stay as they are.
        seed: Draws each A.

    Raises:
        ConfigError: If the rank or the layer is outside its range.
        MissingExtraError: If peft is not installed.
    """
    peft = require("peft", extra="teach")
    torch = require("torch", extra="teach")
    from nlp_rnn.training.loop import seeded

    layers = model.base_model.encoder.layer
    rank = whole_number("rank", rank, 1, 1_024)
    first_layer = whole_number("first_layer", first_layer, 0, len(layers) - 1)
    upper = {id(module) for layer in layers[first_layer:] for module in layer.modules()}
    names = [
        name
        for name, module in model.named_modules()
        if id(module) in upper and isinstance(module, torch.nn.Linear)
    ]
    if not names:
        raise ConfigError(
            f"the layers from {first_layer} on have no matrices to adapt: choose a lower first_layer"
        )
    with seeded(seed):
        peft.inject_adapter_in_model(
            peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=names), model
        )
    for name, weight in model.named_parameters():
        weight.requires_grad = "lora_" in name or name.startswith("classifier.")


def merge_adapters(model: Any) -> None:
    """Add each adapter's product to the matrix beside it, in place: the same answers, a plain transformer.

    Raises:
        MissingExtraError: If peft is not installed.
    """
    layer_type = require("peft.tuners.tuners_utils", extra="teach").BaseTunerLayer
    adapted = [(name, module) for name, module in model.named_modules() if isinstance(module, layer_type)]
    for name, module in adapted:
        module.merge()
        parent, _, own = name.rpartition(".")
        setattr(model.get_submodule(parent), own, module.get_base_layer())
    for weight in model.parameters():
        weight.requires_grad = True


def save_adapters(model: Any, folder: Path, settings: dict[str, Any]) -> None:
    """Write adapters and head in 16-bit numbers, and the settings to load them by."""
    torch = require("torch", extra="teach")
    save_file = require("safetensors.torch", extra="teach").save_file
    folder.mkdir(parents=True, exist_ok=True)
    learned = {
        name: weight.detach().to(torch.float16).contiguous()
        for name, weight in model.named_parameters()
        if weight.requires_grad
    }
    save_file(learned, folder / _WEIGHTS)
    (folder / _SETTINGS).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8", newline="\n")


def read_settings(folder: Path) -> dict[str, Any]:
    """Return the settings that ``save_adapters`` wrote.

    Raises:
        ArtifactError: If there are none.
    """
    file = folder / _SETTINGS
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{file} cannot be read ({error}): give a folder of adapters") from None
    return found


def load_adapters(model: Any, folder: Path, *, rank: int, first_layer: int) -> None:
    """Put saved adapters and their head into the transformer that they were taught on.

    Raises:
        ArtifactError: If the file is missing or does not fit the model.
        MissingExtraError: If peft is not installed.
    """
    load_file = require("safetensors.torch", extra="teach").load_file
    add_adapters(model, rank=rank, first_layer=first_layer)
    wanted = {name: weight.shape for name, weight in model.named_parameters() if weight.requires_grad}
    try:
        tensors = load_file(folder / _WEIGHTS)
    except Exception as error:  # safetensors has its own exception type
        raise ArtifactError(
            f"{folder / _WEIGHTS} cannot be read ({error}): give a folder of adapters"
        ) from None
    if {name: tensor.shape for name, tensor in tensors.items()} != wanted:
        raise ArtifactError(
            f"{folder / _WEIGHTS} does not fit this transformer: give the one that it was taught on"
        )
    model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=False)
