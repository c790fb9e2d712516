"""Precision as a property of a layer: weights of 1 bit, of a few, or floats; and a network in which some have another.

A layer of few bits multiplies what an activation before it rounds: a sign for 1 bit, a quantise for more. Floats have
none, but where no other function would stand between one product and the next, as in a chain of norms and signs: there
a tanh takes the sign's place. Layers keep their names, so that what was learned is carried over.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from linocut.errors import SpecError, unknown_name
from linocut.graph.graph import Graph, Node
from linocut.graph.place import Entry, Names, as_wired
from linocut.graph.queries import head, norm_behind
from linocut.layers import (
    Activation,
    Add,
    BatchNorm,
    BinaryConv1D,
    BinaryConv2D,
    BinaryDense,
    Conv1D,
    Conv2D,
    Dense,
    Flatten,
    Layer,
    MaxPool,
    Quantise,
    QuantisedConv2D,
    QuantisedDense,
    Residual,
    Sign,
    Slice,
    Tanh,
    Wired,
)
from linocut.layers.base import REAL_BITS
from linocut.layers.kinds import BITS, INPUT, PRODUCT
from linocut.layers.parameters import WEIGHT

FLOAT, ONE = "float", "1"
PRECISIONS = (ONE, "2", "4", FLOAT)

# Kinds of layers that differ in their precision alone: of signs, of few bits where there is such, of floats.
_Few = type[QuantisedConv2D] | type[QuantisedDense]
_FAMILIES: tuple[tuple[type[Layer], _Few | None, type[Layer]], ...] = (
    (BinaryConv2D, QuantisedConv2D, Conv2D),
    (BinaryConv1D, None, Conv1D),
    (BinaryDense, QuantisedDense, Dense),
)
BETWEEN = (Flatten, MaxPool, Slice)  # what may stand between a sign and the layer that multiplies it
_SHARED = ("filters", "kernel", "stride", "padding", "units", "scaled")  # settings that more than one of them has


def precision_of(layer: Layer) -> str | None:
    """The precision of a layer's weights, "1", "2", "4" or "float"; None for a layer that has no choice of it."""
    if isinstance(layer, (QuantisedConv2D, QuantisedDense)):
        return str(layer.bits)
    for binary, _, floats in _FAMILIES:
        if type(layer) is binary:
            return ONE
        if type(layer) is floats:
            return FLOAT
    return None


def weight_bits(node: Node) -> int:
    """Bits of each weight of a node, 32 of floats; 0 where it has none."""
    if not any(parameter.use == WEIGHT for parameter in node.parameters):
        return 0
    of = precision_of(node.layer)
    binary = any(parameter.binary for parameter in node.parameters)
    return int(of) if of not in (None, FLOAT) else 1 if binary else REAL_BITS


def activation_bits(graph: Graph, node: Node) -> int:
    """Bits of what a node multiplies: 1 of signs, as many as a quantise has, else 32."""
    if node.input.kind == BITS:
        return 1
    act = act_of(graph, node)[0]
    return act.layer.bits if act is not None and isinstance(act.layer, Quantise) else REAL_BITS


def model_bits(graph: Graph) -> int:
    """Bits of all parameters: weights of their precision, the rest, such as norms, in 32."""
    return sum(
        math.prod(parameter.shape) * (weight_bits(node) if parameter.use == WEIGHT else REAL_BITS)
        for node in graph.nodes
        for parameter in node.parameters
    )


def weights_only_bits(graph: Graph) -> int:
    """Bits of all weights, biases and norms left out."""
    weights = ((node, one) for node in graph.nodes for one in node.parameters if one.use == WEIGHT)
    return sum(math.prod(one.shape) * weight_bits(node) for node, one in weights)


def same_but_for_precision(one: Layer, other: Layer) -> bool:
    """Whether two layers are of one kind, or of kinds that differ in their precision alone."""
    family = _family(one)
    return type(one) is type(other) or (family is not None and family == _family(other))


def with_precision(
    entries: Sequence[Entry], graph: Graph, asked: Mapping[str, str], *, follow: bool = True
) -> tuple[Entry, ...]:
    """The layers of a network, some in another precision; `asked` says which by their names.

    Where the two arms of a sum have one such layer each, that of the shortcut follows the other, unless it is asked for
    too, is in floats, or `follow` is False. SpecError for a layer that does not exist or cannot change, and for a
    precision that there is not.
    """
    changes = _checked(graph, asked)
    if follow:
        changes |= {side: changes[main] for side, main in followers(graph).items() if _follows(graph, side, changes)}
    changes = {one: to for one, to in changes.items() if precision_of(graph.node(one).layer) != to}
    if not changes:
        return tuple(entries)
    edits = _Edits(graph)
    for one, to in changes.items():
        edits.change(graph.node(one), to)
    edits.drop_unread()
    return _named(edits.rewritten(entries, Names()))


def choosable(graph: Graph) -> tuple[str, ...]:
    """The layers of one or of few bits whose precision can be raised, in order; shortcuts, which follow, left out."""
    sides = followers(graph)
    found = []
    for node in graph.nodes:
        few = precision_of(node.layer) not in (None, FLOAT)
        if few and node.input.kind != INPUT and node.name not in sides:
            found.append(node.name)
    return tuple(found)


def chain(graph: Graph) -> tuple[str, ...]:
    """The layers whose outputs are compared from one to the next, in order: all of a choice of precision.

    But for shortcuts, the first layer where it reads the network's input, and one of floats that gives the outputs.
    """
    sides, last = followers(graph), {node.name for node in head(graph)}
    found = []
    for node in graph.nodes:
        of = precision_of(node.layer)
        if of is None or node.input.kind == INPUT or node.name in sides or (of == FLOAT and node.name in last):
            continue
        found.append(node.name)
    return tuple(found)


def block_end(graph: Graph, name: str) -> str:
    """The node that ends the block of a layer: the sum that it comes to, or what stands last before the next one.

    That is behind its norms and activations, but for a norm of which signs or levels are taken.
    """
    node = found = graph.node(name)
    while (reader := graph.only_reader(node.name)) is not None:
        if isinstance(reader.layer, Add):
            return reader.name
        if not isinstance(reader.layer, (BatchNorm, Activation)):
            break
        node = reader
        after = graph.only_reader(node.name)
        rounds = after is not None and isinstance(after.layer, (Sign, Quantise))
        if not (isinstance(node.layer, BatchNorm) and rounds):
            found = node
    return found.name


def followers(graph: Graph) -> dict[str, str]:
    """The layers of shortcuts, by name, and which they follow: the one on the other arm of the same sum."""
    found = {}
    for node in graph.nodes:
        if isinstance(node.layer, Add) and len(node.inputs) == 2:
            arms = [_weighted(graph, edge.node) for edge in node.inputs]
            if all(len(arm) == 1 for arm in arms):
                (main,), (side,) = arms
                found[side] = main
    return found


def _weighted(graph: Graph, name: str) -> list[str]:
    """The layers of a choice of precision by which an arm of a sum comes to be, back to what another layer reads."""
    found: list[str] = []
    at: Node | None = graph.node(name)
    while at is not None and graph.only_reader(at.name) is not None and len(at.inputs) == 1:
        if precision_of(at.layer) is not None:
            found.append(at.name)
        at = graph.by_name.get(at.input.node)
    return found


def _follows(graph: Graph, side: str, changes: Mapping[str, str]) -> bool:
    main = followers(graph)[side]
    return main in changes and side not in changes and precision_of(graph.node(side).layer) != FLOAT


def act_of(graph: Graph, node: Node) -> tuple[Node | None, list[Node]]:
    """The sign or quantise whose outputs a node multiplies, None for none, and what stands between, the first first."""
    at, path = _through(graph, node)
    return (at, path) if at is not None and isinstance(at.layer, (Sign, Quantise)) else (None, [])


def _through(graph: Graph, node: Node) -> tuple[Node | None, list[Node]]:
    """What gives a node its input, but for flattens, max-pools and slices, and these, the first first."""
    path: list[Node] = []
    at = graph.by_name.get(node.input.node)
    while at is not None and isinstance(at.layer, BETWEEN):
        path.insert(0, at)
        at = graph.by_name.get(at.input.node)
    return at, path


def _checked(graph: Graph, asked: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(asked, Mapping):
        raise SpecError(f"precisions are {asked!r}, must be a dict by the names of layers, such as {{'conv8': '2'}}")
    found = {}
    there = [node.name for node in graph.nodes if precision_of(node.layer) is not None]
    for name, given in asked.items():
        to = str(given)
        if isinstance(given, bool) or to not in PRECISIONS:
            raise SpecError(f"the precision of {name} is {given!r}, must be {', '.join(PRECISIONS)}")
        if name not in graph.by_name:
            raise unknown_name(f"layer of {graph.name}", name, there or graph.by_name)
        node = graph.node(name)
        if precision_of(node.layer) is None:
            raise SpecError(
                f"{name} is a {node.layer.kind}, which has no precision to choose; of {graph.name} these have one: "
                f"{', '.join(there) or 'none'}"
            )
        found[name] = to
    return found


def _family(layer: Layer) -> int | None:
    for number, (binary, few, floats) in enumerate(_FAMILIES):
        if type(layer) in (binary, few, floats):
            return number
    return None


def _converted(node: Node, to: str) -> Layer:
    """The layer of a node in another precision; SpecError where it has no such form."""
    layer, number = node.layer, _family(node.layer)
    assert number is not None
    binary, few, floats = _FAMILIES[number]
    if to == FLOAT:
        return floats(**_settings(layer, floats))
    if getattr(layer, "bias", False):
        raise SpecError(f"{node.name} has a bias, which layers of few bits have not; describe it without one")
    if isinstance(layer, (QuantisedConv2D, QuantisedDense)) and (layer.floats or layer.centred):
        return dataclasses.replace(layer, bits=int(to), activation_bits=None)  # which layers of signs have not
    if to == ONE:
        return binary(**_settings(layer, binary))
    if few is None:
        raise SpecError(f"{node.name}: a {layer.kind} has no form of {to} bits; take {ONE} or {FLOAT}")
    return few(**_settings(layer, few), bits=int(to))


def _settings(layer: Layer, kind: type[Layer]) -> dict[str, Any]:
    """Those that a layer shares with another kind."""
    there = {one.name for one in dataclasses.fields(kind)}
    return {name: getattr(layer, name) for name in _SHARED if name in there and hasattr(layer, name)}


@dataclass
class _Edits:
    """What becomes of the layers of a graph, by their names: others in their place, each with the name that it gets.

    `sources` are what the first of them reads, where that is no more what stands before it; `moved` says for a layer
    that is gone which others take its place for those that read it.
    """

    graph: Graph
    places: dict[str, list[tuple[str, Layer]]] = field(default_factory=dict)
    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    moved: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def change(self, node: Node, to: str) -> None:
        """Put a layer of another precision in a node's place, and what it needs before it."""
        own = (node.name, _converted(node, to))
        if own[1].gives(BITS) == PRODUCT:
            _check_behind(self.graph, node, to)
        if node.input.kind == INPUT:
            if to not in (ONE, FLOAT) and INPUT not in own[1].takes:
                raise SpecError(f"{node.name} reads the network's input, so it is of {ONE} bit or {FLOAT}, not of {to}")
            self.places[node.name] = [own]
            return
        act, path = act_of(self.graph, node)
        if act is None and precision_of(node.layer) != FLOAT:
            at, _ = _through(self.graph, node)
            joined = self.graph.giver(node) if at is None else at
            raise SpecError(f"{node.name} multiplies what {joined.name} joins, not a sign of its own; give it one")
        if act is None:
            self.places[node.name] = [*self._before_floats(node, to), own]
            return
        before = tuple(edge.node for edge in act.inputs)
        new = self._instead(node, act, to)
        if self._alone(act, path):
            self.places[act.name], self.places[node.name] = new, [own]
            self.moved[act.name] = (new[-1][0],) if new else before
            return
        kinds = [one.layer.kind for one in path]
        counts = [kinds[: number + 1].count(kind) for number, kind in enumerate(kinds)]
        names = (f"{node.name}_{kind}{count if count > 1 else ''}" for kind, count in zip(kinds, counts, strict=True))
        copies = [(name, one.layer) for name, one in zip(names, path, strict=True)]
        self.places[node.name] = [*new, *copies, own]
        self.sources[node.name] = before

    def _alone(self, act: Node, path: Sequence[Node]) -> bool:
        """Whether nothing else reads an activation."""
        return all(self.graph.only_reader(one.name) is not None for one in (act, *path))

    def _instead(self, node: Node, act: Node, to: str) -> list[tuple[str, Layer]]:
        """What takes the place of a node's sign or quantise."""
        if to == FLOAT:
            return [] if _bends(self.graph, self.graph.giver(act)) else [(f"{node.name}_tanh", Tanh())]
        return [(f"{node.name}_{'sign' if to == ONE else 'levels'}", _rounding(to))]

    def _before_floats(self, node: Node, to: str) -> list[tuple[str, Layer]]:
        """What a layer of floats needs before it for few bits; a tanh that stands for a sign becomes one again."""
        act = (f"{node.name}_{'sign' if to == ONE else 'levels'}", _rounding(to))
        at, path = _through(self.graph, node)
        if at is not None and self._stands_for_sign(at) and self._alone(at, path):
            self.places[at.name] = [act]
            self.moved[at.name] = (act[0],)
            return []
        normed = isinstance(self.graph.giver(node).layer, BatchNorm)
        return [act] if normed else [(f"{node.name}_norm", BatchNorm()), act]

    def _stands_for_sign(self, node: Node) -> bool:
        """Whether it is a tanh of a norm, as takes a sign's place, that is still there."""
        of_norm = isinstance(node.layer, Tanh) and isinstance(self.graph.giver(node).layer, BatchNorm)
        return of_norm and node.name not in self.places

    def drop_unread(self) -> None:
        """Take away signs, and what is behind them, whose readers have all been given others."""
        gone = set(self.sources)
        for node in reversed(self.graph.nodes):
            readers = {reader.name for reader in self.graph.readers(node.name)}
            if isinstance(node.layer, (Sign, Quantise, *BETWEEN)) and readers and readers <= gone:
                gone.add(node.name)
                self.places[node.name] = []

    # --- the new description ---

    def rewritten(self, entries: Sequence[Entry], names: Names) -> list[tuple[str, bool, Wired]]:
        """The layers as (name, whether it was named by whom described it or here, layer), in their order."""
        found: list[tuple[str, bool, Wired]] = []
        waiting: tuple[str, ...] = ()  # what a layer that is gone read
        for entry in entries:
            wired = as_wired(entry)
            name, layer = names.of(wired), wired.layer
            sources = self._moved(wired.sources) or waiting
            waiting = ()
            if isinstance(layer, Residual):
                body, side = self.rewritten(layer.body, names), self.rewritten(layer.shortcut, names)
                layer = dataclasses.replace(layer, body=_packed(body), shortcut=_packed(side))
            places = self.places.get(name, [(name, layer)])
            if not places:
                waiting = sources
            for number, (own, one) in enumerate(places):
                read = (self._moved(self.sources.get(name, ())) or sources) if number == 0 else ()
                found.append((own, bool(wired.name) or own != name, Wired(one, own, read)))
        return found

    def _moved(self, sources: tuple[str, ...]) -> tuple[str, ...]:
        found: tuple[str, ...] = ()
        for source in sources:
            found += self._moved(self.moved[source]) if source in self.moved else (source,)
        return found


def _rounding(to: str) -> Layer:
    return Sign() if to == ONE else Quantise(int(to))


def _bends(graph: Graph, node: Node, *, summed: bool = False) -> bool:
    """Whether a function other than sums and norms stands between a node's output and the products before it."""
    if isinstance(node.layer, Activation):
        return True
    if precision_of(node.layer) is not None or (summed and isinstance(node.layer, Add)):
        return False
    summed = summed or isinstance(node.layer, Add)
    before = [graph.by_name[edge.node] for edge in node.inputs if edge.node in graph.by_name]
    return any(_bends(graph, one, summed=summed) for one in before)


def _check_behind(graph: Graph, node: Node, to: str) -> None:
    """SpecError where the products of few bits would go to anything but a batch norm."""
    if norm_behind(graph, node) is None:
        readers = [reader.name for reader in graph.readers(node.name)]
        raise SpecError(
            f"{node.name} cannot be of {to} bit{'s' * (to != ONE)}, as {' and '.join(readers)} "
            f"read{'s' * (len(readers) == 1)} what it gives; put a batch_norm behind it"
        )


# --- names: each layer has the one that it had, written down where it would get another by itself ---


def _packed(found: Sequence[tuple[str, bool, Wired]]) -> tuple[Wired, ...]:
    return tuple(Wired(one.layer, name if named else _UNNAMED + name, one.sources) for name, named, one in found)


_UNNAMED = "\0"  # before the name of a layer within a residual that nobody gave it


def _named(found: Sequence[tuple[str, bool, Wired]]) -> tuple[Entry, ...]:
    names = Names()
    return tuple(_entry(one, names) for one in _packed(found))


def _entry(wired: Wired, names: Names) -> Entry:
    """The layer, under a name only where it would get another one by itself; so those within it."""
    given, layer = wired.name.removeprefix(_UNNAMED), wired.layer
    own = names.of(Wired(layer))
    if isinstance(layer, Residual):
        chains = (tuple(_entry(as_wired(one), names) for one in chain) for chain in (layer.body, layer.shortcut))
        layer = Residual(*chains)
    plain = wired.name.startswith(_UNNAMED) and own == given
    if plain and not wired.sources:
        return layer
    return Wired(layer, "" if plain else given, wired.sources)
