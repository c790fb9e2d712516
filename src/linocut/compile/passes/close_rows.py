"""Close rows: bits of few channels, a word a row, lie close together while they wait for the backward pass.

A row of 16 channels takes a word of 64. Kernels want it so; what waits from a forward pass to its backward pass is
packed in between, and a layer's rows are whole again only while that layer is at work. No result changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from linocut.compile.draft import Draft, Pieces
from linocut.compile.program import Instruction, Section
from linocut.ops import OP_BY_NAME

LEAST_WAIT = 8  # instructions: more than a layer has between the last use of its bits and the next layer's
LEAST_SAVED = 16 * 2**10  # bytes: below them two more instructions cost more than they save
IMAGE = 4  # dimensions that the instructions of packing take


@dataclass(frozen=True)
class Wait:
    """A buffer that nothing uses between the instructions `after` and `before`."""

    buffer: int
    after: int
    before: int


def close_rows(draft: Draft) -> Draft:
    """The draft with such bits packed, where at least half of their bytes is saved."""
    waits = list(_waits(draft))
    if not waits:
        return draft
    pieces = Pieces(draft)
    packed, whole = {w.buffer: _packed(pieces, w) for w in waits}, {w.buffer: _whole(pieces, w) for w in waits}
    leaving, coming = _by_instruction(waits)
    instructions: list[Instruction] = []
    places = [0] * (len(draft.instructions) + 1)  # where each instruction, and what stands before it, begins
    moved: dict[int, int | None] = {}
    for number, instruction in enumerate(draft.instructions):
        places[number] = len(instructions)
        for buffer in coming.get(number, ()):
            instructions.append(Instruction(OP_BY_NAME["unflatten_bits"], (packed[buffer], whole[buffer])))
            moved[buffer] = whole[buffer]
        operands = (None if index is None else moved.get(index, index) for index in instruction.operands)
        instructions.append(replace(instruction, operands=tuple(operands)))
        for buffer in leaving.get(number, ()):
            instructions.append(Instruction(OP_BY_NAME["flatten_bits"], (buffer, packed[buffer])))
    places[-1] = len(instructions)
    return Draft(
        tuple(pieces.buffers),
        tuple(instructions),
        tuple(Section(s.name, places[s.begin], places[s.end]) for s in draft.sections),
        {index: (places[first], places[last + 1] - 1) for index, (first, last) in draft.held.items()},
    )


def _waits(draft: Draft) -> Iterator[Wait]:
    """The longest wait of each buffer that is worth packing."""
    uses: dict[int, list[int]] = {}
    for number, instruction in enumerate(draft.instructions):
        for index in set(instruction.used()):
            uses.setdefault(index, []).append(number)
    shared = {buffer.base for buffer in draft.buffers if buffer.base is not None}
    for index, numbers in uses.items():
        if index not in shared and index not in draft.held and _saved(draft, index) >= LEAST_SAVED:
            after, before = max(pairwise(numbers), key=lambda pair: pair[1] - pair[0], default=(0, 0))
            if before - after > LEAST_WAIT:
                yield Wait(index, after, before)


def _saved(draft: Draft, index: int) -> int:
    """Bytes that packing a buffer saves; 0 where it is none of bits, or saves less than half."""
    buffer = draft.buffers[index]
    if not buffer.form.is_bits or len(buffer.shape) != IMAGE or buffer.persistent or buffer.base is not None:
        return 0
    packed = buffer.form.nbytes(_flat(buffer.shape))
    return buffer.nbytes - packed if 2 * packed <= buffer.nbytes else 0


def _flat(shape: tuple[int, ...]) -> tuple[int, int]:
    examples, height, width, channels = shape
    return examples, height * width * channels


def _packed(pieces: Pieces, wait: Wait) -> int:
    buffer = pieces.buffers[wait.buffer]
    return pieces.transient(f"{buffer.name}.close", wait.buffer, _flat(buffer.shape))


def _whole(pieces: Pieces, wait: Wait) -> int:
    buffer = pieces.buffers[wait.buffer]
    return pieces.transient(f"{buffer.name}.again", wait.buffer, buffer.shape)


def _by_instruction(waits: Iterable[Wait]) -> tuple[Mapping[int, list[int]], Mapping[int, list[int]]]:
    """The buffers to pack after an instruction, and those to unpack before one."""
    leaving: dict[int, list[int]] = {}
    coming: dict[int, list[int]] = {}
    for wait in waits:
        leaving.setdefault(wait.after, []).append(wait.buffer)
        coming.setdefault(wait.before, []).append(wait.buffer)
    return leaving, coming
