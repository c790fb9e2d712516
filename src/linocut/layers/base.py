"""What a layer is: a frozen description that checks shapes, counts its cost and lowers itself to instructions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from linocut.layers.kinds import BITS, INPUT, MENDS

if TYPE_CHECKING:
    from linocut.compile.builder import Builder
    from linocut.layers.placed import Placed
    from linocut.layers.values import Value

Shape: TypeAlias = tuple[int, ...]

_INPUT_BITS = {INPUT: 8, BITS: 1}
REAL_BITS = 32


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


def binary_cost(parameters: int, macs: int, kind: str) -> Cost:
    """The cost of a layer with binary weights, whose input is of some kind."""
    if kind == BITS:
        return Cost(binary_parameters=parameters, binary_macs=macs, input_bits=1)
    return Cost(binary_parameters=parameters, real_macs=macs, input_bits=_INPUT_BITS[kind])


@dataclass(frozen=True)
class Layer(ABC):
    """A layer of a network. `kind` is its name in files and tables, `takes` the kinds of values it can be given."""

    kind: ClassVar[str]
    takes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """The shape of one example's output, given that of its input; SpecError where the input does not fit."""

    @abstractmethod
    def lower(self, builder: Builder, place: Placed, value: Value) -> Value:
        """Emit the forward instructions and register the backward step; returns the output."""

    def gives(self, kind: str) -> str:
        """The kind of its output, given that of its input: by default the same."""
        return kind

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Parameters and work for one example of some shape and kind."""
        return Cost()

    def weights_shape(self, shape: Shape) -> Shape | None:
        """The shape (outputs, ..., inputs) of its weights where it is given this shape; None for a layer without."""
        return None

    def branches(self) -> tuple[tuple[Layer, ...], ...]:
        """The chains of layers that it is made of; none for most."""
        return ()

    def refuses(self, kind: str) -> str:
        """Why it cannot be given a value of this kind, or ""."""
        return "" if kind in self.takes else f"takes {' or '.join(self.takes)}, not {kind}; {MENDS[kind]}"
