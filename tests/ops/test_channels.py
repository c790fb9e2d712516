"""add_bias, channel_sums, scale_channels and copy_channels against autograd, exact sums and concatenation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from operands import view, work_of

from linocut.ops import OP_BY_NAME, View
from linocut.ops.bits import Array

torch = pytest.importorskip("torch")
ROWS, CHANNELS = 1500, 7


def run(op: str, operands: dict[str, View | None], **attributes: float) -> None:
    OP_BY_NAME[op].reference(**operands, **attributes)


def normal(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


@pytest.mark.parametrize("form", ["f16", "f32"])
def test_a_bias_and_its_gradient_are_those_of_autograd(form: str) -> None:
    """Of y = x scale + bias, which all four instructions make: y, d bias and d scale."""
    x, scale, bias, dy = normal(0, ROWS, CHANNELS), normal(1, 1, CHANNELS), normal(2, 1, CHANNELS), normal(3, ROWS, 7)
    stored = [view(a, form) for a in (x, scale, bias, dy)]
    theirs = [torch.tensor(v.data.astype(np.float64), requires_grad=True) for v in stored]
    expected = theirs[0] * theirs[1] + theirs[2]
    (expected * theirs[3]).sum().backward()
    y = view(np.zeros_like(x), "f32")
    run("scale_channels", {"x": stored[0], "scale": stored[1], "y": y})
    run("add_bias", {"y": y, "bias": stored[2]})
    np.testing.assert_allclose(y.data, expected.detach().numpy(), rtol=0, atol=1e-6)
    sums = view(np.zeros((1, CHANNELS)), "f32")
    for b, gradient in ((None, theirs[2].grad), (stored[0], theirs[1].grad)):
        run("channel_sums", {"a": stored[3], "b": b, "sums": sums, "work": work_of("channel_sums", CHANNELS, 3)})
        np.testing.assert_allclose(sums.data, gradient.numpy(), rtol=1e-6, atol=1e-8)


def test_sums_are_exact_to_a_rounding() -> None:
    a, b = normal(4, ROWS, CHANNELS), normal(5, ROWS, CHANNELS)
    sums = view(np.zeros((1, CHANNELS)), "f32")
    operands = {"a": view(a, "f32"), "b": view(b, "f32"), "sums": sums}
    run("channel_sums", {**operands, "work": work_of("channel_sums", CHANNELS, 3)})
    exact = [math.fsum(np.float64(p) * np.float64(q) for p, q in zip(a[:, c], b[:, c], strict=True)) for c in range(7)]
    np.testing.assert_allclose(sums.data[0], exact, rtol=1.001 * 2.0**-24, atol=1e-11)


def elements(form: str, rows: int, channels: int, seed: int) -> View:
    rng = np.random.default_rng(seed)
    return view(rng.random((rows, channels)) < 0.5 if form == "bit" else rng.integers(0, 100, (rows, channels)), form)


def values(of: View) -> Array:
    return of.bits() if of.format == "bit" else of.numbers()


@pytest.mark.parametrize("form", ["bit", "u8", "i4", "i8", "i16", "f16", "f32"])
def test_concatenation_and_slices(form: str) -> None:
    """Three of 5, 64 and 70 channels in one of 139 that held anything, and back."""
    widths = (5, 64, 70)
    parts = [elements(form, 3, width, number) for number, width in enumerate(widths)]
    whole = elements(form, 3, sum(widths), 9)
    if form == "bit":
        whole.data[...] = ~np.uint64(0)
    at = 0
    for number, part in enumerate(parts):
        run("copy_channels", {"x": part, "y": whole}, begin=0, at=at, count=part.cols, fresh=float(number == 0))
        at += part.cols
    assert np.array_equal(values(whole), np.concatenate([values(part) for part in parts], axis=1))
    if form == "bit":
        assert not np.any(whole.data[:, -1] >> np.uint64(sum(widths) - 128))
    at = 0
    for part in parts:
        back = elements(form, 3, part.cols, 8)
        run("copy_channels", {"x": whole, "y": back}, begin=at, at=0, count=part.cols, fresh=1)
        assert np.array_equal(back.data, part.data)
        at += part.cols


@pytest.mark.parametrize("form", ["bit", "i4", "i8", "f32"])
def test_the_gradient_of_a_slice_is_0_elsewhere(form: str) -> None:
    dy, dx = elements(form, 4, 3, 1), elements(form, 4, 70, 2)
    run("copy_channels", {"x": dy, "y": dx}, begin=0, at=66, count=3, fresh=1)
    assert np.array_equal(values(dx)[:, 66:69], values(dy))
    assert not values(dx)[:, :66].any() and not values(dx)[:, 69:].any()


def test_a_gate_that_passes_everything_turns_mantissas_into_numbers() -> None:
    dx = view(np.array([[-127, 3, 0, 127]]), "i8")
    operands: dict[str, View | None] = {"dx": dx, "dx_exponent": view(np.array([-5]), "i32")}
    out = view(np.zeros((1, 4)), "f32")
    run("gate_gradient", {**operands, "mask": None, "slope": None, "x": None, "out": out})
    assert out.data.tolist() == [[-127 / 32, 3 / 32, 0.0, 127 / 32]]
