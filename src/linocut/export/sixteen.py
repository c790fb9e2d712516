"""in_sixteen_bits: what exports of integers take of recurrent networks, whose files may be in floats."""

from __future__ import annotations

from linocut.graph.inference import InferenceGraph, Recurrent
from linocut.graph.q10 import is_sixteen, sixteen_bits


def in_sixteen_bits(graph: InferenceGraph) -> InferenceGraph:
    """The graph in Q5.10, as it is where it is so, else with halvings split; SpecError for one without such a form."""
    return graph if is_sixteen(graph) else sixteen_bits(graph).graph


def is_recurrent(graph: InferenceGraph) -> bool:
    """Whether a graph has recurrent layers, in floats or in Q5.10."""
    return is_sixteen(graph) or any(isinstance(node, Recurrent) for node in graph.nodes)
