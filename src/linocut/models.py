"""The networks of the paper. All are lists of layers, as users write their own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from linocut.errors import SpecError, unknown_name
from linocut.layers import (
    AveragePool2D,
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    Layer,
    MaxPool2D,
    Network,
    ReLU,
    Residual,
    Sign,
    SoftmaxCrossEntropy,
)

CIFAR = (32, 32, 3)
IMAGENET = (224, 224, 3)
STAGES = (64, 128, 256, 512)  # filters of a residual network's stages
BLOCKS = 4  # binary convolutions in a stage


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


def cnv(input_shape: Sequence[int] = CIFAR, classes: int = 10, dtype: str = "u8") -> Network:
    """CNV (Umuroglu et al., FINN, arXiv 1612.07119): valid 3 x 3 convolutions, pools after the signs."""
    layers: list[Layer] = [Input(tuple(input_shape), dtype)]
    for filters in (64, 128, 256):
        for _ in range(2):
            layers += [BinaryConv2D(filters, padding="valid"), BatchNorm(), Sign()]
        if filters < 256:
            layers.append(MaxPool2D())
    return Network("cnv", (*layers, Flatten(), *_classifier((512, 512), classes)))


def binarynet(input_shape: Sequence[int] = CIFAR, classes: int = 10, dtype: str = "u8") -> Network:
    """BinaryNet (Courbariaux et al., arXiv 1602.02830): same 3 x 3 convolutions, pools before the norms."""
    layers: list[Layer] = [Input(tuple(input_shape), dtype)]
    for filters in (128, 256, 512):
        layers += [BinaryConv2D(filters), BatchNorm(), Sign()]
        layers += [BinaryConv2D(filters), MaxPool2D(), BatchNorm(), Sign()]
    return Network("binarynet", (*layers, Flatten(), *_classifier((1024, 1024), classes)))


def resnete18(input_shape: Sequence[int] = IMAGENET, classes: int = 1000, dtype: str = "u8") -> Network:
    """ResNetE-18 (Bethge et al., arXiv 1906.08637): a shortcut around each of its 16 binary convolutions."""
    return _residual_network("resnete18", Sign(), False, input_shape, classes, dtype)


def bireal18(input_shape: Sequence[int] = IMAGENET, classes: int = 1000, dtype: str = "u8") -> Network:
    """Bi-Real-18 (Liu et al., arXiv 1808.00278): the same, with a closer sign gradient and scaled binary weights."""
    return _residual_network("bireal18", Sign("quadratic"), True, input_shape, classes, dtype)


def _classifier(hidden: Sequence[int], classes: int) -> list[Layer]:
    layers: list[Layer] = []
    for units in hidden:
        layers += [BinaryDense(units), BatchNorm(), Sign()]
    return [*layers, BinaryDense(classes), BatchNorm(), SoftmaxCrossEntropy()]


def _residual_network(
    name: str, sign: Sign, scaled: bool, input_shape: Sequence[int], classes: int, dtype: str
) -> Network:
    layers: list[Layer] = [Input(tuple(input_shape), dtype), BatchNorm()]
    layers += [Conv2D(STAGES[0], 7, 2), BatchNorm(), ReLU(), MaxPool2D(3, 2, "same"), BatchNorm()]
    before = STAGES[0]
    for filters in STAGES:
        for _ in range(BLOCKS):
            narrows = filters != before
            body = (sign, BinaryConv2D(filters, stride=2 if narrows else 1, scaled=scaled), BatchNorm())
            side = (AveragePool2D(padding="same"), Conv2D(filters, 1), BatchNorm()) if narrows else ()
            layers.append(Residual(body, side))
            before = filters
    return Network(name, (*layers, ReLU(), GlobalAveragePool(), Dense(classes), BatchNorm(), SoftmaxCrossEntropy()))


MODELS: dict[str, Callable[..., Network]] = {
    "mlp": mlp,
    "cnv": cnv,
    "binarynet": binarynet,
    "resnete18": resnete18,
    "bireal18": bireal18,
}


def build(name: str, **settings: Any) -> Network:
    """The model called `name`, with its own defaults for what `settings` leaves out; SpecError for an unknown one."""
    if name not in MODELS:
        raise unknown_name("model", name, MODELS)
    known = inspect.signature(MODELS[name]).parameters
    for setting in settings:
        if setting not in known:
            raise SpecError(f"model {name} has no setting {setting!r}; there are {', '.join(known)}")
    return MODELS[name](**settings)
