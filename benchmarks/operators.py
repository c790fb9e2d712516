"""Counts what the operators of block-circulant LSTMs take on FPGAs, by yosys, and writes the table of it.

python benchmarks/operators.py                 # all, ten minutes: src/linocut/devices/pipeline/operators.toml
python benchmarks/operators.py --show product 8 xcup
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from linocut.devices.pipeline.resources import TABLE
from linocut.devices.pipeline.synthesis import YOSYS, synthesised
from linocut.devices.pipeline.verilog import OPERATORS, sizes
from linocut.files import write_text

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
    version = subprocess.run([YOSYS, "-V"], capture_output=True, text=True, check=True).stdout.split("(")[0].strip()
    wanted = [(family, operator, k) for family in WRITTEN for operator in OPERATORS for k in sizes(operator)]
    with ThreadPoolExecutor(TOGETHER) as threads:
        counted = list(threads.map(_counted, wanted))
    write_text(TABLE, "\n".join([HEAD.format(version=version), *counted]))


def _counted(one: tuple[str, str, int]) -> str:
    """An entry of the table."""
    family, operator, block = one
    found = synthesised(operator, block, family)
    print(family, operator, block, found, file=sys.stderr)
    return (
        f'[[operator]]\nfamily = "{family}"\noperator = "{operator}"\nblock = {block}\ndsp = {found.dsp}\n'
        f"lut = {found.lut}\nflip_flops = {found.flip_flops}\n"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
