"""The recorder: buffers and instructions of a program, collected section by section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from linocut.compile.draft import Draft
from linocut.compile.program import Buffer, Instruction, Section
from linocut.layers.base import Shape
from linocut.ops import OP_BY_NAME


@dataclass
class Recorder:
    """Collects one program; `section` begins a section, `finish` ends the last one."""

    buffers: list[Buffer] = field(default_factory=list)
    instructions: list[Instruction] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    held: dict[int, tuple[int, int]] = field(default_factory=dict)  # instructions over which the outside needs a buffer
    _index: dict[str, int] = field(default_factory=dict)
    _section: str = ""
    _begin: int = 0

    def section(self, name: str) -> None:
        """End the section before, if there is one, and begin another."""
        self.finish()
        self._section, self._begin = name, len(self.instructions)

    def finish(self) -> None:
        """End the section that was begun."""
        if not self._section:
            return
        end = len(self.instructions)
        self.sections.append(Section(self._section, self._begin, end))
        for index, (begin, held_to) in self.held.items():
            self.held[index] = (begin, end - 1 if held_to < 0 else held_to)
        self._section = ""

    def draft(self) -> Draft:
        """All sections, before places are decided."""
        return Draft(tuple(self.buffers), tuple(self.instructions), tuple(self.sections), dict(self.held))

    # --- buffers ---

    def persistent(self, name: str, role: str, shape: Shape, form: str) -> int:
        """A buffer that keeps its bytes between runs; the same one in every section."""
        return self._index[name] if name in self._index else self._add(Buffer(name, role, form, shape, True))

    def transient(self, name: str, role: str, shape: Shape, form: str) -> int:
        """A buffer of this section, live from its first to its last use; its name is unique within the section."""
        return self._add(Buffer(self._free(name), role, form, shape, False))

    def external(self, name: str, role: str, shape: Shape, form: str) -> int:
        """A buffer that the session's user fills before a run; the same one in every section."""
        if name not in self._index:
            self._add(Buffer(name, role, form, shape, False))
            self.held[self._index[name]] = (0, 0)
        return self._index[name]

    def output(self, buffer: int, name: str) -> None:
        """Call a buffer of this section SECTION.name and keep it to the section's end, for the user to read."""
        wanted = f"{self._section}.{name}"
        other = self._index.get(wanted, buffer)  # of a layer that has this name
        if other != buffer:
            self._rename(other, self._free(name))
        self._rename(buffer, wanted)
        self._hold(buffer)

    def view(self, buffer: int, name: str, shape: Shape, role: str | None = None) -> int:
        """The same bytes under another shape, and another role if given."""
        old = self.buffers[buffer]
        return self._add(
            replace(old, name=self._free(name), role=role or old.role, shape=shape, base=old.owner(buffer))
        )

    def shape(self, buffer: int) -> Shape:
        """The shape of a buffer, the batch first."""
        return self.buffers[buffer].shape

    def form(self, buffer: int) -> str:
        """The format of a buffer."""
        return self.buffers[buffer].format

    def role(self, buffer: int) -> str:
        """The role of a buffer."""
        return self.buffers[buffer].role

    # --- instructions ---

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

    def _hold(self, buffer: int) -> None:
        """Keep a buffer's bytes, and those that it is a view of, from now to the end of the section."""
        now = len(self.instructions) - 1
        for index in {buffer, self.buffers[buffer].owner(buffer)}:
            begin, _ = self.held.get(index, (now, -1))
            self.held[index] = (min(begin, now), -1)

    def _rename(self, buffer: int, name: str) -> None:
        del self._index[self.buffers[buffer].name]
        self.buffers[buffer] = replace(self.buffers[buffer], name=name)
        self._index[name] = buffer

    def _free(self, name: str) -> str:
        """A name of this section that no buffer has yet."""
        unique, number = f"{self._section}.{name}", 1
        while unique in self._index:
            number += 1
            unique = f"{self._section}.{name}#{number}"
        return unique

    def _add(self, buffer: Buffer) -> int:
        assert buffer.name not in self._index, f"two buffers are called {buffer.name}"
        self._index[buffer.name] = len(self.buffers)
        self.buffers.append(buffer)
        return len(self.buffers) - 1
