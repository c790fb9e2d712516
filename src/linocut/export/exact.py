"""exact: which sums of integers 32-bit floats hold, for formats that have no other numbers."""

from __future__ import annotations

import math

from linocut.errors import SpecError
from linocut.graph.inference import INTEGERS, BinaryProduct, RealProduct

EXACT = 2**24  # below it every integer is a float32
BYTE = 255  # the largest size of 2u - 255


def terms_of(node: BinaryProduct | RealProduct) -> int:
    """How many inputs an output sums, padding counted."""
    return node.depth * (1 if node.window is None else math.prod(node.window.size))


def check_exact(node: BinaryProduct | RealProduct, whose: str) -> None:
    """SpecError where a sum of integers may leave those that the floats of a format (`whose`) hold."""
    if node.gives != INTEGERS:
        return
    terms = terms_of(node)
    most = (EXACT - 1) // (1 if isinstance(node, BinaryProduct) else BYTE)
    if terms > most:
        raise SpecError(
            f"{node.name} sums {terms:,} inputs, {whose} 32-bit floats are exact up to {most:,}; "
            "make the layer narrower, or its window smaller"
        )
