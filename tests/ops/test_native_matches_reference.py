"""Every instruction, native against its NumPy reference, over the same bytes, on every instruction set of this machine.

LINOCUT_TEST_SEED=n draws other operands. bounds.py says what may differ and by how much: under integer formats,
nothing.
"""

from __future__ import annotations

import os
from functools import lru_cache

import numpy as np
import pytest
from bounds import BOUNDS, no_bounds, violation
from cases import Case, cases, program_for, random_case, views
from hypothesis import given, settings
from hypothesis import strategies as st

from linocut.compile.program import Program
from linocut.ops import OPS
from linocut.ops.bits import Array
from linocut.run.session import NativeSession, ReferenceSession

try:
    from linocut import _native

    ISAS, MISSING = _native.isas(), ""
except ImportError as error:
    ISAS, MISSING = ["unbuilt"], f"linocut._native cannot be imported ({error}): `make test` builds it"

SEED = int(os.environ.get("LINOCUT_TEST_SEED", "0"))
NAMES = [op.name for op in OPS]
THREADS = (1, 3)
SHOWN = 5  # failures


@lru_cache(maxsize=1)  # the instruction sets come one after another
def references(op_name: str) -> list[tuple[Case, Program, Array, Array]]:
    """Every case of an instruction: its program, its arena, and the one that the reference leaves."""
    made = cases(op_name, np.random.default_rng([SEED, NAMES.index(op_name)]))
    return [(case, *program_for(case), reference_arena(case)) for case in made]


def reference_arena(case: Case) -> Array:
    """The arena after the reference ran."""
    program, arena = program_for(case)
    session = ReferenceSession(program)
    session.arena[...] = arena
    session.run("run")
    return session.arena


def native_arena(case: Case, isa: str, threads: int) -> Array:
    """The arena after the native core ran."""
    return native(*program_for(case), isa, threads)


def native(program: Program, arena: Array, isa: str, threads: int) -> Array:
    """What the native core makes of a program's arena."""
    session = NativeSession(program, threads, isa)
    session.arena[...] = arena
    session.run("run")
    return np.array(session.arena)


def differences(case: Case, expected: Array, actual: Array) -> list[str]:
    """What is wrong with an arena: an operand out of bounds, one that should not have changed, bytes between them."""
    if np.array_equal(expected, actual):
        return []
    program, arena = program_for(case)
    before, after, got = (views(program, a) for a in (arena, expected, actual))
    attributes = dict(zip(case.op.signature.attributes, case.attributes, strict=True))
    bounds = BOUNDS.get(case.op.name, no_bounds)(before, after, attributes)
    found = [
        f"{case}\n  {name}: {text}" for name in got if (text := violation(bounds.get(name), after[name], got[name]))
    ]
    outside = np.ones(arena.shape, bool)
    for buffer in program.buffers:
        outside[buffer.offset : buffer.offset + buffer.nbytes] = False
    touched = np.flatnonzero(outside & (actual != arena))
    if touched.size:
        near = [b.name for b in program.buffers if b.offset <= touched[0]][-1:] or ["the first operand"]
        found.append(
            f"{case}\n  wrote {touched.size} bytes outside every operand, the first {touched[0]:,} near {near[0]}"
        )
    return found


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("op_name", NAMES)
def test_native_matches_reference(op_name: str, isa: str) -> None:
    assert not MISSING, MISSING
    failures: list[str] = []
    for case, program, arena, expected in references(op_name):
        first = native(program, arena, isa, THREADS[0])
        failures += differences(case, expected, first)
        for threads in THREADS[1:]:
            if not np.array_equal(first, native(program, arena, isa, threads)):
                failures.append(f"{case}\n  {threads} threads give other bytes than {THREADS[0]}")
    count = f"{len(failures)} failures in {len(references(op_name))} cases, seed {SEED}:\n"
    assert not failures, count + "\n".join(failures[:SHOWN])


@pytest.mark.parametrize("op_name", NAMES)
@given(sizes=st.fixed_dictionaries({letter: st.integers(1, 150) for letter in "RKNC"}), seed=st.integers(0, 2**32))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_native_matches_reference_on_any_shape(op_name: str, sizes: dict[str, int], seed: int) -> None:
    assert not MISSING, MISSING
    case = random_case(op_name, np.random.default_rng(seed), sizes)
    expected = reference_arena(case)
    for isa in ISAS:
        found = differences(case, expected, native_arena(case, isa, 2))
        assert not found, isa + ": " + "\n".join(found)
