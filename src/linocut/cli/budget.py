"""Budgets on the command line: what refuses them speaks of flags, and what they mean is told to people."""

from __future__ import annotations

from linocut.compile.batch import MOST_BATCH
from linocut.plan import budget as budgets
from linocut.plan.refusal import Words
from linocut.plan.search import largest_batch
from linocut.plan.training import Sizes, Training
from linocut.sizes import show_size

__all__ = ["Sizes", "Training", "explained", "largest_batch", "largest_within", "process_total", "sizes_within"]

FLAGS = Words("--micro-batch {}", "--policy {} --optimizer {}")


def largest_within(training: Training, budget: int, most: int = MOST_BATCH) -> int:
    """`plan.budget.largest_within`, refusing in flags."""
    return budgets.largest_within(training, budget, most, FLAGS)


def sizes_within(training: Training, budget: int, batch: int, micro_batch: int | None = None) -> Sizes:
    """`plan.budget.sizes_within`, refusing in flags."""
    return budgets.sizes_within(training, budget, batch, micro_batch, FLAGS)


def explained(sizes: Sizes) -> str:
    """What micro-batches mean, for people; "" where there are none."""
    if sizes.micro_batch == sizes.batch:
        return ""
    return (
        f"a step is {sizes.batch // sizes.micro_batch:,} micro-batches of {sizes.micro_batch:,}: gradients are of all "
        f"{sizes.batch:,} examples, but batch norm is over the {sizes.micro_batch:,} of a micro-batch"
    )


def process_total(arena: int, workspace: int, threads: int | None = None) -> str:
    """The rough total of a process with this arena, and with this workspace for each thread, for people."""
    from linocut.run.session import find_threads
    from linocut.train.peak_memory import peak_rss_bytes

    return (
        f"a budget is for the arena, here {show_size(arena)}; with Python and its libraries the process takes about "
        f"{show_size(arena + workspace * find_threads(threads) + peak_rss_bytes())}"
    )
