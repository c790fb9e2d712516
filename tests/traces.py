"""Runs a section of the reference one instruction at a time and keeps what each was given and what it left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from linocut.compile.lower import Compiled
from linocut.compile.program import Section
from linocut.ops import View
from linocut.ops.bits import Array
from linocut.ops.norm import L2
from linocut.run.initial import initialise
from linocut.run.session import ReferenceSession
from linocut.run.views import operand


@dataclass(frozen=True)
class Step:
    """One executed instruction: operands by the names of its signature, before and after; the layer it belongs to.

    `name` is that of the first buffer that it writes, without its section.
    """

    op: str
    layer: str
    name: str
    before: Mapping[str, View]
    after: Mapping[str, View]
    attributes: Mapping[str, float]

    @property
    def of_logits(self) -> bool:
        """Whether this is of the last norm, which under integer policies is l2 and keeps its x in numbers."""
        return self.attributes.get("norm") == L2


def numbers(view: View) -> Array:
    """Stored values in float64: +-1 for bits, integers as they are."""
    return (view.signs() if view.format == "bit" else view.data).astype(np.float64)


def eighths(signs: Array, mask: Array, half: Array) -> Array:
    """What x counts as, known by its sign and by two bits of its size: up to 1/2, up to 1, up to 2, or more."""
    sizes = {(True, True): 2.0, (True, False): 6.0, (False, True): 11.0, (False, False): 19.0}
    size = np.vectorize(lambda inside, more: sizes[inside, more])(mask, half)
    return np.where(signs > 0, size, -size)


def beside(v: Array, u: Array) -> Array:
    """V (rows, channels) less its least squares fit by 1 and u, channel by channel."""
    out = np.empty_like(v, np.float64)
    for channel in range(v.shape[1]):
        known = np.stack([np.ones(len(u)), u[:, channel]], axis=1)
        out[:, channel] = v[:, channel] - known @ np.linalg.lstsq(known, v[:, channel], rcond=1e-9)[0]
    return out


def rounding(g: Array) -> Array:
    """How far an integer dY may be from the exact one, in units: where g is 0 it is dithered, elsewhere to nearest."""
    return np.where(g == 0, 1.01, 0.51)


def l2_gradient(v: Array, u: Array) -> Array:
    """V (rows, channels) less its mean and what of it is along u = x - beta: the derivative of the l2 norm."""
    return v - v.mean(axis=0) - u * (v * u).mean(axis=0)


def in_deviations(gradients: Array) -> Array:
    """Gradients (N, K) of words of 64 in 127ths of three spreads: sqrt(pi/2) times the mean size in their word."""
    words = [gradients[:, first : first + 64] for first in range(0, gradients.shape[1], 64)]
    sizes = [np.abs(word).mean(axis=1, keepdims=True) for word in words]
    scaled = [127 * w / (3 * np.sqrt(np.pi / 2) * np.where(s > 0, s, 1)) for w, s in zip(words, sizes, strict=True)]
    return np.clip(np.hstack(scaled), -127, 127)


def started(compiled: Compiled, seed: int) -> ReferenceSession:
    """A reference session with a random initial state and a section for every instruction."""
    program = compiled.program
    single = tuple(Section(f"#{n}", n, n + 1) for n in range(len(program.instructions)))
    session = ReferenceSession(replace(program, sections=program.sections + single))
    initialise(session, compiled.initial, seed)
    session.array("control")[0] = compiled.optimizer.learning_rate
    return session


def feed(session: ReferenceSession, images: Array, labels: Array) -> None:
    """Put a batch where the program reads it."""
    session.array("input")[...] = images.reshape(session.array("input").shape)
    session.array("labels")[...] = labels


def traced(session: ReferenceSession, section: str) -> list[Step]:
    """Run a section and return its steps."""
    span, steps = session.program.section(section), []
    for number in range(span.begin, span.end):
        instruction = session.program.instructions[number]
        before = _operands(session, number)
        session.run(f"#{number}")
        after = _operands(session, number)
        written = [i for o, i in zip(instruction.op.signature.operands, instruction.operands, strict=True) if o.writes]
        name = next(session.program.buffers[i].name for i in written if i is not None)
        name = name.removeprefix(f"{section}.")
        layer = name.split(".")[0]
        attributes = dict(zip(instruction.op.signature.attributes, instruction.attributes, strict=True))
        steps.append(Step(instruction.op.name, layer, name, before, after, attributes))
    return steps


def _operands(session: ReferenceSession, number: int) -> dict[str, View]:
    instruction = session.program.instructions[number]
    pairs = zip(instruction.op.signature.operands, instruction.operands, strict=True)
    views = {o.name: operand(session.arena, session.program.buffers[i]) for o, i in pairs if i is not None}
    return {name: View(view.data.copy(), view.format, view.cols, view.shape) for name, view in views.items()}
