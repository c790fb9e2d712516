"""Number formats of buffers: how a value is stored, and how many bytes a shape of it takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linocut.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

WORD_BITS = 64


@dataclass(frozen=True)
class Format:
    """One storage format.

    `code` is its number in a program's binary form. `bits` are the bits of one element; a format of one bit is packed
    along the last axis in 64-bit words, least significant bit first, padding bits 0; one of four bits in bytes, the
    element with the even index in the low nibble, a padding nibble 0. `one` is the stored integer that stands for 1.0
    in a fixed-point format, 0 elsewhere.
    """

    name: str
    code: int
    bits: int
    dtype: DTypeLike
    one: int = 0

    @property
    def is_bits(self) -> bool:
        """Whether elements are packed signs."""
        return self.bits == 1

    @property
    def is_nibbles(self) -> bool:
        """Whether two elements share a byte."""
        return self.bits == 4

    @property
    def is_fixed(self) -> bool:
        """Whether integers stand for fractions of one."""
        return self.one > 0

    @property
    def is_float(self) -> bool:
        """Whether elements are floating-point numbers."""
        return np.issubdtype(self.dtype, np.floating)

    @property
    def is_integer(self) -> bool:
        """Whether elements are stored as integers, fixed-point ones among them."""
        return not self.is_bits and not self.is_float

    def storage_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the array of `dtype` that holds `shape` elements."""
        if self.is_bits:
            return (*shape[:-1], words(shape[-1]))
        return (*shape[:-1], -(-shape[-1] // 2)) if self.is_nibbles else shape

    def nbytes(self, shape: tuple[int, ...]) -> int:
        """Bytes that a buffer of this shape occupies."""
        return math.prod(self.storage_shape(shape)) * np.dtype(self.dtype).itemsize


def words(bits: int) -> int:
    """64-bit words that hold `bits` packed bits."""
    return -(-bits // WORD_BITS)


_ALL = (
    Format("u8", 1, 8, np.uint8),
    Format("i8", 2, 8, np.int8),
    Format("i16", 3, 16, np.int16),
    Format("i32", 4, 32, np.int32),
    Format("i64", 5, 64, np.int64),
    Format("f16", 6, 16, np.float16),
    Format("f32", 7, 32, np.float32),
    Format("f64", 8, 64, np.float64),
    Format("bit", 9, 1, np.uint64),
    Format("q15", 10, 16, np.int16, one=32767),
    Format("q7", 11, 8, np.int8, one=127),
    Format("i4", 12, 4, np.uint8),
)
FORMATS = {f.name: f for f in _ALL}
FORMAT_BY_CODE = {f.code: f for f in _ALL}


def find_format(name: str) -> Format:
    """The format called `name`; SpecError if there is none."""
    try:
        return FORMATS[name]
    except KeyError:
        raise SpecError(f"no number format is called {name!r}; there are {', '.join(FORMATS)}") from None
