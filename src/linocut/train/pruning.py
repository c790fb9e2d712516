"""Pruning while a network trains: masks made anew as epochs begin, until they stay."""

from __future__ import annotations

from linocut.compile.lower import Compiled
from linocut.graph.prune import Kept, Pruning, all_kept, mask, parts_of
from linocut.graph.state import State
from linocut.layers.weights import PART
from linocut.run.session import Session


def prune_at(compiled: Compiled, session: Session, pruning: Pruning, epoch: int) -> None:
    """Find the masks anew as an epoch, from 0, begins, if they do not stay: by the magnitudes of latent weights."""
    rate = pruning.at(epoch)
    if rate is not None:
        prune_to(State(compiled.layout, session.array), compiled, pruning, rate)


def prune_to(state: State, compiled: Compiled, pruning: Pruning, rate: float) -> None:
    """Find the masks of a rate."""
    for name in pruning.layers(compiled.graph):
        node = compiled.graph.node(name)
        weights = state[f"{name}.{PART}"]
        state.prune(name, mask(weights, parts_of(node), pruning.by, rate, balanced=pruning.balanced))


def kept(compiled: Compiled, session: Session, pruning: Pruning) -> tuple[Kept, ...]:
    """What each pruned layer keeps by now."""
    return all_kept(compiled.graph, State(compiled.layout, session.array).masks, joined=pruning.joined)
