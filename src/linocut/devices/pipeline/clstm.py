"""The engine of block-circulant LSTMs: one step of each layer as a graph of operators, in Q5.10.

Products of the gates are blocks of spectra, gate after gate, so that what reads several gates waits for the last; a
projection waits for all of m, and the transform of what elements gave for the last of them, as copies take ranges of
the vector. All else goes along, value by value; x is transformed while the frame before is in the pipeline. Source:
Wang et al., arXiv 1803.06305; the model's form is linocut's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

from linocut.devices.pipeline import resources
from linocut.devices.pipeline.graph import Operator, OperatorGraph, Part
from linocut.devices.pipeline.resources import Counts, Resources
from linocut.graph.lstm_shapes import LstmShape
from linocut.layers.lstm import GATES

Taken: TypeAlias = Callable[[str, int], Resources]  # of an operator, for blocks of a size

BITS = 16
PRODUCT, FORWARD, INVERSE, GATED, BIASED = "product", "forward", "inverse", "gated", "biased"
SIGMOID, TANH, CELL, OUTPUT, ADDED = "sigmoid", "tanh", "cell", "output", "added"


def graph_of(name: str, layers: Sequence[LstmShape], family: str, counts: Counts = resources.of) -> OperatorGraph:
    """The operators of some layers on a family of FPGAs; SpecError where the table of operators has not all.

    `counts` says what one takes, by default the table.
    """
    parts = tuple(_part(layer, partial(_of_family, counts, family)) for layer in layers)
    numbers = sum(layer.numbers for layer in layers)
    notes = []
    if any(layer.directions > 1 for layer in layers):
        notes.append("the second direction begins with a sequence's last frame: live streams have one direction alone")
    what = f"{len(layers)} LSTM layer{'s' * (len(layers) > 1)}, {numbers:,} numbers of 16 bits"
    return OperatorGraph(name, what, parts, tuple(notes))


def _of_family(counts: Counts, family: str, operator: str, block: int) -> Resources:
    return counts(operator, block, family)


def _part(layer: LstmShape, taken: Taken) -> Part:
    operators: list[Operator] = []
    last: list[str] = []
    for direction in range(layer.directions):
        operators += _direction(layer, taken, f"{layer.name}.{'backward.' * direction}")
        last.append(operators[-1].name)
    if layer.directions > 1:
        operators.append(Operator(f"{layer.name}.sum", ADDED, layer.outputs, taken(ADDED, 1), tuple(last)))
    kept = layer.directions * BITS * (layer.cells + layer.outputs)
    return Part(layer.name, tuple(operators), kept)


def _direction(layer: LstmShape, taken: Taken, at: str) -> Iterator[Operator]:
    """The operators of one direction; `at` begins their names."""

    def each(kind: str) -> Resources:
        blocked = kind in (FORWARD, PRODUCT, INVERSE)
        if blocked and layer.block == 1 and kind != PRODUCT:
            return Resources()  # nothing to transform
        return taken(kind, layer.block if blocked else 1)

    def element(name: str, kind: str, reads: Sequence[str], whole: Sequence[str] = (), vector: int = 0) -> Operator:
        named, waited = (tuple(at + one for one in some) for some in (reads, whole))
        return Operator(at + name, kind, layer.cells, each(kind), named, waited, vector_bits=vector * BITS)

    def blocks(
        name: str, kind: str, work: int, reads: Sequence[str] = (), whole: Sequence[str] = (), **more: int
    ) -> Operator:
        named, waited = (tuple(at + one for one in some) for some in (reads, whole))
        scarce, kept = name == "gates", more.get("vector", 0)
        table = layer.block * BITS if kind == PRODUCT else 0
        return Operator(at + name, kind, work, each(kind), named, waited, table, kept * BITS, scarce)

    n, k = layer.cells, layer.block
    yield blocks("x", FORWARD, layer.input_blocks)
    yield blocks("gates", PRODUCT, layer.gate_blocks, ("x",), vector=layer.inputs + layer.outputs)
    yield blocks("sums", INVERSE, GATES * n // k, ("gates",))
    hole = GATED if layer.peepholes else BIASED
    yield element("a_i", hole, ("sums",), ("sums",), vector=GATES * n)
    yield element("a_f", hole, ("sums",), ("sums",))
    yield element("a_g", BIASED, ("sums",), ("sums",))
    yield element("i", SIGMOID, ("a_i",))
    yield element("f", SIGMOID, ("a_f",))
    yield element("g", SIGMOID if layer.logistic else TANH, ("a_g",))
    yield element("c", CELL, ("i", "f", "g"))
    yield element("tanh_c", TANH, ("c",))
    yield element("a_o", hole, ("sums", "c"), ("sums",))
    yield element("o", SIGMOID, ("a_o",))
    yield element("m", OUTPUT, ("o", "tanh_c"))
    if layer.projection:
        yield blocks("spectra", FORWARD, n // k, ("m",), ("m",), vector=n)
        yield blocks("projection", PRODUCT, layer.projection_blocks, ("spectra",), ("spectra",), vector=n)
        yield blocks("projected", INVERSE, layer.projection // k, ("projection",))
        yield blocks("y", FORWARD, layer.projection // k, ("projected",))
    else:
        yield blocks("y", FORWARD, n // k, ("m",), ("m",), vector=n)
