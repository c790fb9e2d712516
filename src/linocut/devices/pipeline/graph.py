"""The graph of one step: operators, what each does and keeps, and which must wait for all of another's output.

An operator that needs its input whole (`whole`) begins when what it reads is done; any other goes along with it, value
by value. So operators fall into phases: those of one phase work side by side, and a phase begins when the one before
has ended. Cuts that change how long a stage takes lie between phases alone: the search goes through all of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from linocut.devices.pipeline.resources import Resources

WORD_BITS, BRAM_DEPTH = 72, 512  # of a 36 Kbit block, as wide as it goes


def memory(bits: int, depth: int) -> int:
    """Blocks of 36 Kbit that hold `depth` words of so many bits; none for no words."""
    return -(-bits // WORD_BITS) * -(-depth // BRAM_DEPTH)


def held(bits: int) -> int:
    """Blocks of 36 Kbit that hold a vector of so many bits."""
    return -(-bits // (WORD_BITS * BRAM_DEPTH))


@dataclass(frozen=True)
class Operator:
    """One operator: `work` times it takes a value, or a block, each a cycle of one copy.

    `each` are the resources of a copy. `table_bits` are what a copy reads of its own memory each cycle (weights),
    `vector_bits` what the buffer before it holds of one frame. `reads` are the operators before it, and of those
    `whole` the ones whose output it needs whole. A `scarce` operator is the one whose DSP `--dsp` bounds.
    """

    name: str
    kind: str
    work: int
    each: Resources
    reads: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    table_bits: int = 0
    vector_bits: int = 0
    scarce: bool = False

    def cycles(self, copies: int) -> int:
        """Of a frame."""
        return -(-self.work // copies)

    def taken(self, copies: int) -> Resources:
        """Of all copies, their tables too: each copy has a part of the weights, in blocks of its own."""
        tables = copies * memory(self.table_bits, self.cycles(copies)) if self.table_bits else 0
        return self.each * copies + Resources(bram36=tables)


@dataclass(frozen=True)
class Part:
    """A part of the network that has a pipeline of its own, such as a layer: its operators, in order.

    `kept_bits` are of the state that each stream in flight has.
    """

    name: str
    operators: tuple[Operator, ...]
    kept_bits: int = 0

    @cached_property
    def phase_of(self) -> Mapping[str, int]:
        """The phase of each operator, from 0."""
        found: dict[str, int] = {}
        for one in self.operators:
            found[one.name] = max((found[name] + (name in one.whole) for name in one.reads), default=0)
        return found

    @cached_property
    def phases(self) -> tuple[tuple[Operator, ...], ...]:
        """The operators of each phase."""
        last = max(self.phase_of.values())
        return tuple(
            tuple(one for one in self.operators if self.phase_of[one.name] == phase) for phase in range(last + 1)
        )


@dataclass(frozen=True)
class OperatorGraph:
    """What an engine makes of a network: parts that frames go through one after the other.

    `what` is said of it in one line; `notes` are what the figures do not say themselves.
    """

    name: str
    what: str
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()
