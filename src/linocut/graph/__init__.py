"""The graph of a network, its state, and its inference form: what every later stage reads."""

from linocut.graph.graph import Edge, Graph, Node
from linocut.graph.network import Network

__all__ = ["Edge", "Graph", "Network", "Node"]
