"""Pools: one value for each window of an image or a sequence, channel by channel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import Layer, Shape
from linocut.layers.kinds import BITS, LEVELS_2, LEVELS_4, NORMED, PRODUCT, REAL
from linocut.layers.numbers import as_numbers, real_gradient
from linocut.layers.operations import Elementwise, Operation
from linocut.layers.quantise import levels_as_numbers, levels_of_numbers
from linocut.layers.values import Bits, Product, Real, Value, reshaped
from linocut.layers.window import VALID, Window, window
from linocut.ops.max_pool import planes

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class _Pool(Layer):
    """A window of `size` that moves by `stride`, by default its own height or length; `flat`: over sequences."""

    flat: ClassVar[bool]
    size: int | tuple[int, int] = 2
    stride: int | None = None
    padding: str = VALID

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.window

    @property
    def window(self) -> Window:
        """The window that moves over the images, or along the steps of sequences; SpecError for one that cannot be."""
        moves = window(f"{self.kind} size", self.size, 1, self.padding, flat=self.flat)
        first = moves.size[1] if self.flat else moves.size[0]
        return replace(moves, stride=first if self.stride is None else self.stride)

    def output_shape(self, shape: Shape) -> Shape:
        """(height', width', channels), or (steps', channels)."""
        return (*self.window.over(shape), shape[-1])

    def operation(self, shapes: Sequence[Shape]) -> Operation:
        """A window for each output; each input once where windows do not overlap."""
        apart = self.window.stride >= max(self.window.size)
        return Elementwise(math.prod(self.output_shape(shapes[0])), 1 if apart else math.prod(self.window.size))


@dataclass(frozen=True)
class MaxPool(_Pool):
    """The largest of each window, of products, signs, levels or floats; ties go to the first.

    Padding is never the largest.
    """

    takes: ClassVar[tuple[str, ...]] = (PRODUCT, BITS, LEVELS_2, LEVELS_4, REAL, NORMED)

    def gives(self, kind: str) -> str:
        """What it was given; floats for a norm's output."""
        return REAL if kind == NORMED else kind

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: the largest, and for training where it came from. Backward: its gradient goes there."""
        x = value if isinstance(value, (Product, Bits)) else as_numbers(builder, name, value)
        images = reshaped(builder, f"{name}.images", x, self.window.as_images(builder.shape(x.buffer)))
        y = self._lower_images(builder, name, images)
        return reshaped(builder, f"{name}.out", y, self.window.as_given(builder.shape(y.buffer)))

    def _lower_images(self, builder: Lowering, name: str, x: Product | Bits | Real) -> Product | Bits | Real:
        before, given = builder.shape(x.buffer), x.buffer
        after = self.window.images_over(before, before[-1])
        role = roles.Y if isinstance(x, Product) else roles.X
        planes_of_x = len(x.planes) if isinstance(x, Bits) else 1
        if isinstance(x, Bits) and x.more:  # which is larger no plane alone tells
            given, role = levels_as_numbers(builder, name, x), roles.WORKSPACE
        y = builder.transient(f"{name}.{role}", role, after, builder.form(given))
        index = None
        if builder.training:
            digits = (*after[:3], planes(*self.window.size), after[3])
            index = builder.transient(f"{name}.index", roles.POOL_MASK, digits, "bit")
        builder.emit("max_pool", {"x": given, "y": y, "index": index}, self.window.pool_attributes())
        out = type(x)(y) if planes_of_x == 1 else levels_of_numbers(builder, name, y, planes_of_x)

        def backward() -> None:
            dy = out.taken()
            role, form = builder.role(dy.buffer), builder.form(dy.buffer)
            dx = builder.gradient(f"{name}.{role}", role, before, form)
            operands = {"dy": dy.buffer, "dy_exponent": dy.exponent, "index": index}
            operands |= {"dx": dx.buffer, "dx_exponent": dx.exponent}
            builder.emit("max_pool_gradient", operands, self.window.pool_attributes())
            x.give(builder, dx)

        builder.on_backward(backward)
        return out


@dataclass(frozen=True)
class MaxPool2D(MaxPool):
    """The largest of each window of an image, of products, signs, levels or floats; ties go to the first.

    (height, width, channels) to (height', width', channels). `size` is (height, width), or one number for a square;
    padding is never the largest.
    """

    kind: ClassVar[str] = "max_pool2d"
    flat: ClassVar[bool] = False


@dataclass(frozen=True)
class MaxPool1D(MaxPool):
    """The largest of each window of a sequence, of products, signs, levels or floats; ties go to the first.

    (steps, channels) to (steps', channels); `size` and `stride` are in steps.
    """

    kind: ClassVar[str] = "max_pool1d"
    flat: ClassVar[bool] = True


@dataclass(frozen=True)
class AveragePool(_Pool):
    """The mean of each window, in floats; padding does not count."""

    takes: ClassVar[tuple[str, ...]] = (REAL, NORMED)

    def gives(self, kind: str) -> str:
        """Floats."""
        return REAL

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: the means. Backward: equal shares of their gradients."""
        return _averaged(builder, name, value, self.window)


@dataclass(frozen=True)
class AveragePool2D(AveragePool):
    """The mean of each window's pixels, in floats; padding does not count.

    (height, width, channels) to (height', width', channels); `size` is (height, width), or one number for a square.
    """

    kind: ClassVar[str] = "average_pool2d"
    flat: ClassVar[bool] = False


@dataclass(frozen=True)
class AveragePool1D(AveragePool):
    """The mean of each window's steps, in floats; padding does not count.

    (steps, channels) to (steps', channels); `size` and `stride` are in steps.
    """

    kind: ClassVar[str] = "average_pool1d"
    flat: ClassVar[bool] = True


@dataclass(frozen=True)
class GlobalAveragePool(Layer):
    """The mean over all pixels or steps: (height, width, channels) or (steps, channels) to (channels,)."""

    kind: ClassVar[str] = "global_average_pool"
    takes: ClassVar[tuple[str, ...]] = (REAL, NORMED)

    def output_shape(self, shape: Shape) -> Shape:
        """(channels,); SpecError for what are neither images nor sequences."""
        if len(shape) not in (2, 3):
            raise SpecError(
                f"takes images (height, width, channels) or sequences (steps, channels), not {shape}; "
                "put it before the flatten"
            )
        _ = whole_window(self.kind, shape)
        return (shape[-1],)

    def gives(self, kind: str) -> str:
        """Floats."""
        return REAL

    def operation(self, shapes: Sequence[Shape]) -> Operation:
        """All pixels or steps for each channel."""
        *image, channels = shapes[0]
        return Elementwise(channels, math.prod(image))

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """An average pool as large as the image."""
        x = as_numbers(builder, name, value)
        shape = builder.shape(x.buffer)
        pooled = _averaged(builder, name, x, whole_window(self.kind, shape[1:]))
        return reshaped(builder, f"{name}.vectors", pooled, (shape[0], shape[-1]))


def whole_window(kind: str, shape: Shape) -> Window:
    """A window over all of an image or a sequence."""
    if len(shape) == 2:
        return window(kind, shape[0], shape[0], VALID, flat=True)
    return window(kind, (shape[0], shape[1]), max(shape[:2]), VALID)


def _averaged(builder: Lowering, name: str, value: Value, over: Window) -> Real:
    given = as_numbers(builder, name, value)
    x = reshaped(builder, f"{name}.images", given, over.as_images(builder.shape(given.buffer)))
    before, attributes = builder.shape(x.buffer), over.pool_attributes()
    after = over.images_over(before, before[-1])
    out = Real(builder.transient(f"{name}.X", roles.X, after, builder.real_X))
    builder.emit("average_pool", {"x": x.buffer, "y": out.buffer}, attributes)

    def backward() -> None:
        gradient = real_gradient(builder, f"{name}.dX", roles.DX, before)
        builder.emit("average_pool_gradient", {"dy": out.taken().buffer, "dx": gradient.buffer}, attributes)
        x.give(builder, gradient)

    builder.on_backward(backward)
    return reshaped(builder, f"{name}.out", out, over.as_given(after))
