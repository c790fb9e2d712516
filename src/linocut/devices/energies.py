"""Energies: what an operation and an access to memory cost, read from a file, with where the numbers are from."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linocut.errors import SpecError, unknown_name
from linocut.toml_text import read_toml

OWN = Path(__file__).with_name("energies.toml")
KINDS = ("xnor", "int8", "float_sign", "float", "integer_element", "float_element")
INT8_MAC = "int8_mac"  # of accelerators: a training has none, so that older files may lack it
ANY_SIZE = sys.maxsize


@dataclass(frozen=True)
class Memory:
    """A memory that holds up to `bytes`; an access to `access_bytes` of it costs `picojoules`."""

    name: str
    bytes: int
    access_bytes: int
    picojoules: float

    def cost(self, count: int) -> float:
        """Picojoules to read or write `count` bytes."""
        return count / self.access_bytes * self.picojoules


@dataclass(frozen=True)
class Energies:
    """Picojoules of one operation by kind, and memories, the smallest first; `source` says where they are from."""

    source: str
    operations: dict[str, float]
    memories: tuple[Memory, ...]

    def of_operation(self, kind: str) -> float:
        """Picojoules of an operation; SpecError where there is none of that kind."""
        if kind not in self.operations:
            raise unknown_name("operation of the energies", kind, self.operations)
        return self.operations[kind]

    def of_byte(self, memory: str) -> float:
        """Picojoules to read or write a byte of the memory called so; SpecError where there is none."""
        for one in self.memories:
            if one.name == memory:
                return one.cost(1)
        raise unknown_name("memory of the energies", memory, [one.name for one in self.memories])

    def memory_for(self, arena_bytes: int) -> Memory:
        """The first memory that holds an arena; SpecError where none does."""
        for memory in self.memories:
            if arena_bytes <= memory.bytes:
                return memory
        largest = self.memories[-1]
        raise SpecError(
            f"the arena takes {arena_bytes:,} B, the largest memory of the energies, {largest.name}, holds "
            f"{largest.bytes:,}; add one without bytes, which holds any"
        )


def read_energies(path: Path = OWN) -> Energies:
    """The energies in a file; SpecError, naming it and what is wrong, where it cannot be read or does not say all."""
    given = read_toml(path, f"energies, such as {OWN}")
    try:
        return _energies(given)
    except SpecError as error:
        raise SpecError(f"{path}: {error}; take {OWN} for an example") from None


def _energies(given: dict[str, Any]) -> Energies:
    _only(given, {"source", "operations", "memories"}, "the file")
    operations, memories = given["operations"], given["memories"]
    if not isinstance(given["source"], str) or not given["source"].strip():
        raise SpecError(f"source is {given['source']!r}, must be a text that says where the numbers are from")
    if not isinstance(operations, dict):
        raise SpecError("operations must be a table")
    _only({INT8_MAC: 0.0, **operations}, {*KINDS, INT8_MAC}, "operations")
    if not isinstance(memories, list) or not memories or not all(isinstance(one, dict) for one in memories):
        raise SpecError("memories must be one table [[memories]] or more")
    read = tuple(_memory(one) for one in memories)
    if list(read) != sorted(read, key=lambda memory: memory.bytes):
        raise SpecError("memories must be in the order of their bytes, the smallest first")
    return Energies(given["source"], {kind: _number(pj, kind) for kind, pj in operations.items()}, read)


def _memory(given: dict[str, Any]) -> Memory:
    _only({"bytes": ANY_SIZE, **given}, {"name", "bytes", "access_bytes", "picojoules"}, "a memory")
    sizes = given.get("bytes", ANY_SIZE), given["access_bytes"]
    if not all(isinstance(size, int) and not isinstance(size, bool) and size > 0 for size in sizes):
        raise SpecError(f"bytes and access_bytes are {sizes[0]!r} and {sizes[1]!r}, must be whole numbers above 0")
    return Memory(str(given["name"]), *sizes, _number(given["picojoules"], "picojoules"))


def _only(given: dict[str, Any], names: set[str], what: str) -> None:
    if lacking := sorted(names - set(given)):
        raise SpecError(f"{what} lacks {', '.join(lacking)}")
    if odd := sorted(set(given) - names):
        raise SpecError(f"{what} has no {', '.join(odd)}; there are {', '.join(sorted(names))}")


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise SpecError(f"{name} is {value!r}, must be a number of picojoules, 0 or more")
    return float(value)
