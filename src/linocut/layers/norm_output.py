"""A batch norm's output as its consumer wants it: only its signs, or floats."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linocut import roles
from linocut.layers.values import Kept, Normed
from linocut.ops import norm_sign
from linocut.ops.norm import L2, SCALED_L1, work_shape
from linocut.ops.norm_gradient_sums import CLIPPED, EVERYWHERE, RECTIFIED

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


def norm_work(builder: Lowering, name: str, quantities: int, shape: tuple[int, ...]) -> int:
    """The operand `work` of an instruction that sums over the rows of a buffer of this shape."""
    size = work_shape(quantities, math.prod(shape[:-1]), shape[-1])
    return builder.transient(f"{name}.work", roles.WORKSPACE, size, "f64")


def keep_signs(builder: Lowering, name: str, value: Normed, *, ste: float) -> Kept:
    """Emit norm_sign: packed signs, and for training what the norm's backward pass needs beside them.

    That is the mask where the estimator masks; of a scaled l1 norm the mask and another bit, by which it knows x; of
    others omega.
    """
    shape = builder.shape(value.y)
    bits = builder.transient(f"{name}.X", roles.X, shape, "bit")
    mask = half = omega = work = None
    if builder.training and (ste == CLIPPED or value.norm == SCALED_L1):
        mask = builder.transient(f"{name}.mask", roles.GRADIENT_MASK, shape, "bit")
    if builder.training and value.norm == SCALED_L1:
        half = builder.transient(f"{name}.half", roles.GRADIENT_MASK, shape, "bit")
    elif builder.training:
        omega = builder.transient(f"{name}.omega", roles.NORM, (1, shape[-1]), builder.policy.statistics)
        work = norm_work(builder, name, norm_sign.QUANTITIES, shape)
    operands = {"y": value.y, "stats": value.stats, "beta": value.beta, "bits": bits, "mask": mask, "half": half}
    attributes = {"norm": value.norm, "first": 0.0}
    builder.emit("norm_sign", {**operands, "omega": omega, "work": work}, attributes)
    return Kept(bits, ste, mask, half, omega)


def keeps_only_bits(builder: Lowering, value: Normed) -> bool:
    """Whether the norm's backward pass takes x as bits: the l2 norm's derivative needs the floats themselves."""
    return builder.policy.keeps_signs and value.norm != L2


def form_numbers(builder: Lowering, name: str, value: Normed, form: str, more: int | None = None) -> tuple[int, Kept]:
    """x as floats, in `form` where the policy keeps X in bits, and what the norm's backward pass needs of it.

    `more` is added to it, where bits alone are kept.
    """
    bits = builder.policy.keeps_signs
    kept = None
    if keeps_only_bits(builder, value) and builder.training:
        kept = keep_signs(builder, name, value, ste=RECTIFIED if value.rectified else EVERYWHERE)
    numbers = keep_numbers(builder, name, value, form if bits else None, more)
    return numbers, kept or Kept(numbers, EVERYWHERE)


def keep_numbers(builder: Lowering, name: str, value: Normed, form: str | None = None, more: int | None = None) -> int:
    """Emit norm_apply: x as floats, in the policy's format of X unless another is given, plus `more`."""
    x = builder.transient(f"{name}.X", roles.X, builder.shape(value.y), form or builder.policy.X)
    operands = {"y": value.y, "stats": value.stats, "beta": value.beta, "more": more, "x": x}
    builder.emit("norm_apply", operands, {"norm": value.norm, "relu": float(value.rectified)})
    return x
