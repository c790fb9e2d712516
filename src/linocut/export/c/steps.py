"""steps: an inference graph as calls of C functions over one scratch memory.

A product of integers whose sole reader is a threshold or a norm is one call with it, output by output, so that its
sums are kept nowhere; with the max-pool that alone reads the signs of its threshold it is one call too. What reads
numbers for the last time writes in their place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from linocut.compile.placement.lifetimes import Lifetime
from linocut.compile.placement.offsets import place
from linocut.errors import SpecError
from linocut.export.c.tables import filter_words, identifier
from linocut.export.complex_nodes import refuse_complex
from linocut.export.norms import factor
from linocut.export.recurrent import refuse
from linocut.export.words import WORD, tap_words
from linocut.graph.inference import (
    BYTES,
    FLOATS,
    INTEGERS,
    MAX,
    PLANES,
    SIGNS,
    Activation,
    Add,
    Affine,
    BinaryProduct,
    CirculantProduct,
    Clip,
    Coding,
    ComplexAffine,
    ComplexThreshold,
    Concat,
    Flatten,
    InferenceGraph,
    InferenceNode,
    InputCoding,
    LevelsProduct,
    Logits,
    Pool,
    PrunedProduct,
    Q10Node,
    Quantise,
    RealProduct,
    Recurrent,
    SequencePool,
    Slice,
    SpectralPool,
    Threshold,
)
from linocut.layers.base import Shape
from linocut.layers.weights import levels_format
from linocut.layers.window import Window
from linocut.ops.bits import Array, pack
from linocut.ops.levels import float_boundaries, largest

WORD_BYTES = 4
MOST = 2**31 - 1  # of signs, numbers and weights that int32_t counts
IMAGE = -1  # the buffer that is the caller's
_LETTER = {SIGNS: "signs", INTEGERS: "sums", FLOATS: "numbers"}


@dataclass(frozen=True)
class Value:
    """What a node gives: its buffer, one of the kinds of the inference graph, and the shape of one example."""

    buffer: int
    gives: str
    shape: Shape

    @property
    def channels(self) -> int:
        """The last size."""
        return self.shape[-1]

    @property
    def pixels(self) -> int:
        """All sizes before."""
        return math.prod(self.shape[:-1])

    @property
    def count(self) -> int:
        """Elements."""
        return math.prod(self.shape)

    @property
    def planes(self) -> int:
        """Planes of bits, one after the other, the most significant first: of signs one."""
        return PLANES.get(self.gives, 0)

    @property
    def row(self) -> int:
        """From a pixel to the next: elements, of signs with the bits that fill its last word."""
        return -(-self.channels // WORD) * WORD if self.gives in PLANES else self.channels

    @property
    def nbytes(self) -> int:
        """Bytes in scratch memory, whole words."""
        if self.gives in PLANES:
            return self.planes * self.pixels * self.row // 8
        return -(-self.count // WORD_BYTES) * WORD_BYTES if self.gives == BYTES else WORD_BYTES * self.count


Argument: TypeAlias = "Value | str | int"


@dataclass(frozen=True)
class Step:
    """A call of the piece `function`; the node that it is for."""

    node: str
    function: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Table:
    """A constant of a node."""

    node: str
    kind: str
    name: str
    values: Array


@dataclass(frozen=True)
class Steps:
    """Calls in order, the tables and structures that they name, and where in scratch memory each buffer lies, in bytes.

    `structures` are lines of C, `logits` is the value that is given back.
    """

    steps: tuple[Step, ...]
    tables: tuple[Table, ...]
    structures: tuple[str, ...]
    offsets: dict[int, int]
    scratch_bytes: int
    logits: Value


def steps_of(graph: InferenceGraph) -> Steps:
    """The steps of a graph; SpecError, with the node, for what they cannot say."""
    lowering = _Lowering(graph)
    for node in graph.nodes:
        lowering.lower(node)
    offsets, total = place(lowering.lifetimes())
    return Steps(
        tuple(lowering.steps),
        tuple(lowering.tables),
        tuple(lowering.structures),
        offsets,
        total,
        lowering.values[graph.logits.name],
    )


@dataclass
class _Lowering:
    """Lowers node by node. `pending` counts the reads of each buffer that are yet to come."""

    graph: InferenceGraph
    steps: list[Step] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    structures: list[str] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    pending: dict[int, int] = field(default_factory=dict)

    def lower(self, node: InferenceNode) -> None:
        """Add the steps of a node."""
        match node:
            case InputCoding():
                value = self._input(node)
            case BinaryProduct() | PrunedProduct() | RealProduct():
                if self._joined(node) is not None:
                    return
                value = self._product(node, None)
            case LevelsProduct():
                value = self._levels_product(node)
            case Quantise():
                value = self._quantise(node)
            case Threshold() if self._pooled(node) is not None:
                return
            case Threshold() | Affine():
                value = self._by_channel(node)
            case ComplexAffine() | ComplexThreshold() | SpectralPool() | Clip() | Coding() | Pool(function="sum"):
                refuse_complex(node, "C")
            case Pool():
                value = self._pool(node)
            case Add():
                value = self._add(node)
            case Activation():
                value = self._activation(node)
            case Flatten():
                value = self._flatten(node)
            case Concat():
                value = self._concat(node)
            case Slice():
                value = self._slice(node)
            case CirculantProduct() | Recurrent() | SequencePool() | Q10Node():
                refuse(node, "C")
            case Logits():
                value = self._numbers(node, node.inputs[0])
        self._put(node, value)

    def lifetimes(self) -> list[Lifetime]:
        """From when to when each buffer is needed, the logits to the end."""
        spans: dict[int, tuple[int, int]] = {}
        for number, step in enumerate(self.steps):
            for one in step.arguments:
                if isinstance(one, Value) and one.buffer != IMAGE:
                    spans[one.buffer] = (spans.get(one.buffer, (number, number))[0], number)
        last = self.values[self.graph.logits.name].buffer
        if last in spans:
            spans[last] = (spans[last][0], len(self.steps))
        return [Lifetime(buffer, self.sizes[buffer], *span) for buffer, span in spans.items()]

    # --- values ---

    def _put(self, node: InferenceNode, value: Value) -> None:
        """Keep what a node gives; it has read what it reads."""
        for source in self._sources(node):
            self.pending[self.values[source].buffer] -= 1
        self.values[node.name] = value
        self.pending[value.buffer] = self.pending.get(value.buffer, 0) + len(self.graph.readers(node.name))

    def _sources(self, node: InferenceNode) -> Sequence[str]:
        """The names of the values that a node reads, or that what is one call with it reads."""
        names = node.inputs
        while names and names[0] not in self.values:
            names = self.graph.by_name[names[0]].inputs
        return names

    def _made(self, node: InferenceNode, gives: str, shape: Shape) -> Value:
        value = Value(len(self.sizes), gives, shape)
        if value.count > MOST:
            raise SpecError(f"{node.name}: it gives {value.count:,} values, C counts {MOST:,}; take smaller examples")
        self.sizes.append(value.nbytes)
        return value

    def _over(self, node: InferenceNode, read: Value) -> Value:
        """Numbers in the place of what is read where nothing else reads that any more, else in one of their own."""
        reads = sum(self.values[source].buffer == read.buffer for source in self._sources(node))
        if read.buffer != IMAGE and self.pending.get(read.buffer, 0) == reads:
            return Value(read.buffer, FLOATS, node.shape)
        return self._made(node, FLOATS, node.shape)

    def _numbers(self, node: InferenceNode, source: str) -> Value:
        """What a node reads, as floats."""
        value = self.values[source]
        if value.gives == FLOATS:
            return value
        numbers = self._made(node, FLOATS, value.shape)
        self._step(node, f"{'sums' if value.gives == INTEGERS else 'bytes'}_to_numbers", value, value.count, numbers)
        return numbers

    def _step(self, node: InferenceNode, function: str, *arguments: Argument) -> None:
        self.steps.append(Step(node.name, function, arguments))

    # --- constants ---

    def _table(self, node: InferenceNode, kind: str, part: str, values: Array) -> str:
        if values.size > MOST:
            raise SpecError(
                f"{node.name}: {part} has {values.size:,} entries, C counts {MOST:,}; take a narrower layer"
            )
        name = self._named(node, part)
        self.tables.append(Table(node.name, kind, name, values))
        return name

    def _named(self, node: InferenceNode, part: str) -> str:
        """A name of its own: those of nodes may differ in what C has not."""
        return f"n{self.graph.nodes.index(node)}_{identifier(node.name)}_{part}"

    def _grid(self, node: InferenceNode, window: Window | None, shape: Shape, outputs: int) -> str:
        """A structure for a window over a value of that shape; a vector is one pixel."""
        if window is None:
            sizes: tuple[int, ...] = (1, 1, shape[-1], 1, 1, 1, 0, 0, 1, 1, outputs)
        else:
            images = window.as_images((1, *shape))
            _, height, width, _ = window.images_over(images, outputs)
            sizes = (*images[1:], *window.size, window.stride, *window.pads, height, width, outputs)
        name = self._named(node, "grid")
        self.structures.append(f"static const grid {name} = {{{', '.join(map(str, sizes))}}};")
        return f"&{name}"

    def _norm(self, node: Affine) -> str:
        """A structure for a norm, with the inverse of its deviation: 0 for a channel that does not vary."""
        parts = [("mean", node.mean), ("inverse", factor(node)), ("shift", node.shift)]
        named = [self._table(node, "float", part, values) for part, values in parts]
        gain = "0" if node.gain is None else self._table(node, "float", "gain", node.gain)
        name = self._named(node, "norm")
        self.structures.append(f"static const norm {name} = {{{', '.join([*named, gain])}}};")
        return f"&{name}"

    # --- nodes ---

    def _input(self, node: InputCoding) -> Value:
        if node.is_bytes:
            return Value(IMAGE, BYTES, node.shape)
        if not node.coded:
            value = self._made(node, FLOATS, node.shape)
            self._step(node, "read_numbers", "image", value.count, value)
            return value
        value, scale = self._made(node, BYTES, node.shape), 255.0 / (node.high - node.low)
        self._step(node, "code_numbers", "image", repr(float(node.low)), repr(scale), value.count, value)
        return value

    def _joined(self, node: BinaryProduct | PrunedProduct | RealProduct) -> Threshold | Affine | None:
        """The node that alone reads a product of integers, and is one call with it."""
        readers = self.graph.readers(node.name)
        if node.gives != INTEGERS or len(readers) != 1:
            return None
        return readers[0] if isinstance(readers[0], (Threshold, Affine)) else None

    def _pooled(self, node: Threshold) -> Pool | None:
        """The pool, whose windows do not overlap, that alone reads the signs of a binary product."""
        product, readers = self.graph.by_name[node.inputs[0]], self.graph.readers(node.name)
        if not isinstance(product, BinaryProduct) or self._joined(product) is not node or len(readers) != 1:
            return None
        pool = readers[0]
        fits = isinstance(pool, Pool) and pool.window.stride >= max(pool.window.size)
        return pool if isinstance(pool, Pool) and fits else None

    def _product(self, node: BinaryProduct | PrunedProduct | RealProduct, reader: Threshold | Affine | None) -> Value:
        """A product, or what its reader makes of it."""
        if isinstance(node, RealProduct) and node.gives == FLOATS:
            return self._float_product(node)
        x, grid = self.values[node.inputs[0]], self._grid_of(node)
        least = self._table(reader, "int32_t", "least", reader.least) if isinstance(reader, Threshold) else "0"
        norm = self._norm(reader) if isinstance(reader, Affine) else "0"
        given = reader or node
        value = self._made(given, given.gives, given.shape)
        if isinstance(node, PrunedProduct):
            self._step(given, "pruned_product", grid, x, *self._lists(node), least, norm, value)
            return value
        binary = isinstance(node, BinaryProduct)
        words = (tap_words if binary else filter_words)(node.weights, node.depth)
        weights = self._table(node, "uint32_t", "weights", words)
        self._step(given, "signs_product" if binary else "bytes_product", grid, x, weights, least, norm, value)
        return value

    def _lists(self, node: PrunedProduct) -> list[str]:
        """The words of 32 inputs of which something is kept, those of each output up to an end."""
        weights = node.ternary()
        lanes, signs = (
            tap_words(pack(chosen), node.depth).reshape(len(weights), -1) for chosen in (weights != 0, weights > 0)
        )
        outputs, places = np.nonzero(lanes)
        ends = np.cumsum(np.bincount(outputs, minlength=len(weights)))
        parts = {"ends": ends, "places": places}
        tables = [self._table(node, "int32_t", part, array.astype(np.int32)) for part, array in parts.items()]
        words = {"signs": signs[outputs, places], "lanes": lanes[outputs, places]}
        return [*tables, *(self._table(node, "uint32_t", part, array) for part, array in words.items())]

    def _levels_product(self, node: LevelsProduct) -> Value:
        """The sums of a product of levels; what reads them is another call."""
        x = self.values[node.inputs[0]]
        grid = self._grid(node, node.window, x.shape, node.shape[-1])
        taps = 1 if node.window is None else math.prod(node.window.size)
        _ = levels_format(node.name, node.depth * taps * largest(node.bits) * largest(x.planes))
        words = np.stack([tap_words(plane, node.depth) for plane in node.weights])
        weights = self._table(node, "uint32_t", "weights", words)
        value = self._made(node, node.gives, node.shape)
        self._step(node, "levels_product", grid, x, x.planes, weights, node.bits, value)
        return value

    def _quantise(self, node: Quantise) -> Value:
        x = self.values[node.inputs[0]]
        value = self._made(node, node.gives, node.shape)
        if node.least is not None:
            least = self._table(node, "int32_t", "least", node.least)
            self._step(node, "quantise_sums", x, least, x.pixels, x.channels, node.bits, value)
            return value
        least = self._table(node, "float", "least", float_boundaries(node.bits))
        x = self._numbers(node, node.inputs[0])
        self._step(node, "quantise_numbers", x, least, x.pixels, x.channels, node.bits, value)
        return value

    def _float_product(self, node: RealProduct) -> Value:
        x = self._numbers(node, node.inputs[0])
        if node.binary:
            weights = self._table(node, "uint32_t", "weights", filter_words(node.weights, node.depth))
        else:
            weights = self._table(node, "float", "weights", node.weights)
        bias = "0" if node.bias is None else self._table(node, "float", "bias", node.bias)
        value = self._made(node, FLOATS, node.shape)
        function = "numbers_by_signs" if node.binary else "numbers_product"
        self._step(node, function, self._grid_of(node), x, weights, bias, value)
        return value

    def _grid_of(self, node: BinaryProduct | PrunedProduct | RealProduct) -> str:
        return self._grid(node, node.window, self.values[node.inputs[0]].shape, node.shape[-1])

    def _by_channel(self, node: Threshold | Affine) -> Value:
        product = self.graph.by_name[node.inputs[0]]
        if isinstance(product, (BinaryProduct, PrunedProduct, RealProduct)) and self._joined(product) is node:
            return self._product(product, node)
        if isinstance(node, Threshold):
            x = self.values[node.inputs[0]]
            value = self._made(node, SIGNS, node.shape)
            least = self._table(node, "int32_t" if x.gives == INTEGERS else "float", "least", node.least)
            self._step(node, f"threshold_{_LETTER[x.gives]}", x, least, x.pixels, x.channels, value)
            return value
        x = self._numbers(node, node.inputs[0])
        value = self._over(node, x)
        self._step(node, "norm_numbers", x, self._norm(node), x.pixels, x.channels, value)
        return value

    def _pooled_product(self, product: BinaryProduct, threshold: Threshold, pool: Pool) -> Value:
        """The pooled signs of a product, window by window."""
        x, grid = self.values[product.inputs[0]], self._grid_of(product)
        window = self._grid(pool, pool.window, threshold.shape, pool.shape[-1])
        weights = self._table(product, "uint32_t", "weights", tap_words(product.weights, product.depth))
        least = self._table(threshold, "int32_t", "least", threshold.least)
        value = self._made(pool, SIGNS, pool.shape)
        self._step(pool, "signs_product_pooled", grid, window, x, weights, least, value)
        return value

    def _pool(self, node: Pool) -> Value:
        threshold = self.graph.by_name[node.inputs[0]]
        if isinstance(threshold, Threshold) and self._pooled(threshold) is node:
            product = self.graph.by_name[threshold.inputs[0]]
            assert isinstance(product, BinaryProduct), "as _pooled has found"
            return self._pooled_product(product, threshold, node)
        x, value = self.values[node.inputs[0]], self._made(node, node.gives, node.shape)
        grid = self._grid(node, node.window, x.shape, node.shape[-1])
        if value.planes > 1:
            self._step(node, "max_pool_levels", grid, x, x.planes, value)
            return value
        function = f"max_pool_{_LETTER[node.gives]}" if node.function == MAX else "average_pool"
        self._step(node, function, grid, x, value)
        return value

    def _add(self, node: Add) -> Value:
        first, *others = (self._numbers(node, source) for source in node.inputs)
        value = self._over(node, first)
        if any(other.buffer == value.buffer for other in others):
            value = self._made(node, FLOATS, node.shape)
        for other in others:
            self._step(node, "add", first, other, value.count, value)
            first = value
        return value

    def _activation(self, node: Activation) -> Value:
        x = self._numbers(node, node.inputs[0])
        value = self._over(node, x)
        function = node.function if node.function == "relu" else f"{node.function}_numbers"
        self._step(node, function, x, value.count, value)
        return value

    def _flatten(self, node: Flatten) -> Value:
        x = self.values[node.inputs[0]]
        if node.gives not in PLANES or x.channels % WORD == 0 or x.pixels == 1:
            return Value(x.buffer, node.gives, node.shape)
        value = self._made(node, node.gives, node.shape)
        self._step(node, "clear_signs", value.nbytes // WORD_BYTES, value)
        if node.gives == SIGNS:
            self._step(node, "copy_signs", x, x.row, 0, x.pixels, x.channels, value, x.channels, 0)
        else:
            self._step(node, "flatten_levels", x, x.row, x.pixels, x.channels, x.planes, value)
        return value

    def _concat(self, node: Concat) -> Value:
        value, at = self._made(node, node.gives, node.shape), 0
        if node.gives in PLANES:
            self._step(node, "clear_signs", value.nbytes // WORD_BYTES, value)
        for source in node.inputs:
            arm = self.values[source]
            self._copy(node, arm, 0, arm.channels, value, at)
            at += arm.channels
        return value

    def _slice(self, node: Slice) -> Value:
        value = self._made(node, node.gives, node.shape)
        if node.gives in PLANES:
            self._step(node, "clear_signs", value.nbytes // WORD_BYTES, value)
        self._copy(node, self.values[node.inputs[0]], node.begin, value.channels, value, 0)
        return value

    def _copy(self, node: InferenceNode, x: Value, begin: int, count: int, y: Value, at: int) -> None:
        """Some channels of x to those of y from `at` on."""
        if y.planes > 1:
            self._step(node, "copy_levels", x, x.row, begin, x.pixels, count, x.planes, y, y.row, at)
            return
        function = {SIGNS: "copy_signs", FLOATS: "copy_numbers", BYTES: "copy_bytes"}[node.gives]
        self._step(node, function, x, x.row, begin, x.pixels, count, y, y.row, at)
