"""Refusals: what a budget that is too small would have to be, and what it would hold instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from linocut.errors import SpecError
from linocut.optimizers import OPTIMIZERS, find_optimizer
from linocut.plan.search import largest_held
from linocut.plan.training import Sizes, Training
from linocut.policies import POLICIES
from linocut.sizes import show_size


@dataclass(frozen=True)
class Words:
    """How a refusal names what to give: as arguments in Python, as flags on the command line. `{}` are the values."""

    micro_batch: str
    policy_and_optimizer: str


ARGUMENTS = Words("micro_batch={}", 'policy="{}", optimizer="{}"')


def refusal(
    training: Training, budget: int, batch: int | None, asked: Sizes | None = None, words: Words = ARGUMENTS
) -> SpecError:
    """What the least sizes need, or those asked for, and who would need less."""
    arena, sizes = _least(training, batch) if asked is None else (training.arena(asked), asked)
    what = f"{training.policy.name} and {training.optimizer.kind}"
    if batch is not None and asked is None and sizes.batch == batch:
        what += " (in smaller parts its norms would see fewer than 8 rows, mostly noise)"
    mends = [
        f"give at least {arena:,} B",
        *_other_sizes(training, budget, batch, asked, words),
        _others(training, budget, batch, words),
    ]
    return SpecError(
        f"budget is {show_size(budget)} ({budget:,} B), but {sizes} takes {show_size(arena)} ({arena:,} B) "
        f"with {what}, {show_size(training.kept(sizes))} of it weights, moments and what else is kept between steps; "
        + "; ".join(mends)
    )


def _least(training: Training, batch: int | None) -> tuple[int, Sizes]:
    """The smallest arena, and its sizes; splitting a batch costs sums of the float gradients."""
    found = []
    for sizes in training.least_sizes(batch):
        try:
            found.append((training.arena(sizes), sizes))
        except SpecError:
            if not found:  # the whole batch cannot be trained, so no part of it matters
                raise
    return min(found, key=lambda pair: pair[0])


def _other_sizes(
    training: Training, budget: int, batch: int | None, asked: Sizes | None, words: Words
) -> Iterator[str]:
    """Other sizes of this training that the budget holds."""
    if batch is None:
        return
    if asked is not None and (parts := [p for p in training.parts(batch) if training.holds(Sizes(batch, p), budget)]):
        yield f"or {words.micro_batch.format(parts[0])}"
        return
    if (largest := largest_held(training, budget)) is not None:
        yield f"or a batch of at most {largest:,}"


def _others(training: Training, budget: int, batch: int | None, words: Words) -> str:
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
        f"{words.policy_and_optimizer.format(other.policy.name, other.optimizer.kind)} ({show_size(arena)})"
        for arena, (_, other) in zip(least, bounds, strict=False)
        if arena <= budget
    ]
    if fitting:
        return f"within the budget are {', '.join(fitting)}"
    first = bounds[0][1]
    arena, sizes = _least(first, batch)
    return (
        f"no policy and optimizer fits: the least is {arena:,} B with "
        f"{words.policy_and_optimizer.format(first.policy.name, first.optimizer.kind)} at {sizes}"
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
