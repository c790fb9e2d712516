"""trained_graph: what a training session has learned, as an inference graph."""

from __future__ import annotations

from linocut.compile.lower import Compiled
from linocut.graph.fold import fold
from linocut.graph.inference import InferenceGraph
from linocut.graph.state import State
from linocut.graph.trained import Trained
from linocut.run.session import Session


def trained_graph(compiled: Compiled, session: Session) -> InferenceGraph:
    """The inference form of the state that a session of `compiled` holds; bits of a Bop training are views of it."""
    state = State(compiled.layout, session.array)
    return fold(compiled.graph, Trained(compiled.graph, compiled.policy, state, latent=compiled.optimizer.latent))
