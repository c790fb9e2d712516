"""The search for the largest batch that a budget holds."""

from __future__ import annotations

from collections.abc import Callable

from linocut.compile.batch import MOST_BATCH, least_batch
from linocut.errors import SpecError
from linocut.plan.training import Sizes, Training
from linocut.sizes import show_size

TotalBytes = Callable[[int], int]


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


def largest_held(training: Training, budget: int, most: int = MOST_BATCH) -> int | None:
    """The largest batch, of at most `most`, whose arena the budget holds whole; None where it holds not even the least.

    A batch that norms need is taken even where it is more than `most`.
    """
    least = least_batch(training.network.graph, training.frozen)
    if not training.holds(Sizes(least, least), budget):
        return None
    return largest_batch(
        lambda n: training.arena(Sizes(n, n)), budget, least, max(most, least), lambda n: training.bound(Sizes(n, n))
    )
