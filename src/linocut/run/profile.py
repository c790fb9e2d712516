"""Profiles: how long each instruction of a section takes, beside what its arithmetic could take on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

import numpy as np

from linocut.compile.batch import least_batch
from linocut.compile.inference import INPUT, compile_inference
from linocut.compile.lower import PREDICT, TRAIN, Compiled, compile_network
from linocut.errors import SpecError
from linocut.graph.inference import InferenceGraph
from linocut.graph.network import Network
from linocut.ops.bits import Array
from linocut.ops.control import LEARNING_RATE
from linocut.optimizers import Bop
from linocut.policies import Policy
from linocut.run.constants import put_constants
from linocut.run.initial import initialise
from linocut.run.session import NativeSession, find_isa, find_threads
from linocut.run.trained import trained_graph

KINDS = ("xnor", "int8", "int8_sign", "int4_sign", "float")  # of arithmetic that has a peak
MOST_STEPS = 100_000
SEED = 0


@dataclass(frozen=True)
class Timed:
    """One instruction: what it is, what it works for, its work, and the median of its times.

    `operations` are multiplications, of a `kind` among `KINDS`, or elements of kind "element".
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


def profile_training(compiled: Compiled, steps: int, threads: int | None = None, isa: str | None = None) -> Profile:
    """Run the section "train" of a compiled network on random examples: see `_profile`."""
    session = NativeSession(compiled.program, find_threads(threads), find_isa(isa))
    initialise(session, compiled.initial, SEED)
    session.array("control")[LEARNING_RATE] = compiled.optimizer.learning_rate
    random = np.random.default_rng(SEED)
    _fill(session.array("input"), random)
    labels = session.array("labels")
    if labels.dtype == np.int32:
        labels[...] = random.integers(0, compiled.graph.classes, labels.shape)
    else:
        labels[...] = random.integers(0, 2, labels.shape)
    return _profile(session, TRAIN, steps)


def profile_prediction(
    graph: InferenceGraph, batch: int, steps: int, threads: int | None = None, isa: str | None = None
) -> Profile:
    """Run the section "predict" of an inference graph on random examples: see `_profile`."""
    prediction = compile_inference(graph, batch)
    session = NativeSession(prediction.program, find_threads(threads), find_isa(isa))
    put_constants(session, prediction)
    _fill(session.array(INPUT), np.random.default_rng(SEED))
    return _profile(session, PREDICT, steps)


def untrained_graph(network: Network, policy: Policy) -> InferenceGraph:
    """The inference form of a network's initial state."""
    compiled = compile_network(network, policy, Bop(), least_batch(network.graph))
    session = NativeSession(compiled.program, 1, find_isa(None))
    initialise(session, compiled.initial, SEED)
    return trained_graph(compiled, session)


def _profile(session: NativeSession, section: str, steps: int) -> Profile:
    """Run a section `steps` times, after once unmeasured; SpecError for fewer than one.

    Times are medians: of each instruction, and of the sum of them all.
    """
    from linocut import _native

    if not 1 <= steps <= MOST_STEPS:
        raise SpecError(f"steps is {steps}, must be 1 to {MOST_STEPS:,}")
    session.run(section)
    times = np.array([session.run_timed(section) for _ in range(steps)], np.float64) * 1e-9
    program = session.program
    span = program.section(section)
    instructions = []
    for instruction, seconds in zip(
        program.instructions[span.begin : span.end], np.median(times, axis=0).tolist(), strict=True
    ):
        work = program.work(instruction)
        about = program.buffers[instruction.written()[0]].name
        instructions.append(Timed(instruction.op.name, about, work.kind, work.operations, seconds))
    peaks = {kind: _native.peak(session.isa, kind) for kind in KINDS}
    whole = median(times.sum(axis=1).tolist())
    return Profile(section, session.isa, session.threads, steps, tuple(instructions), whole, peaks)


def _fill(images: Array, random: np.random.Generator) -> None:
    """Random examples."""
    if images.dtype == np.uint8:
        images[...] = random.integers(0, 256, images.shape, np.uint8)
    else:
        images[...] = random.standard_normal(images.shape)
