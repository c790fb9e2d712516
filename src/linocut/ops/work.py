"""Work: how much arithmetic an instruction does, and of which kind; expressions like those of its rules."""

from __future__ import annotations

from dataclasses import dataclass

from linocut.ops.expression import Known, compiled, value
from linocut.ops.signature import Signature


@dataclass(frozen=True)
class Work:
    """What an instruction computes: so many `operations` of a `kind` of arithmetic.

    Kinds are products of signs ("xnor"), of bytes ("int8"), of gradients of 8 or 4 bits with signs ("int8_sign",
    "int4_sign") and in floats ("float"), and whatever is done to elements ("element").
    """

    kind: str
    operations: int


@dataclass(frozen=True)
class Amount:
    """So many `operations`, an expression, of the first kind whose condition holds."""

    operations: str
    kinds: tuple[tuple[str, str], ...] = (("element", "1"),)

    def of(self, signature: Signature, omitted: tuple[str, ...], known: Known) -> Work:
        """The work of an instruction of these sizes and formats."""
        kind = next(kind for kind, holds in self.kinds if value(compiled(holds, signature, omitted), known))
        return Work(kind, int(value(compiled(self.operations, signature, omitted), known)))


NOTHING = Amount("0")
# Of products: a multiplication for each; those on padding count too.
DENSE = "R * K * N"
CONVOLUTION = "B * I * J * N * P * Q * C"
BITS = (("xnor", "1"),)
BYTES = (("int8", "1"),)
OF_GRADIENTS = (("int4_sign", "dy == i4"), ("int8_sign", "dy == i8"), ("float", "1"))
OF_DENSE_GRADIENTS = (("int8", "dy in (i4, i8)"), ("float", "1"))  # as bytes on every set
OF_GRADIENTS_AND_INPUTS = (("int8", "dy in (i4, i8) and x == u8"), *OF_GRADIENTS)
OF_INPUTS = (("xnor", "x == bit"), ("int8", "x == u8"), ("float", "1"))
