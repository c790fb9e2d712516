"""`lean` on convolutions, pools and residuals against docs/design/numbers.md, layer by layer.

Integers are exact: products, maxima, sums of gradients and their shifts, signs of the gradients of weights. Thresholds
are compared as rationals, gradients within their quantisation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import images
import numpy as np
import pytest
from small import CLASSES, NETWORKS
from traces import Step, beside, eighths, feed, in_deviations, l2_gradient, numbers, rounding, started, traced

from linocut.compile.lower import compile_network
from linocut.graph.network import Network
from linocut.ops import View
from linocut.ops.bits import Array
from linocut.optimizers import Adam
from linocut.policies import lean

BATCH, RATE, SEED = 9, 0.05, 7
SIGMAS = math.sqrt(math.pi / 2)
U = 2.0**-24  # half a unit in the last place of an f32
H = 2.0**-11  # of an f16, in which full-precision layers store
TINY = 2.0**-25  # half the smallest f16
LARGER = 8  # binary digits of the unit of their gradients over that of the loss
SINGLE = 1e-6  # of sums in f32
CODE = 0.5 / 255  # half a step of a stored slope
COUNTED = 4  # channels of each norm that are followed as rationals


@dataclass(frozen=True)
class Trace:
    """The second step of a training, so that shifts and moments are not 0."""

    network: Network
    steps: list[Step]
    saturations: int

    def of(self, op: str, layer: str | None = None) -> list[Step]:
        return [step for step in self.steps if step.op == op and layer in (None, step.layer)]

    def one(self, op: str, layer: str) -> Step:
        (step,) = self.of(op, layer)
        return step

    def window(self, layer: str, image: tuple[int, ...]) -> images.Moving:
        return images.moving(self.network, layer, image)

    def norms(self, op: str) -> Iterator[tuple[Step, Step]]:
        """This instruction of each norm whose X is kept as bits, and its norm_sign."""
        inner = [step for step in self.of(op) if not step.of_logits]
        return zip(inner, self.of("norm_sign")[::-1], strict=True)

    def logits(self, op: str) -> Step:
        """This instruction of the last norm."""
        (step,) = (step for step in self.of(op) if step.of_logits)
        return step


@pytest.fixture(scope="module", params=NETWORKS)
def trace(request: pytest.FixtureRequest) -> Trace:
    network = NETWORKS[request.param]
    session = started(compile_network(network, lean, Adam(RATE), BATCH), SEED)
    rng = np.random.default_rng(SEED)
    for buffer in session.program.persistent():
        if buffer.name.endswith(".beta"):
            session.array(buffer.name)[...] = rng.normal(0, 0.5, buffer.shape)
    for _ in range(2):
        pictures = rng.integers(0, 256, (BATCH, *network.input.shape), np.uint8)
        feed(session, pictures, rng.integers(-1, CLASSES, BATCH))
        steps = traced(session, "train")
    return Trace(network, steps, int(session.array("counters")[3]))


def whole(view: View) -> Array:
    """Stored integers in the buffer's own dimensions; a byte u as 2u - 255."""
    found = view.values().astype(np.int64)
    return 2 * found - 255 if view.format == "u8" else found


def real(view: View) -> Array:
    """Numbers in the buffer's own dimensions; a byte u as (2u - 255) / 255."""
    found = view.values().astype(np.float64)
    return (2 * found - 255) / 255 if view.format == "u8" else found


def gradient(step: Step, name: str, *, after: bool = False) -> Array:
    """A gradient in numbers, (rows, channels): mantissas times their power of two."""
    views = step.after if after else step.before
    exponent = views.get(f"{name}_exponent")
    if exponent is not None:
        return np.ldexp(numbers(views[name]), int(exponent.data[0]))
    return np.ldexp(numbers(views[name]), unit_of(step))


def unit_of(step: Step) -> int:
    """The exponent of the unit of float gradients, where an instruction is told it."""
    return int(step.before["unit"].data[0]) + LARGER if "unit" in step.before else 0


def stored(size: Array) -> Array:
    """By how much what is stored in f16 may be off."""
    return H * np.abs(size) + TINY


def shift(step: Step) -> int:
    """How far the mantissas of dx were shifted right."""
    return int(step.after["dx_exponent"].data[0]) - int(step.before["dy_exponent"].data[0])


def shifted(total: Array, right: int, form: str = "i16") -> Array:
    """Rounded to nearest, halves up; what passes the format is its limit."""
    limit = 127 if form == "i8" else 32767
    return np.clip(np.floor(total / 2**right + 0.5), -limit, limit).astype(np.int64)


def is_integer(step: Step, name: str) -> bool:
    return f"{name}_exponent" in step.before or f"{name}_exponent" in step.after


def close(actual: Array, expected: Array, error: Array | float) -> None:
    assert actual.shape == expected.shape
    worst = np.abs(actual - expected) - error
    assert (worst <= 0).all(), f"by {worst.max()} at {np.unravel_index(worst.argmax(), worst.shape)}"


def sgn(x: Array) -> Array:
    return np.where(x >= 0, 1, -1)


def test_every_kind_of_instruction_is_there(trace: Trace) -> None:
    ops = {step.op for step in trace.steps}
    both = {"conv2d", "conv2d_input_gradient", "conv2d_weight_gradient_adam", "max_pool", "max_pool_gradient"}
    own = {
        "convolutional": {"flatten_bits", "weight_gradient_adam"},
        "residual": {"average_pool", "relu", "real_sign", "gate_gradient", "to_numbers", "conv2d_input_sums"},
    }
    assert ops >= both | own[trace.network.name]
    assert trace.saturations == 0


def test_products(trace: Trace) -> None:
    for step in trace.of("conv2d"):
        window = trace.window(step.layer, step.before["x"].shape)
        if step.before["weights"].format == "bit":
            y = images.convolved(whole(step.before["x"]), whole(step.before["weights"]), window)
            assert np.array_equal(whole(step.after["y"]), y)
        else:
            x, w = real(step.before["x"]), real(step.before["weights"])
            size = images.convolved(np.abs(x), np.abs(w), window)
            y = images.convolved(x, w, window)
            close(real(step.after["y"]), y, SINGLE * size + stored(y))
    for step in trace.of("binary_matmul"):
        assert np.array_equal(whole(step.after["y"]), whole(step.before["x"]) @ whole(step.before["weights"]).T)


def test_pools(trace: Trace) -> None:
    for step in trace.of("max_pool"):
        x = real(step.before["x"])
        assert np.array_equal(real(step.after["y"]), images.largest(x, trace.window(step.layer, x.shape)))
    for step in trace.of("average_pool"):
        x = real(step.before["x"])
        y = images.averaged(x, trace.window(step.layer, x.shape))
        close(real(step.after["y"]), y, SINGLE * np.abs(x).max() + stored(y))


def test_signs_are_packed_anew_in_their_order(trace: Trace) -> None:
    for step in trace.of("flatten_bits"):
        assert np.array_equal(whole(step.after["y"]), whole(step.before["x"]).reshape(BATCH, -1))


def test_numbers(trace: Trace) -> None:
    for step in trace.of("to_numbers"):
        close(real(step.after["y"]), real(step.before["x"]), stored(real(step.before["x"])))
    for step in trace.of("add"):
        y = real(step.before["a"]) + real(step.before["b"])
        close(real(step.after["y"]), y, U * np.abs(y) + stored(y))
    for step in trace.of("relu"):
        assert np.array_equal(real(step.after["y"]), np.maximum(real(step.before["x"]), 0))
    for step in trace.of("real_sign"):
        x = real(step.before["x"])
        assert np.array_equal(whole(step.after["bits"]), sgn(x))
        if "mask" in step.after:
            assert np.array_equal(whole(step.after["mask"]), np.where(np.abs(x) <= 1, 1, -1))
        else:
            close(step.after["slope"].values() / 255, np.maximum(1 - np.abs(x), 0), CODE + 1e-6)


def test_mean_and_spread_are_the_rational_ones_rounded_once(trace: Trace) -> None:
    for step in trace.of("norm_statistics"):
        y = step.before["y"].data
        if step.of_logits:
            mu, var = y.mean(axis=0, dtype=np.float64), y.var(axis=0, dtype=np.float64)
            close(numbers(step.after["stats"]), np.stack([mu, var]), 3 * U * np.stack([np.abs(mu), var]) + 1e-9)
            continue
        if not step.before["y"].form.is_integer:
            mu = y.mean(axis=0, dtype=np.float64)
            psi = np.abs(y - mu).mean(axis=0) * SIGMAS
            close(numbers(step.after["stats"]), np.stack([mu, psi]), 2 * U * np.stack([np.abs(mu), psi]) + 1e-9)
            continue
        for channel, (mu, psi) in list(enumerate(step.after["stats"].data.T.tolist()))[:COUNTED]:
            column = [int(value) for value in y[:, channel]]
            mean = Fraction(sum(column), len(column))
            spread = sum(abs(value - mean) for value in column) / len(column)
            assert mu == float(np.float32(float(mean)))
            assert psi == pytest.approx(float(spread) * SIGMAS, rel=3 * U)


def test_signs_and_masks_are_the_rational_comparisons(trace: Trace) -> None:
    """X^ = (Y >= t), mask = (|Y - t| <= psi), half within psi / 2 or 2 psi, t = mu - beta psi, of what is stored."""
    for step in trace.of("norm_sign"):
        bits = step.after["bits"].bits()
        mask, half = step.after["mask"].bits(), step.after["half"].bits()
        integer = step.before["y"].form.is_integer
        for channel, (mu, spread) in list(enumerate(step.before["stats"].data.T.tolist()))[:COUNTED]:
            beta, psi = Fraction(float(step.before["beta"].data[0, channel])), Fraction(spread)
            t = Fraction(mu) - beta * psi
            column = [Fraction(float(value)) for value in step.before["y"].data[:, channel]]
            certain = [integer or abs(value - t) > 1e-5 * psi for value in column]
            assert all(bit == (v >= t) for bit, v, sure in zip(bits[:, channel], column, certain, strict=True) if sure)
            if integer:
                inside = [abs(value - t) <= psi for value in column]
                assert mask[:, channel].tolist() == inside
                finer = [abs(value - t) <= (psi / 2 if i else 2 * psi) for value, i in zip(column, inside, strict=True)]
                assert half[:, channel].tolist() == finer


def test_gradient_of_the_loss_fills_15_bits(trace: Trace) -> None:
    (step,) = trace.of("softmax_cross_entropy")
    logits, labels = numbers(step.before["logits"]), step.before["labels"].data
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    expected = np.where(labels[:, None] >= 0, (p - np.eye(CLASSES)[labels]) / BATCH, 0.0)
    unit = 2.0 ** int(step.after["exponent"].data[0])
    mantissas = numbers(step.after["gradient"])
    assert 2**14 <= np.abs(mantissas).max() <= 2**15 - 1
    close(mantissas * unit, expected, 0.5001 * unit)


def test_sums_of_gradients(trace: Trace) -> None:
    for step, forward in trace.norms("norm_gradient_sums"):
        g, u = passing(step, forward, numbers(step.before["dx"])), levels(forward)
        sums = [g.sum(axis=0), (g * u).sum(axis=0), np.abs(g).max(axis=0), u.sum(axis=0), (u * u).sum(axis=0)]
        exact = step.before["dx"].form.is_integer
        close(step.after["sums"].data, np.array(sums), 0.0 if exact else 1e-5 * np.abs(g).sum(axis=0))
    last = trace.logits("norm_gradient_sums")
    g, u = numbers(last.before["dx"]), numbers(last.before["x"]) - numbers(last.before["beta"])
    close(last.after["sums"].data[:2], np.stack([g.sum(axis=0), (g * u).sum(axis=0)]), 1e-6 * np.abs(g).sum(axis=0))


def passing(step: Step, forward: Step, g: Array) -> Array:
    """The gradient, 0 where |x| > 1 if a sign follows, and where x < 0 if a ReLU does."""
    passes = {0.0: 1, 1.0: forward.after["mask"].bits(), 2.0: forward.after["bits"].bits()}
    return g * passes[step.attributes["ste"]]


def levels(forward: Step) -> Array:
    """What x counts as in the backward pass, of a norm_sign."""
    return eighths(*(numbers(forward.after["bits"]), forward.after["mask"].bits(), forward.after["half"].bits()))


def test_gradient_of_the_last_norm_is_the_exact_derivative_within_one_unit(trace: Trace) -> None:
    step = trace.logits("norm_gradient")
    assert step.before["x"].format == "f32"
    g, u = gradient(step, "dx"), numbers(step.before["x"]) - numbers(step.before["beta"])
    dy = l2_gradient(g, u) / np.sqrt(numbers(step.before["stats"])[1] + 1e-5)
    close(numbers(step.after["dbeta"])[0], g.sum(axis=0), 1e-6 * np.abs(g).sum(axis=0))
    if not is_integer(step, "dy"):
        dy = np.ldexp(dy, -unit_of(step))
        close(numbers(step.after["dy"]), dy, 1e-5 * np.abs(dy).max() + stored(dy))
        return
    unit = 2.0 ** int(step.after["dy_exponent"].data[0])
    assert (np.abs(dy) > 127.5 * unit).mean() <= 0.1
    close(gradient(step, "dy", after=True), np.clip(dy, -127 * unit, 127 * unit), rounding(g) * unit)
    assert np.abs(numbers(step.after["dy"])).max() >= 16


def test_gradient_of_norms_within_one_unit(trace: Trace) -> None:
    for step, forward in trace.norms("norm_gradient"):
        assert np.array_equal(step.before["stats"].data, forward.before["stats"].data)
        g = passing(step, forward, gradient(step, "dx"))
        v = g / numbers(step.before["stats"])[1]
        dy = beside(v, levels(forward))
        close(numbers(step.after["dbeta"])[0], g.sum(axis=0), 1e-6 * np.abs(g).sum(axis=0))
        if not is_integer(step, "dy"):
            dy = np.ldexp(dy, -unit_of(step)) + (numbers(step.before["more"]) if "more" in step.before else 0.0)
            close(numbers(step.after["dy"]), dy, 1e-5 * np.ldexp(np.abs(v).max(), -unit_of(step)) + stored(dy))
            continue
        unit = 2.0 ** int(step.after["dy_exponent"].data[0])
        assert (np.abs(dy) > 127.5 * unit).mean() <= 0.1  # of few
        close(gradient(step, "dy", after=True), np.clip(dy, -127 * unit, 127 * unit), rounding(g) * unit)
        assert np.abs(numbers(step.after["dy"])).max() >= 16  # nor is the exponent needlessly large


def test_gradients_of_inputs_are_exact_but_for_their_shift(trace: Trace) -> None:
    for step in trace.of("conv2d_input_gradient"):
        image = step.after["dx"].shape
        window = trace.window(step.layer, image)
        if not is_integer(step, "dy"):
            dy, w = real(step.before["dy"]), real(step.before["weights"])
            size = images.input_gradient(np.abs(dy), np.abs(w), image, window)
            dx = images.input_gradient(dy, w, image, window)
            close(real(step.after["dx"]), dx, SINGLE * size + stored(dx))
            continue
        dy, w = whole(step.before["dy"]), whole(step.before["weights"])
        total = images.input_gradient(dy, w, image, window)
        assert np.array_equal(whole(step.after["dx"]), shifted(total, shift(step), step.after["dx"].format))
        _, _, _, largest, saturated, near = step.after["scale"].data
        size = np.abs(np.floor(total / 2 ** shift(step) + 0.5))
        assert (largest, saturated, near) == (np.abs(total).max(), (size > 127).sum(), (size > 63).sum())
    for step in trace.of("input_gradient"):
        total = whole(step.before["dy"]) @ whole(step.before["weights"])
        assert np.array_equal(whole(step.after["dx"]), shifted(total, shift(step), step.after["dx"].format))


def test_gradients_of_pools(trace: Trace) -> None:
    """Integers are shifted where windows overlap: an input may then gather several."""
    for step in trace.of("max_pool_gradient"):
        x = real(trace.one("max_pool", step.layer).before["x"])
        window = trace.window(step.layer, x.shape)
        dx = images.largest_gradient(real(step.before["dy"]), x, window)
        if not is_integer(step, "dy"):
            close(real(step.after["dx"]), dx, SINGLE * np.abs(dx).max() + stored(dx))
            continue
        shared = -(-window.height // window.stride) * -(-window.width // window.stride)
        assert 2 ** shift(step) >= shared > 2 ** (shift(step) - 1)
        assert np.array_equal(whole(step.after["dx"]), shifted(dx, shift(step)))
        assert step.after["dx"].format == step.before["dy"].format
    for step in trace.of("average_pool_gradient"):
        image = step.after["dx"].shape
        dx = images.averaged_gradient(real(step.before["dy"]), image, trace.window(step.layer, image))
        close(real(step.after["dx"]), dx, SINGLE * np.abs(dx).max() + stored(dx))


def test_gradients_before_signs_and_rectifiers(trace: Trace) -> None:
    for step in trace.of("gate_gradient"):
        g, kind = gradient(step, "dx"), step.layer.rstrip("0123456789")
        x = numbers(trace.one("relu" if kind == "relu" else "real_sign", step.layer).before["x"])
        slope, error = (x > 0).astype(np.float64), 0.0
        if kind == "sign":
            quadratic = "slope" in step.before
            slope = np.maximum(2 - 2 * np.abs(x), 0) if quadratic else (np.abs(x) <= 1).astype(np.float64)
            error = 2 * CODE * quadratic
        given, wanted = np.ldexp(g, -unit_of(step)), np.ldexp(g * slope, -unit_of(step))
        wanted = wanted + (numbers(step.before["more"]) if "more" in step.before else 0.0)
        close(numbers(step.after["out"]), wanted, np.abs(given) * (error + 1e-6) + stored(wanted))


def test_gradients_leave_their_unit(trace: Trace) -> None:
    for step in trace.of("from_unit"):
        close(numbers(step.after["x"]), np.ldexp(numbers(step.before["x"]), unit_of(step)), 1e-40)


def test_the_shift_of_the_input(trace: Trace) -> None:
    """The sums of what dX would be, which is never formed."""
    for step in trace.of("conv2d_input_sums"):
        dy, w = real(step.before["dy"]), real(step.before["weights"])
        image = (dy.shape[0], int(step.attributes["image_height"]), int(step.attributes["image_width"]), w.shape[-1])
        layer = next(s.layer for s in trace.of("conv2d") if s.before["x"].shape == image)
        dx, size = (
            images.input_gradient(a, b, image, trace.window(layer, image))
            for a, b in ((dy, w), (np.abs(dy), np.abs(w)))
        )
        close(numbers(step.after["sums"])[0], dx.sum(axis=(0, 1, 2)), SINGLE * size.sum(axis=(0, 1, 2)))


def test_full_precision_gradients_of_weights(trace: Trace) -> None:
    for step in trace.of("conv2d_weight_gradient"):
        x, dy = real(trace.one("conv2d", step.layer).before["x"]), real(step.before["dy"])
        window = trace.window(step.layer, x.shape)
        dw, size = (images.weight_gradient(a, b, window) for a, b in ((dy, x), (np.abs(dy), np.abs(x))))
        close(real(step.after["dw"]), dw, SINGLE * size)


def test_weights_follow_the_exact_gradient_in_deviations(trace: Trace) -> None:
    """The q7 moment of gradients in q7, to nearest; the q15 weight to the dithered integer around w - 3 lr m^."""
    rate = 3 * RATE / (1 - 0.9**2)
    binary = {n.name for n in trace.network.graph.nodes if n.name.startswith("binary")}
    steps = trace.of("conv2d_weight_gradient_adam") + trace.of("weight_gradient_adam")
    assert {step.layer for step in steps} == binary
    for step in steps:
        forward = next(s for s in trace.steps if s.layer == step.layer and "weights" in s.before and "x" in s.before)
        x, dy = whole(forward.before["x"]), whole(step.before["dy"])
        dw = dy.T @ x if x.ndim == 2 else images.weight_gradient(dy, x, trace.window(step.layer, x.shape))
        given = in_deviations(dw.reshape(numbers(step.before["m"]).shape))
        moment = 0.9 * numbers(step.before["m"]) + 0.1 * given
        assert np.abs(numbers(step.after["m"]) - moment).max() <= 0.551 + 127 * 2.0**-15
        moved = numbers(step.before["w"]) - rate * 32767 * numbers(step.after["m"]) / 127
        assert np.abs(numbers(step.after["w"]) - np.clip(moved, -32767, 32767)).max() < 1.01
