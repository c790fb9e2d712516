"""Captured edges: what a node gives, kept to the end of its section for analyses. No result changes by a bit."""

from __future__ import annotations

from linocut.compile.builder import Builder
from linocut.layers.norm_output import keep_numbers
from linocut.layers.quantise import levels_as_numbers
from linocut.layers.values import Bits, Given, Normed, Product, Real, Value

CAPTURED = "captured"


def capture(builder: Builder, node: str, value: Value) -> None:
    """Keep what the node called `node` gives, and call it SECTION.captured.NODE.

    A norm's output that is never formed is formed for this alone, levels in planes become floats.
    """
    name = f"{CAPTURED}.{node}"
    if isinstance(value, Normed):
        builder.output(keep_numbers(builder, name, value, builder.real_X), name)
        return
    if isinstance(value, Bits) and value.more:
        builder.output(levels_as_numbers(builder, name, value), name)
        return
    assert isinstance(value, (Given, Bits, Product, Real)), f"{node} gives nothing that could be kept"
    builder.output(builder.view(value.buffer, name, builder.shape(value.buffer)), name)
