"""Options: numbers of copies of some operators, with the cycles and resources that each choice comes to.

Dropped are options that do not fit, and those that another is as good as in cycles and in every resource; so whatever
is best among all combinations is best among those that are left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from linocut.devices.pipeline.graph import Operator
from linocut.devices.pipeline.resources import Resources
from linocut.errors import SpecError
from linocut.ops.bits import Array

CYCLES, DSP, LUT, BRAM = range(4)
# What is looked at: first DSP alone, which is scarcest; a best design that fits in all else is the best of all.
RELAXED = ((DSP,), (DSP, BRAM), (DSP, LUT, BRAM))


@dataclass(frozen=True)
class Limits:
    """What a device has; `scarce_dsp` bounds the DSP of an operator that is called scarce, `cycles` those of a stage,
    None for no such bound. `looked_at` are the resources that bound options.
    """

    dsp: int
    lut: int
    bram36: int
    scarce_dsp: int | None = None
    cycles: int | None = None
    looked_at: tuple[int, ...] = RELAXED[-1]

    @property
    def room(self) -> Array:
        """What there is of what is looked at."""
        has = {DSP: self.dsp, LUT: self.lut, BRAM: self.bram36}
        return np.array([has[column] for column in self.looked_at])

    def of(self, operator: Operator) -> int:
        """The DSP that an operator may take."""
        bounded = operator.scarce and self.scarce_dsp is not None
        return min(self.dsp, self.scarce_dsp or self.dsp) if bounded else self.dsp

    def lacking(self, taken: Resources) -> str:
        """What is missing for that, in words."""
        pairs = (("DSP", taken.dsp, self.dsp), ("LUT", taken.lut, self.lut), ("BRAM36", taken.bram36, self.bram36))
        return ", ".join(f"{need:,} {name} where there are {has:,}" for name, need, has in pairs if need > has)


@dataclass(frozen=True, eq=False)
class Options:
    """Each row a choice: `costs` int64 (n, 4) are cycles, DSP, LUT and BRAM, `copies` int64 (n, operators)."""

    operators: tuple[Operator, ...]
    costs: Array
    copies: Array

    def __len__(self) -> int:
        return len(self.costs)

    def chosen(self, rows: Array) -> Options:
        """Some of the rows."""
        return Options(self.operators, self.costs[rows], self.copies[rows])

    def within(self, interval: int, limits: Limits) -> Options:
        """Those of at most so many cycles, of which then only resources count."""
        found = self.chosen(np.flatnonzero(self.costs[:, CYCLES] <= interval))
        return found.chosen(undominated(found.costs, limits.looked_at))

    def kept(self, limits: Limits) -> Options:
        """Those that fit, and that no other is as good as."""
        fits: Array = np.asarray((self.costs[:, limits.looked_at] <= limits.room).all(axis=1))
        if limits.cycles is not None:
            fits = np.logical_and(fits, self.costs[:, CYCLES] <= limits.cycles)
        found = self.chosen(np.flatnonzero(fits))
        return found.chosen(undominated(found.costs, (CYCLES, *limits.looked_at)))


def of_operator(operator: Operator, limits: Limits) -> Options:
    """One operator alone: for each number of cycles the fewest copies. SpecError where not even one fits."""
    copies = np.array(list(_copies(operator, limits)), np.int64)
    if not len(copies):
        raise SpecError(
            f"one copy of {operator.name} takes {operator.each.dsp:,} DSP where there are {limits.of(operator):,}; "
            "take a larger device, or more --dsp"
        )
    rows = []
    for count in copies.tolist():
        taken = operator.taken(count)
        rows.append((operator.cycles(count), taken.dsp, taken.lut, taken.bram36))
    return Options((operator,), np.array(rows, np.int64), copies[:, None])


def _copies(operator: Operator, limits: Limits) -> Iterator[int]:
    """The fewest for each number of cycles; with more the cycles would be the same."""
    dsp = operator.each.dsp
    most = min(operator.work, limits.of(operator) // dsp if dsp else operator.work)
    copies = 1
    while copies <= most:
        yield copies
        cycles = operator.cycles(copies)
        if cycles == 1:
            return
        copies = -(-operator.work // (cycles - 1))


def beside(one: Options, other: Options, limits: Limits) -> Options:
    """All pairs, working at the same time."""
    return _paired(one, other, limits, np.maximum)


def after(one: Options, other: Options, limits: Limits) -> Options:
    """All pairs, one after the other."""
    return _paired(one, other, limits, np.add)


def _paired(one: Options, other: Options, limits: Limits, cycles: np.ufunc) -> Options:
    a, b = (part.ravel() for part in np.meshgrid(np.arange(len(one)), np.arange(len(other)), indexing="ij"))
    costs = one.costs[a] + other.costs[b]
    costs[:, CYCLES] = cycles(one.costs[a, CYCLES], other.costs[b, CYCLES])
    copies = np.concatenate([one.copies[a], other.copies[b]], axis=1)
    return Options(one.operators + other.operators, costs, copies).kept(limits)


def undominated(costs: Array, columns: Sequence[int]) -> Array:
    """The rows of (n, m) costs that no other is as good as in these columns; of equal ones the least in the others."""
    others = [column for column in range(costs.shape[1]) if column not in columns]
    order = np.lexsort(costs[:, [*columns, *others][::-1]].T)
    left, kept = costs[order][:, list(columns)], []
    while len(left):
        kept.append(order[0])
        worse = (left >= left[0]).all(axis=1)
        left, order = left[~worse], order[~worse]
    return np.array(kept, np.int64)


def total(operators: Sequence[Operator], copies: Sequence[int]) -> Resources:
    """What so many copies of these operators take."""
    found = Resources()
    for operator, count in zip(operators, copies, strict=True):
        found = found + operator.taken(count)
    return found
