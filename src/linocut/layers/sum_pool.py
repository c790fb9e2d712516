"""SumPool2D and SumPool1D: the sum over windows side by side, of products as they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import Layer, Shape
from linocut.layers.kinds import PRODUCT
from linocut.layers.operations import Elementwise, Operation
from linocut.layers.values import Gradient, Product, Value, reshaped
from linocut.layers.window import VALID, Window, window
from linocut.ops.limits import I16_MAX, I32_MAX

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class SumPool(Layer):
    """The sum of each window's products; windows stand side by side, what none of them sees is left out.

    The batch norm that follows makes of sums what it would make of means: integers stay exact. SpecError for a size
    that is no square.
    """

    takes: ClassVar[tuple[str, ...]] = (PRODUCT,)
    flat: ClassVar[bool]
    size: int | tuple[int, int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        size = self.window.size
        if not self.flat and size[0] != size[1]:
            raise SpecError(f"{self.kind} size is {self.size!r}, must be one number or a square: windows side by side")

    @property
    def window(self) -> Window:
        """The window, as far as its size from one to the next."""
        whole = window(f"{self.kind} size", self.size, 1, VALID, flat=self.flat)
        return Window(whole.what, whole.size, whole.size[1], VALID, self.flat)

    def output_shape(self, shape: Shape) -> Shape:
        """(height', width', channels), or (steps', channels)."""
        return (*self.window.over(shape), shape[-1])

    def operation(self, shapes: Sequence[Shape]) -> Operation:
        """A window for each output."""
        return Elementwise(math.prod(self.output_shape(shapes[0])), 1)

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: the sums. Backward: each product has the gradient of its sum. SpecError for sums beyond 32 bits."""
        assert isinstance(value, Product)
        images = reshaped(builder, f"{name}.images", value, self.window.as_images(builder.shape(value.buffer)))
        before = builder.shape(images.buffer)
        after = self.window.images_over(before, before[-1])
        most = images.most * math.prod(self.window.size)
        y = builder.transient(f"{name}.Y", roles.Y, after, _form(name, builder.form(images.buffer), most))
        sizes = {"height": float(self.window.size[0]), "width": float(self.window.size[1])}
        builder.emit("sum_pool", {"x": images.buffer, "y": y}, sizes)
        out = Product(y, most)

        def backward() -> None:
            dy = out.taken()
            dx = builder.transient(f"{name}.dY", builder.role(dy.buffer), before, builder.form(dy.buffer))
            builder.emit("sum_pool_gradient", {"dy": dy.buffer, "dx": dx}, sizes)
            images.give(builder, Gradient(dx, dy.exponent))

        builder.on_backward(backward)
        return reshaped(builder, f"{name}.out", out, self.window.as_given(after))


@dataclass(frozen=True)
class SumPool2D(SumPool):
    """The sum of each square of products, side by side: (height, width, channels) to (height', width', channels).

    A batch norm behind it makes of sums what it would make of means. SpecError for a size that is no square.
    """

    kind: ClassVar[str] = "sum_pool2d"
    flat: ClassVar[bool] = False


@dataclass(frozen=True)
class SumPool1D(SumPool):
    """The sum of so many steps of products, side by side: (steps, channels) to (steps', channels)."""

    kind: ClassVar[str] = "sum_pool1d"
    flat: ClassVar[bool] = True


def _form(name: str, form: str, most: int) -> str:
    """The narrowest format of exact sums; floats stay as they are."""
    if form not in ("i16", "i32"):
        return form
    if most > I32_MAX:
        raise SpecError(f"{name}: sums reach {most:,}, must stay within 32 bits, {I32_MAX:,}; take smaller windows")
    return "i16" if 0 < most <= I16_MAX else "i32"
