"""What complex networks are made of: an imaginary part that is learned, norms, pools."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.errors import SpecError
from linocut.layers import (
    BatchNorm,
    Code,
    ComplexNorm,
    Concat,
    Conv2D,
    HardTanh,
    Layer,
    ReLU,
    Sign,
    SpectralPool2D,
    SumPool2D,
    Wired,
)

LIMIT = 1.3  # of the hard tanh in front of signs
# BCNN's weights start with a gain of 4 and stay within 1.3; ours stay within 1, at a rate that is as much smaller.
BCNN_GAIN = 4.0 / LIMIT
SPECTRAL, MEAN = "spectral", "mean"
POOLS = (SPECTRAL, MEAN)


def learned_imaginary(input_shape: Sequence[int], *more: Layer, limit: float = 1.0) -> list[Layer | Wired]:
    """Layers that give [rgb, im] of an image, im = conv1x1(relu(bn(conv1x1(relu(bn(rgb)))))); `more` come behind it.

    30 numbers for three channels. Integer policies code it as bytes within the limit. SpecError for what is no image.
    """
    if len(input_shape) != 3:
        raise SpecError(f"input shape is {tuple(input_shape)}, must be (height, width, channels)")
    channels = input_shape[-1]
    layers: list[Layer | Wired] = []
    for _ in range(2):
        layers += [BatchNorm(scale=True), ReLU(), Conv2D(channels, 1)]
    layers[-1] = Conv2D(channels, 1).named("imaginary")
    return [*layers, Concat().after("input1", "imaginary"), *more, Code(limit)]


def norm_of(rotate: bool, whiten: bool) -> Layer:
    """The norm of complex channels: with a complex factor, whitening, or without `rotate` that of real networks."""
    return ComplexNorm(rotate=rotate, whiten=whiten) if rotate or whiten else BatchNorm()


def complex_norm(rotate: bool, whiten: bool, *, signed: bool, limit: float = LIMIT) -> list[Layer]:
    """A norm of products and what clips, and their signs if these are wanted.

    Without `rotate` it is the batch norm of real networks over real and imaginary parts, whose signs integer policies
    find by thresholds; these pass gradients where |x| is up to 1.
    """
    norm = norm_of(rotate, whiten)
    if not rotate:
        return [norm, Sign() if signed else HardTanh(limit)]
    return [norm, HardTanh(limit), *((Sign("identity"),) if signed else ())]


def pooled(pool: str) -> list[Layer]:
    """A pool that halves images of products: the authors', or sums, of which a norm makes what it makes of means."""
    return [SpectralPool2D() if pool == SPECTRAL else SumPool2D()]
