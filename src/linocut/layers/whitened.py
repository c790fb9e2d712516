"""Whitened complex channels: both parts of each multiplied by the inverse root of their covariance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.batch_norm import RUNNING, kept_by_a_batch
from linocut.layers.norm_output import norm_work
from linocut.layers.numbers import real_gradient
from linocut.layers.parameters import STATISTIC, Initial, Parameter
from linocut.layers.values import Gradient, Product, Real
from linocut.ops import whitening

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

ONCE = {"factor": 1.0, "transposed": 0.0}  # attributes of complex_map


def running_covariance(node: str, channels: int) -> Parameter:
    """Means, variances and covariance of the parts of complex channels, (5, channels), as they are observed."""
    start = Initial(rows=(0.0, 0.0, math.sqrt(0.5), math.sqrt(0.5), 0.0))
    return Parameter(node, RUNNING, (whitening.STATISTICS, channels), STATISTIC, initial=start, wide=True)


def whitened(builder: Lowering, name: str, y: Product | Real, momentum: float) -> Real:
    """z = M (y - mean), M = V^-1/2. Backward: dY; SpecError under integer policies."""
    if builder.policy.integer:
        raise SpecError(
            f"{name}: {builder.policy.name} counts in integers, a norm that whitens in floats; take one that does not, "
            "or the policy standard or wang2021"
        )
    shape = builder.shape(y.buffer)
    half = shape[-1] // 2
    stats = _statistics(builder, name, y.buffer, momentum)
    matrix = builder.transient(f"{name}.matrix", roles.NORM, (3, half), "f32")
    mean = builder.transient(f"{name}.mean", roles.NORM, (1, shape[-1]), "f32")
    builder.emit("whitening", {"stats": stats, "matrix": matrix, "mean": mean})
    z = Real(builder.transient(f"{name}.white", roles.X, shape, builder.real_X), wanted=y.wanted)
    builder.emit("complex_map", {"x": y.buffer, "gains": matrix, "centre": mean, "y": z.buffer}, ONCE)

    def backward() -> None:
        if y.wanted:
            y.give(builder, _of_input(builder, name, y, z, matrix))

    builder.on_backward(backward)
    return z


def _statistics(builder: Lowering, name: str, y: int, momentum: float) -> int:
    """Those of the batch where the norm learns, else the running ones."""
    running, shape = builder.parameter(name, RUNNING), builder.shape(y)
    if not (builder.training and builder.learns(name)):
        return running
    half = shape[-1] // 2
    stats = builder.transient(f"{name}.statistics", roles.NORM, (whitening.STATISTICS, half), "f32")
    work = norm_work(builder, name, whitening.QUANTITIES, (*shape[:-1], half))
    operands = {"y": y, "stats": stats, "running": running, "work": work}
    builder.emit("covariance", operands, {"momentum": kept_by_a_batch(builder, momentum)})
    return stats


def _of_input(builder: Lowering, name: str, y: Product | Real, z: Real, matrix: int) -> Gradient:
    """dY = M (dZ - mean dZ) + Q z; of a frozen norm, whose statistics do not depend on the batch, M dZ."""
    dz, shape = z.taken().buffer, builder.shape(z.buffer)
    if isinstance(y, Product):
        dy = builder.gradient(f"{name}.dY", roles.DY, shape)
    else:
        dy = real_gradient(builder, f"{name}.dY", roles.DX, shape)
    if not builder.learns(name):
        builder.emit("complex_map", {"x": dz, "gains": matrix, "y": dy.buffer}, ONCE)
        return dy
    half = shape[-1] // 2
    gains = builder.transient(f"{name}.dgains", roles.NORM, (4, half), "f32")
    mean = builder.transient(f"{name}.dmean", roles.NORM, (1, shape[-1]), "f32")
    work = norm_work(builder, f"{name}.dwhite", whitening.GRADIENT_QUANTITIES, (*shape[:-1], half))
    operands = {"dz": dz, "z": z.buffer, "matrix": matrix, "gains": gains, "mean": mean, "work": work}
    builder.emit("whitening_gradient", operands)
    parts = [builder.transient(f"{name}.dY.{part}", roles.WORKSPACE, shape, "f32") for part in ("through", "across")]
    builder.emit("complex_map", {"x": dz, "gains": matrix, "centre": mean, "y": parts[0]}, ONCE)
    builder.emit("complex_map", {"x": z.buffer, "gains": gains, "y": parts[1]}, ONCE)
    builder.emit("add", {"a": parts[0], "b": parts[1], "y": dy.buffer})
    return dy
