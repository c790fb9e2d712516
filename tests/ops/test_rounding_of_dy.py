"""Dithered rounding of dY: what is far below a mantissa's unit is there on average, and so in sums over the batch."""

from __future__ import annotations

import numpy as np
import pytest
from operands import view, work_of

from linocut.ops import OP_BY_NAME, View
from linocut.ops.bits import Array
from linocut.ops.norm import SCALED_L1
from linocut.ops.norm_gradient import dithers

ROWS, CHANNELS = 4096, 70
ALIVE = 64  # one in so many rows has a gradient


def sparse_gradient(dx_form: str, x_form: str) -> tuple[View, View]:
    """Dx (R, C) as a max-pool hands it down, mostly 0, and x."""
    rng = np.random.default_rng(1)
    alive = rng.random((ROWS, CHANNELS)) < 1 / ALIVE
    dx = np.where(alive, rng.normal(6, 20, (ROWS, CHANNELS)).round(), 0)
    x = rng.normal(0, 1, (ROWS, CHANNELS))
    return view(dx, dx_form), view(x >= 0 if x_form == "bit" else x, x_form)


def gradient(dx: View, x: View) -> tuple[Array, Array]:
    """Of scaled l1 with a deviation of 1: dY in its mantissas' unit, and u."""
    zero, work = view(np.zeros((1, CHANNELS)), "f32"), work_of("norm_gradient_sums", CHANNELS)
    sums, dbeta = view(np.zeros((5, CHANNELS)), "f64"), view(np.zeros((1, CHANNELS)), "f32")
    mask = half = view(np.ones((ROWS, CHANNELS)), "bit") if x.format == "bit" else None
    given = {"dx": dx, "x": x, "mask": mask, "half": half, "beta": zero, "sums": sums}
    how = {"norm": SCALED_L1, "ste": 0.0}
    OP_BY_NAME["norm_gradient_sums"].reference(**given, omega=None, work=work, **how)
    dy, exponent = view(np.zeros((ROWS, CHANNELS)), "i8"), view(np.zeros(1), "i32")
    integers = {"dx_exponent": view(np.zeros(1), "i32") if dx.format == "i8" else None}
    stats = view(np.stack([np.zeros(CHANNELS), np.ones(CHANNELS)]), "f32")
    out = {"dy": dy, "dy_exponent": exponent, "dbeta": dbeta, "scale": view(np.zeros(6), "i64")}
    OP_BY_NAME["norm_gradient"].reference(**given, **integers, stats=stats, **out, **how)
    return dy.data.astype(np.float64), x.signs() if x.format == "bit" else x.data.astype(np.float64)


@pytest.mark.parametrize(("dx_form", "x_form"), [("i8", "bit"), ("f32", "f32")])
def test_dy_of_a_sparse_gradient_has_no_mean_and_no_slope(dx_form: str, x_form: str) -> None:
    """The mean of g is a small part of a unit: to nearest it vanishes, and dY sums to hundreds of units a channel."""
    dx, x = sparse_gradient(dx_form, x_form)
    dy, u = gradient(dx, x)
    most = np.sqrt(ROWS)  # of independent roundings twice the largest standard deviation
    assert np.abs(dy.sum(axis=0)).max() <= most
    assert np.abs((dy * u).sum(axis=0)).mean() <= most


def test_dithers_fill_their_range_evenly() -> None:
    """Along rows and along channels: any 256 in a row leave no gap of more than a 64th, and each row is another."""
    drawn = dithers(2048, 300) / 2.0**32
    assert drawn.min() >= 0.0 and drawn.max() < 1.0
    for line in (*drawn[:256].T, *drawn[1792:].T, *drawn[:64, :256]):
        assert np.diff(np.sort(line), prepend=0.0, append=1.0).max() < 1 / 64
    assert len(np.unique(drawn[:, 0])) == len(drawn)
