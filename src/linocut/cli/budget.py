"""The largest batch that fits a budget of memory."""

from __future__ import annotations

from collections.abc import Callable

from linocut.cli.sizes import show_size
from linocut.compile.lower import MOST_BATCH
from linocut.errors import SpecError


def largest_batch(total_bytes: Callable[[int], int], budget: int) -> int:
    """The largest batch whose `total_bytes(batch)` is within `budget` bytes, by doubling and then bisection.

    SpecError with the smallest budget that would do where not even a batch of 1 fits.
    """

    def fits(batch: int) -> bool:
        try:
            return batch <= MOST_BATCH and total_bytes(batch) <= budget
        except SpecError:  # beyond what an instruction can sum
            return False

    least = total_bytes(1)
    if least > budget:
        raise SpecError(
            f"budget is {show_size(budget)} ({budget:,} B), but a batch of 1 takes {show_size(least)} ({least:,} B); "
            f"give at least {least:,} B, or a smaller network or policy"
        )
    found, too_large = 1, 2
    while fits(too_large):
        found, too_large = too_large, too_large * 2
    while too_large - found > 1:
        middle = (found + too_large) // 2
        if fits(middle):
            found = middle
        else:
            too_large = middle
    return found
