"""conv2d_weight_gradient where its blocks of pixels, taps, inputs and outputs end, and conv2d of few inputs, native
against the reference.
"""

from __future__ import annotations

import numpy as np
import pytest
from cases import Case, program_for, views
from operands import FILLS
from test_native_matches_reference import ISAS, MISSING, differences, native_arena, reference_arena

from linocut import roles
from linocut.compile.program import Buffer
from linocut.ops import OP_BY_NAME

GRADIENT, ADAM, BOP = "conv2d_weight_gradient", "conv2d_weight_gradient_adam", "conv2d_weight_gradient_bop"
BITS, BYTES = {"dy": "i8", "x": "bit", "dw": "bit"}, {"dy": "i8", "x": "u8", "dw": "bit"}
LATENT = {"w": "q15", "m": "q7", "control": "f64", "random": "i64", "counters": "i64", "micro": "i64"}
PACKED = {"weights": "bit", "m": "q15", "random": "i64", "counters": "i64", "micro": "i64"}
FLOATS = {"dy": "f32", "x": "bit", "dw": "f32"}
HALVES = {"dy": "f16", "x": "f16", "dw": "f32"}
FORWARD, SIGNS = "conv2d", {"x": "bit", "weights": "bit", "y": "i16"}


def _sizes(batch: int, image: int, window: int, inputs: int, outputs: int, stride: int, pad: int) -> dict[str, int]:
    out = (image + 2 * pad - window) // stride + 1
    square = {"H": image, "W": image, "P": window, "Q": window, "I": out, "J": out}
    return {"B": batch, "C": inputs, "N": outputs, **square}


BLOCKS = {
    "words and blocks of outputs": (ADAM, BITS | LATENT, _sizes(3, 12, 3, 200, 300, 1, 1), 1, 1, 0),
    "rectangles of taps": (ADAM, BITS | LATENT, _sizes(3, 9, 3, 64, 70, 1, 1), 1, 1, 0),
    "one tap": (BOP, BITS | PACKED, _sizes(2, 12, 1, 70, 65, 1, 0), 1, 0, 0),
    "a row of taps in pieces": (GRADIENT, BITS, _sizes(2, 11, 7, 70, 130, 1, 3), 1, 3, 0),
    "many rows of taps": (GRADIENT, BYTES, _sizes(2, 22, 20, 1, 3, 1, 0), 1, 0, 0),
    "bytes of several words": (GRADIENT, BYTES, _sizes(2, 9, 3, 100, 70, 2, 1), 2, 1, 0),
    "more pixels than are summed in 32 bits": (GRADIENT, BYTES, _sizes(40, 32, 3, 3, 5, 1, 1), 1, 1, 0),
    "few inputs, three taps a word": (ADAM, BITS | LATENT, _sizes(3, 9, 3, 16, 16, 1, 1), 1, 1, 0),
    "few inputs, two taps a word": (ADAM, BITS | LATENT, _sizes(3, 11, 3, 32, 40, 2, 1), 2, 1, 0),
    "few inputs, many outputs": (GRADIENT, BITS, _sizes(2, 9, 3, 16, 300, 1, 1), 1, 1, 0),
    "three inputs": (GRADIENT, BITS | {"dy": "i4"}, _sizes(2, 17, 5, 3, 6, 1, 2), 1, 2, 0),
    "images smaller than windows": (GRADIENT, BITS, _sizes(5, 2, 3, 16, 16, 1, 1), 1, 1, 0),
    "products of few inputs": (FORWARD, SIGNS, _sizes(3, 9, 3, 16, 16, 1, 1), 1, 1, 0),
    "products of few inputs, every other": (FORWARD, SIGNS, _sizes(3, 11, 3, 32, 64, 2, 1), 2, 1, 0),
    "products of three inputs": (FORWARD, SIGNS, _sizes(2, 17, 5, 3, 128, 1, 2), 1, 2, 0),
    "products of images smaller than windows": (FORWARD, SIGNS, _sizes(5, 2, 3, 16, 16, 1, 1), 1, 1, 0),
    "floats": (GRADIENT, FLOATS, _sizes(2, 11, 7, 70, 130, 1, 3), 1, 3, 0),
    "floats in order": (GRADIENT, FLOATS, _sizes(2, 11, 7, 70, 130, 1, 3), 1, 3, 1),
    "halves in order": (GRADIENT, FLOATS | {"dy": "f16", "x": "f16"}, _sizes(2, 9, 6, 130, 20, 1, 2), 1, 2, 1),
    "floats of wide images, of a stem": (GRADIENT, FLOATS | {"x": "f32"}, _sizes(3, 32, 3, 3, 16, 1, 1), 1, 1, 1),
    "of halves, outputs of two panels": (GRADIENT, HALVES, _sizes(2, 18, 3, 40, 130, 1, 1), 1, 1, 1),
    "of every other pixel": (GRADIENT, HALVES, _sizes(2, 40, 7, 3, 64, 2, 3), 2, 3, 0),
    "of bits": (GRADIENT, FLOATS, _sizes(2, 20, 3, 20, 17, 1, 1), 1, 1, 1),
    "of bytes": (GRADIENT, FLOATS | {"x": "u8"}, _sizes(2, 33, 5, 3, 20, 2, 2), 2, 2, 1),
    "more pixels side by side than are taken at once": (GRADIENT, HALVES, _sizes(1, 300, 3, 5, 6, 1, 1), 1, 1, 1),
    "matrices": (GRADIENT, FLOATS | {"x": "f32"}, _sizes(300, 1, 1, 70, 150, 1, 0), 1, 0, 0),
    "matrices of halves, in order": (GRADIENT, HALVES, _sizes(2, 9, 1, 70, 10, 1, 0), 1, 0, 1),
    "matrices of bytes": (GRADIENT, FLOATS | {"x": "u8"}, _sizes(33, 1, 1, 784, 20, 1, 0), 1, 0, 1),
}


def _case(name: str, formats: dict[str, str], sizes: dict[str, int], stride: int, pad: int, exact: int) -> Case:
    op = OP_BY_NAME[name]
    window = {"stride": stride, "pad_top": pad, "pad_left": pad, "exact": exact}
    filled, attributes = FILLS[name](formats, sizes, window, np.random.default_rng(0))
    attributes = {**window, **attributes}
    buffers, data = [], {}
    for entry in op.signature.operands:
        shape = tuple(int(d) if d.isdigit() else sizes[d] for d in entry.dims)
        buffers.append(Buffer(entry.name, roles.WORKSPACE, formats[entry.name], shape, True))
        data[entry.name] = bytes(buffers[-1].nbytes) if entry.mode == ">" else filled[entry.name].data.tobytes()
    return Case(op, tuple(buffers), data, tuple(float(attributes[key]) for key in op.signature.attributes))


def _check(case: Case, isa: str) -> None:
    assert not MISSING, MISSING
    first = native_arena(case, isa, 1)
    found = differences(case, reference_arena(case), first)
    assert not found, "\n".join(found)
    assert np.array_equal(first, native_arena(case, isa, 3))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("block", BLOCKS)
def test_ends_of_blocks(block: str, isa: str) -> None:
    _check(_case(*BLOCKS[block]), isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("gradient", [127, -128])
def test_largest_sums(gradient: int, isa: str) -> None:
    for formats, seen in ((BYTES, 255), (BYTES, 0), (BITS, 255)):
        sizes = _sizes(80, 32, 1, 8, 3, 1, 0)  # 81,920 pixels: 2 * 81,920 * 127 * 255 passes 32 bits
        case = _case(GRADIENT, formats, sizes, 1, 0, 0)
        data = {**case.data, "dy": np.full(len(case.data["dy"]), gradient, np.int8).tobytes()}
        data["x"] = bytes([seen]) * len(case.data["x"])
        _check(Case(case.op, case.buffers, data, case.attributes), isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("exact", [0, 1])
@pytest.mark.parametrize(("image", "inputs"), [(5, 70), (20, 7)], ids=["gathered", "by lines"])
def test_padding_adds_nothing_where_a_gradient_is_infinite(image: int, inputs: int, exact: int, isa: str) -> None:
    assert not MISSING, MISSING
    case = _case(GRADIENT, FLOATS, _sizes(2, image, 3, inputs, 3, 1, 1), 1, 1, exact)
    dy = np.frombuffer(case.data["dy"], np.float32).copy()
    dy[0] = np.inf  # of a corner: five of its nine taps are on padding
    case = Case(case.op, case.buffers, {**case.data, "dy": dy.tobytes()}, case.attributes)
    program = program_for(case)[0]
    with np.errstate(invalid="ignore"):  # NumPy's product of an infinity
        arenas = reference_arena(case), native_arena(case, isa, 1)
    wanted, got = (views(program, arena)["dw"].data for arena in arenas)
    assert np.isinf(wanted).sum() == 4 * inputs
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)
