"""model.safetensors: a packed model as a file that prediction needs nothing else beside."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from linocut import tensor_file
from linocut.deploy.packed import FLOAT, INTEGER, PackedModel, expected
from linocut.errors import LinocutError, RunError
from linocut.layers import Network
from linocut.ops.bits import Array, padding_is_zero
from linocut.tensor_file import Tensor, TensorFile

NAME = "model.safetensors"
KIND, VERSION = "linocut-model", 2  # 1 had no checksum


def save(
    path: Path, network: Network, arithmetic: str, parts: Iterable[Array], classes: tuple[str, ...], data: str | None
) -> None:
    """Write a model, whole or not at all; MachineError where the disk will not.

    `parts` are rows of the tensors of `expected`, all in order, which may be made as they are written; the rest is
    what PackedModel has.
    """
    description = {
        "network": network.to_dict(),
        "arithmetic": arithmetic,
        "classes": list(classes),
        "data": data,
    }
    tensor_file.write(path, list(expected(network, arithmetic)), parts, KIND, VERSION, description)


def read(path: Path) -> PackedModel:
    """The model in a file; RunError with the reason for one that is missing, damaged or foreign."""
    file = TensorFile(path, KIND, VERSION)
    about = file.description
    try:
        network = Network.from_dict(about["network"])
        arithmetic, data, classes = about["arithmetic"], about["data"], about["classes"]
    except (LinocutError, KeyError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError) as error:
        raise RunError(f"{path} does not describe a network: {error}; it is damaged") from None
    if not isinstance(classes, list) or not all(
        isinstance(name, str) for name in (*classes, "" if data is None else data)
    ):
        raise RunError(f"{path} does not describe a network: names of classes and data are not texts; it is damaged")
    if arithmetic not in (INTEGER, FLOAT) or len(classes) > network.classes:
        raise RunError(f"{path} has arithmetic {arithmetic!r} and {len(classes)} class names; it is damaged")
    tensors = {tensor.name: _read(file, tensor, network) for tensor in expected(network, arithmetic)}
    return PackedModel(network, arithmetic, tensors, tuple(classes), data)


def _read(file: TensorFile, tensor: Tensor, network: Network) -> Array:
    array = file.read(tensor.name, tensor.shape, tensor.dtype)
    layer = tensor.name.split(".")[0]
    inputs = next(placed.input_shape[-1] for placed in network.placed if placed.name == layer)
    sound = padding_is_zero(array, inputs) if tensor.dtype == np.uint64 else bool(np.isfinite(array).all())
    if not sound:
        raise RunError(f"{file.path}: tensor {tensor.name!r} holds bits or numbers that no model has; it is damaged")
    return array
