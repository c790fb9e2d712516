"""The table of a network: every number by hand."""

from __future__ import annotations

import linocut as lc
from linocut.layers import BatchNorm, BinaryDense, Conv2D, Flatten, Input, Network, Sign, SoftmaxCrossEntropy

NETWORK = Network(
    "counted",
    (
        *(Input((4, 4, 3)), Conv2D(5, kernel=3, bias=True), BatchNorm(), Sign(), Flatten()),
        *(BinaryDense(8), BatchNorm(), SoftmaxCrossEntropy()),
    ),
)
BINARY = 4 * 4 * 5 * 8
REAL = 5 * 3 * 3 * 3 + 5 + 3 * (5 + 8)  # weights, biases; of a norm's channel its shift, mean and spread
BINARY_MACS, REAL_MACS = BINARY, 4 * 4 * 5 * 3 * 3 * 3


def test_totals_and_what_they_come_to() -> None:
    lines = str(NETWORK).splitlines()
    total = next(line for line in lines if line.startswith("Total")).split()
    kib = (BINARY / 8 + REAL * 4) / 1024
    assert total[1:] == [f"{BINARY:,}", f"{REAL:,}", f"{kib:.2f}", f"{BINARY_MACS:,}", f"{REAL_MACS:,}"]
    count, full = BINARY + REAL, (BINARY + REAL) * 4 / 1024
    assert lines[-3].split() == ["parameters", f"{count:,}", f"({BINARY / count:.1%}", "of", "1", "bit)"]
    assert lines[-2].endswith(f" {kib:,.2f} KiB; {full:,.2f} KiB in 32 bits; compression {full / kib:.1f}x")
    macs = BINARY_MACS + REAL_MACS
    assert lines[-1].split() == ["MACs", "per", "example", f"{macs:,}", f"({BINARY_MACS / macs:.1%}", "of", "1", "bit)"]


def test_a_line_for_each_node_and_columns_that_line_up() -> None:
    lines = str(NETWORK).splitlines()
    assert lines[0] == "counted" and set(lines[1]) == {"-"}
    row = {line.split()[0]: line.split() for line in lines}
    assert row["binary_dense1"] == ["binary_dense1", "1", "8", "640", "-", f"{640 / 8 / 1024:.2f}", "640", "-"]
    assert row["conv2d1"][2:] == ["4x4x5", "-", "140", f"{140 * 4 / 1024:.2f}", "-", "2,160"]
    names = [node.name for node in NETWORK.graph.nodes]
    assert [line.split()[0] for line in lines[4:-6]] == names  # below the headings, above the totals
    table = lines[2:-4]
    assert len({len(line) for line in (lines[1], *table)}) == 1
    assert str(lc.models.mlp()).splitlines()[0] == "mlp"
