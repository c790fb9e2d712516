"""Blank: a network that was never trained, for its inference form: what counts its shapes needs no weights."""

from __future__ import annotations

import numpy as np

from linocut.graph.fold import ComplexParts, Norm, Source, fold
from linocut.graph.graph import Graph, Node
from linocut.graph.inference import InferenceGraph
from linocut.layers.batch_norm import GAMMA
from linocut.layers.weights import PART
from linocut.ops.bits import Array, pack


class Blank(Source):
    """Weights that are all -1, norms that change nothing."""

    coded = True

    def signs(self, node: Node) -> Array:
        """The packed signs of a node's binary weights."""
        return pack(np.zeros(node.parameter(PART).shape, bool))

    def planes(self, node: Node) -> Array:
        """The planes of the levels of a node's weights."""
        parameter = node.parameter(PART)
        return np.stack([pack(np.zeros(parameter.shape, bool))] * parameter.bits)

    def weights(self, node: Node) -> Array:
        """A node's weights, float32 (outputs, ..., inputs)."""
        return np.zeros(node.parameter(PART).shape, np.float32)

    def bias(self, node: Node) -> Array:
        """A node's bias, float32 (outputs,)."""
        return np.zeros(node.parameter("bias").shape[-1], np.float32)

    def part(self, node: Node, part: str) -> Array:
        """Any parameter of a node, float32."""
        return np.zeros(node.parameter(part).shape, np.float32)

    def norm(self, node: Node, product: Node | None) -> Norm:
        """A batch norm."""
        zeros = np.zeros(node.output.shape[-1])
        scaled = any(parameter.part == GAMMA for parameter in node.parameters)
        return Norm(zeros, zeros + 1, zeros, zeros + 1 if scaled else None)

    def complex_norm(self, node: Node, product: Node | None) -> ComplexParts:
        """A norm of complex channels, without a factor."""
        zeros = np.zeros(node.output.shape[-1], np.float32)
        return ComplexParts(zeros, zeros + 1, np.ones((1, len(zeros) // 2), np.float32), zeros)

    def least(self, node: Node, product: Node, *, whole: bool) -> Array:
        """The threshold of a batch norm and its sign."""
        return np.zeros(node.output.shape[-1], np.int32 if whole else np.float32)

    def of_levels(self, node: Node) -> Norm:
        """What makes floats of the sums of a node's levels."""
        zeros = np.zeros(node.output.shape[-1])
        return Norm(zeros, zeros + 1, zeros)

    def levels(self, node: Node, product: Node, bits: int) -> Array:
        """The least integers of all levels but the lowest."""
        return np.zeros((2**bits - 1, node.output.shape[-1]), np.int32)


def blank(graph: Graph) -> InferenceGraph:
    """The inference graph of a network with such weights; SpecError for what has no inference form."""
    return fold(graph, Blank())
