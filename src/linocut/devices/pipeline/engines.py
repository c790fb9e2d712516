"""The engines: which kinds of networks linocut builds pipelines of, and how their graphs of operators are made.

A new engine is a function from a network's graph to an OperatorGraph, and a line here; search, report and command are
the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from linocut.devices.pipeline import clstm
from linocut.devices.pipeline.graph import OperatorGraph
from linocut.devices.pipeline.resources import Counts
from linocut.errors import SpecError
from linocut.graph.graph import Graph
from linocut.graph.lstm_shapes import shapes_of


@dataclass(frozen=True)
class Engine:
    """`parts` names the parts of a network that it builds, none where it is not its kind; `build` makes their graph,
    of a family of FPGAs whose operators take what is counted of them, and if asked of one direction alone.

    `scarce` is what `--dsp` bounds, in words.
    """

    name: str
    scarce: str
    parts: Callable[[Graph], Sequence[str]]
    build: Callable[[Graph, Sequence[str], str, bool, Counts], OperatorGraph]


def _lstm_parts(graph: Graph) -> Sequence[str]:
    return [one.name for one in shapes_of(graph)]


def _lstm_graph(graph: Graph, parts: Sequence[str], family: str, one_direction: bool, counts: Counts) -> OperatorGraph:
    layers = [one for one in shapes_of(graph) if one.name in parts]
    if one_direction:
        layers = [replace(one, directions=1) for one in layers]
    return clstm.graph_of(graph.name, layers, family, counts)


ENGINES = (Engine("block-circulant LSTM", "the products of the gates", _lstm_parts, _lstm_graph),)


def engine_of(graph: Graph) -> Engine:
    """The engine that builds a network; SpecError where there is none, with what there is."""
    for engine in ENGINES:
        if engine.parts(graph):
            return engine
    known = ", ".join(engine.name for engine in ENGINES)
    raise SpecError(
        f"no engine builds {graph.name}: there are engines for {known}; linocut estimate counts any network"
    )
