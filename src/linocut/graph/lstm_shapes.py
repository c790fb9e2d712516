"""The LSTM layers of a network as shapes: what an accelerator needs to know of them."""

from __future__ import annotations

from dataclasses import dataclass

from linocut.errors import SpecError
from linocut.graph.graph import Graph
from linocut.layers import LSTM
from linocut.layers.lstm import GATES, PEEPHOLES, SIGMOID
from linocut.ops.q10_transform import BLOCKS, MOST_BLOCK

MOST_CELLS = 2**16


@dataclass(frozen=True)
class LstmShape:
    """A layer: so many `inputs`, `cells`, and outputs of its `projection` (0: none), in blocks of `block`.

    SpecError, with the bound, for sizes that cannot be.
    """

    name: str
    inputs: int
    cells: int
    projection: int = 0
    block: int = 8
    directions: int = 1
    peepholes: bool = True
    logistic: bool = False

    def __post_init__(self) -> None:
        if self.block not in BLOCKS:
            raise SpecError(f"block is {self.block}, must be a power of two from 1 to {MOST_BLOCK}")
        for name, value, least in (
            ("inputs", self.inputs, 1),
            ("cells", self.cells, 1),
            ("projection", self.projection, 0),
        ):
            if not least <= value <= MOST_CELLS:
                raise SpecError(f"{name} is {value:,}, must be {least} to {MOST_CELLS:,}")
        for name, value in (("cells", self.cells), ("projection", self.projection)):
            if value % self.block:
                more = -(-value // self.block) * self.block
                raise SpecError(
                    f"{name} is {value:,}, must be a multiple of the block {self.block}; the next is {more:,}"
                )

    @property
    def outputs(self) -> int:
        """How wide y is."""
        return self.projection or self.cells

    @property
    def input_blocks(self) -> int:
        """Blocks of x, the last filled with zeros."""
        return -(-self.inputs // self.block)

    @property
    def gate_blocks(self) -> int:
        """Blocks of the four gates' matrix, of one direction."""
        return GATES * (self.cells // self.block) * (self.input_blocks + self.outputs // self.block)

    @property
    def projection_blocks(self) -> int:
        """Blocks of the projection, of one direction."""
        return (self.projection // self.block) * (self.cells // self.block)

    @property
    def numbers(self) -> int:
        """Weights, biases and peepholes of all directions."""
        vectors = (GATES + (PEEPHOLES if self.peepholes else 0)) * self.cells
        return self.directions * ((self.gate_blocks + self.projection_blocks) * self.block + vectors)


def shapes_of(graph: Graph) -> tuple[LstmShape, ...]:
    """The LSTM layers of a network, in order; none where it has none."""
    found = []
    for node in graph.nodes:
        layer = node.layer
        if isinstance(layer, LSTM):
            sizes = (node.input.shape[-1], layer.units, layer.projection, layer.block, len(layer.directions))
            found.append(LstmShape(node.name, *sizes, layer.peepholes, layer.candidate == SIGMOID))
    return tuple(found)


def first_layer_multiplications(graph: Graph) -> int:
    """Multiplications of real numbers that a frame takes in one direction of the first LSTM layer.

    SpecError where a network has none.
    """
    for node in graph.nodes:
        if isinstance(node.layer, LSTM):
            return node.layer.step_multiplications(node.input.shape[-1])
    raise SpecError(f"{graph.name} has no LSTM layer")
