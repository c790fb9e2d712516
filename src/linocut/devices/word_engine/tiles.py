"""tiles: the weights of layers cut into words of the engine, and the cycles that these take, exactly.

The engine is `pixels` x `outputs` x `lanes` products wide. Loops are layer > group of pixels > tile of outputs > window
of the pool > step: a tap and a word of lanes. A step is left out of a tile where all its weights are pruned. A layer
takes its steps and the filling of the pipeline, a frame all layers:

    cycles = START + sum of (ceil(pixels given / pixels) x max(steps, words written) + FILL + words written)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from linocut.devices.word_engine.layer import Layer
from linocut.devices.word_engine.layers import EngineNetwork
from linocut.errors import SpecError
from linocut.ops.bits import Array

START = 2  # from the start of a frame to its first step
FILL = 15  # from a layer's last step to the first word of its last signs
MOST_PIXELS, MOST_OUTPUTS, MOST_LANES = 16, 256, 256


@dataclass(frozen=True, order=True)
class Shape:
    """Pixels, outputs and lanes of an engine: SpecError for what cannot be; pixels are a power of two."""

    pixels: int
    outputs: int
    lanes: int

    def __post_init__(self) -> None:
        for name, value, most in (
            ("pixels", self.pixels, MOST_PIXELS),
            ("outputs", self.outputs, MOST_OUTPUTS),
            ("lanes", self.lanes, MOST_LANES),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
                raise SpecError(f"{name} of an engine are {value!r}, must be 1 to {most}")
        if self.pixels & (self.pixels - 1):
            raise SpecError(f"pixels of an engine are {self.pixels}, must be a power of two: 1, 2, 4, 8 or 16")

    def __str__(self) -> str:
        return f"{self.pixels} x {self.outputs} x {self.lanes}"

    @property
    def products(self) -> int:
        """That it multiplies a cycle."""
        return self.pixels * self.outputs * self.lanes


@dataclass(frozen=True, eq=False)
class Tiles:
    """A layer in words: `kept` booleans (tiles, rows, columns, words) of the steps that are done.

    `idle` steps end each group, where all others together are fewer than the words that the group writes.
    """

    layer: Layer
    shape: Shape
    kept: Array
    idle: int

    @property
    def words_in(self) -> int:
        """Words of a pixel that is read."""
        return -(-self.layer.inputs // self.shape.lanes)

    @property
    def words_out(self) -> int:
        """Words of a pixel that is written; of sums none."""
        return -(-self.layer.outputs // self.shape.lanes) if self.layer.signs else 0

    @property
    def groups(self) -> int:
        """Groups of pixels."""
        return -(-self.layer.pixels // self.shape.pixels)

    @property
    def steps(self) -> int:
        """Cycles of a group."""
        return int(self.kept.sum()) * self.layer.windows + self.idle

    @property
    def dense_steps(self) -> int:
        """Cycles of a group if nothing were pruned."""
        return self.kept.size * self.layer.windows

    @property
    def cycles(self) -> int:
        """Of a frame."""
        return self.groups * self.steps + FILL + self.words_out


def tiles_of(layer: Layer, shape: Shape) -> Tiles:
    """A layer cut for an engine."""
    rows, columns = layer.taps
    words, count = -(-layer.inputs // shape.lanes), -(-layer.outputs // shape.outputs)
    kept = np.ones((count, rows, columns, words), bool)
    if layer.kept is not None:
        by_word = np.logical_or.reduceat(layer.kept, np.arange(words) * shape.lanes, axis=-1)
        kept = np.logical_or.reduceat(by_word, np.arange(count) * shape.outputs, axis=0)
        kept[~kept.any(axis=(1, 2, 3)), 0, 0, 0] = True  # of nothing the sums are 0, and tested
    written = -(-layer.outputs // shape.lanes) if layer.signs else 0
    lacking = max(0, written - int(kept.sum()) * layer.windows)
    return Tiles(layer, shape, kept, -(-lacking // layer.windows) * layer.windows)


def in_words(one: Tiles, values: Array) -> Array:
    """Booleans (outputs, rows, columns, ..., inputs) as (tiles, rows, columns, words, outputs, ..., lanes), padded."""
    shape, count, words = one.shape, len(one.kept), one.words_in
    full = np.zeros((count * shape.outputs, *values.shape[1:-1], words * shape.lanes), bool)
    full[: len(values), ..., : values.shape[-1]] = values
    cut = full.reshape(count, shape.outputs, *values.shape[1:-1], words, shape.lanes)
    between = tuple(range(4, cut.ndim - 2))
    return cut.transpose(0, 2, 3, cut.ndim - 2, 1, *between, cut.ndim - 1)


def is_scattered(one: Tiles) -> bool:
    """Whether a step that is done has a pruned weight beside kept ones."""
    if one.layer.kept is None:
        return False
    there = in_words(one, np.ones_like(one.layer.kept))
    return bool((in_words(one, ~one.layer.kept) & there)[one.kept].any())


@dataclass(frozen=True, eq=False)
class Timed:
    """A network on an engine, layer by layer."""

    network: EngineNetwork
    shape: Shape
    tiles: tuple[Tiles, ...]

    @property
    def cycles(self) -> int:
        """Of a frame, from its start to the next one's."""
        return START + sum(one.cycles for one in self.tiles)

    @property
    def used(self) -> float:
        """The part of its products, over all cycles, that kept weights take."""
        return self.network.products / (self.cycles * self.shape.products)

    @property
    def frees(self) -> int:
        """The number of the last layer that reads what the host gave."""
        return max(
            number for number, one in enumerate(self.tiles) if number == 0 or _reads_host(one.layer, self.network)
        )

    @property
    def interval(self) -> int:
        """Cycles from frame to frame: one is read in while the layers run that no more need what the host gave."""
        return max(self.cycles, START + sum(one.cycles for one in self.tiles[: self.frees + 1]) + self.loading)

    @property
    def loading(self) -> int:
        """Cycles that reading a frame in takes: a word a cycle, beside them a row of the stream and an output."""
        first = self.tiles[self.frees]
        rows = first.groups * len(first.kept) * self.shape.outputs if first.layer.stream is not None else 0
        return max(self.load_words, rows)

    @property
    def load_words(self) -> int:
        """Words of a frame's signs."""
        first = self.tiles[0]
        return first.layer.image[0] * first.layer.image[1] * first.words_in


def _reads_host(layer: Layer, network: EngineNetwork) -> bool:
    """Whether a layer reads the host's signs, or adds to its numbers."""
    return layer.reads == network.reads or (layer.stream is not None and layer.stream.first)


def timed(network: EngineNetwork, shape: Shape) -> Timed:
    """The cycles of a network on an engine."""
    return Timed(network, shape, tuple(tiles_of(layer, shape) for layer in network.layers))


def cycles_of(layers: Sequence[Layer], pixels: Array, outputs: Array, lanes: Array) -> Array:
    """Cycles of a frame on many engines (n,), nothing of it pruned: what `timed` says of each."""
    found = np.full(len(pixels), START, np.int64)
    for layer in layers:
        rows, columns = layer.taps
        written = -(-layer.outputs // lanes) if layer.signs else np.zeros_like(lanes)
        steps = -(-layer.outputs // outputs) * rows * columns * -(-layer.inputs // lanes) * layer.windows
        idle = -(-np.maximum(written - steps, 0) // layer.windows) * layer.windows
        found += -(-layer.pixels // pixels) * (steps + idle) + FILL + written
    return found
