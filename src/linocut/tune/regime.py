"""regime: what a network is tuned by: the edge of chaos of its tanh or ReLU layers, or the turnover of its signs."""

from __future__ import annotations

from dataclasses import dataclass

from linocut.dynamics.edges import ACTIVATIONS, edge
from linocut.errors import SpecError, unknown_name
from linocut.graph.graph import Graph
from linocut.graph.queries import activation_behind, has_recurrent
from linocut.layers.parameters import WEIGHT

AUTO, EDGE, TURNOVER = "auto", "edge", "turnover"
OBJECTIVES = (AUTO, EDGE, TURNOVER)


@dataclass(frozen=True)
class Regime:
    """An objective, "edge" or "turnover"; `layers` are those whose J is followed, or whose signs turn over.

    `activation` is what is behind them, None of signs.
    """

    objective: str
    layers: tuple[str, ...]
    activation: str | None = None

    @property
    def edge(self) -> float:
        """J^2 at the edge for J0 = 0: 1 of tanh, 2 of ReLU."""
        return edge(0.0, self.activation) ** 2 if self.activation else float("inf")


def find_regime(graph: Graph, objective: str = AUTO) -> Regime:
    """How a network is tuned; SpecError for an objective that does not apply, and where there is nothing to tune."""
    if objective not in OBJECTIVES:
        raise unknown_name("objective", objective, OBJECTIVES)
    weights = [one for one in graph.parameters() if one.use == WEIGHT]
    binary = tuple(one.node for one in weights if one.binary)
    behind = {one.node: activation_behind(graph, one.node) for one in weights if not one.binary}
    activations = [one for one in behind.values() if one in ACTIVATIONS]
    if not weights:
        raise SpecError(f"network {graph.name} has nothing to tune: no layer of it has weights; add one")
    if objective == EDGE and binary:
        raise SpecError(
            f"objective is {EDGE}, but sign has no edge, it does not see the scale of its weights; use {TURNOVER}"
        )
    if objective == TURNOVER and not binary:
        raise SpecError(
            f"objective is {TURNOVER}, but network {graph.name} has no binary weights, whose signs turn over; "
            f"use {EDGE if activations else 'a network with binary layers'}"
        )
    if binary:
        return Regime(TURNOVER, binary)
    if not activations:
        if has_recurrent(graph):
            raise SpecError(
                f"network {graph.name} has nothing to tune by: gates are neither signs nor tanh behind weights; "
                "linocut blocks finds the best size of its circulant blocks, with the --lr that is given"
            )
        raise SpecError(
            f"network {graph.name} has nothing to tune by: neither binary weights nor weights with tanh or ReLU right "
            "behind them, without a norm between; add such layers"
        )
    kind = activations[0]
    return Regime(EDGE, tuple(node for node, found in behind.items() if found == kind), kind)
