"""What an instruction is: a name, a signature, limits beyond it, a NumPy reference, and the work it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from linocut.ops.bits import Array, pack, unpack
from linocut.ops.signature import Signature, parse

Sizes: TypeAlias = Mapping[str, int]


@dataclass(frozen=True)
class View:
    """An operand at run time.

    `data` is the stored array: (rows, stored columns) for a buffer of two or more dimensions, bits packed in words;
    one-dimensional otherwise. `cols` counts the elements of the last dimension, `shape` those of all.
    """

    data: Array
    format: str
    cols: int
    shape: tuple[int, ...] = ()

    def bits(self) -> Array:
        """Booleans (rows, cols) of a packed buffer."""
        return unpack(self.data, self.cols)

    def signs(self) -> Array:
        """int64 -1 and +1 (rows, cols) of a packed buffer."""
        return np.where(self.bits(), np.int64(1), np.int64(-1))

    def image(self) -> Array:
        """The stored array in the buffer's own dimensions, bits packed along the last."""
        return self.data.reshape(*self.shape[:-1], self.data.shape[-1])

    def values(self) -> Array:
        """The elements in the buffer's own dimensions; a packed buffer as int64 -1 and +1."""
        return self.signs().reshape(self.shape) if self.format == "bit" else self.image()

    def is_integer(self) -> bool:
        """Whether the format is an integer one."""
        return self.format in ("u8", "i8", "i16", "i32", "i64", "q15", "q7")

    def store(self, values: Array) -> None:
        """Write values (booleans for a packed buffer), rounded to nearest even.

        To f16 by way of f32, as the kernels do.
        """
        if self.format == "bit":
            self.data[...] = pack(values)
        else:
            with np.errstate(over="ignore"):
                single = values.astype(np.float32) if self.format == "f16" else values
                self.data[...] = single.astype(self.data.dtype)


@dataclass(frozen=True)
class Work:
    """What an instruction computes: `kind` of arithmetic ("xnor", "int8", "float", "element") and how many of them."""

    kind: str
    operations: int


Reference: TypeAlias = Callable[..., None]
Settings: TypeAlias = Callable[[Mapping[str, str], Mapping[str, float]], str]
Geometry: TypeAlias = Callable[[Sizes, Mapping[str, float]], str]


@dataclass(frozen=True)
class Op:
    """One entry of the op table.

    `code` is the number in a program's binary form. `reference` takes the operands (View, or None where absent) and the
    attributes (float) by name, changes the written operands in place, and defines what the instruction means.
    `limits(sizes, formats)` returns why these sizes or formats cannot be computed, or "". `geometry(sizes, attributes)`
    does so for sizes and attributes: of images and a window that moves over them, of channels and a range of them.
    `settings(formats, attributes)` does so for attributes that only some formats allow.
    `work(sizes, formats)` counts its arithmetic.
    """

    name: str
    code: int
    signature_text: str
    reference: Reference
    limits: Callable[[Sizes, Mapping[str, str]], str] = lambda sizes, formats: ""
    work: Callable[[Sizes, Mapping[str, str]], Work] = lambda sizes, formats: Work("element", 0)
    geometry: Geometry = lambda sizes, attributes: ""
    settings: Settings = lambda formats, attributes: ""

    @cached_property
    def signature(self) -> Signature:
        """The parsed signature."""
        return parse(self.signature_text)
