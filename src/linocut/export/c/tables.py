"""tables: arrays as C, and weights as the pieces read them: in 32-bit words."""

from __future__ import annotations

import re

import numpy as np

from linocut.export.words import WORD
from linocut.ops.bits import Array, unpack

A_LINE = 8  # entries


def filter_words(weights: Array, depth: int) -> Array:
    """Packed signs (outputs, ..., 64-bit words) -> uint32 (outputs, words): a filter's bits in a row."""
    bits = unpack(weights, depth).reshape(len(weights), -1)
    spare = -bits.shape[1] % WORD
    padded = np.pad(bits, ((0, 0), (0, spare)))
    return np.packbits(padded, axis=1, bitorder="little").view("<u4")


def table(kind: str, name: str, values: Array) -> str:
    """A constant table of `kind` (uint32_t, int32_t, float, uint8_t) as C."""
    flat = values.reshape(-1)
    entries = _ENTRIES[kind](flat)
    lines = (", ".join(entries[at : at + A_LINE]) for at in range(0, len(entries), A_LINE))
    return f"static const {kind} {name}[{len(flat)}] = {{\n    " + ",\n    ".join(lines) + "\n};"


def _words(values: Array) -> list[str]:
    return [f"0x{value:08x}u" for value in values.tolist()]


def _integers(values: Array) -> list[str]:
    """The least one has no literal of its own; none comes near it."""
    return [str(value) for value in values.tolist()]


def _floats(values: Array) -> list[str]:
    """Nine digits tell every float from its neighbours."""
    return [f"{value:.9g}f" if "e" in f"{value:.9g}" else _pointed(f"{value:.9g}") for value in values.tolist()]


def _pointed(digits: str) -> str:
    return f"{digits}f" if "." in digits else f"{digits}.0f"


_ENTRIES = {"uint32_t": _words, "int32_t": _integers, "float": _floats, "uint8_t": _integers}


def identifier(text: str) -> str:
    """The name of a node as a part of an identifier."""
    return re.sub(r"\W", "_", text, flags=re.ASCII)
