"""Cases of operands that a test states itself, where those drawn at random would leave what it is about to chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cases import GARBAGE, Case
from test_native_matches_reference import ISAS, MISSING, differences, native_arena, reference_arena

from linocut import roles
from linocut.compile.program import Buffer
from linocut.ops import OP_BY_NAME, View

Made = tuple[str, tuple[int, ...]]


def stated_case(
    op_name: str, operands: Mapping[str, View], made: Mapping[str, Made], attributes: Mapping[str, float]
) -> Case:
    """One instruction over these operands; what it makes is of such formats and shapes, and all others are absent."""
    op, buffers, data = OP_BY_NAME[op_name], [], {}
    for entry in op.signature.operands:
        if entry.name in operands:
            given = operands[entry.name]
            shape = given.shape or (*given.data.shape[:-1], given.cols)
            buffer = Buffer(entry.name, roles.WORKSPACE, given.format, shape, True)
            data[entry.name] = given.data.tobytes()
        elif entry.name in made:
            form, shape = made[entry.name]
            buffer = Buffer(entry.name, roles.WORKSPACE, form, shape, True)
            data[entry.name] = bytes([GARBAGE]) * buffer.nbytes
        else:
            buffers.append(None)
            continue
        buffers.append(buffer)
    return Case(op, tuple(buffers), data, tuple(float(attributes[name]) for name in op.signature.attributes))


def check_everywhere(case: Case, threads: Sequence[int] = (1, 3)) -> None:
    """Native as the reference, on every instruction set of this machine."""
    assert not MISSING, MISSING
    expected = reference_arena(case)
    for isa in ISAS:
        for count in threads:
            found = differences(case, expected, native_arena(case, isa, count))
            assert not found, f"{isa}, {count} threads: " + "\n".join(found)
