"""Budgets of memory: the batch, or micro-batch, whose arena they hold, and what would do where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from linocut.cli.sizes import show_size
from linocut.compile import lower
from linocut.compile.batch import MOST_BATCH, divisors, least_batch, steady_batch
from linocut.compile.lower import Compiled
from linocut.errors import SpecError
from linocut.layers import Network
from linocut.optimizers import OPTIMIZERS, Optimizer, find_optimizer
from linocut.policies import POLICIES, Policy

TotalBytes = Callable[[int], int]


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
    _latest: dict[Sizes, Compiled] = field(init=False, repr=False, compare=False, default_factory=dict)

    def compiled(self, sizes: Sizes) -> Compiled:
        """The program for these sizes; the latest is kept, as it is mostly asked for again."""
        if sizes not in self._latest:
            found = lower.compile_network(self.network, self.policy, self.optimizer, sizes.batch, sizes.micro_batch)
            self._latest.clear()
            self._latest[sizes] = found
        return self._latest[sizes]

    def arena(self, sizes: Sizes) -> int:
        """Bytes of its arena."""
        return self.compiled(sizes).program.arena_bytes

    def bound(self, sizes: Sizes) -> int:
        """What its arena cannot be below: quickly found."""
        return lower.lower_bound(self.network, self.policy, self.optimizer, sizes.batch, sizes.micro_batch)

    def holds(self, sizes: Sizes, budget: int) -> bool:
        """Whether these sizes can be trained with at all, and within the budget."""
        try:
            return self.bound(sizes) <= budget and self.arena(sizes) <= budget
        except SpecError:  # beyond what an instruction can sum, or a moment take up
            return False

    def least_sizes(self, batch: int | None) -> Iterator[Sizes]:
        """What takes least for a step of `batch` examples (None: of any number), both ways to do it."""
        whole = least_batch(self.network) if batch is None else batch
        yield Sizes(whole, whole)
        if batch is not None:
            yield from [Sizes(batch, part) for part in self.parts(batch)][-1:]

    def parts(self, batch: int) -> list[int]:
        """The micro-batches that a batch may be split into unasked, largest first.

        Norms see at least 8 rows of each: the mean and the spread of fewer are mostly noise.
        """
        return [part for part in reversed(divisors(batch)) if steady_batch(self.network) <= part < batch]


def largest_batch(
    total_bytes: TotalBytes,
    budget: int,
    least: int = 1,
    most: int = MOST_BATCH,
    lower_bound: TotalBytes | None = None,
) -> int:
    """The largest batch from `least` to `most` whose `total_bytes(batch)` is within `budget` bytes.

    By doubling and bisection: of the `lower_bound` where there is one, quicker to find than the total, and of the
    total downwards from there. SpecError with the smallest budget that would do where not even `least` fits.
    """

    def within(bytes_of: TotalBytes) -> Callable[[int], bool]:
        def fits(batch: int) -> bool:
            try:
                return batch <= most and bytes_of(batch) <= budget
            except SpecError:  # beyond what an instruction can sum
                return False

        return fits

    needed = total_bytes(least)
    if needed > budget:
        raise SpecError(
            f"budget is {show_size(budget)} ({budget:,} B), but a batch of {least} takes {show_size(needed)} "
            f"({needed:,} B); give at least {needed:,} B, or a smaller network or policy"
        )
    if lower_bound is None:
        return _last(within(total_bytes), least, least + 1)
    highest = _last(within(lower_bound), least, least + 1)
    fits, step = within(total_bytes), 1
    while not fits(highest):
        found = max(least, highest - step)
        if fits(found):
            return _last(fits, found, found + 1, highest)
        highest, step = found, 2 * step
    return highest


def _last(fits: Callable[[int], bool], found: int, beyond: int, most: int | None = None) -> int:
    """The last number that fits, as `found` does; doubled distances from it, up to `most`, then bisection."""
    while (most is None or beyond < most) and fits(beyond):
        found, beyond = beyond, beyond + 2 * (beyond - found)
    beyond = beyond if most is None else min(beyond, most)
    while beyond - found > 1:
        middle = (found + beyond) // 2
        if fits(middle):
            found = middle
        else:
            beyond = middle
    return found


def largest_within(training: Training, budget: int, most: int = MOST_BATCH) -> int:
    """The largest batch, of at most `most`, that the budget holds whole; SpecError where there is none."""
    least = least_batch(training.network)
    if not training.holds(Sizes(least, least), budget):
        raise _refusal(training, budget, None)
    return largest_batch(
        lambda n: training.arena(Sizes(n, n)),
        budget,
        least,
        max(most, least),
        lambda n: training.bound(Sizes(n, n)),
    )


def sizes_within(training: Training, budget: int, batch: int, micro_batch: int | None = None) -> Sizes:
    """The batch whole or in the largest micro-batches that the budget holds; SpecError where it holds none."""
    if micro_batch is not None:
        sizes = Sizes(batch, micro_batch)
        if training.arena(sizes) > budget:
            raise _refusal(training, budget, batch, sizes)
        return sizes
    _ = training.arena(Sizes(batch, batch))  # what cannot be trained at all says so itself
    for part in (batch, *training.parts(batch)):
        if training.holds(Sizes(batch, part), budget):
            return Sizes(batch, part)
    raise _refusal(training, budget, batch)


def _refusal(training: Training, budget: int, batch: int | None, asked: Sizes | None = None) -> SpecError:
    """What the least sizes need, or those asked for, and who would need less."""
    arena, sizes = _least(training, batch) if asked is None else (training.arena(asked), asked)
    kept = sum(buffer.nbytes for buffer in training.compiled(sizes).program.persistent())
    what = f"{training.policy.name} and {training.optimizer.kind}"
    if batch is not None and asked is None and sizes.batch == batch:
        what += " (in smaller parts its norms would see fewer than 8 rows, mostly noise)"
    mends = [
        f"give at least {arena:,} B",
        *_other_sizes(training, budget, batch, asked),
        _others(training, budget, batch),
    ]
    return SpecError(
        f"budget is {show_size(budget)} ({budget:,} B), but {sizes} takes {show_size(arena)} ({arena:,} B) "
        f"with {what}, "
        f"{show_size(kept)} of it weights, moments and what else is kept between steps; {'; '.join(mends)}"
    )


def _least(training: Training, batch: int | None) -> tuple[int, Sizes]:
    """The smallest arena, and its sizes; splitting a batch costs sums of the gradients that are in numbers."""
    found = []
    for sizes in training.least_sizes(batch):
        try:
            found.append((training.arena(sizes), sizes))
        except SpecError:
            if not found:  # the whole batch cannot be trained, so no part of it matters
                raise
    return min(found, key=lambda pair: pair[0])


def _other_sizes(training: Training, budget: int, batch: int | None, asked: Sizes | None) -> Iterator[str]:
    """Other sizes of this training that the budget holds."""
    if batch is None:
        return
    if asked is not None and (parts := [p for p in training.parts(batch) if training.holds(Sizes(batch, p), budget)]):
        yield f"or --micro-batch {parts[0]}"
        return
    least = least_batch(training.network)
    if training.holds(Sizes(least, least), budget):
        yield f"or a batch of at most {largest_within(training, budget):,}"


def _others(training: Training, budget: int, batch: int | None) -> str:
    """The other policies and optimizers that the budget holds at such a batch, or the one that takes least of all."""
    known = [
        replace(training, policy=policy, optimizer=find_optimizer(kind))
        for policy in POLICIES.values()
        for kind in OPTIMIZERS
        if (policy, kind) != (training.policy, training.optimizer.kind)
    ]
    bounds = [(min(other.bound(sizes) for sizes in _possible(other, batch)), other) for other in known]
    bounds.sort(key=lambda pair: pair[0])
    least = [_least(other, batch)[0] for bound, other in bounds if bound <= budget]
    fitting = [
        f"--policy {other.policy.name} --optimizer {other.optimizer.kind} ({show_size(arena)})"
        for arena, (_, other) in zip(least, bounds, strict=False)
        if arena <= budget
    ]
    if fitting:
        return f"within the budget are {', '.join(fitting)}"
    first = bounds[0][1]
    arena, sizes = _least(first, batch)
    return (
        f"no policy and optimizer fits: the least is {arena:,} B with --policy {first.policy.name} "
        f"--optimizer {first.optimizer.kind} at {sizes}"
    )


def _possible(training: Training, batch: int | None) -> list[Sizes]:
    """The least sizes without those that cannot be trained with."""
    found = []
    for sizes in training.least_sizes(batch):
        try:
            training.bound(sizes)
        except SpecError:
            continue
        found.append(sizes)
    return found


def explained(sizes: Sizes) -> str:
    """What micro-batches mean, for people; "" where there are none."""
    if sizes.micro_batch == sizes.batch:
        return ""
    return (
        f"a step is {sizes.batch // sizes.micro_batch:,} micro-batches of {sizes.micro_batch:,}: gradients are of all "
        f"{sizes.batch:,} examples, but batch norm is over the {sizes.micro_batch:,} of a micro-batch"
    )


def process_total(arena: int) -> str:
    """The rough total of a process with this arena, for people."""
    from linocut.train.peak_memory import peak_rss_bytes

    return (
        f"a budget is for the arena, here {show_size(arena)}; with Python and its libraries the process takes about "
        f"{show_size(arena + peak_rss_bytes())}"
    )
