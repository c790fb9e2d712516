"""import_pytorch: the weights of a PyTorch module of the same network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.errors import SpecError
from linocut.importing.foreign import Foreign, ForeignNorm, ForeignProduct
from linocut.importing.take import take
from linocut.ops.bits import Array

if TYPE_CHECKING:
    from linocut.train import Trainer

EPSILON = 1e-5
_COUNTED = "num_batches_tracked"
_PARTS = ("weight", "bias", "running_mean", "running_var")


def import_pytorch(
    trainer: Trainer,
    state_dict: Mapping[str, Any],
    names: Mapping[str, str] | None = None,
    *,
    epsilon: float = EPSILON,
) -> tuple[str, ...]:
    """Take the weights of a PyTorch module, as its `state_dict()` has them, into a trainer of the same network.

    Its convolutions and linear layers are the trainer's layers with weights in the order of the dictionary, and its
    batch norms the batch norms; `names` says of modules that stand elsewhere which layer they are. Weights
    (outputs, inputs, height, width) become (outputs, height, width, inputs), and the inputs of a layer behind a flatten
    follow. `epsilon` is that of the batch norms. Weights of binary layers are the latent ones; exactly 0 counts as +1
    here, where torch.sign gives 0. An input u of bytes counts as (2 u - 255) / 255.

    Returns the parameters that were set; SpecError where modules and layers do not fit, with nothing changed.
    """
    return take(trainer, read_state_dict(state_dict, epsilon), names)


def read_state_dict(state_dict: Mapping[str, Any], epsilon: float = EPSILON) -> Foreign:
    """The products and norms of a state dictionary; SpecError for a module that is neither."""
    modules: dict[str, dict[str, Array]] = {}
    for key, value in state_dict.items():
        module, _, part = key.rpartition(".")
        if part != _COUNTED:
            modules.setdefault(module, {})[part] = _array(key, value)
    products, norms = [], []
    for name, parts in modules.items():
        unknown = sorted(set(parts) - set(_PARTS))
        if unknown:
            raise SpecError(
                f"{name}.{unknown[0]} is no part of a convolution, linear layer or batch norm; leave it out"
            )
        if "running_mean" in parts:
            norms.append(_norm(name, parts, epsilon))
        elif parts.get("weight", np.zeros(())).ndim >= 2:
            products.append(ForeignProduct(name, np.moveaxis(parts["weight"], 1, -1), parts.get("bias")))
        else:
            raise SpecError(f"{name} has no weights of two dimensions or more and is no batch norm; leave it out")
    return Foreign("state dictionary", tuple(products), tuple(norms), channels_first=True)


def _array(key: str, value: Any) -> Array:
    """Numbers of a tensor, on any device and with or without a gradient, or of an array."""
    for method in ("detach", "cpu"):
        value = getattr(value, method, lambda value=value: value)()
    try:
        return np.asarray(value, np.float64)
    except (TypeError, ValueError) as error:
        raise SpecError(f"{key} is {type(value).__name__}, must be a tensor or an array of numbers") from error


def _norm(name: str, parts: Mapping[str, Array], epsilon: float) -> ForeignNorm:
    mean, channels = parts["running_mean"], parts["running_mean"].shape
    if "running_var" not in parts:
        raise SpecError(f"{name} has a running_mean and no running_var; give the whole state dictionary")
    deviation = np.sqrt(parts["running_var"] + epsilon)
    gamma, beta = parts.get("weight", np.ones(channels)), parts.get("bias", np.zeros(channels))
    return ForeignNorm(name, mean, deviation, gamma, beta)
