"""Adam, SGD and Bop against vectors computed by hand, in floats and in fixed point; the clock."""

from __future__ import annotations

import math

import numpy as np
import pytest
from operands import view
from traces import in_deviations

from linocut.ops import OP_BY_NAME, View
from linocut.ops.bits import Array
from linocut.ops.control import FLIPS
from linocut.ops.fixed_point import GOLDEN_64

SETTINGS = {"gradient_scale": 0.5, "clip": 1.0, "salt": 0.0}


def row(*values: float, form: str = "f32") -> View:
    return view(np.array([values]), form)


def clock(rate: float, steps: int = 1, beta1: float = 0.9, beta2: float = 0.999) -> dict[str, View]:
    control = View(np.array([rate, steps, beta1**steps, beta2**steps]), "f64", 4)
    return {"control": control, "random": View(np.array([77]), "i64", 1), "counters": counters()}


def counters() -> View:
    return View(np.zeros(4, np.int64), "i64", 4)


def run(op: str, operands: dict[str, View | None], **attributes: float) -> None:
    OP_BY_NAME[op].reference(**operands, **attributes)


def adam(w: View, m: View, v: View | None, dw: View, given: dict[str, View], **changes: float) -> None:
    settings = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, **SETTINGS, **changes}
    run("adam", {"w": w, "m": m, "v": v, "dw": dw, **given}, **settings)


def close(actual: View, *expected: float, rel: float = 1e-6) -> None:
    assert actual.data[0].tolist() == pytest.approx(expected, rel=rel, abs=1e-12)


def test_adam_first_step_moves_by_the_rate() -> None:
    """M = 0.1 g, v = 0.001 g^2; corrected they are g and g^2: w - lr sgn(g)."""
    w, m, v = row(0.5, -0.25, 0.0), row(0, 0, 0), row(0, 0, 0)
    adam(w, m, v, row(0.3, -4.0, 0.0), clock(0.01))
    close(m, 0.03, -0.4, 0.0)
    close(v, 9e-5, 0.016, 0.0)
    close(w, 0.49, -0.24, 0.0)


def test_adam_third_step_by_hand() -> None:
    """M = 0.9 * 0.2 + 0.1 = 0.28; v = 0.999 * 0.04 + 0.001 = 0.04096; m^ = m / 0.271; v^ = v / 0.002997001."""
    w, m, v = row(0.1), row(0.2), row(0.04)
    adam(w, m, v, row(1.0), clock(0.01, 3))
    close(m, 0.28)
    close(v, 0.04096)
    close(w, 0.1 - 0.01 * (0.28 / 0.271) / (math.sqrt(0.04096 / 0.002997001) + 1e-8))


def test_adam_epsilon_is_added_to_the_root() -> None:
    w, m, v = row(0.5), row(0.0), row(0.0)
    adam(w, m, v, row(1.0), clock(0.1), epsilon=1.0)
    close(w, 0.5 - 0.1 / 2)


def test_weights_are_clipped_and_flips_counted_but_shifts_are_neither() -> None:
    given = clock(0.3)
    w = row(0.9, -0.9, 0.2, -0.2)
    adam(w, row(0, 0, 0, 0), row(0, 0, 0, 0), row(-1, 1, 1, -1), given)
    close(w, 1.0, -1.0, -0.1, 0.1)
    narrow = row(0.4, -0.4, 0.1)
    adam(narrow, row(0, 0, 0), row(0, 0, 0), row(-1, 1, -1), clock(0.3), clip=0.5)
    close(narrow, 0.5, -0.5, 0.4)
    assert given["counters"].data.tolist() == [0, 0, 2, 0]
    given, beta = clock(0.3), row(0.9, 0.2)
    adam(beta, row(0, 0), row(0, 0), row(-1, 1), given, clip=0.0)
    close(beta, 1.2, -0.1)
    assert given["counters"].data[FLIPS] == 0


def test_a_gradient_of_signs_is_plus_or_minus_its_scale() -> None:
    w, m, v = row(0.0, 0.0), row(0, 0), row(0, 0)
    adam(w, m, v, view(np.array([[True, False]]), "bit"), clock(0.01), gradient_scale=0.25)
    close(m, 0.025, -0.025)
    close(v, 0.0000625, 0.0000625)
    close(w, -0.01, 0.01)


def test_adam_in_f16_rounds_once_on_storing() -> None:
    w, m, v = row(0.5, form="f16"), row(0.0, form="f16"), row(0.0, form="f16")
    adam(w, m, v, row(0.3, form="f16"), clock(0.01))
    assert (w.data[0, 0], m.data[0, 0]) == (np.float16(0.49), np.float16(np.float32(np.float16(0.3)) * np.float32(0.1)))


def fixed(*values: int, form: str) -> View:
    return View(np.array([values], np.int8 if form == "q7" else np.int16), form, len(values))


def test_adam_in_fixed_point_by_hand() -> None:
    """One step from rest: m = +-12.7, to 13 and -13; lr / 0.1 of s moves q15 by 32767 * 0.01 * 13/127 = 33.54."""
    given = clock(0.001)
    w, m = fixed(1000, -1000, 20, 32767, form="q15"), fixed(0, 0, 0, 0, form="q7")
    adam(w, m, None, view(np.array([[True, False, True, False]]), "bit"), given)
    assert m.data.tolist() == [[13, -13, 13, -13]]
    moved = w.data[0].astype(int)
    assert moved[0] in (966, 967) and moved[1] in (-967, -966) and moved[2] in (-14, -13) and moved[3] == 32767
    assert given["counters"].data[FLIPS] == 1


def test_adam_in_8_bits_by_hand() -> None:
    """As above, where 127 stands for 0.5: lr / 0.1 of s moves by 127 / 0.5 * 0.02 * 13 / 127 = 0.52 * 10 units."""
    given = clock(0.02)
    w, m = fixed(100, -100, 5, 127, form="q7"), fixed(0, 0, 0, 0, form="q7")
    adam(w, m, None, view(np.array([[True, False, True, False]]), "bit"), given, clip=0.5)
    assert m.data.tolist() == [[13, -13, 13, -13]]
    moved = w.data[0].astype(int)
    assert moved[0] in (94, 95) and moved[1] in (-95, -94) and moved[2] in (-1, 0) and moved[3] == 127


@pytest.mark.parametrize(("form", "one", "clip", "most"), [("q15", 32767, 1.0, 0.25), ("q7", 127, 0.5, 0.35)])
def test_adam_in_fixed_point_follows_adam_in_floats(form: str, one: int, clip: float, most: float) -> None:
    """Of signs +-s the second moment is s^2 exactly: both must draw the same path, up to rounding."""
    rng, steps = np.random.default_rng(0), 30
    start = np.rint(rng.uniform(-0.6, 0.6, 400) * one).astype(int)
    w, m = fixed(*start, form=form), fixed(*[0] * 400, form="q7")
    numbers = start[None] / one * clip
    floats = [view(numbers, "f32"), view(np.zeros((1, 400)), "f32"), view(np.zeros((1, 400)), "f32")]
    drift = rng.random(400) < 0.5
    for step in range(1, steps + 1):
        dw = view(np.where(rng.random(400) < 0.8, drift, ~drift)[None], "bit")
        given = clock(0.01, step)
        given["random"].data[0] = np.uint64(step * GOLDEN_64 % 2**64).astype(np.int64)
        adam(w, m, None, dw, given, clip=clip)
        adam(*floats, dw, clock(0.01, step), clip=clip)
    way = np.abs(floats[0].data - numbers).mean()
    error = w.data / one * clip - floats[0].data
    assert way > 0.05
    assert np.abs(error).max() < most * way and abs(error.mean()) < 0.01 * way


def test_sgd_by_hand() -> None:
    """M = 0.9 m + g; w - lr m."""
    w, m = row(0.5, -0.5), row(1.0, 0.0)
    run("sgd", {"w": w, "m": m, "dw": row(0.5, 2.0), **clock(0.1)}, momentum=0.9, **SETTINGS)
    close(m, 1.4, 2.0)
    close(w, 0.36, -0.7)


def test_sgd_in_fixed_point_by_hand() -> None:
    """The moment is kept as a tenth: after one step 13 of 127 stands for s, and moves w by lr s / 0.1 * 13/127."""
    w, m = fixed(1000, form="q15"), fixed(0, form="q7")
    given = clock(0.001)
    run("sgd", {"w": w, "m": m, "dw": view(np.array([[True]]), "bit"), **given}, momentum=0.9, **SETTINGS)
    assert m.data.tolist() == [[13]]
    assert 1000 - int(w.data[0, 0]) in (16, 17)  # 32767 * 0.001 * 0.5 / 0.1 * 13 / 127 = 16.77


def bop(weights: View, m: View, dw: View, **changes: float) -> View:
    given = {"random": View(np.array([5]), "i64", 1), "counters": counters()}
    settings = {"gamma": 0.1, "tau": 0.01, "gradient_scale": 0.5, "salt": 3.0, **changes}
    run("bop", {"weights": weights, "m": m, "dw": dw, **given}, **settings)
    return given["counters"]


def test_bop_by_hand() -> None:
    """M = 0.9 m + 0.1 g; a weight flips where w m > tau: it points along its gradient, strongly enough."""
    weights = view(np.array([[True, False, True, False, True]]), "bit")
    m = row(0.1, 0.1, -0.1, -0.1, 0.0)
    found = bop(weights, m, row(0.1, 0.1, -0.1, -0.1, 0.05))
    close(m, 0.1, 0.1, -0.1, -0.1, 0.005)
    assert weights.bits().tolist() == [[False, False, True, True, True]]
    assert found.data.tolist() == [0, 0, 2, 0]


def test_bop_does_not_flip_at_the_threshold_itself() -> None:
    weights = view(np.array([[True, True]]), "bit")
    bop(weights, row(0.25, 0.5), row(0.25, 0.5), gamma=0.5, tau=0.25)
    assert weights.bits().tolist() == [[True, False]]


@pytest.mark.parametrize(("form", "one"), [("q7", 127), ("q15", 32767)])
def test_bop_in_fixed_point(form: str, one: int) -> None:
    """The moment is a fraction of s = gradient_scale, and tau with it: 0.05 / 0.5 of one."""
    edge = int(0.1 * one)
    weights = view(np.array([[True, True, False, False]]), "bit")
    m = fixed(edge + 1, edge, -edge - 1, edge + 1, form=form)
    found = bop(weights, m, view(np.array([[True, True, False, True]]), "bit"), gamma=0.0, tau=0.05)
    assert weights.bits().tolist() == [[False, True, True, False]]
    assert m.data.tolist() == [[edge + 1, edge, -edge - 1, edge + 1]]
    assert found.data[FLIPS] == 2


def test_adam_of_q7_gradients_is_that_of_what_they_stand_for() -> None:
    """127 is three deviations: m in 127ths of that, w along 3 lr m^."""
    given = clock(0.02)
    w, m = fixed(1000, -1000, 20000, 0, form="q15"), fixed(0, 10, 100, 0, form="q7")
    adam(w, m, None, fixed(127, -60, 0, 1, form="q7"), given)
    assert m.data.tolist() == [[13, 3, 90, 0]]
    moved = np.array([1000, -1000, 20000, 0]) - 3 * 0.02 / (1 - 0.9) * np.array([13, 3, 90, 0]) / 127 * 32767
    assert np.abs(w.data[0] - moved).max() < 1.01


def test_the_clock_ticks() -> None:
    control, random = View(np.array([0.1, 2.0, 0.81, 0.998001]), "f64", 4), View(np.array([-1]), "i64", 1)
    run("optimizer_tick", {"control": control, "random": random}, beta1=0.9, beta2=0.999)
    assert control.data.tolist() == [0.1, 3.0, 0.81 * 0.9, 0.998001 * 0.999]
    assert random.data.tolist() == [0x9E3779B97F4A7C15 - 1 - 2**64]


def test_the_random_state_goes_around_in_64_bits() -> None:
    control, random = View(np.ones(4), "f64", 4), View(np.array([2**63 - 1]), "i64", 1)
    run("optimizer_tick", {"control": control, "random": random}, beta1=0.0, beta2=0.0)
    expected = (2**63 - 1 + 0x9E3779B97F4A7C15) % 2**64
    assert int(random.data[0]) % 2**64 == expected
    assert control.data.tolist() == [1.0, 2.0, 0.0, 0.0]


def fused_operands(op: str, rng: np.random.Generator) -> tuple[dict[str, View], dict[str, float]]:
    attributes = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "momentum": 0.9, "gamma": 0.01, "tau": 1e-3}
    attributes |= {"gradient_scale": 0.1, "clip": 1.0, "salt": 4.0, "signs": 1.0, "decay": 0.0, "nesterov": 1.0}
    operands = {
        "w": view(rng.integers(-32767, 32768, (6, 70)), "q15"),
        "weights": view(rng.random((6, 70)) < 0.5, "bit"),
    }
    operands |= {"m": view(rng.integers(-127, 128, (6, 70)), "q7"), **clock(0.01)}
    taken = {o.name for o in OP_BY_NAME[op].signature.operands}
    wanted = OP_BY_NAME[op].signature.attributes
    return {k: v for k, v in operands.items() if k in taken}, {k: attributes[k] for k in wanted}


def copied(operands: dict[str, View]) -> dict[str, View]:
    return {name: View(v.data.copy(), v.format, v.cols) for name, v in operands.items()}


@pytest.mark.parametrize("x_format", ["bit", "u8"])
@pytest.mark.parametrize(
    ("op", "form"), [("adam", "bit"), ("adam", "q7"), ("sgd", "bit"), ("sgd", "q7"), ("bop", "bit")]
)
def test_a_fused_update_is_its_two_parts(op: str, form: str, x_format: str) -> None:
    rng = np.random.default_rng(1)
    dy = view(rng.integers(-127, 128, (9, 6)), "i8")
    x = view(rng.random((9, 70)) < 0.5 if x_format == "bit" else rng.integers(0, 256, (9, 70)), x_format)
    operands, attributes = fused_operands(f"weight_gradient_{op}", rng)
    together = copied(operands)
    signs = {"signs": float(form == "bit")} if op != "bop" else {}
    run(f"weight_gradient_{op}", {"dy": dy, "x": x, **together}, **{**attributes, **signs})
    inputs: Array = x.signs() if x_format == "bit" else 2 * x.data.astype(int) - 255
    exact = dy.data.astype(int).T @ inputs
    dw = view(exact >= 0 if form == "bit" else np.floor(in_deviations(exact) + 0.5), form)
    apart = copied(operands)
    attributes.pop("signs", None)
    run(op, {**apart, "dw": dw, **({"v": None} if op == "adam" else {})}, **attributes)
    assert all(np.array_equal(together[name].data, apart[name].data) for name in operands)
    changed = [name for name in operands if not np.array_equal(together[name].data, operands[name].data)]
    assert "m" in changed
