"""layers: the binary layers of an inference graph as the engine runs them, one after the other.

The engine takes the first signs and gives back the last sums; what is before and behind runs on the host: the first
layer, which multiplies bytes or floats, and the head. A dense layer is a convolution of one pixel, a pool behind a
product is part of its layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, runtime_checkable

import numpy as np

from linocut.devices.word_engine.layer import ONE_PIXEL, Layer
from linocut.devices.word_engine.streams import with_buffers, with_stream
from linocut.errors import SpecError
from linocut.graph.inference import (
    MAX,
    SIGNS,
    SUM,
    Add,
    BinaryProduct,
    Flatten,
    InferenceGraph,
    InferenceNode,
    LevelsProduct,
    Pool,
    SpectralPool,
)
from linocut.graph.sign_tests import test_behind
from linocut.layers.base import Shape
from linocut.layers.window import Window
from linocut.ops.bits import Array, unpack


@runtime_checkable
class PrunedWeights(Protocol):
    """A product of signs whose weights are -1, 0 and +1, `ternary` (outputs, ..., inputs): a node of pruned layers."""

    @property
    def name(self) -> str:
        """Its own."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """What it reads."""

    @property
    def window(self) -> Window | None:
        """Of a convolution."""

    def ternary(self) -> Array:
        """The weights, int64."""


@dataclass(frozen=True, eq=False)
class EngineNetwork:
    """The `layers` of a network, whose first reads the signs `reads` (height, width, channels) of the host's.

    `stream` names the host's floats that a residual network begins to add to, "" where nothing is added. `obstacle`
    says why no Verilog can be made of it, "" where it can; cycles are counted anyway.
    """

    name: str
    layers: tuple[Layer, ...]
    reads: str
    obstacle: str
    stream: str = ""

    @property
    def parts(self) -> int:
        """2 of complex networks, 1 of real ones."""
        return self.layers[0].parts

    @property
    def products(self) -> int:
        """Of a frame."""
        return sum(layer.products for layer in self.layers)

    @property
    def noun(self) -> str:
        """What is multiplied."""
        return "complex" if self.parts == 2 else "real"


def network_of(graph: InferenceGraph, kept: dict[str, Array] | None = None) -> EngineNetwork:
    """The layers of a graph that the engine runs; `kept` are masks of pruned layers, by name, as Layer has them.

    SpecError where there are none, where complex and real ones are mixed, and for what is between them that the engine
    cannot do, with its name.
    """
    products = [node for node in graph.nodes if isinstance(node, (BinaryProduct, PrunedWeights))]
    if not products:
        raise SpecError(
            f"no engine builds {graph.name}: it has no layer of signs times binary weights, and no block-circulant LSTM"
        )
    layers = [_layer(graph, node, (kept or {}).get(node.name)) for node in products]
    if len({layer.parts for layer in layers}) > 1:
        odd = next(layer.name for layer in layers if layer.parts != layers[0].parts)
        raise SpecError(f"{graph.name} mixes complex and real products, from {odd} on; an engine has one kind")
    reads = layers[0].reads
    if any(isinstance(node, Add) for node in graph.nodes):
        found = with_stream(graph, layers)
        if isinstance(found, str):
            return EngineNetwork(graph.name, tuple(layers), reads, found)
        layers, stream = found
    else:
        stream = ""
    obstacle = _obstacle(graph, layers)
    if not obstacle:
        placed = with_buffers(layers, reads)
        if placed is None:
            obstacle = "it keeps signs of more than two layers at a time"
        else:
            layers = placed
    return EngineNetwork(graph.name, tuple(layers), reads, obstacle, stream)


def _layer(graph: InferenceGraph, node: BinaryProduct | PrunedWeights, kept: Array | None) -> Layer:
    source, window = graph.by_name[node.inputs[0]], node.window
    weights = _ternary(node)
    parts = 2 if _is_complex(weights) else 1
    if isinstance(source, Flatten) and parts == 1:
        source = graph.by_name[source.inputs[0]]
    shape = _as_image(source.shape)
    stride, pads = (1, (0, 0)) if window is None else (window.stride, window.pads)
    made = ONE_PIXEL if window is None else _sides(window, window.as_images(source.shape))
    if window is None:  # all of an image that was flattened is the kernel
        weights = weights.reshape(len(weights), *shape)
    pool, last = _pool_behind(graph, node.name)
    times = 1 if pool is None else pool.window.size[0] * pool.window.size[1]
    test, signs = test_behind(graph, last, parts, times * shape[-1] // parts * weights[0, :, :, 0].size)
    size, pool_stride, function, given = ONE_PIXEL, 1, SUM, made
    if pool is None and signs:
        pool = _signs_pool(graph, signs)
    if pool is not None:
        size, pool_stride, function = pool.window.size, pool.window.stride, pool.function
        given = _sides(pool.window, (*made, 1))
        if pool.window.padding != "valid" and any(
            (side - 1) * pool_stride + own > before for side, own, before in zip(given, size, made, strict=True)
        ):
            raise SpecError(f"{pool.name} pools beyond the edge of its image; the engine pools whole windows alone")
        signs = pool.name if function == MAX else signs
    inputs = shape[-1] // parts
    rows = weights[: len(weights) // parts].reshape(len(weights) // parts, *weights.shape[1:3], parts, inputs)
    halved = rows > 0
    if parts == 2:  # rows are [re | -im]
        halved[:, :, :, 1] = rows[:, :, :, 1] < 0
    if kept is None and not rows.all():
        kept = rows[:, :, :, 0] != 0
    if kept is not None and kept.shape != (shaped := (len(halved), *halved.shape[1:3], inputs)):
        raise SpecError(f"what {node.name} keeps is {kept.shape}, must be {shaped}")
    return Layer(
        node.name,
        source.name,
        (shape[0], shape[1]),
        given,
        inputs,
        len(halved),
        parts,
        stride,
        pads,
        size,
        pool_stride,
        function,
        halved,
        kept,
        last,
        signs,
        test,
    )


def _as_image(shape: Shape) -> tuple[int, int, int]:
    """(height, width, channels) of signs."""
    padded = (1, 1, *shape)[-3:]
    return padded[0], padded[1], padded[2]


def _sides(window: Window, image: Shape) -> tuple[int, int]:
    """What a window gives over (height, width, channels)."""
    sides = window.images_over((1, *image), 1)
    return int(sides[1]), int(sides[2])


def _ternary(node: BinaryProduct | PrunedWeights) -> Array:
    """Weights -1, 0 where they are pruned, and +1: int8 (outputs, ..., inputs)."""
    if isinstance(node, BinaryProduct):
        return np.where(unpack(node.weights, node.depth), np.int8(1), np.int8(-1))
    return node.ternary().astype(np.int8)


def _is_complex(weights: Array) -> bool:
    """Whether rows are those of complex numbers, [re | -im] and then [im | re]."""
    rows, inputs = weights.shape[0], weights.shape[-1]
    if rows % 2 or inputs % 2:
        return False
    upper, lower = weights[: rows // 2], weights[rows // 2 :]
    real, negative = upper[..., : inputs // 2], upper[..., inputs // 2 :]
    return bool((lower[..., inputs // 2 :] == real).all() and (lower[..., : inputs // 2] == -negative).all())


def _reader(graph: InferenceGraph, name: str) -> InferenceNode | None:
    readers = graph.readers(name)
    return readers[0] if len(readers) == 1 else None


def _pool_behind(graph: InferenceGraph, product: str) -> tuple[Pool | None, str]:
    """The pool of sums behind a product, and the name of the sums that are tested."""
    reader = _reader(graph, product)
    if isinstance(reader, Pool) and reader.function == SUM:
        return reader, reader.name
    return None, product


def _signs_pool(graph: InferenceGraph, signs: str) -> Pool | None:
    reader = _reader(graph, signs)
    return reader if isinstance(reader, Pool) and reader.function == MAX and reader.gives == SIGNS else None


def _obstacle(graph: InferenceGraph, layers: list[Layer]) -> str:
    """Why these layers cannot be run from the host's signs to what they give it; "" where they can."""
    for node in graph.nodes:
        if isinstance(node, SpectralPool):
            return f"{node.name} needs real arithmetic between a product and its norm; take pools of means"
        if isinstance(node, LevelsProduct):
            return f"{node.name} multiplies levels of several bits, the engine signs"
    given = {layers[0].reads, *(layer.signs for layer in layers)}
    for before, layer in pairwise(layers):
        if layer.reads not in given:
            return f"{layer.name} reads {layer.reads}, which no layer of the engine gives"
        flat = graph.by_name[graph.by_name[layer.name].inputs[0]]
        if isinstance(flat, Flatten) and layer.parts == 2 and before.pixels > 1:
            return f"{flat.name} flattens complex channels of {before.pixels} pixels; pool them to one"
    if layers[-1].signs:
        return f"{layers[-1].name} gives signs to the host, the engine sums; end with a norm in floats"
    lost = next((layer.name for layer in layers[:-1] if not layer.signs and layer.stream is None), None)
    return f"{lost} gives sums to the host before the last layer" if lost else ""
