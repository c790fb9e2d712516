"""Questions about a graph's structure that several rooms ask."""

from __future__ import annotations

from linocut.graph.graph import Graph, Node
from linocut.layers import Add, BatchNorm, MaxPool, Sign


def norms(graph: Graph) -> tuple[Node, ...]:
    """The batch norms, in order."""
    return tuple(node for node in graph.nodes if isinstance(node.layer, BatchNorm))


def signed_norms(graph: Graph) -> tuple[Node, ...]:
    """Those of which a sign alone reads what they give."""
    found = []
    for node in norms(graph):
        reader = graph.only_reader(node.name)
        if reader is not None and isinstance(reader.layer, Sign):
            found.append(node)
    return tuple(found)


def max_pools(graph: Graph) -> tuple[Node, ...]:
    """The max-pools, in order."""
    return tuple(node for node in graph.nodes if isinstance(node.layer, MaxPool))


def sums(graph: Graph) -> tuple[Node, ...]:
    """The nodes that add what several others give, such as the ends of residuals."""
    return tuple(node for node in graph.nodes if isinstance(node.layer, Add))
