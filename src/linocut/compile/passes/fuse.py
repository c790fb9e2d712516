"""Fusion: a gradient of weights that only the next update reads need not be a buffer.

So are joined gradients from integers with every update, and those of a convolution in floats with sgd.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from linocut.compile.program import Buffer, Instruction
from linocut.ops import OP_BY_NAME

UPDATES = ("adam", "sgd", "bop")
GRADIENTS = ("weight_gradient", "conv2d_weight_gradient")
FLOAT_SGD = OP_BY_NAME["conv2d_weight_gradient_float_sgd"]


def fuse_updates(buffers: Sequence[Buffer], instructions: Sequence[Instruction], start: int) -> list[Instruction]:
    """The instructions from `start` on, gradients of weights joined with the updates after them."""
    uses = Counter(operand for one in instructions for operand in one.operands)
    fused: list[Instruction] = []
    for instruction in instructions[start:]:
        joined = _joined(buffers, fused[-1], instruction, uses) if fused else None
        if joined is None:
            fused.append(instruction)
        else:
            fused[-1] = joined
    return fused


def _joined(
    buffers: Sequence[Buffer], gradient: Instruction, update: Instruction, uses: Counter[int | None]
) -> Instruction | None:
    """Both in one instruction; None where there is none, or where others read dW too."""
    if gradient.op.name not in GRADIENTS or update.op.name not in UPDATES:
        return None
    dy, dw = gradient.operand("dy"), gradient.operand("dw")
    if dy is None or dw is None or dw != update.operand("dw") or uses[dw] > 2:
        return None
    form = buffers[dw].format
    integers = buffers[dy].format in ("i4", "i8")
    return _of_integers(gradient, update, form) if integers else _of_floats(buffers, gradient, update, form)


def _of_integers(gradient: Instruction, update: Instruction, form: str) -> Instruction:
    op = OP_BY_NAME[f"{gradient.op.name}_{update.op.name}"]
    names = [operand.name for operand in op.signature.operands]
    signs = () if update.op.name == "bop" else (float(form == "bit"),)
    own = len(op.signature.attributes) - len(update.attributes) - len(signs)  # the window of a convolution
    operands = _operands(names, gradient, update)
    return Instruction(op, operands, gradient.attributes[:own] + update.attributes + signs)


def _of_floats(buffers: Sequence[Buffer], gradient: Instruction, update: Instruction, form: str) -> Instruction | None:
    """Of 32 bits, and of whole batches: micro-batches sum dW."""
    if (gradient.op.name, update.op.name) != ("conv2d_weight_gradient", "sgd") or update.operand("micro") is not None:
        return None
    takes = FLOAT_SGD.signature.operands
    operands = _operands([one.name for one in takes], gradient, update)
    there = ((one, number) for one, number in zip(takes, operands, strict=True) if number is not None)
    if form != "f32" or any(buffers[number].format not in one.formats for one, number in there):
        return None
    return Instruction(FLOAT_SGD, operands, gradient.attributes + update.attributes)


def _operands(names: Sequence[str], gradient: Instruction, update: Instruction) -> tuple[int | None, ...]:
    return tuple(gradient.operand(name) if name in ("dy", "x") else update.operand(name) for name in names)
