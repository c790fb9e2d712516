"""TfliteModel: a TFLite model while operators are added to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from linocut.errors import SpecError
from linocut.files import replacing
from linocut.layers.base import Shape
from linocut.ops.bits import Array

FLOAT32, INT32, UINT8 = "FLOAT32", "INT32", "UINT8"  # names of TensorType
TYPES = {"float32": FLOAT32, "int32": INT32, "uint8": UINT8}
MOST_BYTES = 2**31 - 2**20  # a flatbuffer has less than 2 GiB; tensors and operators take the rest


@dataclass(frozen=True)
class Tensor:
    """A tensor's shape and type, and its data if it never changes."""

    shape: Shape
    dtype: str
    data: Array | None = None


@dataclass(frozen=True)
class Operator:
    """One of TFLite's operators, or by its name one of Larq Compute Engine's (`custom`), that gives one tensor.

    `inputs` are names, None for one that is left out. `settings` are fields of its options: as the schema calls them,
    of custom ones as the operator does.
    """

    kind: str
    inputs: tuple[str | None, ...]
    output: str
    settings: dict[str, Any]
    custom: bool = False


@dataclass
class TfliteModel:
    """Operators in the order in which they are added, and tensors by their names; `of_nodes` are those by node."""

    name: str
    tensors: dict[str, Tensor] = field(default_factory=dict)
    operators: list[Operator] = field(default_factory=list)
    of_nodes: dict[str, str] = field(default_factory=dict)
    nbytes: int = 0

    def __post_init__(self) -> None:
        """SpecError for a name that a model cannot have."""
        if not self.name.strip() or not self.name.isprintable():
            raise SpecError(f"the model's name is {self.name!r}, must be a text on one line; give another")

    def given(self, name: str, dtype: str, shape: Shape) -> str:
        """Add what the model reads."""
        self.tensors[name] = Tensor(shape, dtype)
        return name

    def constant(self, name: str, values: Array) -> str:
        """Add what never changes; several operators may ask for one of the same name. SpecError for too much in all."""
        if name not in self.tensors:
            self.nbytes += values.nbytes
            if self.nbytes > MOST_BYTES:
                raise SpecError(
                    f"{name} brings the model to {self.nbytes:,} bytes of constants, TFLite has {MOST_BYTES:,} at "
                    "most; export with weights 'bits', or a smaller network"
                )
            stored = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<")))
            self.tensors[name] = Tensor(values.shape, TYPES[values.dtype.name], stored)
        return name

    def add(
        self,
        kind: str,
        inputs: Sequence[str | None],
        output: str,
        shape: Shape,
        dtype: str = FLOAT32,
        /,
        **settings: Any,
    ) -> str:
        """Add an operator of TFLite's that gives the tensor `output`."""
        return self._put(Operator(kind, tuple(inputs), output, settings), shape, dtype)

    def add_lce(
        self,
        kind: str,
        inputs: Sequence[str | None],
        output: str,
        shape: Shape,
        dtype: str,
        /,
        **settings: int,
    ) -> str:
        """Add an operator of Larq Compute Engine's that gives the tensor `output`."""
        return self._put(Operator(kind, tuple(inputs), output, settings, custom=True), shape, dtype)

    def _put(self, operator: Operator, shape: Shape, dtype: str) -> str:
        assert operator.output not in self.tensors, operator.output
        self.tensors[operator.output] = Tensor(shape, dtype)
        self.operators.append(operator)
        return operator.output

    def write(self, path: Path, data: bytes) -> None:
        """Write the file, whole or not at all; MachineError where the disk will not."""
        with replacing(path) as file:
            file.write(data)
