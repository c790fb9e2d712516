"""How far the native core may be from the reference, operand by operand, where its arithmetic is in floats.

Everything else is equal to the byte: integers, and what is made of floats in a fixed order: norms, the loss, updates.

The reference sums in float64; a kernel may sum in float32, in any order, with or without fused multiplication. A sum
of n terms so formed is off by at most (n + 2) u sum|terms|, u = 2^-24 (Higham, Accuracy and Stability, 4.2). A result
that is then stored may fall on the other side of a rounding: one unit in the last place of its format. Signs are only
compared where the number behind them is further from the threshold than its own error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from linocut.ops import Op, View
from linocut.ops import conv2d as conv2d_op
from linocut.ops import conv2d_input_gradient as conv2d_input_gradient_op
from linocut.ops import conv2d_weight_gradient as conv2d_weight_gradient_op
from linocut.ops import levels_input_gradient as levels_input_gradient_op
from linocut.ops.bits import Array
from linocut.ops.control import FLIPS, LEARNING_RATE
from linocut.ops.limits import U8_SCALE
from linocut.ops.weight_gradient import product

U = 2.0**-24
STEPS_ERROR = 2e-5  # of some steps of recurrent layers, beside what is of the order of one


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


def input_gradient(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """A sum over the outputs."""
    dy = before["dy"]
    if dy.form.is_integer:
        return {}
    return {"dx": Within((dy.cols + 2) * U * np.abs(dy.data.astype(np.float64)).sum(axis=1, keepdims=True))}


def weight_gradient(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """A sum over the rows; its sign where it is clear of 0."""
    dy, x = before["dy"], before["x"]
    if dy.form.is_integer:
        return {}
    inputs = 1.0 if x.format == "bit" else np.abs(x.data.astype(np.float64))
    if x.format == "u8":
        inputs = np.abs(2 * inputs - U8_SCALE) / U8_SCALE
    size = np.abs(dy.data.astype(np.float64)).T @ np.broadcast_to(inputs, (dy.data.shape[0], x.cols))
    error = (dy.data.shape[0] + 4) * U * size
    if after["dw"].format != "bit":
        return {"dw": Within(error)}
    return {"dw": Where((size == 0) | (np.abs(product(dy, x)) > error))}


def conv2d(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """A sum over taps and inputs, unless it is exact."""
    x, weights = before["x"], before["weights"]
    if x.format in ("bit", "u8") or attributes["exact"]:
        return {}
    terms = math.prod(weights.shape[1:])
    return {"y": Within((terms + 2) * U * _absolute(conv2d_op.OP, before, after, attributes, "y"))}


def conv2d_input_gradient(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """A sum over taps and outputs, unless it is exact."""
    if before["dy"].form.is_integer or attributes["exact"]:
        return {}
    terms = math.prod(before["weights"].shape[:3])
    return {"dx": Within((terms + 2) * U * _absolute(conv2d_input_gradient_op.OP, before, after, attributes, "dx"))}


def levels_input_gradient(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """The same of levels, the largest of which each may be."""
    if before["dy"].form.is_integer or attributes["exact"]:
        return {}
    terms = math.prod(before["weights"].shape[:3]) + 1  # and the factor
    absolute = _absolute(levels_input_gradient_op.OP, before, after, {**attributes, "exact": 0.0}, "dx")
    return {"dx": Within((terms + 2) * U * absolute)}


def pruned_input_gradient(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """The same as if nothing were pruned, which is more."""
    if before["dy"].form.is_integer or attributes["exact"]:
        return {}
    whole = {name: one for name, one in before.items() if name != "pruned"}
    return conv2d_input_gradient(whole, after, attributes)


def conv2d_weight_gradient(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """A sum over pixels; its sign where it is clear of 0."""
    dy, x, dw = before["dy"], before["x"], after["dw"]
    if dy.form.is_integer or attributes["exact"]:
        return {}
    window = _gradient_attributes(attributes)
    size = _absolute(conv2d_weight_gradient_op.OP, before, {"dw": _like(dw, "f64")}, window, "dw")
    error = (dy.data.shape[0] + 4) * U * size
    if dw.format != "bit":
        return {"dw": Within(error)}
    exact = conv2d_weight_gradient_op.product(dy, x, dw.shape, **window).reshape(-1, dw.cols)
    return {"dw": Where((size == 0) | (np.abs(exact) > error))}


def _gradient_attributes(attributes: Mapping[str, float]) -> dict[str, float]:
    return {name: attributes[name] for name in ("stride", "pad_top", "pad_left", "exact")}


def conv2d_weight_gradient_float_sgd(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """The gradient's error goes into the moment, by the rate into the weights; signs of those near 0 may differ."""
    if attributes["exact"]:
        return {}
    w, m = after["w"], after["m"]
    parts = {"dy": before["dy"], "x": before["x"]}
    size = _absolute(
        conv2d_weight_gradient_op.OP, parts, {"dw": _like(w, "f64")}, _gradient_attributes(attributes), "dw"
    )
    error = (before["dy"].data.shape[0] + 4) * U * size
    moment = error + 4 * U * (np.abs(m.data) + size)
    rate = before["control"].data[LEARNING_RATE]
    moved = rate * (error + 2 * moment) + 4 * U * (np.abs(w.data) + rate * (np.abs(m.data) + size))
    flips = np.zeros(after["counters"].data.shape)
    flips[FLIPS] = np.count_nonzero(np.abs(w.data) <= moved)
    return {"m": Within(moment), "w": Within(moved), "counters": Within(flips)}


def circulant_spectra(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """A sum over a block."""
    largest = np.abs(before["weights"].data.astype(np.float64)).sum(axis=1).max()
    return {"spectra": Within(np.array(16 * U * largest))}


def circulant_product(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """A sum over all inputs, in transforms: each is at most the sum of its block, and so are those of weights."""
    x, spectra = before["x"], before["spectra"]
    size, _, summed, _ = spectra.shape
    inputs = np.abs(x.values().astype(np.float64)).sum(axis=2).max()
    largest = np.abs(spectra.data).max() * size
    bias = np.abs(before["bias"].data.astype(np.float64)).max() if "bias" in before else 0.0
    return {"y": Within(np.array((summed + 40) * U * (4 * inputs * largest + bias)))}


def circulant_weight_gradient(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """A sum over steps, in transforms."""
    dy, x = (np.abs(before[name].values().astype(np.float64)).sum(axis=2) for name in ("dy", "x"))
    return {"dw": Within(np.array((dy.size + 40) * U * dy.max() * x.sum()))}


def _recurrent(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """Few steps of what is of the order of one: sigmoid and tanh are within 3e-7, and slopes below 1 carry that on.

    `work` has no meaning behind the instruction; fixed-point gates may be a unit off.
    """
    found: Bounds = {"work": Within(np.array(np.inf))}
    for name in ("y", "gates", "cells", "da", "total", "sums", "reset"):
        if name in after:
            size = 1.0 + np.abs(after[name].data.astype(np.float64)).max()
            found[name] = Within(np.array(1.0 if after[name].form.is_fixed else STEPS_ERROR * size))
    return found


def lstm(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """See _recurrent."""
    return _recurrent(before, after, attributes)


def lstm_gradient(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """See _recurrent; gates and dy are only read."""
    read = ("gates", "dy")
    return {name: bound for name, bound in _recurrent(before, after, attributes).items() if name not in read}


def gru(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """See _recurrent."""
    return _recurrent(before, after, attributes)


def gru_gradient(before: Views, after: Views, attributes: Mapping[str, float]) -> Bounds:
    """See _recurrent; gates, y and dy are only read."""
    read = ("gates", "y", "dy")
    return {name: bound for name, bound in _recurrent(before, after, attributes).items() if name not in read}


def _like(view: View, form: str) -> View:
    return View(np.zeros((view.data.shape[0], view.cols)), form, view.cols, view.shape)


def _absolute(op: Op, before: Views, after: Views, attributes: Mapping[str, float], name: str) -> Array:
    """What the instruction gives for the absolute values of its operands."""
    out = _like(after[name], "f64")
    sizes = {}
    for operand in op.signature.operands:
        given = before.get(operand.name) if operand.reads else None
        if given is not None and given.format == "u8":
            given = _with(given, np.abs(2.0 * given.data - U8_SCALE) / U8_SCALE)
        elif given is not None:
            given = _with(given, np.abs(given.signs() if given.format == "bit" else given.data.astype(np.float64)))
        sizes[operand.name] = given
    op.reference(**{**sizes, name: out}, **attributes)
    return out.data


def _with(view: View, data: Array) -> View:
    return View(data.astype(np.float64), "f64", view.cols, view.shape)


BOUNDS: dict[str, Callable[[Views, Views, Mapping[str, float]], Bounds]] = {
    rule.__name__: rule
    for rule in (
        real_matmul,
        input_gradient,
        weight_gradient,
        conv2d,
        conv2d_input_gradient,
        pruned_input_gradient,
        levels_input_gradient,
        conv2d_weight_gradient,
        conv2d_weight_gradient_float_sgd,
        circulant_spectra,
        circulant_product,
        circulant_weight_gradient,
        lstm,
        lstm_gradient,
        gru,
        gru_gradient,
    )
}
