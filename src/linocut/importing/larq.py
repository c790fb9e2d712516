"""import_larq: the weights of a Larq (Keras) model of the same network."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.errors import DataError, SpecError
from linocut.importing.foreign import Foreign, ForeignNorm, ForeignProduct
from linocut.importing.take import take
from linocut.ops.bits import Array

if TYPE_CHECKING:
    from linocut.train import Trainer

EPSILON = 1e-3
_PARTS = ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")


def import_larq(
    trainer: Trainer,
    weights: str | os.PathLike[str] | Mapping[str, Any],
    names: Mapping[str, str] | None = None,
    *,
    epsilon: float = EPSILON,
) -> tuple[str, ...]:
    """Take the weights of a Larq model into a trainer of the same network.

    `weights` are a file of `model.save_weights("….h5")` (read with h5py, the extra `larq`), or arrays by Keras's names,
    such as {w.name: w.numpy() for w in model.weights}. Its layers with a kernel are the trainer's with weights, in
    order, and its batch norms the batch norms; `names` says of layers that stand elsewhere which they are here.
    Kernels (height, width, inputs, outputs) become (outputs, height, width, inputs). `epsilon` is that of the batch
    norms. Quantisers are not in the file: the layers here must be those of `ste_sign`, without padding by 1.

    Returns the parameters that were set; SpecError where layers do not fit, DataError for a file that cannot be read,
    with nothing changed.
    """
    arrays = weights if isinstance(weights, Mapping) else dict(_read_h5(weights))
    return take(trainer, read_keras(arrays, epsilon), names)


def read_keras(arrays: Mapping[str, Any], epsilon: float = EPSILON) -> Foreign:
    """The products and norms of arrays called layer/part:0; SpecError for a layer that is neither."""
    layers: dict[str, dict[str, Array]] = {}
    for key, value in arrays.items():
        layer, _, part = key.partition(":")[0].rpartition("/")
        if part not in _PARTS:
            raise SpecError(f"{key} is no {', '.join(_PARTS[:-1])} or {_PARTS[-1]} of a layer; leave it out")
        layers.setdefault(layer, {})[part] = np.asarray(value, np.float64)
    products, norms = [], []
    for name, parts in layers.items():
        if "moving_mean" in parts and "moving_variance" in parts:
            channels = parts["moving_mean"].shape
            deviation = np.sqrt(parts["moving_variance"] + epsilon)
            gamma, beta = parts.get("gamma", np.ones(channels)), parts.get("beta", np.zeros(channels))
            norms.append(ForeignNorm(name, parts["moving_mean"], deviation, gamma, beta))
        elif "kernel" in parts:
            products.append(ForeignProduct(name, np.moveaxis(parts["kernel"], -1, 0), parts.get("bias")))
        else:
            raise SpecError(f"{name} has {', '.join(parts)} and no kernel, and is no batch norm; leave it out")
    return Foreign("Larq model", tuple(products), tuple(norms), channels_first=False)


def _read_h5(path: str | os.PathLike[str]) -> Iterator[tuple[str, Array]]:
    """The arrays of a file in the order of the model's layers; DataError for a file that is none."""
    try:
        import h5py  # an extra, needed here alone
    except ImportError:
        raise SpecError("reading a file of Keras needs h5py; pip install 'linocut[larq]'") from None
    try:
        with h5py.File(path, "r") as file:
            root = file.get("model_weights", file)
            for layer in root.attrs["layer_names"]:
                group = root[_text(layer)]
                for name in group.attrs["weight_names"]:
                    yield _text(name), group[_text(name)][()]
    except (OSError, KeyError) as error:
        raise DataError(
            f"{os.fspath(path)} cannot be read as weights of Keras: {error}; write them with model.save_weights('….h5')"
        ) from None


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name
