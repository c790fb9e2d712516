"""Weights and gradients that are infinite or no numbers, beside padding: what a window leaves out adds nothing.

Kernels put a 0 there, and 0 times an infinity is no 0: panels that hold one go another way.
"""

from __future__ import annotations

import numpy as np
import pytest
from cases import program_for, views
from operands import view
from stated import stated_case
from test_native_matches_reference import ISAS, MISSING, native_arena, reference_arena

from linocut.ops import View
from linocut.ops.bits import Array

BATCH, SIZE, TAPS, INPUTS, OUTPUTS = 2, 7, 3, 43, 70  # 387 weights an output, in panels of 128; outputs in two of 64
PIXELS = (BATCH, SIZE, SIZE)
WINDOW = {"stride": 1.0, "pad_top": 1.0, "pad_left": 1.0}
SHAPES = {"x": (*PIXELS, INPUTS), "y": (*PIXELS, OUTPUTS), "weights": (OUTPUTS, TAPS, TAPS, INPUTS)}
SHAPES |= {"dx": SHAPES["x"], "dy": SHAPES["y"], "dw": SHAPES["weights"]}
# The instruction, what it reads and makes, and which of these has what is no finite number.
INSTRUCTIONS = {
    "conv2d": (("x", "weights"), "y", "weights"),
    "conv2d_input_gradient": (("dy", "weights"), "dx", "weights"),
    "conv2d_weight_gradient": (("dy", "x"), "dw", "dy"),
}
# Of an operand of 4 dimensions: corners of the window or the image, the first and last of the panels' rows and columns.
PLACES = [(0, 0, 0, 0), (-1, -1, -1, -1), (0, -1, 0, -1), (-1, 0, -1, 0), (0, 1, 1, 20)]


def operand(values: Array, form: str) -> View:
    flat = view(values.reshape(-1, values.shape[-1]), form)
    return View(flat.data, form, values.shape[-1], values.shape)


@pytest.mark.parametrize("odd", [np.inf, -np.inf, np.nan], ids=str)
@pytest.mark.parametrize("exact", [0.0, 1.0])
@pytest.mark.parametrize("form", ["f16", "f32"])
@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_padding_beside_what_is_not_finite(name: str, form: str, exact: float, odd: float) -> None:
    assert not MISSING, MISSING
    read, made, holder = INSTRUCTIONS[name]
    for place in PLACES:
        rng = np.random.default_rng(2)
        values = {one: rng.standard_normal(SHAPES[one]) for one in read}
        values[holder][place] = odd
        operands = {one: operand(array, form) for one, array in values.items()}
        case = stated_case(name, operands, {made: (form, SHAPES[made])}, {**WINDOW, "exact": exact})
        program, _ = program_for(case)
        with np.errstate(invalid="ignore"):
            expected = views(program, reference_arena(case))[made].data
        assert np.isfinite(expected).any() and not np.isfinite(expected).all()
        for isa in ISAS:
            found = views(program, native_arena(case, isa, 2))[made].data
            assert np.array_equal(np.isfinite(found), np.isfinite(expected)), (isa, place)
            near = 0 if exact else 2e-3 if form == "f16" else 1e-5
            np.testing.assert_allclose(found, expected, near, 0 if exact else 1e-2, err_msg=f"{isa} {place}")
