"""Network: what a user describes: layers from an input to a loss, in a chain or wired by their names."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from linocut import fields
from linocut.errors import SpecError, unknown_name
from linocut.graph.graph import Graph
from linocut.graph.place import Entry, Names, as_wired, place
from linocut.graph.precision import with_precision
from linocut.graph.queries import has_recurrent
from linocut.graph.summary import summary
from linocut.layers import LAYERS, Input, Layer, Loss, Residual, Wired
from linocut.layers.losses import LOSSES
from linocut.layers.recurrent import Recurrent

MOST_LAYERS = 1000  # what compiling takes grows with their square
MOST_READS = 2000  # inputs of all layers, as their `after` name them
MOST_DEPTH = 50  # residuals within residuals
PRECISION = "precision"  # the key of a layer's table that says which of its kinds it is


@dataclass(frozen=True)
class Network:
    """Layers in order: the first is an Input, the last a loss. It is placed, and so checked, when it is made.

    A layer reads what stands before it, or the layers named in its `after`: any acyclic graph can be described.
    SpecError, with the layer, for what does not fit together.
    """

    name: str
    layers: tuple[Entry, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        if not isinstance(self.name, str) or not self.name.isprintable():
            raise SpecError(f"the name of a network is {fields.shown(self.name)}, must be a text on one line")
        for entry in self.layers:
            if not isinstance(entry, (Layer, Wired)) or not isinstance(_layer_of(entry), Layer):
                raise SpecError(f"network {self.name} has {entry!r} among its layers, which is none")
        layers = [_layer_of(entry) for entry in self.layers]
        if not layers or not isinstance(layers[0], Input):
            raise SpecError(f"network {self.name} must begin with an input layer")
        if not isinstance(layers[-1], Loss):
            raise SpecError(f"network {self.name} must end with a loss: {', '.join(LOSSES)}")
        for layer in layers[1:]:
            if isinstance(layer, Input):
                raise SpecError(f"network {self.name} has a second input layer; remove it")
        self._check_size()
        _ = self.graph

    def _check_size(self) -> None:
        """SpecError for more layers, or inputs of theirs, than can be compiled in good time."""
        entries = list(_all(self.layers))
        if len(entries) > MOST_LAYERS:
            raise SpecError(f"network {self.name} has {len(entries):,} layers, must have {MOST_LAYERS:,} or fewer")
        reads = sum(len(entry.sources) for entry in entries if isinstance(entry, Wired))
        if reads > MOST_READS:
            raise SpecError(
                f"the layers of network {self.name} are after {reads:,} others, at most {MOST_READS:,} may be"
            )

    @cached_property
    def graph(self) -> Graph:
        """The layers in their places."""
        return place(self.name, self.layers, self.input.shape)

    @property
    def input(self) -> Input:
        """The first layer."""
        first = _layer_of(self.layers[0])
        assert isinstance(first, Input)
        return first

    @property
    def loss(self) -> Loss:
        """The last layer."""
        return self.graph.loss

    @property
    def classes(self) -> int:
        """How many classes the loss tells apart, 0 for none."""
        return self.graph.classes

    def with_loss(self, loss: Loss) -> Network:
        """The same network with another loss in its place; SpecError where that does not fit."""
        last = self.layers[-1]
        entry = dataclasses.replace(last, layer=loss) if isinstance(last, Wired) else loss
        return dataclasses.replace(self, layers=(*self.layers[:-1], entry))

    def with_classes(self, classes: int) -> Network:
        """The same network with so many outputs: those of the last layer that has weights.

        SpecError where that stands in a residual or gives more than one number for each class.
        """
        if classes == self.classes:
            return self
        for number, entry in reversed(list(enumerate(self.layers))):
            layer = _layer_of(entry)
            for size in ("units", "filters"):
                if getattr(layer, size, None) == self.graph.outputs:
                    changed: Any = dataclasses.replace(layer, **{size: classes})
                    wired = dataclasses.replace(entry, layer=changed) if isinstance(entry, Wired) else changed
                    return Network(self.name, (*self.layers[:number], wired, *self.layers[number + 1 :]))
        raise SpecError(
            f"{self.name} tells {self.classes} classes apart, and has no last layer of so many outputs that could have "
            f"{classes}; describe the network with {classes} classes (--model)"
        )

    @property
    def is_recurrent(self) -> bool:
        """Whether it has recurrent layers."""
        return has_recurrent(self.graph)

    def with_block(self, block: int) -> Network:
        """The same network with its recurrent layers in circulant blocks of another size.

        SpecError for a size that there is not or that does not fit, and for a network without recurrent layers.
        """
        if not self.is_recurrent:
            raise SpecError(f"{self.name} has no recurrent layers, whose blocks are {block}; leave the block out")
        return Network(self.name, tuple(_in_blocks(entry, block) for entry in self.layers))

    def with_precision(self, precisions: Mapping[str, str], *, follow: bool = True) -> Network:
        """The same network with some layers in another precision, by their names: "1", "2", "4" bits or "float".

        As `{"conv12": "2"}`: signs before them, and what they multiply, change with them (docs/hybrid.md). Shortcuts of
        few bits follow the layer that they go around unless they are named, or `follow` is False. SpecError for another
        precision, for a layer that does not exist, and for one that cannot change.
        """
        return Network(self.name, with_precision(self.layers, self.graph, precisions, follow=follow))

    def to_dict(self) -> dict[str, Any]:
        """Name and layers with their settings, for a file."""
        return {"name": self.name, "layers": [_described(layer) for layer in self.layers]}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Network:
        """The network that `to_dict` described; SpecError for unknown layers or settings.

        A layer's table may have a `precision`, "1", "2", "4" or "float", as `with_precision` takes it.
        """
        try:
            data = fields.mapping(data, "a network")
            name, entries = str(data["name"]), data["layers"]
            if not isinstance(entries, (list, tuple)):
                raise SpecError(f"the layers of network {name} are {entries!r}, must be a list of tables")
            network = Network(name, tuple(_read_layer(entry) for entry in entries))
            precisions: dict[str, str] = {}
            _note_precisions(entries, network.layers, Names(), precisions)
            return network.with_precision(precisions) if precisions else network
        except KeyError as error:
            raise SpecError(f"the description of a network lacks {error}") from None

    def __str__(self) -> str:
        return summary(self.graph)


def _layer_of(entry: Entry) -> Layer:
    return entry.layer if isinstance(entry, Wired) else entry


def _all(entries: tuple[Entry, ...], depth: int = 0) -> Iterator[Entry]:
    """Every layer, those within residuals too; SpecError where these are nested too deep."""
    _check_depth(depth)
    for entry in entries:
        yield entry
        layer = _layer_of(entry)
        if isinstance(layer, Residual):
            yield from _all((*layer.body, *layer.shortcut), depth + 1)


def _check_depth(depth: int) -> None:
    if depth > MOST_DEPTH:
        raise SpecError(f"layers are nested more than {MOST_DEPTH} deep; write them one after the other")


# --- as tables: {layer = kind, settings..., name = ..., after = [...]} ---


def _described(entry: Entry) -> dict[str, Any]:
    layer = _layer_of(entry)
    settings = {field.name: getattr(layer, field.name) for field in dataclasses.fields(layer)}
    kept = {name: _plain(value) for name, value in settings.items() if value is not None}
    wiring: dict[str, Any] = {}
    if isinstance(entry, Wired):
        wiring = {"name": entry.name} if entry.name else {}
        wiring |= {"after": list(entry.sources)} if entry.sources else {}
    return {"layer": layer.kind, **kept, **wiring}


def _plain(value: Any) -> Any:
    """Tuples as lists, layers as tables: what a file can hold."""
    if isinstance(value, (Layer, Wired)):
        return _described(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _read(value: Any, depth: int) -> Any:
    """What `_plain` made, as it was."""
    _check_depth(depth // 2)  # a list and a table for each residual
    if isinstance(value, dict):
        return _read_layer(value, depth)
    return tuple(_read(item, depth + 1) for item in value) if isinstance(value, list) else value


def _read_layer(entry: Any, depth: int = 0) -> Entry:
    if not isinstance(entry, dict):
        raise SpecError(f"a layer is described as {entry!r}, must be a table of its kind and settings")
    settings = dict(entry)
    kind, name, after = settings.pop("layer", None), settings.pop("name", ""), settings.pop("after", ())
    settings.pop(PRECISION, None)  # which is of the layer as it stands in the network
    if kind is None:
        raise SpecError("a layer has no kind; write it as in layer = 'sign'")
    if not isinstance(kind, str) or kind not in LAYERS:
        raise unknown_name("layer", kind, LAYERS)
    known = [field.name for field in dataclasses.fields(LAYERS[kind])]
    for setting in settings:
        if setting not in known:
            there = ", ".join((*known, "name", "after"))
            raise SpecError(f"layer {kind} has no setting {setting!r}; there are {there}")
    for field in dataclasses.fields(LAYERS[kind]):
        if field.name not in settings and field.default is dataclasses.MISSING:
            raise SpecError(f"layer {kind} lacks the setting {field.name!r}")
    layer = LAYERS[kind](**{setting: _read(value, depth + 1) for setting, value in settings.items()})
    return _wired(layer, name, after)


def _note_precisions(described: Any, entries: Sequence[Entry], names: Names, found: dict[str, str]) -> None:
    """Which precision the tables of layers, and of those within them, ask for, by the names that layers have."""
    for table, entry in zip(described, entries, strict=True):
        name, layer = names.of(as_wired(entry)), _layer_of(entry)
        if PRECISION in table:
            found[name] = table[PRECISION]
        if isinstance(layer, Residual):
            _note_precisions(table["body"], layer.body, names, found)
            _note_precisions(table.get("shortcut", ()), layer.shortcut, names, found)


def _in_blocks(entry: Entry, block: int) -> Entry:
    """A layer of a network, in circulant blocks of another size if it is recurrent."""
    layer = _layer_of(entry)
    if not isinstance(layer, Recurrent):
        return entry
    changed = dataclasses.replace(layer, block=block)
    return dataclasses.replace(entry, layer=changed) if isinstance(entry, Wired) else changed


def _wired(layer: Layer, name: Any, after: Any) -> Entry:
    """The layer, with what a table says of its place."""
    if not isinstance(name, str):
        raise SpecError(f"the name of a {layer.kind} is {name!r}, must be a text")
    sources = [after] if isinstance(after, str) else after
    if not isinstance(sources, (list, tuple)) or not all(isinstance(source, str) for source in sources):
        raise SpecError(f"a {layer.kind} is after {after!r}, must be a name, or a list of names")
    return Wired(layer, name, tuple(sources)) if name or sources else layer
