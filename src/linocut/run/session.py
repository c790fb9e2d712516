"""Sessions.

A Program, its arena, and something that runs a section of it. Nothing is allocated after a session is open.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import numpy as np

from linocut.compile.binary import encode
from linocut.compile.program import Program
from linocut.digest import sha256
from linocut.errors import MachineError, RunError, SpecError
from linocut.ops.bits import Array
from linocut.run.views import operand, stored
from linocut.settings_of import as_plain

BACKENDS = NATIVE, REFERENCE = "native", "reference"
MOST_THREADS = 256
ISA_VARIABLE = "LINOCUT_ISA"
TABLES_VARIABLE = "LINOCUT_TABLES"  # whether gradients times signs go by tables (native/kernels/choice.cpp)
METRICS = ("loss", "counters")


class Session(ABC):
    """A program that is ready to run. `arena` is its memory, uint8; `isa` names what executes it."""

    program: Program
    arena: Array
    isa: str
    threads: int
    backend: str

    def __reduce__(self) -> NoReturn:
        """RunError: an arena may be large, and threads cannot be copied."""
        raise RunError(
            "a session cannot be pickled or copied; open another, open_session(session.program), and copy the bytes of "
            "its arena there"
        )

    @abstractmethod
    def run(self, section: str) -> None:
        """Execute one section."""

    @abstractmethod
    def run_part(self, section: str, begin: int, end: int) -> None:
        """Execute the instructions of a section from `begin` to before `end`, counted from 0.

        All parts in order come to the section; between them the arena may be read.
        """

    def array(self, name: str) -> Array:
        """The stored elements of the buffer called `name`, as a view: writing to it writes to the arena."""
        return stored(self.arena, self.program.buffer(name))

    def state_bytes(self, name: str) -> Array:
        """The bytes of a buffer, uint8, as a view."""
        buffer = self.program.buffer(name)
        return self.arena[buffer.offset : buffer.offset + buffer.nbytes]

    def state_sha256(self) -> str:
        """SHA-256 over the persistent state, metrics left out: equal states train and predict alike."""
        digest = sha256()
        for buffer in self.program.persistent():
            if buffer.name not in METRICS:
                digest.update(self.state_bytes(buffer.name).data)
        return digest.hexdigest()


class ReferenceSession(Session):
    """Executes every instruction by its NumPy reference: slow, and the judge of the native core."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.arena = np.zeros(program.arena_bytes, np.uint8)
        self.isa = self.backend = REFERENCE
        self.threads = 1

    def run(self, section: str) -> None:
        """Execute one section."""
        span = self.program.section(section)
        self.run_part(section, 0, span.end - span.begin)

    def run_part(self, section: str, begin: int, end: int) -> None:
        """Execute a part of a section; ValueError for one that it has not."""
        span = self.program.section(section)
        if not 0 <= begin <= end <= span.end - span.begin:
            length = span.end - span.begin
            raise ValueError(f"a part of '{section}' is {begin} to {end}, there are {length} instructions")
        for instruction in self.program.instructions[span.begin + begin : span.begin + end]:
            names = (entry.name for entry in instruction.op.signature.operands)
            views = (
                None if index is None else operand(self.arena, self.program.buffers[index])
                for index in instruction.operands
            )
            attributes = dict(zip(instruction.op.signature.attributes, instruction.attributes, strict=True))
            instruction.op.reference(**dict(zip(names, views, strict=True)), **attributes)


class NativeSession(Session):
    """Executes sections in the native core, with the kernels of one instruction set, on some threads.

    In the child of a fork its threads are started again when it is first run, with the arena as it was; RunError where
    it was running at that moment. MachineError where the machine has no more threads.
    """

    def __init__(self, program: Program, threads: int, isa: str) -> None:
        from linocut import _native  # a broken build must not keep `import linocut` and the reference from working

        self.program = program
        loaded = _native.Program(encode(program))
        with _machine_failures():
            self._session = _native.Session(loaded, threads, isa)
        self.arena = self._session.arena
        self.isa = self._session.isa
        self.threads, self.backend = threads, NATIVE

    def run(self, section: str) -> None:
        """Execute one section; other Python threads run meanwhile."""
        try:
            self._session.run(section)
        except (ValueError, OSError) as error:
            raise self._failure(section, error) from None

    def run_part(self, section: str, begin: int, end: int) -> None:
        """Execute a part of a section; ValueError for one that it has not."""
        try:
            self._session.run_part(section, begin, end)
        except OSError as error:
            raise MachineError(str(error)) from None

    def run_timed(self, section: str) -> list[int]:
        """Execute one section; nanoseconds of each of its instructions."""
        try:
            return list(self._session.run_timed(section))
        except (ValueError, OSError) as error:
            raise self._failure(section, error) from None

    def _failure(self, section: str, error: Exception) -> Exception:
        """A run is refused for an unknown section, which is a mistake of the caller's code, or after a fork."""
        if isinstance(error, OSError):
            return MachineError(str(error))
        known = any(one.name == section for one in self.program.sections)
        return RunError(str(error)) if known else error


@contextmanager
def _machine_failures() -> Iterator[None]:
    """MachineError for what the machine does not give."""
    try:
        yield
    except OSError as error:
        raise MachineError(str(error)) from None


def open_session(
    program: Program, *, backend: str = NATIVE, threads: int | None = None, isa: str | None = None
) -> Session:
    """A session.

    `threads` defaults to the processors at hand, `isa` to $LINOCUT_ISA or the best that the processor has.
    """
    count = find_threads(threads)
    if find_backend(backend) == REFERENCE:
        return ReferenceSession(program)
    return NativeSession(program, count, find_isa(isa))


def find_backend(backend: str) -> str:
    """The backend asked for; SpecError for one that does not exist."""
    if backend not in BACKENDS:
        raise SpecError(f"backend is {backend!r}, must be {NATIVE!r} or {REFERENCE!r}")
    return backend


def find_threads(threads: int | None) -> int:
    """The threads asked for, by default the processors at hand; SpecError for a number that cannot be."""
    count = default_threads() if threads is None else as_plain(threads)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_THREADS:
        raise SpecError(f"threads is {count!r}, must be a whole number from 1 to {MOST_THREADS}")
    return count


def default_threads() -> int:
    """The processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return min(MOST_THREADS, len(affinity(0)) if affinity else os.cpu_count() or 1)


def find_isa(isa: str | None) -> str:
    """The instruction set asked for, by argument or $LINOCUT_ISA.

    SpecError if this machine lacks it, and for a $LINOCUT_TABLES that says nothing. Default: the best.
    """
    from linocut import _native

    tables = os.environ.get(TABLES_VARIABLE)
    if tables not in (None, "0", "1"):
        raise SpecError(
            f"{TABLES_VARIABLE} is {tables!r}, must be 1 or 0; or unset it, and what is faster here is taken"
        )

    usable = _native.isas()
    chosen = os.environ.get(ISA_VARIABLE)
    wanted = isa or chosen or usable[0]
    if wanted not in usable:
        source, mend = ("isa", "") if isa else (ISA_VARIABLE, ", or unset it")
        choices = " or ".join(filter(None, (", ".join(usable[:-1]), usable[-1])))
        raise SpecError(f"{source} is {wanted!r}, which this machine cannot run; take {choices}{mend}")
    return wanted
