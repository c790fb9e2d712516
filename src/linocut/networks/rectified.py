"""rectified: a layer of signs before a ReLU, as hybrid networks are made of, here or as the authors' code has it."""

from __future__ import annotations

from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Layer,
    QuantisedConv2D,
    QuantisedDense,
    ReLU,
    Sign,
    Wired,
)


def convolution(
    name: str, filters: int, kernel: int = 3, stride: int = 1, *, published: bool = False, normed: bool = True
) -> tuple[Layer | Wired, ...]:
    """BN, sign, a convolution called `name`, BN, ReLU: (height, width, inputs) to (height', width', filters).

    `published`: weights are scaled and centred, as XNOR-Net's are, and the second norm, which is there if `normed`, has
    a scale.
    """
    own: Layer = BinaryConv2D(filters, kernel, stride)
    if published:
        own = QuantisedConv2D(filters, kernel, stride, bits=1, scaled=True, centred=True, floats=not normed)
    return (BatchNorm(), Sign(), own.named(name), *_end(published, normed))


def dense(name: str, units: int, *, published: bool = False) -> tuple[Layer | Wired, ...]:
    """The same of a dense layer: (inputs,) to (units,); as it is published without the second norm."""
    own: Layer = BinaryDense(units)
    if published:
        own = QuantisedDense(units, bits=1, scaled=True, centred=True, floats=True)
    return (BatchNorm(), Sign(), own.named(name), *_end(published, not published))


def shortcut(name: str, filters: int, stride: int, *, published: bool = False) -> tuple[Layer | Wired, ...]:
    """BN, sign, a convolution of 1 x 1, BN: (height, width, inputs) to (height', width', filters)."""
    *start, _, _ = convolution(name, filters, 1, stride, published=published)
    return (*start, BatchNorm())


def _end(published: bool, normed: bool) -> tuple[Layer, ...]:
    return (BatchNorm(scale=published), ReLU()) if normed else (ReLU(),)
