"""Bits of few channels lie close together while they wait; that no result changes, tests/run/test_golden.py holds."""

from __future__ import annotations

import numpy as np
import pytest

from linocut import models
from linocut.compile.draft import Draft
from linocut.compile.lower import compile_network
from linocut.compile.passes import close_rows
from linocut.compile.program import Buffer, Instruction, Program, Section
from linocut.ops import OP_BY_NAME
from linocut.optimizers import find_optimizer
from linocut.policies import POLICIES, find_policy

ADAM = find_optimizer("adam")
RESNET = models.resnet(20)


def idle(program: Program, longest: int) -> list[str]:
    """Bits whose rows do not fill half of their words, and that nothing uses for more instructions than `longest`."""
    uses: dict[int, list[int]] = {}
    for number, instruction in enumerate(program.instructions):
        for index in instruction.used():
            uses.setdefault(program.buffers[index].owner(index), []).append(number)
    found = []
    for index, numbers in uses.items():
        buffer = program.buffers[index]
        thin = buffer.form.is_bits and 2 * buffer.shape[-1] <= 64 and not buffer.persistent
        if thin and max(np.diff(numbers), default=0) > longest:
            found.append(buffer.name)
    return found


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_no_map_of_few_channels_waits_in_words_of_its_own(policy: str) -> None:
    program = compile_network(RESNET, find_policy(policy), ADAM, 40).program
    assert not idle(program, close_rows.LEAST_WAIT)
    names = [i.op.name for i in program.instructions]
    assert names.count("flatten_bits") == names.count("unflatten_bits") > 10


def test_resnet20_of_a_hundred_images_takes_less_than_half() -> None:
    compiled = compile_network(RESNET, find_policy("lean"), ADAM, 100)
    assert compiled.program.arena_bytes <= 22 * 2**20  # 49.6 MiB with a word a row


def draft(wait: int, channels: int, held: bool = False) -> Draft:
    """A map of bits that is made, waits for so many instructions, and is read."""
    shape = (4, 32, 32, channels)
    buffers = tuple(Buffer(name, "X", "bit", shape, False) for name in ("x", "y", "z", "other"))
    copy = OP_BY_NAME["copy"]
    steps = [Instruction(copy, (0, 1)), *[Instruction(copy, (0, 3))] * (wait - 1), Instruction(copy, (1, 2))]
    holds = {0: (0, wait), 2: (0, wait)} | ({1: (0, wait)} if held else {})
    return Draft(buffers, tuple(steps), (Section("train", 0, wait + 1),), holds)


def test_a_map_is_packed_after_its_last_use_and_whole_before_its_next() -> None:
    closed = close_rows.close_rows(draft(20, 16))
    names = [i.op.name for i in closed.instructions]
    assert names == ["copy", "flatten_bits", *["copy"] * 19, "unflatten_bits", "copy"]
    packed, whole = (closed.buffers[i] for i in closed.instructions[-2].operands if i is not None)
    assert packed.shape == (4, 32 * 32 * 16) and whole.shape == (4, 32, 32, 16)
    assert closed.buffers[closed.instructions[-1].operands[0] or 0] is whole
    assert closed.sections == (Section("train", 0, 23),)
    assert closed.held == {0: (0, 22), 2: (0, 22)}


@pytest.mark.parametrize(
    ("wait", "channels", "held"),
    [(close_rows.LEAST_WAIT, 16, False), (20, 33, False), (20, 64, False), (20, 16, True)],
    ids=["soon", "half a word is saved by none", "words are full", "the outside looks at it"],
)
def test_others_stay_as_they_are(wait: int, channels: int, held: bool) -> None:
    before = draft(wait, channels, held)
    assert close_rows.close_rows(before) is before
