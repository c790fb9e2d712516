"""Sizes of batches: what a step and its micro-batches may have, and what batch norms need of them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from linocut.errors import SpecError
from linocut.graph.graph import Graph, Node
from linocut.graph.queries import norms
from linocut.settings_of import as_plain

MOST_BATCH = 2**20
LEAST_ROWS = 2  # of one row the deviation is 0
STEADY_ROWS = 8  # mean and deviation of fewer rows are mostly noise: what is chosen for users has as many


def find_batch(batch: int) -> int:
    """The number of examples of a batch; SpecError unless it can have so many."""
    batch = as_plain(batch)
    if isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= MOST_BATCH:
        raise SpecError(f"batch size is {batch!r}, must be a whole number from 1 to {MOST_BATCH:,}")
    return int(batch)


def find_micro_batch(batch: int, micro_batch: int | None) -> int:
    """The examples of a micro-batch, by default the whole batch; SpecError unless they divide it."""
    batch = find_batch(batch)
    if micro_batch is None:
        return batch
    whole = isinstance(micro_batch, int) and not isinstance(micro_batch, bool)
    if not whole or not 1 <= micro_batch <= batch or batch % micro_batch:
        near = nearest_divisors(batch, micro_batch if whole else batch)
        raise SpecError(
            f"micro-batch is {micro_batch!r}, must divide the batch of {batch:,}; take {' or '.join(map(str, near))}"
        )
    return micro_batch


def divisors(number: int) -> list[int]:
    """Ascending, 1 and the number included."""
    small = [n for n in range(1, math.isqrt(number) + 1) if number % n == 0]
    return sorted({*small, *(number // n for n in small)})


def nearest_divisors(number: int, wanted: int) -> list[int]:
    """The divisors on both sides of a number that is none."""
    found = divisors(number)
    below = [n for n in found if n < wanted][-1:]
    return below + [n for n in found if n > wanted][:1]


def check_norms(graph: Graph, micro_batch: int, frozen: Collection[str] = ()) -> None:
    """SpecError where a batch norm that is not frozen would see a single row, which has no variance to train with."""
    for node in _observing(graph, frozen):
        rows = micro_batch * _rows(node)
        if rows < LEAST_ROWS:
            least, steady = least_batch(graph, frozen), steady_batch(graph, frozen)
            raise SpecError(
                f"batch is {micro_batch}, and {node.name} of {graph.name} sees one row of it, which has no "
                f"variance to norm by; train with batches or micro-batches of at least {least}, better {steady} or "
                "more (to predict, 1 will do)"
            )


def least_batch(graph: Graph, frozen: Collection[str] = ()) -> int:
    """The smallest batch whose norms have a variance."""
    return _batch_of_rows(graph, LEAST_ROWS, frozen)


def steady_batch(graph: Graph, frozen: Collection[str] = ()) -> int:
    """The smallest batch whose norms see STEADY_ROWS rows: 8 where a norm follows a dense layer."""
    return _batch_of_rows(graph, STEADY_ROWS, frozen)


def _batch_of_rows(graph: Graph, rows: int, frozen: Collection[str]) -> int:
    return max((-(-rows // _rows(node)) for node in _observing(graph, frozen)), default=1)


def _observing(graph: Graph, frozen: Collection[str]) -> Iterator[Node]:
    """The norms that take their statistics from the batch."""
    return (node for node in norms(graph) if node.name not in frozen)


def _rows(node: Node) -> int:
    """The rows that one example gives a norm: pixels, or one after a dense layer."""
    return math.prod(node.output.shape[:-1])
