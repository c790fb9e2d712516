"""Budgets: the batch and the micro-batch that an arena of so many bytes holds.

The rule: without a batch the largest that fits; with one, whole where it fits, else in the largest micro-batches that
divide it and fit. A micro-batch that was given is kept.
"""

from __future__ import annotations

from linocut.compile.batch import MOST_BATCH, find_micro_batch
from linocut.errors import SpecError, one_line
from linocut.fields import shown
from linocut.plan.refusal import ARGUMENTS, Words, refusal
from linocut.plan.search import largest_held
from linocut.plan.training import Sizes, Training
from linocut.settings_of import as_plain
from linocut.sizes import MOST_SIZE, parse_size

DEFAULT_BATCH = 100


def find_budget(budget: str | int) -> int:
    """The bytes of a budget such as "48MiB", "1.5GB" or 65536; SpecError for what is no size."""
    budget = as_plain(budget)
    if isinstance(budget, str):
        try:
            return parse_size(budget)
        except ValueError as error:
            raise SpecError(
                f"budget is {shown(budget)}: {one_line(error)}; give a text such as '64MiB', or bytes"
            ) from None
    if isinstance(budget, bool) or not isinstance(budget, int) or not 1 <= budget <= MOST_SIZE:
        raise SpecError(
            f"budget is {shown(budget)}, must be a size such as '64MiB', or a whole number of bytes from 1 to "
            f"{MOST_SIZE:,}"
        )
    return budget


def find_sizes(
    training: Training, budget: int | None, batch: int | None, micro_batch: int | None, most: int = MOST_BATCH
) -> Sizes:
    """The sizes for what was given in Python, by the rule above; without a budget those that were given.

    The batch is 100 where neither it nor a budget says otherwise, or where only the micro-batch is given. `most` bounds
    the largest batch. SpecError where the budget holds none, in the words of Python.
    """
    batch, micro_batch = as_plain(batch), as_plain(micro_batch)
    if budget is not None and batch is None and micro_batch is None:
        largest = largest_within(training, budget, most)
        return Sizes(largest, largest)
    batch = DEFAULT_BATCH if batch is None else batch
    sizes = Sizes(batch, find_micro_batch(batch, micro_batch))
    return sizes if budget is None else sizes_within(training, budget, batch, micro_batch)


def largest_within(training: Training, budget: int, most: int = MOST_BATCH, words: Words = ARGUMENTS) -> int:
    """The largest batch, of at most `most`, that the budget holds whole; SpecError where there is none."""
    largest = largest_held(training, budget, most)
    if largest is None:
        raise refusal(training, budget, None, words=words)
    return largest


def sizes_within(
    training: Training, budget: int, batch: int, micro_batch: int | None = None, words: Words = ARGUMENTS
) -> Sizes:
    """The batch whole or in the largest micro-batches that the budget holds; SpecError where it holds none."""
    if micro_batch is not None:
        sizes = Sizes(batch, micro_batch)
        if training.arena(sizes) > budget:
            raise refusal(training, budget, batch, sizes, words)
        return sizes
    _ = training.arena(Sizes(batch, batch))  # what cannot be trained at all says so itself
    for part in (batch, *training.parts(batch)):
        if training.holds(Sizes(batch, part), budget):
            return Sizes(batch, part)
    raise refusal(training, budget, batch, words=words)
