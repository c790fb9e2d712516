"""complex_nin and its real counterpart: networks in networks of binary weights, complex or real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from linocut.errors import SpecError, unknown_name
from linocut.graph.network import Network
from linocut.layers import (
    BatchNorm,
    BinaryComplexConv2D,
    BinaryConv2D,
    Conv2D,
    GlobalAveragePool,
    HardTanh,
    Input,
    Layer,
    Sign,
    SoftmaxCrossEntropy,
    SumPool2D,
    Wired,
)
from linocut.networks.complex_parts import BCNN_GAIN, LIMIT, MEAN, POOLS, complex_norm, learned_imaginary, pooled
from linocut.networks.shapes import CIFAR

WIDTHS = (124, 100, 60, 124, 124, 124, 124, 124)  # complex channels
REAL_WIDTHS = (192, 160, 96, 192, 192, 192, 192, 192)
_KERNELS = (5, 1, 1, 5, 1, 1, 3, 1)
_POOLED = (2, 5)  # behind these layers an image halves


def complex_nin(
    input_shape: Sequence[int] = CIFAR,
    classes: int = 10,
    dtype: str = "u8",
    pool: str = "spectral",
    rotate: bool = True,
    widths: Sequence[int] = WIDTHS,
    whiten: bool = False,
) -> Network:
    """The network in network of binary complex weights of BCNN (arXiv 2104.10044): (height, width, 3) to (classes,).

    The input is a picture and an imaginary part that is learned from it. `widths` are complex channels, eight of them.
    `pool` is "spectral", the authors', or "mean", a cheaper network, which policies of integers train too. With
    rotate=False norms are those of linocut, without the complex factor, and fold to thresholds; with
    whiten=True they whiten (ComplexNorm), under policies of floats. SpecError for what cannot be.
    """
    _check(widths, "complex_nin")
    if pool not in POOLS:
        raise unknown_name("complex_nin pool", pool, POOLS)
    layers: list[Layer | Wired] = [Input(tuple(input_shape), dtype), *learned_imaginary(input_shape)]
    for number, (filters, kernel) in enumerate(zip(widths, _KERNELS, strict=True)):
        layers.append(BinaryComplexConv2D(filters, kernel, bias=True, gain=BCNN_GAIN))
        if number in _POOLED:
            layers += pooled(pool)
        last = number == len(_KERNELS) - 1
        layers += complex_norm(rotate, whiten, signed=not last, limit=1.0 if last else LIMIT)
    layers += [Conv2D(classes, 1, bias=True), BatchNorm(scale=True), GlobalAveragePool(), SoftmaxCrossEntropy()]
    return Network("complex_nin", tuple(layers))


def complex_nin_mean(
    input_shape: Sequence[int] = CIFAR, classes: int = 10, dtype: str = "u8", widths: Sequence[int] = WIDTHS
) -> Network:
    """`complex_nin` with means for pools, which is cheaper, and which policies of integers train too."""
    return replace(complex_nin(input_shape, classes, dtype, MEAN, True, widths), name="complex_nin_mean")


def complex_nin_plain(
    input_shape: Sequence[int] = CIFAR, classes: int = 10, dtype: str = "u8", widths: Sequence[int] = WIDTHS
) -> Network:
    """`complex_nin` with means for pools and without the complex factors of norms: signs are found by thresholds."""
    return replace(complex_nin(input_shape, classes, dtype, MEAN, False, widths), name="complex_nin_plain")


def real_nin(
    input_shape: Sequence[int] = CIFAR, classes: int = 10, dtype: str = "u8", widths: Sequence[int] = REAL_WIDTHS
) -> Network:
    """The network in network of binary real weights that is as large as `complex_nin`.

    (height, width, 3) to (classes,). `widths` are channels, eight of them; pools are means. SpecError for what cannot
    be.
    """
    _check(widths, "real_nin")
    layers: list[Layer] = [Input(tuple(input_shape), dtype)]
    for number, (filters, kernel) in enumerate(zip(widths, _KERNELS, strict=True)):
        layers.append(BinaryConv2D(filters, kernel, bias=True))
        if number in _POOLED:
            layers.append(SumPool2D())
        last = number == len(_KERNELS) - 1
        layers += [BatchNorm(scale=True), HardTanh(1.0 if last else LIMIT), *(() if last else (Sign("identity"),))]
    layers += [Conv2D(classes, 1, bias=True), GlobalAveragePool(), SoftmaxCrossEntropy()]
    return Network("real_nin", tuple(layers))


def _check(widths: Sequence[int], name: str) -> None:
    if len(widths) != len(_KERNELS):
        raise SpecError(f"{name} has {len(widths)} widths, must have {len(_KERNELS)}, one for each binary convolution")
