"""Input: what one example is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import Layer, Shape
from linocut.layers.kinds import INPUT
from linocut.layers.values import Given, Value

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

MOST_SIZES = 5  # and the batch: as many as a buffer has
MOST_ELEMENTS = 2**40  # of one example, here and after every layer
F32_MAX = 3.4028234663852886e38


@dataclass(frozen=True)
class Input(Layer):
    """Images (height, width, channels), sequences (steps, channels), vectors (features,), or up to 5 sizes of any kind.

    They are u8 (u means (2u - 255) / 255) or f32.

    An f32 input must lie in [low, high]: policies of integer arithmetic code it as u8 over that range. SpecError for a
    shape, type or range that cannot be.
    """

    kind: ClassVar[str] = "input"
    takes: ClassVar[tuple[str, ...]] = (INPUT,)
    shape: Shape
    dtype: str = "u8"
    low: float = -1.0
    high: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        whole = isinstance(self.shape, (tuple, list))
        if whole:
            whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in self.shape)
        if not whole or not 1 <= len(self.shape) <= MOST_SIZES:
            raise SpecError(
                f"input shape is {self.shape}, must be 1 to {MOST_SIZES} whole numbers above 0, such as (features,), "
                "(steps, channels) or (height, width, channels)"
            )
        if math.prod(self.shape) > MOST_ELEMENTS:
            sizes = " x ".join(f"{n:,}" if n <= MOST_ELEMENTS else "..." for n in self.shape)
            raise SpecError(f"input shape is {sizes}, must be {MOST_ELEMENTS:,} values or fewer")
        if self.dtype not in ("u8", "f32"):
            raise SpecError(f"input dtype is {self.dtype!r}, must be u8 or f32")
        numbers = all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in (self.low, self.high))
        if not numbers or not -F32_MAX <= self.low < self.high <= F32_MAX:
            raise SpecError(f"input range is {self.low!r} to {self.high!r}, must be finite numbers and rising")

    @property
    def is_bytes(self) -> bool:
        """Whether the values of an example are bytes, 0 to 255, else floats."""
        return self.dtype == "u8"

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of one example."""
        return self.shape

    def refuses(self, kind: str) -> str:
        """It is the first layer only."""
        return "" if kind == INPUT else "is a second input layer; remove it"

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """The batch as it was read, coded as u8 where the arithmetic is integer."""
        shape = (builder.batch, *self.shape)
        given = builder.external("input", roles.INPUT, shape, self.dtype)
        if self.is_bytes or not builder.policy.integer:
            return Given(given)
        codes = builder.transient(f"{name}.codes", roles.X, shape, "u8")
        builder.emit("quantise_input", {"x": given, "codes": codes}, {"low": self.low, "high": self.high})
        return Given(codes)
