"""What every layer of full-precision weights has: the inputs that it takes, a float output, a bias if asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from linocut import fields
from linocut.layers import initialisers
from linocut.layers.base import REAL_BITS, Cost, Layer, Shape
from linocut.layers.kinds import INPUT, NORMED, REAL
from linocut.layers.parameters import Parameter, weights
from linocut.layers.parameters import bias as bias_of


@dataclass(frozen=True)
class RealLayer(Layer):
    """A layer with full-precision weights, plus a bias for each output channel where `bias` is true.

    `initial` says how weights start: their standard deviation, or "lecun_normal" (where it is not given),
    "he_normal", "glorot_normal" or "glorot_uniform". SpecError for another.
    """

    takes: ClassVar[tuple[str, ...]] = (INPUT, NORMED, REAL)
    bias: bool = False
    initial: float | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.flag(self.bias, f"{self.kind} bias")
        initialisers.check(f"{self.kind} initial", self.initial)

    def gives(self, kind: str) -> str:
        """Floats."""
        return REAL

    def learned(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights of a shape (outputs, ..., inputs) of the node called `node`, and the bias (1, outputs)."""
        own = replace(weights(node, shape, binary=False), initial=initialisers.initial(self.initial, shape))
        return (own, bias_of(node, shape[0])) if self.bias else (own,)

    def real_cost(self, parameters: int, macs: int, outputs: int) -> Cost:
        """The cost of so many weights and multiply-accumulates, and of the bias of so many outputs."""
        more = outputs if self.bias else 0
        return Cost(real_parameters=parameters + more, real_macs=macs, input_bits=REAL_BITS)
