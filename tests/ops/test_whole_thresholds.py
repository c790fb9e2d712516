"""Thresholds that are whole numbers, or a y just so far from them: a sign, a mask and a half at equality.

The mean less beta psi is an integer here, and so are the ends of each interval; numbers drawn at random never are.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases import program_for, views
from operands import view
from stated import check_everywhere, stated_case
from test_native_matches_reference import reference_arena

from linocut.ops.norm import SCALED_L1

CHANNELS = 70
MEANS, PSIS, SHIFTS = (-3.0, 0.0, 2.0), (2.0, 4.0), (-1.5, -0.5, 0.0, 0.5, 1.0)


@pytest.mark.parametrize("far", [0, 30_000, -30_000])
@pytest.mark.parametrize("form", ["i16", "i32"])
def test_signs_and_masks_at_equality(form: str, far: int) -> None:
    channel = np.arange(CHANNELS)
    mean, psi, beta = (np.take(of, channel // by % len(of)) for of, by in ((MEANS, 1), (PSIS, 3), (SHIFTS, 6)))
    mean = mean + far
    y = np.arange(-24, 25)[:, None] + np.full((1, CHANNELS), far)
    made = {name: ("bit", y.shape) for name in ("bits", "mask", "half")}
    operands = {"y": view(y, form), "stats": view(np.stack([mean, psi]), "f32"), "beta": view(beta[None], "f32")}
    case = stated_case("norm_sign", operands, made, {"norm": SCALED_L1, "first": 0.0})
    check_everywhere(case)
    found, seen = views(program_for(case)[0], reference_arena(case)), 0
    for c in range(CHANNELS):
        t = Fraction(mean[c]) - Fraction(beta[c]) * Fraction(psi[c])
        seen += t.denominator == 1
        sizes = [abs(Fraction(int(value)) - t) / Fraction(psi[c]) for value in y[:, c]]
        assert found["bits"].bits()[:, c].tolist() == [int(value) >= t for value in y[:, c]]
        assert found["mask"].bits()[:, c].tolist() == [size <= 1 for size in sizes]
        assert found["half"].bits()[:, c].tolist() == [size <= (Fraction(1, 2) if size <= 1 else 2) for size in sizes]
    assert seen == CHANNELS
