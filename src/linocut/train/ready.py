"""Ready: settings, the program that they come to, and the session that runs it, opened when first asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from linocut.graph.carry import Target
from linocut.graph.state import State
from linocut.plan.budget import find_sizes
from linocut.plan.training import Training
from linocut.run import Session, initialise, open_session
from linocut.run.feed import Feed
from linocut.run.session import find_backend, find_threads
from linocut.train.settings import Settings
from linocut.train.use import Use

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Ready:
    """What a trainer trains with; other settings may take the place of these, and keep what was learned."""

    def __init__(self, settings: Settings, threads: int | None, backend: str, use: Use) -> None:
        """Compile the program; nothing of its arena is allocated yet."""
        self.settings, self.compiled = settings, settings.compile()
        self._threads, self._backend = find_threads(threads), find_backend(backend)
        self._use = use
        self._open: tuple[Session, Feed] | None = None

    def opened(self) -> tuple[Session, Feed]:
        """The session, initialised, and what feeds it; MachineError where memory lacks."""
        with self._use.opening:
            if self._open is None:
                session = open_session(self.compiled.program, backend=self._backend, threads=self._threads)
                initialise(session, self.compiled.initial, self.settings.seed)
                self._open = session, Feed(session, self.settings.network.graph, coded=self.settings.policy.integer)
            return self._open

    @property
    def session(self) -> Session:
        """The session, opened if it was not."""
        return self.opened()[0]

    @property
    def state(self) -> State:
        """What the network has learned, which nobody watches."""
        return State(self.compiled.layout, self.array)

    def array(self, name: str) -> NDArray[Any]:
        """The buffer of that name."""
        return self.session.array(name)

    @property
    def target(self) -> Target:
        """The network as one that takes numbers; the session is opened when they are written."""
        own = self.settings
        return Target(own.network.graph, own.policy, self.state, own.optimizer.latent)

    def within(self, budget: int, examples: int) -> Settings:
        """The settings, with a batch that fills the budget, in bytes, and is no larger than so many examples."""
        own = self.settings
        training = Training(own.network, own.policy, own.optimizer, own.frozen, own.pruned)
        sizes = find_sizes(training, budget, None, None, examples)
        return replace(own, batch_size=sizes.batch, micro_batch=sizes.micro_batch)

    def take(self, settings: Settings, new: Sequence[str] = ()) -> None:
        """Go on with these settings, and with the state that there is, but for layers that are new."""
        if settings is self.settings:
            return
        kept = (dict(self.state), dict(self.state.moments)) if self._open else ({}, {})
        masks = self.state.masks if self._open else {}
        self.settings, self.compiled, self._open = settings, settings.compile(), None
        self.state.update({name: kept[0][name] for name in kept[0] if name.rpartition(".")[0] not in new})
        self.state.moments.update(kept[1])
        for node, pruned in masks.items():
            self.state.prune(node, pruned)
