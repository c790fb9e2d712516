"""What flows between layers while a network is lowered: indices of buffers, and gradients on their way back.

The backward pass is lowered after the forward one, from the last layer to the first: a consumer gives the gradient
of its input to the value, and the producer's backward step takes it from there. Where several layers consume one value,
their gradients are added.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from linocut import roles
from linocut.formats import find_format
from linocut.layers.lowering import Gradient as Gradient
from linocut.layers.lowering import Lowering
from linocut.layers.parameters import BETA
from linocut.layers.shape import Shape


@dataclass(eq=False, kw_only=True)
class Value:
    """An intermediate result; `gradient` is set while the backward pass is lowered, unless none is `wanted`.

    That is so of the network's input, and of what only frozen layers come before.
    """

    gradient: Gradient | None = None
    wanted: bool = True

    def give(self, builder: Lowering, gradient: Gradient) -> None:
        """Add the gradient of one more consumer; sums are in the policy's format of full precision."""
        if self.gradient is None:
            self.gradient = gradient
            return
        before, more = in_numbers(builder, self.gradient), in_numbers(builder, gradient)
        total = builder.transient("sum.dX", roles.DX, builder.shape(before), builder.real_X)
        builder.emit("add", {"a": before, "b": more, "y": total})
        self.gradient = Gradient(total)

    def sum_so_far(self, builder: Lowering) -> int | None:
        """What other consumers gave, in floats, for one that adds its own to it, and gives the sum in its place."""
        if self.gradient is None:
            return None
        before, self.gradient = in_numbers(builder, self.gradient), None
        return before

    def taken(self) -> Gradient:
        """The gradient that the consumers gave."""
        assert self.gradient is not None, "the consumer of a value lowers its backward step first"
        return self.gradient


def viewed(builder: Lowering, name: str, gradient: Gradient, shape: Shape) -> Gradient:
    """The bytes of a gradient under another shape; floats of it where rows of nibbles would begin within a byte."""
    nibbles = find_format(builder.form(gradient.buffer)).is_nibbles
    if nibbles and shape[-1] % 2:
        return Gradient(builder.view(in_numbers(builder, gradient), name, shape))
    return Gradient(builder.view(gradient.buffer, name, shape), gradient.exponent)


def in_numbers(builder: Lowering, gradient: Gradient) -> int:
    """The buffer of a gradient in floats: mantissas times their power of two, in the unit of float gradients."""
    if gradient.exponent is None:
        return gradient.buffer
    shape = builder.shape(gradient.buffer)
    out = builder.transient("numbers.dX", roles.DX, shape, builder.real_X)
    operands = {"dx": gradient.buffer, "dx_exponent": gradient.exponent, "unit": builder.unit, "out": out}
    builder.emit("gate_gradient", operands)
    return out


@dataclass(eq=False)
class Given(Value):
    """The network's input (u8 or f32); it needs no gradient."""

    buffer: int
    wanted: bool = field(default=False, kw_only=True)


@dataclass(eq=False)
class Bits(Value):
    """Packed signs; or levels, of which `buffer` is the most significant plane and `more` are the others, in order.

    `numbers` is the kept activation they can be made from again, None where the bits themselves are kept.
    """

    buffer: int
    numbers: int | None = None
    more: tuple[int, ...] = ()

    @property
    def planes(self) -> tuple[int, ...]:
        """The planes, the most significant first; of signs one."""
        return self.buffer, *self.more


@dataclass(eq=False)
class Product(Value):
    """A matrix product Y of a layer with binary weights, whose gradient has the policy's format of dY.

    No integer of it is larger than `most`; 0 where that is not known.
    """

    buffer: int
    most: int = 0


@dataclass(eq=False)
class Real(Value):
    """Float activations, f16 or f32; so is their gradient.

    `again` forms them anew, where that costs less than keeping them for the backward pass; it returns their buffer.
    """

    buffer: int
    again: Callable[[], int] | None = None


@dataclass(frozen=True)
class Kept:
    """What a norm's consumer kept for its backward pass: x as floats or bits, the estimator's mask, half, omega.

    `ste` says where the gradient passes, as the instructions have it: everywhere, CLIPPED or RECTIFIED.
    """

    x: int
    ste: float
    mask: int | None = None
    half: int | None = None
    omega: int | None = None


@dataclass(eq=False)
class Normed(Value):
    """The output of a batch norm, not yet formed: its consumer decides whether it wants floats or only signs.

    `norm` is its kind, as the instructions have it. `beta` is its shift, None for none. `learns_shift_alone`: all that
    its backward pass is for is the gradient of beta, the sum of its output's. `rectified`: a ReLU follows, which is
    formed with it. `y_again` forms y anew, where that is cheap.
    """

    name: str
    y: int
    stats: int
    beta: int | None
    norm: float
    kept: Kept | None = None
    learns_shift_alone: bool = False
    rectified: bool = False
    y_again: Callable[[], int] | None = None

    def give_shift(self, builder: Lowering, gradient: int) -> None:
        """The optimizer's step of the shift, whose gradient a buffer holds."""
        builder.update(self.name, BETA, gradient)


Stored = TypeVar("Stored", bound="Given | Bits | Product | Real")


def reshaped(builder: Lowering, name: str, value: Stored, shape: Shape) -> Stored:
    """The same value, its bytes under another shape (batch, ...); its gradient goes back under the old one.

    The last dimension of packed signs stays, unless it fills whole words.
    """
    before = builder.shape(value.buffer)
    if before == shape:
        return value
    buffer = builder.view(value.buffer, f"{name}.view", shape)
    if isinstance(value, Bits):
        numbers = None if value.numbers is None else builder.view(value.numbers, f"{name}.numbers", shape)
        more = tuple(builder.view(plane, f"{name}.view", shape) for plane in value.more)
        out: Given | Bits | Product | Real = Bits(buffer, numbers, more)
    elif isinstance(value, Product):
        out = Product(buffer, value.most)
    else:
        out = type(value)(buffer)  # of the same kind
    out.wanted = value.wanted

    def backward() -> None:
        if out.gradient is not None:  # there is none of the network's input
            value.give(builder, viewed(builder, f"{name}.dX.view", out.taken(), before))

    builder.on_backward(backward)
    return out  # type: ignore[return-value]  # of the type of `value`
