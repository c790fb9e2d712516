"""How far the native core may be from the reference, operand by operand, where its arithmetic is in floats.

Everything else is equal to the byte: integers, and all that follows from them in a fixed order; the loss; updates.

The reference sums in float64; a kernel may sum in float32, in any order, with or without fused multiplication. A sum
of n terms so formed is off by at most (n + 2) u sum|terms|, u = 2^-24 (Higham, Accuracy and Stability, 4.2). A result
that is then stored may fall on the other side of a rounding: one unit in the last place of its format. Signs are only
compared where the number behind them is further from the threshold than its own error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from linocut.ops import View
from linocut.ops.bits import Array
from linocut.ops.norm import L1, divisor, reciprocal
from linocut.ops.norm_gradient_sums import masked, partner
from linocut.ops.real_matmul import U8_SCALE
from linocut.ops.weight_gradient import product

U = 2.0**-24


@dataclass(frozen=True)
class Within:
    """Numbers may differ by `error` before rounding to the operand's format."""

    error: Array


@dataclass(frozen=True)
class Where:
    """Bits must agree where `decided`."""

    decided: Array


Bounds: TypeAlias = dict[str, "Within | Where"]
Views: TypeAlias = Mapping[str, View]


def no_bounds(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """Every byte as in the reference."""
    return {}


def violation(bound: Within | Where | None, expected: View, actual: View) -> str:
    """What is wrong with an operand, "" where nothing is."""
    if bound is None:
        wrong = expected.data.view(np.uint8) != actual.data.view(np.uint8)
        wrong = wrong.reshape(*expected.data.shape, -1).any(axis=-1)
        return _first(wrong, expected.data, actual.data, "byte for byte")
    if isinstance(bound, Where):
        wrong = (expected.bits() != actual.bits()) & bound.decided
        return _first(wrong, expected.bits(), actual.bits(), "where decided") or _padding(expected, actual)
    wanted, got = expected.data.astype(np.float64), actual.data.astype(np.float64)
    unit = np.spacing(np.abs(expected.data)).astype(np.float64)  # in the last place of the stored number
    error = np.broadcast_to(bound.error, wanted.shape)
    allowed = np.where(error > 0, error + unit, 0.0)
    wrong = ~(np.abs(wanted - got) <= allowed)
    return _first(wrong, wanted, got, f"within {allowed[wrong][0]:.3g}" if wrong.any() else "")


def _padding(expected: View, actual: View) -> str:
    same = View(actual.data, "bit", actual.data.shape[-1] * 64).bits()[..., expected.cols :]
    return f"padding bits are not 0 in {np.count_nonzero(same)} places" if same.any() else ""


def _first(wrong: Array, expected: Array, actual: Array, how: str) -> str:
    if not wrong.any():
        return ""
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    count = f"{np.count_nonzero(wrong):,} of {wrong.size:,}"
    return f"{count} differ ({how}), first at {at}: expected {expected[at]!r}, got {actual[at]!r}"


def real_matmul(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """Float inputs are summed over K; byte inputs are exact."""
    x = before["x"]
    if x.format == "u8":
        return {}
    return {"y": Within((x.cols + 2) * U * np.abs(x.data).sum(axis=1, keepdims=True, dtype=np.float64))}


def norm_statistics(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """A mean is a sum; a spread is a sum of what the mean's error moves. A constant channel has exactly no spread."""
    y = before["y"]
    if y.is_integer() and attributes["norm"] == L1:
        return {}
    values = y.data.astype(np.float64)
    gamma = (values.shape[0] + 2) * U
    mu = values.mean(axis=0)
    mean_error = gamma * np.abs(values).mean(axis=0)
    deviation = np.abs(values - mu)
    if attributes["norm"] == L1:
        spread_error = gamma * deviation.mean(axis=0) + mean_error
    else:
        spread_error = (gamma + 2 * U) * np.square(deviation).mean(axis=0)
        spread_error += 2 * mean_error * deviation.mean(axis=0) + mean_error**2
    spread_error = np.where(deviation.max(axis=0) == 0, 0.0, spread_error)
    error = np.stack([mean_error, spread_error])
    stored = error + np.spacing(np.abs(after["stats"].data)).astype(np.float64)
    return {
        "stats": Within(error),
        "running": Within(stored * (1 - attributes["momentum"]) + 2 * U * np.abs(after["stats"].data)),
    }


def _normalised(before: Views, norm: float) -> tuple[Array, Array]:
    """X in float64, and the error of its three float32 operations and two rounded constants."""
    y, stats, shift = before["y"].data.astype(np.float64), before["stats"], before["beta"].data[0].astype(np.float64)
    scaled = (y - stats.data[0].astype(np.float64)) * reciprocal(stats, norm)
    return scaled + shift, 5 * U * (np.abs(scaled) + np.abs(shift))


def norm_apply(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """Elementwise."""
    if before["y"].is_integer():
        return {}
    return {"x": Within(_normalised(before, attributes["norm"])[1])}


def norm_sign(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """Signs and masks of x where it is clear of 0 and of 1; omega is a mean."""
    if before["y"].is_integer():
        return {}
    x, error = _normalised(before, attributes["norm"])
    exact = divisor(before["stats"], attributes["norm"]) == 0  # x is beta itself
    bits, mask = Where(exact | (np.abs(x) > error)), Where(exact | (np.abs(np.abs(x) - 1) > error))
    omega = ((x.shape[0] + 2) * U * np.abs(x) + error).mean(axis=0, keepdims=True)
    return {"bits": bits, "mask": mask, "omega": Within(omega)}


def norm_gradient_sums(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """Sums of floats; the largest is exact, and so is omega where it is given."""
    dx, x = before["dx"], before["x"]
    if dx.is_integer():
        return {}
    g = np.abs(masked(dx, x, before.get("mask"), attributes["ste"])).astype(np.float64)
    u = np.abs(partner(x, before["beta"], attributes["norm"])).astype(np.float64)
    gamma = (g.shape[0] + 4) * U
    none = np.zeros(g.shape[1])
    omega = none if "omega" in before or x.format == "bit" else gamma * np.abs(x.data.astype(np.float64)).mean(axis=0)
    return {"sums": Within(np.stack([gamma * g.sum(axis=0), gamma * (g * u).sum(axis=0), none, omega]))}


def norm_gradient(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """Elementwise from given sums: four float32 operations, three rounded constants, u itself a difference."""
    if before["dx"].is_integer():
        return {}
    norm, sums = attributes["norm"], before["sums"].data
    g = np.abs(masked(before["dx"], before["x"], before.get("mask"), attributes["ste"])).astype(np.float64)
    u = np.abs(partner(before["x"], before["beta"], norm)).astype(np.float64)
    rows = g.shape[0]
    slope = np.abs(sums[1]) / rows * (sums[3] if norm == L1 else 1.0)
    size = g + np.abs(sums[0]) / rows + u * slope
    return {"dy": Within(8 * U * size * reciprocal(before["stats"], norm))}


def input_gradient(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """A sum over the outputs."""
    dy = before["dy"]
    if dy.is_integer():
        return {}
    return {"dx": Within((dy.cols + 2) * U * np.abs(dy.data.astype(np.float64)).sum(axis=1, keepdims=True))}


def weight_gradient(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """A sum over the rows; its sign where it is clear of 0."""
    dy, x = before["dy"], before["x"]
    if dy.is_integer():
        return {}
    inputs = 1.0 if x.format == "bit" else np.abs(x.data.astype(np.float64))
    if x.format == "u8":
        inputs = np.abs(2 * inputs - U8_SCALE) / U8_SCALE
    size = np.abs(dy.data.astype(np.float64)).T @ np.broadcast_to(inputs, (dy.data.shape[0], x.cols))
    error = (dy.data.shape[0] + 4) * U * size
    if after["dw"].format != "bit":
        return {"dw": Within(error)}
    return {"dw": Where((size == 0) | (np.abs(product(dy, x)) > error))}


BOUNDS: dict[str, Callable[[Views, Views, Mapping[str, float]], Bounds]] = {
    rule.__name__: rule
    for rule in (
        real_matmul,
        norm_statistics,
        norm_sign,
        norm_apply,
        norm_gradient_sums,
        norm_gradient,
        input_gradient,
        weight_gradient,
    )
}
