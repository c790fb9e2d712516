"""layers: the binary layers of an inference graph as the engine runs them, one after the other.

The engine takes the first signs and gives back the last sums; what is before and behind runs on the host: the first
layer, which multiplies bytes or floats, and the head. A dense layer is a convolution of one pixel, a pool behind a
product is part of its layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linocut.devices.word_engine.sign_tests import SignTest, test_behind
from linocut.errors import SpecError
from linocut.graph.inference import (
    FLOATS,
    MAX,
    SIGNS,
    SUM,
    Add,
    Affine,
    BinaryProduct,
    Clip,
    ComplexAffine,
    Flatten,
    InferenceGraph,
    InferenceNode,
    LevelsProduct,
    Pool,
    SpectralPool,
    Threshold,
)
from linocut.layers.base import Shape
from linocut.layers.window import Window
from linocut.ops.bits import Array, unpack

ONE_PIXEL = (1, 1)


@dataclass(frozen=True, eq=False)
class Layer:
    """A product of signs, the pool behind it if there is one, and the test that makes signs of its sums.

    `image` (height, width) has `inputs` channels, `given` is what the layer gives, of `outputs` channels; they are
    complex ones where there are two parts. `weights` are booleans (outputs, rows, columns, parts, inputs), `kept`
    booleans (outputs, rows, columns, inputs) says which of them are not pruned, None: all. `sums` and `signs` are the
    names of these values in the graph; without a test there are no signs, and sums go to the host.
    """

    name: str
    image: tuple[int, int]
    given: tuple[int, int]
    inputs: int
    outputs: int
    parts: int
    stride: int
    pads: tuple[int, int]
    pool: tuple[int, int]
    pool_stride: int
    pool_function: str
    weights: Array
    kept: Array | None
    sums: str
    signs: str
    test: SignTest | None

    @property
    def taps(self) -> tuple[int, int]:
        """Rows and columns of the kernel."""
        rows, columns = self.weights.shape[1:3]
        return int(rows), int(columns)

    @property
    def pixels(self) -> int:
        """That it gives."""
        return self.given[0] * self.given[1]

    @property
    def windows(self) -> int:
        """Places of the kernel for each pixel that it gives: those of the pool."""
        return self.pool[0] * self.pool[1]

    @property
    def products(self) -> int:
        """Products of a frame, complex ones where there are two parts, of weights that are kept; padding counted."""
        kept = self.weights[:, :, :, 0].size if self.kept is None else int(np.count_nonzero(self.kept))
        return self.pixels * self.windows * kept

    @property
    def largest(self) -> int:
        """No sum of one part, complex ones halved, is larger than this."""
        times = self.windows if self.pool_function == SUM else 1
        return self.inputs * self.taps[0] * self.taps[1] * times


@dataclass(frozen=True, eq=False)
class EngineNetwork:
    """The `layers` of a network, whose first reads the signs `reads` (height, width, channels) of the host's.

    `obstacle` says why no Verilog can be made of it, "" where it can; cycles are counted anyway.
    """

    name: str
    layers: tuple[Layer, ...]
    reads: str
    obstacle: str

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
    products = [node for node in graph.nodes if isinstance(node, BinaryProduct)]
    if not products:
        raise SpecError(
            f"no engine builds {graph.name}: it has no layer of signs times binary weights, and no block-circulant LSTM"
        )
    layers = []
    for node in products:
        layers.append(_layer(graph, node, (kept or {}).get(node.name)))
    if len({layer.parts for layer in layers}) > 1:
        odd = next(layer.name for layer in layers if layer.parts != layers[0].parts)
        raise SpecError(f"{graph.name} mixes complex and real products, from {odd} on; an engine has one kind")
    first = graph.by_name[products[0].inputs[0]]
    reads = first.inputs[0] if isinstance(first, Flatten) else first.name
    return EngineNetwork(graph.name, tuple(layers), reads, _obstacle(graph, layers, products))


def _layer(graph: InferenceGraph, node: BinaryProduct, kept: Array | None) -> Layer:
    source, window = graph.by_name[node.inputs[0]], node.window
    weights = unpack(node.weights, node.depth)
    parts = 2 if _is_complex(weights) else 1
    if isinstance(source, Flatten) and parts == 1:
        source = graph.by_name[source.inputs[0]]
    shape = _as_image(source.shape)
    stride, pads = (1, (0, 0)) if window is None else (window.stride, window.pads)
    made = ONE_PIXEL if window is None else _sides(window, window.as_images(source.shape))
    if window is None:  # all of an image that was flattened is the kernel
        weights = weights.reshape(len(weights), *shape)
    pool, last = _pool_behind(graph, node)
    times = 1 if pool is None else pool.window.size[0] * pool.window.size[1]
    test, signs = test_behind(graph, last.name, parts, times * shape[-1] // parts * weights[0, :, :, 0].size)
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
    halved = weights[: len(weights) // parts].reshape(len(weights) // parts, *weights.shape[1:3], parts, inputs)
    if parts == 2:  # rows are [re | not im]
        halved = halved.copy()
        halved[:, :, :, 1] = ~halved[:, :, :, 1]
    if kept is not None and kept.shape != (shaped := (len(halved), *halved.shape[1:3], inputs)):
        raise SpecError(f"what {node.name} keeps is {kept.shape}, must be {shaped}")
    return Layer(
        node.name,
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
        last.name,
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


def _is_complex(weights: Array) -> bool:
    """Whether rows are those of complex numbers, [re | not im] and then [im | re]."""
    rows, inputs = weights.shape[0], weights.shape[-1]
    if rows % 2 or inputs % 2:
        return False
    upper, lower = weights[: rows // 2], weights[rows // 2 :]
    real, negative = upper[..., : inputs // 2], upper[..., inputs // 2 :]
    return bool((lower[..., inputs // 2 :] == real).all() and (lower[..., : inputs // 2] == ~negative).all())


def _reader(graph: InferenceGraph, name: str) -> InferenceNode | None:
    readers = graph.readers(name)
    return readers[0] if len(readers) == 1 else None


def _pool_behind(graph: InferenceGraph, node: BinaryProduct) -> tuple[Pool | None, InferenceNode]:
    """The pool of sums behind a product, and what gives the sums that are tested."""
    reader = _reader(graph, node.name)
    if isinstance(reader, Pool) and reader.function == SUM:
        return reader, reader
    return None, node


def _signs_pool(graph: InferenceGraph, signs: str) -> Pool | None:
    reader = _reader(graph, signs)
    return reader if isinstance(reader, Pool) and reader.function == MAX and reader.gives == SIGNS else None


def _obstacle(graph: InferenceGraph, layers: list[Layer], products: list[BinaryProduct]) -> str:
    """Why these layers are no chain from the host's signs to its sums; "" where they are."""
    for node in graph.nodes:
        if isinstance(node, SpectralPool):
            return f"{node.name} needs real arithmetic between a product and its norm; take pools of means"
        if isinstance(node, LevelsProduct):
            return f"{node.name} multiplies levels of several bits, the engine signs"
    for before, layer, node in zip(layers, layers[1:], products[1:], strict=False):
        given = graph.by_name[node.inputs[0]]
        if given.name == before.signs:
            continue
        if isinstance(given, Flatten) and given.inputs[0] == before.signs:
            if layer.parts == 1 or before.pixels == 1:
                continue
            return f"{given.name} flattens complex channels of {before.pixels} pixels; pool them to one"
        return _why(graph, given, before, layer)
    if layers[-1].test is not None:
        return f"{layers[-1].name} gives signs to the host, the engine sums; end with a norm in floats"
    for layer, node in zip(layers, products, strict=True):
        if len({reader.name for reader in graph.readers(node.inputs[0])}) > 1:
            return f"{node.inputs[0]} is read by several layers beside {layer.name}"
    return ""


def _why(graph: InferenceGraph, given: InferenceNode, before: Layer, layer: Layer) -> str:
    """What is between two layers that the engine cannot do."""
    behind = given
    while behind.inputs and not isinstance(behind, (BinaryProduct, Add)):
        behind = graph.by_name[behind.inputs[0]]
        if behind.gives == FLOATS and not isinstance(behind, (Affine, ComplexAffine, Clip, Add, Threshold)):
            return f"{behind.name}, a {behind.kind} between {before.name} and {layer.name}, is in floats"
    if isinstance(behind, Add):
        return f"{behind.name} adds in floats between {before.name} and {layer.name}: sums of shortcuts are not built"
    return f"{layer.name} reads {given.name}, not what {before.name} gives"
