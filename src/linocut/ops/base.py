"""What an instruction is: a name, a signature, limits beyond it, a NumPy reference, its work and its workspace."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from linocut.formats import FORMATS, Format
from linocut.ops.bits import Array, pack, unpack
from linocut.ops.expression import Known, Steps, compiled, value
from linocut.ops.limits import of_attributes
from linocut.ops.nibbles import pack_nibbles, unpack_nibbles
from linocut.ops.rule import Check, Rules, check, first_failure
from linocut.ops.signature import Signature, parse
from linocut.ops.work import NOTHING, Amount, Work

Sizes: TypeAlias = Mapping[str, int]


@dataclass(frozen=True)
class View:
    """An operand at run time.

    `data` is the stored array: (rows, stored columns) for a buffer of two or more dimensions, bits packed in words,
    nibbles in bytes; one-dimensional otherwise. `cols` counts the elements of the last dimension, `shape` those of all.
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

    def numbers(self) -> Array:
        """The elements (rows, cols) of a buffer that is not of bits: as they are stored, nibbles as int64."""
        return unpack_nibbles(self.data, self.cols) if self.form.is_nibbles else self.data

    def image(self) -> Array:
        """The stored array in the buffer's own dimensions, bits packed along the last."""
        return self.data.reshape(*self.shape[:-1], self.data.shape[-1])

    def values(self) -> Array:
        """The elements in the buffer's own dimensions; a packed buffer as int64 -1 and +1."""
        if self.form.is_bits:
            return self.signs().reshape(self.shape)
        return self.numbers().reshape(self.shape) if self.form.is_nibbles else self.image()

    @property
    def form(self) -> Format:
        """The format, with what is known of it."""
        return FORMATS[self.format]

    def store(self, values: Array) -> None:
        """Write values (booleans for a packed buffer), rounded to nearest even.

        To f16 by way of f32, as the kernels do.
        """
        if self.form.is_bits:
            self.data[...] = pack(values)
        elif self.form.is_nibbles:
            self.data[...] = pack_nibbles(values)
        else:
            with np.errstate(over="ignore"):
                single = values.astype(np.float32) if self.format == "f16" else values
                self.data[...] = single.astype(self.data.dtype)


Reference: TypeAlias = Callable[..., None]


@dataclass(frozen=True)
class Op:
    """One entry of the op table.

    `code` is the number in a program's binary form. `reference` takes the operands (View, or None where absent) and the
    attributes (float) by name, changes the written operands in place, and defines what the instruction means.
    `limits` are the rules beyond the signature, in the order in which they are looked at, those of the attributes alone
    before them. `work` is how much arithmetic it is. `omitted` are operands that rules name and this
    instruction has not. `workspace` is the memory that each thread needs beside the operands, on the instruction set
    that needs most: an expression like those of the rules, in KiB.

    The native core has the same table (native/ops.def, made by native_table.py), and adds the kernel of this name.
    """

    name: str
    code: int
    signature_text: str
    reference: Reference
    limits: Rules = ()
    work: Amount = NOTHING
    omitted: tuple[str, ...] = ()
    workspace: str = "0"

    @cached_property
    def signature(self) -> Signature:
        """The parsed signature."""
        return parse(self.signature_text)

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """Every rule, ready to run."""
        rules = (*of_attributes(self.signature), *self.limits)
        return tuple(check(rule, self.signature, self.omitted) for rule in rules)

    @cached_property
    def workspace_steps(self) -> Steps:
        """The expression of `workspace`, ready to run."""
        return compiled(self.workspace, self.signature, self.omitted)

    def workspace_bytes(self, sizes: Sizes, formats: Mapping[str, str]) -> int:
        """What each thread needs beside such operands."""
        return math.ceil(value(self.workspace_steps, Known(sizes, formats, {}))) * 1024

    def reason(self, sizes: Sizes, formats: Mapping[str, str], attributes: Mapping[str, float] | None = None) -> str:
        """Why this cannot be computed, or "". Without attributes, which rules of sizes and formats alone say."""
        checks = (c for c in self.checks if attributes is not None or not c.of_attributes)
        return first_failure(checks, Known(sizes, formats, attributes or {}))

    def amount(self, sizes: Sizes, formats: Mapping[str, str]) -> Work:
        """The arithmetic that it does over such operands."""
        return self.work.of(self.signature, self.omitted, Known(sizes, formats, {}))
