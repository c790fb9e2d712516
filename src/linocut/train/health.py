"""Monitor: finds numbers that go wrong in training in the step where they do, and names them.

What ends training is a DivergenceError: a loss that is no number or beyond any sense, a batch norm's shift or running
statistics that are no numbers, through one of which everything else goes that a step forms, and shifts that silence
half a layer (shifts.py). What training can go on with is counted: mantissas that saturate, and channels that do not
vary.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linocut.compile.lower import TRAIN, Compiled
from linocut.compile.program import Buffer, Instruction, Program
from linocut.errors import DivergenceError
from linocut.graph.state import buffer_of
from linocut.layers.parameters import BIAS, CONSTANT, WEIGHT
from linocut.ops.control import LEARNING_RATE
from linocut.ops.gradient_exponent import SATURATED
from linocut.run import Session
from linocut.train.findings import Findings
from linocut.train.finite import find_no_number
from linocut.train.shifts import FAR, LOST, find_shifts

if TYPE_CHECKING:
    from linocut.ops.bits import Array

MANY = 8  # one mantissa in so many saturates
LASTING = 8  # runs in a row: an exponent that follows gradients has caught up with one 256 times as large by then


@dataclass(frozen=True)
class _Gradient:
    """A gradient in integers: its layer, its role ("dX"), its `scale`, and how many elements it has."""

    layer: str
    role: str
    scale: Array
    elements: int

    @property
    def name(self) -> str:
        """As findings have it: "binary_dense2.dX"."""
        return f"{self.layer}.{self.role}"


@dataclass(frozen=True)
class _Norm:
    """A batch norm: running mean and deviation, of l2 the variance, (2, channels); what a run keeps of them."""

    name: str
    running: Array
    momentum: float

    def still(self, before: Array, channels: Array, runs: int) -> Array:
        """Those of the channels that did not vary in some runs, before which their running deviation was `before`."""
        for _ in range(runs):
            before = (before.astype(np.float64) * self.momentum).astype(self.running.dtype)
        found: Array = channels[self.running[1][channels] <= before]
        return found


class Monitor:
    """Watches the steps of an epoch, which `findings` tells of; a step is `runs` of the program."""

    def __init__(self, session: Session, compiled: Compiled, findings: Findings, runs: int) -> None:
        """Find what is looked at; nothing has happened yet."""
        self._session, self._findings, self._runs = session, findings, runs
        self._layout = compiled.layout
        self._most_loss = compiled.graph.loss.most_sensible(compiled.graph.outputs)
        self._gradients = list(_gradients(session, compiled))
        self._norms = {norm.name: norm for norm in _norms(session, compiled)}
        few = [parameter for parameter in compiled.graph.parameters() if parameter.use not in (WEIGHT, CONSTANT)]
        self._channels = [session.array(buffer_of(parameter)) for parameter in few]
        self._biases = [parameter for parameter in few if parameter.use == BIAS]
        self._shifts = find_shifts(session, compiled.graph)
        self._loss = session.array("loss")
        self._sum = float(self._loss[0])
        self._still = {
            name: np.array(known)
            for name, norm in self._norms.items()
            if (known := [channel for channel in findings.still.get(name, ()) if channel < norm.running.shape[1]])
        }
        self._before: dict[str, Array] = {}

    def begin_epoch(self) -> None:
        """Any channel may prove dead."""
        self._still = {name: np.arange(norm.running.shape[1]) for name, norm in self._norms.items()}

    def begin_step(self) -> None:
        """Remember the deviation of the channels that have not varied so far: after the first step these are few."""
        self._before = {name: self._norms[name].running[1][channels] for name, channels in self._still.items()}

    def end_run(self, step: int) -> None:
        """Count what saturated; a warning for a gradient of which much did in several runs in a row."""
        for gradient in self._gradients:
            count = int(gradient.scale[SATURATED])
            self._findings.saturated += count
            if count * MANY > gradient.elements:
                self._warn(gradient, count, step)
            elif gradient.name in self._findings.saturating:
                del self._findings.saturating[gradient.name]

    def end_step(self, epoch: int, step: int, examples: int) -> None:
        """Note which channels varied; DivergenceError, naming layer, role and step, for numbers gone wrong."""
        if self._still:
            self._note_still()
        loss, self._sum = (float(self._loss[0]) - self._sum) / examples, float(self._loss[0])
        sound = loss <= self._most_loss and all(np.isfinite(values).all() for values in self._channels)
        if not sound:
            raise self._divergence(f"epoch {epoch}, step {step}", loss)
        self._watch_shifts(epoch, step)

    def _note_still(self) -> None:
        found = {}
        for name, channels in self._still.items():
            left = self._norms[name].still(self._before[name], channels, self._runs)
            if len(left):
                found[name] = left
        self._still = found
        self._findings.still = {name: channels.tolist() for name, channels in found.items()}

    def _watch_shifts(self, epoch: int, step: int) -> None:
        """DivergenceError for a layer that is lost; a warning, once an epoch, for one that goes that way."""
        for shifts in self._shifts:
            if not (far := shifts.beyond(FAR)):
                continue
            mend = f"take a smaller learning rate than {self._rate():g}"
            if lost := shifts.beyond(LOST):
                raise DivergenceError(f"epoch {epoch}, step {step}: {lost}: training diverges; {mend}")
            if not any(f": beta of {shifts.name}: " in warning for warning in self._findings.warnings):
                self._findings.warnings.append(f"step {step}: {far}; {mend}")

    def _rate(self) -> float:
        return float(self._session.array("control")[LEARNING_RATE])

    def _warn(self, gradient: _Gradient, count: int, step: int) -> None:
        runs = self._findings.saturating.get(gradient.name, 0) + 1
        self._findings.saturating[gradient.name] = runs
        if runs == LASTING:
            share = f"{count / gradient.elements:.0%}"
            what = f"{gradient.role} of {gradient.layer}"
            self._findings.warnings.append(f"step {step}: {share} of {what} saturated, as before")

    def _divergence(self, when: str, loss: float) -> DivergenceError:
        mend = f"take a smaller learning rate than {self._rate():g}"
        if found := find_no_number(self._session, self._layout):
            return DivergenceError(f"{when}: {found}; {mend}, or a policy with a wider range")
        return DivergenceError(
            f"{when}: the loss is {loss:.4g}, must be {self._most_loss:g} or less{self._largest_shift()}: "
            f"training diverges; {mend}"
        )

    def _largest_shift(self) -> str:
        if not self._biases:
            return ""
        sizes = ((float(np.abs(self._session.array(buffer_of(p))).max()), p) for p in self._biases)
        size, parameter = max(sizes, key=lambda pair: pair[0])
        return f", and the largest shift ({parameter.part}) is {size:.4g}, of {parameter.node}"


def _training(program: Program, *ops: str) -> Iterator[tuple[str, dict[str, Buffer], dict[str, float]]]:
    """Of the training instructions of these kinds: the kind, the operands' buffers and the attributes, by name."""
    span = program.section(TRAIN)
    for instruction in program.instructions[span.begin : span.end]:
        if instruction.op.name in ops:
            signature = instruction.op.signature
            attributes = dict(zip(signature.attributes, instruction.attributes, strict=True))
            yield instruction.op.name, _by_name(program, instruction), attributes


def _by_name(program: Program, instruction: Instruction) -> dict[str, Buffer]:
    names = (operand.name for operand in instruction.op.signature.operands)
    pairs = zip(names, instruction.operands, strict=True)
    return {name: program.buffers[index] for name, index in pairs if index is not None}


def _gradients(session: Session, compiled: Compiled) -> list[_Gradient]:
    """Those in integers; the instruction that decides an exponent knows how many elements have it."""
    found = {}
    roles = {"gradient_exponent": "dX", "norm_gradient": "dY"}
    for op, buffers, attributes in _training(session.program, *roles):
        if "scale" in buffers:
            scale = buffers["scale"].name
            elements = attributes.get("elements") or math.prod(buffers["dy"].shape)
            layer, _ = compiled.layout.owners[scale]
            found[scale] = _Gradient(layer, roles[op], session.array(scale), int(elements))
    return list(found.values())


def _norms(session: Session, compiled: Compiled) -> list[_Norm]:
    found = {}
    for _, buffers, attributes in _training(session.program, "norm_statistics"):
        running = buffers["running"].name
        layer, _ = compiled.layout.owners[running]
        found[running] = _Norm(layer, session.array(running), attributes["momentum"])
    return list(found.values())
