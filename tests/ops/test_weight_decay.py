"""decay_weights, sgd's own decay and Nesterov's step: against PyTorch in floats, and their averages in fixed point."""

from __future__ import annotations

import numpy as np
import pytest
from operands import view

from linocut.formats import FORMATS
from linocut.ops import OP_BY_NAME, View
from linocut.ops.bits import Array
from linocut.ops.fixed_point import GOLDEN_64

RATE, STEPS = 0.05, 6
SETTINGS = {"gradient_scale": 0.5, "clip": 0.0, "salt": 3.0}


def clock(rate: float = RATE, step: int = 1) -> dict[str, View]:
    control = View(np.array([rate, 1.0, 0.9, 0.999]), "f64", 4)
    return {"control": control, "random": view(np.array([step * GOLDEN_64 % 2**64], np.uint64).view(np.int64), "i64")}


def counters() -> dict[str, View]:
    return {"counters": View(np.zeros(4, np.int64), "i64", 4)}


def normal(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


def decay(w: View, rate: float, given: dict[str, View], salt: float = 7.0, micro: View | None = None) -> None:
    OP_BY_NAME["decay_weights"].reference(w=w, **given, micro=micro, rate=rate, salt=salt)


def sgd(w: View, m: View, dw: View, given: dict[str, View], micro: View | None = None, **changes: float) -> None:
    settings = {"momentum": 0.9, **SETTINGS, **changes}
    OP_BY_NAME["sgd"].reference(w=w, m=m, dw=dw, **given, **counters(), micro=micro, **settings)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_sgd_steps_as_pytorch_does(weight_decay: float, nesterov: bool) -> None:
    torch = pytest.importorskip("torch")
    w, m = view(normal(0, 5, 70), "f32"), view(np.zeros((5, 70)), "f32")
    theirs = torch.tensor(w.data.astype(np.float64), requires_grad=True)
    stepper = torch.optim.SGD([theirs], lr=RATE, momentum=0.9, weight_decay=weight_decay, nesterov=nesterov)
    for step in range(STEPS):
        g = normal(10 + step, 5, 70)
        theirs.grad = torch.tensor(g.astype(np.float64))
        stepper.step()
        sgd(w, m, view(g, "f32"), clock(), decay=weight_decay, nesterov=float(nesterov))
    np.testing.assert_allclose(w.data, theirs.detach().numpy(), rtol=0, atol=2e-6)


def test_decoupled_decay_and_adam_step_as_adamw_does() -> None:
    torch = pytest.importorskip("torch")
    w, m, v = view(normal(1, 5, 70), "f32"), view(np.zeros((5, 70)), "f32"), view(np.zeros((5, 70)), "f32")
    theirs = torch.tensor(w.data.astype(np.float64), requires_grad=True)
    stepper = torch.optim.AdamW([theirs], lr=RATE, weight_decay=0.2)
    settings = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, **SETTINGS}
    for step in range(1, STEPS + 1):
        g = normal(10 + step, 5, 70)
        theirs.grad = torch.tensor(g.astype(np.float64))
        stepper.step()
        given = clock()
        given["control"].data[1:] = step, 0.9**step, 0.999**step
        decay(w, 0.2, given)
        OP_BY_NAME["adam"].reference(w=w, m=m, v=v, dw=view(g, "f32"), **given, **counters(), **settings)
    np.testing.assert_allclose(w.data, theirs.detach().numpy(), rtol=0, atol=3e-6)


def test_decay_joins_in_the_micro_batch_that_moves_weights() -> None:
    """Of signs: m takes up a half of each gradient, decay joins once; Nesterov takes the last gradient."""
    w, m = view(np.array([[2.0, 2.0]]), "f32"), view(np.array([[1.0, 1.0]]), "f32")
    for place, signs in ((1, [True, False]), (2, [True, True])):
        micro = View(np.array([place, 2]), "i64", 2)
        sgd(w, m, view(np.array([signs]), "bit"), clock(0.1), micro, momentum=0.5, decay=0.25, nesterov=1.0)
    moments = [0.5 + 0.5 + 0.25 * 2, 0.5 + 0.25 - 0.25 + 0.25 * 2]
    assert m.data[0].tolist() == pytest.approx(moments)
    assert w.data[0].tolist() == pytest.approx([2 - 0.1 * (0.5 + 0.25 * 2 + 0.5 * moment) for moment in moments])


def test_nesterov_in_fixed_point_by_hand() -> None:
    """From rest, s a gradient: m is 12.7 of 127, to 13; (1 - 0.9) 127 + 0.9 13 = 24.4, to 24; a tenth of s moves by
    lr s / 0.1 of it."""
    w, m = view(np.array([[1000]]), "q15"), view(np.array([[0]]), "q7")
    sgd(w, m, view(np.array([[True]]), "bit"), clock(0.001), nesterov=1.0, clip=1.0)
    assert m.data.tolist() == [[13]]
    assert 1000 - int(w.data[0, 0]) in (30, 31)  # 32767 * 0.001 * 0.5 / 0.1 * 24 / 127 = 30.96


@pytest.mark.parametrize(("form", "clip", "most"), [("q15", 1.0, 0.25), ("q7", 0.5, 0.35)])
def test_nesterov_in_fixed_point_follows_that_in_floats(form: str, clip: float, most: float) -> None:
    rng, one, count = np.random.default_rng(0), FORMATS[form].one, 400
    start = np.rint(rng.uniform(-0.6, 0.6, (1, count)) * one)
    w, m = view(start, form), view(np.zeros((1, count)), "q7")
    floats = view(start / one * clip, "f32"), view(np.zeros((1, count)), "f32")
    drift = rng.random(count) < 0.5
    for step in range(1, 31):
        dw = view(np.where(rng.random(count) < 0.8, drift, ~drift)[None], "bit")
        sgd(w, m, dw, clock(0.002, step), nesterov=1.0, clip=clip)
        sgd(*floats, dw, clock(0.002, step), nesterov=1.0, clip=clip)
    way = np.abs(floats[0].data - start / one * clip).mean()
    error = w.data / one * clip - floats[0].data
    assert way > 0.05
    assert np.abs(error).max() < most * way and abs(error.mean()) < 0.01 * way


@pytest.mark.parametrize("share", [1e-6, 1e-4, 0.01, 0.05])
@pytest.mark.parametrize(("form", "size"), [("q15", 20000), ("q15", 300), ("q7", 100), ("q7", 5)])
def test_fixed_point_weights_fall_by_their_share_on_average(form: str, size: int, share: float) -> None:
    """Both signs alike; where the steps are fractions of a unit their mean is right all the same."""
    count, steps = 2**14, 8
    w = view(np.where(np.arange(count) % 2, size, -size)[None], form)
    for step in range(1, steps + 1):
        decay(w, share, clock(1.0, step))
    expected = size * (1 - share) ** steps
    lost = size - np.abs(w.data.astype(np.float64))
    assert (lost >= 0).all()
    # Dithers of q7 are spread evenly over the steps, those of q15 drawn: a rounding's deviation is 1/2 at most.
    tolerance = 4 * 0.5 * np.sqrt(steps / count) + steps * 2.0**-17
    for sign in (1, -1):
        assert lost[np.sign(w.data) == sign].mean() == pytest.approx(size - expected, abs=tolerance)


@pytest.mark.parametrize("form", ["q15", "q7"])
def test_decay_changes_no_sign_and_takes_lr_times_rate_within_0_and_1(form: str) -> None:
    one = FORMATS[form].one
    start = np.array([[0, 1, -1, 2, -2, one, -one, -one - 1]])
    for rate, control in ((1.0, 1e9), (1e30, 1e30), (1.0, 1.0), (1.0, np.inf)):
        w = view(start, form)
        decay(w, rate, clock(control))
        assert w.data.tolist() == [[0, 0, -1, 0, -1, 0, -1, -1]]
    for rate, control in ((0.0, 1.0), (1.0, 0.0), (1.0, -5.0), (1.0, np.nan), (0.0, np.inf)):
        w = view(start, form)
        decay(w, rate, clock(control))
        assert np.array_equal(w.data, start)
    w = view(start, form)
    for step in range(1, 200):
        decay(w, 0.3, clock(1.0, step))
        assert ((w.data >= 0) == (start >= 0)).all()


def test_decay_waits_for_the_last_micro_batch() -> None:
    for place in (1, 2, 3):
        w = view(np.array([[1.0, -1.0]]), "f32")
        decay(w, 0.5, clock(0.5), micro=View(np.array([place, 3]), "i64", 2))
        assert w.data.tolist() == ([[0.75, -0.75]] if place == 3 else [[1.0, -1.0]])


@pytest.mark.parametrize("form", ["q15", "q7"])
def test_decay_and_update_of_the_same_salt_round_independently(form: str) -> None:
    """Half a unit down by each: whether one does is no sign of whether the other does."""
    count = 2**14
    decayed, moved = view(np.full((1, count), 100), form), view(np.full((1, count), 100), form)
    decay(decayed, 0.005, clock(1.0), salt=3.0)
    one = FORMATS[form].one
    rate = 0.5 / (one / 127 * 13) * (1 - 0.9) / 0.5  # 13 of 127 move by half a unit
    m = view(np.zeros((1, count)), "q7")
    sgd(moved, m, view(np.ones((1, count), bool), "bit"), clock(rate), clip=1.0)
    first, second = decayed.data[0] == 99, moved.data[0] == 100
    assert 0.45 < first.mean() < 0.55 and 0.45 < second.mean() < 0.55
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05
