"""ComplexNorm: batch norm of complex channels, as binary complex networks have it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import fields, roles
from linocut.errors import SpecError
from linocut.layers.base import Cost, Layer, Shape
from linocut.layers.batch_norm import RUNNING, check_momentum, normed
from linocut.layers.biases import add_bias, in_units_of_one, update_by_sums
from linocut.layers.complex_product import pairs
from linocut.layers.kinds import INPUT, PRODUCT, REAL
from linocut.layers.norm_output import norm_work
from linocut.layers.numbers import as_numbers, real_gradient
from linocut.layers.parameters import BETA, SCALE, STATISTIC, Initial, Parameter, bias
from linocut.layers.values import Product, Real, Value
from linocut.layers.whitened import running_covariance, whitened
from linocut.ops import complex_map

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

GAINS = "gains"
HALF = math.sqrt(0.5)  # the norm of a complex number of two parts of deviation 1 is sqrt(2)


@dataclass(frozen=True)
class ComplexNorm(Layer):
    """Batch norm of complex channels: (..., 2 channels) to the same shape, the real parts first, in floats.

    Each part is normed by itself: z = (y - mean) / (sqrt 2 deviation), the deviation being that of the policy's batch
    norm (BatchNorm); of l2 it is sqrt(var + 1e-5), so that the 1e-5 that the authors add to 2 var is 2e-5 here. Then
    x_re = g_rr z_re - g_ii z_im + b_re and x_im = g_rr z_im + g_ii z_re + b_im: a complex factor, at first
    e^(i pi / 4), and a shift (flying-Yan/BCNN, the code of arXiv 2104.10044). With rotate=False g_ii is 0 and g_rr
    starts at 1. With scale=False x is z alone.

    With whiten=True the parts are normed together: z = V^-1/2 (y - mean), V being their covariance plus 1e-4, whatever
    the policy's norm, and x = [[g_rr, g_ri], [g_ri, g_ii]] z + b, at first 1/sqrt 2, 0 and 1/sqrt 2 (deep complex
    networks, arXiv 1705.09792); in floats, so that integer policies refuse it.

    `momentum` is the fraction of running statistics that a step keeps; they start at a mean of 0 and 1/sqrt 2.
    SpecError for other settings, and for an odd number of channels.
    """

    kind: ClassVar[str] = "complex_norm"
    takes: ClassVar[tuple[str, ...]] = (PRODUCT, REAL, INPUT)
    momentum: float = 0.9
    scale: bool = True
    rotate: bool = True
    whiten: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_momentum(self.kind, self.momentum)
        fields.flag(self.scale, "complex_norm scale")
        fields.flag(self.rotate, "complex_norm rotate")
        fields.flag(self.whiten, "complex_norm whiten")
        if self.whiten and not self.rotate:
            raise SpecError("complex_norm whiten has a symmetric matrix, no factor: leave rotate as it is")

    def output_shape(self, shape: Shape) -> Shape:
        """The same shape; SpecError for channels that are no pairs."""
        _ = pairs(shape)
        return shape

    def gives(self, kind: str) -> str:
        """Floats."""
        return REAL

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Running mean and deviation (2, 2 channels), or means and covariances (5, channels); with a scale the shift.

        And the parts of what multiplies: (2, channels) of a factor, (1, channels) of a real one, (3, channels).
        """
        running = Parameter(node, RUNNING, (2, shape[-1]), STATISTIC, initial=Initial(rows=(0.0, HALF)))
        if self.whiten:
            running = running_covariance(node, shape[-1] // 2)
        if not self.scale:
            return (running,)
        start = (HALF, 0.0, HALF) if self.whiten else (HALF, HALF) if self.rotate else (1.0,)
        gains = Parameter(node, GAINS, (len(start), shape[-1] // 2), SCALE, initial=Initial(rows=start))
        return (bias(node, shape[-1], BETA), running, gains)

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Per part of a channel the running mean and deviation and the shift, and the factor's parts."""
        return Cost(real_parameters=sum(math.prod(one.shape) for one in self.parameters("", shape)))

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: z, then x. Backward: the gradients of the factor and the shift, of z and of y."""
        y = value if isinstance(value, Product) else as_numbers(builder, name, value)
        if self.whiten:
            z = whitened(builder, name, y, self.momentum)
            return _turned(builder, name, z, 1.0) if self.scale else z
        z = as_numbers(builder, name, normed(builder, name, y, None, self.momentum))
        return _turned(builder, name, z, HALF) if self.scale else _halved(builder, name, z)


def _turned(builder: Lowering, name: str, z: Real, factor: float) -> Real:
    """x = factor gains z + shift."""
    shape, gains = builder.shape(z.buffer), builder.parameter(name, GAINS)
    out = Real(_mapped(builder, f"{name}.turned", z.buffer, gains, factor))
    add_bias(builder, name, out.buffer, BETA)

    def backward() -> None:
        dx = out.taken().buffer
        dz = real_gradient(builder, f"{name}.dZ", roles.DX, shape)
        _map(builder, dx, gains, dz.buffer, factor, transposed=True)
        z.give(builder, dz)
        if builder.learns(name):
            sums = builder.transient(f"{name}.dgains", roles.BETA, builder.shape(gains), "f32")
            half = (*shape[:-1], shape[-1] // 2)
            work = norm_work(builder, f"{name}.gains", complex_map.QUANTITIES, half)
            operands = {"dy": dx, "x": z.buffer, "sums": sums, "work": work}
            builder.emit("complex_map_sums", operands, {"factor": factor})
            in_units_of_one(builder, sums)
            builder.update(name, GAINS, sums)
        update_by_sums(builder, name, BETA, dx)

    builder.on_backward(backward)
    return out


def _halved(builder: Lowering, name: str, z: Real) -> Real:
    """x = z / sqrt 2, which is all that a norm without a scale does."""
    shape = builder.shape(z.buffer)
    ones = builder.memory(name, "ones", roles.BETA, (1, shape[-1] // 2), "f32", Initial(rows=(1.0,)))
    out = Real(_mapped(builder, f"{name}.halved", z.buffer, ones, HALF), wanted=z.wanted)

    def backward() -> None:
        if out.gradient is None:
            return
        dz = real_gradient(builder, f"{name}.dZ", roles.DX, shape)
        _map(builder, out.gradient.buffer, ones, dz.buffer, HALF, transposed=True)
        z.give(builder, dz)

    builder.on_backward(backward)
    return out


def _mapped(builder: Lowering, name: str, x: int, gains: int, factor: float) -> int:
    y = builder.transient(name, roles.X, builder.shape(x), builder.real_X)
    _map(builder, x, gains, y, factor, transposed=False)
    return y


def _map(builder: Lowering, x: int, gains: int, y: int, factor: float, *, transposed: bool) -> None:
    attributes = {"factor": factor, "transposed": float(transposed)}
    builder.emit("complex_map", {"x": x, "gains": gains, "y": y}, attributes)
