"""complex_resnet18 and its real counterpart: residual networks of 18 layers, of binary weights, for 32 x 32 pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from linocut.errors import SpecError
from linocut.graph.network import Network
from linocut.layers import (
    BatchNorm,
    BinaryComplexConv2D,
    BinaryConv2D,
    ComplexNorm,
    Dense,
    GlobalAveragePool,
    HardTanh,
    Input,
    Layer,
    ReLU,
    Residual,
    Sign,
    SoftmaxCrossEntropy,
    Wired,
)
from linocut.networks.complex_parts import BCNN_GAIN, LIMIT, learned_imaginary, norm_of
from linocut.networks.shapes import CIFAR

STAGES = (46, 92, 184, 356)  # complex filters
REAL_STAGES = (64, 128, 256, 512)
BLOCKS = 2  # in a stage
NORMED_LIMIT = 3.0  # of normed inputs that integer policies code as bytes


def complex_resnet18(
    input_shape: Sequence[int] = CIFAR,
    classes: int = 10,
    dtype: str = "u8",
    rotate: bool = True,
    stages: Sequence[int] = STAGES,
    whiten: bool = False,
) -> Network:
    """The ResNet-18 of binary complex weights of BCNN (arXiv 2104.10044): (height, width, 3) to (classes,).

    Two blocks a stage, of `stages` complex filters; the first of each stage but the first narrows the image. With
    rotate=False norms are those of linocut, without the complex factor; with whiten=True they whiten, under policies of
    floats. SpecError for what cannot be.
    """
    _check(stages, "complex_resnet18")
    norm = norm_of(rotate, whiten)
    layers: list[Layer | Wired] = [Input(tuple(input_shape), dtype)]
    layers += learned_imaginary(input_shape, ComplexNorm(scale=False), limit=NORMED_LIMIT)
    layers += [_complex(stages[0], 3), norm]
    layers += _blocks(stages, _complex, norm)
    return Network("complex_resnet18", (*layers, *_head(classes)))


def real_resnet18(
    input_shape: Sequence[int] = CIFAR, classes: int = 10, dtype: str = "u8", stages: Sequence[int] = REAL_STAGES
) -> Network:
    """The ResNet-18 of binary real weights that is as large as `complex_resnet18`: (height, width, 3) to (classes,).

    SpecError for what cannot be.
    """
    _check(stages, "real_resnet18")
    norm = BatchNorm(scale=True)
    layers: list[Layer | Wired] = [Input(tuple(input_shape), dtype), BinaryConv2D(stages[0]), norm]
    layers += _blocks(stages, BinaryConv2D, norm)
    return Network("real_resnet18", (*layers, *_head(classes)))


def _blocks(
    stages: Sequence[int], convolution: Callable[[int, int, int], Layer], norm: Layer
) -> Iterator[Layer | Wired]:
    """All blocks: clip, sign, convolution and norm twice, plus the block's input, narrowed where the image is."""
    before = stages[0]
    for filters in stages:
        for number in range(BLOCKS):
            stride = 2 if number == 0 and filters != before else 1
            clip = HardTanh(LIMIT), Sign("identity")
            body = (*clip, convolution(filters, 3, stride), norm, *clip, convolution(filters, 3, 1), norm)
            side = (*clip, convolution(filters, 1, stride), norm) if stride > 1 else ()
            yield Residual(body, side)
        before = filters


def _complex(filters: int, kernel: int, stride: int = 1) -> Layer:
    return BinaryComplexConv2D(filters, kernel, stride, gain=BCNN_GAIN)


def _head(classes: int) -> tuple[Layer, ...]:
    return ReLU(), GlobalAveragePool(), Dense(classes, bias=True), SoftmaxCrossEntropy()


def _check(stages: Sequence[int], name: str) -> None:
    if not stages:
        raise SpecError(f"{name} has no stages, must have one or more, such as {STAGES}")
