"""Kernels of few channels, whose rows lie together in vectors, and strips of pixels: native against the reference.

Bands of pixels in one piece and in several, channels that fill a vector, a half or a quarter of it, strides and
windows of which only some fit; gradients of 16 bits whose sums doubles hold exactly, and such that they do not.
"""

from __future__ import annotations

import numpy as np
import pytest
from cases import Case, make_case
from stated import check_everywhere
from test_conv2d_weight_gradient_blocks import ADAM, BITS, GRADIENT, LATENT, _case, _sizes

from linocut.ops import OP_BY_NAME
from linocut.ops.norm import SCALED_L1

DX = {"dy": "i8", "dy_exponent": "i32", "weights": "bit", "dx": "i8", "dx_exponent": "i32", "scale": "i64"}
HALVES = {"dy": "i4", "dx": "i4"}
CONVOLUTIONS = {
    "16 channels": (DX, _sizes(2, 32, 3, 16, 16, 1, 1), 1, 1),
    "32 channels": (DX, _sizes(2, 9, 3, 32, 32, 1, 1), 1, 1),
    "64 channels": (DX, _sizes(2, 8, 3, 64, 64, 1, 1), 1, 1),
    "every other": (DX, _sizes(3, 11, 3, 16, 32, 2, 1), 2, 1),
    "one tap, every other": (DX, _sizes(3, 8, 1, 16, 32, 2, 0), 2, 0),
    "rows longer than a tile": (DX, _sizes(1, 150, 3, 3, 4, 1, 1), 1, 1),
    "no padding": (DX, _sizes(2, 10, 4, 20, 12, 1, 0), 1, 0),
    "halves": (DX | HALVES, _sizes(2, 9, 3, 16, 16, 1, 1), 1, 1),
    "halves of bytes": (DX | {"dx": "i4"}, _sizes(2, 9, 3, 32, 48, 1, 1), 1, 1),
    "16-bit": (DX | {"dx": "i16"}, _sizes(2, 9, 3, 16, 8, 1, 1), 1, 1),
    "more than bands take": (DX, _sizes(2, 5, 5, 16, 64, 1, 2), 1, 2),
}
WEIGHTS = {
    "16 channels": (ADAM, BITS | LATENT, _sizes(5, 32, 3, 16, 16, 1, 1), 1, 1, 0),
    "32 channels": (ADAM, BITS | LATENT, _sizes(5, 16, 3, 32, 24, 1, 1), 1, 1, 0),
    "64 channels": (ADAM, BITS | LATENT, _sizes(40, 8, 3, 64, 8, 1, 1), 1, 1, 0),
    "three channels": (GRADIENT, BITS, _sizes(2, 9, 3, 3, 16, 1, 1), 1, 1, 0),
    "one tap": (GRADIENT, BITS, _sizes(2, 9, 1, 20, 8, 1, 0), 1, 0, 0),
    "halves": (GRADIENT, BITS | {"dy": "i4"}, _sizes(2, 9, 3, 16, 16, 1, 1), 1, 1, 0),
    "no padding": (ADAM, BITS | LATENT, _sizes(3, 30, 3, 64, 64, 1, 0), 1, 0, 0),
    "no padding, halves": (GRADIENT, BITS | {"dy": "i4"}, _sizes(3, 12, 2, 40, 32, 1, 0), 1, 0, 0),
    "much padding": (GRADIENT, BITS, _sizes(2, 9, 3, 24, 8, 1, 2), 1, 2, 0),
    "two words": (ADAM, BITS | LATENT, _sizes(3, 32, 3, 128, 64, 1, 1), 1, 1, 0),
    "two words and a piece, halves": (GRADIENT, BITS | {"dy": "i4"}, _sizes(2, 20, 3, 150, 96, 1, 1), 1, 1, 0),
    "long rows": (GRADIENT, BITS, _sizes(1, 210, 3, 1, 8, 1, 1), 1, 1, 0),
}
NORM = {"x": "bit", "mask": "bit", "half": "bit", "stats": "f32", "beta": "f32"}
SUMS = {"x": "bit", "mask": "bit", "half": "bit", "beta": "f32", "sums": "f64", "work": "f64"}
INTEGER = {"dy_exponent": "i32", "dbeta": "f32", "sums": "f64", "scale": "i64"}
FLOATING = {"dy": "f16", "dbeta": "f32", "sums": "f64"}
NORMS = {
    "sums of halves": ("norm_gradient_sums", SUMS | {"dx": "f16"}),
    "sums of bytes": ("norm_gradient_sums", SUMS | {"dx": "i8"}),
    "sums of nibbles": ("norm_gradient_sums", SUMS | {"dx": "i4"}),
    "bytes of halves": ("norm_gradient", NORM | INTEGER | {"dx": "f16", "unit": "i32", "dy": "i8"}),
    "nibbles of halves": ("norm_gradient", NORM | INTEGER | {"dx": "f16", "unit": "i32", "dy": "i4"}),
    "halves of bytes": ("norm_gradient", NORM | FLOATING | {"dx": "i8", "dx_exponent": "i32", "more": "f16"}),
    "halves of halves": ("norm_gradient", NORM | FLOATING | {"dx": "f16", "unit": "i32"}),
}


def _convolution(formats: dict[str, str], sizes: dict[str, int], stride: int, pad: int) -> Case:
    return _case("conv2d_input_gradient", formats, sizes, stride, pad, 0)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_gradients_of_inputs(name: str) -> None:
    check_everywhere(_convolution(*CONVOLUTIONS[name]))


@pytest.mark.parametrize("name", WEIGHTS)
def test_gradients_of_weights(name: str) -> None:
    check_everywhere(_case(*WEIGHTS[name]))


@pytest.mark.parametrize("channels", [8, 16, 32, 64])
@pytest.mark.parametrize("name", NORMS)
def test_gradients_through_norms(name: str, channels: int) -> None:
    op, formats = NORMS[name]
    for ste in (1.0, 2.0):  # a sign follows, or a ReLU
        variant = {"norm": float(SCALED_L1), "ste": ste}
        for rows in (17 * 64 // channels, 320):
            check_everywhere(
                make_case(OP_BY_NAME[op], formats, variant, {"R": rows, "C": channels}, np.random.default_rng(rows))
            )


@pytest.mark.parametrize("channels", [16, 32, 64])
@pytest.mark.parametrize("form", ["f16", "i16", "f32"])
def test_norms(form: str, channels: int) -> None:
    sizes = {"R": 320, "C": channels, "D": channels}
    known = {"y": form, "stats": "f32", "beta": "f32"}
    made = {
        "norm_apply": (known | {"x": "f16", "more": "f16"}, {"relu": 1.0}),
        "norm_sign": (known | {"bits": "bit", "mask": "bit", "half": "bit"}, {}),
    }
    for name, (formats, more) in made.items():
        for seed in range(3):
            variant = {"norm": float(SCALED_L1), **more}
            check_everywhere(make_case(OP_BY_NAME[name], formats, variant, sizes, np.random.default_rng(seed)))


@pytest.mark.parametrize("largest", [1.0, 60000.0, np.inf, np.nan])
def test_sums_of_large_gradients(largest: float) -> None:
    """Sums that doubles may round are added in the order of rows, as are those that are not finite."""
    formats = SUMS | {"dx": "f16"}
    case = make_case(
        OP_BY_NAME["norm_gradient_sums"],
        formats,
        {"norm": float(SCALED_L1), "ste": 1.0},
        {"R": 6400, "C": 16},
        np.random.default_rng(0),
    )
    dx = np.random.default_rng(1).normal(0, 1e-3, 6400 * 16).astype(np.float16)
    dx[::97] = np.float16(largest)
    with np.errstate(invalid="ignore"):
        check_everywhere(Case(case.op, case.buffers, {**case.data, "dx": dx.tobytes()}, case.attributes))
