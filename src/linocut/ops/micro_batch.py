"""Micro-batches: a step over k of them takes the memory of one; the weights move once, in the last.

The buffer `micro` (2) says where in its step a micro-batch stands: (place, from 1; how many there are). optimizer_tick
counts it up. Float gradients are summed by `accumulate` into their mean over the step; of gradients by their
signs, each micro-batch adds its share to the first moment, so that there is no sum to keep.
"""

from __future__ import annotations

from dataclasses import dataclass

from linocut.ops.base import View

MOST_MICRO_BATCHES = 1 << 20


@dataclass(frozen=True)
class MicroBatch:
    """Number `place` of `count`, from 1."""

    place: int = 1
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether the step begins with it."""
        return self.place == 1

    @property
    def last(self) -> bool:
        """Whether the weights move."""
        return self.place == self.count


WHOLE = MicroBatch()


def micro_batch(micro: View | None) -> MicroBatch:
    """As the buffer has it, which may hold anything: its numbers are made to fit. Without it, the whole step."""
    if micro is None:
        return WHOLE
    count = max(1, min(int(micro.data[1]), MOST_MICRO_BATCHES))
    return MicroBatch(max(1, min(int(micro.data[0]), count)), count)
