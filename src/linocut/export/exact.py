"""exact: which sums of integers 32-bit floats hold, for formats that have no other numbers."""

from __future__ import annotations

import math

from linocut.errors import SpecError
from linocut.graph.inference import INTEGERS, PLANES, BinaryProduct, LevelsProduct, RealProduct
from linocut.ops.levels import largest

EXACT = 2**24  # below it every integer is a float32
BYTE = 255  # the largest size of 2u - 255


def terms_of(node: BinaryProduct | LevelsProduct | RealProduct) -> int:
    """How many inputs an output sums, padding counted."""
    return node.depth * (1 if node.window is None else math.prod(node.window.size))


def check_exact(node: BinaryProduct | LevelsProduct | RealProduct, whose: str, given: str = "") -> None:
    """SpecError where a sum of integers may leave those that the floats of a format (`whose`) hold.

    `given` is the kind of value that a product of levels reads.
    """
    if node.gives != INTEGERS:
        return
    terms = terms_of(node)
    largest_of = {BinaryProduct: 1, RealProduct: BYTE}
    if isinstance(node, LevelsProduct):
        largest_of[LevelsProduct] = largest(node.bits) * largest(PLANES[given])
    most = (EXACT - 1) // largest_of[type(node)]
    if terms > most:
        raise SpecError(
            f"{node.name} sums {terms:,} inputs, {whose} 32-bit floats are exact up to {most:,}; "
            "make the layer narrower, or its window smaller"
        )
