"""A training at sizes yet to be found, and what it takes at each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from linocut import fields
from linocut.compile import lower
from linocut.compile.batch import divisors, least_batch, steady_batch
from linocut.compile.lower import Compiled
from linocut.errors import SpecError
from linocut.graph.network import Network
from linocut.optimizers import Optimizer
from linocut.policies import Policy


@dataclass(frozen=True)
class Sizes:
    """The examples of a step, and of each of its micro-batches."""

    batch: int
    micro_batch: int

    def __str__(self) -> str:
        """In words."""
        parts = f" in micro-batches of {self.micro_batch:,}" if self.micro_batch < self.batch else ""
        return f"a batch of {self.batch:,}{parts}"


@dataclass(frozen=True)
class Training:
    """What is to be trained, at sizes yet to be found."""

    network: Network
    policy: Policy
    optimizer: Optimizer
    frozen: tuple[str, ...] = ()  # layers that do not move
    pruned: Mapping[str, bool] = field(default_factory=dict)  # layers of which some weights are 0
    _latest: dict[Sizes, Compiled] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """SpecError for what is no network, such as the name of one."""
        if not isinstance(self.network, Network):
            raise SpecError(
                f"network is {fields.shown(self.network)}, must be a linocut.Network; take one of linocut.networks, as "
                "linocut.networks.mlp(), or describe your own"
            )

    def compiled(self, sizes: Sizes) -> Compiled:
        """The program for these sizes; the latest is kept, as it is mostly asked for again."""
        if sizes not in self._latest:
            how = self.network, self.policy, self.optimizer, sizes.batch, sizes.micro_batch
            found = lower.compile_network(*how, frozen=self.frozen, pruned=self.pruned)
            self._latest.clear()
            self._latest[sizes] = found
        return self._latest[sizes]

    def arena(self, sizes: Sizes) -> int:
        """Bytes of its arena."""
        return self.compiled(sizes).program.arena_bytes

    def bound(self, sizes: Sizes) -> int:
        """What its arena cannot be below, in bytes: quickly found."""
        how = self.network, self.policy, self.optimizer, sizes.batch, sizes.micro_batch
        return lower.lower_bound(*how, self.frozen, self.pruned)

    def kept(self, sizes: Sizes) -> int:
        """Bytes that are kept between steps."""
        return sum(buffer.nbytes for buffer in self.compiled(sizes).program.persistent())

    def holds(self, sizes: Sizes, budget: int) -> bool:
        """Whether these sizes can be trained with at all, and within the budget."""
        try:
            return self.bound(sizes) <= budget and self.arena(sizes) <= budget
        except SpecError:  # beyond what an instruction can sum, or a moment take up
            return False

    def least_sizes(self, batch: int | None) -> Iterator[Sizes]:
        """What takes least for a step of `batch` examples (None: of any number), both ways to do it."""
        whole = least_batch(self.network.graph, self.frozen) if batch is None else batch
        yield Sizes(whole, whole)
        if batch is not None:
            yield from [Sizes(batch, part) for part in self.parts(batch)][-1:]

    def parts(self, batch: int) -> list[int]:
        """The micro-batches that a batch may be split into unasked, largest first.

        Norms see at least 8 rows of each: the mean and the deviation of fewer are mostly noise.
        """
        return [
            part for part in reversed(divisors(batch)) if steady_batch(self.network.graph, self.frozen) <= part < batch
        ]
