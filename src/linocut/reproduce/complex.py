"""Peng et al., binary complex networks on an FPGA (arXiv 2108.04811): counts, frames a second, pruned and not.

The published figures are in `complex.toml`. Rates are of linocut's own engine of words on a U280 by its cycle model,
which simulation agrees with to the cycle; accuracies are in complex_accuracy.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from linocut import networks
from linocut.devices.word_engine.accelerated import Accelerated, accelerate
from linocut.devices.word_engine.layer import Layer
from linocut.devices.word_engine.layers import EngineNetwork, network_of
from linocut.devices.word_engine.tiles import Shape, timed
from linocut.graph.blank import blank
from linocut.graph.inference import InferenceGraph, RealProduct
from linocut.graph.network import Network
from linocut.graph.queries import complex_factors
from linocut.layers.parameters import CONSTANT, STATISTIC
from linocut.ops.bits import Array
from linocut.reproduce.asked import Asked
from linocut.reproduce.figures import read_figures, records
from linocut.reproduce.row import COUNTED, MODELLED, Row

OWN = Path(__file__).with_suffix(".toml")
ACCURACY = "linocut.reproduce.complex_accuracy"
DEVICE = "u280"
NUMBERS, UNUSED = "numbers that are trained", "with the vector that the authors never use"
WORK, RATES, USED, TAKEN, PRUNED, WINDOWS = (
    "complex products of signs a frame",
    "frames a second on a U280 at 200 MHz",
    "part of the engine's products that is in use",
    "LUT of a U280's 1,303,680",
    "frames a second of the same engine, pruned 20 times",
    "frames a second of an engine of windows, pruned 20 times by kernel",
)
TOLD, OF_CODE = "of the abstract, pruned about 20 times", "of the code of BCNN's authors"
INFERRED = f"{TOLD}; 8.79e9 windows a second are inferred from both rates"
KERNEL, COLUMN, BLOCK, WORD, TILE = KINDS = ("kernel", "column", "block", "word", "tile")
OUTPUTS_OF_GROUP, OF_BLOCK, OF_WORD = 4, 4, 64
SEED = 0


@dataclass(frozen=True)
class Published:
    """A network: its published rate, what its authors' code trains, and its widths when channels are pruned 20 times.

    `built` is the model that has an engine: spectral pools have none.
    """

    model: str
    built: str
    frames_per_second: float
    trainable: int
    narrow: list[int]

    @property
    def command(self) -> str:
        """What finds its engine."""
        return f"linocut accelerate {self.built} --on {DEVICE} --fps {self.frames_per_second:g}"


def rows(asked: Asked) -> Iterator[Row]:
    """All rows, table by table; trainings last."""
    yield from modelled()
    yield from import_module(ACCURACY).rows(asked)  # late: it trains


def modelled() -> Iterator[Row]:
    """Those that nothing is trained for."""
    figures = read_figures(OWN)
    known = records(figures, "network", Published)
    yield from (row for one in known for row in _numbers(one))
    graphs = [(one, blank(networks.build(one.built).graph)) for one in known]
    for one, graph in graphs:
        yield Row(WORK, one.model, None, float(network_of(graph).products), "", COUNTED, one.command)
    found = [accelerate(graph, DEVICE, fps=one.frames_per_second) for one, graph in graphs]
    yield from _rates(list(zip(known, found, strict=True)))
    pruned = figures["pruned"]
    for (one, graph), ours in zip(graphs, found, strict=True):
        yield from _pruned(one, graph, ours, pruned)
    for one, graph in graphs:
        rate = figures["windows_per_second"] * pruned / windows_of(graph)
        yield Row(WINDOWS, one.model, one.frames_per_second, rate, "", MODELLED, one.command, None, INFERRED)


def windows_of(graph: InferenceGraph) -> int:
    """Complex windows of a frame, of one input and one output each, the first layer's counted too."""
    found = sum(layer.inputs * layer.outputs * layer.pixels * layer.windows for layer in network_of(graph).layers)
    first = (node for node in graph.nodes if isinstance(node, RealProduct) and node.binary)
    return found + sum(node.depth // 2 * math.prod(node.shape) // 2 for node in first)


def _numbers(one: Published) -> Iterator[Row]:
    graph = networks.build(one.model).graph
    trained = sum(math.prod(p.shape) for p in graph.parameters() if p.use not in (CONSTANT, STATISTIC))
    unused = complex_factors(graph)
    command = f"python -c 'import linocut as lc; print(lc.models.build(\"{one.model}\").graph.summary())'"
    yield Row(NUMBERS, one.model, None, float(trained), "", COUNTED, command)
    whole = float(trained + unused)
    yield Row(NUMBERS, f"{one.model}, {UNUSED}", float(one.trainable), whole, "", COUNTED, command, None, OF_CODE)


def _rates(found: Sequence[tuple[Published, Accelerated]]) -> Iterator[Row]:
    for one, ours in found:
        title = f"{one.model}, {ours.timed.shape}, not pruned"
        rate = ours.frames_per_second
        yield Row(RATES, title, one.frames_per_second, rate, "", MODELLED, one.command, None, TOLD)
    for one, ours in found:
        title, used = f"{one.model}, {ours.timed.shape}", 100 * ours.timed.used
        yield Row(USED, title, 90.0, used, "%", MODELLED, one.command, None, "of the abstract: above 90%")
    for one, ours in found:
        title = f"{one.model}, {ours.timed.shape}"
        yield Row(TAKEN, title, None, float(ours.needs.lut), "", MODELLED, one.command)


def _pruned(one: Published, graph: InferenceGraph, found: Accelerated, rate: float) -> Iterator[Row]:
    """The engine as it is, of which steps are left out; channels make a smaller network."""
    shape, network = found.timed.shape, network_of(graph)

    def row(what: str, pruned: EngineNetwork) -> Row:
        ours = timed(pruned, shape)
        title, frames = f"{one.model} by {what}", found.clock_hz / ours.interval
        return Row(PRUNED, title, None, frames, "", MODELLED, f"{one.command} --shape {_option(shape)}")

    yield row("channel", network_of(blank(_narrow(one).graph)))
    for by in KINDS:
        masks = {layer.name: mask(layer, by, rate, shape) for layer in network.layers}
        yield row(f"{by}, groups drawn by chance", network_of(graph, masks))


def _option(shape: Shape) -> str:
    return f"{shape.pixels}x{shape.outputs}x{shape.lanes}"


def _narrow(one: Published) -> Network:
    widths = "widths" if "nin" in one.built else "stages"
    return networks.build(one.built, **{widths: tuple(one.narrow)})


def mask(layer: Layer, by: str, rate: float, shape: Shape) -> Array:
    """Booleans (outputs, rows, columns, inputs) of what is kept, one group in `rate`, drawn by chance.

    A kernel is an input of an output, a column an input of a tap, a block 4 x 4 of a tap, a word 4 outputs x 64 inputs
    of a tap, a tile what an engine of that shape multiplies in a step.
    """
    rows, columns = layer.taps
    of = {
        KERNEL: (1, rows, columns, 1),
        COLUMN: (layer.outputs, 1, 1, 1),
        BLOCK: (OUTPUTS_OF_GROUP, 1, 1, OF_BLOCK),
        WORD: (OUTPUTS_OF_GROUP, 1, 1, OF_WORD),
        TILE: (shape.outputs, 1, 1, shape.lanes),
    }[by]
    whole = layer.outputs, rows, columns, layer.inputs
    groups = tuple(-(-side // own) for side, own in zip(whole, of, strict=True))
    count = math.prod(groups)
    kept = np.zeros(count, bool)
    kept[np.random.default_rng(SEED).permutation(count)[: max(1, round(count / rate))]] = True
    found = kept.reshape(groups)
    for axis, own in enumerate(of):
        found = found.repeat(own, axis=axis)
    return found[: whole[0], :, :, : whole[3]]
