"""Complex products of signs by two counts of bits, beside the four products of their parts: the ratio, layer by layer.

    python benchmarks/complex_products.py [--isa avx2] [--rounds 15]

Layers are those of complex_nin and complex_resnet18, at a few images. Rounds of both alternate; results are compared.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from linocut import _native, roles
from linocut.compile.placement.lifetimes import aligned
from linocut.compile.program import Buffer, Instruction, Program, Section
from linocut.ops import OP_BY_NAME
from linocut.ops.bits import pack
from linocut.ops.complex_block import blocked_bits
from linocut.run.session import NativeSession

# Images, side, complex inputs and outputs, window.
LAYERS = (
    (8, 32, 124, 100, 1),
    (8, 32, 100, 60, 1),
    (8, 16, 60, 124, 5),
    (8, 16, 124, 124, 1),
    (8, 8, 124, 124, 3),
    (4, 32, 46, 46, 3),
    (4, 16, 92, 92, 3),
    (4, 8, 184, 184, 3),
    (4, 4, 356, 356, 3),
)
Operands = tuple[tuple[str, str, tuple[int, ...]], ...]


def session(op: str, operands: Operands, attributes: tuple[float, ...], isa: str) -> NativeSession:
    """A session of a program of one instruction, on one thread."""
    offset, placed = 64, []
    for name, form, shape in operands:
        buffer = Buffer(name, roles.WORKSPACE, form, shape, True, offset)
        placed.append(buffer)
        offset += aligned(buffer.nbytes) + 64
    instruction = Instruction(OP_BY_NAME[op], tuple(range(len(placed))), attributes)
    least = sum(aligned(buffer.nbytes) for buffer in placed)
    program = Program(tuple(placed), (instruction,), (Section("run", 0, 1),), offset, least)
    program.check()
    return NativeSession(program, 1, isa)


def sessions(layer: tuple[int, int, int, int, int], isa: str) -> tuple[NativeSession, NativeSession]:
    """Both ways over the same signs; AssertionError where they give other sums."""
    images, side, inputs, outputs, window = layer
    x = ("x", "bit", (images, side, side, 2 * inputs))
    y = ("y", "i16", (images, side, side, 2 * outputs))
    at = (1.0, (window - 1) // 2, (window - 1) // 2)
    two = session("complex_conv2d", (x, ("weights", "bit", (outputs, window, window, 2 * inputs)), y), at, isa)
    rows = ("weights", "bit", (2 * outputs, window, window, 2 * inputs))
    four = session("conv2d", (x, rows, y), (*at, 0.0), isa)
    rng = np.random.default_rng(0)
    signs = pack(rng.random((images * side * side, 2 * inputs)) < 0.5)
    weights = pack(rng.random((outputs, window, window, 2 * inputs)) < 0.5)
    for one, own in ((two, weights), (four, blocked_bits(weights, 2 * inputs))):
        one.array("x")[...] = signs.reshape(one.array("x").shape)
        one.array("weights")[...] = own.reshape(one.array("weights").shape)
        one.run("run")
    assert np.array_equal(two.array("y"), four.array("y"))
    return two, four


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--isa", default=_native.isas()[0])
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    print(f"{given.isa}, one thread, fastest and median of {given.rounds} rounds; seed 0")
    for layer in LAYERS:
        both = sessions(layer, given.isa)
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(given.rounds):
            for one, taken in zip(both, times, strict=True):
                begin = time.perf_counter()
                one.run("run")
                taken.append(time.perf_counter() - begin)
        fastest, median = min(times[1]) / min(times[0]), np.median(times[1]) / np.median(times[0])
        images, side, inputs, outputs, window = layer
        what = f"{window} x {window}, {inputs} -> {outputs}, {side} x {side}"
        print(f"{what:30} {min(times[0]) * 1e3 / images:8.3f} ms an image, {fastest:.2f} times faster ({median:.2f})")


if __name__ == "__main__":
    main()
