"""complex_radio and its real counterpart: networks of binary weights that tell how a radio signal is modulated."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.errors import SpecError
from linocut.graph.network import Network
from linocut.layers import (
    BatchNorm,
    BinaryComplexConv1D,
    BinaryConv1D,
    Dense,
    GlobalAveragePool,
    Input,
    Layer,
    ReLU,
    Sign,
    SoftmaxCrossEntropy,
    SumPool1D,
)
from linocut.networks.complex_parts import complex_norm

SAMPLES = (128, 2)  # steps of I and Q
MODULATIONS = 11
WIDTHS = (32, 48, 64, 64)  # complex filters of convolutions, all but the last of which are pooled
REAL_WIDTHS = (64, 64, 88, 88)
KERNEL = 7  # of the first; the others have 5
FURTHER = 5


def complex_radio(
    input_shape: Sequence[int] = SAMPLES,
    classes: int = MODULATIONS,
    dtype: str = "f32",
    rotate: bool = True,
    widths: Sequence[int] = WIDTHS,
    whiten: bool = False,
) -> Network:
    """Complex convolutions over I/Q samples, (steps, 2) to (classes,): weights +-1 +-i, pools, norms, signs.

    `widths` are complex filters. With rotate=False norms have no complex factor, and fold to thresholds; with
    whiten=True they whiten (ComplexNorm), under policies of floats. SpecError for what cannot be.
    """
    _check(input_shape, widths, "complex_radio")
    layers: list[Layer] = [Input(tuple(input_shape), dtype)]
    for number, filters in enumerate(widths):
        last = number == len(widths) - 1
        layers.append(BinaryComplexConv1D(filters, FURTHER if number else KERNEL))
        layers += () if last else (SumPool1D(2),)
        norm = complex_norm(rotate, whiten, signed=True)
        layers += norm[:1] if last else norm
    return Network("complex_radio", (*layers, *_head(classes)))


def real_radio(
    input_shape: Sequence[int] = SAMPLES,
    classes: int = MODULATIONS,
    dtype: str = "f32",
    widths: Sequence[int] = REAL_WIDTHS,
) -> Network:
    """The same of real binary weights, about as many bits of them: (steps, 2) to (classes,).

    SpecError for what cannot be.
    """
    _check(input_shape, widths, "real_radio")
    layers: list[Layer] = [Input(tuple(input_shape), dtype)]
    for number, filters in enumerate(widths):
        last = number == len(widths) - 1
        layers.append(BinaryConv1D(filters, FURTHER if number else KERNEL))
        layers += (BatchNorm(),) if last else (SumPool1D(2), BatchNorm(), Sign())
    return Network("real_radio", (*layers, *_head(classes)))


def _head(classes: int) -> tuple[Layer, ...]:
    return ReLU(), GlobalAveragePool(), Dense(classes, bias=True), SoftmaxCrossEntropy()


def _check(input_shape: Sequence[int], widths: Sequence[int], name: str) -> None:
    if len(input_shape) != 2 or input_shape[-1] % 2:
        raise SpecError(f"{name} takes samples (steps, 2), I and Q, not {tuple(input_shape)}")
    if not widths:
        raise SpecError(f"{name} has no widths, must have one or more, such as {WIDTHS}")
