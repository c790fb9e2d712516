"""The default batch, where data have fewer examples than that: a smaller one, and a line that says so."""

from __future__ import annotations

from collections.abc import Collection

from linocut.cli.of_folders import fitted_batch
from linocut.cli.options import DEFAULT_BATCH

DECIDE = {"batch", "micro_batch", "budget"}  # options by which people say how large a batch is


def fitting(batch: int, given: Collection[str], examples: int) -> tuple[int, str | None]:
    """The batch for so many examples by the names of the options that were given; with a line where it is not `batch`.

    What was asked for stays as it is, and is refused by what trains.
    """
    if set(given) & DECIDE or batch != DEFAULT_BATCH or batch <= examples:
        return batch, None
    found = fitted_batch(examples)
    count = "example" if examples == 1 else "examples"
    return found, f"chosen for {examples:,} {count} to train on: --batch {found}; give another to have it otherwise"
