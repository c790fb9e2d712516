"""Levels of 2 and 4 bits: the published vectors, ties, planes, and products of planes against products of numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from linocut.ops import OP_BY_NAME, View
from linocut.ops.bits import Array
from linocut.ops.levels import PLANES, float_boundaries, levels_of, whole_boundaries
from linocut.ops.norm import L1, L2, SCALED_L1
from linocut.ops.norm_levels import least_of

# Chakraborty et al., arXiv 1906.01493: q_2, by hand.
X = np.array([-1, -0.7, -0.6, -0.3, -0.1, 0.1, 0.3, 0.6, 0.7, 1], np.float32)
Q_2 = np.array([-1, -1, -1 / 3, -1 / 3, -1 / 3, 1 / 3, 1 / 3, 1 / 3, 1, 1])


def q(x: Fraction, bits: int) -> Fraction:
    """The formula, in rationals: Python rounds to the even one of two as near."""
    n = 2**bits - 1
    within = max(Fraction(-1), min(Fraction(1), x))
    return 2 * (Fraction(round(n * (within + 1) / 2), n) - Fraction(1, 2))


def planes_of(shape: tuple[int, ...], bits: int) -> dict[str, View]:
    words = np.zeros((*shape[:-1], -(-shape[-1] // 64)), np.uint64)
    return {name: View(words.copy(), "bit", shape[-1], shape) for name in PLANES[:bits]}


def quantised(x: Array, bits: int, form: str = "f32", span: float = 1.0) -> tuple[dict[str, View], Array]:
    """The planes, and the levels as integers."""
    planes = planes_of(x.shape, bits)
    OP_BY_NAME["quantise"].reference(x=View(x, form, x.shape[-1]), **planes, span=span)
    return planes, levels_of(list(planes.values()))


def test_published_vectors() -> None:
    planes, levels = quantised(X[None], 2)
    np.testing.assert_allclose(levels[0] / 3, Q_2)
    signs = {name: plane.signs()[0] for name, plane in planes.items()}
    assert {(first, second) for first, second in zip(signs["first"], signs["second"], strict=True)} == {
        *((-1, -1), (-1, 1), (1, -1), (1, 1))
    }
    np.testing.assert_array_equal(2 * signs["first"] + signs["second"], levels[0])


@pytest.mark.parametrize("bits", [2, 4])
@pytest.mark.parametrize("one", [1, 3, 15, 127, 32767])
def test_of_integers_as_in_rationals(bits: int, one: int) -> None:
    """Ties too: those that stand for 2/3 and -2/3, and 0."""
    bounds = whole_boundaries(bits, one)
    values = np.unique(np.clip(np.concatenate([bounds - 1, bounds, bounds + 1, [0, one, -one]]), -one, one))
    for value in values:
        code = int((value >= bounds).sum())
        n = 2**bits - 1
        assert Fraction(2 * code - n, n) == q(Fraction(int(value), one), bits), (value, one)


@pytest.mark.parametrize("bits", [2, 4])
def test_of_floats_as_in_rationals(bits: int) -> None:
    bounds = float_boundaries(bits)
    below = np.nextafter(bounds, np.float32(-2))
    x = np.concatenate([bounds, below, X, [np.float32(0), -np.float32(0), 5, -5]]).astype(np.float32)
    _, levels = quantised(x[None], bits)
    n = 2**bits - 1
    assert [Fraction(int(level), n) for level in levels[0]] == [q(Fraction(float(v)), bits) for v in x]
    assert quantised(np.array([[0.0, -0.0]], np.float32), bits)[1].tolist() == [[1, 1]], "sgn(0) = +1"


def test_what_is_no_number_has_the_lowest_level() -> None:
    assert quantised(np.array([[np.nan, np.inf, -np.inf]], np.float32), 2)[1].tolist() == [[-3, 3, -3]]


@pytest.mark.parametrize("bits", [2, 4])
def test_least_integers_of_a_norm(bits: int) -> None:
    """As rationals have it; 0 is where norm_sign has it; a channel that does not vary has the level of its shift."""
    mean, psi, shift = np.array([2.5, -7.0, 3.0]), np.array([3.75, 15.0, 0.0]), np.array([0.25, -0.5, -2 / 3])
    found = least_of(mean, psi, shift, 2**bits - 1)
    for channel in range(2):
        of = (Fraction(float(v[channel])) for v in (mean, psi, shift))
        mu, by, beta = of
        for y in range(-60, 61):
            code = int((y >= found[:, channel]).sum())
            n = 2**bits - 1
            assert Fraction(2 * code - n, n) == q((y - mu) / by + beta, bits)
    assert set(np.abs(found[:, 2])) == {2**30}
    np.testing.assert_array_equal(found[2 ** (bits - 1) - 1, :2], np.ceil(mean - shift * psi)[:2])


def test_norms_are_told_apart() -> None:
    stats = View(np.array([[1.0], [4.0]], np.float32), "f32", 1)
    found = {}
    for norm in (L1, L2, SCALED_L1):
        least = View(np.zeros((3, 1), np.int32), "i32", 1)
        OP_BY_NAME["norm_levels"].reference(stats=stats, beta=None, least=least, norm=norm)
        found[norm] = least.data[:, 0].tolist()
    assert found[L1] == found[SCALED_L1] == [-1, 1, 4] and found[L2] == [0, 1, 3]


@pytest.mark.parametrize("bits", [2, 4])
def test_bytes_of_levels_are_the_levels(bits: int) -> None:
    rng = np.random.default_rng(0)
    planes, levels = quantised(rng.uniform(-1.2, 1.2, (5, 70)).astype(np.float32), bits)
    y = View(np.zeros((5, 70), np.uint8), "u8", 70)
    OP_BY_NAME["levels_to_bytes"].reference(**planes, y=y)
    np.testing.assert_array_equal((2 * y.data.astype(np.int64) - 255) * (2**bits - 1), 255 * levels)


@pytest.mark.parametrize(("of_x", "of_w"), [(2, 2), (2, 4), (4, 4), (4, 2)])
def test_products_of_planes_add_up(of_x: int, of_w: int) -> None:
    """Weighted by powers of two, to the product of levels; border outputs sum fewer taps, in every plane alike."""
    rng = np.random.default_rng(1)
    sizes = {"x": (2, 5, 4, 67), "w": (6, 3, 3, 67)}
    found = {}
    for name, bits in (("x", of_x), ("w", of_w)):
        flat = rng.uniform(-1, 1, (int(np.prod(sizes[name][:-1])), 67)).astype(np.float32)
        planes, levels = quantised(flat, bits)
        views = [View(plane.data, "bit", 67, sizes[name]) for plane in planes.values()]
        found[name] = views, levels.reshape(sizes[name])
    y, attributes = np.zeros((2 * 5 * 4, 6), np.int32), {"stride": 1.0, "pad_top": 1.0, "pad_left": 1.0, "exact": 0.0}
    total = View(y, "i32", 6, (2, 5, 4, 6))
    for i, w in enumerate(reversed(found["w"][0])):
        for j, x in enumerate(reversed(found["x"][0])):
            part = View(np.zeros_like(y), "i32", 6, (2, 5, 4, 6))
            OP_BY_NAME["conv2d"].reference(x=x, weights=w, y=part, **attributes)
            OP_BY_NAME["add_product"].reference(y=total, part=part, times=float(2 ** (i + j)))
    padded = np.pad(found["x"][1], ((0, 0), (1, 1), (1, 1), (0, 0)))
    wanted = sum(
        np.einsum("bijc,nc->bijn", padded[:, p : p + 5, q : q + 4], found["w"][1][:, p, q])
        for p in range(3)
        for q in range(3)
    )
    np.testing.assert_array_equal(total.data.reshape(2, 5, 4, 6), wanted)
