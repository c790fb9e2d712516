"""SoftmaxCrossEntropy: the loss that ends a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import Layer, Shape
from linocut.layers.kinds import LOSS, NORMED
from linocut.layers.norm_output import keep_numbers, keep_signs
from linocut.layers.values import Kept, Normed, Value
from linocut.ops.norm import L2

if TYPE_CHECKING:
    from linocut.compile.builder import Builder
    from linocut.layers.placed import Placed


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Layer):
    """Mean cross-entropy of softmax over the last norm's outputs; (classes,) to (classes,)."""

    kind: ClassVar[str] = "softmax_cross_entropy"
    takes: ClassVar[tuple[str, ...]] = (NORMED,)

    def output_shape(self, shape: Shape) -> Shape:
        """The same shape; at least two classes."""
        if len(shape) != 1 or shape[0] < 2:
            raise SpecError(f"takes (classes,) of at least 2, not {shape}")
        return shape

    def gives(self, kind: str) -> str:
        """What no layer takes: it is the last."""
        return LOSS

    def lower(self, builder: Builder, place: Placed, value: Value) -> Value:
        """Logits, loss and counters; for training the gradient of the logits."""
        assert isinstance(value, Normed)
        name = place.name
        shape = builder.shape(value.y)
        bits = builder.policy.X == "bit"
        by_bits = bits and value.norm != L2  # the l2 norm's derivative needs the logits themselves
        kept = keep_signs(builder, name, value, ste=False) if by_bits and builder.training else None
        logits = keep_numbers(builder, name, value, "f32" if bits else None)
        builder.output(logits, "logits")
        operands: dict[str, int | None] = {
            "logits": logits,
            "labels": builder.external("labels", roles.LABELS, shape[:1], "i32"),
        }
        operands |= {"loss": builder.loss, "counters": builder.counters}
        if not builder.training:
            builder.emit("softmax_cross_entropy", operands)
            return value
        form = "i16" if builder.policy.integer else None  # few elements, the source of all others: the finer ones
        gradient = builder.gradient(f"{name}.dX", roles.DX, shape, form)
        operands |= {"gradient": gradient.buffer, "exponent": gradient.exponent}
        builder.emit("softmax_cross_entropy", operands)

        def backward() -> None:
            value.kept = kept or Kept(logits, ste=False)
            value.give(builder, gradient)

        builder.on_backward(backward)
        return value
