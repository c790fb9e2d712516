"""The networks of the paper."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from linocut.errors import SpecError, unknown_name
from linocut.layers import BatchNorm, BinaryDense, Flatten, Input, Layer, Network, Sign, SoftmaxCrossEntropy


def mlp(
    input_shape: Sequence[int] = (28, 28, 1),
    classes: int = 10,
    hidden: Sequence[int] = (256, 256, 256, 256),
    dtype: str = "u8",
) -> Network:
    """The paper's perceptron, 784-256-256-256-256-10 on MNIST; `hidden` are the widths between input and classes."""
    layers: list[Layer] = [Input(tuple(input_shape), dtype), Flatten()]
    for units in hidden:
        layers += [BinaryDense(units), BatchNorm(), Sign()]
    layers += [BinaryDense(classes), BatchNorm(), SoftmaxCrossEntropy()]
    return Network("mlp", tuple(layers))


MODELS: dict[str, Callable[..., Network]] = {"mlp": mlp}


def build(name: str, **settings: Any) -> Network:
    """The model called `name`, with its own defaults for what `settings` leaves out; SpecError for an unknown one."""
    if name not in MODELS:
        raise unknown_name("model", name, MODELS)
    known = inspect.signature(MODELS[name]).parameters
    for setting in settings:
        if setting not in known:
            raise SpecError(f"model {name} has no setting {setting!r}; there are {', '.join(known)}")
    return MODELS[name](**settings)
