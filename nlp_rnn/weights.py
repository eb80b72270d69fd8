"""A model's weights: their check against its settings, and how they are stored in ``model.safetensors``.

Knows names, shapes and number types. Which shapes a model has, its config says (``config.shapes()``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp_rnn.config import Shapes
from nlp_rnn.errors import ArtifactError, InputError

DTYPES = ("float32", "float16", "int8")
_SCALE = ".scale"

Weights = dict[str, NDArray[np.float32]]
"""Arrays under the torch model's parameter names."""


def check_weights(shapes: Shapes, weights: Mapping[str, NDArray[Any]]) -> None:
    """Refuse weights that do not have these shapes, or are not finite.

    Raises:
        ArtifactError: Naming the tensor and what it should be.
    """
    for name in sorted(shapes.keys() | weights.keys()):
        if name not in weights:
            raise ArtifactError(f"the tensor {name} is missing from the weights")
        if name not in shapes:
            raise ArtifactError(f"the tensor {name} is none of a model of these settings")
        if weights[name].shape != shapes[name]:
            raise ArtifactError(
                f"the tensor {name} has shape {weights[name].shape}; its settings ask for {shapes[name]}"
            )
        if not np.isfinite(weights[name]).all():
            raise ArtifactError(f"the tensor {name} holds values that are not finite")


def embedding_weights(vectors: NDArray[Any], shape: tuple[int, int]) -> Weights:
    """Return word vectors given by a user as the weights of an embedding.

    Raises:
        InputError: If they are not of this shape (V, E).
    """
    if hasattr(vectors, "detach"):  # a tensor, perhaps of a type that NumPy lacks
        vectors = vectors.detach().cpu().float().numpy()
    if np.shape(vectors) != shape:
        raise InputError(f"vectors must have the shape {shape}, got {np.shape(vectors)}")
    return {"embedding.weight": np.asarray(vectors, np.float32)}


def to_bytes(weights: Mapping[str, NDArray[np.float32]], dtype: str) -> bytes:
    """Return the content of a safetensors file; in ``int8`` each row of the embedding has a scale.

    Raises:
        ArtifactError: If ``int8`` is asked for and there is no embedding.
    """
    from safetensors.numpy import save

    if dtype == "int8" and "embedding.weight" not in weights:
        raise ArtifactError("int8 is for the rows of an embedding, and it has none: use float16")
    return save(_packed(weights, dtype))


def int8_rows(array_VE: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return an array in whole numbers of 8 bits, and the scale by which each of its rows is multiplied.

    Shape:
        (V, E) -> (V, E), (V,).
    """
    # The largest number of a row becomes 127, so that each row uses all of the eight bits.
    scale_V = np.abs(array_VE).max(axis=1) / np.float32(127)
    whole_VE = np.rint(array_VE / np.where(scale_V > 0, scale_V, 1)[:, None])
    return whole_VE.astype(np.int8), scale_V


def from_bytes(content: bytes) -> Weights:
    """Return the tensors of a safetensors file as float32.

    Raises:
        ArtifactError: If it is damaged, or holds numbers of another type than ours.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(content)
    except (SafetensorError, KeyError, TypeError, ValueError, ImportError) as error:
        raise ArtifactError(
            f"model.safetensors is not a safetensors file this version reads: {error}"
        ) from None
    for name, array in arrays.items():
        if array.dtype not in (np.float32, np.float16, np.int8):
            raise ArtifactError(f"the tensor {name} is {array.dtype}; weights are float32, float16 or int8")
    return _unpacked(arrays)


def _packed(weights: Mapping[str, NDArray[np.float32]], dtype: str) -> dict[str, NDArray[Any]]:
    """Return weights as they are stored; in ``int8`` a row of the embedding is whole numbers and a scale."""
    with np.errstate(over="ignore", invalid="ignore"):  # values that are not finite are refused afterwards
        small = "float16" if dtype == "int8" else dtype
        packed = {name: np.ascontiguousarray(array, small) for name, array in weights.items()}
        if dtype == "int8":
            whole_VE, scale_V = int8_rows(weights["embedding.weight"])
            packed["embedding.weight"], packed["embedding.weight" + _SCALE] = whole_VE, scale_V
    return packed


def _unpacked(packed: Mapping[str, NDArray[Any]]) -> Weights:
    """Return stored weights as float32."""
    weights: Weights = {}
    for name, array in packed.items():
        if name.endswith(_SCALE) and name.removesuffix(_SCALE) in packed:
            continue
        weights[name] = np.ascontiguousarray(array, np.float32)
        if array.dtype == np.int8:
            scale = packed.get(name + _SCALE)
            if scale is None or scale.shape != array.shape[:1]:
                raise ArtifactError(f"the tensor {name} is int8 and has no scale for each row; copy it again")
            weights[name] *= scale.reshape(-1, *(1,) * (array.ndim - 1))
    return weights
