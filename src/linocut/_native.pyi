import numpy as np
from numpy.typing import NDArray

class Program:
    """A program in its binary form, read and checked; ValueError with the reason where it is unsafe."""

    def __init__(self, data: bytes) -> None: ...
    @property
    def arena_bytes(self) -> int:
        """Bytes of the arena that a session of it takes."""
    @property
    def workspace_bytes(self) -> int:
        """Bytes that each thread of a session takes beside the arena."""

class Session:
    """A program at work in an arena of its own, zeroed at first.

    `threads` counts the caller, 1 to 256. `isa` is one of `isas()`; "" is $LINOCUT_ISA or, without that, the
    best. MemoryError where the machine has no room for the arena, ValueError for the rest.
    """

    def __init__(self, program: Program, threads: int, isa: str = "") -> None: ...
    @property
    def arena(self) -> NDArray[np.uint8]:
        """The arena's bytes: a writable view, which keeps the session alive."""

    @property
    def isa(self) -> str:
        """The instruction set in use."""

    @property
    def threads(self) -> int:
        """The threads in use, the caller's included."""

    def run(self, section: str) -> None:
        """Run a section to its end, without the GIL; ValueError where there is none of that name."""

    def run_part(self, section: str, begin: int, end: int) -> None:
        """Like `run`, of the section's instructions from `begin` to before `end`; ValueError for others."""

    def run_timed(self, section: str) -> list[int]:
        """Like `run`; returns the nanoseconds that each instruction took."""

def isas() -> list[str]:
    """The instruction sets that this machine can use, best first."""

def jpeg_fault(data: bytes) -> str:
    """Why the JPEG in these bytes is damaged, "" if nothing shows it (native/jpeg/check.hpp)."""

def peak(isa: str, kind: str) -> float:
    """Multiplications a second of one thread in the bare micro-kernel for one kind.

    Kinds are "xnor", "int8" (bytes), "int8_sign" and "int4_sign" (gradients times signs) and "float".

    ValueError for another kind, or an instruction set that this machine lacks.
    """

def signatures() -> list[tuple[int, str, str]]:
    """Code, name and signature of every instruction."""

def use_tables(wanted: bool | None) -> None:
    """Let gradients times signs go by tables, or as bytes; None is $LINOCUT_TABLES, 1 or 0, or what is faster here.

    For tests, before they open sessions: results are the same.
    """
