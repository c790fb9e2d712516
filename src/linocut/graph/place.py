"""place: the layers of a network as a graph: names, edges and shapes, all of it checked."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn, TypeAlias

from linocut.errors import SpecError, unknown_name
from linocut.graph.graph import Edge, Graph, Node
from linocut.layers.add import Add
from linocut.layers.base import Layer, Shape, Wired
from linocut.layers.input import MOST_ELEMENTS
from linocut.layers.kinds import INPUT, NORMED, PRODUCT, REAL
from linocut.layers.residual import Residual

Entry: TypeAlias = "Layer | Wired"
OUTSIDE = ""  # the giver of the network's input
MOST_NAME = 100  # characters
MOST_SHOWN = 20  # layers of a cycle
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def place(name: str, entries: Sequence[Entry], shape: Shape) -> Graph:
    """The graph of a network that is given examples of this shape; SpecError for what misfits."""
    outline: dict[str, tuple[str, ...]] = {}
    _outline(entries, (), Names(), outline)
    placer = _Placer(outline)
    placer.chain(entries, Edge(OUTSIDE, shape, INPUT))
    graph = Graph(name, tuple(placer.nodes.values()))
    _check_read(graph)
    return graph


@dataclass
class Names:
    """Names of layers: those that users gave, else the kind and its number through the whole network."""

    counts: dict[str, int] = field(default_factory=dict)

    def of(self, wired: Wired) -> str:
        """The name of the next layer; SpecError for one that cannot be."""
        kind = wired.layer.kind
        self.counts[kind] = number = self.counts.get(kind, 0) + 1
        if wired.name and (len(wired.name) > MOST_NAME or not NAME.fullmatch(wired.name)):
            raise SpecError(
                f"a layer is called {wired.name[:MOST_NAME]!r}; a name is letters, digits, _ and -, not a digit first, "
                f"at most {MOST_NAME} of them"
            )
        return wired.name or f"{kind}{number}"


def _outline(
    entries: Iterable[Entry], before: tuple[str, ...], names: Names, found: dict[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Note what each layer reads, by name, as it is described; returns the name of the last."""
    for entry in entries:
        wired = as_wired(entry)
        name, sources = names.of(wired), wired.sources or before
        if name in found:
            raise SpecError(f"two layers are called {name}; give one of them another name")
        found[name] = sources
        if isinstance(wired.layer, Residual):
            chains = (wired.layer.body, wired.layer.shortcut)
            found[name] = tuple(end for chain in chains for end in _outline(chain, sources, names, found))
        before = (name,)
    return before


def as_wired(entry: Entry) -> Wired:
    """The entry with what is known of its place."""
    return entry if isinstance(entry, Wired) else Wired(entry)


@dataclass
class _Placer:
    """Places layers one by one; `outline` is what each reads, those to come too."""

    outline: dict[str, tuple[str, ...]]
    nodes: dict[str, Node] = field(default_factory=dict)
    names: Names = field(default_factory=Names)

    def chain(self, entries: Sequence[Entry], edge: Edge) -> Edge:
        """Place layers that each read what is before them, unless they say otherwise; returns what the last gives."""
        for entry in entries:
            wired = as_wired(entry)
            name, layer = self.names.of(wired), wired.layer
            inputs = tuple(self._source(name, source) for source in wired.sources) or (edge,)
            add = self._residual if isinstance(layer, Residual) else self._add
            edge = add(name, layer, inputs)
        return edge

    def _source(self, name: str, source: str) -> Edge:
        if source in self.nodes:
            return self.nodes[source].output
        if source in self.outline:
            self._refuse_order(name, source)
        raise unknown_name(f"layer before {name}", source, self.nodes)

    def _refuse_order(self, name: str, source: str) -> NoReturn:
        """SpecError for a layer that reads a later one: the two may read each other, or just be in the wrong order."""
        if path := self._path(source, name):
            shown = [name, *path] if len(path) < MOST_SHOWN else [name, *path[:3], "...", *path[-3:]]
            raise SpecError(f"a cycle: {' reads '.join(shown)}; let no layer read what it takes part in giving")
        raise SpecError(f"{name} reads {source}, which comes after it; move {source} before {name}")

    def _path(self, source: str, name: str) -> list[str]:
        """The layers by which `source` reads `name`, as few as there are; [] if it does not."""
        path_to, waiting = {source: [source]}, deque([source])
        while waiting and name not in path_to:
            at = waiting.popleft()
            for further in self.outline.get(at, ()):
                if further not in path_to:
                    path_to[further] = [*path_to[at], further]
                    waiting.append(further)
        return path_to.get(name, [])

    def _residual(self, name: str, residual: Layer, inputs: tuple[Edge, ...]) -> Edge:
        """Both chains, then their sum under the name of the residual."""
        assert isinstance(residual, Residual)
        _check_inputs(name, residual, inputs)
        given = replace(inputs[0], kind=REAL) if inputs[0].kind == NORMED else inputs[0]
        ends = [self.chain(chain, given) for chain in (residual.body, residual.shortcut)]
        for end in ends:
            if end.kind not in (REAL, NORMED):
                raise SpecError(f"{name}: a branch ends in {end.kind}; end it with a batch_norm")
        main, side = (end.shape for end in ends)
        if main != side:
            raise SpecError(
                f"{name}: the body gives {main} and the shortcut {side}, which cannot be added; "
                "give the shortcut the same strides and filters, or the body those of its input"
            )
        return self._add(name, Add(), tuple(ends))

    def _add(self, name: str, layer: Layer, inputs: tuple[Edge, ...]) -> Edge:
        _check_inputs(name, layer, inputs)
        shapes, kinds = [edge.shape for edge in inputs], [edge.kind for edge in inputs]
        try:
            output = Edge(name, layer.shape_of(shapes), layer.kind_of(kinds))
            cost = layer.cost(shapes[0], kinds[0])
        except SpecError as error:
            raise SpecError(f"{name}: {error}") from None
        if math.prod(output.shape) > MOST_ELEMENTS:
            raise SpecError(f"{name} gives {output.shape} of each example, must be {MOST_ELEMENTS:,} values or fewer")
        self.nodes[name] = Node(name, layer, inputs, output, layer.parameters(name, shapes[0]), cost)
        return output


def _check_inputs(name: str, layer: Layer, inputs: tuple[Edge, ...]) -> None:
    if reason := layer.refuses_count(len(inputs)):
        raise SpecError(f"{name} {reason}")
    for edge in inputs:
        if reason := layer.refuses(edge.kind):
            raise SpecError(f"{name} {reason}")


def _check_read(graph: Graph) -> None:
    """SpecError for what no layer reads, and for products that several do."""
    for node in graph.nodes[:-1]:
        readers = [reader.name for reader in graph.readers(node.name)]
        if not readers:
            raise SpecError(
                f"no layer reads what {node.name} gives; name it in the after of one, or remove {node.name}"
            )
        if node.output.kind == PRODUCT and len(readers) > 1:
            raise SpecError(
                f"the products of {node.name} are read by {' and '.join(readers)}, only one layer can; "
                "put a batch_norm between them"
            )
