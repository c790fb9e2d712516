"""Profiles: how long each instruction of a section takes, beside what its arithmetic could take on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

import numpy as np

from linocut.compile.lower import TRAIN, Compiled
from linocut.errors import SpecError
from linocut.ops.optimizer_tick import LEARNING_RATE
from linocut.run.initial import initialise
from linocut.run.session import NativeSession, find_isa, find_threads

KINDS = ("xnor", "int8", "float")  # of arithmetic that has a peak
MOST_STEPS = 100_000
SEED = 0


@dataclass(frozen=True)
class Timed:
    """One instruction: what it is, what it works for, its work, and the median of its times.

    `operations` are multiplications, of `kind` "xnor", "int8" or "float", or elements of kind "element".
    """

    op: str
    about: str
    kind: str
    operations: int
    seconds: float


@dataclass(frozen=True)
class Profile:
    """A section's instructions in order, the median time of a whole run, and one thread's peaks in operations a second.

    `peaks` are those of the bare micro-kernels of the same instruction set, measured in the same process.
    """

    section: str
    isa: str
    threads: int
    steps: int
    instructions: tuple[Timed, ...]
    seconds: float
    peaks: dict[str, float]

    @property
    def least_seconds(self) -> float:
        """What all multiplications would take at the peaks of their kinds, on all threads."""
        return (
            sum(one.operations / self.peaks[one.kind] for one in self.instructions if one.kind in KINDS) / self.threads
        )


def profile(
    compiled: Compiled, steps: int, threads: int | None = None, isa: str | None = None, section: str = TRAIN
) -> Profile:
    """Run a section `steps` times, after once unmeasured, on random examples; SpecError for fewer than one.

    Times are medians: of each instruction, and of the sum of them all.
    """
    from linocut import _native

    if not 1 <= steps <= MOST_STEPS:
        raise SpecError(f"steps is {steps}, must be 1 to {MOST_STEPS:,}")
    session = NativeSession(compiled.program, find_threads(threads), find_isa(isa))
    _prepare(session, compiled)
    session.run(section)
    times = np.array([session.run_timed(section) for _ in range(steps)], np.float64) * 1e-9
    span = compiled.program.section(section)
    instructions = []
    for instruction, seconds in zip(
        compiled.program.instructions[span.begin : span.end], np.median(times, axis=0).tolist(), strict=True
    ):
        work = compiled.program.work(instruction)
        about = compiled.program.buffers[instruction.written()[0]].name
        instructions.append(Timed(instruction.op.name, about, work.kind, work.operations, seconds))
    peaks = {kind: _native.peak(session.isa, kind) for kind in KINDS}
    whole = median(times.sum(axis=1).tolist())
    return Profile(section, session.isa, session.threads, steps, tuple(instructions), whole, peaks)


def _prepare(session: NativeSession, compiled: Compiled) -> None:
    """Initial weights and random examples of random classes."""
    initialise(session, compiled.initial, SEED)
    session.array("control")[LEARNING_RATE] = compiled.optimizer.learning_rate
    random = np.random.default_rng(SEED)
    images, labels = session.array("input"), session.array("labels")
    if images.dtype == np.uint8:
        images[...] = random.integers(0, 256, images.shape, np.uint8)
    else:
        images[...] = random.standard_normal(images.shape)
    labels[...] = random.integers(0, compiled.network.classes, labels.shape)
