"""`lean` against docs/design/numbers.md: integers exactly, thresholds as rationals, gradients quantised.

Each layer is given what the layer before it stored, and compared after.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from traces import Step, beside, eighths, feed, in_deviations, l2_gradient, numbers, rounding, started, traced

from linocut import models
from linocut.compile.lower import compile_network
from linocut.ops.bits import Array
from linocut.optimizers import Adam
from linocut.policies import lean

BATCH, CLASSES, SEED = 50, 7, 5
NETWORK = models.mlp((9, 9, 1), CLASSES, (65, 40))
SIGMAS = math.sqrt(math.pi / 2)
U = 2.0**-24  # half a unit in the last place of an f32


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    """The second step of a training, so that shifts and moments are not 0."""
    session = started(compile_network(NETWORK, lean, Adam(0.05), BATCH), SEED)
    rng = np.random.default_rng(SEED)
    for name in ("batch_norm1", "batch_norm2", "batch_norm3"):
        session.array(f"{name}.beta")[...] = rng.normal(0, 0.5, session.array(f"{name}.beta").shape)
    for _ in range(2):
        feed(session, rng.integers(0, 256, (BATCH, 9, 9, 1), np.uint8), rng.integers(-1, CLASSES, BATCH))
        found = traced(session, "train")
    return found


def of(steps: list[Step], op: str) -> list[Step]:
    chosen = [step for step in steps if step.op == op]
    assert chosen
    return chosen


def scaled(mantissas: Array, exponent: Array) -> Array:
    return np.ldexp(mantissas.astype(np.float64), int(exponent[0]))


def test_every_product_is_an_exact_integer(steps: list[Step]) -> None:
    for step in steps:
        if step.op in ("real_matmul", "binary_matmul"):
            x = numbers(step.before["x"])
            x = 2 * x - 255 if step.op == "real_matmul" else x
            assert np.array_equal(numbers(step.after["y"]), x @ numbers(step.before["weights"]).T)


def test_mean_and_deviation_are_the_rational_ones_rounded_once(steps: list[Step]) -> None:
    for step in of(steps, "norm_statistics"):
        y = step.before["y"].data.astype(int)
        for channel, (mu, psi) in enumerate(step.after["stats"].data.T.tolist()):
            column = [int(value) for value in y[:, channel]]
            mean = Fraction(sum(column), BATCH)
            assert mu == float(np.float32(float(mean)))
            if step.of_logits:
                variance = sum((value - mean) ** 2 for value in column) / BATCH
                assert psi == pytest.approx(float(variance), rel=3 * U)
            else:
                deviation = sum(abs(value - mean) for value in column) / BATCH
                assert psi == pytest.approx(float(deviation) * SIGMAS, rel=3 * U)


def test_signs_and_masks_are_the_rational_comparisons(steps: list[Step]) -> None:
    """X^ = (Y >= t), mask = (|Y - t| <= psi), half within psi / 2 or 2 psi, t = mu - beta psi, of what is stored."""
    for step in of(steps, "norm_sign"):
        bits = step.after["bits"].bits()
        mask, half = step.after["mask"].bits(), step.after["half"].bits()
        for channel, (mu, psi) in enumerate(step.before["stats"].data.T.tolist()):
            beta = Fraction(float(step.before["beta"].data[0, channel]))
            t, psi = Fraction(mu) - beta * Fraction(psi), Fraction(psi)
            column = [Fraction(int(value)) for value in step.before["y"].data[:, channel]]
            assert bits[:, channel].tolist() == [value >= t for value in column]
            inside = [abs(value - t) <= psi for value in column]
            assert mask[:, channel].tolist() == inside
            finer = [abs(value - t) <= (psi / 2 if i else 2 * psi) for value, i in zip(column, inside, strict=True)]
            assert half[:, channel].tolist() == finer


def test_gradient_of_the_loss_fills_15_bits(steps: list[Step]) -> None:
    (step,) = of(steps, "softmax_cross_entropy")
    logits, labels = numbers(step.before["logits"]), step.before["labels"].data
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    expected = np.where(labels[:, None] >= 0, (p - np.eye(CLASSES)[labels]) / BATCH, 0.0)
    mantissas, exponent = step.after["gradient"].data, step.after["exponent"].data
    assert 2**14 <= np.abs(mantissas).max() <= 2**15 - 1
    unit = 2.0 ** int(exponent[0])
    np.testing.assert_allclose(scaled(mantissas, exponent), expected, rtol=0, atol=0.5001 * unit)
    assert (mantissas[labels < 0] == 0).all() and (labels < 0).any()


def test_sums_of_gradients_are_exact(steps: list[Step]) -> None:
    for step in of(steps, "norm_gradient_sums"):
        g = step.before["dx"].data.astype(np.int64)
        if "mask" in step.before:
            g = g * step.before["mask"].bits()
        if step.of_logits:
            u = numbers(step.before["x"]) - numbers(step.before["beta"])
            np.testing.assert_allclose(step.after["sums"].data[1], (g * u).sum(axis=0), atol=1e-6 * np.abs(g).sum())
            continue
        u = eighths(step.before["x"].signs(), step.before["mask"].bits(), step.before["half"].bits())
        expected = [g.sum(axis=0), (g * u).sum(axis=0), np.abs(g).max(axis=0), u.sum(axis=0), (u * u).sum(axis=0)]
        assert np.array_equal(step.after["sums"].data, np.array(expected, np.float64))


def test_gradient_of_the_norm_within_one_unit(steps: list[Step]) -> None:
    for step in of(steps, "norm_gradient"):
        g = scaled(step.before["dx"].data, step.before["dx_exponent"].data)
        if "mask" in step.before:
            g = g * step.before["mask"].bits()
        x, deviation = numbers(step.before["x"]), numbers(step.before["stats"])[1]
        if step.of_logits:
            dy = l2_gradient(g / np.sqrt(deviation + 1e-5), x - numbers(step.before["beta"]))
        else:
            dy = beside(g / deviation, eighths(x, step.before["mask"].bits(), step.before["half"].bits()))
        mantissas, exponent = step.after["dy"].data, step.after["dy_exponent"].data
        unit = 2.0 ** int(exponent[0])
        clipped = np.clip(dy, -127 * unit, 127 * unit)
        assert (np.abs(dy) > 127.5 * unit).mean() <= 0.01
        assert (np.abs(scaled(mantissas, exponent) - clipped) <= rounding(g) * unit).all()
        assert np.abs(mantissas.astype(int)).max() >= 16  # nor is the exponent needlessly large
        dbeta = g.sum(axis=0, keepdims=True)
        np.testing.assert_allclose(numbers(step.after["dbeta"]), dbeta, rtol=2 * U)


def test_gradient_of_inputs_is_exact_but_for_its_shift(steps: list[Step]) -> None:
    for step in of(steps, "input_gradient"):
        dx = scaled(step.before["dy"].data, step.before["dy_exponent"].data) @ numbers(step.before["weights"])
        exponent = step.after["dx_exponent"].data
        unit = 2.0 ** int(exponent[0])
        clipped = np.clip(dx, -127 * unit, 127 * unit)
        assert (clipped != dx).mean() <= 0.01
        np.testing.assert_allclose(scaled(step.after["dx"].data, exponent), clipped, rtol=0, atol=0.5 * unit)


def test_weights_follow_the_exact_gradient_in_deviations(steps: list[Step]) -> None:
    """The q7 moment of gradients in q7, to nearest; the q15 weight to the dithered integer around w - 3 lr m^."""
    rate = 3 * 0.05 / (1 - 0.9**2)
    for step in of(steps, "weight_gradient_adam"):
        x = numbers(step.before["x"])
        x = 2 * x - 255 if step.before["x"].format == "u8" else x
        given = in_deviations(step.before["dy"].data.astype(np.float64).T @ x)
        moment = 0.9 * numbers(step.before["m"]) + 0.1 * given
        assert np.abs(numbers(step.after["m"]) - moment).max() <= 0.551 + 127 * 2.0**-15
        moved = numbers(step.before["w"]) - rate * 32767 * numbers(step.after["m"]) / 127
        exact = np.clip(moved, -32767, 32767)
        assert np.abs(numbers(step.after["w"]) - exact).max() < 1.01
        assert (numbers(step.before["w"]) != numbers(step.after["w"])).mean() > 0.9
