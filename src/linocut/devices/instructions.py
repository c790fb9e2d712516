"""What instructions of a program cost, in operations and accesses, as energies and engines name them."""

from __future__ import annotations

from collections.abc import Iterator

from linocut.compile.program import Instruction, Program
from linocut.devices.energies import Energies, Memory

IMAGES, NARROW = 4, 16  # dimensions of images, and channels below which they are narrow
MULTIPLYING = ("xnor", "int8", "float", "float_sign")  # kinds whose operations are multiply-accumulates


def kind_of(program: Program, instruction: Instruction) -> str:
    """The kind of an instruction's operations, as energies name it."""
    kind = program.work(instruction).kind
    operands = zip(instruction.op.signature.operands, instruction.operands, strict=True)
    read = [program.buffers[index] for operand, index in operands if index is not None and operand.reads]
    if kind == "element":  # statistics of channels do not decide, what they are applied to does
        return "float_element" if max(read, key=lambda b: b.nbytes).format in ("f16", "f32") else "integer_element"
    if kind in ("int8_sign", "int4_sign"):
        return "int8"
    return "float_sign" if kind == "float" and any(b.form.is_bits for b in read) else kind


def accessed(program: Program, instruction: Instruction) -> Iterator[tuple[str, int]]:
    """The roles of an instruction's operands, and the bytes that are read and written of each."""
    for operand, index in zip(instruction.op.signature.operands, instruction.operands, strict=True):
        if index is not None:
            buffer = program.buffers[index]
            yield buffer.role, buffer.nbytes * (operand.reads + operand.writes)


def variant_of(program: Program, instruction: Instruction) -> str:
    """What makes a kernel slower than its like, in words.

    half: an operand is in 16-bit floats, which are converted on the way; narrow: images have fewer channels than a
    vector; exact: sums are formed in an order that all machines have.
    """
    used = [program.buffers[index] for index in instruction.used()]
    words = {
        "half": any(buffer.format == "f16" for buffer in used),
        "narrow": any(len(buffer.shape) == IMAGES and buffer.shape[-1] < NARROW for buffer in used),
        "exact": ("exact", 1.0) in zip(instruction.op.signature.attributes, instruction.attributes, strict=True),
    }
    return " ".join(word for word, holds in words.items() if holds)


def picojoules(program: Program, instruction: Instruction, energies: Energies, memory: Memory) -> float:
    """Of its operations, and of its accesses to the memory that the arena lies in."""
    spent = program.work(instruction).operations * energies.operations[kind_of(program, instruction)]
    return spent + sum(memory.cost(count) for _, count in accessed(program, instruction))
