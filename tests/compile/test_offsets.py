"""The planner: blocks that live at the same time never overlap, and the arena is hardly larger than it must be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import COMBINATIONS, compiled

from linocut.compile.placement.lifetimes import MOST_PARTS, Lifetime, Part, aligned, lifetimes, live_bytes
from linocut.compile.placement.offsets import place
from linocut.compile.program import ALIGNMENT, Buffer, Instruction
from linocut.ops import OP_BY_NAME

SLACK = 1.03


def overlaps(blocks: Sequence[Lifetime], offsets: dict[int, int]) -> list[tuple[Lifetime, Lifetime]]:
    """Pairs of blocks that share a byte at some instruction, found without the planner's own code."""
    found = []
    for number, one in enumerate(blocks):
        for other in blocks[:number]:
            for part, beside in product(one.parts, other.parts):
                same_time = max(part.first, beside.first) <= min(part.last, beside.last)
                here, there = offsets[one.buffer] + part.at, offsets[other.buffer] + beside.at
                if same_time and max(here, there) < min(here + part.size, there + beside.size):
                    found.append((one, other))
    return found


_SPANS = st.tuples(st.integers(1, 50), st.integers(0, 20), st.integers(0, 20))


def _block(number: int, spans: Sequence[tuple[int, int, int]]) -> Lifetime:
    """A block of several parts, one after the other, or of one."""
    parts, at = [], 0
    for units, one, other in spans:
        parts.append(Part(at, units * ALIGNMENT, min(one, other), max(one, other)))
        at += units * ALIGNMENT
    first, last = min(part.first for part in parts), max(part.last for part in parts)
    return Lifetime(number, at, first, last, tuple(parts) if len(parts) > 1 else ())


@st.composite
def _blocks(draw: st.DrawFn) -> list[Lifetime]:
    several = draw(st.lists(st.lists(_SPANS, min_size=1, max_size=3), max_size=30))
    return [_block(number, spans) for number, spans in enumerate(several)]


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
        there = [part.size for b in blocks for part in b.parts if part.first <= instruction <= part.last]
        assert level == sum(there) == sum(b.live(instruction) for b in blocks)


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


def test_ranges_of_a_buffer_live_as_long_as_each_is_used() -> None:
    """Read in two halves, the first of which is not needed while the second one waits; 64 bytes that nothing uses."""
    binarize = OP_BY_NAME["binarize"]
    buffers = [
        Buffer("whole", "W", "f32", (5, 16), False),
        Buffer("first", "W", "f32", (2, 16), False, base=0),
        Buffer("second", "W", "f32", (2, 16), False, 128, base=0),
        Buffer("bits", "W^", "bit", (2, 16), False),
    ]
    steps = [Instruction(binarize, (index, 3)) for index in (1, 2, 1, 2, 2)]
    found = {block.buffer: block for block in lifetimes(buffers, steps, {})}
    assert found[0] == Lifetime(0, 320, 0, 4, (Part(0, 128, 0, 2), Part(128, 128, 1, 4)))
    assert [found[0].live(number) for number in range(5)] == [128, 256, 256, 128, 128]
    assert not found[3].several
    held = {block.buffer: block for block in lifetimes(buffers, steps, {0: (0, 4)})}
    assert held[0] == Lifetime(0, 320, 0, 4), "the outside needs all of it"


def test_of_many_ranges_some_live_as_one() -> None:
    """A hundred ranges, read one after the other: no part is dead while a byte of it is needed."""
    binarize = OP_BY_NAME["binarize"]
    buffers = [Buffer("whole", "W", "f32", (100, 16), False), Buffer("bits", "W^", "bit", (1, 16), False)]
    buffers += [Buffer(f"row {n}", "W", "f32", (1, 16), False, 64 * n, base=0) for n in range(100)]
    steps = [Instruction(binarize, (0, 1)), *(Instruction(binarize, (2 + n, 1)) for n in range(100))]
    block = lifetimes(buffers, steps, {})[0]
    assert 16 < len(block.several) <= MOST_PARTS and sum(part.size for part in block.several) == block.size == 6400
    for n in range(100):
        assert all(part.last >= n + 1 for part in block.several if part.at <= 64 * n < part.at + part.size)


def test_what_shrinks_makes_room_for_what_grows() -> None:
    """Four steps of a map of 4 units that goes into one of 1: a fourth more than the larger, not the sum of both."""
    unit = 64 * ALIGNMENT
    shrinks = Lifetime(0, 4 * unit, 0, 4, tuple(Part(n * unit, unit, 0, 4 - n) for n in range(4)))
    grows = Lifetime(1, unit, 1, 5, tuple(Part(n * unit // 4, unit // 4, 4 - n, 5) for n in range(4)))
    offsets, total = place([shrinks, grows])
    assert total == 4 * unit + unit // 4 and not overlaps([shrinks, grows], offsets)


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
