"""Work: how much arithmetic an instruction does, and of which kind; expressions like those of its rules."""

from __future__ import annotations

from dataclasses import dataclass

from linocut.ops.expression import Known, compiled, value
from linocut.ops.signature import Signature


@dataclass(frozen=True)
class Work:
    """What an instruction computes: `kind` of arithmetic ("xnor", "int8", "float", "element") and how many of them."""

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
OF_GRADIENTS = (("int8", "dy in (i4, i8)"), ("float", "1"))
OF_INPUTS = (("xnor", "x == bit"), ("int8", "x == u8"), ("float", "1"))
