"""Rows of a recurrent network on a microcontroller: instructions of exported C, which hears frame by frame, in 16 bits.

Counted is the graph that is exported (export/c/stream.py): its 16-bit form over one frame.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from linocut.devices.device import Device
from linocut.devices.kinds import (
    BUTTERFLIES,
    CODES,
    FRAME_RATES,
    FUNCTIONS,
    QUOTIENTS,
    SPECTRA,
    STEPS,
    TRANSFORMS,
    WIDE,
)
from linocut.devices.rows import COMPUTE, Row
from linocut.errors import SpecError
from linocut.graph.asked import Asked
from linocut.graph.blank import blank
from linocut.graph.frame_work import blocks, multiplications, transforms
from linocut.graph.graph import Graph
from linocut.graph.inference import (
    InferenceGraph,
    InferenceNode,
    Q10Coding,
    Q10Gru,
    Q10Node,
    Q10Outputs,
    Q10Recurrent,
)
from linocut.graph.q10 import one_frame, sixteen_bits
from linocut.graph.queries import has_recurrent
from linocut.layers import circulant
from linocut.layers.operations import Circulant

OF_LSTM, OF_GRU = 5, 3  # functions of gates and cells that a cell takes


def hears_frames(nodes: Sequence[Asked]) -> bool:
    """Whether a network is in circulant blocks, or recurrent: what is exported of it is in 16 bits, frame by frame."""
    return any(isinstance(node.operation, Circulant) for node in nodes)


def exported(graph: Graph) -> InferenceGraph:
    """The graph that a microcontroller runs for each frame; SpecError for a network that no C is exported of."""
    if not has_recurrent(graph):
        raise SpecError(
            f"{graph.name} has circulant blocks and no recurrent layer, of which no C is exported: what a "
            "microcontroller would take is not known; take blocks of 1, or dense layers"
        )
    return one_frame(sixteen_bits(blank(graph)).graph)


def work(graph: InferenceGraph) -> dict[str, float]:
    """How much there is of each kind in one frame."""
    total: Counter[str] = Counter()
    for node in graph.nodes:
        total.update(work_of(node, graph))
    return dict(total)


def work_of(node: InferenceNode, graph: InferenceGraph) -> Mapping[str, float]:
    """The same of a node."""
    match node:
        case Q10Recurrent() | Q10Gru():
            turned, k = transforms(node), node.block
            functions = OF_LSTM if isinstance(node, Q10Recurrent) else OF_GRU
            return {
                SPECTRA: blocks(node) * circulant.of_product(k),
                BUTTERFLIES: turned * (k // 2) * (k.bit_length() - 1),
                TRANSFORMS: turned,
                FUNCTIONS: functions * node.cells,
                STEPS: 1,
            }
        case Q10Outputs():
            return {WIDE: node.weights.size, QUOTIENTS: len(node.weights), STEPS: 1 + node.mean}
        case Q10Coding():
            return {CODES: graph.input.shape[-1], STEPS: 1}
        case Q10Node():
            return {STEPS: 1}
        case _:
            return {}


def rows(device: Device, graph: InferenceGraph, frames: int) -> tuple[Row, ...]:
    """A row for each node, of so many frames; a cycle an instruction.

    SpecError for a device without rates of recurrent networks. Energy is not known of nodes, as of others.
    """
    rates = dict(device.rates)
    if not any(name in rates for name in FRAME_RATES):
        raise SpecError(
            f"{device.name} has no rates of recurrent networks, what they take on it is not known; add {SPECTRA} and "
            "the others of cortex-m7.toml to its rates, or take --on cortex-m7"
        )
    found = []
    for node in graph.nodes:
        cycles = frames * sum(rates.get(kind, 0.0) * amount for kind, amount in work_of(node, graph).items())
        ms, macs = cycles / device.clock_hz * 1e3, frames * multiplications(node)
        if isinstance(node, Q10Node):
            found.append(Row(node.name, node.kind, macs, cycles, None, 0.0, 0.0, ms, 0.0, COMPUTE))
    return tuple(found)
