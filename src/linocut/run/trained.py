"""trained_graph: what a training session has learned, as an inference graph."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from linocut.compile.lower import Compiled
from linocut.graph.fold import fold
from linocut.graph.inference import InferenceGraph
from linocut.graph.state import State
from linocut.graph.trained import Trained
from linocut.ops.bits import Array
from linocut.run.session import Session


def trained_graph(compiled: Compiled, session: Session) -> InferenceGraph:
    """The inference form of the state that a session of `compiled` holds; bits of a Bop training are views of it."""
    state = State(compiled.layout, session.array)
    about = compiled.graph, compiled.policy, state
    return fold(compiled.graph, Trained(*about, latent=compiled.optimizer.latent, pruned=compiled.pruned))


def apart(graph: InferenceGraph, arena: Array) -> InferenceGraph:
    """The graph, with copies of what are views of the arena: it stays as it is when training goes on."""
    nodes = []
    for node in graph.nodes:
        views = {part: array for part, array in node.arrays().items() if np.may_share_memory(array, arena)}
        copies: dict[str, Any] = {part: array.copy() for part, array in views.items()}
        nodes.append(dataclasses.replace(node, **copies) if copies else node)
    return dataclasses.replace(graph, nodes=tuple(nodes))
