"""Buffers as NumPy arrays over an arena."""

from __future__ import annotations

from linocut.compile.program import Buffer
from linocut.formats import find_format
from linocut.ops.base import View
from linocut.ops.bits import Array


def stored(arena: Array, buffer: Buffer) -> Array:
    """The stored elements of a buffer, in the shape of its storage, sharing the arena's bytes."""
    form = find_format(buffer.format)
    raw = arena[buffer.offset : buffer.offset + buffer.nbytes]
    return raw.view(form.dtype).reshape(form.storage_shape(buffer.shape))


def operand(arena: Array, buffer: Buffer) -> View:
    """A buffer as the references take it: a matrix of rows, or a vector where it has one dimension."""
    data = stored(arena, buffer)
    matrix = data if data.ndim == 1 else data.reshape(-1, data.shape[-1])
    return View(matrix, buffer.format, buffer.shape[-1], buffer.shape)
