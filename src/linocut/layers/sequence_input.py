"""SequenceInput: what one example is where it is a sequence of any length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.input import F32_MAX, Input
from linocut.layers.lowering import Lengths
from linocut.layers.values import Given, Value

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

MEND = "as recordings are (--features mfcc), or arrays of floats in Python (Trainer.fit)"


@dataclass(frozen=True)
class SequenceInput(Input):
    """Sequences (steps, features) of floats, of any length up to `steps`.

    A sequence ends with its last step that is not all zeros: shorter ones are filled up with zeros. What comes behind
    the end takes no part: recurrent layers and sequence pools stop there. SpecError for another shape or type.
    """

    kind: ClassVar[str] = "sequence_input"
    dtype: str = "f32"
    low: float = -F32_MAX
    high: float = F32_MAX

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.shape) != 2:
            raise SpecError(f"{self.kind} shape is {self.shape}, must be (steps, features), {MEND}")
        if self.is_bytes:
            raise SpecError(f"{self.kind} dtype is {self.dtype!r}, must be 'f32', {MEND}")

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """The batch as it was read, and where its sequences end."""
        given = builder.external("input", roles.INPUT, (builder.batch, *self.shape), self.dtype)
        lengths = builder.transient(f"{name}.lengths", roles.INPUT, (builder.batch,), "i32")
        builder.emit("sequence_lengths", {"x": given, "lengths": lengths})
        builder.lengths = Lengths(lengths, self.shape[0])
        return Given(given)
