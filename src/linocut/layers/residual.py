"""Residual: the sum of two chains of layers over the same input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import Layer, Shape
from linocut.layers.kinds import NORMED, REAL
from linocut.layers.numbers import as_numbers
from linocut.layers.values import Real, Value

if TYPE_CHECKING:
    from linocut.compile.builder import Builder
    from linocut.layers.placed import Placed


@dataclass(frozen=True)
class Residual(Layer):
    """body(x) + shortcut(x), He et al., arXiv 1512.03385; without a `shortcut` it is body(x) + x. Chains may nest."""

    kind: ClassVar[str] = "residual"
    takes: ClassVar[tuple[str, ...]] = (REAL, NORMED)
    body: tuple[Layer, ...]
    shortcut: tuple[Layer, ...] = ()

    def __post_init__(self) -> None:
        for name in ("body", "shortcut"):
            chain = getattr(self, name)
            if not isinstance(chain, (tuple, list)) or not all(isinstance(layer, Layer) for layer in chain):
                raise SpecError(f"residual {name} is {chain!r}, must be a list of layers")
            object.__setattr__(self, name, tuple(chain))
        if not self.body:
            raise SpecError("residual has an empty body; give it at least one layer")

    def branches(self) -> tuple[tuple[Layer, ...], ...]:
        """The body and the shortcut."""
        return self.body, self.shortcut

    def gives(self, kind: str) -> str:
        """Numbers."""
        return REAL

    def output_shape(self, shape: Shape) -> Shape:
        """What both chains give; SpecError where they differ."""
        main, side = (_through(chain, shape) for chain in self.branches())
        if main != side:
            raise SpecError(
                f"the body gives {main} and the shortcut {side}, which cannot be added; "
                "give the shortcut the same strides and filters, or the body those of its input"
            )
        return main

    def lower(self, builder: Builder, place: Placed, value: Value) -> Value:
        """Forward: both chains, then the sum. Backward: the sum's gradient goes into both."""
        x = as_numbers(builder, place.name, value)
        parts = []
        for number, chain in enumerate(place.branches):
            end = lower_chain(builder, chain, x)
            parts.append(as_numbers(builder, f"{place.name}.{number}", end))
        main, side = parts
        y = builder.transient(f"{place.name}.sum", roles.X, builder.shape(main.buffer), builder.policy.real)
        builder.emit("add", {"a": main.buffer, "b": side.buffer, "y": y})
        out = Real(y)

        def backward() -> None:
            gradient = out.taken()
            main.give(builder, gradient)
            side.give(builder, gradient)

        builder.on_backward(backward)
        return out


def lower_chain(builder: Builder, chain: tuple[Placed, ...], value: Value) -> Value:
    """Lower the layers of a chain one after the other."""
    for placed in chain:
        value = placed.layer.lower(builder, placed, value)
    return value


def _through(chain: tuple[Layer, ...], shape: Shape) -> Shape:
    for layer in chain:
        shape = layer.output_shape(shape)
    return shape
