"""Operators of a network counted anew by yosys, each beside what the committed table says of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any, TypeAlias

from linocut.devices.pipeline.graph import OperatorGraph
from linocut.devices.pipeline.resources import Counts, Resources, table
from linocut.devices.pipeline.synthesis import synthesised

Wanted: TypeAlias = tuple[str, int]  # an operator, and the size of blocks


@dataclass(frozen=True)
class Measured:
    """One copy of an operator, as counted in so many seconds."""

    operator: str
    block: int
    family: str
    found: Resources
    seconds: float

    @property
    def in_table(self) -> Resources | None:
        """What the committed table says, None where it has none."""
        return table().get((self.family, self.operator, self.block))

    def to_json(self) -> dict[str, Any]:
        """An object of `counted` of `linocut accelerate --json`."""
        known = None if self.in_table is None else _numbers(self.in_table)
        named = {"operator": self.operator, "block": self.block, "family": self.family}
        return named | _numbers(self.found) | {"seconds": self.seconds, "table": known}


Told: TypeAlias = Callable[[Measured, int, int], None]  # what is counted, how many are, and of how many


def wanted(build: Callable[[Counts], OperatorGraph]) -> tuple[Wanted, ...]:
    """Which operators a graph is made of, in order."""
    found: dict[Wanted, None] = {}

    def noted(operator: str, block: int, family: str) -> Resources:
        found[operator, block] = None
        return Resources()

    build(noted)
    return tuple(found)


def measure(operators: Sequence[Wanted], family: str, together: int = 1, told: Told | None = None) -> list[Measured]:
    """Count these, so many side by side; each is told when it is done.

    SpecError for what there is no operator or family of; MachineError where yosys is missing or fails.
    """
    waiting = ThreadPoolExecutor(together)
    try:
        counts = [waiting.submit(_measured, operator, block, family) for operator, block in operators]
        for number, done in enumerate(as_completed(counts), 1):
            if told is not None:
                told(done.result(), number, len(counts))
        return [done.result() for done in counts]
    finally:
        waiting.shutdown(cancel_futures=True)  # what has begun ends first


def counts_of(measured: Sequence[Measured]) -> Counts:
    """These as what operators take."""
    known = {(one.operator, one.block, one.family): one.found for one in measured}
    return lambda operator, block, family: known[operator, block, family]


def _measured(operator: str, block: int, family: str) -> Measured:
    begun = time.monotonic()
    found = synthesised(operator, block, family)
    return Measured(operator, block, family, found, time.monotonic() - begun)


def _numbers(taken: Resources) -> dict[str, int]:
    return {"dsp": taken.dsp, "lut": taken.lut, "flip_flops": taken.flip_flops}
