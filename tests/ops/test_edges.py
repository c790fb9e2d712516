"""The edges of docs/design/numbers.md: sgn(0), ties, dead channels, rows that are not examples, no NaN anywhere."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from operands import view, work_of

from linocut.ops import OP_BY_NAME, View
from linocut.ops.bits import Array, pack, padding_is_zero, unpack
from linocut.ops.norm import L1, L2, LEVELS

NORMS = pytest.mark.parametrize("norm", [L1, L2], ids=["l1", "l2"])
FORMATS = pytest.mark.parametrize("form", ["i16", "i32", "f16", "f32"])


def run(op: str, operands: dict[str, View | None], **attributes: float) -> None:
    OP_BY_NAME[op].reference(**operands, **attributes)


def zeros(form: str, *shape: int) -> View:
    return view(np.zeros(shape), form)


@given(st.integers(1, 200), st.integers(0, 2**32))
def test_bits_pack_and_unpack(n: int, seed: int) -> None:
    bits = np.random.default_rng(seed).random((3, n)) < 0.5
    packed = pack(bits)
    assert packed.shape == (3, -(-n // 64)) and padding_is_zero(packed, n)
    assert np.array_equal(unpack(packed, n), bits)
    for index in range(n):
        assert (int(packed[0, index // 64]) >> index % 64) & 1 == bits[0, index]


@pytest.mark.parametrize("form", ["q15", "q7", "f16", "f32"])
def test_the_sign_of_zero_is_plus(form: str) -> None:
    values = view(np.array([[0.0, -0.0, -1.0, 1.0]]), form)
    bits = zeros("bit", 1, 4)
    run("binarize", {"values": values, "bits": bits})
    assert bits.bits().tolist() == [[True, True, False, True]]


def forward(y: View, beta: float, norm: float, stats_form: str = "f32") -> dict[str, Array]:
    """Statistics, then norm_apply and norm_sign of the same Y."""
    rows, cols = y.data.shape
    stats, x, bits = zeros(stats_form, 2, cols), zeros("f32", rows, cols), zeros("bit", rows, cols)
    mask, half, omega = zeros("bit", rows, cols), zeros("bit", rows, cols), zeros("f32", 1, cols)
    shift = view(np.full((1, cols), beta), "f32")
    work = work_of("norm_statistics", cols)
    run("norm_statistics", {"y": y, "stats": stats, "running": None, "work": work}, norm=norm, momentum=0.9)
    run("norm_apply", {"y": y, "stats": stats, "beta": shift, "x": x}, norm=norm, relu=0)
    operands = {"bits": bits, "mask": mask, "half": half, "omega": omega, "work": work_of("norm_sign", cols)}
    run("norm_sign", {"y": y, "stats": stats, "beta": shift, **operands}, norm=norm)
    found = {"bits": bits.bits(), "mask": mask.bits(), "half": half.bits()}
    return {"stats": stats.data, "x": x.data, "omega": omega.data, **found}


@FORMATS
@pytest.mark.parametrize("beta", [0.0, 0.5, -0.5, 1.0, -1.0, 2.0])
def test_a_dead_channel_outputs_its_shift(form: str, beta: float) -> None:
    """Under l1 psi is 0: x is beta for every row, and so are its sign, its mask and its mean."""
    y = view(np.stack([np.full(8, 7.0), np.arange(8.0)], axis=1), form)
    found = forward(y, beta, L1)
    assert found["stats"][:, 0].tolist() == [7.0, 0.0]
    assert (found["x"][:, 0] == beta).all()
    assert (found["bits"][:, 0] == (beta >= 0)).all()
    assert (found["mask"][:, 0] == (abs(beta) <= 1)).all()
    assert (found["half"][:, 0] == (abs(beta) <= 0.5 or 1 < abs(beta) <= 2)).all()
    assert found["omega"][0, 0] == abs(beta)
    assert all(np.isfinite(values).all() for values in found.values())


@FORMATS
def test_a_dead_channel_under_l2_outputs_its_shift(form: str) -> None:
    """The variance is 0 and 1e-5 is added: (y - mu) / sqrt(1e-5) is 0 all the same."""
    found = forward(view(np.full((8, 1), 7.0), form), 0.5, L2)
    assert (found["x"] == 0.5).all() and found["bits"].all()


def backward(dx: View, stats: View, norm: float, dy_form: str, mask: Array | None = None) -> dict[str, Array]:
    rows, cols = dx.data.shape
    x = view(np.arange(rows * cols).reshape(rows, cols) % 2 == 0, "bit")
    packed = None if mask is None else view(mask, "bit")
    common = {"dx": dx, "x": x, "mask": packed, "beta": zeros("f32", 1, cols)}
    sums, dy, dbeta = zeros("f64", 5, cols), zeros(dy_form, rows, cols), zeros("f32", 1, cols)
    omega = view(np.full((1, cols), 0.8), "f32")
    work = work_of("norm_gradient_sums", cols)
    run("norm_gradient_sums", {**common, "omega": omega, "sums": sums, "work": work}, norm=norm, ste=1.0)
    exponents = {
        "dx_exponent": view(np.array([-12]), "i32") if dx.format == "i16" else None,
        "dy_exponent": zeros("i32", 1) if dy_form == "i8" else None,
        "scale": zeros("i64", 6) if dy_form == "i8" else None,
    }
    run(
        "norm_gradient",
        {**common, "stats": stats, "sums": sums, "dy": dy, "dbeta": dbeta, **exponents},
        norm=norm,
        ste=1.0,
    )
    return {"dy": dy.data, "dbeta": dbeta.data, "sums": sums.data}


@pytest.mark.parametrize(
    ("dx_form", "dy_form"), [("i16", "i8"), ("f32", "f32"), ("f16", "f16"), ("i16", "f32"), ("f32", "i8")]
)
def test_a_dead_channel_passes_no_gradient_but_its_shift_has_one(dx_form: str, dy_form: str) -> None:
    dx = view(np.random.default_rng(0).integers(-100, 100, (8, 2)), dx_form)
    found = backward(dx, view(np.array([[0.0, 0.0], [0.0, 3.0]]), "f32"), L1, dy_form)
    assert (found["dy"][:, 0] == 0).all() and (found["dy"][:, 1] != 0).any()
    scale = 2.0**-12 if dx_form == "i16" else 1.0
    assert found["dbeta"][0].tolist() == (dx.data.astype(np.float64).sum(axis=0) * scale).tolist()


@pytest.mark.parametrize(("dx_form", "dy_form"), [("i16", "i8"), ("f32", "f32"), ("i16", "f32"), ("f32", "i8")])
@pytest.mark.parametrize("case", ["no gradient", "all masked", "no channel varies", "one row"])
def test_nothing_becomes_nan_or_infinite(dx_form: str, dy_form: str, case: str) -> None:
    rows = 1 if case == "one row" else 8
    dx = np.full((rows, 3), 32767.0 if dx_form == "i16" else 1e30)
    dx *= case != "no gradient"
    mask = np.zeros((rows, 3), bool) if case == "all masked" else None
    spread = 0.0 if case in ("no channel varies", "one row") else 2.0
    stats = view(np.array([[0.0] * 3, [spread] * 3]), "f32")
    found = backward(view(dx, dx_form), stats, L1, dy_form, mask)
    assert all(np.isfinite(values).all() for values in found.values())
    assert (found["dy"] == 0).all()


@pytest.mark.parametrize(
    ("noted", "finer"),
    [
        ([0, 99, 7, 0, 9, 9], 0),  # nothing is known: the largest fits
        ([1, -17, 0, 0, 0, 0], 1),  # half the range would have done
        ([1, -20, 3, 0, 0, 1], 3),  # just right
        ([1, -20, 3, 0, 2, 9], 2),  # too many saturated
        ([1, -40, 7, 0, 0, 0], 7),  # no finer
        ([1, 5, 0, 0, 0, 0], 0),  # no coarser than the largest needs
    ],
)
@pytest.mark.parametrize("dx_form", ["i16", "f32"])
def test_the_exponent_of_dy_follows_its_overflows(noted: list[int], finer: int, dx_form: str) -> None:
    """Of 8 elements none may saturate. The largest, 3 * 2**-12 or 3, is below 2**k."""
    k, dx = (-10, [3, -3, 1, 0] * 2) if dx_form == "i16" else (2, [3.0, -3.0, 1.0, 0.0] * 2)
    noted[1] += 0 if dx_form == "i16" else 12
    scale, dy, exponent = view(np.array(noted), "i64"), zeros("i8", 8, 1), zeros("i32", 1)
    given = {"dx": view(np.array(dx)[:, None], dx_form), "x": view(np.ones((8, 1), bool), "bit"), "mask": None}
    given["dx_exponent"] = view(np.array([-12]), "i32") if dx_form == "i16" else None
    sums = view(np.array([[0.0], [0.0], [3.0], [0.8], [0.0]]), "f64")
    given |= {"stats": view(np.array([[0.0], [1.0]]), "f32"), "beta": zeros("f32", 1, 1), "sums": sums, "scale": scale}
    run("norm_gradient", {**given, "dy": dy, "dy_exponent": exponent, "dbeta": zeros("f32", 1, 1)}, norm=L1, ste=1.0)
    assert exponent.data.tolist() == [k - 7 - finer]
    exact = [value * 2 ** (5 + finer) for value in (3, -3, 1, 0)] * 2
    assert dy.data[:, 0].tolist() == [min(max(value, -127), 127) for value in exact]
    passing = [sum(abs(value) > bound for value in exact) for bound in (127, 63)]
    assert scale.data.tolist() == [1, k - 7 - finer, finer, 0, *passing]


def test_a_channel_without_gradient_does_not_set_the_exponent() -> None:
    """Its reciprocal deviation is immense; the other channel must keep its seven bits."""
    dx = view(np.stack([np.zeros(8), np.arange(8.0) * 1000 - 3500], axis=1), "i16")
    found = backward(dx, view(np.array([[0.0, 0.0], [1e-6, 3.0]]), "f32"), L1, "i8")
    assert (found["dy"][:, 0] == 0).all() and np.abs(found["dy"][:, 1].astype(int)).max() >= 32


@given(st.lists(st.integers(-300, 300), min_size=1, max_size=12), st.integers(-96, 96))
def test_thresholds_of_integers_are_the_rational_ones(column: list[int], beta_of_32: int) -> None:
    """X^ = (Y >= mu - beta psi), |x| <= 1 inclusive, by Fractions of the stored numbers: ties included."""
    found = forward(view(np.array([column]).T, "i32"), beta_of_32 / 32, L1)
    mu, psi = (Fraction(float(value)) for value in found["stats"][:, 0])
    t = mu - Fraction(beta_of_32, 32) * psi
    if psi:
        assert found["bits"][:, 0].tolist() == [value >= t for value in column]
        sizes = [abs(value - t) for value in column]
        assert found["mask"][:, 0].tolist() == [size <= psi for size in sizes]
        assert found["half"][:, 0].tolist() == [size <= (psi / 2 if size <= psi else 2 * psi) for size in sizes]


def test_levels_are_the_mean_sizes_of_normal_numbers() -> None:
    """Between 0, 1/2, 1, 2 and infinity, in eighths: a difference of densities over one of distributions."""
    edges = [0.0, 0.5, 1.0, 2.0, math.inf]
    density = [math.exp(-x * x / 2) / math.sqrt(2 * math.pi) for x in edges]
    distribution = [(1 + math.erf(x / math.sqrt(2))) / 2 for x in edges]
    pairs = zip(itertools.pairwise(density), itertools.pairwise(distribution), strict=True)
    assert tuple(round(8 * (d - e) / (q - p)) for (d, e), (p, q) in pairs) == LEVELS


def test_x_of_exactly_zero_and_one_in_every_format() -> None:
    """Y of -2, 2 with mean 0 and psi 2: x is -1, 1, both pass; shifted by 1, x is 0 (+1) and 2 (does not pass)."""
    for form in ("i16", "i32", "f16", "f32"):
        y = view(np.array([[-2.0], [2.0]]), form)
        at_one, shifted = forward(y, 0.0, L1), forward(y, 1.0, L1)
        assert at_one["x"].T.tolist() == [[-1, 1]] and at_one["mask"].T.tolist() == [[True, True]]
        assert shifted["x"].T.tolist() == [[0, 2]] and shifted["bits"].T.tolist() == [[True, True]]
        assert shifted["mask"].T.tolist() == [[True, False]]
        assert at_one["half"].T.tolist() == [[False, False]] and shifted["half"].T.tolist() == [[True, True]]
        assert shifted["omega"].tolist() == [[1.0]]


def softmax(logits: Array, labels: list[int], form: str | None = "f32", exponent: bool = False) -> dict[str, Any]:
    rows, classes = logits.shape
    operands = {
        "logits": view(logits, "f32"),
        "labels": view(np.array(labels), "i32"),
        "gradient": None if form is None else zeros(form, rows, classes),
        "exponent": view(np.array([99]), "i32") if exponent else None,
        "loss": view(np.array([10.0]), "f64"),
        "counters": view(np.array([1, 2, 3, 4]), "i64"),
    }
    run("softmax_cross_entropy", operands)
    return operands


def test_softmax_by_hand() -> None:
    """Logits 0, ln 3: p = 1/4, 3/4."""
    found = softmax(np.array([[0.0, math.log(3)], [0.0, math.log(3)]]), [1, 0])
    assert found["loss"].data[0] == pytest.approx(10 - math.log(0.75) - math.log(0.25), rel=1e-7)
    assert found["counters"].data.tolist() == [2, 4, 3, 4]
    expected = np.array([[0.25, -0.25], [-0.75, 0.75]]) / 2
    assert found["gradient"].data == pytest.approx(expected, rel=1e-6)


def test_rows_that_are_not_examples_count_for_nothing() -> None:
    logits = np.random.default_rng(0).normal(size=(4, 3))
    found = softmax(logits, [-1, 2, 3, -1])
    alone = softmax(logits[1:2], [2])
    assert (found["gradient"].data[[0, 2, 3]] == 0).all()
    assert found["gradient"].data[1] == pytest.approx(alone["gradient"].data[0] / 4)  # the mean is over all rows
    assert found["counters"].data[1] == 3
    assert found["loss"].data[0] == pytest.approx(alone["loss"].data[0])


def test_ties_go_to_the_first_class() -> None:
    assert softmax(np.array([[1.0, 1.0, 0.0]]), [0])["counters"].data[0] == 2
    assert softmax(np.array([[1.0, 1.0, 0.0]]), [1])["counters"].data[0] == 1


@pytest.mark.parametrize("spread", [1e3, 1e6, 3e38])
def test_logits_far_apart_give_finite_losses(spread: float) -> None:
    found = softmax(np.array([[spread, -spread], [0.0, -spread]]), [1, 0])
    assert np.isfinite(found["loss"].data[0]) and np.isfinite(found["gradient"].data).all()
    assert found["gradient"].data.tolist() == [[0.5, -0.5], [0.0, 0.0]]


def test_no_gradient_is_all_zero_with_any_exponent() -> None:
    found = softmax(np.zeros((2, 3)), [-1, -1], "i16", exponent=True)
    assert (found["gradient"].data == 0).all()
    assert found["exponent"].data[0] == -15


def test_mantissas_carry_their_exponent() -> None:
    found = softmax(np.zeros((1, 2)), [1], "i16", exponent=True)
    assert found["gradient"].data.tolist() == [[16384, -16384]]  # 1/2 = 2^14 2^-15
    assert found["exponent"].data[0] == -15
    found = softmax(np.zeros((1, 4)), [1], "i16", exponent=True)
    assert found["gradient"].data.tolist() == [[8192, -24576, 8192, 8192]]  # 1/4 and 3/4


@pytest.mark.parametrize(
    ("value", "code"),
    [(-1.0, 0), (1.0, 255), (0.0, 128), (-2.0, 0), (9.0, 255), (-1 + 1.01 / 255, 1), (-1 + 0.99 / 255, 0)],
)
def test_inputs_are_coded_to_the_nearest_byte(value: float, code: int) -> None:
    codes = zeros("u8", 1, 1)
    run("quantise_input", {"x": view(np.array([[value]]), "f32"), "codes": codes}, low=-1.0, high=1.0)
    assert codes.data.tolist() == [[code]]


def test_a_byte_means_minus_one_to_one() -> None:
    y = zeros("f32", 3, 1)
    weights = view(np.array([[True]]), "bit")
    run("real_matmul", {"x": view(np.array([[0], [255], [51]]), "u8"), "weights": weights, "y": y})
    assert y.data.T.tolist() == [[-1.0, 1.0, np.float32(-153) / np.float32(255)]]


@pytest.mark.parametrize(("form", "limit"), [("i8", 127), ("i16", 32767)])
@pytest.mark.parametrize("shift", [0, 1, 5, 11])
def test_sums_are_shifted_rounded_and_noted(form: str, limit: int, shift: int) -> None:
    """Halves are rounded up: (2 + 1) >> 1, and of -3 and -1 too."""
    sums = [127 * 900, -127 * 900, 3, -3, 127, -64, 130]
    dy = np.zeros((len(sums), 900))
    dy[:2] = [[127], [-127]]
    dy[2:, 0] = np.clip(sums[2:], -127, 127)
    dy[-1, 1] = 3
    dx, scale = zeros(form, len(sums), 1), view(np.array([1, 0, 0, 200, 5, 9]), "i64")
    exponents = {"dy_exponent": view(np.array([-20]), "i32"), "dx_exponent": view(np.array([shift - 20]), "i32")}
    weights = view(np.ones((900, 1), bool), "bit")
    run("input_gradient", {**exponents, "dy": view(dy, "i8"), "weights": weights, "dx": dx, "scale": scale})
    rounded = [math.floor(Fraction(sum_, 2**shift) + Fraction(1, 2)) for sum_ in sums]
    assert dx.data[:, 0].tolist() == [min(max(value, -limit), limit) for value in rounded]
    saturated, near = (sum(abs(value) > bound for value in rounded) for bound in (limit, limit // 2))
    assert scale.data.tolist() == [1, 0, 0, 127 * 900, 5 + saturated, 9 + near]


@pytest.mark.parametrize(
    ("noted", "shift"),
    [
        ([0, 7, 7, 0, 0, 0], 14),  # nothing is known: the worst sum, 127 * 9000, has 21 bits
        ([1, -13, 7, 90_000, 3, 50], 8),  # too many saturated
        ([1, -13, 7, 90_000, 2, 3], 7),  # two of 16,384 may
        ([1, -13, 7, 10_000, 0, 2], 6),  # half the range would have done
        ([1, -13, 7, 1_000, 0, 0], 3),  # an eighth would have held the largest
        ([1, -13, 7, 0, 0, 0], 7),  # there was no gradient
        ([1, -30, 7, 1_000, 0, 5], 0),  # finer than dY is never needed
        ([1, 30, 7, 9, 9, 9], 14),  # nor coarser than the worst case
    ],
)
def test_the_exponent_of_a_gradient_follows_its_overflows(noted: list[int], shift: int) -> None:
    dx_exponent, scale, counters = zeros("i32", 1), view(np.array(noted), "i64"), view(np.arange(4), "i64")
    given = {"dy_exponent": view(np.array([-20]), "i32"), "scale": scale, "counters": counters}
    attributes = {"products": 9000.0, "elements": 16384.0, "bits": 7.0, "dy_bits": 7.0}
    run("gradient_exponent", {**given, "dx_exponent": dx_exponent}, **attributes)
    assert dx_exponent.data.tolist() == [shift - 20]
    assert scale.data.tolist() == [1, shift - 20, shift, 0, 0, 0]
    assert counters.data.tolist() == [0, 1, 2, 3 + noted[4]]


def test_a_gradient_of_weights_that_cancels_is_plus() -> None:
    dw = zeros("bit", 2, 2)
    x = view(np.array([[True, True], [False, True]]), "bit")
    run("weight_gradient", {"dy": view(np.array([[5, -1], [5, 1]]), "i8"), "x": x, "dw": dw})
    assert dw.bits().tolist() == [[True, True], [False, True]]  # 0, 10; -2, 0
