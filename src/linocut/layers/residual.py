"""Residual: two chains of layers over the same input, and their sum; described at once, placed as an add node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from linocut.errors import SpecError
from linocut.layers.base import Layer, Shape, Wired
from linocut.layers.kinds import NORMED, REAL

Chain: TypeAlias = "tuple[Layer | Wired, ...]"


@dataclass(frozen=True)
class Residual(Layer):
    """body(x) + shortcut(x), He et al., arXiv 1512.03385; without a `shortcut` it is body(x) + x. Chains may nest.

    Both give the same shape. SpecError for what are no lists of layers, and for an empty body.
    """

    kind: ClassVar[str] = "residual"
    takes: ClassVar[tuple[str, ...]] = (REAL, NORMED)
    body: Chain
    shortcut: Chain = ()

    def __post_init__(self) -> None:
        for name in ("body", "shortcut"):
            chain = getattr(self, name)
            if not isinstance(chain, (tuple, list)) or not all(isinstance(layer, (Layer, Wired)) for layer in chain):
                raise SpecError(f"residual {name} is {chain!r}, must be a list of layers")
            object.__setattr__(self, name, tuple(chain))
        if not self.body:
            raise SpecError("residual has an empty body; give it at least one layer")

    def output_shape(self, shape: Shape) -> Shape:
        """What its body gives; SpecError where layers in it are wired by names, known when it is placed."""
        for entry in self.body:
            wired = entry if isinstance(entry, Wired) else Wired(entry)
            if wired.sources:
                raise SpecError("a residual wired by names has a shape when it is placed; see the network's graph")
            shape = wired.layer.output_shape(shape)
        return shape
