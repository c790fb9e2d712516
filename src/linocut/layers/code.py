"""Code: floats as bytes, in front of a layer with binary weights that multiplies numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import fields, roles
from linocut.errors import SpecError
from linocut.layers.base import Layer, Shape
from linocut.layers.kinds import INPUT, NORMED, REAL
from linocut.layers.numbers import as_numbers, real_gradient
from linocut.layers.parameters import Initial
from linocut.layers.values import Given, Gradient, Value
from linocut.ops.limits import U8_SCALE

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class Code(Layer):
    """What a network makes of its input, as an input: a layer with binary weights can multiply it as numbers.

    Policies of integer arithmetic code x as bytes over [-limit, limit], and take it in units of the limit; others keep
    floats as they are. The gradient passes as it is. The same shape. SpecError for a limit that is not above 0.
    """

    kind: ClassVar[str] = "code"
    takes: ClassVar[tuple[str, ...]] = (NORMED, REAL)
    limit: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 < fields.number(self.limit, "code limit") <= 1e6:
            raise SpecError(f"code limit is {self.limit:g}, must be above 0, up to 1,000,000")

    def output_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def gives(self, kind: str) -> str:
        """The network's input, as far as what reads it knows."""
        return INPUT

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: bytes, or the floats. Backward: the gradient as floats."""
        x = as_numbers(builder, name, value)
        buffer = x.buffer
        if builder.policy.integer:
            buffer = builder.transient(f"{name}.X", roles.X, builder.shape(x.buffer), "u8")
            builder.emit("quantise_input", {"x": x.buffer, "codes": buffer}, {"low": -self.limit, "high": self.limit})
        elif builder.form(x.buffer) != "f32":  # floats of 32 bits alone are multiplied by signs
            buffer = builder.transient(f"{name}.X", roles.X, builder.shape(x.buffer), "f32")
            builder.emit("gate_gradient", {"dx": x.buffer, "out": buffer})
        out = Given(buffer, wanted=x.wanted)

        def backward() -> None:
            if out.gradient is None:
                return
            coded = builder.policy.integer
            x.give(builder, self._in_units(builder, name, out.gradient) if coded else out.gradient)

        builder.on_backward(backward)
        return out

    def _in_units(self, builder: Lowering, name: str, given: Gradient) -> Gradient:
        """The gradient of x, of which a byte u is (2u - 255) limit / 255; products are of 2u - 255."""
        shape = builder.shape(given.buffer)
        of_bytes = builder.transient(f"{name}.bytes.dX", roles.DX, shape, "f32")
        operands = {"dx": given.buffer, "dx_exponent": given.exponent, "unit": builder.unit, "out": of_bytes}
        builder.emit("gate_gradient", operands)
        start = Initial(rows=(U8_SCALE / self.limit,))
        scale = builder.memory(name, "unit", roles.BETA, (1, shape[-1]), "f32", start)
        dx = real_gradient(builder, f"{name}.dX", roles.DX, shape)
        builder.emit("scale_channels", {"x": of_bytes, "scale": scale, "y": dx.buffer})
        return dx
