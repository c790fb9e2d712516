"""MaxPool2D, AveragePool2D and GlobalAveragePool: one value for each window of an image, channel by channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import Layer, Shape
from linocut.layers.kinds import BITS, NORMED, PRODUCT, REAL
from linocut.layers.numbers import as_numbers, real_gradient
from linocut.layers.values import Bits, Gradient, Product, Real, Value
from linocut.layers.window import VALID, Window, keep_tuple, pair, window
from linocut.ops.max_pool import planes

if TYPE_CHECKING:
    from linocut.compile.builder import Builder
    from linocut.layers.placed import Placed


@dataclass(frozen=True)
class _Pool(Layer):
    """A window of `size` (height, width), or one number for a square, moving by `stride` (by default the height)."""

    size: int | tuple[int, int] = 2
    stride: int | None = None
    padding: str = VALID

    def __post_init__(self) -> None:
        keep_tuple(self, "size")
        _ = self.window

    @property
    def window(self) -> Window:
        """The window that moves over the images."""
        what = f"{self.kind} size"
        height, _ = pair(what, self.size)
        return window(what, self.size, height if self.stride is None else self.stride, self.padding)

    def output_shape(self, shape: Shape) -> Shape:
        """(height', width', channels)."""
        return (*self.window.over(shape), shape[-1])


@dataclass(frozen=True)
class MaxPool2D(_Pool):
    """The largest of each window, of products, signs or numbers; ties go to the first. Padding is never the largest."""

    kind: ClassVar[str] = "max_pool2d"
    takes: ClassVar[tuple[str, ...]] = (PRODUCT, BITS, REAL, NORMED)

    def gives(self, kind: str) -> str:
        """What it was given; numbers for a norm's output."""
        return REAL if kind == NORMED else kind

    def lower(self, builder: Builder, place: Placed, value: Value) -> Value:
        """Forward: the largest, and for training where it came from. Backward: its gradient goes there."""
        name = place.name
        x = value if isinstance(value, (Product, Bits)) else as_numbers(builder, name, value)
        before, form = builder.shape(x.buffer), builder.buffers[x.buffer].format
        after = (before[0], *self.output_shape(before[1:]))
        role = roles.Y if isinstance(x, Product) else roles.X
        y = builder.transient(f"{name}.{role}", role, after, form)
        index = None
        if builder.training:
            digits = (*after[:3], planes(*self.window.size), after[3])
            index = builder.transient(f"{name}.index", roles.POOL_MASK, digits, "bit")
        builder.emit("max_pool", {"x": x.buffer, "y": y, "index": index}, self.window.pool_attributes())
        out = Product(y, x.binary) if isinstance(x, Product) else Bits(y) if isinstance(x, Bits) else Real(y)

        def backward() -> None:
            dy = out.taken()
            given = builder.buffers[dy.buffer]
            dx = builder.gradient(f"{name}.{given.role}", given.role, before, given.format)
            operands = {"dy": dy.buffer, "dy_exponent": dy.exponent, "index": index}
            operands |= {"dx": dx.buffer, "dx_exponent": dx.exponent}
            builder.emit("max_pool_gradient", operands, self.window.pool_attributes())
            x.give(builder, dx)

        builder.on_backward(backward)
        return out


@dataclass(frozen=True)
class AveragePool2D(_Pool):
    """The mean of each window's pixels, in numbers; padding does not count."""

    kind: ClassVar[str] = "average_pool2d"
    takes: ClassVar[tuple[str, ...]] = (REAL, NORMED)

    def gives(self, kind: str) -> str:
        """Numbers."""
        return REAL

    def lower(self, builder: Builder, place: Placed, value: Value) -> Value:
        """Forward: the means. Backward: equal shares of their gradients."""
        return _averaged(builder, place, value, self.output_shape, self.window.pool_attributes())


@dataclass(frozen=True)
class GlobalAveragePool(Layer):
    """The mean over all pixels: (height, width, channels) to (channels,)."""

    kind: ClassVar[str] = "global_average_pool"
    takes: ClassVar[tuple[str, ...]] = (REAL, NORMED)

    def output_shape(self, shape: Shape) -> Shape:
        """(channels,)."""
        if len(shape) != 3:
            raise SpecError(f"takes images (height, width, channels), not {shape}; put it before the flatten")
        _ = self._whole(shape)
        return (shape[-1],)

    def gives(self, kind: str) -> str:
        """Numbers."""
        return REAL

    def lower(self, builder: Builder, place: Placed, value: Value) -> Value:
        """An average pool as large as the image."""
        whole = self._whole(place.input_shape)
        pooled = _averaged(builder, place, value, lambda shape: (1, 1, shape[-1]), whole.pool_attributes())
        batch, _, _, channels = builder.shape(pooled.buffer)
        out = Real(builder.view(pooled.buffer, f"{place.name}.vectors", (batch, channels)))

        def backward() -> None:
            shape = builder.shape(pooled.buffer)
            pooled.give(builder, Gradient(builder.view(out.taken().buffer, f"{place.name}.pixels", shape)))

        builder.on_backward(backward)
        return out

    def _whole(self, shape: Shape) -> Window:
        """A window over all of an image."""
        height, width, _ = shape
        return window(self.kind, (height, width), max(height, width), VALID)


def _averaged(
    builder: Builder, place: Placed, value: Value, output: Callable[[Shape], Shape], attributes: dict[str, float]
) -> Real:
    name, x = place.name, as_numbers(builder, place.name, value)
    before = builder.shape(x.buffer)
    out = Real(builder.transient(f"{name}.X", roles.X, (before[0], *output(before[1:])), builder.policy.real))
    builder.emit("average_pool", {"x": x.buffer, "y": out.buffer}, attributes)

    def backward() -> None:
        gradient = real_gradient(builder, f"{name}.dX", roles.DX, before)
        builder.emit("average_pool_gradient", {"dy": out.taken().buffer, "dx": gradient.buffer}, attributes)
        x.give(builder, gradient)

    builder.on_backward(backward)
    return out
