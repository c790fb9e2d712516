"""watched: values that a step forms and throws away, read while it runs: between two instructions, where they lie.

A step that is looked at runs in parts, each up to the last instruction that writes one of these buffers. That changes
no bit, and takes no memory in the arena.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from linocut.compile.lower import TRAIN, Compiled
from linocut.compile.program import Buffer, Program
from linocut.dynamics.weights import sum_of_squares
from linocut.layers.lowering import PASSED
from linocut.ops.base import View
from linocut.ops.gradient_unit import LARGER
from linocut.run import Session
from linocut.run.views import operand

Key = tuple[str, str]  # a node, and what of it


@dataclass(frozen=True)
class Watched:
    """A buffer, and that of its exponent (None for none), which hold what was asked for behind instruction `at`.

    Of gradients in 16-bit floats that is the exponent of the loss's gradient, by which their unit goes.
    """

    key: Key
    buffer: str
    exponent: str | None
    at: int

    def read(self, session: Session, exponents: dict[str, int]) -> float:
        """A gradient's mean square, or which share of a gradient is let by; `exponents` are those that were read.

        What many share is read by the first, as its bytes may hold something else by the time of the last.
        """
        program = session.program
        view = operand(session.arena, program.buffer(self.buffer))
        if self.key[1] == PASSED:
            return _share(view)
        if self.exponent is None:
            return _mean_square(view, 0)
        if self.exponent not in exponents:
            exponents[self.exponent] = int(session.array(self.exponent)[0])
        return _mean_square(view, exponents[self.exponent] + (LARGER if view.form.is_float else 0))


def find_watched(compiled: Compiled) -> tuple[Watched, ...]:
    """What a program's step can be asked for, in the order in which it comes."""
    written = _written(compiled.program, {name for name, _ in compiled.watching.values()})
    found = [
        Watched(key, name, exponent, written[name])
        for key, (name, exponent) in compiled.watching.items()
        if name in written
    ]
    return tuple(sorted(found, key=lambda one: one.at))


def run_watched(session: Session, watched: tuple[Watched, ...]) -> Mapping[Key, float]:
    """One run of the training section, and what was found in it."""
    span = session.program.section(TRAIN)
    done, found = 0, {}
    exponents: dict[str, int] = {}
    for one in watched:
        if one.at + 1 > done:
            session.run_part(TRAIN, done, one.at + 1)
            done = one.at + 1
        found[one.key] = one.read(session, exponents)
    session.run_part(TRAIN, done, span.end - span.begin)
    return found


def _written(program: Program, wanted: set[str]) -> dict[str, int]:
    """The last instruction of the training section, from its first, that writes each of these buffers, or a part of it.

    What takes a buffer's bytes for another value, such as a gate that works in place, has a name of its own.
    """
    span = program.section(TRAIN)
    owners = {one.name: one.owner(number) for number, one in enumerate(program.buffers) if one.name in wanted}
    whole = {number: _whole(one, one.owner(number), owners) for number, one in enumerate(program.buffers)}
    found = {}
    for at, instruction in enumerate(program.instructions[span.begin : span.end]):
        for number in instruction.written():
            name = whole[number]
            if name is not None:
                found[name] = at
    return found


def _whole(buffer: Buffer, owner: int, wanted: Mapping[str, int]) -> str | None:
    """Which of the wanted buffers, by name and whose bytes they are, a buffer is, or is a part of (`NAME.rows0-8`)."""
    name = buffer.name
    while name and wanted.get(name) != owner:
        name = name.rpartition(".")[0]
    return name or None


def _mean_square(view: View, exponent: int) -> float:
    flat = view.numbers().reshape(-1).astype(np.float32)
    return float(np.ldexp(sum_of_squares(flat) / flat.size, 2 * exponent))


def _share(view: View) -> float:
    """Of a mask the share of bits, of a slope that above 0, of activations that within [-1, 1]."""
    if view.form.is_bits:
        passing = int(np.unpackbits(view.data.view(np.uint8)).sum())
        return passing / (view.data.shape[0] * view.cols)
    inside = view.data > 0 if view.data.dtype == np.uint8 else np.abs(view.data) <= 1
    return int(np.count_nonzero(inside)) / view.data.size
