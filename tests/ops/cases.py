"""Random operands for every instruction, and programs of one instruction to run it over the same bytes in any session.

`cases` goes through every legal combination of formats, absent operands and modes, each with several shapes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import sequences
from operands import (
    COMPLEX,
    FILLS,
    PRUNED,
    QUANTITIES,
    SIZED,
    VARIANTS,
    boundaries_sizes,
    complex_sizes,
    panels_sizes,
    pruned_sizes,
)
from windows import draw, has_images

from linocut import roles
from linocut.compile.placement.lifetimes import aligned
from linocut.compile.program import Buffer, Instruction, Program, Section
from linocut.ops import OP_BY_NAME, Op, View
from linocut.ops.bits import Array
from linocut.ops.norm_gradient_sums import RECTIFIED
from linocut.run.views import operand

SIZES = (1, 63, 64, 65, 100, 130)
LEADS = {63: (7, 3, 3), 64: (4, 4, 4), 65: (5, 13, 1), 100: (4, 5, 5), 130: (2, 5, 13)}  # rows of a convolution
LARGER = (
    {"R": 100, "K": 784, "N": 256, "C": 256},  # the paper's perceptron
    {"R": 3, "K": 70, "N": 1030, "C": 1030},  # more outputs than an i16 dX can sum without a shift
    {"R": 2051, "K": 5, "N": 5, "C": 70},  # several blocks of rows
    {"R": 33000, "K": 2, "N": 2, "C": 3},  # more rows than 16 bits can count
    {"R": 5, "K": 25000, "N": 67, "C": 70},  # more words than a kernel takes at a time
    {"R": 4, "K": 4097, "N": 129, "C": 129},
)
FEWEST = 80  # cases of an instruction that has few combinations of formats
MOST = 1000  # combinations of one that has many: others with another seed
MOST_OF_SEQUENCES = 100  # whose references go step by step
GARBAGE = 0xA5  # fills what an instruction must write, and the gaps between buffers, which it must not
GAP = 64


@dataclass(frozen=True)
class Case:
    """One instruction with the bytes of its operands; an absent operand is None in `buffers` and has no `data`."""

    op: Op
    buffers: tuple[Buffer | None, ...]
    data: Mapping[str, bytes]
    attributes: tuple[float, ...]

    def __str__(self) -> str:
        operands = (f"{b.name}:{b.format}{list(b.shape)}" for b in self.buffers if b is not None)
        named = zip(self.op.signature.attributes, self.attributes, strict=True)
        return f"{self.op.name} {' '.join(operands)}; {' '.join(f'{k}={v:g}' for k, v in named)}"


def cases(op_name: str, rng: np.random.Generator) -> list[Case]:
    """Cases of one instruction: every legal combination at least once (or MOST), every size in every dimension."""
    op = OP_BY_NAME[op_name]
    letters = sorted({d for o in op.signature.operands for d in o.dims if d.isalpha()} - {"S", "D", "G"})
    decks = {letter: _deck(rng) for letter in letters}
    combinations = _combinations(op_name)
    most = MOST_OF_SEQUENCES if op_name in sequences.NAMES else MOST
    if len(combinations) > most:
        combinations = [combinations[i] for i in sorted(rng.choice(len(combinations), most, replace=False))]
    made = []
    for _ in range(math.ceil(FEWEST / len(combinations))):
        for formats, variant in combinations:
            made.append(make_case(op, formats, variant, {letter: next(decks[letter]) for letter in letters}, rng))
    for sizes in () if has_images(op) or op_name in sequences.NAMES or op.name in SIZED else LARGER:
        for formats, variant in (combinations[0], combinations[int(rng.integers(len(combinations)))]):
            made.append(make_case(op, formats, variant, sizes, rng))
    return made


def random_case(op_name: str, rng: np.random.Generator, sizes: Mapping[str, int]) -> Case:
    """One case of random formats and modes with the given sizes of the letters R, K, N and C; images are drawn."""
    op = OP_BY_NAME[op_name]
    combinations = _combinations(op_name)
    formats, variant = combinations[int(rng.integers(len(combinations)))]
    return make_case(op, formats, variant, sizes, rng)


def make_case(
    op: Op, formats: Mapping[str, str], variant: Mapping[str, float], sizes: Mapping[str, int], rng: np.random.Generator
) -> Case:
    """A case of these formats (an operand that is not in them is absent), fixed attributes and sizes.

    S, the rows of `work`, follows from a number of parts, which mostly does not divide the rows. D, of an instruction
    with an attribute `first`, are the channels of a group that lies within C; of copy_channels any number; of complex
    channels half of C.
    """
    if op.name in sequences.NAMES:
        sizes, more = sequences.draw(op.name, formats, variant, rng)
        variant = {**variant, **more}
    elif "first" in op.signature.attributes:
        sizes, variant = _group(sizes, variant, rng)
    elif op.name in COMPLEX:
        sizes = complex_sizes(op.name, sizes, rng)
    elif any("D" in operand.dims for operand in op.signature.operands):
        sizes = {**sizes, "D": int(rng.choice((*SIZES, 3)))}
    if "work" in formats and op.name in QUANTITIES:
        parts = min(sizes["R"], int(rng.choice([1, 2, 3, 7, 32])))
        sizes = {**sizes, "S": QUANTITIES[op.name] * parts}
    sizes = {**sizes, **boundaries_sizes(op.name, formats, rng)}
    sizes, window = draw(op, sizes, rng) if has_images(op) else (dict(sizes), {})
    if op.name in PRUNED:
        sizes = {**sizes, **pruned_sizes(sizes, variant, rng)}
    if op.name in SIZED:
        sizes = {**sizes, **SIZED[op.name](formats, sizes, rng)}
    if op.name == "conv2d_input_sums":
        sizes["S"] = sizes["I"] * (sizes["J"] + sizes["Q"])
    if (formats.get("x"), formats.get("y")) == ("u8", "i16"):
        sizes = _summing_at_most(sizes, 32767 // 255)
    filled, attributes = FILLS[op.name](formats, sizes, {**variant, **window}, rng)
    attributes = {**window, **attributes}
    sizes = {**sizes, **panels_sizes(op.name, sizes)}
    lead = LEADS.get(sizes.get("R", 0)) if op.name != "softmax_cross_entropy" and rng.random() < 0.3 else None
    buffers: list[Buffer | None] = []
    data = {}
    for entry in op.signature.operands:
        if entry.name not in formats:
            buffers.append(None)
            continue
        shape = tuple(int(d) if d.isdigit() else sizes[d] for d in entry.dims)
        if lead is not None and entry.dims[0] == "R" and len(entry.dims) > 1:
            shape = (*lead, *shape[1:])
        buffer = Buffer(entry.name, roles.WORKSPACE, formats[entry.name], shape, True)
        buffers.append(buffer)
        data[entry.name] = bytes([GARBAGE]) * buffer.nbytes if entry.mode == ">" else filled[entry.name].data.tobytes()
        assert len(data[entry.name]) == buffer.nbytes, (op.name, entry.name, len(data[entry.name]), buffer)
    return Case(op, tuple(buffers), data, tuple(float(attributes[name]) for name in op.signature.attributes))


def program_for(case: Case) -> tuple[Program, Array]:
    """A program whose one section, "run", is the case's instruction, and its arena with the operands in place."""
    placed, indices, offset = [], [], GAP
    for buffer in case.buffers:
        if buffer is None:
            indices.append(None)
            continue
        indices.append(len(placed))
        placed.append(Buffer(buffer.name, buffer.role, buffer.format, buffer.shape, True, offset))
        offset += aligned(buffer.nbytes) + GAP
    program = Program(
        tuple(placed),
        (Instruction(case.op, tuple(indices), case.attributes),),
        (Section("run", 0, 1),),
        offset,
        sum(aligned(b.nbytes) for b in placed),
    )
    program.check()
    arena = np.full(offset, GARBAGE, np.uint8)
    for buffer in placed:
        arena[buffer.offset : buffer.offset + buffer.nbytes] = np.frombuffer(case.data[buffer.name], np.uint8)
    return program, arena


def views(program: Program, arena: Array) -> dict[str, View]:
    """The operands of a `program_for` in an arena, by name."""
    return {buffer.name: operand(arena, buffer) for buffer in program.buffers}


@cache  # to ask of tens of thousands takes a second
def _combinations(op_name: str) -> tuple[tuple[Mapping[str, str], Mapping[str, float]], ...]:
    """Every (formats by operand, attributes that change the meaning) that the instruction's limits admit."""
    op, found = OP_BY_NAME[op_name], []
    choices = [((None,) if o.optional else ()) + o.formats for o in op.signature.operands]
    sizes = dict.fromkeys("RKNCDGBHWPQIJLTOY", 1) | {"S": QUANTITIES.get(op.name, 2)}
    if op.name in sequences.NAMES:
        sizes = sequences.legal_sizes(op.name)
    sizes |= {"C": 2, "K": 2} if op.name in COMPLEX else {}
    for chosen in itertools.product(*choices):
        names = (o.name for o in op.signature.operands)
        formats = {name: form for name, form in zip(names, chosen, strict=True) if form is not None}
        if not op.reason({**sizes, **boundaries_sizes(op.name, formats)}, formats):
            for variant in VARIANTS.get(op.name, ({},)):
                if variant.get("ste") != RECTIFIED or formats["x"] == "bit":
                    found.append((formats, variant))
    return tuple(found)


def _summing_at_most(sizes: Mapping[str, int], most: int) -> dict[str, int]:
    """Few inputs for each output, K or P Q C of them: sums of bytes then fit 16 bits."""
    fitting = most // (sizes.get("P", 1) * sizes.get("Q", 1))
    return {**sizes, **{letter: min(sizes[letter], fitting) for letter in "KC" if letter in sizes}}


def _group(
    sizes: Mapping[str, int], variant: Mapping[str, float], rng: np.random.Generator
) -> tuple[dict[str, int], dict[str, float]]:
    """All channels, some whole words of them, or half a word; the last word may be part of one."""
    channels, kind = sizes["C"], rng.random()
    first, last = 0, channels
    if kind < 0.25:
        first, last = (64 * int(w) for w in sorted(rng.choice(-(-channels // 64) + 1, 2, replace=False)))
    elif kind < 0.5:
        first = 32 * int(rng.integers(-(-channels // 32)))
        last = first + 32
    return {**sizes, "D": min(last, channels) - first}, {**variant, "first": float(first)}


def _deck(rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield from (int(size) for size in rng.permutation(SIZES))
