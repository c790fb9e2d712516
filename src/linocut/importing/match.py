"""Which foreign module is which layer: those named, and the others in order, products and norms apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from linocut.errors import SpecError, unknown_name
from linocut.graph.graph import Graph, Node
from linocut.graph.queries import norms
from linocut.importing.foreign import Foreign, ForeignNorm, ForeignProduct
from linocut.layers.parameters import WEIGHT

Module = TypeVar("Module", ForeignProduct, ForeignNorm)


def match(
    graph: Graph, foreign: Foreign, names: Mapping[str, str]
) -> tuple[list[tuple[Node, ForeignProduct]], list[tuple[Node, ForeignNorm]]]:
    """The layers with weights, and the batch norms, each with its module; `names` are layers by module.

    SpecError where a name is unknown, or there are more of one side than of the other.
    """
    products = [node for node in graph.nodes if any(p.use == WEIGHT for p in node.parameters)]
    _check_names(graph, foreign, names)
    return (
        _paired(graph, foreign.source, "layers with weights", products, foreign.products, names),
        _paired(graph, foreign.source, "batch norms", norms(graph), foreign.norms, names),
    )


def _check_names(graph: Graph, foreign: Foreign, names: Mapping[str, str]) -> None:
    modules = [product.name for product in foreign.products] + [norm.name for norm in foreign.norms]
    for module, layer in names.items():
        if module not in modules:
            raise unknown_name(f"module of the {foreign.source}", module, modules)
        _ = graph.node(layer)


def _paired(
    graph: Graph, source: str, what: str, nodes: Sequence[Node], modules: Sequence[Module], names: Mapping[str, str]
) -> list[tuple[Node, Module]]:
    by_name = {node.name: node for node in nodes}
    named = {module.name: by_name[names[module.name]] for module in modules if names.get(module.name) in by_name}
    left = [node for node in nodes if node not in named.values()]
    rest = [module for module in modules if module.name not in named]
    if len(left) != len(rest):
        raise SpecError(
            f"{graph.name} has {len(nodes)} {what} ({_list(nodes)}), the {source} {len(modules)} ({_list(modules)}); "
            "give the weights of the same network, or describe the network as it is there"
        )
    found = {module.name: node for module, node in zip(rest, left, strict=True)} | named
    return [(found[module.name], module) for module in modules]


def _list(things: Sequence[Node] | Sequence[Module]) -> str:
    return ", ".join(thing.name for thing in things) or "none"
