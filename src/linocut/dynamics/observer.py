"""observer: measures a training network while it trains, a step now and then, and its weights after each epoch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from linocut.compile.lower import TRAIN, Compiled
from linocut.dynamics.layer import LayerDynamics
from linocut.dynamics.watched import Key, find_watched, run_watched
from linocut.dynamics.weights import Latent, named, weight_parameters
from linocut.errors import SpecError
from linocut.graph.graph import Graph
from linocut.graph.queries import estimator_behind, next_weights
from linocut.layers.lowering import GRADIENT, PASSED
from linocut.ops.bits import Array
from linocut.run import Session
from linocut.settings_of import as_plain

EVERY = 100  # steps from one that is looked at to the next: the cost is below 2% (docs/dynamics.md)
MOST_EVERY = 10**9


def find_every(given: object) -> int:
    """The steps from one that is looked at to the next; SpecError for what is no number."""
    every = EVERY if given is True else as_plain(given)
    if not isinstance(every, int) or not 1 <= every <= MOST_EVERY:
        raise SpecError(f"dynamics is {given!r}, must be True, or after how many steps to look again, 1 or more")
    return every


class Observer:
    """Looks at the first of every `every` steps of an epoch, in the session's arena; no bit of training changes.

    Sums are of the epoch at hand, as far as this process trained it.
    """

    def __init__(self, session: Session, compiled: Compiled, every: int) -> None:
        self._session, self._every = session, every
        self._weights = [
            Latent.of(session, compiled, name, one) for name, one in named(weight_parameters(compiled.graph))
        ]
        self._flipping = [
            one for one in self._weights if one.parameter.binary and one.parameter.node not in compiled.frozen
        ]
        self._watched = find_watched(compiled)
        self._after = {one.parameter.node: _after(compiled.graph, one.parameter.node) for one in self._weights}
        self._signs = {
            one.parameter.node: estimator_behind(compiled.graph, one.parameter.node) for one in self._weights
        }
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Nothing was looked at yet."""
        self._looks = 0
        self._found: dict[Key, float] = {}
        self._flips: dict[str, float] = {}
        self._looking = False
        self._before: list[Array] | None = None

    def begin_step(self, step: int) -> None:
        """Before a step, from 0: remember signs where it is one to look at."""
        self._looking = step % self._every == 0
        self._before = [_signs(one) for one in self._flipping] if self._looking else None

    def run(self) -> None:
        """One run of the program: in parts where a step is looked at, of its micro-batches the first."""
        if not self._looking:
            self._session.run(TRAIN)
            return
        self._looking = False
        for key, value in run_watched(self._session, self._watched).items():
            self._found[key] = self._found.get(key, 0.0) + value

    def end_step(self) -> None:
        """Count the signs that the step changed."""
        if self._before is None:
            return
        for one, before in zip(self._flipping, self._before, strict=True):
            changed = int(np.count_nonzero(before != _signs(one))) / before.size
            self._flips[one.parameter.node] = self._flips.get(one.parameter.node, 0.0) + changed
        self._before = None
        self._looks += 1

    def layers(self) -> tuple[LayerDynamics, ...]:
        """The weights as they are, and means over what was looked at since the epoch began."""
        return tuple(self._layer(one) for one in self._weights)

    def _layer(self, latent: Latent) -> LayerDynamics:
        node = latent.parameter.node
        after, sign = self._after[node], self._signs[node]
        own, behind = self._found.get((node, GRADIENT)), self._found.get((after, GRADIENT))
        passed = None if sign is None else self._found.get((sign, PASSED))
        return replace(
            latent.measured(),
            turnover=self._mean(self._flips.get(node)),
            chi=own / behind if own is not None and behind else None,
            passed=self._mean(passed),
        )

    def _mean(self, total: float | None) -> float | None:
        return None if total is None or not self._looks else total / self._looks


def _after(graph: Graph, node: str) -> str:
    """Whose input's gradient comes before that of a layer: the next one with weights, or the loss."""
    found = next_weights(graph, node)
    return graph.nodes[-1].name if found is None else found


def _signs(latent: Latent) -> Array:
    """Booleans (weights,), or the packed words where these are the weights."""
    if latent.place.form.is_bits:
        return latent.place.read(latent.stored).reshape(-1) > 0
    positive: Array = latent.stored.reshape(-1) >= 0
    return positive
