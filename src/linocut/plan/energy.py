"""An estimate of the energy of one training step, from the instructions of the compiled program.

Operations are what each instruction says of its work. Accesses are the bytes of its operands, each operand once:
products are formed tile by tile from registers and the nearest cache, which the estimate does not count. Where the
arena lies decides what an access costs. Leakage, control and the instruction stream are left out, so that it compares
trainings, and predicts no battery.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from linocut.compile.lower import TRAIN, Compiled, compile_network
from linocut.compile.program import Instruction, Program
from linocut.devices.energies import Energies
from linocut.graph.network import Network
from linocut.optimizers import Optimizer
from linocut.policies import POLICIES
from linocut.tables import compared, table

OPERATIONS, ACCESSES = "operations", "bytes"
UNITS = (("J", 1e12), ("mJ", 1e9), ("uJ", 1e6), ("nJ", 1e3), ("pJ", 1.0))


@dataclass(frozen=True)
class EnergyRow:
    """`count` operations of a kind, or accessed bytes of a role (`unit` says which), and their picojoules."""

    name: str
    unit: str
    count: int
    picojoules: float


@dataclass(frozen=True)
class StepEnergy:
    """The estimate for one step of a policy; `memory` is where the arena lies."""

    policy: str
    arena_bytes: int
    memory: str
    rows: tuple[EnergyRow, ...]

    @property
    def picojoules(self) -> float:
        """The whole step's."""
        return sum(row.picojoules for row in self.rows)

    def picojoules_of(self, unit: str, name: str | None = None) -> float:
        """Of all rows of a unit, or of the one called `name`."""
        return sum(row.picojoules for row in self.rows if row.unit == unit and name in (None, row.name))


def step_energy(compiled: Compiled, energies: Energies) -> StepEnergy:
    """The estimate for one step of a compiled network."""
    program, memory = compiled.program, energies.memory_for(compiled.program.arena_bytes)
    operations: dict[str, int] = {}
    accesses: dict[str, int] = {}
    section = program.section(TRAIN)
    for instruction in program.instructions[section.begin : section.end]:
        kind = _kind(program, instruction)
        operations[kind] = operations.get(kind, 0) + program.work(instruction).operations
        for role, count in _accessed(program, instruction):
            accesses[role] = accesses.get(role, 0) + count
    rows = [EnergyRow(k, OPERATIONS, n, n * energies.operations[k]) for k, n in operations.items() if n]
    rows += [EnergyRow(role, ACCESSES, n, memory.cost(n)) for role, n in accesses.items()]
    rows.sort(key=lambda row: (row.unit == ACCESSES, -row.picojoules, row.name))
    return StepEnergy(compiled.policy.name, program.arena_bytes, memory.name, tuple(rows))


@dataclass(frozen=True)
class EnergyReport:
    """One step under every policy."""

    model: str
    optimizer: str
    batch: int
    source: str
    steps: tuple[StepEnergy, ...]

    def to_json(self) -> dict[str, Any]:
        """The object that `linocut plan --energy --json` prints."""
        fields = {name: getattr(self, name) for name in ("model", "optimizer", "batch", "source")}
        return {**fields, "policies": [_to_json(step) for step in self.steps]}

    def __str__(self) -> str:
        """A table, policies side by side, and how many times less than the first each takes."""
        first, others = self.steps[0], self.steps[1:]
        head = ("", first.policy, *(cell for step in others for cell in (step.policy, "factor")))
        parts = [self._of(unit, title) for unit, title in ((OPERATIONS, "all operations"), (ACCESSES, "all accesses"))]
        total = compared("the step", [step.picojoules for step in self.steps], energy_size)
        places = ("arena in", first.memory, *(cell for step in others for cell in (step.memory, "")))
        rows = [head, *parts[0], *parts[1], total, places]
        ends = (1, 1 + len(parts[0]), 1 + len(parts[0]) + len(parts[1]))
        title = f"{self.model}, {self.optimizer}, batch {self.batch:,}: estimated energy of a training step"
        return "\n".join([title, *table(rows, left=1, rules=ends), f"energies: {self.source}"])

    def _of(self, unit: str, title: str) -> list[tuple[str, ...]]:
        names = list(dict.fromkeys(row.name for step in self.steps for row in step.rows if row.unit == unit))
        lines = [compared(name, [step.picojoules_of(unit, name) for step in self.steps], energy_size) for name in names]
        return [*lines, compared(title, [step.picojoules_of(unit) for step in self.steps], energy_size)]


def energy_report(network: Network, optimizer: Optimizer, batch: int, energies: Energies) -> EnergyReport:
    """The estimate for one step of a network under every policy."""
    compiled = (compile_network(network, policy, optimizer, batch) for policy in POLICIES.values())
    steps = tuple(step_energy(one, energies) for one in compiled)
    return EnergyReport(network.name, optimizer.kind, batch, energies.source, steps)


def energy_size(picojoules: float) -> str:
    """Picojoules in the unit that suits them: 3.20 mJ."""
    unit, scale = next((entry for entry in UNITS if picojoules >= entry[1]), UNITS[-1])
    return f"{picojoules / scale:,.2f} {unit}"


def _kind(program: Program, instruction: Instruction) -> str:
    """The kind of an instruction's operations, as energies name it."""
    kind = program.work(instruction).kind
    operands = zip(instruction.op.signature.operands, instruction.operands, strict=True)
    read = [program.buffers[index] for operand, index in operands if index is not None and operand.reads]
    if kind == "element":  # statistics of channels do not decide, what they are applied to does
        return "float_element" if max(read, key=lambda b: b.nbytes).format in ("f16", "f32") else "integer_element"
    if kind in ("int8_sign", "int4_sign"):
        return "int8"
    return "float_sign" if kind == "float" and any(b.form.is_bits for b in read) else kind


def _accessed(program: Program, instruction: Instruction) -> Iterator[tuple[str, int]]:
    """The roles of an instruction's operands, and the bytes that are read and written of each."""
    for operand, index in zip(instruction.op.signature.operands, instruction.operands, strict=True):
        if index is not None:
            buffer = program.buffers[index]
            yield buffer.role, buffer.nbytes * (operand.reads + operand.writes)


def _to_json(step: StepEnergy) -> dict[str, Any]:
    return {
        "policy": step.policy,
        "arena_bytes": step.arena_bytes,
        "memory": step.memory,
        "picojoules": step.picojoules,
        "rows": [dataclasses.asdict(row) for row in step.rows],
    }
