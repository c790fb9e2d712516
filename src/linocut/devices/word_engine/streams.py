"""streams: residual networks, whose blocks add normed sums to a stream of numbers, and where signs wait meanwhile.

Of each block the last product adds its norm to the stream, whose sign the next block reads. Where a shortcut has a
product of its own, that one goes first, and begins the stream anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from linocut.devices.word_engine.layer import Layer, Stream
from linocut.graph.inference import MAX, Add, Affine, ComplexAffine, InferenceGraph, InferenceNode, Threshold
from linocut.graph.sign_tests import lines_of

BUFFERS = (1, 2)  # of signs, beside the host's


def with_stream(graph: InferenceGraph, layers: Sequence[Layer]) -> tuple[list[Layer], str] | str:
    """The layers in the order in which they run, with what they do to the stream, and where that begins.

    Or why they cannot be run.
    """
    by_sums = {layer.sums: layer for layer in layers}
    found = {layer.name: layer for layer in layers}
    order = [layer.name for layer in layers]
    begins, now = "", ""
    names: dict[str, str] = {}
    for add in (node for node in graph.nodes if isinstance(node, Add)):
        if len(add.inputs) != 2:
            return f"{add.name} adds {len(add.inputs)} values, the engine two"
        norms = {source: layer for source in add.inputs if (layer := _normed(graph, source, by_sums)) is not None}
        others = [source for source in add.inputs if source not in norms]
        if not norms or any(layer.pool_function == MAX and layer.windows > 1 for layer in norms.values()):
            return f"{add.name} adds what is no norm of products"
        if others and not now:
            begins = now = others[0]
        if others and others[0] != now:
            return f"{add.name} adds {others[0]}, the engine keeps {now} alone"
        ranked = sorted(norms, key=lambda source: order.index(norms[source].name))
        signs = _signs_of(graph, add.name, names)
        main = norms[ranked[0]]
        stream = _stream(graph, ranked[0], main, adds=True, first=bool(others) and now == begins, value=add.name)
        found[main.name] = replace(main, stream=stream, signs=signs, test=None)
        if len(ranked) > 1:
            side = norms[ranked[1]]
            begun = _stream(graph, ranked[1], side, adds=False, first=False, value="")
            found[side.name] = replace(side, stream=begun, signs="", test=None)
            order.remove(side.name)
            order.insert(order.index(main.name), side.name)
        now = add.name
    if begins:
        _signs_of(graph, begins, names)
    made = [found[name] for name in order]
    if made[-1].stream is None:
        return f"{made[-1].name} comes behind the last sum {now}, which the engine gives"
    if not begins:
        return f"{now} adds two products first of all; the engine adds to what the host gives"
    return [replace(layer, reads=names.get(layer.reads, layer.reads)) for layer in made], begins


def _normed(graph: InferenceGraph, source: str, by_sums: dict[str, Layer]) -> Layer | None:
    """The layer whose sums a norm reads that is one of what is added."""
    node = graph.by_name[source]
    return by_sums.get(node.inputs[0]) if isinstance(node, (Affine, ComplexAffine)) else None


def _stream(graph: InferenceGraph, norm: str, layer: Layer, *, adds: bool, first: bool, value: str) -> Stream:
    node = graph.by_name[norm]
    assert isinstance(node, (Affine, ComplexAffine))
    slopes, shift = lines_of(node, layer.parts)
    return Stream(slopes, shift, adds, first, value)


def _signs_of(graph: InferenceGraph, value: str, names: dict[str, str]) -> str:
    """The signs of a value in floats, "" of none; others of the same value get their name in `names`."""
    signs = [node.name for node in graph.readers(value) if _is_sign(node)]
    names |= {name: signs[0] for name in signs}
    return signs[0] if signs else ""


def _is_sign(node: InferenceNode) -> bool:
    return isinstance(node, Threshold) and node.least.dtype == np.float32 and not np.any(node.least)


def with_buffers(layers: Sequence[Layer], reads: str) -> list[Layer] | None:
    """The layers with the buffers of signs that they read and write; None where two are too few."""
    last = {name: at for at, layer in enumerate(layers) for name in (layer.reads,)}
    place = {reads: 0}
    found = []
    for at, layer in enumerate(layers):
        writes = 0
        if layer.signs:
            taken = {place[name] for name in place if last.get(name, -1) >= at}
            free = [buffer for buffer in BUFFERS if buffer not in taken]
            if not free:
                return None
            writes = place[layer.signs] = free[0]
        found.append(replace(layer, buffers=(place[layer.reads], writes)))
        place = {name: buffer for name, buffer in place.items() if last.get(name, -1) > at}
    return found
