"""The table of a network that users of binary networks know: precisions, parameters, memory and work by layer."""

from __future__ import annotations

from linocut.graph.graph import Graph, Node
from linocut.layers.base import Cost

_HEADINGS = ("Layer", "Input bits", "Output", "1-bit par.", "32-bit par.", "Memory KiB", "1-bit MACs", "Other MACs")
_ONE = "1 bit"
_OF_FEW_BITS = "1- to 4-bit par."  # the fourth, where there are layers of several bits


def summary(graph: Graph) -> str:
    """One line a layer, then totals, the size of the model and its compression against 32-bit weights."""
    rows = [_row(node) for node in graph.nodes]
    costs = [node.cost for node in graph.nodes]
    binary = sum(c.binary_parameters for c in costs)
    real = sum(c.real_parameters for c in costs)
    macs = sum(c.binary_macs for c in costs), sum(c.real_macs for c in costs)
    size, full = sum(_kib(c) for c in costs), (binary + real) * 4 / 1024
    total = ("Total", "", "", f"{binary:,}", f"{real:,}", f"{size:.2f}", *(f"{m:,}" for m in macs))
    few = few_bits(graph)
    headings = _HEADINGS if few == _ONE else (*_HEADINGS[:3], _OF_FEW_BITS, *_HEADINGS[4:])
    lines = _table([headings, *rows, total])
    rule = "-" * len(lines[0])
    facts = [
        f"parameters            {binary + real:,} ({binary / max(1, binary + real):.1%} of {few})",
        f"model size            {size:,.2f} KiB; {full:,.2f} KiB in 32 bits; compression {full / size:.1f}x",
        f"MACs per example      {sum(macs):,} ({macs[0] / max(1, sum(macs)):.1%} of 1 bit)",
    ]
    return "\n".join([graph.name, rule, lines[0], rule, *lines[1:-1], rule, lines[-1], rule, *facts])


def few_bits(graph: Graph) -> str:
    """How many bits weights of few have, for people."""
    widest = max(node.cost.weight_bits for node in graph.nodes)
    return _ONE if widest == 1 else f"{widest} bits or fewer"


def _row(node: Node) -> tuple[str, ...]:
    cost = node.cost
    return (
        node.name,
        "-" if cost.input_bits is None else str(cost.input_bits),
        "x".join(map(str, node.output.shape)),
        _count(cost.binary_parameters),
        _count(cost.real_parameters),
        f"{_kib(cost):.2f}",
        _count(cost.binary_macs),
        _count(cost.real_macs),
    )


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"


def _kib(cost: Cost) -> float:
    return cost.stored_bits / 8 / 1024


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
