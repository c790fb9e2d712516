"""The planner: blocks that live at the same time never overlap, and the arena is hardly larger than it must be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import COMBINATIONS, compiled

from linocut.compile.placement.lifetimes import Lifetime, aligned, lifetimes, live_bytes
from linocut.compile.placement.offsets import place
from linocut.compile.program import ALIGNMENT, Buffer, Instruction
from linocut.ops import OP_BY_NAME

SLACK = 1.03


def overlaps(blocks: Sequence[Lifetime], offsets: dict[int, int]) -> list[tuple[Lifetime, Lifetime]]:
    """Pairs of blocks that share a byte at some instruction, found without the planner's own code."""
    found = []
    for number, one in enumerate(blocks):
        for other in blocks[:number]:
            same_time = max(one.first, other.first) <= min(one.last, other.last)
            start = max(offsets[one.buffer], offsets[other.buffer])
            end = min(offsets[one.buffer] + one.size, offsets[other.buffer] + other.size)
            if same_time and start < end:
                found.append((one, other))
    return found


@st.composite
def _blocks(draw: st.DrawFn) -> list[Lifetime]:
    spans = draw(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 20), st.integers(0, 20)), max_size=30))
    return [
        Lifetime(number, units * ALIGNMENT, min(one, other), max(one, other))
        for number, (units, one, other) in enumerate(spans)
    ]


@given(_blocks())
def test_blocks_that_live_together_never_overlap(blocks: list[Lifetime]) -> None:
    offsets, total = place(blocks)
    assert overlaps(blocks, offsets) == []
    assert sorted(offsets) == [block.buffer for block in blocks]
    assert all(offset >= 0 and offset % ALIGNMENT == 0 for offset in offsets.values())
    assert total == max((offsets[b.buffer] + b.size for b in blocks), default=0)
    assert total >= max(live_bytes(blocks), default=0)


@given(_blocks())
def test_live_bytes_are_the_sum_over_the_blocks_of_each_instruction(blocks: list[Lifetime]) -> None:
    levels = live_bytes(blocks)
    for instruction, level in enumerate(levels):
        assert level == sum(b.size for b in blocks if b.first <= instruction <= b.last)


def test_placing_is_the_same_every_time() -> None:
    blocks = [Lifetime(n, (n * 37 % 11 + 1) * 64, n, n + n % 5) for n in range(40)]
    assert place(blocks) == place(blocks)


@given(_blocks())
def test_many_blocks_are_placed_as_few_are(blocks: list[Lifetime]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        few = place(blocks)
        patch.setattr("linocut.compile.placement.offsets.MANY", -1)
        assert place(blocks) == few


def test_sizes_beyond_those_of_arrays() -> None:
    blocks = [Lifetime(n, 2**62, 0, n) for n in range(700)]
    assert place(blocks)[1] == 700 * 2**62


def test_disjoint_lifetimes_share_bytes() -> None:
    assert place([Lifetime(0, 640, 0, 1), Lifetime(1, 640, 2, 3)])[1] == 640


@pytest.mark.parametrize(("network", "policy", "optimizer"), COMBINATIONS)
def test_arena_of_every_network(network: str, policy: str, optimizer: str) -> None:
    result = compiled(network, policy, optimizer)
    program = result.program
    offsets = {block.buffer: program.buffers[block.buffer].offset for block in result.blocks}
    assert overlaps(result.blocks, offsets) == []
    assert program.lower_bound_bytes == max(live_bytes(result.blocks))
    assert program.lower_bound_bytes <= program.arena_bytes <= SLACK * program.lower_bound_bytes


@pytest.mark.parametrize(("network", "policy", "optimizer"), COMBINATIONS)
def test_nothing_is_read_that_an_other_buffer_overwrote(network: str, policy: str, optimizer: str) -> None:
    """Walk the program with an owner for every 64 bytes of the arena: whoever is read must still own its bytes."""
    program = compiled(network, policy, optimizer).program
    roots = [number if b.base is None else b.base for number, b in enumerate(program.buffers)]
    places = [slice(b.offset // ALIGNMENT, (b.offset + aligned(b.nbytes)) // ALIGNMENT) for b in program.buffers]
    for section in program.sections:
        owner = np.full(program.arena_bytes // ALIGNMENT, -1)
        for index, buffer in enumerate(program.buffers):
            if buffer.persistent or buffer.name in ("input", "labels"):  # there before the section begins
                owner[places[index]] = roots[index]
        for instruction in program.instructions[section.begin : section.end]:
            pairs = zip(instruction.op.signature.operands, instruction.operands, strict=True)
            used = [(operand, index) for operand, index in pairs if index is not None]
            for operand, index in used:
                if operand.reads:
                    assert (owner[places[index]] == roots[index]).all(), (instruction.op.name, operand.name)
            for operand, index in used:
                if operand.writes:
                    owner[places[index]] = roots[index]
        for index, buffer in enumerate(program.buffers):
            if buffer.persistent or buffer.name == f"{section.name}.logits":
                lost = f"{buffer.name} is lost at the end of {section.name}"
                assert (owner[places[index]] == roots[index]).all(), lost


def test_a_view_counts_for_its_base_and_takes_nothing() -> None:
    binarize = OP_BY_NAME["binarize"]
    buffers = [
        Buffer("image", "W", "f32", (1, 2, 2), False),
        Buffer("flat", "W", "f32", (1, 4), False, base=0),
        Buffer("bits", "W^", "bit", (1, 4), False),
        Buffer("unused", "W^", "bit", (1, 4), False),
        Buffer("state", "W^", "bit", (1, 4), True),
    ]
    instructions = [Instruction(binarize, (0, 2)), Instruction(binarize, (1, 2)), Instruction(binarize, (1, 4))]
    found = {b.buffer: (b.first, b.last, b.size) for b in lifetimes(buffers, instructions, {})}
    assert found == {0: (0, 2, 64), 2: (0, 1, 64), 4: (0, 2, 64)}
    held = {b.buffer: (b.first, b.last) for b in lifetimes(buffers, instructions, {2: (0, 2)})}
    assert held[2] == (0, 2)


@pytest.mark.parametrize(("size", "expected"), [(0, 0), (1, 64), (64, 64), (65, 128)])
def test_aligned(size: int, expected: int) -> None:
    assert aligned(size) == expected


def test_lean_mlp_fits_its_promise() -> None:
    """Issue 2: at most 1.6 MiB under lean, batch 100, Adam."""
    assert compiled("mlp", "lean", "adam").program.arena_bytes <= 1.6 * 2**20


def test_a_program_that_was_placed_is_not_placed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [Lifetime(number, ALIGNMENT * (1 + 7 * number % 5), number, number + 3) for number in range(40)]
    offsets, total = place(blocks)
    kept = dict(offsets)
    offsets.clear()  # the caller's own
    monkeypatch.setattr("linocut.compile.placement.offsets._best_fit", lambda order: pytest.fail("placed again"))
    assert place(list(blocks)) == (kept, total)
