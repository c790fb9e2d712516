"""What a gradient in integers remembers of how its mantissas came out, and the exponent that follows from it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linocut import roles
from linocut.layers.values import Gradient
from linocut.ops.gradient_exponent import BITS, QUANTITIES

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


def gradient_scale(builder: Lowering, node: str, gradient: str) -> int:
    """The `scale` of a node's gradient, "dX" or "dY", which persists."""
    return builder.memory(node, f"{gradient}.scale", roles.CONTROL, (QUANTITIES,), "i64")


def decide_exponent(builder: Lowering, name: str, dy: Gradient, dx: Gradient, products: int) -> int | None:
    """Emit gradient_exponent for an integer dX of sums of so many products; returns its `scale`, which persists."""
    if dx.exponent is None:
        return None
    scale = gradient_scale(builder, name, "dX")
    operands = {"dy_exponent": dy.exponent, "dx_exponent": dx.exponent, "scale": scale, "counters": builder.counters}
    elements = math.prod(builder.shape(dx.buffer))
    sizes = {"products": products, "elements": elements, "bits": BITS[builder.form(dx.buffer)]}
    sizes["dy_bits"] = BITS[builder.form(dy.buffer)]
    builder.emit("gradient_exponent", operands, {attribute: float(size) for attribute, size in sizes.items()})
    return scale
