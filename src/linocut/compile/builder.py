"""The builder.

What layers and optimizers lower themselves to. It collects buffers and instructions, section by section.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from linocut import roles
from linocut.compile.draft import Draft
from linocut.compile.fuse import fuse_updates
from linocut.compile.program import Buffer, Instruction, Section
from linocut.layers.values import Gradient
from linocut.ops import OP_BY_NAME
from linocut.optimizers import Optimizer
from linocut.policies import Policy

MICRO = "micro"  # the buffer that says where in its step a micro-batch stands
MANTISSAS = ("i16", "i8")  # formats of gradients that need an exponent


@dataclass(frozen=True)
class Initial:
    """How a persistent buffer starts.

    Normal numbers of a standard deviation (0: zeros), its second row filled with a value.
    """

    normal: float = 0.0
    second_row: float = 0.0


@dataclass
class Builder:
    """Collects one program; `section` begins a section, `finish` ends it after lowering its backward pass.

    `batch` are the examples that it runs over at a time; a step is `micro_batches` of them, and the buffer `micro` says
    where in its step each stands (None where a step is one).
    """

    policy: Policy
    optimizer: Optimizer
    batch: int
    micro_batches: int = 1
    buffers: list[Buffer] = field(default_factory=list)
    instructions: list[Instruction] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    initial: dict[str, Initial] = field(default_factory=dict)
    held: dict[int, tuple[int, int]] = field(default_factory=dict)  # instructions over which the outside needs a buffer
    training: bool = True
    _index: dict[str, int] = field(default_factory=dict)
    _tape: list[Callable[[], None]] = field(default_factory=list)
    _section: str = ""
    _begin: int = 0

    def __post_init__(self) -> None:
        self.control = self.persistent("control", roles.CONTROL, (4,), "f64")
        self.random = self.persistent("random", roles.CONTROL, (1,), "i64")
        self.loss = self.persistent("loss", roles.CONTROL, (1,), "f64")
        self.counters = self.persistent("counters", roles.CONTROL, (4,), "i64")
        self.micro = self.persistent(MICRO, roles.CONTROL, (2,), "i64") if self.micro_batches > 1 else None

    def section(self, name: str, *, training: bool) -> None:
        """Begin a section."""
        self._section, self._begin, self.training = name, len(self.instructions), training

    def finish(self) -> None:
        """Lower the backward steps, last layer first, and close the section."""
        tape, self._tape = self._tape, []
        if self.training:
            for step in reversed(tape):
                step()
        self.instructions[self._begin :] = fuse_updates(self.buffers, self.instructions, self._begin)
        end = len(self.instructions)
        self.sections.append(Section(self._section, self._begin, end))
        for index, (begin, held_to) in self.held.items():
            self.held[index] = (begin, end - 1 if held_to < 0 else held_to)

    def draft(self) -> Draft:
        """All sections, before places are decided."""
        return Draft(tuple(self.buffers), tuple(self.instructions), tuple(self.sections), dict(self.held))

    def persistent(
        self, name: str, role: str, shape: tuple[int, ...], form: str, *, normal: float = 0.0, second_row: float = 0.0
    ) -> int:
        """A buffer that keeps its bytes between runs; the same one in every section."""
        if name not in self._index:
            self.initial[name] = Initial(normal, second_row)
            return self._add(Buffer(name, role, form, shape, True))
        return self._index[name]

    def transient(self, name: str, role: str, shape: tuple[int, ...], form: str) -> int:
        """A buffer of this section, live from its first to its last use; its name is unique within the section."""
        unique, number = f"{self._section}.{name}", 1
        while unique in self._index:
            number += 1
            unique = f"{self._section}.{name}#{number}"
        return self._add(Buffer(unique, role, form, shape, False))

    def gradient(
        self, name: str, role: str, shape: tuple[int, ...], form: str | None = None, over: int | None = None
    ) -> Gradient:
        """A gradient, in the policy's format of its role unless given; its mantissas have an exponent if integers.

        It takes the bytes of `over`, a buffer that nothing reads any more, where that has its format.
        """
        form = form or (self.policy.dX if role == roles.DX else self.policy.dY)
        exponent = self.transient(f"{name}.exponent", role, (1,), "i32") if form in MANTISSAS else None
        if over is not None and self.buffers[over].format == form:
            return Gradient(self.view(over, name, shape, role), exponent)
        return Gradient(self.transient(name, role, shape, form), exponent)

    def external(self, name: str, role: str, shape: tuple[int, ...], form: str) -> int:
        """A buffer that the session's user fills before a run; the same one in every section."""
        if name not in self._index:
            self._add(Buffer(name, role, form, shape, False))
            self.held[self._index[name]] = (0, 0)
        return self._index[name]

    def output(self, buffer: int, name: str) -> None:
        """Call a buffer of this section SECTION.name and keep it to the section's end, for the user to read."""
        old = self.buffers[buffer]
        del self._index[old.name]
        self.buffers[buffer] = replace(old, name=f"{self._section}.{name}")
        self._index[self.buffers[buffer].name] = buffer
        self.held[buffer] = (len(self.instructions) - 1, -1)

    def view(self, buffer: int, name: str, shape: tuple[int, ...], role: str | None = None) -> int:
        """The same bytes under another shape, and another role if given."""
        old = self.buffers[buffer]
        name = f"{self._section}.{name}"
        return self._add(replace(old, name=name, role=role or old.role, shape=shape, base=old.owner(buffer)))

    def shape(self, buffer: int) -> tuple[int, ...]:
        """The shape of a buffer, the batch first."""
        return self.buffers[buffer].shape

    def emit(self, op: str, operands: Mapping[str, int | None], attributes: Mapping[str, float] | None = None) -> None:
        """Append an instruction.

        Operands and attributes by the names of its signature; an operand not given is absent.
        """
        entry, given = OP_BY_NAME[op], dict(attributes or {})
        names = [operand.name for operand in entry.signature.operands]
        unknown = (set(operands) - set(names)) | (set(given) ^ set(entry.signature.attributes))
        assert not unknown, f"{op} does not take, or lacks, {sorted(unknown)}"
        values = tuple(float(given[name]) for name in entry.signature.attributes)
        self.instructions.append(Instruction(entry, tuple(operands.get(name) for name in names), values))

    def on_backward(self, step: Callable[[], None]) -> None:
        """Register the backward step of what was just lowered."""
        self._tape.append(step)

    def _add(self, buffer: Buffer) -> int:
        self._index[buffer.name] = len(self.buffers)
        self.buffers.append(buffer)
        return len(self.buffers) - 1
