"""watched: values that a step forms and throws away, read while it runs: between two instructions, where they lie.

A step that is looked at runs in parts, each up to the last instruction that writes one of these buffers. That changes
no bit, and takes no memory in the arena.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from linocut.compile.lower import TRAIN, Compiled
from linocut.compile.program import Program
from linocut.dynamics.weights import sum_of_squares
from linocut.layers.lowering import PASSED
from linocut.ops.base import View
from linocut.run import Session
from linocut.run.views import operand

Key = tuple[str, str]  # a node, and what of it


@dataclass(frozen=True)
class Watched:
    """A buffer, and that of its exponent (None for none), which hold what was asked for behind instruction `at`."""

    key: Key
    buffer: str
    exponent: str | None
    at: int

    def read(self, session: Session) -> float:
        """A gradient's mean square, or which share of a gradient is let by."""
        program = session.program
        view = operand(session.arena, program.buffer(self.buffer))
        if self.key[1] == PASSED:
            return _share(view)
        exponent = None if self.exponent is None else int(session.array(self.exponent)[0])
        return _mean_square(view, exponent)


def find_watched(compiled: Compiled) -> tuple[Watched, ...]:
    """What a program's step can be asked for, in the order in which it comes."""
    program = compiled.program
    written = _written(program)
    names = {buffer.name: number for number, buffer in enumerate(program.buffers)}
    found = [
        Watched(key, name, exponent, written[_bytes_of(program, names[name])])
        for key, (name, exponent) in compiled.watching.items()
        if name in names and _bytes_of(program, names[name]) in written
    ]
    return tuple(sorted(found, key=lambda one: one.at))


def run_watched(session: Session, watched: tuple[Watched, ...]) -> Mapping[Key, float]:
    """One run of the training section, and what was found in it."""
    span = session.program.section(TRAIN)
    done, found = 0, {}
    for one in watched:
        if one.at + 1 > done:
            session.run_part(TRAIN, done, one.at + 1)
            done = one.at + 1
        found[one.key] = one.read(session)
    session.run_part(TRAIN, done, span.end - span.begin)
    return found


def _bytes_of(program: Program, number: int) -> tuple[int, str]:
    """What tells a buffer's parts from other uses of its bytes: whose they are, and their role."""
    buffer = program.buffers[number]
    return buffer.owner(number), buffer.role


def _written(program: Program) -> dict[tuple[int, str], int]:
    """The last instruction of the training section, counted from its first, that writes the bytes of a role."""
    span = program.section(TRAIN)
    found = {}
    for at, instruction in enumerate(program.instructions[span.begin : span.end]):
        for number in instruction.written():
            found[_bytes_of(program, number)] = at
    return found


def _mean_square(view: View, exponent: int | None) -> float:
    flat = view.numbers().reshape(-1).astype(np.float32)
    mean = sum_of_squares(flat) / flat.size
    return mean if exponent is None else float(np.ldexp(mean, 2 * exponent))


def _share(view: View) -> float:
    """Of a mask the share of bits, of a slope that above 0, of activations that within [-1, 1]."""
    if view.form.is_bits:
        passing = int(np.unpackbits(view.data.view(np.uint8)).sum())
        return passing / (view.data.shape[0] * view.cols)
    inside = view.data > 0 if view.data.dtype == np.uint8 else np.abs(view.data) <= 1
    return int(np.count_nonzero(inside)) / view.data.size
