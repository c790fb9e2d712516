"""In place: what an instruction may write over an operand that nothing reads any more, takes that operand's bytes.

The signature says over which (`>y@x`): element on element, so that no result changes.
"""

from __future__ import annotations

from dataclasses import replace

from linocut.compile.draft import Draft
from linocut.compile.program import Buffer, Instruction


def in_place(draft: Draft) -> Draft:
    """The draft with such results as views of the operands whose bytes they take."""
    buffers = list(draft.buffers)
    first, last = _uses(draft)
    for number, instruction in enumerate(draft.instructions):
        for out, into in _candidates(instruction):
            source, target = buffers[into].owner(into), buffers[out]
            fresh = target.base is None and not target.persistent and out not in draft.held and first[out] == number
            spent = not buffers[source].persistent and source not in draft.held and last[source] == number
            if fresh and spent and source != out and _whole(buffers[into], buffers[source], target):
                _merge(buffers, out, source)
                last[source] = last[out]
                break
    return replace(draft, buffers=tuple(buffers))


def _candidates(instruction: Instruction) -> list[tuple[int, int]]:
    """(result, operand) of which the one may take the bytes of the other, by the signature alone."""
    found = []
    for operand, out in zip(instruction.op.signature.operands, instruction.operands, strict=True):
        for name in operand.over:
            into = instruction.operand(name)
            if out is not None and into is not None and instruction.operands.count(into) == 1:
                found.append((out, into))
    return found


def _whole(view: Buffer, source: Buffer, target: Buffer) -> bool:
    """Whether a view is all of its source, and its elements are as wide as the target's."""
    alike = view.nbytes == source.nbytes == target.nbytes
    return alike and view.form.bits == target.form.bits and not view.form.is_bits


def _merge(buffers: list[Buffer], out: int, source: int) -> None:
    for index, buffer in enumerate(buffers):
        if index == out or buffer.base == out:
            buffers[index] = replace(buffer, base=source)


def _uses(draft: Draft) -> tuple[dict[int, int], dict[int, int]]:
    """The first and the last instruction that touches the bytes of each buffer that is no view."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for number, instruction in enumerate(draft.instructions):
        for used in instruction.used():
            owner = draft.own(used)
            first.setdefault(owner, number)
            last[owner] = number
    return first, last
