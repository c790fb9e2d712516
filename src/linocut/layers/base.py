"""What a layer is: a frozen description that checks shapes, counts its cost and lowers itself to instructions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

if TYPE_CHECKING:
    from linocut.compile.builder import Builder
    from linocut.layers.values import Value

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Cost:
    """Parameters and multiply-accumulates of a layer for one example.

    `input_bits` is the width of what it multiplies.
    """

    binary_parameters: int = 0
    real_parameters: int = 0
    binary_macs: int = 0
    real_macs: int = 0
    input_bits: int | None = None


@dataclass(frozen=True)
class Layer(ABC):
    """A layer of a network. `kind` is its name in files and tables."""

    kind: ClassVar[str]

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """The shape of one example's output, given that of its input; SpecError where the input does not fit."""

    @abstractmethod
    def lower(self, builder: Builder, name: str, value: Value) -> Value:
        """Emit the forward instructions and register the backward step; returns the output."""

    def cost(self, shape: Shape, real_input: bool) -> Cost:
        """Parameters and work for one example; `real_input` says that the input is not yet binary."""
        return Cost()
