"""Questions about a graph's structure that several rooms ask."""

from __future__ import annotations

from linocut.graph.graph import Graph, Node
from linocut.layers import Add, BatchNorm, BinaryConvolution, BinaryDense, MaxPool, Sign


def norms(graph: Graph) -> tuple[Node, ...]:
    """The batch norms, in order."""
    return tuple(node for node in graph.nodes if isinstance(node.layer, BatchNorm))


def signed_norms(graph: Graph) -> tuple[Node, ...]:
    """Those of which a sign alone reads what they give."""
    return tuple(node for node in norms(graph) if sign_of(graph, node) is not None)


def sign_of(graph: Graph, norm: Node) -> Node | None:
    """The sign that alone reads what a norm gives, None for any other reader."""
    reader = graph.only_reader(norm.name)
    return reader if reader is not None and isinstance(reader.layer, Sign) else None


def product_of(graph: Graph, norm: Node) -> Node | None:
    """The layer with binary weights whose products, pooled or not, a norm is of; None for any other input."""
    node = graph.by_name.get(norm.input.node)
    while node is not None and isinstance(node.layer, MaxPool):
        node = graph.by_name.get(node.input.node)
    return node if node is not None and isinstance(node.layer, (BinaryDense, BinaryConvolution)) else None


def max_pools(graph: Graph) -> tuple[Node, ...]:
    """The max-pools, in order."""
    return tuple(node for node in graph.nodes if isinstance(node.layer, MaxPool))


def sums(graph: Graph) -> tuple[Node, ...]:
    """The nodes that add what several others give, such as the ends of residuals."""
    return tuple(node for node in graph.nodes if isinstance(node.layer, Add))
