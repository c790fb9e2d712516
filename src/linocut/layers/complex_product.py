"""What complex layers share: pairs of real and imaginary parts, and complex products as real ones.

C complex channels are 2 C real ones, the real parts first. Weights of an output are [Wr | Wi], (outputs, ..., 2 C). A
complex product x w is the real product of [xr | xi] with the rows [Wr | -Wi] for the real part and [Wi | Wr] for the
imaginary one; so is its dX, with the same rows. dW = sum conj(x) g is that of [xr | -xi] with the real parts of g plus
that of [xi | xr] with the imaginary ones: a real dW over twice the examples (ops/complex_block.py).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.fully_connected import MOST_OUTPUTS
from linocut.layers.parameters import Initial, Parameter, fan_in, weights
from linocut.layers.shape import Shape

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


def pairs(shape: Shape) -> int:
    """How many complex channels an example of this shape has; SpecError for what are no pairs."""
    if shape[-1] % 2:
        raise SpecError(
            f"takes pairs of real and imaginary parts, not {shape[-1]} channels; give it an even number, the real "
            "parts first"
        )
    return shape[-1] // 2


def check_outputs(what: str, outputs: int) -> None:
    """SpecError for more complex outputs than a layer can have, whose parts are two real ones."""
    if 2 * outputs > MOST_OUTPUTS:
        raise SpecError(f"{what} is {outputs:,}, must be a whole number from 1 to {MOST_OUTPUTS // 2:,}")


def complex_weights(node: str, shape: Shape, gain: float | None, *, binary: bool) -> Parameter:
    """Weights (outputs, ..., 2 inputs): from N(0, 1 / fan-in) or, with a gain, uniform by Glorot & Bengio.

    Fan-in and fan-out are then those of complex numbers, as Trabelsi et al. (arXiv 1705.09792) and BCNN count them.
    """
    own = weights(node, shape, binary=binary)
    if gain is None:
        return own
    inputs, outputs = fan_in(shape) // 2, shape[0] * fan_in(shape) // shape[-1]
    initial = Initial(uniform=gain * (6.0 / (inputs + outputs)) ** 0.5)
    return Parameter(own.node, own.part, own.shape, own.use, own.binary, initial)


def blocked(builder: Lowering, name: str, x: int, role: str = roles.WORKSPACE) -> int:
    """Emit complex_block: rows [re | -im], and behind them [im | re]; twice the first dimension."""
    shape = builder.shape(x)
    return _twice(builder, name, x, "complex_block", role, (2 * shape[0], *shape[1:]))


def parted(builder: Lowering, name: str, x: int, role: str) -> int:
    """Emit complex_parts: the real parts, and behind them the imaginary ones; twice the first dimension."""
    shape = builder.shape(x)
    return _twice(builder, name, x, "complex_parts", role, (2 * shape[0], *shape[1:-1], shape[-1] // 2))


def _twice(builder: Lowering, name: str, x: int, op: str, role: str, shape: Shape) -> int:
    """Emit an instruction that makes two rows of each of x; its rows as a buffer of a shape."""
    y = builder.transient(f"{name}.all", role, (math.prod(shape[:-1]), shape[-1]), builder.form(x))
    builder.emit(op, {"x": x, "y": y})
    return builder.view(y, name, shape)
