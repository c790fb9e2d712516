"""Frozen layers: which ones names mean, and where gradients still go."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase

from linocut.errors import SpecError, unknown_name
from linocut.graph.graph import Graph


def find_frozen(graph: Graph, names: Collection[str]) -> tuple[str, ...]:
    """The layers of these names, or patterns such as "batch_norm*", that learn something, in order.

    SpecError for a name of none, and where nothing is left to learn.
    """
    learning = [node.name for node in graph.nodes if any(parameter.learned for parameter in node.parameters)]
    for name in names:
        if not any(fnmatchcase(one, name) for one in learning):
            raise unknown_name(f"layer of {graph.name} that learns", name, learning)
    found = tuple(one for one in learning if any(fnmatchcase(one, name) for name in names))
    if learning and len(found) == len(learning):
        raise SpecError(f"all layers of {graph.name} that learn are frozen, {', '.join(found)}; leave one of them out")
    return found


def reached(graph: Graph, frozen: Collection[str]) -> frozenset[str]:
    """The nodes that gradients go to: what learns, and all that such a node comes before.

    The others are in training as they are in prediction.
    """
    found: set[str] = set()
    for node in graph.nodes:
        learns = node.name not in frozen and any(parameter.learned for parameter in node.parameters)
        if not frozen or learns or any(edge.node in found for edge in node.inputs):
            found.add(node.name)
    return frozenset(found)
