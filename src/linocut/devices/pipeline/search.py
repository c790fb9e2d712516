"""The search: every cut between phases and every number of copies, under DSP, LUT and BRAM.

The least interval comes first, then the least latency, then the fewest DSP, then LUT. The interval is the largest
stage's cycles; every stage begins anew when all have ended, so that latency is stages times interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeAlias

import numpy as np

from linocut.devices.pipeline.graph import Operator, OperatorGraph, Part, held
from linocut.devices.pipeline.options import (
    CYCLES,
    DSP,
    RELAXED,
    Limits,
    Options,
    after,
    beside,
    of_operator,
    total,
    undominated,
)
from linocut.devices.pipeline.resources import Resources
from linocut.errors import SpecError
from linocut.ops.bits import Array

Span: TypeAlias = tuple[int, int]  # of phases, [first, last)
Cut: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True)
class Stage:
    """One stage of a part: its operators with their copies, and the cycles of a frame."""

    part: str
    number: int
    cycles: int
    copies: tuple[tuple[Operator, int], ...]


@dataclass(frozen=True)
class Design:
    """A pipeline: stages in order, and what it takes; `buffers` are the blocks between stages and of states."""

    stages: tuple[Stage, ...]
    taken: Resources
    buffers: int

    @property
    def interval(self) -> int:
        """Cycles between two frames, of whichever stream."""
        return max(stage.cycles for stage in self.stages)

    @property
    def latency(self) -> int:
        """Cycles from a frame's first operator to its last."""
        return len(self.stages) * self.interval

    @property
    def depth(self) -> int:
        """How many streams must be interleaved to keep every stage busy: the most stages that one part has.

        A part's next frame of a stream begins when its last one has left the part.
        """
        parts = [stage.part for stage in self.stages]
        return max(parts.count(part) for part in set(parts))


class TooSmall(SpecError):
    """A device does not hold a network: `what` says what is missing."""

    def __init__(self, what: str, mend: str) -> None:
        """Told with its mend."""
        super().__init__(f"{what}; {mend}")
        self.what = what


def search(graph: OperatorGraph, limits: Limits, stages: int | None = None) -> Design:
    """The best design, of so many `stages` a part where that is given.

    SpecError where stages cannot be so many, TooSmall where not even one copy of each operator fits.
    """
    check_stages(graph, stages)
    _check_room(graph, limits, stages or 1)
    for looked_at in RELAXED:
        found = _bounded(graph, replace(limits, looked_at=looked_at), stages)
        if found is not None and not limits.lacking(found.taken):
            return found
    raise TooSmall(f"{graph.name} does not fit in any division of the device", "take a larger one, or one --layer")


def check_stages(graph: OperatorGraph, stages: int | None) -> None:
    """SpecError where parts cannot have so many stages, None for any."""
    fewest = min(len(part.phases) for part in graph.parts)
    if stages is not None and not 1 <= stages <= fewest:
        raise SpecError(f"stages is {stages}, must be 1 to {fewest}, the phases of {graph.name}")


def _bounded(graph: OperatorGraph, limits: Limits, stages: int | None) -> Design | None:
    """The best design by what is looked at.

    Stages of one phase alone take the fewest cycles: what they reach bounds what is worth looking at in other cuts.
    """
    first = _least([_Plans(part, limits, len(part.phases)) for part in graph.parts], limits)
    if stages is None and first is not None:
        limits = replace(limits, cycles=first.interval)
    return _least([_Plans(part, limits, stages) for part in graph.parts], limits)


def _least(plans: Sequence[_Plans], limits: Limits) -> Design | None:
    """The design of the least interval that fits; what fits one interval fits every longer one."""
    intervals = sorted({cycles for plan in plans for cycles in plan.intervals()})
    low, high = 0, len(intervals)
    while low < high:
        middle = (low + high) // 2
        if _best(plans, intervals[middle], limits) is None:
            low = middle + 1
        else:
            high = middle
    return _best(plans, intervals[low], limits) if low < len(intervals) else None


def _check_room(graph: OperatorGraph, limits: Limits, stages: int) -> None:
    """TooSmall unless one copy of each operator has room."""
    least = Resources()
    for part in graph.parts:
        fewest = min(_buffers(part, cut) for cut in _cuts(len(part.phases)) if len(cut) >= stages)
        for taken in (*(one.taken(1) for one in part.operators), Resources(bram36=fewest)):
            least = least + taken
    if lacking := limits.lacking(least):
        raise TooSmall(
            f"{graph.name} does not fit: one copy of each operator takes {lacking}",
            "take a larger device or block, or one --layer",
        )


@dataclass(frozen=True)
class _Choice:
    """Stages of one part or several: a row of resources, cuts and copies."""

    taken: tuple[int, int, int]
    cuts: tuple[Cut, ...]
    copies: tuple[tuple[tuple[int, ...], ...], ...]  # by part, stage and operator


class _Plans:
    """All ways to cut a part into stages, and the options of each stage."""

    def __init__(self, part: Part, limits: Limits, stages: int | None) -> None:
        self.part, self.limits = part, limits
        self.cuts = [cut for cut in _cuts(len(part.phases)) if stages is None or len(cut) == stages]
        self._phases = [self._phase(phase) for phase in part.phases]
        self._spans: dict[Span, Options] = {}

    def _phase(self, phase: Sequence[Operator]) -> Options:
        alone = [of_operator(operator, self.limits) for operator in phase]
        return reduce(lambda a, b: beside(a, b, self.limits), alone)

    def span(self, span: Span) -> Options:
        """The options of phases one after the other in a stage."""
        if span not in self._spans:
            phases = self._phases[span[0] : span[1]]
            self._spans[span] = reduce(lambda a, b: after(a, b, self.limits), phases)
        return self._spans[span]

    def intervals(self) -> set[int]:
        """Cycles that some stage may take."""
        spans = {span for cut in self.cuts for span in cut}
        return {int(cycles) for span in spans for cycles in self.span(span).costs[:, CYCLES]}

    def choices(self, interval: int) -> dict[int, list[_Choice]]:
        """By the number of stages, those of at most so many cycles that nothing else is as good as."""
        found: dict[int, list[_Choice]] = {}
        for cut in self.cuts:
            options = [self.span(span).within(interval, self.limits) for span in cut]
            if not all(len(one) for one in options):
                continue
            rows: list[tuple[tuple[int, int, int], tuple[tuple[int, ...], ...]]]
            rows = [((0, 0, _buffers(self.part, cut)), ())]
            for one in options:
                rows = [
                    (_added(taken, costs), (*copies, tuple(row)))
                    for taken, copies in rows
                    for costs, row in zip(one.costs[:, DSP:].tolist(), one.copies.tolist(), strict=True)
                ]
            found.setdefault(len(cut), []).extend(_Choice(taken, (cut,), (copies,)) for taken, copies in rows)
        return {count: _best_of(some, self.limits) for count, some in found.items()}

    def stages(self, cut: Cut, copies: Sequence[Sequence[int]]) -> Iterator[Stage]:
        """The stages of a choice."""
        for number, (span, counts) in enumerate(zip(cut, copies, strict=True)):
            operators = self.span(span).operators
            phases = self.part.phase_of
            by_phase: dict[int, int] = {}
            for operator, count in zip(operators, counts, strict=True):
                phase = phases[operator.name]
                by_phase[phase] = max(by_phase.get(phase, 0), operator.cycles(count))
            pairs = tuple(zip(operators, counts, strict=True))
            yield Stage(self.part.name, number + 1, sum(by_phase.values()), pairs)


def _added(taken: Sequence[int], more: Sequence[int]) -> tuple[int, int, int]:
    dsp, lut, bram = (a + b for a, b in zip(taken, more, strict=True))
    return dsp, lut, bram


def _best_of(choices: Sequence[_Choice], limits: Limits) -> list[_Choice]:
    """Those that fit, and that no other is as good as."""
    costs: Array = np.array([(0, *choice.taken) for choice in choices], np.int64).reshape(-1, 4)
    fits = np.flatnonzero((costs[:, limits.looked_at] <= limits.room).all(axis=1))
    return [choices[row] for row in fits[undominated(costs[fits], limits.looked_at)].tolist()]


def _cuts(phases: int) -> Iterator[Cut]:
    """All ways to cut phases into stages."""
    for choice in range(1 << (phases - 1)):
        ends = [n + 1 for n in range(phases - 1) if choice >> n & 1] + [phases]
        yield tuple(zip([0, *ends[:-1]], ends, strict=True))


def _buffers(part: Part, cut: Cut) -> int:
    """Blocks of the buffers before operators, twice behind a cut, and of the states of the streams in flight."""
    starts = {first for first, _ in cut}
    blocks = len(cut) * held(part.kept_bits)
    for operator in part.operators:
        doubled = 2 if part.phase_of[operator.name] in starts else 1
        blocks += doubled * held(operator.vector_bits)
    return blocks


def _best(plans: Sequence[_Plans], interval: int, limits: Limits) -> Design | None:
    """The design of least latency, then fewest DSP, with this interval at most; None where none fits."""
    whole: dict[int, list[_Choice]] = {0: [_Choice((0, 0, 0), (), ())]}
    for plan in plans:
        joined: dict[int, list[_Choice]] = {}
        for count, some in plan.choices(interval).items():
            for before, others in whole.items():
                joined.setdefault(before + count, []).extend(
                    _Choice(_added(a.taken, b.taken), a.cuts + b.cuts, a.copies + b.copies)
                    for a in others
                    for b in some
                )
        whole = {count: kept for count, some in joined.items() if (kept := _best_of(some, limits))}
    if not whole:
        return None
    best = min(whole[min(whole)], key=lambda choice: choice.taken)
    stages = [
        stage
        for plan, cut, copies in zip(plans, best.cuts, best.copies, strict=True)
        for stage in plan.stages(cut, copies)
    ]
    buffers = sum(_buffers(plan.part, cut) for plan, cut in zip(plans, best.cuts, strict=True))
    taken = Resources(bram36=buffers)
    for stage in stages:
        taken = taken + total([one for one, _ in stage.copies], [count for _, count in stage.copies])
    return Design(tuple(stages), taken, buffers)
