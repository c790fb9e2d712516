"""What a graph asks of a machine that predicts an example: products, and what goes element by element, in order."""

from __future__ import annotations

import math
from dataclasses import dataclass

from linocut.graph.graph import Graph, Node
from linocut.layers.base import REAL_BITS
from linocut.layers.batch_norm import BatchNorm
from linocut.layers.input import Input
from linocut.layers.kinds import BITS_OF
from linocut.layers.operations import Elementwise, Operation, Product
from linocut.layers.pools import MaxPool


@dataclass(frozen=True)
class Asked:
    """A node that asks something: an operation, and how many values it reads and gives.

    `weight_bits` and `input_bits` are those of what it multiplies, 32 of floats and of the network's own input;
    `pooled` says that a max-pool alone reads it.
    """

    name: str
    kind: str
    operation: Operation
    reads: int
    gives: int
    weight_bits: int = REAL_BITS
    input_bits: int = REAL_BITS
    pooled: bool = False

    @property
    def binary(self) -> bool:
        """Whether its weights are signs, or levels of few bits."""
        return self.weight_bits < REAL_BITS

    @property
    def signs(self) -> bool:
        """Whether it multiplies signs, or levels of few bits."""
        return self.input_bits < REAL_BITS

    @property
    def macs(self) -> int:
        """Multiply-accumulates, of circulant blocks multiplications."""
        return 0 if isinstance(self.operation, Elementwise) else self.operation.macs


def asked(graph: Graph) -> tuple[Asked, ...]:
    """What each node asks for, in order. Activations are part of what stands before them, and so are norms that fold.

    A norm folds into the convolution or dense layer whose products, pooled or not, it alone reads, and into the
    network's input; any other, as behind a sum, is an operation of its own.
    """
    found = []
    for node in graph.nodes:
        operation = node.layer.operation([edge.shape for edge in node.inputs])
        if isinstance(node.layer, BatchNorm) and not _folds(graph, node):
            operation = Elementwise(math.prod(node.output.shape), 1)
        if operation is not None:
            reader = graph.only_reader(node.name)
            found.append(_asked(node, operation, reader is not None and isinstance(reader.layer, MaxPool)))
    return tuple(found)


def _asked(node: Node, operation: Operation, pooled: bool) -> Asked:
    reads = sum(math.prod(edge.shape) for edge in node.inputs)
    gives = math.prod(node.output.shape)
    of_weights = max((one.bits for one in node.parameters if one.binary), default=REAL_BITS)
    of_inputs = BITS_OF.get(node.input.kind, REAL_BITS)
    return Asked(node.name, node.layer.kind, operation, reads, gives, of_weights, of_inputs, pooled)


def _folds(graph: Graph, norm: Node) -> bool:
    node = norm
    while True:
        before = graph.by_name.get(node.input.node)
        if before is None or isinstance(before.layer, Input):
            return True
        if graph.only_reader(before.name) is None or len(before.inputs) > 1:
            return False
        if isinstance(before.layer.operation([edge.shape for edge in before.inputs]), Product):
            return True
        node = before
