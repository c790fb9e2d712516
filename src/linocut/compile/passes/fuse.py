"""Fusion: a gradient of weights from integers, which only the next update reads, need not be a buffer."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.compile.program import Buffer, Instruction
from linocut.ops import OP_BY_NAME

UPDATES = ("adam", "sgd", "bop")
GRADIENTS = ("weight_gradient", "conv2d_weight_gradient")


def fuse_updates(buffers: Sequence[Buffer], instructions: Sequence[Instruction], start: int) -> list[Instruction]:
    """The instructions from `start` on, each integer gradient of weights joined with the update after it."""
    fused: list[Instruction] = []
    for instruction in instructions[start:]:
        if fused and _joins(buffers, fused[-1], instruction):
            dw = instruction.operand("dw")
            assert dw is not None
            fused[-1] = _joined(fused[-1], instruction, buffers[dw].format)
        else:
            fused.append(instruction)
    return fused


def _joins(buffers: Sequence[Buffer], gradient: Instruction, update: Instruction) -> bool:
    if gradient.op.name not in GRADIENTS or update.op.name not in UPDATES:
        return False
    dy, dw = gradient.operand("dy"), gradient.operand("dw")
    return dw == update.operand("dw") and dy is not None and buffers[dy].format in ("i4", "i8")


def _joined(gradient: Instruction, update: Instruction, form: str) -> Instruction:
    op = OP_BY_NAME[f"{gradient.op.name}_{update.op.name}"]
    parts = {"dy": gradient.operand("dy"), "x": gradient.operand("x")}
    names = [operand.name for operand in op.signature.operands]
    operands = tuple(parts[name] if name in parts else update.operand(name) for name in names)
    signs = () if update.op.name == "bop" else (float(form == "bit"),)
    own = len(op.signature.attributes) - len(update.attributes) - len(signs)  # the window of a convolution
    return Instruction(op, operands, gradient.attributes[:own] + update.attributes + signs)
