"""Counts what the operators of block-circulant LSTMs take on FPGAs, by yosys, and writes the table of it.

python benchmarks/operators.py                 # all, ten minutes: src/linocut/devices/pipeline/operators.toml
python benchmarks/operators.py --show product 8 xcup
"""

from __future__ import annotations

import sys

from linocut.devices.pipeline.measured import Measured, measure
from linocut.devices.pipeline.resources import TABLE
from linocut.devices.pipeline.synthesis import synthesised, version
from linocut.devices.pipeline.verilog import OPERATORS, sizes
from linocut.files import write_text
from linocut.report.pipeline_table import progress

TOGETHER = 4  # synthesisers side by side
WRITTEN = ("xcup",)  # UltraScale+, whose DSP block is that of UltraScale but for details

HEAD = """\
# What one copy of each operator of a block-circulant LSTM in Q5.10 takes, by family of FPGAs and size of blocks.
# Written by benchmarks/operators.py: {version}, synth_xilinx -flatten -noiopad -noclkbuf.
# Neither placed nor routed: control, memories' addresses and the way between operators come on top.
"""


def main(arguments: list[str]) -> None:
    """Show one operator, or write the table."""
    if arguments[:1] == ["--show"]:
        operator, block, family = arguments[1:]
        print(synthesised(operator, int(block), family))
        return
    head, wanted = HEAD.format(version=version()), [(operator, k) for operator in OPERATORS for k in sizes(operator)]
    counted = [one for family in WRITTEN for one in measure(wanted, family, TOGETHER, _told)]
    write_text(TABLE, "\n".join([head, *map(_entry, counted)]))


def _told(one: Measured, number: int, count: int) -> None:
    print(progress(one, number, count), file=sys.stderr)


def _entry(one: Measured) -> str:
    """An entry of the table."""
    found = one.found
    return (
        f'[[operator]]\nfamily = "{one.family}"\noperator = "{one.operator}"\nblock = {one.block}\ndsp = {found.dsp}\n'
        f"lut = {found.lut}\nflip_flops = {found.flip_flops}\n"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
