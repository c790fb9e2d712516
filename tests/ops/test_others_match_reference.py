"""Every instruction on processors that this one is not, against its NumPy reference.

They are 64-bit Arm, NEON with and without dot products, and 32-bit Arm with NEON, under qemu-user, and AVX-512 emulated
by SIMDe. A program of all of an instruction's cases one after another, so that the emulator starts once for each. The
cases are some of those of test_native_matches_reference.py, all of them with LINOCUT_TEST_OTHERS=all.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from cases import Case, cases, program_for
from stand_alone import AVX512, command_for, report
from test_native_matches_reference import NAMES, SEED, SHOWN, differences, reference_arena

from linocut.compile.binary import encode
from linocut.compile.program import Program, Section
from linocut.ops.bits import Array

EVERY = 1 if os.environ.get("LINOCUT_TEST_OTHERS") == "all" else 16
MOST_BYTES = 1 << 17  # of a case


@lru_cache(maxsize=1)  # the processors come one after another
def some_cases(op_name: str) -> list[tuple[Case, Program, Array, Array]]:
    """Each with its arena before, and the one that the reference leaves."""
    made = cases(op_name, np.random.default_rng([SEED, NAMES.index(op_name)]))
    placed = [(case, *program_for(case)) for case in made[::EVERY]]
    return [
        (case, program, arena, reference_arena(case))
        for case, program, arena in placed
        if EVERY == 1 or arena.nbytes <= MOST_BYTES
    ]


def joined(programs: Sequence[Program]) -> Program:
    """One program that does what all of them do, each in a part of the arena.

    Every operand is a view of plain bytes: what is no state for a training, such as numbers that are none and bits
    behind the last, is an operand here.
    """
    buffers, instructions, end = [], [], 0
    for number, program in enumerate(programs):
        first = len(buffers)
        for b in program.buffers:
            own = replace(b, name=f"{number}.{b.name}", offset=b.offset + end)
            plain = replace(own, name=f"{own.name}.bytes", shape=(b.nbytes,), format="u8")
            buffers += [plain, replace(own, base=len(buffers), persistent=False)]
        for step in program.instructions:
            operands = tuple(None if index is None else first + 2 * index + 1 for index in step.operands)
            instructions.append(replace(step, operands=operands))
        end += program.arena_bytes
    return Program(tuple(buffers), tuple(instructions), (Section("run", 0, len(instructions)),), end)


def operands_of(program: Program, arena: Array) -> list[Array]:
    """The bytes of its buffers, as views, in order: the state."""
    return [arena[b.offset : b.offset + b.nbytes] for b in program.buffers]


@pytest.mark.timeout(1200)  # the first builds the runner, if nothing did before
@pytest.mark.parametrize("isa", ["neon_dot", "neon", "neon32", AVX512])
@pytest.mark.parametrize("op_name", NAMES)
def test_another_processor_matches_reference(op_name: str, isa: str, tmp_path: Path) -> None:
    command, chosen = command_for(isa), some_cases(op_name)
    (tmp_path / "program.bin").write_bytes(encode(joined([program for _, program, _, _ in chosen])))
    parts = [part for _, program, arena, _ in chosen for part in operands_of(program, arena)]
    (tmp_path / "state.bin").write_bytes(b"".join(part.tobytes() for part in parts))
    how = ("--state", "state.bin", "--section", "run", "--save", "after.bin", "--threads", 2)
    assert report(tmp_path, command, "program.bin", *how)["isa"] == isa
    after, at, failures = np.fromfile(tmp_path / "after.bin", np.uint8), 0, []
    for case, program, arena, expected in chosen:
        found = arena.copy()
        for part in operands_of(program, found):
            part[...] = after[at : at + part.size]
            at += part.size
        failures += differences(case, expected, found)
    assert not failures, f"{len(failures)} failures in {len(chosen)} cases, seed {SEED}:\n" + "\n".join(
        failures[:SHOWN]
    )
