"""Concat and Slice: channels of several values side by side, and some channels of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import Layer, Shape
from linocut.layers.join import Join
from linocut.layers.kinds import BITS, BITS_OF, INPUT, LEVELS_2, LEVELS_4, NORMED, REAL
from linocut.layers.numbers import as_numbers
from linocut.layers.quantise import emit_quantise
from linocut.layers.values import Bits, Given, Gradient, Real, Value
from linocut.ops.levels import PLANES

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

Kept: TypeAlias = "Bits | Real"


@dataclass(frozen=True)
class Concat(Join):
    """The channels of its inputs one after the other, alike in height and width.

    They are all signs, all levels of the same bits, or all floats.
    """

    kind: ClassVar[str] = "concat"
    takes: ClassVar[tuple[str, ...]] = (INPUT, BITS, LEVELS_2, LEVELS_4, NORMED, REAL)

    def shape_of(self, shapes: Sequence[Shape]) -> Shape:
        """(..., all channels); SpecError where the dimensions before the channels differ."""
        for shape in shapes:
            if shape[:-1] != shapes[0][:-1]:
                raise SpecError(
                    f"inputs of {shapes[0]} and {shape} cannot stand side by side, all but their channels must be "
                    "equal; give them the same strides and padding"
                )
        return (*shapes[0][:-1], sum(shape[-1] for shape in shapes))

    def kind_of(self, kinds: Sequence[str]) -> str:
        """Signs of signs, levels of levels, else floats; SpecError for several of these together."""
        found = sorted({kind if kind in BITS_OF else REAL for kind in kinds}, key=lambda kind: BITS_OF.get(kind, 32))
        if len(found) == 1:
            return found[0]
        if found[-1] == REAL:
            act = "sign" if found[0] == BITS else f"quantise of bits = {BITS_OF[found[0]]}"
            raise SpecError(f"cannot join {found[0]} with {REAL}; put a {act} behind each input, or none")
        raise SpecError(f"cannot join {' with '.join(found)}; give all inputs the same bits")

    def lower_all(self, builder: Lowering, name: str, values: Sequence[Value]) -> Value:
        """Forward: channels are copied. Backward: those of the gradient go to their inputs."""
        arms: list[Kept] = [
            value if isinstance(value, Bits) else as_numbers(builder, f"{name}.{number}", value)
            for number, value in enumerate(values)
        ]
        counts = [builder.shape(arm.buffer)[-1] for arm in arms]
        begins = [0, *accumulate(counts)][:-1]
        shape = (*builder.shape(arms[0].buffer)[:-1], sum(counts))
        out = _joined(builder, name, arms, begins, shape)

        def backward() -> None:
            gradient = out.taken()
            for arm, begin in zip(arms, begins, strict=True):
                _give_channels(builder, name, arm, gradient, begin)

        builder.on_backward(backward)
        return out


@dataclass(frozen=True)
class Slice(Layer):
    """Channels `begin` to `begin + count` of a value (..., channels): signs, levels, floats or the network's input.

    SpecError unless `begin` is 0 or more, `count` 1 or more.
    """

    kind: ClassVar[str] = "slice"
    takes: ClassVar[tuple[str, ...]] = (INPUT, BITS, LEVELS_2, LEVELS_4, NORMED, REAL)
    begin: int
    count: int

    def __post_init__(self) -> None:
        super().__post_init__()
        for setting, least in (("begin", 0), ("count", 1)):
            value = getattr(self, setting)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise SpecError(f"slice {setting} is {value!r}, must be a whole number, {least} or more")

    def output_shape(self, shape: Shape) -> Shape:
        """(..., count); SpecError where there are fewer channels."""
        if self.begin + self.count > shape[-1]:
            raise SpecError(
                f"takes channels {self.begin} to {self.begin + self.count - 1}, but its input has {shape[-1]}, "
                f"0 to {shape[-1] - 1}"
            )
        return (*shape[:-1], self.count)

    def gives(self, kind: str) -> str:
        """What it was given; floats for a norm's output."""
        return REAL if kind == NORMED else kind

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: channels are copied. Backward: the gradient of the others is 0."""
        x = value if isinstance(value, (Given, Bits)) else as_numbers(builder, name, value)
        begin, shape = self.begin, builder.shape(x.buffer)
        after = (*shape[:-1], self.count)
        y = _copied(builder, name, x.buffer, after, begin)
        if isinstance(x, Given):
            return Given(y)
        out: Kept = Real(y)
        if isinstance(x, Bits):
            kept = None if x.numbers is None else _copied(builder, f"{name}.numbers", x.numbers, after, begin)
            more = tuple(_copied(builder, f"{name}.more", plane, after, begin) for plane in x.more)
            out = Bits(y, kept, more)

        def backward() -> None:
            dy = out.taken()
            dx = builder.transient(f"{name}.dX", roles.DX, shape, builder.form(dy.buffer))
            _copy(builder, dy.buffer, dx, 0, begin, self.count, fresh=True)
            x.give(builder, Gradient(dx, dy.exponent))

        builder.on_backward(backward)
        return out


def _joined(builder: Lowering, name: str, arms: Sequence[Kept], begins: Sequence[int], shape: Shape) -> Kept:
    if not isinstance(arms[0], Bits):
        return Real(_side_by_side(builder, name, [arm.buffer for arm in arms], begins, shape))
    packed = [arm for arm in arms if isinstance(arm, Bits)]
    numbers = [arm.numbers for arm in packed if arm.numbers is not None]
    if len(numbers) < len(arms):
        by_plane = zip(*(arm.planes for arm in packed), strict=True)
        first, *more = (_side_by_side(builder, name, same, begins, shape) for same in by_plane)
        return Bits(first, more=tuple(more))
    kept = _side_by_side(builder, name, numbers, begins, shape)  # where the policy keeps activations as floats
    names = PLANES[: len(packed[0].planes)]
    first, *more = (builder.transient(f"{name}.X^.{plane}", roles.WORKSPACE, shape, "bit") for plane in names)
    if more:
        emit_quantise(builder, kept, (first, *more))
    else:
        builder.emit("binarize", {"values": kept, "bits": first})
    return Bits(first, kept, tuple(more))


def _side_by_side(builder: Lowering, name: str, arms: Sequence[int], begins: Sequence[int], shape: Shape) -> int:
    y = builder.transient(f"{name}.X", roles.X, shape, builder.form(arms[0]))
    for number, (arm, begin) in enumerate(zip(arms, begins, strict=True)):
        _copy(builder, arm, y, 0, begin, builder.shape(arm)[-1], fresh=number == 0)
    return y


def _give_channels(builder: Lowering, name: str, arm: Kept, gradient: Gradient, begin: int) -> None:
    if not arm.wanted:
        return
    shape = builder.shape(arm.buffer)
    part = _copied(builder, f"{name}.dX", gradient.buffer, shape, begin, roles.DX)
    arm.give(builder, Gradient(part, gradient.exponent))


def _copied(builder: Lowering, name: str, x: int, shape: Shape, begin: int, role: str = roles.X) -> int:
    """Channels of a buffer from `begin` on, in a buffer of their own."""
    y = builder.transient(f"{name}.channels", role, shape, builder.form(x))
    _copy(builder, x, y, begin, 0, shape[-1], fresh=True)
    return y


def _copy(builder: Lowering, x: int, y: int, begin: int, at: int, count: int, *, fresh: bool) -> None:
    """Channels [begin, begin + count) of x to y, from `at` on; `fresh`: the others of y become 0."""
    attributes = {"begin": float(begin), "at": float(at), "count": float(count), "fresh": float(fresh)}
    builder.emit("copy_channels", {"x": x, "y": y}, attributes)
