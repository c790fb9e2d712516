"""Products of bytes that are as large as they get, of as many as kernels sum in 16 bits, and a few more or less."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from cases import Case, program_for, views
from operands import FILLS
from test_native_matches_reference import ISAS, MISSING, differences, native_arena, reference_arena

from linocut import roles
from linocut.compile.program import Buffer
from linocut.ops import OP_BY_NAME
from linocut.ops.bits import pack, unpack

# In groups of four: a step of a micro-kernel, the 32, 64 and 128 groups that are summed at once, and one more or less.
SUMMED = (1, 4, 5, 124, 127, 128, 129, 132, 252, 256, 257, 260, 508, 512, 516, 1025)
DY = (-128, -1, 127)
SHIFT = 12  # of exponents, so that no sum saturates

# Formats; the letter of the summed dimension; the operands' bytes.
PRODUCTS: dict[str, Any] = {
    "real_matmul": ({"x": "u8", "weights": "bit", "y": "i32"}, "K", {"x": (0, 255), "weights": (0, 255)}),
    "conv2d": ({"x": "u8", "weights": "bit", "y": "i32"}, "C", {"x": (0, 255), "weights": (0, 255)}),
    "input_gradient": (
        {"dy": "i8", "dy_exponent": "i32", "weights": "bit", "dx": "i16", "dx_exponent": "i32", "scale": "i64"},
        "N",
        {"dy": DY, "weights": (0, 255)},
    ),
    "conv2d_input_gradient": (
        {"dy": "i8", "dy_exponent": "i32", "weights": "bit", "dx": "i16", "dx_exponent": "i32", "scale": "i64"},
        "N",
        {"dy": DY, "weights": (0, 255)},
    ),
    "weight_gradient": ({"dy": "i8", "x": "bit", "dw": "q7"}, "R", {"dy": DY, "x": (0, 255)}),
    "weight_gradient of bytes": ({"dy": "i8", "x": "u8", "dw": "q7"}, "R", {"dy": DY, "x": (0, 255)}),
    "conv2d_weight_gradient": ({"dy": "i8", "x": "bit", "dw": "q7"}, "B", {"dy": DY, "x": (0, 255)}),
    "conv2d_weight_gradient of bytes": ({"dy": "i8", "x": "u8", "dw": "q7"}, "B", {"dy": DY, "x": (0, 255)}),
}
SMALL = {"R": 7, "K": 3, "N": 5, "B": 7, "C": 3} | dict.fromkeys("HWPQIJ", 1)
WINDOW = {"stride": 1.0, "pad_top": 0.0, "pad_left": 0.0, "exact": 0.0}


def _case(product: str, summed: int, chosen: tuple[int, ...] | None) -> Case:
    """Every byte of an operand the chosen one; or each any of the operand's extremes."""
    op, (formats, letter, extremes) = OP_BY_NAME[product.split()[0]], PRODUCTS[product]
    sizes, rng = {**SMALL, letter: summed}, np.random.default_rng(summed)
    filled, attributes = FILLS[op.name](formats, sizes, WINDOW, rng)
    data = {name: value.data.tobytes() for name, value in filled.items() if value is not None}
    buffers: list[Buffer | None] = []
    for entry in op.signature.operands:
        if entry.name not in formats:
            buffers.append(None)
            continue
        shape = tuple(int(d) if d.isdigit() else sizes[d] for d in entry.dims)
        buffer = Buffer(entry.name, roles.WORKSPACE, formats[entry.name], shape, True)
        buffers.append(buffer)
        if entry.mode == ">":
            data[entry.name] = bytes(buffer.nbytes)
    exponents = {"dy_exponent": 0, "dx_exponent": SHIFT}
    data |= {name: np.array([value], np.int32).tobytes() for name, value in exponents.items() if name in formats}
    for place, (name, values) in enumerate(extremes.items()):
        allowed = values if chosen is None else (chosen[place],)
        octets = rng.choice(np.array(allowed).astype(np.uint8), len(data[name]))
        if formats[name] == "bit":
            shape = next(b.shape for b in buffers if b is not None and b.name == name)
            octets = pack(unpack(octets.view(np.uint64).reshape(-1, -(-shape[-1] // 64)), shape[-1]))  # no tails
        data[name] = octets.tobytes()
    return Case(op, tuple(buffers), data, tuple({**WINDOW, **attributes}[name] for name in op.signature.attributes))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("product", PRODUCTS)
def test_largest_bytes(product: str, isa: str) -> None:
    assert not MISSING, MISSING
    for summed, chosen in itertools.product(SUMMED, (None, *itertools.product(*PRODUCTS[product][2].values()))):
        case = _case(product, summed, chosen)
        found = differences(case, reference_arena(case), native_arena(case, isa, 1))
        assert not found, "\n".join(found)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("inputs", [64, 70])
def test_one_gradient_of_a_word(inputs: int, isa: str) -> None:
    """All others are 0, so that in units of their deviation it is as large as one gets."""
    assert not MISSING, MISSING
    dy, x = np.array([[1, -1], [-1, 1]], np.int8), np.full((2, inputs), 7, np.uint8)
    x[0, 5] = 255
    shapes = {"dy": ("i8", dy.shape), "x": ("u8", x.shape), "dw": ("q7", (2, inputs))}
    buffers = tuple(Buffer(name, roles.WORKSPACE, form, shape, True) for name, (form, shape) in shapes.items())
    case = Case(
        OP_BY_NAME["weight_gradient"], buffers, {"dy": dy.tobytes(), "x": x.tobytes(), "dw": bytes(2 * inputs)}, ()
    )
    wanted = np.zeros((2, inputs), np.int8)
    wanted[:, 5] = 127, -127
    program, _ = program_for(case)
    for arena in (reference_arena(case), native_arena(case, isa, 1)):
        assert np.array_equal(views(program, arena)["dw"].data.reshape(2, inputs), wanted)
