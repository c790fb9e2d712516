"""What flows between layers while a network is lowered: names of buffers, not numbers.

The backward pass is lowered after the forward one, from the last layer to the first: a consumer gives the gradient
of its input to the value, and the producer's backward step takes it from there. Where several layers consume one value,
their gradients are added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linocut import roles

if TYPE_CHECKING:
    from linocut.compile.builder import Builder


@dataclass(frozen=True)
class Gradient:
    """The buffer of a gradient, and of its power-of-two exponent where its mantissas are integers."""

    buffer: int
    exponent: int | None = None


@dataclass(eq=False, kw_only=True)
class Value:
    """An intermediate result; `gradient` is set while the backward pass is lowered."""

    gradient: Gradient | None = None

    def give(self, builder: Builder, gradient: Gradient) -> None:
        """Add the gradient of one more consumer; only numbers have several."""
        if self.gradient is None:
            self.gradient = gradient
            return
        before = self.gradient
        assert before.exponent is None and gradient.exponent is None, "integer gradients have one consumer"
        shape = builder.shape(before.buffer)
        total = builder.transient("sum.dX", roles.DX, shape, builder.policy.real)
        builder.emit("add", {"a": before.buffer, "b": gradient.buffer, "y": total})
        self.gradient = Gradient(total)

    def taken(self) -> Gradient:
        """The gradient that the consumers gave."""
        assert self.gradient is not None, "the consumer of a value lowers its backward step first"
        return self.gradient


@dataclass(eq=False)
class Given(Value):
    """The network's input (u8 or f32); it needs no gradient."""

    buffer: int


@dataclass(eq=False)
class Bits(Value):
    """Packed signs.

    `numbers` is the kept activation they can be made from again, None where the bits themselves are kept.
    """

    buffer: int
    numbers: int | None = None


@dataclass(eq=False)
class Product(Value):
    """A matrix product Y. `binary`: of a layer with binary weights, whose gradient has the policy's format of dY."""

    buffer: int
    binary: bool


@dataclass(eq=False)
class Real(Value):
    """Activations in numbers, f16 or f32; so is their gradient."""

    buffer: int


@dataclass(frozen=True)
class Kept:
    """What a norm's consumer kept for its backward pass: x in numbers or bits, the estimator's mask, half, omega."""

    x: int
    ste: bool
    mask: int | None = None
    half: int | None = None
    omega: int | None = None


@dataclass(eq=False)
class Normed(Value):
    """The output of a batch norm, not yet formed: its consumer decides whether it wants numbers or only signs.

    `norm` is its kind, as the instructions have it.
    """

    name: str
    y: int
    stats: int
    beta: int
    norm: float
    kept: Kept | None = None
