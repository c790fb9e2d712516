"""Graph: the typed form of a network that every other stage reads.

    node    a layer in its place: its name, the edges that it reads, the edge that it gives, its parameters, its cost
    edge    what flows: the shape of one example, and its kind (layers/kinds.py)

Nodes stand in the order in which they are computed: every edge is given before it is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from linocut.errors import unknown_name
from linocut.layers.base import Cost, Layer, Shape
from linocut.layers.input import Input
from linocut.layers.losses import Loss
from linocut.layers.parameters import Parameter


@dataclass(frozen=True)
class Edge:
    """What the node called `node` gives: the shape of one example and the kind of value."""

    node: str
    shape: Shape
    kind: str


@dataclass(frozen=True)
class Node:
    """A layer in its place."""

    name: str
    layer: Layer
    inputs: tuple[Edge, ...]
    output: Edge
    parameters: tuple[Parameter, ...]
    cost: Cost

    @property
    def input(self) -> Edge:
        """Its first input: most have one."""
        return self.inputs[0]

    def parameter(self, part: str) -> Parameter:
        """The parameter called `part`; SpecError where it has none of that name."""
        for parameter in self.parameters:
            if parameter.part == part:
                return parameter
        raise unknown_name(f"parameter of {self.name}", part, [parameter.part for parameter in self.parameters])


@dataclass(frozen=True)
class Graph:
    """The nodes of a network, from its input to its loss."""

    name: str
    nodes: tuple[Node, ...]

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """Nodes by their names."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def _readers(self) -> dict[str, tuple[Node, ...]]:
        found: dict[str, list[Node]] = {node.name: [] for node in self.nodes}
        for node in self.nodes:
            for edge in node.inputs:
                if edge.node in found:  # the input node reads what comes from outside
                    found[edge.node].append(node)
        return {name: tuple(nodes) for name, nodes in found.items()}

    def node(self, name: str) -> Node:
        """The node called `name`; SpecError, with the nearest name, where there is none."""
        if name not in self.by_name:
            raise unknown_name(f"layer of {self.name}", name, self.by_name)
        return self.by_name[name]

    def readers(self, name: str) -> tuple[Node, ...]:
        """The nodes that read what a node gives, in order; one that reads it twice is there twice."""
        return self._readers[name]

    def only_reader(self, name: str) -> Node | None:
        """The node that alone reads what a node gives, None where there are more or none."""
        readers = self._readers[name]
        return readers[0] if len(readers) == 1 else None

    def feeds_loss(self, name: str) -> bool:
        """Whether the loss reads what a node gives."""
        return self.nodes[-1] in self._readers[name]

    def giver(self, node: Node) -> Node:
        """The node that gives a node's first input."""
        return self.by_name[node.input.node]

    def parameters(self) -> Iterator[Parameter]:
        """All parameters, in order."""
        for node in self.nodes:
            yield from node.parameters

    @property
    def input(self) -> Input:
        """The first layer."""
        first = self.nodes[0].layer
        assert isinstance(first, Input)
        return first

    @property
    def loss(self) -> Loss:
        """The last layer."""
        last = self.nodes[-1].layer
        assert isinstance(last, Loss)
        return last

    @property
    def outputs(self) -> int:
        """How many outputs the network gives for an example, or for each step of a sequence."""
        return self.nodes[-1].output.shape[-1]

    @property
    def classes(self) -> int:
        """How many classes the loss tells apart, 0 for none."""
        return self.loss.classes(self.outputs)
