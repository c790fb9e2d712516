"""Join: what layers of several inputs share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linocut.layers.base import Layer, Shape

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering
    from linocut.layers.values import Value


@dataclass(frozen=True)
class Join(Layer):
    """A layer of two inputs or more."""

    def refuses_count(self, count: int) -> str:
        """Fewer than two."""
        return "" if count >= 2 else f"takes two inputs or more, not {count}; name them in its after"

    def output_shape(self, shape: Shape) -> Shape:
        """Of one input alone: the same."""
        return shape

    @abstractmethod
    def shape_of(self, shapes: Sequence[Shape]) -> Shape:
        """The shape of its output; SpecError where its inputs do not go together."""

    @abstractmethod
    def kind_of(self, kinds: Sequence[str]) -> str:
        """The kind of its output; SpecError where its inputs do not go together."""

    @abstractmethod
    def lower_all(self, builder: Lowering, name: str, values: Sequence[Value]) -> Value:
        """Emit the forward instructions and register the backward step; returns the output."""
