"""Sums and counts of the norms as large as they get: all elements at their limit, signs equal, more rows than a sum of
few bits holds, which kernels add up in between. What is drawn at random cancels.
"""

from __future__ import annotations

import numpy as np
import pytest
from cases import program_for, views
from operands import QUANTITIES, view, work_of
from stated import check_everywhere, stated_case
from test_native_matches_reference import reference_arena

from linocut.ops import OP_BY_NAME, View
from linocut.ops.bits import Array
from linocut.ops.limits import MOST_WIDE_ROWS
from linocut.ops.norm import L1, SCALED_L1

SHAPES = ((33_000, 64), (70_001, 6))  # whole words and a part of one; rows above 2 * 16,384, and above 65,536
LIMITS = {"i8": 127, "i16": 32767, "i32": 2**31 - 1}
EACH_SHAPE = pytest.mark.parametrize("shape", SHAPES, ids=str)
EACH_PARTS = pytest.mark.parametrize("parts", [1, 2])


def extremes(rows: int, channels: int, low: int, high: int) -> Array:
    """By channel: all high; all low; all but the first, or the last, high or low; in turn."""
    y = np.empty((rows, channels), np.int64)
    for c in range(channels):
        kind = c % 6
        y[:, c] = high if kind in (0, 2, 3) else low
        if kind in (2, 4):
            y[0, c] = low if kind == 2 else high
        if kind == 3:
            y[-1, c] = low
        if kind == 5:
            y[::2, c] = high
    return y


def work(op: str, parts: int, channels: int) -> tuple[str, tuple[int, ...]]:
    return "f64", (QUANTITIES[op] * parts, channels)


@EACH_SHAPE
@EACH_PARTS
@pytest.mark.parametrize("form", ["i16", "i32"])
def test_statistics(form: str, parts: int, shape: tuple[int, int]) -> None:
    y = view(extremes(*shape, -LIMITS[form] - 1, LIMITS[form]), form)
    made = {"stats": ("f32", (2, shape[1])), "work": work("norm_statistics", parts, shape[1])}
    attributes = {"norm": SCALED_L1, "momentum": 0.9, "first": 0.0}
    check_everywhere(stated_case("norm_statistics", {"y": y}, made, attributes), threads=(2,))


@pytest.mark.parametrize("y", [-(2**31), 2**31 - 1])
def test_statistics_of_the_most_rows(y: int) -> None:
    """Their sum is -2^53, the last integer that a double tells from its neighbours on both sides; or next to 2^53."""
    made = {"stats": ("f32", (2, 1)), "work": work("norm_statistics", 2, 1)}
    operands = {"y": view(np.full((MOST_WIDE_ROWS, 1), y), "i32")}
    attributes = {"norm": SCALED_L1, "momentum": 0.9, "first": 0.0}
    case = stated_case("norm_statistics", operands, made, attributes)
    check_everywhere(case, threads=(2,))
    stats = views(program_for(case)[0], reference_arena(case))["stats"].data
    assert stats.tolist() == [[float(np.float32(y))], [0.0]]


@EACH_SHAPE
@EACH_PARTS
@pytest.mark.parametrize("form", ["i16", "i32"])
@pytest.mark.parametrize("beta", [-(2.0**31), 0.0, 2.0**31])
def test_signs(beta: float, form: str, parts: int, shape: tuple[int, int]) -> None:
    """All below the threshold, above it, and as they are."""
    rows, channels = shape
    y = view(extremes(rows, channels, -LIMITS[form] - 1, LIMITS[form]), form)
    stats, shift = view(np.array([[0.0], [1.0]]).repeat(channels, 1), "f32"), np.full((1, channels), beta)
    bits = {name: ("bit", shape) for name in ("bits", "mask", "half")}
    made = {**bits, "omega": ("f32", (1, channels)), "work": work("norm_sign", parts, channels)}
    operands = {"y": y, "stats": stats, "beta": view(shift, "f32")}
    check_everywhere(stated_case("norm_sign", operands, made, {"norm": L1, "first": 0.0}), threads=(2,))


def level(channels: int, rows: int, number: int) -> dict[str, View]:
    """Bits of an x as far from 0 as there is a level for, 19 eighths, by channel positive, negative and both."""
    x = extremes(rows, channels, 0, 1)
    x = np.roll(x, number, axis=1).astype(bool)
    nothing = np.zeros((rows, channels), bool)
    return {"x": view(x, "bit"), "mask": view(nothing, "bit"), "half": view(nothing, "bit")}


@EACH_SHAPE
@EACH_PARTS
@pytest.mark.parametrize("turn", [0, 1])
@pytest.mark.parametrize("form", ["i8", "i16"])
def test_gradient_sums(form: str, turn: int, parts: int, shape: tuple[int, int]) -> None:
    """Sum g, sum g u and sum u^2, where u is 19 throughout: g and u agree in their signs, and do not."""
    rows, channels = shape
    dx = view(extremes(rows, channels, -LIMITS[form], LIMITS[form]), form)
    made = {"sums": ("f64", (5, channels)), "work": work("norm_gradient_sums", parts, channels)}
    operands = {"dx": dx, **level(channels, rows, turn)}
    attributes = {"norm": SCALED_L1, "ste": 0.0}
    check_everywhere(stated_case("norm_gradient_sums", operands, made, attributes), threads=(2,))


@pytest.mark.parametrize("finer", range(8))
@pytest.mark.parametrize("turn", [0, 1])
@pytest.mark.parametrize("form", ["i8", "i16"])
def test_gradients(form: str, turn: int, finer: int) -> None:
    """g a - u b - c in 32 bits, where g and u are at their limits."""
    rows, channels = 70, 70
    dx = view(extremes(rows, channels, -LIMITS[form], LIMITS[form]), form)
    bits, sums = level(channels, rows, turn), view(np.zeros((5, channels)), "f64")
    attributes = {"norm": SCALED_L1, "ste": 0.0}
    OP_BY_NAME["norm_gradient_sums"].reference(
        dx=dx, **bits, beta=None, omega=None, sums=sums, work=work_of("norm_gradient_sums", channels), **attributes
    )
    stats = view(np.array([[0.0], [3.0]]).repeat(channels, 1), "f32")
    scale = view(np.array([finer > 0, -20 - finer, finer, 0, 0, 0]), "i64")
    operands = {"dx": dx, **bits, "stats": stats, "beta": view(np.zeros((1, channels)), "f32"), "sums": sums}
    operands |= {"scale": scale, "dx_exponent": view(np.array([-12]), "i32")}
    made = {"dy": ("i8", (rows, channels)), "dy_exponent": ("i32", (1,)), "dbeta": ("f32", (1, channels))}
    check_everywhere(stated_case("norm_gradient", operands, made, attributes))
