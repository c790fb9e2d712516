"""What flows between layers while a network is lowered: names of buffers, not numbers.

The backward pass is lowered after the forward one, from the last layer to the first: a consumer leaves the gradient
of its input in `gradient`, and the producer's backward step takes it from there.
"""

from __future__ import annotations

from dataclasses import dataclass

from linocut.errors import SpecError


@dataclass(frozen=True)
class Gradient:
    """The buffer of a gradient, and of its power-of-two exponent where its mantissas are integers."""

    buffer: int
    exponent: int | None = None


@dataclass(eq=False, kw_only=True)
class Value:
    """An intermediate result; `gradient` is set while the backward pass is lowered."""

    gradient: Gradient | None = None

    def taken(self) -> Gradient:
        """The gradient that the consumer left."""
        assert self.gradient is not None, "the consumer of a value lowers its backward step first"
        return self.gradient


@dataclass(eq=False)
class Real(Value):
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
    """A matrix product Y."""

    buffer: int


@dataclass(frozen=True)
class Kept:
    """What a norm's consumer kept for its backward pass: x as bits or numbers, the straight-through mask, omega."""

    x: int
    mask: int | None
    omega: int | None
    ste: bool


@dataclass(eq=False)
class Normed(Value):
    """The output of a batch norm, not yet formed: its consumer decides whether it wants numbers or only signs."""

    name: str
    y: int
    stats: int
    beta: int
    kept: Kept | None = None


def expect(value: Value, kinds: type | tuple[type, ...], layer: str, wants: str) -> None:
    """SpecError where a layer is given something it cannot take."""
    if not isinstance(value, kinds):
        raise SpecError(f"{layer} takes {wants}, not the output of {type(value).__name__.lower()}; reorder the layers")
