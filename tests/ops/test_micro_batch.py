"""Steps of several micro-batches: sums in numbers by hand, moments of signs against the mean that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from operands import view

from linocut.ops import OP_BY_NAME, View
from linocut.ops.bits import Array
from linocut.ops.fixed_point import decay_moment, slow_moment, step_key
from linocut.ops.micro_batch import WHOLE, MicroBatch, micro_batch

SETTINGS = {"gradient_scale": 0.5, "clip": 1.0, "salt": 3.0}
COUNT = 4


def at(place: int, count: int = COUNT) -> View:
    return View(np.array([place, count]), "i64", 2)


def clock(rate: float = 0.01) -> dict[str, View]:
    control = View(np.array([rate, 1.0, 0.9, 0.999]), "f64", 4)
    return {"control": control, "random": View(np.array([77]), "i64", 1), "counters": View(np.zeros(4, "i8"), "i64", 4)}


def run(op: str, operands: dict[str, View | None], **attributes: float) -> None:
    OP_BY_NAME[op].reference(**operands, **attributes)


def test_the_clock_moves_with_the_first_and_the_random_state_with_each() -> None:
    control, random = View(np.array([0.1, 0.0, 1.0, 1.0]), "f64", 4), View(np.array([5]), "i64", 1)
    micro, seen = at(0, 0), []
    for _ in range(7):
        run(
            "optimizer_tick",
            {"control": control, "random": random, "micro": micro},
            beta1=0.5,
            beta2=0.25,
            micro_batches=3.0,
        )
        seen.append((*micro.data.tolist(), *control.data.tolist(), int(random.data[0])))
    assert [entry[:2] for entry in seen] == [(1, 3), (2, 3), (3, 3), (1, 3), (2, 3), (3, 3), (1, 3)]
    assert [entry[3] for entry in seen] == [1, 1, 1, 2, 2, 2, 3]
    assert [entry[4:6] for entry in seen] == [(0.5, 0.25)] * 3 + [(0.25, 0.0625)] * 3 + [(0.125, 0.015625)]
    assert len({entry[6] for entry in seen}) == 7


@pytest.mark.parametrize("count", [0, -3, 2**62])
def test_a_place_that_cannot_be_is_made_to_fit(count: int) -> None:
    for place in (-(2**63), 0, 1, 7, 2**62):
        found = micro_batch(at(place, count))
        assert 1 <= found.place <= found.count <= 2**20
    assert micro_batch(None) == WHOLE


@pytest.mark.parametrize("form", ["f16", "f32"])
def test_gradients_in_numbers_become_their_mean(form: str) -> None:
    given = np.array([[[1.0, -2.0]], [[0.5, 3.0]], [[0.25, 0.0]], [[4.0, 1.0]]])
    total = view(np.array([[99.0, 99.0]]), "f32")
    for place, value in enumerate(given, 1):
        run("accumulate", {"value": view(value, form), "sum": total, "micro": at(place)})
    assert total.data.tolist() == given.mean(axis=0).tolist()


@pytest.mark.parametrize("op", ["adam", "sgd", "bop"])
def test_an_update_from_numbers_waits_for_the_last(op: str) -> None:
    """And then does what it does of a whole batch."""
    found = {}
    for micro in (None, at(2), at(4)):
        state = {"m": view(np.array([[0.1, -0.2]]), "f32"), "dw": view(np.array([[0.3, -0.4]]), "f32")}
        state |= {"weights": view(np.array([[True, True]]), "bit")} if op == "bop" else {}
        state |= {"w": view(np.array([[0.5, 0.5]]), "f32")} if op != "bop" else {}
        state |= {"v": view(np.array([[0.01, 0.02]]), "f32")} if op == "adam" else {}
        given = {**clock(), **state, "micro": micro}
        names = {o.name for o in OP_BY_NAME[op].signature.operands}
        settings = {
            "beta1": 0.9,
            "beta2": 0.999,
            "epsilon": 1e-8,
            "momentum": 0.9,
            "decay": 0.1,
            "nesterov": 1.0,
            "gamma": 0.5,
            "tau": 0.0,
            **SETTINGS,
        }
        wanted = OP_BY_NAME[op].signature.attributes
        before = {name: operand.data.copy() for name, operand in state.items()}
        run(op, {k: v for k, v in given.items() if k in names}, **{k: settings[k] for k in wanted})
        place = None if micro is None else int(micro.data[0])
        found[place] = {name: operand.data.tolist() for name, operand in state.items()}
        if place == 2:
            assert found[place] == {name: data.tolist() for name, data in before.items()}
    assert found[4] == found[None] != found[2]


def signs(count: int, width: int) -> Array:
    return np.random.default_rng(4).random((count, 1, width)) < np.linspace(0, 1, width)


@pytest.mark.parametrize(
    ("op", "form"), [("adam", "f16"), ("adam", "f32"), ("sgd", "f16"), ("sgd", "f32"), ("bop", "f32")]
)
def test_a_float_moment_takes_up_the_mean_of_signs(op: str, form: str) -> None:
    """Against float64: decay m + fresh s mean(+-1), whatever its order; the weights move in the last, v with s^2."""
    given, width = signs(COUNT, 70), 70
    m, v, w = (view(np.full((1, width), value), form) for value in (0.02, 0.2, 0.1))
    bits = view(np.ones((1, width), bool), "bit")
    for place, positive in enumerate(given, 1):
        before = w.data.copy(), v.data.copy(), bits.data.copy()
        operands = {**clock(), "m": m, "dw": view(positive, "bit"), "micro": at(place)}
        if op == "adam":
            run("adam", {**operands, "w": w, "v": v}, beta1=0.9, beta2=0.999, epsilon=1e-8, **SETTINGS)
        elif op == "sgd":
            run("sgd", {**operands, "w": w}, momentum=0.9, **SETTINGS)
        else:
            del operands["control"]
            settings = {"gradient_scale": 0.5, "salt": 3.0}
            run("bop", {**operands, "weights": bits}, gamma=0.125, tau=0.01, **settings)
        still = all(np.array_equal(a, b) for a, b in zip(before, (w.data, v.data, bits.data), strict=True))
        assert still == (place < COUNT)
    mean = 0.5 * np.where(given, 1.0, -1.0).mean(axis=0)
    decay, fresh = {"adam": (0.9, 0.1), "sgd": (0.9, 1.0), "bop": (0.875, 0.125)}[op]
    expected = decay * 0.02 + fresh * mean
    assert np.allclose(m.data, expected, rtol=0, atol=2e-3 * fresh if form == "f16" else 1e-7)
    if op == "adam":
        assert np.allclose(v.data, 0.999 * 0.2 + 0.001 * 0.25, atol=1e-3 if form == "f16" else 1e-7)
    if op == "bop":
        assert np.array_equal(bits.bits(), ~(m.data > 0.01))


@pytest.mark.parametrize("count", [2, 10, 100])
def test_a_fixed_moment_takes_up_the_mean_of_signs_on_average(count: int) -> None:
    """Each share is rounded by at most a unit, up or down, and none is lost: nearest rounding would lose all of 100."""
    width = 2**14
    given = np.random.default_rng(1).random((count, 1, width)) < 0.8
    m = np.full((1, width), 20, np.int64)
    for place, positive in enumerate(given, 1):
        m = decay_moment(m, np.where(positive, 127, -127), 0.9, MicroBatch(place, count), place)
    exact = 0.9 * 20 + 0.1 * 127 * np.where(given, 1.0, -1.0).mean(axis=0)
    error = m - exact
    assert np.abs(error).max() < count
    assert np.sqrt(np.mean(error**2)) < np.sqrt(0.25 * (count + 1)) * 1.05  # a rounding's variance is at most 1/4
    assert abs(error.mean()) < 5 * error.std() / width**0.5 + 0.01  # 0.9 in 15 bits is off by a part in 30,000


def test_a_fixed_moment_never_leaves_its_range() -> None:
    m = np.full((1, 1000), 127, np.int64)
    for step in range(5):
        for place in range(1, 11):
            m = decay_moment(m, np.full((1, 1000), 127), 0.9, MicroBatch(place, 10), step, place)
            assert np.abs(m).max() <= 127


@pytest.mark.parametrize("form", ["q7", "q15"])
def test_a_slow_moment_drifts_as_far_in_micro_batches(form: str) -> None:
    one, width, rate = {"q7": 127, "q15": 32767}[form], 2**14, 1e-2
    dtype = np.int8 if form == "q7" else np.int16
    m = View(np.full((1, width), one // 2, dtype), form, width)
    positive = np.arange(width)[None] % 2 == 0
    for step in range(50):
        for place in range(1, COUNT + 1):
            slow_moment(m, positive, rate, step_key(step, place), MicroBatch(place, COUNT))
    left = (1 - rate) ** 50
    for sign, chosen in ((1, positive), (-1, ~positive)):
        expected = left * (one // 2) + sign * one * (1 - left)
        assert m.data[chosen].astype(float).mean() == pytest.approx(expected, abs=0.01 * one)


def test_weights_move_in_the_last_micro_batch_by_its_moment() -> None:
    given, width = signs(COUNT, 70), 70
    w, m = view(np.full((1, width), 1000), "q15"), view(np.zeros((1, width)), "q7")
    for place, positive in enumerate(given, 1):
        operands = {**clock(), "w": w, "m": m, "v": None, "dw": view(positive, "bit"), "micro": at(place)}
        run("adam", operands, beta1=0.9, beta2=0.999, epsilon=1e-8, **SETTINGS)
        if place < COUNT:
            assert (w.data == 1000).all()
    exact = 1000 - 0.01 / (1 - 0.9) * m.data.astype(float) * 32767 / 127
    assert np.abs(w.data - exact).max() <= 1
